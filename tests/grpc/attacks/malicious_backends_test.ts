/**
 * Backends that lie, break HTTP/2 or say nothing: their own calls end, soon and with a status, and
 * calls of others notice nothing, not even those of the same client connection.
 */
import { assert, assertEquals } from "@std/assert";
import { FRAME } from "../../../src/http2/frame.ts";
import { until } from "../../support/until.ts";
import {
  block,
  data,
  END_HEADERS,
  END_STREAM,
  type Fields,
  frame,
  goaway,
  headers,
  ping,
  RawPeer,
  reset,
  settings,
  settingsAck,
  windowUpdate,
} from "../../http2/raw_peer.ts";
import { Backend, type Client, cluster, config, Stage } from "../support/stage.ts";

/** What a backend does with a connection; the request is asked for where it is needed. */
type Malice = (peer: RawPeer) => Promise<void>;

/** Patience of the victim where only that ends a call, and elsewhere. */
const SHORT = "400m";
const LONG = "10S";
/** Frames after which a flood has been one. */
const ENOUGH = 5_000;
const BATCH = 250;

/** A backend of the worst kind. */
class MaliciousBackend implements AsyncDisposable {
  readonly peers: RawPeer[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #accepting: Promise<void>;
  readonly #acts: Promise<void>[] = [];

  constructor(malice: Malice) {
    this.#accepting = this.#accept(malice);
  }

  get address() {
    return { hostname: "127.0.0.1", port: this.#listener.addr.port };
  }

  async #accept(malice: Malice): Promise<void> {
    for await (const conn of this.#listener) {
      const peer = new RawPeer(conn);
      this.peers.push(peer);
      // Whatever goes wrong with it: the gateway has hung up.
      this.#acts.push(malice(peer).catch(() => {}));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting.catch(() => {});
    for (const peer of this.peers) await peer.close();
    await Promise.all(this.#acts);
  }
}

const hello = (peer: RawPeer, ...pairs: readonly (readonly [number, number])[]) =>
  peer.send(settings(...pairs), settingsAck);

/** Says hello, and does `act` to the stream of each request that comes. */
const onRequest = (act: (peer: RawPeer, id: number) => Promise<void>): Malice => async (peer) => {
  await hello(peer);
  for (let seen = 0; !peer.ended; seen++) {
    const requests = () => peer.frames.filter(({ type }) => type === FRAME.HEADERS);
    await until(() => peer.ended || requests().length > seen, "a request comes");
    const request = requests()[seen];
    if (request !== undefined) await act(peer, request.id);
  }
};

const answers = (...frames: readonly ((id: number) => Uint8Array)[]): Malice =>
  onRequest((peer, id) => peer.send(...frames.map((make) => make(id))));

/** The same frame again and again. */
const floods = (make: (id: number, nth: number) => Uint8Array): Malice =>
  onRequest(async (peer, id) => {
    for (let sent = 0; sent < ENOUGH && !peer.ended; sent += BATCH) {
      await peer.send(...Array.from({ length: BATCH }, (_, nth) => make(id, sent + nth)));
    }
  });

const OK: Fields = [[":status", "200"], ["content-type", "application/grpc"]];
const ok = (id: number) => headers(id, OK);
const noise = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7919 + (i >> 3) * 104_729) & 0xff);

/** A header block whose one entry of 4,000 octets is named `times` again. */
function bomb(times: number): Uint8Array {
  const entry = block([["x-bomb", "a".repeat(3_900)]], 0x40);
  const bytes = new Uint8Array(1 + entry.length + times);
  bytes[0] = 0x88; // :status 200
  bytes.set(entry, 1);
  return bytes.fill(0xbe, 1 + entry.length);
}

/** No attempt went well, or the deadline came first. */
const UNAVAILABLE = ["14"];
const LATE = ["4"];

const MALICE: [what: string, malice: Malice, statuses: readonly string[]][] = [
  ["closes each connection at once", (peer) => peer.close(), UNAVAILABLE],
  ["sends noise instead of SETTINGS", (peer) => peer.send(noise(4096)), UNAVAILABLE],
  ["speaks HTTP/1", (peer) => peer.send(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")), UNAVAILABLE],
  ["accepts and says nothing", () => Promise.resolve(), [...UNAVAILABLE, ...LATE]],
  ["never answers", (peer) => hello(peer), LATE],
  ["sends noise as its answer", answers(() => noise(4096)), UNAVAILABLE],
  ["closes when asked", onRequest((peer) => peer.close()), UNAVAILABLE],
  ["resets every stream", answers((id) => reset(id, 2)), UNAVAILABLE],
  ["refuses every stream", answers((id) => reset(id, 7)), UNAVAILABLE],
  ["resets after headers", answers(ok, (id) => reset(id, 8)), UNAVAILABLE],
  ["resets a stream that nobody opened", answers((id) => reset(id + 200, 2)), UNAVAILABLE],
  ["leaves before it has begun", (peer) => peer.send(settings(), goaway(0, 0)), [...UNAVAILABLE, ...LATE]],
  ["leaves in anger, below the stream", answers(() => goaway(0, 11)), UNAVAILABLE],
  ["leaves above the stream and says no more", answers((id) => goaway(id, 0)), LATE],
  ["leaves in the middle of headers and data", answers(ok, (id) => goaway(id, 2), (id) => data(id, "\0")), [
    ...UNAVAILABLE,
    ...LATE,
  ]],
  ["leaves again and again", floods((id) => goaway(id, 0)), [...UNAVAILABLE, ...LATE]],
  ["takes its leave back", answers(() => goaway(0, 0), () => goaway(2 ** 31 - 1, 0)), UNAVAILABLE],
  ["answers 103 without end", floods((id) => headers(id, [[":status", "103"]])), [...UNAVAILABLE, ...LATE]],
  ["answers 103 and the end of the stream", answers((id) => headers(id, [[":status", "103"]], true)), UNAVAILABLE],
  ["sends a header bomb", answers((id) => frame(FRAME.HEADERS, END_HEADERS, id, bomb(10_000))), UNAVAILABLE],
  ["sends headers that never end", (peer) =>
    onRequest(async (peer, id) => {
      await peer.send(frame(FRAME.HEADERS, 0, id, block(OK)));
      const more = frame(FRAME.CONTINUATION, 0, id, block([["x", "y".repeat(1000)]]));
      for (let sent = 0; sent < ENOUGH && !peer.ended; sent += BATCH) {
        await peer.send(...Array.from({ length: BATCH }, () => more));
      }
    })(peer), UNAVAILABLE],
  [
    "points into an empty table",
    answers((id) => frame(FRAME.HEADERS, END_HEADERS, id, [0xff, 0xff, 0x7f])),
    UNAVAILABLE,
  ],
  ["has no status", answers((id) => headers(id, [["content-type", "application/grpc"]])), UNAVAILABLE],
  ["shouts its names", answers((id) => headers(id, [[":status", "200"], ["X-Loud", "1"]])), UNAVAILABLE],
  ["answers with data alone", answers((id) => data(id, "\0\0\0\0\0", true)), UNAVAILABLE],
  ["answers on a stream that nobody opened", answers((id) => ok(id + 2)), UNAVAILABLE],
  ["pushes", answers((id) => frame(FRAME.PUSH_PROMISE, END_HEADERS, id, [0, 0, 0, 2, ...block(OK)])), UNAVAILABLE],
  [
    "sends more than fits the window",
    answers(
      ok,
      ...Array.from({ length: 300 }, () => (id: number) => {
        return data(id, new Uint8Array(16_000));
      }),
    ),
    UNAVAILABLE,
  ],
  ["sends frames that are too large", answers((id) => data(id, new Uint8Array(20_000))), UNAVAILABLE],
  ["opens windows beyond their end", answers((id) => windowUpdate(id, 2 ** 31 - 1)), UNAVAILABLE],
  ["opens no window", (peer) => hello(peer, [4, 0]), LATE],
  ["allows no stream", (peer) => hello(peer, [3, 0]), ["8", ...UNAVAILABLE, ...LATE]],
  ["asks for frames of another size", (peer) => hello(peer, [5, 1]), UNAVAILABLE],
  ["pings without end", floods((_, nth) => ping(String(nth).padStart(8, "0"))), [...UNAVAILABLE, ...LATE]],
  ["changes its mind without end", floods((_, nth) => settings([4, 65_535 + nth])), [...UNAVAILABLE, ...LATE]],
  ["sends empty data without end", floods((id, nth) => nth === 0 ? ok(id) : data(id, "")), [...UNAVAILABLE, ...LATE]],
  [
    "ends its stream twice",
    answers((id) => headers(id, [...OK, ["grpc-status", "0"]], true), (id) => data(id, "x", true)),
    [
      "0",
    ],
  ],
  [
    "cuts a message",
    answers(ok, (id) => data(id, "\0\0\0\0\x09cut"), (id) => {
      return frame(FRAME.HEADERS, END_HEADERS | END_STREAM, id, block([["grpc-status", "0"]]));
    }),
    ["0"],
  ],
];

/** Calls of somebody else, one after the other, until it is told to stop. */
class Bystander {
  #isOver = false;
  answered = 0;
  readonly #calling: Promise<unknown>;

  constructor(client: Client) {
    this.#calling = this.#call(client).catch((error) => error);
  }

  async #call(client: Client): Promise<void> {
    while (!this.#isOver) {
      const { status, messages } = await client.unary("/good/Method", { headers: [["grpc-timeout", "10S"]] });
      assertEquals([status, messages], ["0", ["good"]]);
      this.answered++;
    }
  }

  async end(): Promise<void> {
    this.#isOver = true;
    const failure = await this.#calling;
    if (failure !== undefined) throw failure;
  }
}

async function suffers(malice: Malice, statuses: readonly string[]): Promise<void> {
  await using good = new Backend("good");
  await using bad = new MaliciousBackend(malice);
  await using stage = await Stage.start(config(
    [{ prefix: "/good", cluster: "good" }, { prefix: "/bad", cluster: "bad" }],
    { good: cluster([good]), bad: { ...cluster([]), addresses: [bad.address] } },
    { retry: { count: 1, attemptTimeout: 1_500, buffer: 65_536, bufferTotal: 1 << 20 }, drainTimeout: 100 },
  ));
  await stage.ready(1, "good");
  const victim = await stage.client();
  const bystanders = [new Bystander(victim), new Bystander(await stage.client())];
  // The first makes the connection, the others meet what it has left.
  for (let nth = 0; nth < 2; nth++) {
    const patience = statuses.includes("4") ? SHORT : LONG;
    const call = await victim.unary("/bad/Method", { headers: [["grpc-timeout", patience]] });
    assert(statuses.includes(String(call.status)), `status ${call.status} (${call.text}), reset ${call.code}`);
  }
  const before = bystanders.map(({ answered }) => answered);
  await until(() => bystanders.every(({ answered }, i) => answered > before[i]! + 10), "others go on");
  for (const bystander of bystanders) await bystander.end();
  assertEquals((await stage.gateway.status()).callsInFlight, 0);
  assertEquals(stage.told("grpc_listener_failed"), []);
}

// All at once: each has a gateway of its own, and mostly waits.
Deno.test("a backend of the worst kind harms its own calls alone", async (context) => {
  await Promise.all(MALICE.map(([what, malice, statuses]) =>
    context.step({
      name: `that ${what}`,
      fn: () => suffers(malice, statuses),
      sanitizeOps: false,
      sanitizeResources: false,
      sanitizeExit: false,
    })
  ));
});
