/**
 * Transfers between two ends of ours: whatever the windows and the cuts, the bytes are the same.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { PREFACE } from "../../src/http2/frame.ts";
import {
  type ConnectionEnd,
  DEFAULT_OPTIONS,
  Http2Connection,
  Http2Node,
  type Http2Options,
  Http2Stream,
  type StreamListener,
} from "../../src/http2/mod.ts";
import type { Connection } from "../../src/net/connection.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { ChunkReader, cut } from "../support/chunk_reader.ts";
import { until } from "../support/until.ts";
import { block, data, frame, headers, priority, request, settings, settingsAck } from "./raw_peer.ts";
import { listOf, Scene } from "./recorder.ts";

const OK = listOf({ ":status": "200" });
const DONE = listOf({ "grpc-status": "0" });
const ASK = listOf({ ":method": "POST", ":scheme": "http", ":path": "/", ":authority": "there" });
const NOWHERE = { hostname: "127.0.0.1", port: 1 };

/** Two ends of a connection in memory, of which each read brings so many bytes at most. */
function pipe(sizes: () => number): [Connection, Connection] {
  class End implements Connection {
    readonly local = NOWHERE;
    readonly remote = NOWHERE;
    readonly tls = undefined;
    other!: End;
    #held: Uint8Array[] = [];
    #waiting: (() => void) | undefined;
    closed = false;

    async read(into: Uint8Array): Promise<number | null> {
      while (this.#held.length === 0) {
        if (this.closed || this.other.closed) return null;
        await new Promise<void>((resolve) => this.#waiting = resolve);
      }
      const chunk = this.#held[0]!;
      const count = Math.min(chunk.length, into.length, sizes());
      into.set(chunk.subarray(0, count));
      if (count === chunk.length) this.#held.shift();
      else this.#held[0] = chunk.subarray(count);
      return count;
    }
    async write(bytes: Uint8Array): Promise<number> {
      await Promise.resolve();
      if (this.closed || this.other.closed) throw new Error("closed");
      const count = Math.min(bytes.length, 7 * sizes());
      this.other.#held.push(bytes.slice(0, count));
      this.other.wake();
      return count;
    }
    wake(): void {
      this.#waiting?.();
    }
    close(): void {
      this.closed = true;
      this.wake();
      this.other.wake();
    }
  }
  const [a, b] = [new End(), new End()];
  a.other = b;
  b.other = a;
  return [a, b];
}

/** Sends `total` bytes that can be told from others, in pieces, never with much waiting. */
class Transfer implements StreamListener {
  stream!: Http2Stream;
  readonly #salt: number;
  readonly #total: number;
  readonly #piece: number;
  #sent = 0;
  #received = 0;
  #wrong = 0;
  #owed = 0;
  ended = "";

  constructor(salt: number, total: number, piece: number) {
    this.#salt = salt;
    this.#total = total;
    this.#piece = piece;
  }

  /** Sends until something must wait. */
  send(): void {
    while (this.stream.pendingBytes === 0 && !this.stream.localEnded) {
      const count = Math.min(this.#piece, this.#total - this.#sent);
      const bytes = Uint8Array.from({ length: count }, (_, i) => byteAt(this.#salt, this.#sent + i));
      this.#sent += count;
      if (this.#sent < this.#total) this.stream.sendData(bytes, false);
      else if (this.#salt % 2 === 0) this.stream.sendData(bytes, true);
      else {
        this.stream.sendData(bytes, false);
        this.stream.sendTrailers(DONE);
      }
      bytes.fill(0); // it was copied
    }
  }

  headers(): void {}
  data(bytes: Uint8Array, end: boolean): void {
    for (const byte of bytes) if (byte !== byteAt(this.#salt, this.#received++)) this.#wrong++;
    // Gives back at odd times, but all of it.
    this.#owed += bytes.length;
    if (this.#received % 3 !== 0 || end) queueMicrotask(() => this.#giveBack());
    else this.#giveBack();
    if (end) this.ended = "data";
  }
  #giveBack(): void {
    this.stream.consumed(this.#owed);
    this.#owed = 0;
  }
  trailers(): void {
    this.ended = "trailers";
  }
  reset(code: number, cause: string): void {
    this.ended = `reset ${code} ${cause}`;
  }
  drained(): void {
    this.send();
  }

  /** What went wrong with what was received; "" when nothing did. */
  get verdict(): string {
    const end = this.#salt % 2 === 0 ? "data" : "trailers";
    if (this.ended !== end) return `ended by "${this.ended}" instead of ${end}`;
    return this.#received === this.#total && this.#wrong === 0 ? "" : `${this.#received} bytes, ${this.#wrong} wrong`;
  }
}

function byteAt(salt: number, at: number): number {
  return (salt * 31 + at * 7 + (at >> 8)) & 0xff;
}

Deno.test("full-duplex transfers arrive whole, whatever the windows, pieces and reads are", async () => {
  const window = fc.oneof(fc.integer({ min: 20, max: 200 }), fc.integer({ min: 1_000, max: 300_000 }));
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        serverWindow: window,
        clientWindow: window,
        connectionWindow: fc.integer({ min: 65_535, max: 200_000 }),
        streams: fc.array(
          fc.record({ total: fc.integer({ min: 0, max: 20_000 }), piece: fc.integer({ min: 1, max: 30_000 }) }),
          {
            minLength: 1,
            maxLength: 6,
          },
        ),
        reads: fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 8 }),
      }),
      async ({ serverWindow, clientWindow, connectionWindow, streams, reads }) => {
        let turn = 0;
        const [left, right] = pipe(() => reads[turn++ % reads.length]!);
        const node = new Http2Node({ clock: new FakeClock() });
        const ends: ConnectionEnd[] = [];
        const closed = (end: ConnectionEnd) => void ends.push(end);
        const options = (streamWindow: number): Http2Options => ({
          ...DEFAULT_OPTIONS,
          streamWindow,
          connectionWindow,
          controlFrames: { burst: 1e9, perSecond: 1 },
        });
        const served: Transfer[] = [];
        const server = Http2Connection.server(left, node, options(serverWindow), {
          request(stream, list, end) {
            const [total, piece, salt] = list.get("what")!.split(" ").map(Number);
            const transfer = new Transfer(salt!, total!, piece!);
            if (end) transfer.ended = "data";
            transfer.stream = stream;
            served.push(transfer);
            stream.sendHeaders(OK, false);
            transfer.send();
            return transfer;
          },
          closed,
        });
        const client = Http2Connection.client(right, node, options(clientWindow), { closed });
        const asked = streams.map(({ total, piece }, i) => {
          const transfer = new Transfer(i, total, piece);
          const list = listOf({
            ...Object.fromEntries(ASK.names.map((n, k) => [n, ASK.values[k]!])),
            what: `${total} ${piece} ${i}`,
          });
          transfer.stream = client.open(list, false, transfer)!;
          transfer.send();
          return transfer;
        });
        await until(() => client.streams === 0 && server.streams === 0, "all streams end", 20_000);
        assertEquals([...asked, ...served].map(({ verdict }) => verdict).filter((verdict) => verdict !== ""), []);
        assertEquals(ends, []);
        client.close();
        server.close();
        await until(() => node.size === 0, "both are closed");
        await until(() => node.segments.bytesInUse === 0 && node.blocks.lent === 0, "the memory is given back");
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("however reads cut the frames, the same is heard", async () => {
  const list = block(request("/cut", [["long", "x".repeat(3_000)]]));
  const bytes = [
    PREFACE,
    settings([4, 1000]),
    settingsAck,
    headers(1, request("/first")),
    priority(5, 3),
    frame(0x1, 0, 3, list.subarray(0, 100)),
    frame(0x9, 0, 3, list.subarray(100, 2_000)),
    frame(0x9, 0x4, 3, list.subarray(2_000)),
    data(1, "x".repeat(5_000)),
    frame(0x0, 0x8, 3, [3, 65, 66, 0, 0, 0]),
    data(1, "", true),
    headers(3, [["t", "1"]], true),
  ].reduce((all, part) => Uint8Array.of(...all, ...part), new Uint8Array(0));
  const whole = await hear([bytes]);
  assertEquals(whole.length, 2);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: bytes.length }), { maxLength: 60 }), async (offsets) => {
      assertEquals(await hear(cut(bytes, offsets)), whole);
    }),
    { numRuns: 150 },
  );
});

/** What a server hears of these chunks, stream by stream; data as a whole. */
async function hear(chunks: readonly Uint8Array[]): Promise<unknown[]> {
  const scene = new Scene({});
  const reader = new ChunkReader(chunks);
  const connection: Connection = {
    local: NOWHERE,
    remote: NOWHERE,
    tls: undefined,
    read: (into) => reader.read(into),
    write: (bytes) => Promise.resolve(bytes.length),
    close() {},
  };
  Http2Connection.server(connection, scene.node, scene.options, scene.listener);
  await until(() => scene.ends.length > 0, "it ends");
  assertEquals(scene.protocolErrors, []);
  assertEquals(scene.node.blocks.lent, 0);
  return scene.streams.map(({ heard, bytes, request }) => [
    heard.filter((line) => !line.startsWith("data") || line.endsWith("END")),
    bytes.length,
    request!.names.join(),
  ]);
}

Deno.test("broken bytes never harm more than their connection", async () => {
  const good = [
    PREFACE,
    settings(),
    headers(1, request("/a")),
    data(1, "abc"),
    headers(3, request("/b"), true),
    data(1, "", true),
  ]
    .reduce((all, part) => Uint8Array.of(...all, ...part), new Uint8Array(0));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })), { maxLength: 8 }),
      fc.uint8Array({ maxLength: 200 }),
      async (flips, tail) => {
        const bytes = Uint8Array.of(...good, ...tail);
        for (const [at, value] of flips) bytes[at] = value;
        const scene = new Scene({});
        const reader = new ChunkReader([bytes]);
        Http2Connection.server(
          {
            local: NOWHERE,
            remote: NOWHERE,
            tls: undefined,
            read: (into) => reader.read(into),
            write: (bytes) => Promise.resolve(bytes.length),
            close() {},
          },
          scene.node,
          scene.options,
          scene.listener,
        );
        await until(() => scene.node.size === 0, "it is over");
        assertEquals([scene.failures, scene.ends.length], [[], 1]);
        for (const { heard } of scene.streams) {
          const resets = heard.filter((line) => line.startsWith("reset"));
          assert(resets.length <= 1 && (resets.length === 0 || heard.at(-1) === resets[0]), heard.join());
        }
        assertEquals(scene.node.blocks.lent, 0);
      },
    ),
    { numRuns: 300 },
  );
});
