/** Frames that cost a server work and move nothing, as fast as they can be sent. */
import { assertEquals } from "@std/assert";
import { FRAME } from "../../../src/http2/frame.ts";
import { ERROR_CODE } from "../../../src/http2/mod.ts";
import { until } from "../../support/until.ts";
import {
  ACK,
  block,
  data,
  END_HEADERS,
  END_STREAM,
  frame,
  goaway,
  headers,
  ping,
  priority,
  request,
  reset,
  settings,
  windowUpdate,
} from "../raw_peer.ts";
import { type Attack, attack, attacks, type Scene } from "./scene.ts";

/** Frames that go in one write. */
const BATCH = 500;
/** Frames after which a flood that nobody stopped has failed to be one. */
const ENOUGH = 100_000;
/** Attackers, one after the other: who was cut off comes again. */
const TIMES = 5;

/** Frames without end: the server must cut each attacker off for that. */
function flood(
  name: string,
  kind: string,
  next: (nth: number) => Uint8Array,
  first: readonly Uint8Array[] = [],
): Attack {
  return {
    name,
    act: async (scene) => {
      for (let times = 0; times < TIMES; times++) await cutOff(scene, next, first);
      await until(() => scene.ends.length === TIMES, "all ends are told");
      assertEquals(scene.violations, Array(TIMES).fill(kind));
      assertEquals(new Set(scene.ends.map(({ code }) => code)), new Set([ERROR_CODE.ENHANCE_YOUR_CALM]));
    },
  };
}

async function cutOff(scene: Scene, next: (nth: number) => Uint8Array, first: readonly Uint8Array[]): Promise<void> {
  const peer = await scene.attacker();
  await peer.send(...first);
  let sent = 0;
  while (!peer.ended && sent < ENOUGH) {
    await peer.send(...Array.from({ length: BATCH }, () => next(sent++)));
  }
  // Its GOAWAY may be lost on the way: whoever sends on when the connection is closed gets a reset.
  await peer.seesEnd();
}

const OPEN = headers(1, request("/open"));
const idOf = (nth: number) => nth * 2 + 1;
const both = (one: Uint8Array, other: Uint8Array) => Uint8Array.of(...one, ...other);

const OPEN_BLOCK = frame(FRAME.HEADERS, 0, 1, block(request("/c")));
const DONE = headers(1, request("/done"), true);

attacks("floods of streams that end unfinished are cut off each time, and nobody else notices", [
  flood(
    "rapid reset",
    "resets",
    (nth) => both(headers(idOf(nth), request("/r")), reset(idOf(nth), ERROR_CODE.CANCEL)),
  ),
  flood(
    "reset by the server, for a window of 0",
    "resets",
    (nth) => both(headers(idOf(nth), request("/r")), windowUpdate(idOf(nth), 0)),
  ),
  flood(
    "reset by the server, for data behind their end",
    "resets",
    (nth) => both(headers(idOf(nth), request("/r"), true), data(idOf(nth), "x")),
  ),
  flood(
    "reset by the server, for a header list that cannot be",
    "resets",
    (nth) => headers(idOf(nth), [[":method", "POST"]]),
  ),
  flood("refused beyond the limit", "resets", (nth) => headers(idOf(nth), request("/r"))),
], { resets: { burst: 300, perSecond: 33 } });

attacks("floods of frames that move nothing are cut off each time, and nobody else notices", [
  flood("PINGs", "control", () => ping("12345678")),
  flood("answers to PINGs that nobody sent", "control", () => ping("12345678", ACK)),
  flood("SETTINGS", "control", (nth) => settings([4, 1000 + nth % 100], [1, nth % 2 * 4096])),
  flood("empty SETTINGS", "control", () => settings()),
  flood("empty DATA", "control", () => data(1, ""), [OPEN]),
  flood("DATA of nothing but padding", "control", () => frame(FRAME.DATA, 8, 1, [3, 0, 0, 0]), [OPEN]),
  flood("PRIORITY", "control", (nth) => priority(idOf(nth), 0)),
  flood("frames of a type that nobody knows", "control", () => frame(0xbe, 0, 1, [1, 2, 3]), [OPEN]),
  flood("WINDOW_UPDATEs", "window", () => windowUpdate(0, 1)),
  flood("WINDOW_UPDATEs of a stream that has ended", "window", () => windowUpdate(1, 1), [DONE]),
  flood("RST_STREAMs of a stream that has ended", "control", () => reset(1, ERROR_CODE.CANCEL), [DONE]),
  flood("GOAWAYs", "control", () => goaway(0, ERROR_CODE.NO_ERROR)),
  flood("HEADERS of a stream that the server has reset", "control", () => headers(1, [["late", "trailer"]]), [
    OPEN,
    windowUpdate(1, 0),
  ]),
  flood("empty CONTINUATIONs", "headers", () => frame(FRAME.CONTINUATION, 0, 1), [OPEN_BLOCK]),
  flood("CONTINUATIONs of one octet", "headers", () => frame(FRAME.CONTINUATION, 0, 1, [0x82]), [OPEN_BLOCK]),
  flood("CONTINUATIONs as long as can be", "headers", () => frame(FRAME.CONTINUATION, 0, 1, new Uint8Array(16_384)), [
    OPEN_BLOCK,
  ]),
]);

attack("a hundred header blocks that never end hold little memory", async (scene) => {
  const peers = [];
  for (let nth = 0; nth < 100; nth++) {
    const peer = await scene.attacker();
    await peer.send(frame(FRAME.HEADERS, 0, 1, block(request("/c"))));
    for (let more = 0; more < 7; more++) await peer.send(frame(FRAME.CONTINUATION, 0, 1, new Uint8Array(16_384)));
    peers.push(peer);
  }
  assertEquals((await scene.memory()).connections, 101);
  assertEquals(scene.violations, []);
  await Promise.all(peers.map((peer) => peer.close()));
  await until(async () => (await scene.memory()).connections === 1, "all are gone");
});

attack("HPACK bombs, a thousand of them, cost no memory and little time", async (scene) => {
  const peer = await scene.attacker();
  const fields = block(request("/bomb"));
  await peer.send(frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, [
    ...fields,
    ...block([["bomb", "x".repeat(4_000)]], 0x40),
  ]));
  const bomb = Uint8Array.from([...fields, ...Array(16_000).fill(0xbe)]);
  for (let nth = 1; nth <= 1000; nth++) {
    await peer.send(frame(FRAME.HEADERS, END_HEADERS | END_STREAM, idOf(nth), bomb));
  }
  await until(
    () => peer.frames.filter(({ type }) => type === FRAME.HEADERS).length >= 1001,
    "all are answered",
    20_000,
  );
  await peer.isAlive();
});

attack("header blocks that change the table with every field cost their octets and nothing more", async (scene) => {
  const peer = await scene.attacker();
  const fields = block(request("/table"));
  const churn = Uint8Array.from([...fields, ...Array.from({ length: 8_000 }, () => [0x58, 0x00]).flat()]);
  const resized = Uint8Array.from([...Array(12_000).fill(0x20), ...fields]);
  for (let nth = 0; nth < 600; nth++) {
    await peer.send(frame(FRAME.HEADERS, END_HEADERS | END_STREAM, idOf(nth), nth % 2 === 0 ? churn : resized));
  }
  await until(() => peer.frames.filter(({ type }) => type === FRAME.HEADERS).length >= 600, "all are answered", 20_000);
  await peer.isAlive();
});

attack("values that never come again leave nothing behind", async (scene) => {
  const peer = await scene.attacker();
  let id = 1;
  for (let nth = 0; nth < 100; nth++) {
    const batch = [];
    for (let more = 0; more < 40; more++, id += 2) {
      // Each twice, so that it looks as if it came again.
      const token = `${nth % 50}-${more}-${"t".repeat(900)}`;
      batch.push(headers(id, request("/v", [["authorization", token], ["x-request", String(id >> 3)]]), true));
    }
    await peer.send(...batch);
    await peer.isAlive();
  }
});
