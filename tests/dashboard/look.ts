/// <reference lib="dom" />
/**
 * Pictures of the page for people to look at: `deno run -A tests/dashboard/look.ts
 * DIRECTORY [SECONDS]`. `live` is a real gateway under load, the others are made up.
 * @module
 */
import type { Browser } from "playwright-core";
import { Operated } from "../host/operated.ts";
import { type Look, openBrowser, openPage } from "./browser.ts";
import { type Size, type Stage, stage } from "./stage.ts";

const [directory = ".", seconds = "40"] = Deno.args;
const SIZES: Readonly<Record<string, Size>> = { few: { dras: 4, apps: 12 }, many: { dras: 50, apps: 5000 } };
const LOOKS: readonly Look[] = [1280, 400].flatMap((width) =>
  (["light", "dark"] as const).map((colorScheme) => ({ width, colorScheme }))
);
/** Pixels that are seen well at once. */
const PART = 1_200;
const CHOSEN = ".transactions tbody tr[data-retried], .transactions tbody tr[data-level=bad]";

/** A third of the time. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Number(seconds) * 333));
}

/** Pictures of every look, while something happens in three acts. */
async function pictures(browser: Browser, name: string, url: string, act: (nth: number) => void): Promise<void> {
  const opened = await Promise.all(LOOKS.map((look) => openPage(browser, url, look)));
  for (const nth of [1, 2, 3]) {
    await pause();
    act(nth);
  }
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  for (const [nth, { page, faults }] of opened.entries()) {
    const { width, colorScheme } = LOOKS[nth]!;
    const row = page.locator(CHOSEN).or(page.locator(".transactions tbody tr")).first();
    await row.click();
    await page.locator(".avps, .message .nothing").first().waitFor();
    await page.mouse.move(width / 4, 300);
    await page.evaluate(() => scrollTo(0, 0));
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    for (let y = 0; y < height; y += PART) {
      const path = `${directory}/${name}-${width}-${colorScheme}-${y / PART}.png`;
      const clip = { x: 0, y, width, height: Math.min(PART, height - y) };
      await page.screenshot({ path, fullPage: true, clip });
    }
    for (const fault of faults) console.error(name, width, fault);
  }
  for (const open of opened) await open[Symbol.asyncDispose]();
}

function acts({ scene }: Stage): (nth: number) => void {
  const [first] = scene.dras;
  return (nth) => {
    if (first === undefined) return;
    if (nth === 1) {
      const reason = "is suspect: no answer to a watchdog for 30 s";
      Object.assign(first, { usable: false, state: "FAILED", watchdog: "suspect", reason });
      scene.events.tell("dra_suspect", { dra: first.name, reason, pending: 31 });
      scene.events.tell("dra_connect_failed", {
        dra: scene.dras.at(-1)?.name,
        reason: "cannot be reached: connection refused (10.0.3.100:3868)",
        hint: "",
        retry_in_ms: 12_000,
      });
      scene.events.tell("failover", { from: 1, to: 2 });
    } else if (nth === 2) {
      Object.assign(first, { usable: true, state: "OPEN", watchdog: "okay", reason: "" });
      scene.events.tell("dra_up", { dra: first.name });
      scene.events.tell("failback", { from: 2, to: 1 });
    }
  };
}

await Deno.mkdir(directory, { recursive: true });
const browser = await openBrowser();
for (const [name, size] of Object.entries(SIZES)) {
  await using there = await stage(size);
  await pictures(browser, name, there.url, acts(there));
}
{
  await using scene = await Operated.start({ rate: 2_000 });
  const { hostname, port } = scene.gateway.admin!;
  await pictures(browser, "live", `http://${hostname}:${port}`, (nth) => {
    if (nth === 1) scene.dras[0]!.kill();
    if (nth === 2) scene.dras[0]!.start();
    if (nth === 3) void scene.post("dras/dra-1/weight?value=50");
  });
}
await browser.close();
