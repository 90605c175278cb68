/**
 * The gateway's events as the admin interface tells them.
 * @module
 */
import type { AdminEvent, EventSource } from "../../ops/admin/plane.ts";
import type { GatewayControl } from "../relay/control.ts";
import type { GatewayEvent } from "../relay/core/events.ts";

/** What each kind tells. A kind that is missing here does not compile. */
const KINDS: Readonly<Record<GatewayEvent["kind"], string>> = {
  listening: "A listener is open.",
  dra_state: "A connection to a DRA went from one state to another.",
  dra_connect_failed: "A DRA could not be connected, or its connection was lost.",
  dra_identity_changed: "A DRA says that it is another one than before.",
  dra_restarted: "A DRA lost its state: its Origin-State-Id has grown.",
  dra_reopening: "A DRA that was lost is connected again and its watchdog is being watched.",
  dra_up: "A DRA gets requests.",
  dra_suspect: "A DRA does not answer its watchdog.",
  dra_down: "A DRA gets no requests any more.",
  breaker_open: "A DRA is left out because too many of its requests failed.",
  breaker_half_open: "A DRA that was left out is tried again.",
  breaker_closed: "A DRA that was left out gets requests again.",
  queue_begin: "Requests begin to wait, because no DRA is usable.",
  queue_end: "No request waits for a DRA any more.",
  failover: "Traffic moved to a lower priority.",
  failback: "Traffic moved back to a higher priority.",
  no_dra: "No DRA is usable.",
  resent: "Pending requests of a DRA were sent to another one.",
  app_up: "A Logic App is connected.",
  app_down: "A Logic App is gone.",
  app_refused: "A connection of a Logic App was not opened.",
  screened: "A screening rule rejects requests of a peer, or would; once a minute for each.",
  app_silent: "A connection was closed by the other side without a byte.",
  accept_failed: "A connection could not be accepted.",
  internal_error: "A defect of this program befell a request.",
  listener_failed: "A defect of this program befell whoever listens to events.",
  draining: "The gateway shuts down: new requests are answered 3004.",
  leaving: "Every request is answered; peers are told goodbye.",
  stopped: "The gateway has stopped.",
};

/** Members whose names need more than snake case. */
const NAMES = { retryIn: "retry_in_ms" } as const;

type Named<Name> = Name extends keyof typeof NAMES ? (typeof NAMES)[Name] : SnakeCase<Name>;

type SnakeCase<Name> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : Name;

/** An event as it is told, of each kind. */
export type ShownEvent = {
  readonly [Kind in GatewayEvent["kind"]]:
    & { readonly at: string; readonly kind: Kind }
    & { readonly [Name in Exclude<keyof Of<Kind>, "kind"> as Named<Name> & string]: Of<Kind>[Name] };
}[GatewayEvent["kind"]];

type Of<Kind extends GatewayEvent["kind"]> = Extract<GatewayEvent, { readonly kind: Kind }>;

/** The events of `gateway`. */
export function eventsOf(gateway: GatewayControl): EventSource {
  return {
    kinds: KINDS,
    listen: (listener) => gateway.on((event) => listener(shown(event))),
  };
}

function shown({ kind, ...members }: GatewayEvent): AdminEvent {
  const names: Readonly<Record<string, string>> = NAMES;
  const named = Object.entries(members).map(([name, value]) => [names[name] ?? snakeCase(name), value]);
  return { at: new Date().toISOString(), kind, ...Object.fromEntries(named) };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
