/** How connections live and end: keepalive, leave in peace, loss, windows over time. */
import { assert, assertEquals } from "@std/assert";
import { ConnectionCore } from "../../src/http2/connection_core.ts";
import { FRAME } from "../../src/http2/frame.ts";
import { ERROR_CODE } from "../../src/http2/mod.ts";
import { connectTcp } from "../../src/net/tcp.ts";
import { until } from "../support/until.ts";
import {
  ACK,
  data,
  END_HEADERS,
  frame,
  goaway,
  headers,
  lineOf,
  RawPeer,
  request,
  settings,
  text,
  windowUpdate,
} from "./raw_peer.ts";
import { listOf, Scene, StreamRecord, withClient, withServer } from "./recorder.ts";

const OK = listOf({ ":status": "200" });
const ASK = listOf({ ":method": "POST", ":scheme": "http", ":path": "/", ":authority": "there" });

/** Two values whose Huffman code would be longer than they are. */
const FIELDS = { ":status": "200", a: "\x01".repeat(20_000), b: "\x02".repeat(20_000) };

/** The GOAWAYs that came. */
const goaways = (peer: RawPeer) => peer.lines.filter((line) => line.startsWith("GOAWAY"));

/** Answers our PING whose first octet says that it is for that. */
async function answerPing(peer: RawPeer): Promise<void> {
  const { payload } = await peer.sees("PING 0");
  await peer.send(frame(FRAME.PING, ACK, 0, payload));
}

Deno.test("a leave is announced, and after the ACK of its PING said with the true last id", () =>
  withServer(async (scene, peer) => {
    await peer.send(headers(1, request("/before")));
    await until(() => scene.streams.length === 1, "the request comes");
    scene.connection.shutdown();
    await peer.sees("GOAWAY 0 last 2147483647 code 0");
    // Sent before the client has seen it: still served.
    await peer.send(headers(3, request("/between"), true));
    await until(() => scene.streams.length === 2, "the one between comes");
    await answerPing(peer);
    await peer.sees("GOAWAY 0 last 3 code 0");
    await peer.send(headers(5, request("/after"), true), data(1, "more", true));
    await peer.isAlive();
    assertEquals(scene.streams.map(({ heard }) => heard), [
      ["request /before", "data more END"],
      ["request /between END"],
    ]);
    for (const { stream } of scene.streams) stream!.sendHeaders(OK, true);
    await peer.seesEnd();
    assertEquals(peer.lines.filter((line) => line.startsWith("HEADERS")), ["HEADERS 1 END", "HEADERS 3 END"]);
    assertEquals(scene.ends.map(({ kind, code }) => [kind, code]), [["closed", 0]]);
  }));

Deno.test("a leave whose PING nobody answers goes on after a second; a connection without calls closes", () =>
  withServer(async (scene, peer) => {
    scene.connection.shutdown();
    await peer.sees("GOAWAY 0 last 2147483647 code 0");
    scene.clock.advance(900);
    assertEquals(scene.ends, []);
    scene.clock.advance(200);
    await peer.seesEnd();
    assertEquals(goaways(peer), ["GOAWAY 0 last 2147483647 code 0", "GOAWAY 0 last 0 code 0"]);
    assertEquals(scene.ends.length, 1);
  }));

Deno.test("a client's leave lets its streams end, and opens none", () =>
  withClient(async (scene, peer) => {
    await peer.send(settings());
    const record = new StreamRecord();
    scene.connection.open(ASK, true, record);
    scene.connection.shutdown();
    assertEquals(scene.connection.open(ASK, true, record), undefined);
    await peer.sees("GOAWAY 0 last 0 code 0");
    assertEquals(scene.ends, []);
    await peer.send(headers(1, [[":status", "200"]], true));
    await peer.seesEnd();
    assertEquals(record.heard, ["headers 200 END"]);
    assertEquals(scene.ends.map(({ kind }) => kind), ["closed"]);
  }));

Deno.test("a client's connection closes with its last stream after the peer's GOAWAY", () =>
  withClient(async (scene, peer) => {
    await peer.send(settings());
    const record = new StreamRecord();
    scene.connection.open(ASK, true, record);
    await peer.send(goaway(0x7fffffff, 0));
    await until(() => scene.goaways.length === 1, "it is told");
    assertEquals(scene.connection.goingAway, true);
    await peer.send(goaway(1, 0), headers(1, [[":status", "200"]], true));
    await peer.seesEnd();
    assertEquals(scene.ends.map(({ kind, code }) => [kind, code]), [["left", 0]]);
    assertEquals(scene.goaways, ["2147483647 0 ", "1 0 "]);
  }));

for (const role of ["server", "client"] as const) {
  const play = (body: (scene: Scene, peer: RawPeer) => Promise<void>) => {
    const options = { keepalive: { interval: 60_000, timeout: 20_000 } };
    return role === "server" ? withServer(body, options) : withClient(async (scene, peer) => {
      await peer.send(settings());
      await until(() => scene.settled === 1, "it is settled");
      await body(scene, peer);
    }, options);
  };

  Deno.test(`keepalive, ${role}: a silent peer is asked, and given up when it says nothing`, () =>
    play(async (scene, peer) => {
      scene.clock.advance(200);
      scene.clock.advance(59_000);
      await peer.isAlive();
      scene.clock.advance(59_000);
      assert(!peer.lines.includes("PING 0"), "it is heard of, and not asked");
      scene.clock.advance(1_500);
      await peer.sees("PING 0");
      assertEquals(scene.ends, []);
      scene.clock.advance(20_500);
      assertEquals(scene.ends.map(({ kind }) => kind), ["keepalive"]);
      await peer.seesEnd();
    }));

  Deno.test(`keepalive, ${role}: one that answers stays`, () =>
    play(async (scene, peer) => {
      for (let round = 0; round < 3; round++) {
        scene.clock.advance(round === 0 ? 61_000 : 40_000);
        await until(() => peer.lines.filter((line) => line === "PING 0").length === round + 1, "it is asked");
        const before = scene.connection.bytesIn;
        await answerPing(peer);
        await until(() => scene.connection.bytesIn > before, "the answer is read");
        scene.clock.advance(21_000);
        assertEquals(scene.ends, []);
      }
    }));
}

Deno.test("with the last stream id a client takes leave, and a new connection is needed", async () => {
  const scene = new Scene({});
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connection = await connectTcp(listener.addr, { timeout: 5_000, noDelay: true });
  const peer = new RawPeer(await listener.accept());
  const core = new ConnectionCore(connection, scene.node, scene.options, scene.listener, true);
  core.streams.nextId = 0x7fffffff;
  await peer.send(settings());
  const record = new StreamRecord();
  assertEquals([core.open(ASK, true, record)!.id, core.goingAway], [0x7fffffff, true]);
  assertEquals(core.open(ASK, true, record), undefined);
  await peer.send(headers(0x7fffffff, [[":status", "200"]], true));
  await peer.seesEnd();
  assertEquals([record.heard, scene.ends[0]!.kind], [["headers 200 END"], "closed"]);
  await peer.close();
  await until(() => scene.node.size === 0, "the connection is closed");
});

Deno.test("a caller's PING measures the way there and back", () =>
  withServer(async (scene, peer) => {
    const times: number[] = [];
    scene.connection.ping((milliseconds) => times.push(milliseconds));
    await peer.sees("PING 0");
    scene.clock.advance(30);
    await answerPing(peer);
    await until(() => times.length === 1, "it is told");
    assertEquals(times, [30]);
  }));

Deno.test("when the client is gone its streams are told at once", () =>
  withServer(async (scene, peer) => {
    await peer.send(headers(1, request("/")), headers(3, request("/")));
    await until(() => scene.streams.length === 2, "the requests come");
    await peer.close();
    await until(() => scene.ends.length === 1, "the end is told");
    assertEquals(scene.ends[0]!.kind, "lost");
    assertEquals(scene.streams.map(({ heard }) => heard.at(-1)), ["reset 0 lost", "reset 0 lost"]);
    // Whoever still sends does no harm.
    const { stream } = scene.streams[0]!;
    stream!.sendHeaders(OK, false);
    stream!.sendData(text("x"), true);
    stream!.consumed(10);
    stream!.reset(ERROR_CODE.CANCEL);
    assertEquals(scene.connection.streams, 0);
  }));

Deno.test("a client that leaves without calls has left, and is not lost", () =>
  withServer(async (scene, peer) => {
    await peer.close();
    await until(() => scene.ends.length === 1, "the end is told");
    assertEquals(scene.ends[0]!.kind, "left");
  }));

Deno.test("close says GOAWAY, tells the streams, and lets the peer read it", () =>
  withServer(async (scene, peer) => {
    await peer.send(headers(1, request("/")));
    await until(() => scene.streams.length === 1, "the request comes");
    scene.connection.close(ERROR_CODE.INTERNAL_ERROR);
    // More than is read any more: must not make the kernel drop the GOAWAY.
    for (let i = 0; i < 4; i++) await peer.send(data(1, new Uint8Array(10_000)));
    await peer.seesGoaway(ERROR_CODE.INTERNAL_ERROR);
    assertEquals(scene.streams[0]!.heard, ["request /", "reset 2 lost"]);
    assertEquals(scene.ends.map(({ kind }) => kind), ["closed"]);
    scene.clock.advance(1_100);
    assertEquals(scene.node.size, 0);
  }));

Deno.test("a slow client gets the whole of its last answer after a leave", () =>
  withServer(
    async (scene, peer) => {
      peer.pause();
      await peer.send(windowUpdate(0, 1 << 30), headers(1, request("/"), true));
      await until(() => scene.streams.length === 1, "the request comes");
      scene.connection.shutdown();
      scene.clock.advance(1_100);
      // It reads slowly: most of the answer waits in the stream, then the rest in the queue.
      await until(() => scene.connection.bytesOut > 100_000, "some is written");
      scene.clock.advance(5_000);
      peer.resume();
      await until(() => scene.ends.length === 1, "the last of it is on its way");
      await peer.seesEnd();
      const size = peer.frames.filter(({ type }) => type === FRAME.DATA).reduce(
        (sum, { payload }) => sum + payload.length,
        0,
      );
      assertEquals([size, scene.ends[0]!.kind], [16 << 20, "closed"]);
    },
    {},
    [[4, 1 << 30]],
    (scene) =>
      scene.onRequest = (stream) => {
        stream.sendHeaders(OK, false);
        stream.sendData(new Uint8Array(16 << 20), true);
      },
  ));

Deno.test("what is queued at the end of a leave is waited for as long as a write may take", () =>
  withServer(
    async (scene, peer) => {
      peer.pause();
      await peer.send(windowUpdate(0, 1 << 30), headers(1, request("/")));
      await until(() => scene.streams.length === 1, "the request comes");
      let before = -1;
      await until(() => {
        const still = before === scene.connection.bytesOut && before > 100_000;
        before = scene.connection.bytesOut;
        return still;
      }, "nothing is written any more");
      scene.streams[0]!.stream!.reset(ERROR_CODE.CANCEL);
      scene.connection.close();
      scene.clock.advance(9_000);
      assertEquals(scene.node.size, 1);
      peer.resume();
      await peer.seesEnd();
      assertEquals(goaways(peer).length, 1);
    },
    {},
    [[4, 1 << 30]],
    (scene) =>
      scene.onRequest = (stream) => {
        stream.sendHeaders(OK, false);
        stream.sendData(new Uint8Array(16 << 20), true);
      },
  ));

Deno.test("an answer that ends before the request gets RST_STREAM NO_ERROR behind all of it", () =>
  withServer(
    async (scene, peer) => {
      await peer.send(headers(1, request("/")));
      await peer.sees(`DATA 1 "0123"`);
      await peer.send(data(1, "nobody reads this"));
      assertEquals(scene.connection.streams, 1);
      await peer.send(windowUpdate(1, 100));
      await peer.sees("RST_STREAM 1 0");
      assertEquals(peer.lines.filter((line) => line.includes(" 1")).filter((line) => !line.startsWith("WINDOW")), [
        "HEADERS 1",
        `DATA 1 "0123"`,
        `DATA 1 "456789"`,
        "HEADERS 1 END",
        "RST_STREAM 1 0",
      ]);
      await peer.isAlive();
      assertEquals([scene.streams[0]!.heard, scene.connection.streams], [["request /"], 0]);
    },
    {},
    [[4, 4]],
    (scene) =>
      scene.onRequest = (stream) => {
        stream.sendHeaders(OK, false);
        stream.sendData(text("0123456789"), false);
        stream.sendTrailers(listOf({ "grpc-status": "0" }));
        stream.reset(ERROR_CODE.NO_ERROR);
      },
  ));

Deno.test("a listener that throws loses its stream, and nothing else", () =>
  withServer(
    async (scene, peer) => {
      await peer.send(headers(1, request("/throws")), headers(3, request("/fine"), true));
      await peer.sees("RST_STREAM 1 2");
      await peer.sees("HEADERS 3 END");
      assertEquals(scene.failures.map(String), ["Error: boom"]);
    },
    {},
    [],
    (scene) =>
      scene.onRequest = (stream, _record, list) => {
        if (list.get(":path") === "/throws") throw new Error("boom");
        stream.sendHeaders(OK, true);
      },
  ));

Deno.test("a connection's listener that throws keeps nothing from going on", () =>
  withServer(
    async (scene, peer) => {
      await peer.send(headers(1, request("")), headers(3, request("/fine"), true));
      await peer.sees("HEADERS 3 END");
      scene.connection.shutdown();
      await answerPing(peer);
      await peer.seesEnd();
      assertEquals(scene.failures.map(String), ["settled", "protocolError", "closed"].map((what) => `Error: ${what}`));
    },
    {},
    [],
    (scene) => {
      for (const what of ["settled", "protocolError", "closed"] as const) {
        scene.listener[what] = () => {
          throw new Error(what);
        };
      }
      scene.onRequest = (stream) => stream.sendHeaders(OK, true);
    },
  ));

Deno.test("streams that wait for the connection's window take turns", () =>
  withServer(
    async (_scene, peer) => {
      await peer.send(...[1, 3, 5].map((id) => headers(id, request("/"))));
      await peer.isAlive();
      const sizes = () =>
        [1, 3, 5].map((id) =>
          peer.frames.filter((one) => one.type === FRAME.DATA && one.id === id)
            .reduce((sum, { payload }) => sum + payload.length, 0)
        );
      assertEquals(sizes(), [65_535, 0, 0], "the first has taken the window");
      await peer.send(windowUpdate(0, 3 * 16_384));
      await until(() => sizes().reduce((a, b) => a + b) === 65_535 + 3 * 16_384, "the window is used");
      assertEquals(sizes(), [65_535 + 16_384, 16_384, 16_384]);
    },
    {},
    [[4, 1 << 20]],
    (scene) =>
      scene.onRequest = (stream) => {
        stream.sendHeaders(OK, false);
        stream.sendData(new Uint8Array(200_000), true);
      },
  ));

Deno.test("other options are in force at once for what is to come", () =>
  withServer(async (scene, peer) => {
    scene.connection.configure({ ...scene.options, maxConcurrentStreams: 1 });
    await until(() => peer.lines.filter((line) => line === "SETTINGS 0").length === 2, "they are told");
    await peer.send(headers(1, request("/")), headers(3, request("/")));
    await peer.seesReset(3, ERROR_CODE.REFUSED_STREAM);
    assertEquals(lineOf(peer.frames.find(({ type }) => type === FRAME.SETTINGS)!), "SETTINGS 0");
  }));

Deno.test("a header section longer than a frame goes in several, and comes back as one", () =>
  withServer(
    async (_scene, peer) => {
      await peer.send(headers(1, request("/"), true));
      await until(() => peer.frames.at(-1)!.flags === END_HEADERS, "all of it comes");
      assertEquals(peer.list(await peer.sees("HEADERS 1")), FIELDS);
      const parts = peer.frames.filter(({ type }) => type === FRAME.HEADERS || type === FRAME.CONTINUATION);
      assertEquals(parts.map(({ payload }) => payload.length > 16_384), [false, false, false]);
      assertEquals(parts.map(({ flags }) => flags), [0x1, 0, 0x4]);
    },
    {},
    [],
    (scene) => scene.onRequest = (stream) => stream.sendHeaders(listOf(FIELDS), true),
  ));
