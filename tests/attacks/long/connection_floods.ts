/** Floods of connections for longer than a test may take. */
import { assert } from "@std/assert";
import { Authority } from "../../interop/certificates.ts";
import { interopTest, program } from "../../interop/programs.ts";
import { limited } from "../../support/gateway_process.ts";
import { RawPeer } from "../../support/raw_peer.ts";
import { until } from "../../support/until.ts";
import { Scene } from "../scene.ts";

const SECONDS = 20;

interopTest(
  "20 seconds of connections that come and go on both listeners, with few descriptors, while a DRA comes and goes",
  [program("openssl", "openssl")],
  async () => {
    const directory = await Deno.makeTempDir({ prefix: "diam-gw-tls-" });
    try {
      const { cert, key, ca } = await (await Authority.create(directory)).sign("localhost");
      await using scene = await Scene.start({
        command: limited("ulimit -n 150"),
        server: { capabilities_timeout: "2s", tls: { listen: ["127.0.0.1:0"], cert, key } },
        dras: [{}, {}],
      });
      await until(() => scene.gateway.addresses.length === 2, "it listens with TLS");
      const before = await scene.gateway.sample();
      const end = performance.now() + SECONDS * 1_000;
      const flood = async (way: number) => {
        while (performance.now() < end) {
          const many = await Promise.allSettled(
            Array.from({ length: 60 }, () => Deno.connect(scene.gateway.addresses[way]!)),
          );
          for (const one of many) {
            if (one.status === "rejected") continue;
            if (Math.random() < 0.5) await one.value.write(crypto.getRandomValues(new Uint8Array(40))).catch(() => 0);
            one.value.close();
          }
        }
      };
      const comings = async () => {
        while (performance.now() < end) {
          scene.dras[1]!.kill();
          await new Promise((resolve) => setTimeout(resolve, 500));
          scene.dras[1]!.start();
          await new Promise((resolve) => setTimeout(resolve, 1_500));
        }
      };
      // The heap grows to what suits the flood, and no further.
      const halfway = async () => {
        await until(() => performance.now() > end - SECONDS * 500, "half of it is over", SECONDS * 1_000);
        return (await scene.gateway.sample()).memory;
      };
      const [grown] = await Promise.all([halfway(), flood(0), flood(1), comings()]);
      const caCerts = [await Deno.readTextFile(ca)];
      await until(
        async () => {
          try {
            const conn = await Deno.connectTls({
              hostname: "localhost",
              port: scene.gateway.addresses[1]!.port,
              caCerts,
            });
            const app = new RawPeer(conn, { host: "secure.example.net", realm: "example.net" });
            const { resultCode } = await app.exchangeCapabilities();
            await app.close();
            return resultCode === 2001;
          } catch {
            return false;
          }
        },
        "a Logic App is let in over TLS",
        10_000,
      );
      await until(async () => (await scene.gateway.sample()).openFiles <= before.openFiles + 5, "descriptors are back");
      const { memory } = await scene.gateway.sample();
      assert(memory < grown + 60e6, `memory went from ${grown} bytes at half-time to ${memory}`);
      const lines = scene.gateway.logged("app_refused").length;
      assert(lines < SECONDS * 60, `${lines} lines of refused connections`);
      await scene.unharmed();
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);
