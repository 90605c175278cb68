/// <reference lib="dom" />
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { DEFAULT_CHAT } from "../../src/chat/config/options.ts";
import { makeChecker, makeCore } from "../../src/chat/made_parts.ts";
import { DevServices } from "../../src/commands/serve/chat_dev.ts";
import { BROWSER, openBrowser, type OpenPage, openPage } from "../dashboard/browser.ts";
import { interopTest } from "../interop/programs.ts";
import { until } from "../support/until.ts";
import { Running } from "./support/running.ts";

/** Where pictures for people go; nowhere unless it is said. */
const PICTURES = Deno.env.get("CHAT_PAGE_PICTURES");

/** A gateway as `serve chat --dev` starts it. */
async function development(stack: AsyncDisposableStack): Promise<string> {
  const dev = stack.use(await DevServices.start());
  const running = stack.use(
    await Running.start({
      auth: { ...DEFAULT_CHAT.auth, issuer: dev.issuer },
      core: { ...DEFAULT_CHAT.core, uri: dev.core },
    }, { core: makeCore, checker: (config) => makeChecker(config, {}), page: dev.pages }),
  );
  return `http://${running.address}/`;
}

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const texts = (page: Page) => page.locator(".message .text").allInnerTexts();
const shows = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor();

async function enter({ page }: OpenPage, name: string): Promise<void> {
  await page.getByLabel("Your name").fill(name);
  await page.keyboard.press("Enter");
  await page.locator('#state[data-kind="open"]').waitFor();
}

async function say({ page }: OpenPage, ...lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    await page.getByRole("textbox", { name: "Message" }).fill(line);
    await page.keyboard.press("Enter");
  }
}

async function reads({ page }: OpenPage, expected: readonly string[]): Promise<void> {
  await until(
    async () => (await texts(page)).length >= expected.length,
    `${expected.length} messages are seen`,
    20_000,
  );
  assertEquals(await texts(page), expected);
}

async function picture({ page }: OpenPage, name: string): Promise<void> {
  if (PICTURES !== undefined) await page.screenshot({ path: `${PICTURES}/${name}.png` });
}

async function twoPeople(browser: Browser, url: string): Promise<void> {
  await using alice = await openPage(browser, url, { width: 1280 });
  await using bob = await openPage(browser, url, { width: 400, height: 800, colorScheme: "dark" });
  await picture(bob, "entrance-400-dark");
  await alice.page.getByLabel("Your name").fill("Alice and Bob");
  await alice.page.keyboard.press("Enter");
  await shows(alice.page, "a space is none of them");
  await picture(alice, "entrance-1280-light");
  await enter(alice, "alice");
  await alice.page.getByLabel("Find or create a room").fill("Harbour");
  await button(alice.page, "Create").click();
  await shows(alice.page, "one person here: alice");
  await say(alice, "Is anybody here?");
  await reads(alice, ["Is anybody here?"]);

  await enter(bob, "bob");
  await bob.page.getByLabel("Find or create a room").fill("harb");
  await picture(bob, "rooms-400-dark");
  await button(bob.page, "Join Harbour").click();
  await reads(bob, ["Is anybody here?"]);
  await shows(alice.page, "2 people here: alice and bob");
  await shows(bob.page, "2 people here: alice and bob");
  await bob.page.getByRole("textbox", { name: "Message" }).pressSequentially("Ye");
  await shows(alice.page, "bob is typing…");
  await picture(alice, "typing-1280-light");
  await say(bob, "Yes, <b>I am</b>");
  await reads(alice, ["Is anybody here?", "Yes, <b>I am</b>"]);
  await alice.page.locator("#typing", { hasText: /^$/ }).waitFor({ state: "attached" });
  const header = await alice.page.locator(".message header").last().innerText();
  assertMatch(header, /^bob\s+\d\d:\d\d:\d\d$/);

  await button(bob.page, "Cut the line").click();
  await shows(bob.page, "not connected: you have cut it");
  await shows(alice.page, "one person here: alice");
  await say(bob, "Said without a line");
  await bob.page.locator('.message[data-state="waiting"]').waitFor();
  await say(alice, "One", "Two", "Three");
  await reads(alice, ["Is anybody here?", "Yes, <b>I am</b>", "One", "Two", "Three"]);
  await picture(bob, "cut-400-dark");
  await button(bob.page, "Connect now").click();
  await shows(bob.page, "Connected again. 3 messages were missed: 3 read, 0 twice, 0 missing.");
  const all = ["Is anybody here?", "Yes, <b>I am</b>", "One", "Two", "Three", "Said without a line"];
  for (const person of [alice, bob]) await reads(person, all);
  assertEquals(await bob.page.getByText("was missed", { exact: true }).count(), 3);
  await shows(alice.page, "2 people here: alice and bob");
  await picture(bob, "recovered-400-dark");

  await say(alice, "All of it?");
  for (const person of [alice, bob]) await reads(person, [...all, "All of it?"]);
  assertEquals(await bob.page.getByRole("alert").filter({ visible: true }).count(), 0);
  await picture(alice, "chat-1280-light");
  assertEquals([alice.faults, bob.faults], [[], []]);
}

/** A room in which somebody has said more than a page of the history holds. */
async function fillRoom(url: string, profile: string, count: number): Promise<void> {
  const { token } = await (await fetch(`${url}dev/token?profile=${profile}`)).json();
  const ask = async (method: string, body: unknown) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const response = await fetch(`${url}chat.v1.ChatService/${method}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    assert(response.ok, JSON.stringify(answer));
  };
  await ask("CreateRoom", { id: "long", name: "A long story" });
  const events = Array.from({ length: count }, (_, nth) => ({
    id: `e${nth + 1}`,
    roomId: "long",
    type: "message",
    payload: { text: `Line ${nth + 1}` },
  }));
  await ask("SendEvent", { events });
}

async function historyAndReload(browser: Browser, url: string): Promise<void> {
  await fillRoom(url, "carol", 70);
  await using carol = await openPage(browser, url, { width: 1280, height: 700, colorScheme: "dark" });
  const { page } = carol;
  const lines = (from: number) => Array.from({ length: 71 - from }, (_, nth) => `Line ${nth + from}`);
  await enter(carol, "carol");
  await button(page, "A long story").click();
  await reads(carol, lines(41));
  await picture(carol, "history-1280-dark");
  await button(page, "Older messages").click();
  await reads(carol, lines(11));
  await button(page, "Older messages").click();
  await reads(carol, lines(1));
  await shows(page, "This is where the room begins.");
  await page.reload();
  await page.locator('#state[data-kind="open"]').waitFor();
  await reads(carol, lines(41));
  assertEquals(await page.locator("#who").innerText(), "carol");
  await button(page, "Create").click();
  await shows(page, "A room needs a name.");
  await until(
    () => page.locator("#scroll").evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 2),
    "the newest line stays in sight",
  );
  await picture(carol, "problem-1280-dark");
  // The same tab twice is the same device twice.
  const context = page.context();
  const storage = await page.evaluate(() => ({ ...sessionStorage }));
  const other = await context.newPage();
  await other.addInitScript((kept) => Object.assign(sessionStorage, kept), storage);
  await other.goto(url);
  await other.locator('#state[data-kind="open"]').waitFor();
  await shows(page, "not connected: another tab has taken the place of this one");
  assertEquals(carol.faults, []);
}

interopTest(
  "the page of serve chat --dev: people chat, see each other, and lose nothing with the line",
  BROWSER,
  async () => {
    await using stack = new AsyncDisposableStack();
    const url = await development(stack);
    const browser = await openBrowser();
    stack.defer(() => browser.close());
    await Promise.all([twoPeople(browser, url), historyAndReload(browser, url)]);
  },
);

Deno.test("the page of serve chat --dev names files that are there, and has no script or style inside", async () => {
  await using stack = new AsyncDisposableStack();
  const url = await development(stack);
  const seen = new Set<string>();
  const look = async (path: string): Promise<void> => {
    if (seen.has(path)) return;
    seen.add(path);
    const response = await fetch(new URL(path, url));
    const text = await response.text();
    assertEquals(response.status, 200, path);
    assertMatch(response.headers.get("content-security-policy")!, /^default-src 'none'; script-src 'self'; /);
    const named = [...text.matchAll(/(?:src=|href=|^import [^;]*? from )"([^"#]+)"/gm)];
    for (const [, file = ""] of named) await look(new URL(file, new URL(path, url)).pathname);
  };
  await look("/");
  assert(seen.size >= 10, [...seen].join());
  const page = await (await fetch(url)).text();
  assertEquals(page.match(/<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|https?:/g), null);
  const refused = await fetch(url, { method: "POST" });
  assertEquals([refused.status, refused.headers.get("allow"), await refused.text()], [
    405,
    "GET, HEAD",
    "expected GET\n",
  ]);
});

Deno.test("a page elsewhere whose name leads to this machine gets no token", async () => {
  await using stack = new AsyncDisposableStack();
  const url = new URL(await development(stack));
  const ask = async (host: string): Promise<string> => {
    using line = await Deno.connect({ hostname: url.hostname, port: Number(url.port) });
    const head = `GET /dev/token?profile=p HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`;
    await line.write(new TextEncoder().encode(head));
    return await new Response(line.readable).text();
  };
  assertMatch(await ask(`evil.example:${url.port}`), /^HTTP\/1\.1 403 [^]*open it as 127\.0\.0\.1 or localhost/);
  for (const host of [url.host, `localhost:${url.port}`, "[::1]:80"]) {
    assertMatch(await ask(host), /^HTTP\/1\.1 200 [^]*"token":/);
  }
});
