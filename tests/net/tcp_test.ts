import { assertEquals } from "@std/assert";
import type { Connection } from "../../src/net/connection.ts";
import { listenTcp } from "../../src/net/listener.ts";
import { connectTcp } from "../../src/net/tcp.ts";
import { until } from "../support/until.ts";

Deno.test("what was written arrives before the end of a direction, and the other one can still be read", async () => {
  let accepted: Connection | undefined;
  const listener = listenTcp({ hostname: "127.0.0.1", port: 0 }, { noDelay: true }, (connection) => {
    accepted = connection;
  });
  const client = await connectTcp(listener.address, { timeout: 5_000, noDelay: true });
  await until(() => accepted !== undefined, "it is accepted");
  const server = accepted!;
  await server.write(new Uint8Array(5));
  server.closeWrite!();
  const into = new Uint8Array(10);
  assertEquals(await client.read(into), 5);
  assertEquals(await client.read(into), null);
  await client.write(new Uint8Array(3));
  assertEquals(await server.read(into), 3);
  client.close();
  assertEquals(await server.read(into), null);
  // The other end is gone: no error, and nobody to tell.
  server.closeWrite!();
  server.close();
  listener.close();
});
