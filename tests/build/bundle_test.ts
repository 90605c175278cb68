import { assertEquals, assertThrows } from "@std/assert";
import { asciiOnly, linkWorkers, tidyComments } from "../../src/build/bundle.ts";
import { reason } from "../../src/build/compiled.ts";

const SCRIPTS = ["/x/src/main.ts", "/x/src/relay/relay_worker.ts", "/x/src/a/mod.ts", "/x/src/b/mod.ts"];

Deno.test("a worker is found by its file name and addressed beside the bundle", () => {
  const text = `new Worker(new URL("../relay/relay_worker.ts", import.meta.url), { type: "module" })`;
  assertEquals(linkWorkers(text, SCRIPTS, "main"), {
    text: `new Worker(new URL("./relay_worker.js", import.meta.url), { type: "module" })`,
    workers: ["/x/src/relay/relay_worker.ts"],
  });
});

Deno.test("an address that is no file of the program stays as it is", () => {
  const text = `new URL("/metrics", base); new URL(import.meta.url)`;
  assertEquals(linkWorkers(text, SCRIPTS, "main"), { text, workers: [] });
});

Deno.test("a worker whose file name is not the only one of its kind cannot be bundled", () => {
  const error = assertThrows(() => linkWorkers(`new URL("./mod.ts", import.meta.url)`, SCRIPTS, "main"), Error);
  assertEquals(
    error.message,
    "Cannot bundle main: it refers to ./mod.ts by its address, and 2 sources have that name; a worker's file name must be unique",
  );
});

Deno.test("a text that would be missing beside the bundle cannot be bundled", () => {
  const error = assertThrows(() => linkWorkers(`new URL('./page.html', import.meta.url)`, SCRIPTS, "main"), Error);
  assertEquals(
    error.message,
    `Cannot bundle main: it refers to ./page.html by its address, and only workers may be; import a text with { type: "text" }`,
  );
});

Deno.test("comments name packages, not this machine's directories", () => {
  const text = "// ../../home/me/.cache/deno/npm/registry/zod/4.6.7/v4/core/util.js\nvar a; // kept\n// src/main.ts\n";
  assertEquals(tidyComments(text), "// npm:zod/4.6.7/v4/core/util.js\nvar a; // kept\n// src/main.ts\n");
});

Deno.test("a program is ASCII, so that the engine keeps it with one byte for each character", () => {
  const text = 'var a = "§ • 😀"; // ü\n';
  const ascii = asciiOnly(text);
  assertEquals(ascii, 'var a = "\\u00a7 \\u2022 \\ud83d\\ude00"; // \\u00fc\n');
  assertEquals(new Function(`${ascii}return a;`)(), "§ • 😀");
});

Deno.test("why deno compile failed is told by its innermost useful cause", () => {
  const stderr = `error: Writing deno compile executable to temporary file 'x'

Caused by:
    0: Setting up base binary.
    1: error sending request for url (https://example.org/denort.zip): dns error
    2: client error (Connect)

Stack backtrace:
   0: <unknown>
`;
  assertEquals(reason(stderr), "error sending request: dns error");
  assertEquals(reason("error: Type checking failed.\n"), "Type checking failed.");
  assertEquals(reason(""), "deno compile gave no reason");
});
