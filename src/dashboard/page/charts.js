// @ts-check
/// <reference lib="dom" />
/**
 * Rate, latency and requests in flight of each DRA, over one time axis.
 * @module
 */
/** @import { History, Line } from "./history.js" */
import uPlot from "uplot";
import { byId, fill, h, remember, remembered, setAttribute } from "./dom.js";
import { clock, milliseconds, short } from "./format.js";

const HEIGHT = 170;
const RANGES = /** @type {const} */ ([[60, "1 min"], [300, "5 min"], [900, "15 min"]]);

/** Which value of a line a chart shows. @typedef {"rate" | "p99" | "inFlight"} Measure */

/** @type {readonly (readonly [string, Measure, (value: number) => string])[]} */
const CHARTS = [
  ["chart-rate", "rate", (value) => `${short(value)}/s`],
  ["chart-latency", "p99", milliseconds],
  ["chart-in-flight", "inFlight", short],
];

/** The class with which an element takes the colour of a line. @param {number | null} color */
export function colorClass(color) {
  return color === null ? "line-others" : `line-${color}`;
}

/** All three. */
export class Charts {
  #history;
  #seconds = Number(remembered("range") ?? RANGES[1][0]);
  /** Names of lines that are not shown. @type {Set<string>} */
  #hidden = new Set();
  #charts;
  #legend = byId("legend", HTMLElement);
  #legendNames = "";

  /** @param {History} history */
  constructor(history) {
    this.#history = history;
    this.#charts = CHARTS.map(([id, measure, text]) => new Chart(byId(id, HTMLElement), measure, text));
    const range = byId("range", HTMLElement);
    const buttons = RANGES.map(([seconds, label]) => ({
      seconds,
      button: h("button", { type: "button", onclick: () => choose(seconds) }, label),
    }));
    const choose = (/** @type {number} */ seconds) => {
      this.#seconds = seconds;
      remember("range", String(seconds));
      for (const { seconds: own, button } of buttons) setAttribute(button, "aria-pressed", String(own === seconds));
      this.draw();
    };
    fill(range, ...buttons.map(({ button }) => button));
    choose(RANGES.some(([seconds]) => seconds === this.#seconds) ? this.#seconds : RANGES[1][0]);
  }

  /** Seconds that are shown. */
  get seconds() {
    return this.#history.span(this.#seconds);
  }

  /** Draws what the history has by now. */
  draw() {
    const { times, lines } = this.#history.lines(this.#seconds);
    this.#drawLegend(lines);
    const shown = lines.filter(({ name, color }) => !this.#hidden.has(color === null ? "others" : name));
    for (const chart of this.#charts) chart.draw(times, shown, this.seconds);
  }

  /** Takes the colours anew: the theme is another one. */
  recolor() {
    for (const chart of this.#charts) chart.forget();
    this.draw();
  }

  /** @param {readonly Line[]} lines */
  #drawLegend(lines) {
    const names = JSON.stringify(lines.map(({ name, color }) => [name, color]));
    if (names === this.#legendNames) return;
    this.#legendNames = names;
    fill(
      this.#legend,
      ...lines.map(({ name, color }) => {
        const key = color === null ? "others" : name;
        const button = h(
          "button",
          {
            type: "button",
            class: "key",
            "aria-pressed": String(!this.#hidden.has(key)),
            title: "Show or hide this line",
            onclick: () => {
              if (!this.#hidden.delete(key)) this.#hidden.add(key);
              setAttribute(button, "aria-pressed", String(!this.#hidden.has(key)));
              this.draw();
            },
          },
          h("span", { class: `swatch ${colorClass(color)}` }),
          name,
        );
        return button;
      }),
    );
  }
}

class Chart {
  #place;
  #measure;
  #text;
  #tip = h("div", { class: "tip", hidden: true });
  /** @type {uPlot | undefined} */
  #plot;
  /** What it was made for: other lines need another one. */
  #madeFor = "";
  /** @type {readonly Line[]} */
  #lines = [];

  /** @param {HTMLElement} place @param {Measure} measure @param {(value: number) => string} text */
  constructor(place, measure, text) {
    this.#place = place;
    this.#measure = measure;
    this.#text = text;
    new ResizeObserver(() => {
      const width = place.clientWidth;
      if (width > 0 && this.#plot !== undefined && this.#plot.width !== width) {
        this.#plot.setSize({ width, height: HEIGHT });
      }
    }).observe(place);
  }

  forget() {
    this.#madeFor = "";
  }

  /** @param {number[]} times @param {readonly Line[]} lines @param {number} seconds */
  draw(times, lines, seconds) {
    this.#lines = lines;
    const madeFor = JSON.stringify(lines.map(({ name, color }) => [name, color]));
    /** @type {uPlot.AlignedData} */
    const data = [times, ...lines.map((line) => line[this.#measure])];
    if (madeFor !== this.#madeFor || this.#plot === undefined) {
      this.#madeFor = madeFor;
      this.#plot?.destroy();
      this.#plot = new uPlot(this.#options(lines), data, this.#place);
      this.#plot.over.append(this.#tip);
    }
    this.#plot.setData(data, false);
    const end = times.at(-1) ?? Date.now() / 1000;
    this.#plot.setScale("x", { min: end - seconds, max: end });
  }

  /** @param {readonly Line[]} lines @returns {uPlot.Options} */
  #options(lines) {
    const muted = this.#color("axis-color");
    const grid = { stroke: this.#color("grid-color"), width: 1 };
    const font = "11px system-ui, sans-serif";
    return {
      width: this.#place.clientWidth || 300,
      height: HEIGHT,
      padding: [8, 26, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: "time" }, y: false, drag: { x: false, y: false }, points: { size: 6 } },
      scales: { x: { time: true }, y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
      axes: [
        {
          stroke: muted,
          grid: { ...grid, show: false },
          ticks: { ...grid, size: 4 },
          font,
          size: 26,
          space: 58,
          values: (_plot, splits) => splits.map((split) => clock(split * 1000).replace(/:00$/, "")),
        },
        {
          stroke: muted,
          grid,
          ticks: { show: false },
          font,
          size: 46,
          space: 36,
          values: (_plot, splits) => splits.map((split) => short(split).replace(/\.0+(?=\D)/, "")),
        },
      ],
      series: [
        {},
        ...lines.map(({ name, color }) => ({
          label: name,
          stroke: this.#color(colorClass(color)),
          width: 1.5,
          points: { show: false },
          spanGaps: false,
        })),
      ],
      hooks: { setCursor: [(plot) => this.#showTip(plot)] },
    };
  }

  /** @param {uPlot} plot */
  #showTip(plot) {
    const { idx, left = -1 } = plot.cursor;
    const time = idx === null || idx === undefined ? undefined : plot.data[0][idx];
    if (time === undefined || idx === null || idx === undefined || left < 0) {
      this.#tip.hidden = true;
      return;
    }
    const values = this.#lines.map((line) => ({ line, value: line[this.#measure][idx] ?? null }))
      .sort((a, b) => (b.value ?? -1) - (a.value ?? -1));
    fill(
      this.#tip,
      h("strong", {}, clock(time * 1000)),
      ...values.map(({ line: { name, color }, value }) =>
        h(
          "div",
          {},
          h("span", { class: `swatch ${colorClass(color)}` }),
          h("span", { class: "name" }, name),
          h("span", { class: "number" }, value === null ? "–" : this.#text(value)),
        )
      ),
    );
    this.#tip.hidden = false;
    const isRight = left > plot.over.clientWidth / 2;
    this.#tip.style.left = isRight ? "" : `${left + 10}px`;
    this.#tip.style.right = isRight ? `${plot.over.clientWidth - left + 10}px` : "";
  }

  /** The colour that a class gives. @param {string} name */
  #color(name) {
    const probe = h("span", { class: name, hidden: true });
    this.#place.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }
}
