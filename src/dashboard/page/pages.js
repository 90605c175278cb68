// @ts-check
/// <reference lib="dom" />
/**
 * A long list of the admin interface, one page of it at a time.
 * @module
 */
import { ask } from "./api.js";
import { fill, h } from "./dom.js";

/** The way to the page behind (RFC 8288). */
const NEXT = /<([^>]+)>\s*;\s*rel="?next"?/;

/**
 * The page that is looked at, and the ways to those before and behind it.
 * @template T
 */
export class Pages {
  #place;
  #path;
  #size;
  #changed;
  #query = "";
  /** Paths of the pages before this one, and of it. @type {string[]} */
  #way;
  /** @type {string | undefined} */
  #next;
  #back = h("button", { type: "button", onclick: () => this.#go(() => this.#way.pop()) }, "Previous");
  #forth = h("button", { type: "button", onclick: () => this.#go(() => this.#way.push(this.#next ?? "")) }, "Next");

  /**
   * @param {HTMLElement} place of its buttons @param {string} path
   * @param {number} size elements of a page @param {() => void} changed another page is looked at
   */
  constructor(place, path, size, changed) {
    this.#place = place;
    this.#path = path;
    this.#size = size;
    this.#changed = changed;
    this.#way = [this.#first()];
    fill(place, this.#back, this.#forth);
    this.#showButtons();
  }

  /** How many elements are before this page. */
  get before() {
    return (this.#way.length - 1) * this.#size;
  }

  /** Looks at the first page of what fits. @param {Readonly<Record<string, string>>} filter */
  filter(filter) {
    const query = Object.entries(filter).filter(([, value]) => value !== "")
      .map(([name, value]) => `&${name}=${encodeURIComponent(value)}`).join("");
    if (query === this.#query) return;
    this.#query = query;
    this.#go(() => (this.#way = [this.#first()]));
  }

  /** Asks for the page. @returns {Promise<readonly T[]>} */
  async ask() {
    const path = this.#way.at(-1) ?? this.#first();
    const response = await ask(path);
    const elements = await response.json();
    // Somebody went to another page meanwhile.
    if (path !== this.#way.at(-1)) return await this.ask();
    this.#next = NEXT.exec(response.headers.get("link") ?? "")?.[1];
    // The list has become shorter than the way into it.
    if (elements.length === 0 && this.#way.length > 1) {
      this.#way.pop();
      return await this.ask();
    }
    this.#showButtons();
    return elements;
  }

  #first() {
    return `${this.#path}?limit=${this.#size}${this.#query}`;
  }

  /** @param {() => void} step */
  #go(step) {
    step();
    this.#next = undefined;
    this.#showButtons();
    this.#changed();
  }

  /** All on one page needs none of them. */
  #showButtons() {
    this.#place.hidden = this.#way.length === 1 && this.#next === undefined;
    this.#back.disabled = this.#way.length === 1;
    this.#forth.disabled = this.#next === undefined;
  }
}
