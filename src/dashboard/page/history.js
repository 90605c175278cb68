// @ts-check
/**
 * What the page has seen of each DRA, second by second. Gateways keep no history; this is the
 * page's, since it was opened.
 *
 * PURE.
 * @module
 */
/** @import { Dra } from "./types.d.ts" */

import { plural } from "./format.js";
import { rateOf } from "./rate.js";

/** Seconds that are kept. */
export const KEPT = 15 * 60;

/** Lines in one chart; the other DRAs are one line together. */
export const LINES = 8;

/** States of a DRA over time. @typedef {"up" | "unsure" | "down" | "off"} Health */

/**
 * One look at a DRA.
 * @typedef {object} Sample
 * @property {number} at ms since 1970
 * @property {number | null} rate messages per second, both ways
 * @property {number | null} inFlight
 * @property {number | null} p99 ms
 * @property {Health} health
 */

/**
 * What a chart draws; each list is as long as the times.
 * @typedef {object} Line
 * @property {string} name
 * @property {number | null} color null for that of the others
 * @property {(number | null)[]} rate
 * @property {(number | null)[]} inFlight
 * @property {(number | null)[]} p99
 */

/** @param {Dra} dra @returns {Health} */
export function healthOf(dra) {
  if (!dra.enabled) return "off";
  if (dra.usable && dra.watchdog !== "suspect" && dra.breaker?.state !== "open") return "up";
  return dra.usable || dra.state === "OPEN" || dra.state === "DWR_SENT" ? "unsure" : "down";
}

/** The samples of all DRAs. */
export class History {
  /**
   * Moments in ms since 1970, one for each look, also those at which nobody answered.
   * @type {number[]}
   */
  times = [];
  /** @type {(number | null)[]} */
  priorities = [];
  /**
   * By DRA, as long as {@link times}; null where there was none.
   * @type {Map<string, (Sample | null)[]>}
   */
  #samples = new Map();
  /** @type {Map<string, { at: number, messages: number }>} */
  #before = new Map();
  /**
   * The DRAs with lines of their own, by name, with the number of their colour.
   * @type {Map<string, number>}
   */
  #lines = new Map();

  /** @param {number} at @param {readonly Dra[]} dras @param {number | null} priority */
  add(at, dras, priority) {
    this.#push(at, priority);
    for (const dra of dras) {
      const messages = dra.messages_sent + dra.messages_received;
      const before = this.#before.get(dra.name);
      const rate = rateOf(messages, before?.messages, before === undefined ? 0 : (at - before.at) / 1000);
      this.#before.set(dra.name, { at, messages });
      let samples = this.#samples.get(dra.name);
      if (samples === undefined) {
        samples = this.times.map(() => null);
        this.#samples.set(dra.name, samples);
      }
      samples[this.times.length - 1] = {
        at,
        rate,
        inFlight: dra.in_flight,
        p99: dra.latency_ms?.p99 ?? null,
        health: healthOf(dra),
      };
    }
    this.#chooseLines(dras);
  }

  /** Nobody answered: a gap. @param {number} at */
  addGap(at) {
    this.#push(at, null);
    this.#before.clear();
  }

  /** @param {number} at @param {number | null} priority */
  #push(at, priority) {
    this.times.push(at);
    this.priorities.push(priority);
    for (const samples of this.#samples.values()) samples.push(null);
    if (this.times.length <= KEPT) return;
    this.times.shift();
    this.priorities.shift();
    for (const [name, samples] of this.#samples) {
      samples.shift();
      if (samples.every((sample) => sample === null)) this.#samples.delete(name);
    }
  }

  /**
   * How many of the last `seconds` are worth showing: a page that was opened just now has no more
   * than a minute to fill.
   * @param {number} seconds
   */
  span(seconds) {
    const known = ((this.times.at(-1) ?? 0) - (this.times[0] ?? 0)) / 1000;
    return Math.min(seconds, Math.max(60, known));
  }

  /** The last known sample. @param {string} name */
  latest(name) {
    return this.#samples.get(name)?.at(-1) ?? null;
  }

  /** @param {string} name */
  samplesOf(name) {
    return this.#samples.get(name) ?? [];
  }

  /** The number of the colour of a DRA; null when it is among the others. @param {string} name */
  colorOf(name) {
    return this.#lines.get(name) ?? null;
  }

  /**
   * Few DRAs have a line each, in the order of the configuration. Of many, those with the most
   * traffic; who has a line keeps it and its colour until another has twice its traffic.
   * @param {readonly Dra[]} dras
   */
  #chooseLines(dras) {
    const names = new Set(dras.map(({ name }) => name));
    for (const name of this.#lines.keys()) if (!names.has(name)) this.#lines.delete(name);
    /** @param {string} name */
    const traffic = (name) => this.samplesOf(name).slice(-60).reduce((sum, sample) => sum + (sample?.rate ?? 0), 0);
    const waiting = dras.map(({ name }) => name).filter((name) => !this.#lines.has(name));
    const few = dras.length <= LINES;
    const byTraffic = few ? waiting : waiting.map((name) => ({ name, traffic: traffic(name) }))
      .sort((a, b) => b.traffic - a.traffic).map(({ name }) => name);
    for (const name of byTraffic) {
      const color = this.#freeColor();
      if (color !== undefined) {
        this.#lines.set(name, color);
        continue;
      }
      const [least] = [...this.#lines].map(([line, number]) => ({ line, number, traffic: traffic(line) }))
        .sort((a, b) => a.traffic - b.traffic);
      if (least === undefined || traffic(name) <= 2 * least.traffic) return;
      this.#lines.delete(least.line);
      this.#lines.set(name, least.number);
    }
  }

  #freeColor() {
    const taken = new Set(this.#lines.values());
    return Array.from({ length: LINES }, (_, number) => number).find((number) => !taken.has(number));
  }

  /**
   * The lines of the last `seconds`, by colour, and the others together: rates and requests in
   * flight added up, of latencies the highest.
   * @param {number} seconds
   * @returns {{ times: number[], lines: Line[] }}
   */
  lines(seconds) {
    const since = (this.times.at(-1) ?? 0) - seconds * 1000;
    const found = this.times.findIndex((time) => time >= since);
    const first = found < 0 ? 0 : found;
    const times = this.times.slice(first).map((time) => time / 1000);
    const lines = [...this.#lines].sort(([, a], [, b]) => a - b).map(([name, color]) => {
      const samples = this.samplesOf(name).slice(first);
      return {
        name,
        color,
        rate: samples.map((sample) => sample?.rate ?? null),
        inFlight: samples.map((sample) => sample?.inFlight ?? null),
        p99: samples.map((sample) => sample?.p99 ?? null),
      };
    });
    const others = [...this.#samples.keys()].filter((name) => !this.#lines.has(name));
    if (others.length === 0) return { times, lines };
    const all = others.map((name) => this.samplesOf(name).slice(first));
    /**
     * @param {(sample: Sample) => number | null} value
     * @param {(a: number, b: number) => number} join
     */
    const joined = (value, join) =>
      times.map((_, i) => {
        /** @type {number | null} */
        let sum = null;
        for (const samples of all) {
          const sample = samples[i];
          const one = sample === null || sample === undefined ? null : value(sample);
          if (one !== null) sum = sum === null ? one : join(sum, one);
        }
        return sum;
      });
    const add = (/** @type {number} */ a, /** @type {number} */ b) => a + b;
    return {
      times,
      lines: [...lines, {
        name: plural(others.length, "other"),
        color: null,
        rate: joined(({ rate }) => rate, add),
        inFlight: joined(({ inFlight }) => inFlight, add),
        p99: joined(({ p99 }) => p99, Math.max),
      }],
    };
  }
}
