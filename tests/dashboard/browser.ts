/**
 * Debian's Chromium without a window, and pages in it.
 * @module
 */
import { type Browser, chromium, type Page } from "playwright-core";
import { program } from "../interop/programs.ts";

/** Where Debian has it. */
const CHROMIUM = "/usr/bin/chromium";

/** What a test of the page needs. */
export const BROWSER = [program("chromium", "chromium")];

/** How long anything may take on a machine that is busy, in milliseconds. */
const PATIENCE = 20_000;

/** Nothing but what the tests look at. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts one with a profile of its own, which goes with it. */
export async function openBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, timeout: PATIENCE });
}

/** How a page is looked at. */
export interface Look {
  readonly width: number;
  readonly height?: number;
  readonly colorScheme?: "light" | "dark";
}

/** A page, and what went wrong in it. */
export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors, refusals of the content security policy, and requests to anybody else. */
  readonly faults: readonly string[];
}

/** Opens the page at `url`, and waits until it shows what it was told. */
export async function openPage(browser: Browser, url: string, look: Look): Promise<OpenPage> {
  const { width, height = 900, colorScheme = "light" } = look;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: "reduce" });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`${error.stack ?? error.message}`));
  page.on("console", (message) => {
    // That a request failed is told, too, when a gateway has gone: the page says so itself.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      faults.push(message.text());
    }
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(url)) faults.push(`it asked for ${request.url()}`);
  });
  await page.goto(url);
  await page.locator("body[data-loaded]").waitFor();
  return { page, faults, [Symbol.asyncDispose]: () => context.close() };
}
