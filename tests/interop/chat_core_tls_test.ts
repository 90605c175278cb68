import { assert, assertEquals } from "@std/assert";
import { CoreForwarder } from "../../src/chat/core/core_forwarder.ts";
import { callOf, OPTIONS, told } from "../chat/core/scene.ts";
import { Authority } from "./certificates.ts";
import { temporaryDirectory } from "./child.ts";
import { interopTest, program } from "./programs.ts";

interopTest(
  "F6: a core whose certificate nobody vouches for hears nothing, and the reason is told to the operator",
  [program("openssl", "openssl")],
  async () => {
    await using directory = await temporaryDirectory();
    const { cert, key } = await (await Authority.create(directory.path)).sign("localhost");
    const listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: await Deno.readTextFile(cert),
      key: await Deno.readTextFile(key),
      alpnProtocols: ["h2", "http/1.1"],
    });
    let heard = 0;
    const accepting = (async () => {
      for await (const connection of listener) {
        heard += await connection.read(new Uint8Array(1)).catch(() => 0) ?? 0;
        connection.close();
      }
    })();
    for (const scheme of ["https", "grpcs"]) {
      let why = "";
      const forwarder = await CoreForwarder.create({
        ...OPTIONS,
        uri: `${scheme}://localhost:${listener.addr.port}`,
        breaker: { failures: 1, open: 5_000 },
        breakerMoved: (_, reason) => void (why = reason),
      });
      assertEquals(told(await forwarder.forward(callOf())), "unavailable: the chat service cannot be reached");
      assert(/certificate|issuer/i.test(why), why);
      await forwarder.close();
    }
    listener.close();
    await accepting.catch(() => {});
    assertEquals(heard, 0);
  },
);
