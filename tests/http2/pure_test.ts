/** The small machines under a connection, with values instead of sockets. */
import { assert, assertEquals } from "@std/assert";
import { ERROR_CODE, errorName } from "../../src/http2/error_code.ts";
import { fault, FRAME, measure, PREFACE } from "../../src/http2/frame.ts";
import { HeaderBlock } from "../../src/http2/header_block.ts";
import { isHttp1 } from "../../src/http2/http1.ts";
import { Keepalive } from "../../src/http2/keepalive.ts";
import { Leave } from "../../src/http2/leave.ts";
import { PeerLimits } from "../../src/http2/limits.ts";
import { OwnPings, PING_FOR } from "../../src/http2/own_pings.ts";
import { ReceiveWindow } from "../../src/http2/receive_window.ts";
import { PeerSettings } from "../../src/http2/settings.ts";
import { StreamIds } from "../../src/http2/stream_ids.ts";
import { afterLocalEnd, afterRemoteEnd, judgeArrival, STATE } from "../../src/http2/stream_state.ts";
import { frame, settings } from "./raw_peer.ts";

Deno.test("error codes have their names, others a number", () => {
  assertEquals([errorName(0), errorName(0xb), errorName(77)], ["NO_ERROR", "ENHANCE_YOUR_CALM", "error 77"]);
});

const SIZE = fault(ERROR_CODE.FRAME_SIZE_ERROR);

for (
  const [name, bytes, measured] of [
    ["DATA of 5", frame(FRAME.DATA, 0, 1, [1, 2, 3, 4, 5]), 14],
    ["DATA of 16,384", frame(FRAME.DATA, 0, 1, new Uint8Array(16_384)), 16_393],
    ["DATA of 16,385", frame(FRAME.DATA, 0, 1, new Uint8Array(16_385)), SIZE],
    ["PING of 8", frame(FRAME.PING, 0, 0, new Uint8Array(8)), 17],
    ["PING of 9", frame(FRAME.PING, 0, 0, new Uint8Array(9)), SIZE],
    ["SETTINGS of 12", frame(FRAME.SETTINGS, 0, 0, new Uint8Array(12)), 21],
    ["SETTINGS of 13", frame(FRAME.SETTINGS, 0, 0, new Uint8Array(13)), SIZE],
    ["SETTINGS ACK of 6", frame(FRAME.SETTINGS, 1, 0, new Uint8Array(6)), SIZE],
    ["PRIORITY of 4, an error of its stream", frame(FRAME.PRIORITY, 0, 1, new Uint8Array(4)), 13],
    ["the preface", PREFACE, 24],
    ["a preface so far", PREFACE.subarray(0, 12), 24],
    ["no preface", Uint8Array.from([...PREFACE.subarray(0, 10), 1]), fault(ERROR_CODE.PROTOCOL_ERROR)],
  ] as const
) {
  Deno.test(`the length of ${name} is told from its first octets`, () => {
    const copy = bytes.slice();
    assertEquals(measure(new DataView(copy.buffer), 0, Math.max(9, copy.length)), measured);
  });
}

Deno.test("HTTP/1.x is told by its method, and is not our preface", () => {
  const is = (text: string) => isHttp1(new TextEncoder().encode(text), 0, text.length);
  assertEquals(["GET / HTTP/1.1", "OPTIONS *", "PRI * HTTP/2.0", "get /", "\x16\x03\x01"].map(is), [
    true,
    true,
    false,
    false,
    false,
  ]);
});

Deno.test("states of a stream after each half has ended, in either order", () => {
  assertEquals(afterLocalEnd(STATE.open), STATE.halfClosedLocal);
  assertEquals(afterRemoteEnd(STATE.open), STATE.halfClosedRemote);
  assertEquals(afterRemoteEnd(afterLocalEnd(STATE.open)), STATE.closed);
  assertEquals(afterLocalEnd(afterRemoteEnd(STATE.open)), STATE.closed);
  assertEquals(
    [STATE.idle, STATE.open, STATE.halfClosedLocal, STATE.halfClosedRemote, STATE.closed].map(judgeArrival),
    [1, 0, 0, 5, 5],
  );
});

Deno.test("settings are taken in their order, the last one of an id holds, unknown ones are ignored", () => {
  const said = settings([1, 0], [4, 5], [0xff, 1], [4, 70_000], [5, 20_000], [3, 7], [6, 9], [2, 0]);
  const peer = new PeerSettings();
  assertEquals(peer.take(new DataView(said.buffer), 9, said.length, false), 0);
  assertEquals(
    [
      peer.headerTableSize,
      peer.initialWindowSize,
      peer.maxFrameSize,
      peer.maxConcurrentStreams,
      peer.maxHeaderListSize,
    ],
    [0, 70_000, 20_000, 7, 9],
  );
});

Deno.test("a client may ask for pushes, a server may not", () => {
  const said = settings([2, 1]);
  const view = new DataView(said.buffer);
  assertEquals(new PeerSettings().take(view, 9, said.length, true), 0);
  assertEquals(new PeerSettings().take(view, 9, said.length, false), ERROR_CODE.PROTOCOL_ERROR);
});

Deno.test("ids that were left out are closed without having been open", () => {
  const ids = new StreamIds();
  for (const id of [1, 3, 9, 11, 17]) ids.opened(id);
  assertEquals(ids.last, 17);
  assertEquals([1, 3, 5, 7, 9, 11, 13, 15].filter((id) => ids.wasLeftOut(id)), [5, 7, 13, 15]);
});

Deno.test("the streams that were reset are remembered until both have ended, the last thousand", () => {
  const ids = new StreamIds();
  for (let id = 1; id < 3_000; id += 2) ids.reset(id);
  assertEquals([ids.wasReset(1), ids.wasReset(2_999), ids.wasReset(1_001)], [false, true, true]);
  ids.settled(2_999);
  assertEquals(ids.wasReset(2_999), false);
});

Deno.test("a window is given back by the half, and never more than was taken", () => {
  const window = new ReceiveWindow(100);
  assert(window.take(100));
  assert(!window.take(1));
  window.left += 1;
  assertEquals([window.consume(49), window.consume(1), window.consume(20), window.consume(30)], [0, 50, 0, 50]);
  assertEquals(window.left, 100);
});

Deno.test("a block may have so many octets, and so many CONTINUATIONs", () => {
  const block = new HeaderBlock();
  const bytes = new Uint8Array(10);
  assert(block.begin(1, true, bytes, 0, 10, 25));
  assert(block.add(bytes, 0, 10, 25));
  assertEquals([block.id, block.end, block.length], [1, true, 20]);
  assert(!block.add(bytes, 0, 10, 25));
  assert(block.begin(3, false, bytes, 0, 0, 25));
  for (let i = 0; i < 64; i++) assert(block.add(bytes, 0, 0, 25), `CONTINUATION ${i}`);
  assert(!block.add(bytes, 0, 0, 25));
  block.done();
  assertEquals(block.id, 0);
});

Deno.test("limits forgive a burst and what comes back; PINGs and updates are measured by what we sent", () => {
  const limits = new PeerLimits({ burst: 2, perSecond: 1 }, { burst: 1, perSecond: 1 }, 0);
  assertEquals([limits.reset(0), limits.reset(0), limits.reset(0), limits.reset(1_000)], [true, true, false, true]);
  limits.headersSent = 1;
  limits.dataSent = 1;
  assertEquals([limits.ping(0), limits.ping(0), limits.ping(0), limits.ping(0)], [true, true, true, false]);
  for (let i = 0; i < 1_010; i++) assert(limits.update());
  assert(!limits.update());
});

Deno.test("a silent peer is asked once, and dead when it stays silent", () => {
  const keepalive = new Keepalive();
  const options = { interval: 100, timeout: 20 };
  const look = (total: number, now: number) => keepalive.look(total, now, options);
  assertEquals([look(0, 0), look(0, 99), look(0, 100), look(0, 119), look(0, 120)], [
    undefined,
    undefined,
    "ask",
    undefined,
    "dead",
  ]);
  assertEquals([look(9, 130), look(9, 229), look(9, 230), look(10, 240), look(10, 339), look(10, 340)], [
    undefined,
    undefined,
    "ask",
    undefined,
    undefined,
    "ask",
  ]);
  assertEquals(new Keepalive().look(0, 1e9, { interval: 0, timeout: 1 }), undefined);
});

Deno.test("a leave is announced, then final, and the last stream ends the connection", () => {
  const leave = new Leave();
  assertEquals([leave.begun, leave.outcome(false)], [false, undefined]);
  leave.announce(100);
  assertEquals([leave.announced, leave.isDue(1_099), leave.isDue(1_100)], [true, false, true]);
  assertEquals(leave.outcome(false), undefined);
  leave.finish();
  assertEquals([leave.announced, leave.taken, leave.outcome(false)?.kind], [false, true, "closed"]);
});

Deno.test("the peer's leave ends a client's connection, a server's goes on until the client is gone", () => {
  const leave = new Leave();
  leave.peerLeaves(ERROR_CODE.ENHANCE_YOUR_CALM);
  assertEquals([leave.begun, leave.taken, leave.peerCode], [true, false, 11]);
  assertEquals(leave.outcome(true), {
    kind: "goaway",
    code: 11,
    reason: "the peer took its leave (ENHANCE_YOUR_CALM)",
  });
  assertEquals(leave.outcome(false), undefined);
  leave.peerLeaves(ERROR_CODE.NO_ERROR);
  assertEquals(leave.outcome(true)?.kind, "left");
});

Deno.test("only answers to PINGs that were sent are any; callers are told how long it took", () => {
  const pings = new OwnPings();
  const times: number[] = [];
  assertEquals(pings.answered(Uint8Array.of(PING_FOR.leave, 0, 0, 0, 0, 0, 0, 0), 0, 0), 0);
  const first = pings.ask(10, (time) => times.push(time));
  const second = pings.ask(20, (time) => times.push(time));
  assertEquals(pings.answered(second, 0, 50), PING_FOR.caller);
  assertEquals(pings.answered(second, 0, 60), PING_FOR.caller, "told once");
  assertEquals(pings.answered(first, 0, 70), 0, "no more than were sent");
  assertEquals(times, [30]);
});
