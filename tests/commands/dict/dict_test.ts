import { assertEquals, assertStringIncludes } from "@std/assert";
import { runMain } from "../run_main.ts";

const FOUND: [text: string, stdout: string][] = [
  ["IMEI", "AVP IMEI (1402)  vendor 3GPP (10415)  UTF8String  M must be set  3GPP TS 29.272\n"],
  ["10415:1402", "AVP IMEI (1402)  vendor 3GPP (10415)  UTF8String  M must be set  3GPP TS 29.272\n"],
  ["ecr", "command 3GPP-ME-Identity-Check (324)  ECR, ECA  application 3GPP S13/S13' (16777252)\n"],
  [
    "ME-Identity-Check-Answer",
    "command 3GPP-ME-Identity-Check (324)  ECR, ECA  application 3GPP S13/S13' (16777252)\n",
  ],
  ["S13", "application 3GPP S13/S13' (16777252)\n"],
  ["16777252", "application 3GPP S13/S13' (16777252)\n"],
  ["UNABLE_TO_COMPLY", "result DIAMETER_UNABLE_TO_COMPLY (5012)\n"],
  [
    "DIAMETER_ERROR_USER_UNKNOWN",
    "result DIAMETER_ERROR_USER_UNKNOWN (5032)\nresult DIAMETER_ERROR_USER_UNKNOWN (5001)  vendor 3GPP (10415)\n",
  ],
];
for (const [text, stdout] of FOUND) {
  Deno.test(`dict knows ${text}`, async () => {
    assertEquals(await runMain(["dict", text]), { code: 0, stdout, stderr: "" });
  });
}

Deno.test("dict shows the names of an AVP's values", async () => {
  const { stdout } = await runMain(["dict", "Equipment-Status"]);
  assertStringIncludes(stdout, "\n  0  WHITELISTED\n  1  BLACKLISTED\n  2  GREYLISTED\n");
});

Deno.test("dict with a part of a name shows all that have it", async () => {
  const { code, stdout } = await runMain(["dict", "origin-"]);
  assertEquals(code, 0);
  for (const name of ["Origin-Host (264)", "Origin-Realm (296)", "Origin-State-Id (278)"]) {
    assertStringIncludes(stdout, `AVP ${name}  `);
  }
});

Deno.test("dict --json gives a script one array, with every kind that has the code", async () => {
  const { stdout } = await runMain(["dict", "257", "--json"]);
  const entries: { kind: string; name: string }[] = JSON.parse(stdout);
  assertEquals(entries.map(({ kind, name }) => `${kind} ${name}`), [
    "avp Host-IP-Address",
    "command Capabilities-Exchange",
  ]);
  const [session] = JSON.parse((await runMain(["dict", "Auth-Session-State", "--json"])).stdout);
  assertEquals(session, {
    kind: "avp",
    code: 277,
    name: "Auth-Session-State",
    vendor: 0,
    vendor_name: "IETF",
    type: "Enumerated",
    m_flag: "must",
    values: [{ value: 0, name: "STATE_MAINTAINED" }, { value: 1, name: "NO_STATE_MAINTAINED" }],
    source: session.source,
  });
});

Deno.test("dict names the nearest name to one that is none, and exits 1", async () => {
  assertEquals(await runMain(["dict", "Orgin-Hots"]), {
    code: 1,
    stdout: "",
    stderr: 'nothing in the dictionary is "Orgin-Hots"; did you mean "diam-gw dict Origin-Host"?\n',
  });
  assertEquals((await runMain(["dict", "", "--json"])).stdout, "[]\n");
  const without = await runMain(["dict"]);
  assertEquals(without.code, 2);
  assertStringIncludes(without.stderr, "expected dict NAME|CODE");
});

Deno.test("dict knows a dictionary of one's own", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(
      path,
      "vendor: {id: 4242, name: Example}\navps: [{code: 99, name: Mood, type: Unsigned32}]\n",
    );
    const { stdout } = await runMain(["dict", "mood", "--dictionary", path]);
    assertStringIncludes(stdout, "AVP Mood (99)  vendor Example (4242)  Unsigned32  M may be set");
  } finally {
    await Deno.remove(path);
  }
});
