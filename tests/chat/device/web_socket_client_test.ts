import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import { WebSocket as ForeignWebSocket } from "ws";
import { encoded } from "../../../src/chat/proto/mod.ts";
import { until } from "../../support/until.ts";
import { scene } from "./fake_host.ts";
import { frame, RawWebSocket } from "./raw_web_socket.ts";

const ends = (socket: ForeignWebSocket) =>
  new Promise<string>((resolve) => {
    socket.on("error", () => {});
    socket.on("close", (code: number, reason: Buffer) => resolve(`${code} ${reason}`.trimEnd()));
  });

Deno.test("a client of another make talks in both encodings, compressed and not", async () => {
  await scene({ compression: true }, async (host, port, devices) => {
    let count = 0;
    for (const protocol of ["chat.v1.json", "chat.v1.proto"]) {
      for (const perMessageDeflate of [false, true]) {
        const socket = new ForeignWebSocket(`ws://127.0.0.1:${port}/ws`, protocol, { perMessageDeflate });
        const end = ends(socket);
        await new Promise((resolve) => socket.on("open", resolve));
        assertEquals(socket.protocol, protocol);
        const session = await host.session(++count);
        const texts: string[] = [];
        socket.on("message", (data: Buffer, isBinary: boolean) => {
          assertEquals(isBinary, protocol === "chat.v1.proto");
          texts.push(`${data}`);
        });
        const request = protocol === "chat.v1.json" ? `{"id":"${"x".repeat(3000)}","ping":{}}` : Buffer.of(0x32, 0);
        for (let i = 0; i < 20; i++) socket.send(request);
        await until(() => session.requests.length === 20, "all requests have come");
        const long = encoded({ payload: { case: "error", value: { message: "y".repeat(70_000) } } });
        for (let i = 0; i < 10; i++) session.transport.send(long);
        await until(() => texts.length === 10, "all events have come");
        assert(texts.every((text) => text === `${Buffer.from(long.message(session.transport.encoding))}`));
        session.transport.ping();
        socket.ping("x");
        await until(() => session.signs >= 2, "ping and pong have come");
        if (perMessageDeflate) {
          socket.close(4321, "bye");
          assertEquals(await end, "4321");
          assertEquals(session.end, { code: 4321, reason: "bye" });
        } else {
          session.transport.close(4005);
          assertEquals(await end, "4005 replaced by a newer connection of the device");
        }
      }
    }
    await until(() => devices.streams === 0, "all places are free");
    assertEquals(host.failures, []);
  });
});

Deno.test("the platform's own client talks to it", async () => {
  await scene({}, async (host, port) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`, ["chat.v1.json", "bearer.abc"]);
    const got = Promise.withResolvers<string>();
    socket.onmessage = ({ data }) => got.resolve(data);
    await new Promise((resolve) => socket.onopen = resolve);
    const session = await host.session();
    session.onMessage = () => session.transport.send(encoded({ payload: { case: "pong", value: {} } }));
    socket.send(`{"ping":{}}`);
    assertEquals(await got.promise, `{"pong":{}}`);
    const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
    session.transport.close(1012);
    const { code, reason } = await closed;
    assertEquals([code, reason], [1012, "drain"]);
  });
});

/** Numbers that look random and are the same in each run. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

Deno.test("broken frames of every kind end their connection, and never the gateway", async () => {
  await scene({ compression: true, maxMessageSize: 4096 }, async (host, port, devices) => {
    for (let seed = 1; seed <= 150; seed++) {
      const roll = dice(seed);
      await using socket = await RawWebSocket.open(
        port,
        seed % 2 === 0 ? { "Sec-WebSocket-Extensions": "permessage-deflate" } : {},
      );
      const parts: Uint8Array[] = [];
      for (let i = 0; i < 8; i++) {
        const part = Buffer.from(frame(
          roll(4) === 0 ? roll(256) : [0x81, 0x01, 0x00, 0x80, 0x89, 0x8a][roll(6)]!,
          roll(3) === 0 ? `{"ping":{}}` : "z".repeat(roll(200)),
        ));
        if (roll(3) === 0) part[roll(part.length)] = roll(256);
        parts.push(roll(8) === 0 ? part.subarray(0, roll(part.length)) : part);
      }
      const bytes = Buffer.concat(parts);
      for (let at = 0; at < bytes.length;) {
        const size = 1 + roll(300);
        await socket.send(bytes.subarray(at, at += size)).catch(() => {});
      }
    }
    await until(() => devices.streams === 0, "all places are free");
    assertEquals(host.failures, []);
    assert(host.sessions.every(({ ends }) => ends === 1));
    assert(host.sessions.some(({ requests }) => requests.length > 0), "the dice were never lucky");
    await using last = await RawWebSocket.open(port);
    const session = await host.session(151);
    await last.send(frame(0x81, `{"ping":{}}`));
    await until(() => session.requests.length === 1, "a good message comes through");
  });
});
