import { assert, assertEquals } from "@std/assert";
import { eventsOf } from "../../../src/diameter/admin/events.ts";
import type { GatewayControl } from "../../../src/diameter/relay/control.ts";
import type { GatewayEvent, GatewayListener } from "../../../src/diameter/relay/core/events.ts";
import type { AdminEvent } from "../../../src/ops/admin/plane.ts";

/** One of each kind, and what is told of it beside its time and kind. */
const EVENTS: { readonly [K in GatewayEvent["kind"]]: [Omit<Extract<GatewayEvent, { kind: K }>, "kind">, object?] } = {
  listening: [{ address: "127.0.0.1:3868" }],
  dra_state: [{ dra: "east", from: "OPEN", to: "CLOSING", reason: "r" }],
  dra_connect_failed: [
    { dra: "east", reason: "r", hint: "", retryIn: 5000 },
    { dra: "east", reason: "r", hint: "", retry_in_ms: 5000 },
  ],
  dra_identity_changed: [{ dra: "east", from: "a", to: "b" }],
  dra_restarted: [{ dra: "east", from: 1, to: 2 }],
  dra_reopening: [{ dra: "east", answered: 1, needed: 3 }],
  dra_up: [
    { dra: "east", originHost: "e.example", watchdog: "okay" },
    { dra: "east", origin_host: "e.example", watchdog: "okay" },
  ],
  dra_suspect: [{ dra: "east", reason: "r", pending: 1 }],
  dra_down: [{ dra: "east", reason: "r", pending: 1 }],
  breaker_open: [{ dra: "east", reason: "r", until: "2026-01-01T00:00:00.000Z" }],
  breaker_half_open: [{ dra: "east", reason: "r" }],
  breaker_closed: [{ dra: "east", reason: "r" }],
  queue_begin: [{ reason: "r" }],
  queue_end: [{ sent: 3, answered: 1, abandoned: 0 }],
  failover: [{ from: 1, to: 2 }],
  failback: [{ from: 2, to: 1 }],
  no_dra: [{ reason: "r" }],
  resent: [{ dra: "east", count: 2, reason: "lost" }],
  app_up: [{ app: "a.example", remote: "10.0.0.1:5", applications: [{ id: 4 }] }],
  app_down: [{ app: "a.example", remote: "10.0.0.1:5", reason: "r", pending: 0 }],
  screened: [{ rule: "partners", peer: "app.example.net", action: "reject", application: 4, command: 272 }],
  app_refused: [{ remote: "10.0.0.1:5", reason: "r" }],
  app_silent: [{ remote: "10.0.0.1:5" }],
  accept_failed: [{ address: "127.0.0.1:3868", reason: "r" }],
  internal_error: [{ reason: "r", request: "answered" }],
  listener_failed: [{ reason: "r" }],
  draining: [{ pending: 3 }],
  leaving: [{}],
  stopped: [{}],
};

Deno.test("every kind of event is told with its time and in snake case, and described", () => {
  let listener: GatewayListener = () => {};
  const gateway = {
    on(told: GatewayListener) {
      listener = told;
      return { [Symbol.dispose]: () => void (listener = () => {}) };
    },
  } as Pick<GatewayControl, "on"> as GatewayControl;
  const source = eventsOf(gateway);
  assertEquals(Object.keys(source.kinds).toSorted(), Object.keys(EVENTS).toSorted());
  let told: AdminEvent | undefined;
  using _listening = source.listen((event) => told = event);
  for (const [kind, [members, shown = members]] of Object.entries(EVENTS)) {
    listener({ kind, ...members } as GatewayEvent);
    assert(told !== undefined);
    const { at, ...rest } = told;
    assertEquals(new Date(at).toISOString(), at);
    assertEquals(rest, { kind, ...shown });
  }
});
