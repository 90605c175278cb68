import { assertEquals, assertRejects } from "@std/assert";
import { dial } from "../../src/net/dial.ts";
import { listenTcp } from "../../src/net/listener.ts";
import { until } from "../support/until.ts";

const OPTIONS = { timeout: 5_000, noDelay: true };
const NO_FILES = { ca: "", cert: "", key: "", serverName: "" };

for (const [how, bind] of [["by plain TCP", ""], ["from a local address", "127.0.0.1"]] as const) {
  Deno.test(`${how}, bytes go through`, async () => {
    let got = 0;
    const listener = listenTcp({ hostname: "127.0.0.1", port: 0 }, { noDelay: true }, async (connection) => {
      got = (await connection.read(new Uint8Array(8)))!;
      connection.close();
    });
    const connection = await dial(listener.address, undefined, { ...OPTIONS, bind });
    await connection.write(new Uint8Array(3));
    await until(() => got === 3, "the bytes arrived");
    connection.close();
    listener.close();
  });
}

for (
  const [how, tls, bind] of [
    ["plain TCP", undefined, ""],
    ["a bound address", undefined, "127.0.0.1"],
    ["TLS", NO_FILES, ""],
  ] as const
) {
  Deno.test(`who gives up before it begins gets no connection: ${how}`, async () => {
    const listener = listenTcp(
      { hostname: "127.0.0.1", port: 0 },
      { noDelay: true },
      (connection) => connection.close(),
    );
    try {
      const given = performance.now();
      await assertRejects(() => dial(listener.address, tls, { ...OPTIONS, bind, signal: AbortSignal.abort() }));
      assertEquals(performance.now() - given < OPTIONS.timeout, true, "it sat the timeout out");
    } finally {
      listener.close();
    }
  });
}
