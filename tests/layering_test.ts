import { assert, assertEquals } from "@std/assert";
import { ARROWS, isPure, layeringFaults } from "./layering/rules.ts";
import { sourceFiles } from "./layering/source_files.ts";
import { importsOf, tokensOf } from "./layering/tokens.ts";

Deno.test("every import in src follows the arrows, and PURE files stay pure", async () => {
  const files = await sourceFiles();
  assert(files.length > 10, `only ${files.length} files were found`);
  const faults = layeringFaults(files);
  assert(faults.length === 0, `${faults.length} broken rules:\n${faults.join("\n")}`);
});

Deno.test("nothing on the way of a message awaits, so that each is handled in one turn", async () => {
  const path = (await sourceFiles()).filter((file) => file.path.startsWith("diameter/relay/path/"));
  assert(path.length > 10, `only ${path.length} files were found`);
  const waiting = path.flatMap((file) => tokensOf(file.text).map((token) => ({ file, token })))
    .filter(({ token }) => token.kind === "word" && (token.text === "await" || token.text === "async"));
  assertEquals(waiting.map(({ file, token }) => `src/${file.path}:${token.line}: ${token.text}`), []);
});

Deno.test("the table of arrows only points down", () => {
  const rooms = Object.keys(ARROWS);
  for (const [from, targets] of Object.entries(ARROWS)) {
    for (const to of targets) {
      assert(rooms.includes(to), `${from} -> ${to}: there is no such room`);
      assert(rooms.indexOf(to) > rooms.indexOf(from), `${from} -> ${to} does not point down`);
    }
  }
});

/** Sources that break one rule each, and the fault that must be found. */
const BROKEN: readonly { readonly name: string; readonly files: Record<string, string>; readonly fault: string }[] = [
  {
    name: "an arrow upwards",
    files: { "net/source.ts": `\nimport { x } from "../diameter/wire/header.ts";`, "diameter/wire/header.ts": "" },
    fault: "src/net/source.ts:2: imports ../diameter/wire/header.ts, but net may import only ops/log, ops/metrics",
  },
  {
    name: "an arrow upwards for a type alone",
    files: {
      "diameter/peer/peer.ts": `import type { Relay } from "../relay/gateway.ts";`,
      "diameter/relay/gateway.ts": "",
    },
    fault:
      "src/diameter/peer/peer.ts:1: imports ../relay/gateway.ts, but diameter/peer may import only diameter/wire, net, ops/log, ops/metrics",
  },
  {
    name: "a sideways arrow",
    files: { "diameter/relay/gateway.ts": `export * from "../sim/dra.ts";`, "diameter/sim/dra.ts": "" },
    fault: `src/diameter/relay/gateway.ts:1: imports ../sim/dra.ts, but diameter/relay may import only ${
      ARROWS["diameter/relay"]!.join(", ")
    }`,
  },
  {
    name: "a dynamic import",
    files: { "ops/log/logger.ts": `const x = await import("../../net/tcp.ts");`, "net/tcp.ts": "" },
    fault: "src/ops/log/logger.ts:1: imports ../../net/tcp.ts, but ops/log may import no other room",
  },
  {
    name: "a package in a room that needs none",
    files: { "diameter/wire/avp.ts": `import { Buffer } from "node:buffer";` },
    fault: "src/diameter/wire/avp.ts:1: imports node:buffer, but diameter/wire uses no packages",
  },
  {
    name: "a package for tests in the program",
    files: { "net/tcp.ts": `import { assert } from "@std/assert";` },
    fault: "src/net/tcp.ts:1: imports @std/assert, but that is for tests only",
  },
  {
    name: "a file in no room",
    files: { "helpers/misc.ts": "" },
    fault: "src/helpers/misc.ts: is in no room of the table of arrows (tests/layering/rules.ts): add its room there",
  },
  {
    name: "a circle of files",
    files: {
      "net/a.ts": `import { b } from "./b.ts";`,
      "net/b.ts": `import { c } from "./c.ts";`,
      "net/c.ts": `import type { A } from "./a.ts";`,
    },
    fault: "files import each other in a circle: src/net/a.ts -> src/net/b.ts -> src/net/c.ts -> src/net/a.ts",
  },
  {
    name: "a PURE file that imports a driver",
    files: {
      "diameter/peer/watchdog.ts": `import { Timer } from "./watchdog_timer.ts";`,
      "diameter/peer/watchdog_timer.ts": "/**\n * Driver of the watchdog.\n */\nsetTimeout(f, 1);",
    },
    fault: "src/diameter/peer/watchdog.ts:1: imports ./watchdog_timer.ts, but a PURE file may import only PURE files",
  },
  ...([
    ["Deno.readFileSync(p)", "Deno", "I/O"],
    ["const f = () => Date.now()", "Date", "the clock"],
    ["new Date()", "Date", "the clock"],
    ["const { now } = performance", "performance", "the clock"],
    ["setTimeout(f, 5)", "setTimeout", "a timer"],
    ["let t: ReturnType<typeof setInterval>", "setInterval", "a timer"],
    ["a / 2 + Math.random() / 3", "Math.random", "randomness"],
    ["crypto.getRandomValues(a)", "crypto", "randomness"],
    ["`${console.log(1)}`", "console", "I/O"],
    ["ok ? fetch : x", "fetch", "I/O"],
    ["f({ ...process.env })", "process", "I/O"],
    ['globalThis["Deno"]', "globalThis", "everything"],
  ] as const).map(([code, name, what]) => ({
    name: `\`${code}\` in a PURE file`,
    files: { "diameter/relay/dras/router.ts": `// Deno\n${code};` },
    fault: `src/diameter/relay/dras/router.ts:2: uses ${name} (${what}), but the file is PURE: take it as an argument`,
  })),
];

for (const { name, files, fault } of BROKEN) {
  Deno.test(`the check finds ${name}`, () => {
    assertEquals(layeringFaults(Object.entries(files).map(([path, text]) => ({ path, text }))), [fault]);
  });
}

Deno.test("the check finds a circle of rooms", () => {
  const faults = layeringFaults([
    { path: "net/a.ts", text: `import "../ops/log/b.ts";` },
    { path: "ops/log/b.ts", text: `import "../metrics/c.ts";` },
    { path: "ops/metrics/c.ts", text: `import "../../net/d.ts";` },
  ]);
  assertEquals(faults.at(-1), "rooms import each other in a circle: net -> ops/log -> ops/metrics -> net");
});

Deno.test("the check accepts what only looks like an import or an impure name", () => {
  const text = `/** Date.now() and setTimeout, see {@link Deno} */
// import "../../net/tcp.ts";
const text = "Date.now() from '../../net/tcp.ts'";
const key = { Date: 1, crypto: 2 }.Date / 2 / key?.performance;
const pattern = /["'\`]/.test(\`a "\${text}" Deno.\`) || x.random();
export { key } from "./header.ts";`;
  const header = { path: "diameter/wire/header.ts", text: "" };
  assertEquals(layeringFaults([{ path: "diameter/wire/avp.ts", text }, header]), []);
});

Deno.test("a driver in diameter/peer is not PURE, everything else there is", () => {
  const judge = (name: string, text = "") => isPure({ path: `diameter/peer/${name}`, text });
  assertEquals(judge("watchdog.ts"), true);
  assertEquals(judge("peer.ts"), false);
  assertEquals(judge("timer.ts", "/**\n * Driver of something.\n */"), false);
  assertEquals(judge("timer.ts", "/** Works with the driver: Driver. */"), true);
});

Deno.test("imports are found in every form, with their lines", () => {
  const source = `import a from "1";
import type { B } from '2';
export * from "3";
export {
  c,
} from "4";
import "5";
type D = import("6").D;
import e from "7" with { type: "text" };
const from = "no"; const t = \`\${await import("8")}\`;`;
  const found = importsOf(tokensOf(source)).map(({ specifier, line }) => `${specifier}:${line}`);
  assertEquals(found, ["1:1", "2:2", "3:3", "4:6", "5:7", "6:8", "7:9", "8:10"]);
});

Deno.test("only the ledger writes what a requester waits for", async () => {
  const writes = /\.inFlight\s*(?:\+\+|--|[-+]?=(?!=))/;
  const others = (await sourceFiles()).filter(({ path, text }) =>
    path.startsWith("diameter/relay/") && path !== "diameter/relay/core/ledger.ts" && writes.test(text)
  );
  assertEquals(others.map(({ path }) => path), []);
});
