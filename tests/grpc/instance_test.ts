import { assert, assertEquals } from "@std/assert";
import type { ClusterCommon } from "../../src/grpc/config/options.ts";
import { DEFAULT_CLUSTER } from "../../src/grpc/config/options.ts";
import { Instance, type InstanceLink, type InstanceOwner, type LinkTimes } from "../../src/grpc/instance.ts";
import {
  type ConnectionEnd,
  HeaderList,
  type Http2Connection,
  type Http2Listener,
  type Http2Stream,
} from "../../src/http2/mod.ts";
import type { Connection } from "../../src/net/connection.ts";
import { FakeClock } from "../support/fake_clock.ts";

const LOST: ConnectionEnd = { kind: "lost", code: 0, reason: "it is gone" };
const LEFT: ConnectionEnd = { kind: "left", code: 0, reason: "it left" };

/** A connection that does what the test says. */
class FakeLink {
  streams = 0;
  freeStreams = 10;
  bytesIn = 1;
  bytesOut = 2;
  closes = 0;
  shutdowns = 0;

  constructor(readonly times: LinkTimes, readonly listener: Http2Listener) {}

  open(): Http2Stream | undefined {
    if (this.freeStreams === 0) return undefined;
    this.freeStreams--;
    this.streams++;
    return {} as Http2Stream;
  }

  close(): void {
    this.closes++;
    this.listener.closed({ kind: "closed", code: 0, reason: "closed" });
  }

  shutdown(): void {
    this.shutdowns++;
  }
}

/** An instance with a clock and connections of the test. */
class Bench implements InstanceOwner, InstanceLink {
  readonly clock = new FakeClock();
  readonly random = () => 0.5;
  readonly links: FakeLink[] = [];
  readonly told: string[] = [];
  dials = 0;
  refuses = false;
  readonly instance: Instance;

  constructor(options: Partial<ClusterCommon> = {}) {
    this.instance = new Instance("a", { hostname: "h", port: 1 }, { ...DEFAULT_CLUSTER, ...options }, this, this);
  }

  dial(): Promise<Connection> {
    this.dials++;
    return this.refuses ? Promise.reject(new Error("refused")) : Promise.resolve({ close() {} } as Connection);
  }

  speak(_: Connection, times: LinkTimes, listener: Http2Listener): Http2Connection {
    const link = new FakeLink(times, listener);
    this.links.push(link);
    return link as unknown as Http2Connection;
  }

  protocolError(): void {}

  internalError(): void {}

  failed(_: Instance, error: Error, retryIn: number): void {
    this.told.push(`failed: ${error.message}, again in ${retryIn}`);
  }

  ready(): void {
    this.told.push("ready");
  }

  changed(instance: Instance): void {
    this.told.push(instance.usable ? "usable" : "not usable");
  }

  gone(): void {
    this.told.push("gone");
  }

  /** The last connection is ready for calls. */
  async settle(): Promise<FakeLink> {
    await turn();
    const link = this.links.at(-1)!;
    link.listener.settled!();
    return link;
  }
}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
const NOBODY = { headers() {}, data() {}, trailers() {}, reset() {}, drained() {} };
const open = ({ instance }: Bench) => instance.open(new HeaderList(), true, NOBODY);

Deno.test("5.1 waits between attempts grow, up to the longest, and begin anew after a good connection", async () => {
  const bench = new Bench({ backoff: { initial: 500, multiplier: 2, max: 1_500 } });
  bench.refuses = true;
  bench.instance.start();
  for (const wait of [500, 1_000, 1_500, 1_500]) {
    await turn();
    assertEquals(bench.told.filter((line) => line.startsWith("failed")).at(-1), `failed: refused, again in ${wait}`);
    const { dials } = bench;
    bench.clock.advance(wait - 1);
    assertEquals(bench.dials, dials);
    bench.clock.advance(1);
    assertEquals(bench.dials, dials + 1);
  }
  await turn();
  bench.refuses = false;
  bench.clock.advance(1_500);
  const link = await bench.settle();
  assertEquals([bench.instance.state, bench.told.slice(-2)], ["ready", ["ready", "usable"]]);
  bench.clock.advance(500);
  link.listener.closed(LOST);
  assertEquals(bench.told.slice(-2), ["failed: it is gone, again in 500", "not usable"]);
  bench.instance.stop();
});

Deno.test("5.7 a call in the backoff connects at once", async () => {
  const bench = new Bench({ backoff: { initial: 60_000, multiplier: 1, max: 60_000 } });
  bench.instance.start();
  (await bench.settle()).listener.closed(LOST);
  assertEquals([bench.instance.state, bench.dials], ["failed", 1]);
  let granted = 0;
  const waiter = { granted: () => void (granted++, open(bench)), failed() {} };
  bench.instance.wait(waiter, false);
  assertEquals(bench.dials, 2);
  await bench.settle();
  assertEquals([granted, bench.instance.state], [1, "ready"]);
  bench.instance.stop();
});

Deno.test("5.8 GOAWAY NO_ERROR is no failure, and is followed by another connection", async () => {
  const bench = new Bench();
  bench.instance.start();
  const link = await bench.settle();
  open(bench);
  bench.clock.advance(1_000);
  link.listener.goaway!(1, 0, "");
  assertEquals([bench.dials, bench.instance.isConnected], [2, false]);
  await bench.settle();
  link.listener.closed(LEFT);
  assertEquals(bench.told, ["ready", "ready"]);
  // One that leaves at once is not asked again at once.
  bench.links[1]!.listener.goaway!(0, 0, "");
  bench.links[1]!.listener.closed(LEFT);
  assertEquals(bench.dials, 2);
  bench.clock.advance(500);
  assertEquals(bench.dials, 3);
  bench.instance.stop();
});

Deno.test("5.8 too_many_pings doubles the silence before a PING, until the configuration says another", async () => {
  const bench = new Bench({ keepalive: { interval: 100, timeout: 20 } });
  bench.instance.start();
  for (const [nth, interval] of [100, 200, 400].entries()) {
    const link = await bench.settle();
    assertEquals(link.times.interval, interval);
    link.listener.goaway!(0, 11, "too_many_pings");
    link.listener.closed({ kind: "goaway", code: 11, reason: "it said too_many_pings" });
    assertEquals(bench.instance.failures, nth + 1);
    bench.clock.advance(60_000);
  }
  bench.instance.configure({ ...DEFAULT_CLUSTER, keepalive: { interval: 70, timeout: 20 } });
  const link = await bench.settle();
  link.listener.closed(LOST);
  bench.clock.advance(60_000);
  assertEquals((await bench.settle()).times.interval, 70);
  bench.instance.stop();
});

Deno.test("2 a further connection is made when the streams of the others are used up, and closed when it idles", async () => {
  const bench = new Bench({ maxConnections: 2 });
  bench.instance.start();
  const first = await bench.settle();
  first.freeStreams = 1;
  open(bench);
  assert(!bench.instance.busy);
  const waiters = [0, 1, 2].map(() => ({ granted: () => void open(bench), failed() {} }));
  for (const waiter of waiters) bench.instance.wait(waiter, false);
  assertEquals(bench.dials, 2);
  await turn();
  bench.links[1]!.freeStreams = 3;
  bench.links[1]!.listener.settled!();
  assertEquals(bench.links[1]!.streams, 3);
  assert(bench.instance.busy);
  bench.links[1]!.streams = 0;
  bench.links[1]!.freeStreams = 3;
  bench.instance.rest();
  bench.clock.advance(31_000);
  bench.instance.rest();
  assertEquals([first.closes, bench.links[1]!.closes, bench.instance.connections], [0, 1, 1]);
  bench.instance.stop();
});

Deno.test("5.1 an instance that is removed closes with its last call", async () => {
  const bench = new Bench({ connections: 2 });
  bench.instance.start();
  await turn();
  for (const link of bench.links) link.listener.settled!();
  open(bench);
  bench.instance.retire();
  const [busy, idle] = bench.links.toSorted((a, b) => b.streams - a.streams);
  assertEquals([busy!.shutdowns, busy!.closes, idle!.closes], [1, 0, 1]);
  assertEquals(bench.told.at(-1), "not usable");
  busy!.streams = 0;
  busy!.listener.closed({ kind: "closed", code: 0, reason: "it was shut down" });
  assertEquals(bench.told.at(-1), "gone");
});
