/**
 * What the conditions read of the message at hand: once each, however many ask for it.
 * @module
 */
import { AVP } from "../../wire/avp_codes.ts";
import { avpHeaderLength, padded, vendorOf } from "../../wire/avp.ts";
import { HEADER_LENGTH } from "../../wire/header.ts";
import type { Incoming } from "../core/incoming.ts";
import type { AvpId, AvpPath, PathStep } from "./avp_path.ts";
import { equalsValue } from "./values.ts";

const SIEVE = 255;

/**
 * One request, and where in it the AVPs lie that some condition asks for. One object is moved from
 * message to message; nothing is looked for before somebody asks.
 */
export class Reading {
  request!: Incoming;
  /** Changes with each message. */
  serial = 0;
  /** Groups that could not be read. */
  faults = 0;
  /** Values longer than an expression is tried on. */
  tooLong = 0;
  readonly #wanted: AvpId[] = [];
  readonly #sieve = new Uint8Array(SIEVE + 1);
  readonly #paths = new Map<string, PathValues>();
  #walked = -1;
  /** By wanted AVP: where its occurrences begin and end. */
  readonly #found: Ranges[] = [];

  /** Moves on to a request that the checks have walked through: its AVPs are not broken. */
  begin(request: Incoming): void {
    this.request = request;
    this.serial++;
  }

  /** Nothing is kept alive by it from here on. */
  clear(): void {
    this.request = undefined!;
  }

  /** The values at a path: the same object for the same path. */
  valuesAt({ text, steps }: Pick<AvpPath, "text" | "steps">): PathValues {
    let values = this.#paths.get(text);
    if (values === undefined) this.#paths.set(text, values = new PathValues(this, this.#want(steps[0]!), steps));
    return values;
  }

  /** Occurrences of a wanted AVP in this message. */
  occurrences(wanted: number): Ranges {
    if (this.#walked !== this.serial) this.#walk();
    return this.#found[wanted]!;
  }

  #want({ code, vendor }: AvpId): number {
    const known = this.#wanted.findIndex((avp) => avp.code === code && avp.vendor === vendor);
    if (known >= 0) return known;
    this.#wanted.push({ code, vendor });
    this.#found.push(new Ranges());
    this.#sieve[code & SIEVE] = 1;
    return this.#wanted.length - 1;
  }

  #walk(): void {
    this.#walked = this.serial;
    for (const ranges of this.#found) ranges.count = 0;
    const { block: { view }, at: start, end } = this.request;
    for (let at = start + HEADER_LENGTH; at < end;) {
      const code = view.getUint32(at);
      const word = view.getUint32(at + 4);
      const length = word & 0xffffff;
      if (this.#sieve[code & SIEVE] === 1) this.#note(view, at, code, word, length);
      at += padded(length);
    }
  }

  #note(view: DataView, at: number, code: number, word: number, length: number): void {
    const vendor = vendorOf(view, at, word);
    for (let i = 0; i < this.#wanted.length; i++) {
      const wanted = this.#wanted[i]!;
      if (wanted.code !== code || wanted.vendor !== vendor) continue;
      return this.#found[i]!.add(at + avpHeaderLength(word), at + length);
    }
  }
}

/** Where some values lie in the block of the message. */
export class Ranges {
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  count = 0;

  add(start: number, end: number): void {
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.count++;
  }
}

/** All values at one path. */
export class PathValues {
  readonly #reading: Reading;
  readonly #top: number;
  readonly #steps: readonly PathStep[];
  readonly #own = new Ranges();
  #serial = -1;

  constructor(reading: Reading, top: number, steps: readonly PathStep[]) {
    this.#reading = reading;
    this.#top = top;
    this.#steps = steps;
  }

  /** Those of the message at hand. A group that cannot be read has none. */
  read(): Ranges {
    const top = this.#reading.occurrences(this.#top);
    if (this.#steps.length === 1 && this.#steps[0]!.filter === undefined) return top;
    if (this.#serial === this.#reading.serial) return this.#own;
    this.#serial = this.#reading.serial;
    this.#own.count = 0;
    for (let i = 0; i < top.count; i++) this.#into(top.starts[i]!, top.ends[i]!, 0);
    return this.#own;
  }

  /** The value of step `depth`, from `start` to `end`: is it wanted, and what is in it? */
  #into(start: number, end: number, depth: number): void {
    const { filter } = this.#steps[depth]!;
    const isLast = depth === this.#steps.length - 1;
    if (filter === undefined && isLast) return this.#own.add(start, end);
    const { view, bytes } = this.#reading.request.block;
    if (!isWhole(view, start, end)) {
      this.#reading.faults++;
      return;
    }
    if (filter !== undefined && !this.#passes(filter, view, bytes, start, end)) return;
    if (isLast) return this.#own.add(start, end);
    const next = this.#steps[depth + 1]!;
    for (let at = start; at < end;) {
      const word = view.getUint32(at + 4);
      const length = word & 0xffffff;
      if (view.getUint32(at) === next.code && vendorOf(view, at, word) === next.vendor) {
        this.#into(at + avpHeaderLength(word), at + length, depth + 1);
      }
      at += padded(length);
    }
  }

  #passes(filter: NonNullable<PathStep["filter"]>, view: DataView, bytes: Uint8Array, start: number, end: number) {
    for (let at = start; at < end;) {
      const word = view.getUint32(at + 4);
      const length = word & 0xffffff;
      if (
        view.getUint32(at) === filter.code && vendorOf(view, at, word) === filter.vendor &&
        equalsValue(view, bytes, at + avpHeaderLength(word), at + length, filter.value)
      ) return true;
      at += padded(length);
    }
    return false;
  }
}

/** Whether AVPs fill that part of the message, all of them with lengths that can be true. */
function isWhole(view: DataView, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    if (end - at < 8) return false;
    const word = view.getUint32(at + 4);
    const length = word & 0xffffff;
    if (length < avpHeaderLength(word) || length > end - at) return false;
    at += padded(length);
  }
  return true;
}

/** Paths of the AVPs that say who sent a request first. */
export const ORIGIN = {
  host: { text: "Origin-Host", steps: [{ code: AVP.originHost, vendor: 0 }] },
  realm: { text: "Origin-Realm", steps: [{ code: AVP.originRealm, vendor: 0 }] },
} as const;
