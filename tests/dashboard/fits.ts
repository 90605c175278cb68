/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * Whether a page fits its window.
 * @module
 */
import type { Page } from "playwright-core";

/** What makes a person scroll sideways; lists that scroll by themselves may be wider. */
export function beyondTheEdge(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const wide = [...document.querySelectorAll("button, input, h1, h2, h3, .tile, article, .rung, .chart canvas")]
      .filter((one) => one.checkVisibility() && one.closest(".list, .rows, .lanes, nav") === null)
      .filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5).map((one) => one.outerHTML);
    return document.documentElement.scrollWidth > innerWidth ? ["the page", ...wide] : wide;
  });
}
