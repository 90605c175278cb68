/**
 * Seeded fuzzing over the wire, a few seconds of it; `deno task fuzz --seconds N --seed S` goes on
 * for longer.
 * @module
 */
import { assert } from "@std/assert";
import { Authority } from "../interop/certificates.ts";
import { interopTest, program } from "../interop/programs.ts";
import { fuzz } from "./fuzz.ts";

Deno.test("broken messages from both sides hurt nobody who is well (transparent mode, seed 7)", async () => {
  const report = await fuzz({ seed: 7, mode: "transparent", messages: 800 });
  assert(report.healthy > 0 && report.healthyDras > 0 && report.pinned > 0 && report.fromDras > 100);
});

interopTest(
  "broken messages from both sides, over TLS too, hurt nobody who is well (relay mode, seed 20240117)",
  [program("openssl", "openssl")],
  async () => {
    const directory = await Deno.makeTempDir({ prefix: "diam-gw-fuzz-" });
    try {
      const certificate = await (await Authority.create(directory)).sign("localhost");
      const report = await fuzz({ seed: 20_240_117, mode: "relay", messages: 800, certificate });
      assert(report.healthy > 0 && report.healthyDras > 0 && report.pinned > 0 && report.fromDras > 100);
      assert(report.fromSecureApps > 50 && report.handshakes > 0);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);
