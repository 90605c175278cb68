import { assertEquals, assertStringIncludes } from "@std/assert";
import { runMain } from "../commands/run_main.ts";
import { temporaryDirectory } from "./child.ts";
import { FREE_DIAMETER, FreeDiameter } from "./free_diameter.ts";
import { interopTest } from "./programs.ts";

const DRA = { host: "fd.example.net", realm: "example.net" } as const;

interopTest("ping tells who freeDiameter is, and whom it does not let in", FREE_DIAMETER, async () => {
  await using directory = await temporaryDirectory();
  await using dra = await FreeDiameter.start(directory.path, { identity: DRA, routes: [] });
  const ping = (host: string) =>
    runMain([
      "ping",
      `127.0.0.1:${dra.port}`,
      "--interval",
      "10ms",
      "--origin-host",
      host,
      "--origin-realm",
      DRA.realm,
    ]);
  const known = await ping("ping.example.net");
  assertEquals([known.code, known.stderr], [0, ""]);
  assertStringIncludes(known.stdout, " is fd.example.net\n");
  assertStringIncludes(known.stdout, "  product          freeDiameter\n");
  assertStringIncludes(known.stdout, "\n3 DWRs, 3 answered; ");
  const unknown = await ping("ping.example.org");
  assertEquals(unknown.code, 1);
  assertStringIncludes(unknown.stderr, "ping.example.org");
});
