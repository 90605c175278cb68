/**
 * The chat gateway's events as the admin interface tells them: limits, breaker, cache, issuer,
 * drain. Single connections and requests are not among them: there are too many.
 * @module
 */
import type { AdminEvent, EventSource } from "../../ops/admin/plane.ts";
import type { ChatControl } from "../control.ts";
import type { ChatEvent } from "../events.ts";

type Unshown = "chat_connected" | "chat_disconnected" | "chat_refused" | "chat_request";
type Shown = Exclude<ChatEvent, { readonly kind: Unshown }>;

/** An event as it is told: the gateway's, and when it was. */
export type ShownChatEvent = Shown extends infer E ? E extends Shown ? { readonly at: string } & E : never : never;

/** What each kind tells. A kind that is missing here does not compile. */
const KINDS: Readonly<Record<Shown["kind"], string>> = {
  chat_listening: "A listener for devices is open.",
  chat_limit: "A device has sent too much, or read too little, and was closed.",
  chat_breaker: "The breaker before the core has moved.",
  chat_cache_up: "The cache can be used.",
  chat_cache_down: "The cache cannot be reached; events go to the devices of this gateway alone for now.",
  chat_cache_error: "Something in the cache failed, and is tried again.",
  chat_cache_overflow: "The cache was away too long: events of a room will not reach other gateways.",
  chat_issuer_up: "The keys of the issuer were read.",
  chat_issuer_down: "The keys of the issuer cannot be read; the last ones stay in use.",
  chat_defect: "A defect of this program.",
  chat_draining: "The chat gateway shuts down: devices are sent away.",
  chat_stopped: "The chat gateway has stopped.",
};

/** The events of `gateway`. */
export function eventsOf(gateway: ChatControl): EventSource {
  return {
    kinds: KINDS,
    listen: (listener) => gateway.on((event) => Object.hasOwn(KINDS, event.kind) && listener(shown(event))),
  };
}

function shown(event: ChatEvent): AdminEvent {
  return { at: new Date().toISOString(), ...event };
}
