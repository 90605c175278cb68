/**
 * Every number of the chat plane, with the name that scripts know it by.
 * @module
 */
import { type Counter, CounterFamily, HistogramFamily, Readings, type Registry } from "../ops/metrics/mod.ts";
import { CORE_METHODS, methodLabel } from "./core/methods.ts";
import { ERROR_CODES } from "../rpc/error.ts";
import { CLOSE } from "./device/close_codes.ts";
import type { TransportKind } from "./device/transport.ts";
import type { RequestPayload, ServerEvent } from "./proto/mod.ts";

/** Kinds of streams. */
export const TRANSPORTS: readonly TransportKind[] = ["websocket", "grpc", "connect", "grpcweb"];

type Asked = RequestPayload["case"];
type Told = Exclude<ServerEvent["payload"]["case"], undefined>;

const ASKED: readonly Asked[] = [
  "hello",
  "subscribe",
  "unsubscribe",
  "call",
  "ping",
  "pong",
  "ack",
  "typing",
  "presence",
  "signal",
  "refresh",
];
const TOLD: readonly Told[] = [
  "welcome",
  "subscribed",
  "unsubscribed",
  "result",
  "ping",
  "pong",
  "event",
  "typing",
  "presence",
  "signal",
  "error",
  "reconnect",
  "refreshed",
];

/** From a millisecond to a minute. */
const LIVES = [1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600];

/** What is read when somebody asks. */
export interface MeterSources {
  connections(): Iterable<readonly [transport: TransportKind, count: number]>;
  rooms(): number;
  subscriptions(): number;
  bytes(): { readonly in: number; readonly out: number };
  queueBytes(): number;
  breaker(): 0 | 1 | 2;
  cacheUp(): boolean;
}

/** All meters of one gateway. */
export class Meters {
  /** Events published here. */
  published = 0;
  /** Events that were queued for a connection. */
  deliveries = 0;
  readonly accepted = new CounterFamily(
    "diamgw_chat_connections_total",
    "Connections of devices, by what became of them: accepted, or why not.",
    ["transport", "result"],
  ).declare({ transport: TRANSPORTS, result: ["accepted"] });
  readonly closes = new CounterFamily("diamgw_chat_closes_total", "Connections that ended, by close code.", ["code"])
    .declare({ code: Object.keys(CLOSE) });
  readonly errors = new CounterFamily("diamgw_chat_errors_total", "Errors told to devices.", ["code"])
    .declare({ code: Object.keys(ERROR_CODES) });
  readonly recoveries = new CounterFamily("diamgw_chat_recoveries_total", "Rooms in which a device came back.", [
    "result",
  ]).declare({ result: ["recovered", "lost"] });
  readonly limited = new CounterFamily("diamgw_chat_rate_limited_total", "Requests above a limit.", ["scope"])
    .declare({ scope: ["connection", "profile", "room"] });
  readonly coreRequests = new CounterFamily("diamgw_chat_core_requests_total", "Calls to the core.", [
    "method",
    "code",
  ]);
  readonly coreDurations = new HistogramFamily("diamgw_chat_core_duration_seconds", "Calls to the core.", ["method"])
    .declare({ method: CORE_METHODS });
  readonly #lives = new HistogramFamily(
    "diamgw_chat_connection_duration_seconds",
    "How long connections lasted.",
    [],
    { bounds: LIVES, unitsPerSecond: 1000 },
  );
  readonly #fanouts = new HistogramFamily(
    "diamgw_chat_fanout_seconds",
    "From the publication of an event to the last write to a device here.",
  );
  readonly #messages = new CounterFamily("diamgw_chat_messages_total", "Messages of streams.", ["direction", "kind"]);
  readonly #in: Readonly<Record<Asked, Counter>>;
  readonly #out: Readonly<Record<Told, Counter>>;
  /** Handles for what is counted often. */
  readonly life = this.#lives.of({});
  readonly fanout = this.#fanouts.of({});
  cacheErrors = 0;
  slowConsumers = 0;

  constructor() {
    const counters = <K extends string>(direction: string, kinds: readonly K[]) =>
      Object.fromEntries(kinds.map((kind) => [kind, this.#messages.of({ direction, kind })])) as Record<K, Counter>;
    this.#in = counters("in", ASKED);
    this.#out = counters("out", TOLD);
  }

  /** A request came. */
  came(kind: Asked): void {
    this.#in[kind].value++;
  }

  /** Events of a kind were queued for so many connections. */
  went(kind: Told, count = 1): void {
    this.#out[kind].value += count;
  }

  /** A call to the core has ended. */
  coreAnswered(name: string, code: string, milliseconds: number): void {
    const method = methodLabel(name);
    this.coreRequests.of({ method, code }).value++;
    this.coreDurations.of({ method }).observe(milliseconds * 1000);
  }

  /** Adds all of them to those that somebody shows. */
  addTo(registry: Registry, sources: MeterSources): void {
    const gauge = (name: string, help: string, read: () => number) =>
      registry.add(new Readings("gauge", name, help).from(() => [[{}, read()]]));
    const counter = (name: string, help: string, read: () => number) =>
      registry.add(new Readings("counter", name, help).from(() => [[{}, read()]]));
    registry.add(
      new Readings("gauge", "diamgw_chat_connections", "Open connections of devices.", ["transport"])
        .from(() => [...sources.connections()].map(([transport, count]) => [{ transport }, count])),
    );
    registry.add(this.accepted);
    registry.add(this.#lives);
    registry.add(this.closes);
    registry.add(this.#messages);
    registry.add(
      new Readings("counter", "diamgw_chat_bytes_total", "Bytes of streams and calls.", ["direction"]).from(() => {
        const bytes = sources.bytes();
        return [[{ direction: "in" }, bytes.in], [{ direction: "out" }, bytes.out]];
      }),
    );
    registry.add(this.errors);
    gauge("diamgw_chat_rooms", "Rooms with a member here.", () => sources.rooms());
    gauge("diamgw_chat_subscriptions", "Subscriptions of connections here.", () => sources.subscriptions());
    counter("diamgw_chat_published_total", "Events published by this gateway.", () => this.published);
    counter("diamgw_chat_deliveries_total", "Events sent to connections.", () => this.deliveries);
    registry.add(this.recoveries);
    registry.add(this.limited);
    counter("diamgw_chat_slow_consumers_total", "Connections that read too slowly.", () => this.slowConsumers);
    registry.add(this.coreRequests);
    registry.add(this.coreDurations);
    gauge("diamgw_chat_core_breaker_state", "0: closed, 1: half-open, 2: open.", () => sources.breaker());
    gauge("diamgw_chat_cache_up", "1 while the cache can be used.", () => sources.cacheUp() ? 1 : 0);
    counter("diamgw_chat_cache_errors_total", "Failures of the cache.", () => this.cacheErrors);
    gauge("diamgw_chat_queue_bytes", "Bytes that wait for devices.", () => sources.queueBytes());
    registry.add(this.#fanouts);
  }
}
