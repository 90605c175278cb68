// @ts-check
/// <reference lib="dom" />
/**
 * A row of numbers, each with a name over it and a remark below.
 * @module
 */
import { fill, h, setAttribute, setText } from "./dom.js";

/** @typedef {{ value: string, remark: string, level?: "bad" | "warn" | "good" | null }} Shown */

/** Made once and changed. */
export class TileRow {
  /** @type {Map<string, { element: HTMLElement, value: HTMLElement, remark: HTMLElement }>} */
  #tiles = new Map();

  /** @param {HTMLElement} place @param {readonly string[]} names */
  constructor(place, names) {
    fill(
      place,
      ...names.map((name) => {
        const value = h("strong", {}, "–");
        const remark = h("small", {}, "");
        const element = h("div", { class: "tile", "data-tile": name }, h("span", {}, name), value, remark);
        this.#tiles.set(name, { element, value, remark });
        return element;
      }),
    );
  }

  /** @param {string} name @param {Shown} shown */
  write(name, { value, remark, level = null }) {
    const tile = this.#tiles.get(name);
    if (tile === undefined) return;
    setText(tile.value, value);
    setText(tile.remark, remark);
    setAttribute(tile.remark, "title", remark);
    setAttribute(tile.element, "data-level", level);
  }
}
