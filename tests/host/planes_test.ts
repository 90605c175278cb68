import { assert, assertEquals } from "@std/assert";
import { readWholeConfig } from "../../src/host/config.ts";
import type { PlaneName } from "../../src/host/planes.ts";
import type { Override } from "../../src/ops/config/mod.ts";

async function read(text: string, overrides: readonly Override[] = [], planes?: readonly PlaneName[]) {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(file, text);
    const loaded = await readWholeConfig(file, overrides, planes);
    const plain = (lines: readonly string[]) => lines.map((line) => line.replace(file, "FILE"));
    return { ...loaded, errors: plain(loaded.errors), warnings: plain(loaded.warnings) };
  } finally {
    await Deno.remove(file);
  }
}

const ROUTE = "{prefix: /s.S/, cluster: a}";
const CLUSTER = "{a: {type: static, address: '127.0.0.1:1'}}";
const SECTION = `grpc: {routes: [${ROUTE}], clusters: ${CLUSTER}}`;
const SHORT = `routes: [${ROUTE}]\nclusters: ${CLUSTER}`;
const DIAMETER = "gateway: {origin_host: gw.example.net}";
const OVERRIDE: Override = { path: ["server", "listen"], value: "127.0.0.1:0", flag: "--listen" };

for (
  const [what, text, overrides, expected] of [
    ["nothing", "", [], ["diameter"]],
    ["what is the process's own", "logging: {level: debug}", [], ["diameter"]],
    ["a section of the Diameter plane", "server:", [], ["diameter"]],
    ["DRAs", "dra_pool: {dras: []}", [], ["diameter"]],
    ["a section grpc", `${SECTION}\nadmin: {listen: ''}`, [], ["grpc"]],
    ["routes and clusters at the top", `${SHORT}\nstats: {interval: 0}`, [], ["grpc"]],
    ["a default at the top", "default: {action: error}", [], ["grpc"]],
    ["both", `${SECTION}\n${DIAMETER}`, [], ["diameter", "grpc"]],
    ["both, the short form of one", `${SHORT}\n${DIAMETER}`, [], ["diameter", "grpc"]],
    ["one, and flags the other", SECTION, [OVERRIDE], ["diameter", "grpc"]],
  ] as const
) {
  Deno.test(`a file that configures ${what} starts ${expected.join(" and ")}`, async () => {
    const { ok, layout, errors } = await read(text, overrides);
    assert(ok, errors.join("\n"));
    assertEquals(layout.planes, [...expected]);
  });
}

Deno.test("the short form is the section", async () => {
  const more = "retry: {count: 1}\nlisten: 127.0.0.1:1234\nhealth_service: false\nadmin: {listen: ''}\n";
  const short = await read(`${SHORT}\n${more}`);
  const section = await read(
    `grpc:\n${`${SHORT}\n${more}`.replace(/admin.*\n/, "").replaceAll(/^/gm, "  ")}\nadmin: {listen: ''}\n`,
  );
  assert(short.ok && section.ok, [...short.errors, ...section.errors].join("\n"));
  assertEquals(short.config, section.config);
  assertEquals(short.config.grpc?.retry.count, 1);
  assert(short.isSet("grpc.retry.count") && !short.isSet("grpc.retry.buffer"));
});

for (
  const [text, ...expected] of [
    [`${SHORT}\nretry: {count: 11}`, "FILE: retry.count: expected a whole number 0..10, got 11 (line 3, column 9)"],
    [
      `grpc: {routes: [${ROUTE}], clusters: ${CLUSTER}, retry: {count: 11}}`,
      "FILE: grpc.retry.count: expected a whole number 0..10, got 11 (line 1, column 110)",
    ],
    [
      "routes: [{prefix: /s.S/, cluster: b}]\nclusters: {}",
      'FILE: routes[0].cluster: there is no cluster "b"; none is configured (give clusters) (line 1, column 26)',
    ],
    [`${SHORT}\nretri: {count: 1}`, 'FILE: retri: unknown key; did you mean "retry"? (line 3, column 1)'],
    [`${SHORT}\nloging: {}`, 'FILE: loging: unknown key; did you mean "logging"? (line 3, column 1)'],
    [`${SHORT}\nbuffer: 1`, "FILE: buffer: unknown key; did you mean retry.buffer? (line 3, column 1)"],
    [`${SHORT}\nlimits: []`, "FILE: limits: unknown key; did you mean grpc.limits? (line 3, column 1)"],
    ["grcp: {}", 'FILE: grcp: unknown key; did you mean "grpc"? (line 1, column 1)'],
    [
      `${SECTION}\nroutes: []\ndefault: {}`,
      "FILE: default: stands at the top although there is a section grpc: move it below that (line 3, column 1)",
      "FILE: routes: stands at the top although there is a section grpc: move it below that (line 2, column 1)",
    ],
    [
      `${SECTION.slice(0, -1)}, listen: '127.0.0.1:3868'}\nserver: {listen: '127.0.0.1:3868'}`,
      "FILE: grpc.listen: 127.0.0.1:3868 is listened on twice (line 1, column 102)",
    ],
    [
      `${SECTION.slice(0, -1)}, retry: {count: x}}\ngateway: {mode: y}`,
      'FILE: gateway.mode: expected relay or transparent, got "y" (line 2, column 11)',
      'FILE: grpc.retry.count: expected a whole number 0..10, got "x" (line 1, column 110)',
    ],
  ] as const
) {
  Deno.test(`what is wrong is said where it stands: ${expected[0]}`, async () => {
    const { ok, errors } = await read(text);
    assertEquals([ok, errors], [false, [...expected]]);
  });
}

Deno.test("who wants one plane hears nothing of what is wrong with the others", async () => {
  for (const form of [SECTION, SHORT]) {
    const grpc = await read(`${form}\ngateway: {mode: y}\nserver: 7`, [], ["grpc"]);
    assert(grpc.ok, grpc.errors.join("\n"));
    assertEquals([grpc.layout.ignored, grpc.config.gateway], [["gateway", "server"], undefined]);
  }
});

Deno.test("a process keeps its planes when others come into its file", async () => {
  const section = await read(`${DIAMETER}\ngrpc: {retry: no}`, [], ["diameter"]);
  assert(section.ok, section.errors.join("\n"));
  assertEquals([section.layout.ignored, section.config.grpc], [["grpc"], undefined]);
  const short = await read(`${DIAMETER}\n${SHORT}\nretry: no`, [], ["diameter"]);
  assert(short.ok, short.errors.join("\n"));
  assertEquals(short.layout.ignored, ["routes", "clusters", "retry"]);
});

/** What `files` of src import as they are loaded: neither types nor `import()`. */
async function loadedBy(files: readonly string[]): Promise<Set<string>> {
  const loaded = new Set<string>();
  const visit = async (file: string) => {
    if (loaded.has(file) || !file.endsWith(".ts")) return;
    loaded.add(file);
    const text = await Deno.readTextFile(new URL(`../../src/${file}`, import.meta.url));
    for (const [, path = ""] of text.matchAll(/^(?:import|export) (?!type\b)[^;]*?from "(\.[^"]+)"/gm)) {
      await visit(new URL(path, `file:///${file}`).pathname.slice(1));
    }
  };
  for (const file of files) await visit(file);
  return loaded;
}

const PAGE = "dashboard/assets.ts";

Deno.test("a Diameter gateway loads nothing of the gRPC and the chat plane", async () => {
  const own = ["main.ts", "commands/serve/serve.ts", "host/diameter_plane.ts", PAGE, "dashboard/diameter.ts"];
  const loaded = await loadedBy(own);
  assertEquals([...loaded].filter((file) => /^(grpc|http2|chat)\//.test(file)), []);
  assert(loaded.has("diameter/relay/gateway.ts"), "the walk follows imports");
});

Deno.test("the gRPC plane, its admin interface and its page load nothing of Diameter", async () => {
  const loaded = await loadedBy(["host/grpc_plane.ts", "grpc/admin/plane.ts", PAGE, "dashboard/grpc.ts"]);
  assertEquals([...loaded].filter((file) => file.startsWith("diameter/")), []);
  assert(loaded.has("http2/connection.ts"), "the walk follows imports");
});

Deno.test("the chat plane, its admin interface, its spans and its page load nothing of Diameter and gRPC", async () => {
  const spans = ["host/telemetry.ts", "ops/otlp/span_pump.ts", "ops/otlp/span_exporter.ts"];
  const loaded = await loadedBy(["host/chat_plane.ts", "chat/admin/plane.ts", PAGE, "dashboard/chat.ts", ...spans]);
  assertEquals([...loaded].filter((file) => /^(diameter|grpc)\//.test(file)), []);
  assert(loaded.has("chat/session.ts"), "the walk follows imports");
});
