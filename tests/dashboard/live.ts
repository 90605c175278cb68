/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * A gateway under load, operated by somebody who has nothing but the dashboard.
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { Operated } from "../host/operated.ts";
import { FROM_SOURCE, GatewayProcess } from "../support/gateway_process.ts";
import { until } from "../support/until.ts";
import { type OpenPage, openPage } from "./browser.ts";
import { Line } from "./line.ts";

const RATE = 500;
/** How long the page may take to come round, in milliseconds. */
const PATIENCE = 20_000;

/** What a person does who looks at one page. */
class Operator {
  readonly #page: Page;
  readonly dialog;

  constructor({ page }: OpenPage) {
    this.#page = page;
    this.dialog = page.getByRole("dialog");
  }

  /** Reads how a DRA is until it fits. */
  async sees(dra: string, expected: RegExp): Promise<void> {
    await this.#page.locator(`[data-dra="${dra}"]`, { hasText: expected }).waitFor();
  }

  /** Reads an event, or what came of something. */
  async reads(text: string | RegExp): Promise<void> {
    await this.#page.getByText(text).first().waitFor();
  }

  /** Clicks a button of a DRA, and the one that answers its question. */
  async click(dra: string, name: string, answer?: string): Promise<void> {
    await this.#page.locator(`[data-dra="${dra}"]`).getByRole("button", { name, exact: true }).click();
    if (answer !== undefined) await this.dialog.getByRole("button", { name: answer, exact: true }).click();
  }

  /** Clicks a button that is there once. */
  async press(name: string): Promise<void> {
    await this.#page.getByRole("button", { name, exact: true }).click();
  }

  /** Gives a DRA a weight. */
  async weigh(dra: string, weight: number): Promise<void> {
    await this.click(dra, "Weight…");
    await this.dialog.getByRole("textbox").fill(String(weight));
    await this.#page.keyboard.press("Enter");
    await this.reads(`The weight of ${dra} is ${weight}.`);
  }

  /**
   * Opens the newest transaction that fits a filter, and reads what is known of it once it has
   * ended.
   */
  async reasonOf(filter: string, value: string): Promise<string> {
    const input = this.#page.locator(`#filters [name="${filter}"]`);
    const rows = this.#page.locator(".transactions tbody tr");
    await input.fill(value);
    await this.#page.locator("#transaction-list:not([aria-busy])").waitFor();
    await rows.first().click();
    const detail = this.#page.locator("#detail");
    await detail.locator(".avps").waitFor();
    await detail.locator(".facts", { hasText: /took/ }).waitFor();
    await this.#page.locator('.transactions tr[aria-selected="true"]', { hasText: /\d ms/ }).waitFor();
    const text = await detail.locator(".facts").innerText();
    await input.fill("");
    return text;
  }

  /** Closes what {@link reasonOf} opened. */
  async closes(): Promise<void> {
    await this.#page.keyboard.press("Escape");
    await this.#page.locator("#detail").waitFor({ state: "hidden" });
  }

  /** The rungs of the ladder, from top to bottom. */
  async ladder(): Promise<string[]> {
    return await this.#page.locator(".rung .label").allInnerTexts();
  }

  /** How often an event stands in the list. */
  async countOf(text: string): Promise<number> {
    return await this.#page.locator(".events li", { hasText: text }).count();
  }
}

async function operate(scene: Operated, line: Line, open: OpenPage): Promise<void> {
  const operator = new Operator(open);
  const { dialog } = operator;

  await operator.sees("dra-1", /Carries traffic/);
  // From before the page was opened.
  await operator.reads("dra-1 is up");
  await operator.sees("dra-2", /Stands by: priority 1 carries traffic/);

  // Out of service, under load.
  await operator.click("dra-1", "Disable", "Disable");
  await operator.reads("dra-1 is disabled.");
  await operator.sees("dra-1", /DISABLED[^]*is disabled by its operator/);
  await operator.sees("dra-2", /Carries traffic/);
  await operator.reads("Failover: priority 1 → 2");
  await scene.gets(2);
  await scene.gets(1, false);
  const moved = await operator.reasonOf("dra", "dra-2");
  assertMatch(moved, /Why there\s+priority 2\s+Left out\s+dra-1 is disabled by its operator/);
  assertMatch(moved, /0x[0-9a-f]{8} Logic App · 0x[0-9a-f]{8} DRA/);
  assertEquals(await operator.ladder(), ["ECR", "relayed", "2001 SUCCESS", "2001 SUCCESS"]);
  await operator.closes();

  // And back.
  await operator.click("dra-1", "Enable");
  await operator.reads("Failback: priority 2 → 1");
  await scene.gets(1);
  await operator.weigh("dra-1", 0);
  await operator.sees("dra-1", /Weight 0: reached by Destination-Host only/);
  await scene.gets(1, false);
  await operator.weigh("dra-1", 100);
  await scene.gets(1);
  const { reconnects } = await scene.dra("dra-1");
  await operator.click("dra-1", "Reconnect", "Reconnect");
  await operator.sees("dra-1", new RegExp(`OPEN · okay[^]*${reconnects + 1} reconnect`));

  // The line is cut and mended; what happened meanwhile is told, once.
  const before = await operator.countOf("Failover: priority 1 → 2");
  line.cut();
  await operator.reads(/^No connection to the gateway for \d+ s: nobody answers\. What you see is of/);
  await scene.post("dras/dra-1/disable");
  await scene.post("dras/dra-1/enable");
  await scene.gets(1);
  line.mend(scene.gateway.admin!);
  await operator.reads("The connection is back.");
  await until(
    async () => await operator.countOf("Failover: priority 1 → 2") === before + 1,
    "the failover is told that it missed",
    PATIENCE,
  );
  await operator.sees("dra-1", /Carries traffic/);

  // Another configuration: looked at, refused, tried and kept.
  await scene.rewrite({ gateway: { max_attempts: 2, drain_timeut: "1s" } });
  await operator.press("Reload…");
  await dialog.getByText(/drain_timeut/).waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  await scene.rewrite({ gateway: { max_attempts: 1, drain_timeout: "20s" } });
  await operator.reads("The configuration file says something else than what is in force.");
  await operator.press("Review…");
  await dialog.getByText("2 changes in the configuration file").waitFor();
  const rows = await dialog.locator("tbody tr").allInnerTexts();
  assertEquals(rows.map((row) => row.split(/\s+/)), [["gateway.max_attempts", "3", "1"], [
    "gateway.drain_timeout",
    "10s",
    "20s",
  ]]);
  await dialog.getByRole("button", { name: "Put into force" }).click();
  await operator.reads(/^The new configuration goes back by itself in (1 min|5\d s)/);
  await operator.press("Keep it");
  await operator.reads("The new configuration is kept.");
  await open.page.locator("#config-remark").waitFor({ state: "hidden" });
  const config = (await scene.ask("/api/v1/config")).json() as { gateway: Record<string, unknown> };
  assertEquals([config.gateway["max_attempts"], config.gateway["drain_timeout"]], [1, "20s"]);

  // Through all of that.
  await scene.nothingLost();

  // Why 3002.
  await operator.click("dra-1", "Disable", "Disable");
  await operator.sees("dra-1", /DISABLED · DISCONNECTED/);
  await operator.click("dra-2", "Disable");
  await dialog.getByText("It is the only usable DRA: without it every request is answered 3002.").waitFor();
  await dialog.getByRole("button", { name: "Disable" }).click();
  await operator.sees("dra-2", /DISABLED · DISCONNECTED/);
  await scene.app.run({ requests: 3 });
  const why = await operator.reasonOf("code", "3002");
  assertMatch(why, /Own answer\s+no route\s+Why there\s+no DRA could be asked\s+Left out/);
  assertMatch(why, /Left out\s+dra-1 is disabled by its operator\s+dra-2 is disabled by its operator/);
  assertEquals(await operator.ladder(), ["ECR", "3002 UNABLE_TO_DELIVER"]);
  await operator.closes();
}

/** The gateway is killed, another one comes, and that one is drained. */
async function replace(scene: Operated, line: Line, open: OpenPage): Promise<void> {
  const operator = new Operator(open);
  scene.gateway.kill("SIGKILL");
  await operator.reads(/^No connection to the gateway for \d+ s: nobody answers/);
  await using next = await GatewayProcess.start(FROM_SOURCE, JSON.stringify(scene.tree));
  await until(() => next.admin !== undefined, "it has an admin interface", PATIENCE);
  line.mend(next.admin!);
  await operator.reads("The connection is back.");
  await operator.sees("dra-1", /Carries traffic/);
  await operator.reads("What happened before is not known any more");
  await operator.press("Drain…");
  await operator.dialog.getByText("It cannot be called off.").waitFor();
  await operator.dialog.getByRole("button", { name: "Drain and exit" }).click();
  assertEquals(await next.exitCode(), 0);
  await operator.reads(/It was draining: it has probably ended|nobody answers/);
}

/** The whole of it. */
export async function live(browser: Browser): Promise<void> {
  await using scene = await Operated.start({ rate: RATE });
  await using line = new Line(scene.gateway.admin!);
  await using open = await openPage(browser, line.url, { width: 1280 });
  await operate(scene, line, open);
  await replace(scene, line, open);
  assertEquals(open.faults, []);
}
