/// <reference lib="dom" />
/**
 * Pictures of the page for people to look at: `deno run -A tests/diameter/admin/dashboard/look.ts
 * DIRECTORY [SECONDS]`.
 * @module
 */
import { openBrowser, openPage } from "./browser.ts";
import { type Size, stage } from "./stage.ts";

const [directory = ".", seconds = "40"] = Deno.args;
const SIZES: Readonly<Record<string, Size>> = { few: { dras: 4, apps: 12 }, many: { dras: 50, apps: 5000 } };

await Deno.mkdir(directory, { recursive: true });
const browser = await openBrowser();
for (const [name, size] of Object.entries(SIZES)) {
  await using there = await stage(size);
  const { scene } = there;
  const [first] = scene.dras;
  await Promise.all([1280, 400].flatMap((width) =>
    (["light", "dark"] as const).map(async (colorScheme) => {
      await using open = await openPage(browser, there.url, { width, colorScheme });
      const { page, faults } = open;
      await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 300));
      if (first !== undefined && first.usable) {
        Object.assign(first, {
          usable: false,
          state: "FAILED",
          watchdog: "suspect",
          reason: "is suspect: no answer to a watchdog for 30 s",
        });
        scene.events.tell("dra_suspect", {
          dra: first.name,
          reason: "is suspect: no answer to a watchdog",
          pending: 31,
        });
        scene.events.tell("dra_connect_failed", {
          dra: scene.dras.at(-1)?.name,
          reason: "cannot be reached: connection refused (10.0.3.100:3868)",
          hint: "",
          retry_in_ms: 12_000,
        });
        scene.events.tell("failover", { from: 1, to: 2 });
      }
      await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 300));
      if (first !== undefined && !first.usable) {
        Object.assign(first, { usable: true, state: "OPEN", watchdog: "okay", reason: null });
        scene.events.tell("dra_up", { dra: first.name });
        scene.events.tell("failback", { from: 2, to: 1 });
      }
      await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 300));
      await page.locator(".transactions tbody tr[data-retried]").first().click();
      await page.locator(".avps").waitFor();
      await page.mouse.move(width / 4, 300);
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: `${directory}/${name}-${width}-${colorScheme}.png`, fullPage: true });
      for (const fault of faults) console.error(name, width, fault);
    })
  ));
}
await browser.close();
