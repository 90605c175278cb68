import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Connection } from "../../src/net/connection.ts";
import { connectFrom } from "../../src/net/tls.ts";

/** A connection by the compatibility layer, and its other end. */
async function connected(play: (connection: Connection, other: Deno.TcpConn) => Promise<void>): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { hostname, port } = listener.addr;
  const dialled = connectFrom({ hostname, port }, { timeout: 5_000, noDelay: true, bind: "127.0.0.1" });
  const [connection, other] = await Promise.all([dialled, listener.accept()]);
  try {
    await play(connection, other);
  } finally {
    connection.close();
    try {
      other.close();
    } catch {
      // Closed by the test.
    }
  }
}

Deno.test("what is read in pieces is what was written, to the end", () =>
  connected(async (connection, other) => {
    const sent = Uint8Array.from({ length: 1000 }, (_, i) => i & 0xff);
    await other.write(sent);
    const got: number[] = [];
    const into = new Uint8Array(7);
    while (got.length < 1000) got.push(...into.subarray(0, (await connection.read(into))!));
    assertEquals(got, [...sent]);
    const reading = connection.read(into);
    other.close();
    assertEquals([await reading, await connection.read(into)], [null, null]);
  }));

Deno.test("a write says how much went out; one to an end that does not read fails when the connection is closed", () =>
  connected(async (connection, other) => {
    assertEquals(await connection.write(new Uint8Array(5)), 5);
    assertEquals(await other.read(new Uint8Array(10)), 5);
    const stuck = connection.write(new Uint8Array(64 * 1024 * 1024));
    const reading = connection.read(new Uint8Array(1));
    connection.close();
    await assertRejects(() => stuck, Error);
    assert(await reading.catch(() => null) === null);
    await assertRejects(() => connection.write(new Uint8Array(1)), Error, "closed");
  }));
