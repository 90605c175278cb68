import { assertEquals, assertRejects } from "@std/assert";
import { FanoutReaders, MARK, upgradeRequest } from "../../../src/chat/sim/fanout.ts";

/**
 * A server that lets everybody in, and writes `frame` to all of them `times` times when it is told.
 */
function server(frame: Uint8Array) {
  const conns: Deno.Conn[] = [];
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = (async () => {
    for await (const conn of listener) {
      await conn.read(new Uint8Array(1024));
      await conn.write(new TextEncoder().encode("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
      conns.push(conn);
    }
  })();
  return {
    address: { hostname: "127.0.0.1", port: listener.addr.port },
    say: async (times: number, pieces: number) => {
      for (const conn of conns) {
        const bytes = new Uint8Array(frame.length * times);
        for (let i = 0; i < times; i++) bytes.set(frame, i * frame.length);
        const size = Math.ceil(bytes.length / pieces);
        for (let at = 0; at < bytes.length; at += size) await conn.write(bytes.subarray(at, at + size));
      }
    },
    async [Symbol.asyncDispose]() {
      for (const conn of conns) conn.close();
      listener.close();
      await accepting;
    },
  };
}

/** Its length looks like a mark, too. */
const FRAME = Uint8Array.from([0x81, MARK.charCodeAt(0), ...new TextEncoder().encode(`{"${MARK}${"x".repeat(90)}`)]);
const member = () => Promise.resolve({ request: upgradeRequest("/ws", {}), greeting: [], ready: "" });
const never = new AbortController().signal;

Deno.test("readers of a room count each event once, whatever their frames look like and where they are cut", async () => {
  for (const pieces of [1, 2, 3, FRAME.length]) {
    await using there = server(FRAME);
    const readers = new FanoutReaders();
    await readers.open(there.address, 5, member);
    const said: Promise<void>[] = [];
    const publish = () => void said.push(there.say(1, pieces));
    const { published, deliveries, latencies } = await readers.closedLoop(1, 30, publish, never);
    assertEquals([published > 0, deliveries, latencies.length], [true, published * 5, published]);
    await Promise.all(said);
    readers.close();
  }
});

Deno.test("readers of a room complain of an event that comes twice", async () => {
  await using there = server(FRAME);
  const readers = new FanoutReaders();
  await readers.open(there.address, 2, member);
  let said = Promise.resolve();
  const run = readers.closedLoop(1, 10_000, () => void (said = there.say(2, 1)), never);
  await assertRejects(() => run, Error, "more events than were published");
  await said;
  readers.close();
});
