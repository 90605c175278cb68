import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { decode, THREE } from "./captures.ts";

const SECRETS = ["35209900176148", "001010123456789", "333532303939303031373631"];

for (const flags of [[], ["--json"], ["--ndjson"], ["--csv"], ["--summary"]]) {
  Deno.test(`decode --mask ${flags.join(" ")} shows nothing of a subscriber`, async () => {
    const { code, stdout } = await decode(THREE, "--mask", ...flags);
    assertEquals(code, 0);
    for (const secret of SECRETS) assert(!stdout.includes(secret), stdout);
    assertStringIncludes(stdout, "mme1;1");
  });
}

Deno.test("decode --mask finds by what it does not show", async () => {
  const { code, stdout } = await decode(THREE, "--mask", "--avp", "IMEI=35209900176148");
  assertEquals(code, 0);
  assertStringIncludes(stdout, 'IMEI(1402) [3GPP] VM  "**************"');
  assertStringIncludes(stdout, 'User-Name(1) M  "***************"');
  assertStringIncludes(stdout, 'Origin-Host(264) M  "mme1"');
});
