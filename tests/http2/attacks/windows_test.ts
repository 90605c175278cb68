/** Peers that take their time, or none at all: what they cost is what their windows hold. */
import { assert, assertEquals } from "@std/assert";
import { FRAME, FRAME_HEADER, PREFACE, writeFrameHeader } from "../../../src/http2/frame.ts";
import { ERROR_CODE } from "../../../src/http2/mod.ts";
import { until } from "../../support/until.ts";
import { data, headers, ping, request, settings, windowUpdate } from "../raw_peer.ts";
import { attack } from "./scene.ts";

const STREAMS = 200;
const idOf = (nth: number) => nth * 2 + 1;
/** SETTINGS_INITIAL_WINDOW_SIZE. */
const WINDOW = 4;
const MIB = 1 << 20;

/** DATA frames of one octet each. */
function drops(id: number, count: number): Uint8Array {
  const bytes = new Uint8Array((FRAME_HEADER + 1) * count);
  for (let at = 0; at < bytes.length; at += FRAME_HEADER + 1) writeFrameHeader(bytes, at, 1, FRAME.DATA, 0, id);
  return bytes;
}

attack("200 streams with windows of one octet hold their octet, each", async (scene) => {
  const peer = await scene.attacker([[WINDOW, 1]]);
  for (let nth = 0; nth < STREAMS; nth++) await peer.send(headers(idOf(nth), request("/large")));
  await until(() => peer.frames.filter(({ type }) => type === FRAME.DATA).length >= STREAMS, "each has its octet");
  for (let times = 0; times < 20; times++) {
    await peer.send(...Array.from({ length: STREAMS }, (_, nth) => windowUpdate(idOf(nth), 1)));
  }
  await until(() => peer.frames.filter(({ type }) => type === FRAME.DATA).length >= STREAMS * 21, "and the next ones");
  const octets = peer.frames.filter(({ type }) => type === FRAME.DATA).map(({ payload }) => payload.length);
  assertEquals(Math.max(...octets), 1);
  assertEquals(scene.violations, []);
});

attack("a window that opens and closes again and again moves what it lets through", async (scene) => {
  const peer = await scene.attacker([[WINDOW, 0]]);
  for (let nth = 0; nth < STREAMS; nth++) await peer.send(headers(idOf(nth), request("/large")));
  for (let times = 0; times < 400; times++) await peer.send(settings([WINDOW, 10]), settings([WINDOW, 0]));
  await peer.isAlive();
  assertEquals(scene.violations, []);
});

attack("octets that come one by one to streams that cannot send them on are held as octets", async (scene) => {
  // What the client sent comes back to it, and it lets nothing come back.
  const peer = await scene.attacker([[WINDOW, 0]]);
  let left = 4 * MIB;
  for (let nth = 0; left > 0; nth++) {
    await peer.send(headers(idOf(nth), request("/echo")));
    const most = Math.min(left, 256 << 10);
    for (let sent = 0; sent < most; sent += 4096) await peer.send(drops(idOf(nth), Math.min(4096, most - sent)));
    left -= most;
  }
  await peer.isAlive();
  assertEquals(scene.violations, []);
});

attack("whoever lets nothing come back can send no more than the connection's window", async (scene) => {
  const peer = await scene.attacker([[WINDOW, 0]]);
  for (let nth = 0; nth < 16; nth++) {
    await peer.send(headers(idOf(nth), request("/echo")));
    for (let sent = 0; sent < 16; sent++) await peer.send(data(idOf(nth), new Uint8Array(16_384)));
  }
  await peer.isAlive();
  await peer.send(headers(idOf(16), request("/echo")), data(idOf(16), "x"));
  await peer.seesGoaway(ERROR_CODE.FLOW_CONTROL_ERROR);
});

/** Octets for all streams together, as a client that wants everything says it. */
const ALL = [windowUpdate(0, 0x7fff0000 - 65_535)];

attack("peers that open all windows and then read nothing are cut off, and hold little until then", async (scene) => {
  const peers = await Promise.all(Array.from({ length: 10 }, () => scene.attacker([[WINDOW, 0x7fffffff]])));
  for (const peer of peers) {
    peer.pause();
    await peer.send(...ALL);
    for (let nth = 0; nth < STREAMS; nth++) await peer.send(headers(idOf(nth), request("/large")));
  }
  await until(() => scene.violations.length === peers.length, "all are cut off", 20_000);
  assertEquals(scene.violations, peers.map(() => "queue"));
  assert(scene.ends.every(({ closed }) => closed === "violation"));
}, { writeTimeout: 1000 });

attack("answers to PINGs that are not read are not made without end", async (scene) => {
  const peer = await scene.attacker();
  peer.pause();
  let over = false;
  const pings = Array.from({ length: 5000 }, () => ping("12345678"));
  const sending = (async () => {
    for (let times = 0; times < 400 && !over && !peer.ended; times++) await peer.send(...pings);
  })();
  await until(() => scene.violations.length === 1, "it is cut off", 20_000);
  assertEquals(scene.violations, ["queue"]);
  over = true;
  peer.resume();
  await sending;
}, { writeTimeout: 1000, controlFrames: { burst: 1e9, perSecond: 1e9 } });

// Much of the peak is garbage: 200 streams begin to send each time.
const READS_LITTLE = { peak: 128 << 20 };

attack(
  "who reads a little now and then goes on reading, and holds little",
  async (scene) => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: scene.port });
    try {
      const opened = Array.from({ length: STREAMS }, (_, nth) => headers(idOf(nth), request("/large")));
      const hello = [PREFACE, settings([WINDOW, 0x7fffffff]), ...ALL, ...opened];
      const bytes = Uint8Array.from(hello.flatMap((part) => [...part]));
      for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
      const into = new Uint8Array(64 << 10);
      for (let times = 0; times < 20; times++) {
        const before = scene.answered;
        await until(() => scene.answered > before, "the healthy client goes on meanwhile", 20_000);
        for (let octets = 0; octets < 4 * MIB;) octets += (await conn.read(into))!;
      }
      assertEquals(scene.violations, []);
    } finally {
      conn.close();
    }
  },
  {},
  READS_LITTLE,
);
