import { assert, assertEquals } from "@std/assert";
import { CaptureReader } from "../../../src/ops/capture/capture_reader.ts";
import { CaptureError, type Packet } from "../../../src/ops/capture/packet.ts";
import type { TransportEvent } from "../../../src/ops/capture/transport.ts";
import { readTransport } from "../capture/frames.ts";
import { captureOf, type CaptureOptions } from "../../../src/ops/trace/pcapng_export.ts";
import type { TraceRing } from "../../../src/ops/trace/trace_ring.ts";
import { bytesIn, connectionFacts, piece, TraceStage } from "./stage.ts";

async function bytesOf(ring: TraceRing, options: Partial<CaptureOptions> = {}): Promise<Uint8Array> {
  const chunks: number[] = [];
  for await (const chunk of captureOf(ring, { port: 3868, ...options })) for (const byte of chunk) chunks.push(byte);
  return new Uint8Array(chunks);
}

/** The packets of a whole capture. */
function readCapture(bytes: Uint8Array): Packet[] {
  const reader = new CaptureReader(bytes);
  const packets: Packet[] = [];
  for (const packet of reader.add(bytes)) {
    if (packet instanceof CaptureError) throw packet;
    packets.push(packet);
  }
  reader.end();
  return packets;
}

/**
 * What a capture holds, as our own reader sees it: bytes of each direction in the order of packets,
 * and everything that is odd.
 */
async function seen(ring: TraceRing, options: Partial<CaptureOptions> = {}) {
  const parts: { flow: string; bytes: Uint8Array }[] = [];
  const oddities: TransportEvent["kind"][] = [];
  for (const event of readTransport(readCapture(await bytesOf(ring, options)))) {
    if (event.kind === "end") continue;
    if (event.kind !== "bytes") oddities.push(event.kind);
    else {
      const { source, destination } = event.flow;
      const flow = `${source.address.join(".")}:${source.port}>${destination.address.join(".")}:${destination.port}`;
      parts.push({ flow, bytes: event.bytes.slice() });
    }
  }
  return { parts, oddities };
}

/** One transaction: request in, out to the DRA, its answer, and out to the app. */
function relay(stage: TraceStage, sizes: readonly number[], app = stage.app, now = 0): void {
  const { ring, east, request, at } = stage;
  const handle = ring.begun(request({ now: at(now), connection: app, size: sizes[0]! }));
  ring.attempt(handle, east, 1, at(now + 10));
  ring.sent(handle, east, at(now + 10), piece(sizes[1]!, 1));
  ring.received(handle, east, at(now + 20), piece(sizes[2]!, 2));
  ring.sent(handle, app, at(now + 30), piece(sizes[3]!, 3));
  ring.ended(handle, at(now + 30), 2001, 0);
}

Deno.test("the capture of an empty ring is a file without packets", async () => {
  const { ring } = new TraceStage();
  assertEquals([...readCapture(await bytesOf(ring))], []);
});

Deno.test("messages are in the capture byte by byte, between the ends that they went", async () => {
  const stage = new TraceStage();
  relay(stage, [100, 110, 50, 50]);
  relay(stage, [200, 210, 60, 61], stage.app, 500_000);
  const { parts, oddities } = await seen(stage.ring);
  assertEquals(oddities, []);
  const flows = [
    "10.0.1.1:50001>10.0.0.1:3868",
    "10.0.0.1:40002>10.0.1.2:3868",
    "10.0.1.2:3868>10.0.0.1:40002",
    "10.0.0.1:3868>10.0.1.1:50001",
  ];
  assertEquals(parts.map(({ flow }) => flow), [...flows, ...flows]);
  assertEquals(parts.map(({ bytes }) => bytes.length), [100, 110, 50, 50, 200, 210, 60, 61]);
  assertEquals(parts[2]?.bytes, bytesIn(piece(50, 2)));
  const times = [...readCapture(await bytesOf(stage.ring))].map(({ time }) => time!);
  const start = BigInt(Date.parse("2026-01-02T03:04:05Z")) * 1_000_000n;
  assertEquals(times.slice(0, 5).map((time) => time - start), [0n, 10_000n, 20_000n, 30_000n, 500_000_000n]);
});

Deno.test("a message that needs several segments is whole again", async () => {
  const stage = new TraceStage({ maxBytes: 1 << 22 });
  relay(stage, [200_000, 200_032, 65_000, 65_001]);
  const { parts, oddities } = await seen(stage.ring);
  assertEquals(oddities, []);
  const sent = parts.filter(({ flow }) => flow.endsWith("10.0.1.2:3868")).flatMap(({ bytes }) => [...bytes]);
  assertEquals(new Uint8Array(sent), bytesIn(piece(200_032, 1)));
});

Deno.test("the filters of the transactions choose the messages too, and limit takes the newest", async () => {
  const stage = new TraceStage();
  const other = stage.ring.opened(connectionFacts("app2.example.com", "app", 7));
  relay(stage, [100, 100, 100, 100]);
  relay(stage, [101, 101, 101, 101], other, 1_000);
  relay(stage, [102, 102, 102, 102], stage.app, 2_000);
  const lengths = async (options: Partial<CaptureOptions>) =>
    (await seen(stage.ring, options)).parts.map(({ bytes }) => bytes.length);
  assertEquals(await lengths({ filter: { app: other.name } }), [101, 101, 101, 101]);
  assertEquals(await lengths({ limit: 2 }), [101, 101, 101, 101, 102, 102, 102, 102]);
  assertEquals(await lengths({ limit: 0 }), []);
});

Deno.test("a mask changes what is in the capture, never what is in the ring", async () => {
  const stage = new TraceStage();
  relay(stage, [100, 100, 100, 100]);
  const masked = await seen(stage.ring, { mask: (message) => message.fill(42) });
  assert(masked.parts.every(({ bytes }) => bytes.length === 100 && bytes.every((byte) => byte === 42)));
  assert((await seen(stage.ring)).parts.every(({ bytes }) => bytes.some((byte) => byte !== 42)));
});

Deno.test("two connections that had the same ports one after the other are two streams, and so are those of other listeners", async () => {
  const stage = new TraceStage();
  const facts = connectionFacts("app9.example.com", "app", 9);
  const connections = [
    stage.ring.opened(facts),
    stage.ring.opened({ ...facts, name: "app10.example.com" }),
    stage.ring.opened({ ...facts, local: { ...facts.local, port: 5868 } }),
    stage.ring.opened({ ...facts, remote: { ...facts.remote, port: 65535 } }),
    stage.ring.opened({ ...facts, remote: { ...facts.remote, port: 65535 } }),
  ];
  for (const [nth, connection] of connections.entries()) relay(stage, [100, 100, 100, 100], connection, nth * 100);
  const { parts, oddities } = await seen(stage.ring);
  assertEquals(oddities, []);
  const clients = parts.map(({ flow }) => /^10\.0\.1\.9:(\d+)>10\.0\.0\.1:3868$/.exec(flow)?.[1]).filter((port) =>
    port
  );
  assertEquals(clients, ["50009", "50010", "50011", "65535", "49152"]);
});

Deno.test("IPv4 and IPv6 at the two ends of one connection are shown as IPv6", async () => {
  const stage = new TraceStage();
  const facts = connectionFacts("app9.example.com", "app", 9);
  const v6 = { address: new Uint8Array(16).fill(1), port: 3868 };
  relay(stage, [100, 100, 100, 100], stage.ring.opened({ ...facts, local: v6 }));
  const { parts, oddities } = await seen(stage.ring);
  assertEquals(oddities, []);
  assertEquals(parts[0]?.flow, `0.0.0.0.0.0.0.0.0.0.255.255.10.0.1.9:50009>${v6.address.join(".")}:3868`);
});

Deno.test("what is overwritten while a slow reader takes the capture is left out, and the rest fits together", async () => {
  const stage = new TraceStage({ maxBytes: 1 << 20 });
  for (let i = 0; i < 300; i++) relay(stage, [600, 600, 600, 600], stage.app, i * 100);
  const chunks: number[] = [];
  let overwritten = false;
  for await (const chunk of captureOf(stage.ring, { port: 3868 })) {
    for (const byte of chunk) chunks.push(byte);
    if (!overwritten) { for (let i = 0; i < 200; i++) relay(stage, [600, 600, 600, 600], stage.app, 5e5 + i * 100); }
    overwritten = true;
  }
  const kinds = new Set<string>();
  let bytes = 0;
  for (const event of readTransport(readCapture(new Uint8Array(chunks)))) {
    if (event.kind !== "end") kinds.add(event.kind);
    if (event.kind === "bytes") bytes += event.bytes.length;
  }
  assertEquals([...kinds], ["bytes"]);
  assert(bytes > 100_000 && bytes < 300 * 2400 && bytes % 600 === 0, `${bytes} bytes`);
});
