/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { interopTest } from "../interop/programs.ts";
import { until } from "../support/until.ts";
import { BROWSER, type Look, openBrowser, type OpenPage, openPage } from "./browser.ts";
import { beyondTheEdge } from "./fits.ts";
import { live } from "./live.ts";
import { type Size, type Stage, stage } from "./stage.ts";

const FEW: Size = { dras: 4, apps: 12 };
const MANY: Size = { dras: 50, apps: 5000 };
const WIDE: Look = { width: 1280 };
/** How long the page may take to come round, in milliseconds. */
const PATIENCE = 20_000;
/** Pages that are played with at the same time. */
const AT_ONCE = 4;

/** What a person does with the page, by what that person would say of it. */
const scenes: [string, (browser: Browser) => Promise<void>][] = [
  ["whoever has only the dashboard operates a gateway under load, and no request is lost", live],
];

/** A page over a made-up gateway; that nothing went wrong in it is seen at the end. */
function scene(
  name: string,
  size: Size,
  look: Look,
  body: (open: OpenPage, there: Stage) => Promise<void>,
): void {
  scenes.push([name, async (browser) => {
    await using there = await stage(size);
    await using open = await openPage(browser, there.url, look);
    await body(open, there);
    assertEquals(open.faults, []);
  }]);
}

const card = (page: Page, name: string) => page.locator(`[data-dra="${name}"]`);
const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const rows = (page: Page) => page.locator(".transactions tbody tr");
const seen = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor();

scene(
  "whoever opens the dashboard sees how each DRA is, why, and when it is tried next",
  FEW,
  WIDE,
  async ({ page }, { scene }) => {
    assertEquals(await page.title(), "gw1.edge.example.com · diam-gw");
    const failed = { dra: "dra-west-2", reason: "cannot be reached: refused", hint: "", retry_in_ms: 200 };
    for (let i = 0; i < 600; i++) scene.events.tell("dra_connect_failed", failed);
    await seen(page, "dra-west-2 cannot be reached: refused; next attempt in 0.2 s (600 times)");
    const down = card(page, "dra-west-2");
    const text = await down.innerText();
    assertMatch(text, /RECONNECTING/);
    assertMatch(text, /cannot be reached: connection refused \(10.0.3.100:3868\) · next attempt in [12] min \d+ s/);
    assertMatch(
      await card(page, "dra-west-1").innerText(),
      /Stands by: priority 1 carries traffic[^]*half open 31 %/,
    );
    await page.locator('[data-tile="Requests"] strong', { hasText: /^[\d,.]+k?\/s$/ }).waitFor();
    assertEquals(await page.locator('[data-tile="DRAs"] strong').innerText(), "3 / 4");
    assertEquals(await page.locator(".chart canvas").count(), 3);
    await seen(page, "12 connections");
  },
);

scene(
  "a question is denied by Escape, a weight that is none is refused, and a breaker is closed",
  FEW,
  WIDE,
  async ({ page }, { scene }) => {
    const one = card(page, "dra-east-1");
    const press = (name: string) => one.getByRole("button", { name, exact: true }).click();
    const dialog = page.getByRole("dialog");
    await press("Disable");
    await dialog.getByText("Disable dra-east-1?").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    assertEquals(scene.asked, []);
    await press("Weight…");
    await dialog.getByRole("textbox").fill("70000");
    await dialog.getByRole("button", { name: "Set" }).click();
    await dialog.getByText("Expected a whole number 0 to 65,535.").waitFor();
    await dialog.getByRole("textbox").fill("7");
    await page.keyboard.press("Enter");
    await seen(page, "The weight of dra-east-1 is 7.");
    await card(page, "dra-west-1").getByRole("button", { name: "Reset breaker" }).click();
    await seen(page, "The breaker is closed.");
    assertEquals(scene.asked, ["weight dra-east-1 7", "breaker/reset dra-west-1"]);
  },
);

scene(
  "the log's level changes for a while, and whoever presses Enter at the question before a drain drains nothing",
  FEW,
  WIDE,
  async ({ page }, { host, scene }) => {
    const dialog = page.getByRole("dialog");
    await button(page, "Log: info").click();
    await dialog.getByLabel("Level").selectOption("debug");
    await dialog.getByLabel("a line for each request").check();
    await dialog.getByLabel("Keep it so").selectOption("10m");
    await dialog.getByRole("button", { name: "Set" }).click();
    await button(page, "Log: debug").waitFor();
    assertEquals([host.state.level, host.state.requests, host.state.responses], ["debug", true, false]);
    assert(host.state.until !== null && host.state.until.getTime() > Date.now() + 500_000);
    await button(page, "Drain…").click();
    await dialog.getByText("12 Logic Apps connected").waitFor();
    // The button that does no harm has the focus.
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "hidden" });
    assertEquals(host.drained, 0);
    scene.current = { state: "draining", ready: false, reason: "26 requests are pending" };
    await seen(page, "26 requests are pending");
  },
);

scene(
  "transactions are filtered, and one is shown as a ladder with its messages decoded",
  FEW,
  WIDE,
  async ({ page }, { scene }) => {
    await rows(page).first().waitFor();
    await page.getByLabel("Result-Code").fill("5422");
    const isOnly = async () => {
      const texts = await rows(page).locator(".code").allInnerTexts();
      return texts.length > 0 && texts.every((text) => text.startsWith("5422"));
    };
    await until(isOnly, "only 5422 is shown", PATIENCE);
    await page.getByLabel("Result-Code").fill("many");
    await seen(page, /^code: expected /);
    await button(page, "Clear").click();
    await page.getByLabel("Session-Id").fill("nobody's");
    await seen(page, "No transaction fits.");
    await button(page, "Clear").click();
    await page.locator("tr[data-retried]").first().click();
    const detail = page.locator("#detail");
    await detail.locator(".avps").waitFor();
    assertEquals(await detail.locator(".head strong").allInnerTexts().then((names) => names.slice(1)), [
      "gateway",
      await detail.locator(".head strong").nth(2).innerText(),
      "dra-west-1",
    ]);
    assertEquals(await detail.locator(".rung .label").allInnerTexts(), [
      "ECR",
      "relayed",
      "no answer",
      "attempt 2",
      "2001 SUCCESS",
      "2001 SUCCESS",
    ]);
    const facts = await detail.locator(".facts").innerText();
    assertMatch(
      facts,
      /Why there\s+priority 1, round robin among 2 DRAs · then dra-west-1 \(dra-east-[12]: no answer\)/,
    );
    assertMatch(facts, /0x1000[0-9a-f]{4} Logic App · 0x7f00[0-9a-f]{4} DRA/);
    assertMatch(await detail.locator(".avps").innerText(), /IMEI[^]*35674108000001/);
    await detail.locator("button.rung").last().click();
    await detail.getByText("3GPP-ME-Identity-Check-Answer").waitFor();
    assertMatch(await detail.locator(".avps").innerText(), /2001 DIAMETER_SUCCESS/);
    scene.hasBodies = false;
    await page.locator('tr[data-level="bad"]').first().click();
    await detail.getByText("Its messages are not recorded.").waitFor();
  },
);

scene("the page is used with the keyboard alone", FEW, WIDE, async ({ page }) => {
  await rows(page).first().waitFor();
  await page.keyboard.press("/");
  assertEquals(await page.evaluate(() => document.activeElement?.getAttribute("name")), "session");
  await page.keyboard.press("Escape");
  await rows(page).first().focus();
  const place = () => page.evaluate(() => document.activeElement?.closest("tr")?.rowIndex ?? NaN);
  const first = await place();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  const detail = page.locator("#detail");
  await detail.waitFor();
  const chosen = page.locator('.transactions tr[aria-selected="true"]');
  assertEquals([await place(), await chosen.evaluate((row) => (row as HTMLTableRowElement).rowIndex)], [
    first + 1,
    first + 1,
  ]);
  const before = await chosen.innerText();
  await page.keyboard.press("ArrowDown");
  await until(async () => await chosen.innerText() !== before, "the next one is chosen", PATIENCE);
  await page.keyboard.press("Escape");
  await detail.waitFor({ state: "hidden" });
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.keyboard.press("t");
  await button(page, "Theme: light").waitFor();
  await page.keyboard.press("t");
  await button(page, "Theme: dark").waitFor();
  assert(await background() !== light);
  await page.reload();
  await button(page, "Theme: dark").waitFor();
});

scene(
  "what peers call themselves is shown as text, and loads and runs nothing",
  FEW,
  WIDE,
  async ({ page }, { scene }) => {
    const name = `<img src=http://127.0.0.1:9/x onerror="document.title='taken'">`;
    const first = scene.apps[0];
    assert(first !== undefined);
    scene.apps[0] = { ...first, origin_host: name };
    Object.assign(scene.dras[0] ?? {}, { reason: name, usable: false, last_error: name });
    scene.events.tell("dra_down", { dra: name, reason: name });
    await page.locator(".apps").getByText(name).waitFor();
    await page.locator(".dra .why", { hasText: name }).waitFor();
    await page.locator(".events").getByText(name).first().waitFor();
    assertEquals(await page.title(), "gw1.edge.example.com · diam-gw");
  },
);

for (const [name, size, troubled] of [["few", FEW, 2], ["many", MANY, 5]] as const) {
  const what = `${size.dras} DRAs and ${size.apps} Logic Apps fit pages of 1280 and 400 pixels`;
  scene(what, size, WIDE, async ({ page }, { scene }) => {
    await seen(page, `${scene.apps.length.toLocaleString("en")} connections`);
    // Thousands of Logic Apps are not thousands of elements.
    assert(await page.locator("tr.app").count() < 60);
    const last = `mme${size.apps}.apps.example.com`;
    await page.getByLabel("Find a Logic App").fill(last);
    await page.locator("tr.app").getByText(last).click();
    const isAsked = async () => await page.getByLabel("Logic App", { exact: true }).inputValue() === last;
    await until(isAsked, "its transactions are asked for", PATIENCE);
    await page.getByLabel("Find a Logic App").fill("");
    await button(page, "Clear").click();
    await page.getByLabel("Only with trouble").check();
    const cards = page.locator("article.dra");
    assertEquals(await cards.evaluateAll((all) => all.filter((one) => one.checkVisibility()).length), troubled);
    await page.getByLabel("Only with trouble").uncheck();
    await rows(page).first().click();
    await page.locator(".avps, .message .nothing").first().waitFor();
    for (const [width, colorScheme] of [[1280, "dark"], [400, "light"]] as const) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      await until(async () => (await beyondTheEdge(page)).length === 0, `everything fits ${width} pixels`, PATIENCE);
      const picture = await page.screenshot({ fullPage: true });
      const directory = Deno.env.get("DIAM_GW_SCREENSHOTS");
      if (directory !== undefined) await Deno.writeFile(`${directory}/${name}-${width}.png`, picture);
    }
  });
}

interopTest("a person uses the dashboard in Chromium", BROWSER, async (context) => {
  const browser = await openBrowser();
  try {
    // A few at once, because each mostly waits for its next look. The test around them watches for
    // leaks.
    const steps = scenes.values();
    const alone = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (const [name, play] of steps) await context.step({ name, fn: () => play(browser), ...alone });
    }));
  } finally {
    await browser.close();
  }
});
