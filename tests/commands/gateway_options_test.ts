import { assert, assertEquals } from "@std/assert";
import { gatewayOptions } from "../../src/commands/gateway_options.ts";
import { loadConfig } from "../../src/ops/config/mod.ts";

Deno.test("an application of type acct is advertised for accounting, any other for authentication", () => {
  const text = "gateway: {applications: [{id: 3, type: acct}, {id: 16777252, vendor: 10415}, {id: 4294967295}]}";
  const loaded = loadConfig({ file: "gw.yaml", text });
  assert(loaded.ok);
  assertEquals(gatewayOptions(loaded.config).applications, [
    { id: 3, vendor: 0, accounting: true },
    { id: 16777252, vendor: 10415, accounting: false },
    { id: 4294967295, vendor: 0, accounting: false },
  ]);
});
