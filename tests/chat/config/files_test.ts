import { assert, assertEquals } from "@std/assert";
import { parse } from "@std/yaml";
import { DEFAULT_CHAT } from "../../../src/chat/config/options.ts";
import { CHAT_SECTIONS } from "../../../src/chat/config/section.ts";
import { loadConfig, plainConfig } from "../../../src/ops/config/mod.ts";
import { isMapping } from "../../../src/ops/config/path.ts";

const ANNOTATED = Deno.readTextFileSync(
  new URL("../../../config/chat/diam-gw-chat.yaml", import.meta.url).pathname,
);

/** Somebody must say whose tokens are accepted. */
const ISSUER = { path: ["chat", "auth", "issuer"], value: "https://auth.example.com", flag: "--issuer" };

function annotated(text = ANNOTATED) {
  const loaded = loadConfig(CHAT_SECTIONS, { file: "diam-gw-chat.yaml", text, overrides: [ISSUER] });
  assert(loaded.ok, loaded.errors.join("\n"));
  return loaded;
}

function keysOf(tree: unknown, path = ""): string[] {
  if (!isMapping(tree)) return [path];
  return Object.entries(tree).flatMap(([key, below]) => keysOf(below, path === "" ? key : `${path}.${key}`));
}

Deno.test("the annotated configuration of the chat plane is the defaults", () => {
  const { config: { chat }, warnings } = annotated();
  assertEquals(chat, { ...DEFAULT_CHAT, auth: { ...DEFAULT_CHAT.auth, issuer: "https://auth.example.com" } });
  assertEquals(warnings, [
    "diam-gw-chat.yaml: chat.cache.uri: warning: mem:// is for one gateway only: " +
    "several need redis:// to share rooms and events",
  ]);
});

Deno.test("the annotated configuration of the chat plane names every key, in order, and no other", () => {
  // What may be left out altogether is there as a comment.
  const whole = ANNOTATED.replaceAll("# tls:", "tls:");
  assertEquals(keysOf(parse(whole)), keysOf(plainConfig(CHAT_SECTIONS, annotated(whole).config)));
});
