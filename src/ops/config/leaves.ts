/**
 * The kinds of values a configuration key can have. Each is a codec: decoding reads what YAML gave,
 * encoding gives the form a person writes, so that the effective configuration can be printed.
 * @module
 */

import * as z from "zod";
import type { Endpoint } from "../../net/connection.ts";
import { AddressError, formatAddress, isHost, isIp, isIpRange, parseAddress } from "./address.ts";
import { nearest } from "./nearest.ts";
import { isMapping } from "./path.ts";
import { formatDuration, formatSize, longDuration, LONGEST_DURATION, parseDuration, parseSize } from "./units.ts";

/** A value in an error message: short, and unmistakable about its type. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (isMapping(value)) return "a mapping";
  if (value instanceof Verbatim) return value.text;
  if (value instanceof Date) return `the date ${value.toISOString()}`;
  if (typeof value === "number") return plainNumber(value);
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
}

/** All digits of a number: 1e+21 is what nobody wrote. */
function plainNumber(value: number): string {
  return Number.isInteger(value) ? BigInt(value).toString() : String(value);
}

/** A kind of values that somebody looks for, wherever they stand. */
export type Kind = "secret" | "uri" | "pem" | "listen" | "dialled";

const KINDS = new WeakMap<z.core.$ZodType, Kind>();

/** The kind of what a schema takes; undefined for most. */
export function kindOf(schema: z.core.$ZodType): Kind | undefined {
  return KINDS.get(schema);
}

function ofKind<S extends z.ZodType>(kind: Kind, schema: S): S {
  KINDS.set(schema, kind);
  return schema;
}

/** A kind of value of one's own. */
export interface Leaf<T> {
  /** Completes "expected ...": what is right, with an example where the form is not obvious. */
  readonly expected: string | ((value: unknown) => string);
  /**
   * The value, or undefined when it is not one. An AddressError says better than `expected` what is
   * wrong.
   */
  readonly decode: (value: unknown) => T | undefined;
  readonly encode?: (value: T) => unknown;
  /** The input as the error shows it. */
  readonly shown?: (value: unknown) => unknown;
}

/** A codec for one value. */
export function leaf<T>({ expected, decode, encode = (value) => value, shown = (value) => value }: Leaf<T>) {
  return z.codec(z.unknown(), z.custom<T>(), {
    // Asked for a key that may be absent, too: then what comes back must be nothing.
    encode: (value) => value === undefined ? undefined : encode(value),
    decode: (input, context) => {
      let message = typeof expected === "string" ? expected : expected(input);
      message = `expected ${message}, got ${describe(shown(input))}`;
      try {
        const value = decode(input);
        if (value !== undefined) return value;
      } catch (error) {
        if (!(error instanceof AddressError)) throw error;
        message = error.message;
      }
      context.issues.push({ code: "custom", message, input });
      return z.NEVER;
    },
  });
}

/** A number in a string counts: `port: ${PORT}` is one, and templates like to quote. */
function toNumber(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : NaN;
}

/**
 * A number is shown as one, whether YAML, a variable or a flag brought it.
 * One that is too large to be exact is shown as it was written.
 */
function asNumber(value: unknown): unknown {
  const number = toNumber(value);
  if (Number.isNaN(number)) return value;
  return typeof value === "string" && !Number.isSafeInteger(number) ? new Verbatim(value.trim()) : number;
}

/** Text that an error shows without quotes. */
class Verbatim {
  constructor(readonly text: string) {}
}

const toText = (value: unknown) => typeof value === "string" ? value : undefined;

/** A whole number from `least` to `most`, named by `what` in the error. */
export function integer(least: number, most: number, what = "a whole number") {
  const expected = most === Number.MAX_SAFE_INTEGER ? `${what}, ${least} or more` : `${what} ${least}..${most}`;
  return leaf<number>({
    expected,
    shown: asNumber,
    decode: (value) => {
      const number = toNumber(value);
      return Number.isSafeInteger(number) && number >= least && number <= most ? number : undefined;
    },
  });
}

/** Any finite number from `least` to `most`. */
export function decimal(least: number, most: number) {
  return leaf<number>({
    expected: most === Infinity ? `a number, ${least} or more` : `a number ${least}..${most}`,
    shown: asNumber,
    decode: (value) => {
      const number = toNumber(value);
      return Number.isFinite(number) && number >= least && number <= most ? number : undefined;
    },
  });
}

/** true or false. */
export function flag() {
  return leaf<boolean>({
    expected: "true or false",
    decode: (value) =>
      value === true || value === "true" ? true : value === false || value === "false" ? false : undefined,
  });
}

/** A duration in ms. With `least` 0, "0" is one too and means "none". */
export function duration(least: 0 | 1 = 1) {
  const examples = "a duration such as 250ms, 30s, 5m or 1h";
  return leaf<number>({
    expected: (value) => {
      const ms = parseDuration(String(value));
      if (ms === undefined) return examples;
      return ms > LONGEST_DURATION ? `a duration up to ${longDuration(LONGEST_DURATION)}` : `a duration above 0`;
    },
    decode: (value) => {
      // YAML reads a bare 0 as a number; every other number lacks its unit.
      const ms = parseDuration(value === 0 ? "0" : toText(value) ?? "");
      return ms !== undefined && ms >= least && ms <= LONGEST_DURATION ? ms : undefined;
    },
    encode: formatDuration,
  });
}

/** A size in bytes. */
export function size(least: number, most: number) {
  return leaf<number>({
    expected: (value) =>
      parseSize(String(value)) === undefined
        ? "a size in bytes, or such as 64KiB or 1MiB"
        : `a size from ${formatSize(least)} to ${formatSize(most)}`,
    decode: (value) => {
      const bytes = parseSize(typeof value === "number" ? String(value) : toText(value) ?? "");
      return bytes !== undefined && bytes >= least && bytes <= most ? bytes : undefined;
    },
    encode: formatSize,
  });
}

/** Text; with a `pattern`, `what` says which. */
export function text(pattern = /^/, what = "text in quotes") {
  return leaf<string>({
    expected: what,
    decode: (value) => typeof value === "string" && pattern.test(value) ? value : undefined,
  });
}

/** Text that no message may repeat. */
export function secret() {
  const codec = z.codec(z.unknown(), z.string(), {
    encode: (value) => value,
    decode: (input, context) => {
      if (typeof input === "string") return input;
      context.issues.push({ code: "custom", message: "expected text in quotes", input });
      return z.NEVER;
    },
  });
  return ofKind("secret", codec);
}

/** A URI whose password no message may repeat. */
export function uriWithPassword(
  { expected, isRight }: { readonly expected: string; readonly isRight: (text: string) => boolean },
) {
  const codec = leaf<string>({
    expected,
    decode: (value) => typeof value === "string" && isRight(value) ? value : undefined,
    shown: (value) => typeof value === "string" ? withoutPassword(value, "...") : value,
  });
  return ofKind("uri", codec);
}

/** The same URI with `mask` in place of the password. */
export function withoutPassword(uri: string, mask: string): string {
  // Up to the last @, as a password may hold one that nobody has escaped.
  const end = uri.lastIndexOf("@");
  if (end < 0) return uri;
  const scheme = uri.indexOf("://");
  const begin = scheme < 0 ? 0 : scheme + 3;
  const colon = uri.indexOf(":", begin);
  return `${uri.slice(0, colon >= 0 && colon < end ? colon + 1 : begin)}${mask}${uri.slice(end)}`;
}

/** The name of a PEM file, or "". */
export function pemFile() {
  return ofKind("pem", text(/^/, "the name of a file"));
}

/** One of a few words; `aliases` are taken too. */
export function choice<const Words extends readonly string[]>(
  words: Words,
  aliases: Readonly<Record<string, Words[number]>> = {},
) {
  const list = `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  return z.codec(z.unknown(), z.custom<Words[number]>(), {
    encode: (value) => value,
    decode: (input, context) => {
      const found = words.find((word) => word === input) ?? aliases[String(input)];
      if (found !== undefined) return found;
      const near = typeof input === "string" ? nearest(input, words) : undefined;
      const hint = near === undefined ? "" : `; did you mean "${near}"?`;
      context.issues.push({ code: "custom", message: `expected ${list}, got ${describe(input)}${hint}`, input });
      return z.NEVER;
    },
  });
}

/** A host name or an address; IPv6 with or without brackets. `dialled`: one that we connect to. */
export function host({ dialled = false } = {}) {
  const codec = leaf<string>({
    expected: "a host name or an address",
    decode: (value) => {
      const name = toText(value)?.replace(/^\[(.*:.*)\]$/, "$1");
      return name !== undefined && isHost(name) ? name : undefined;
    },
  });
  return dialled ? ofKind("dialled", codec) : codec;
}

/**
 * Says that what `schema` takes names somebody that we connect to: a host, `HOST:PORT` or a URL.
 */
export function dialled<S extends z.ZodType>(schema: S): S {
  return ofKind("dialled", schema);
}

/** A local address, or "". */
export function localAddress() {
  return leaf<string>({
    expected: "a local IPv4 or IPv6 address",
    decode: (value) => {
      const address = toText(value);
      return address !== undefined && (address === "" || isIp(address)) ? address : undefined;
    },
  });
}

/** An address or a CIDR range, or "". */
export function addressRange() {
  return leaf<string>({
    expected: "an address or a range such as 10.0.0.0/8",
    decode: (value) => {
      const range = toText(value);
      return range !== undefined && (range === "" || isIpRange(range)) ? range : undefined;
    },
  });
}

/** A number from 0 to 1, or `auto`. */
export function shareOrAuto() {
  return leaf<number | "auto">({
    expected: "auto, or a number 0..1",
    shown: asNumber,
    decode: (value) => {
      const number = toNumber(value);
      return value === "auto" ? value : number >= 0 && number <= 1 ? number : undefined;
    },
  });
}

/** One `HOST:PORT`, or "" for none; `port` where none is named. */
export function optionalListenAddress(port: number) {
  const codec = leaf<Endpoint | null>({
    expected: 'HOST:PORT, or "" for none',
    decode: (value) => value === "" ? null : typeof value === "string" ? endpoint(value, port) : undefined,
    encode: (address) => address === null ? "" : formatAddress(address.hostname, address.port),
  });
  return ofKind("listen", codec);
}

/**
 * `HOST:PORT` or a list of them; `port` where none is named.
 * @param none whether the list may be empty
 */
export function listenAddresses(port: number, { none = false } = {}) {
  const codec = z.codec(z.unknown(), z.custom<readonly Endpoint[]>(), {
    encode: (addresses) => addresses.map(({ hostname, port }) => formatAddress(hostname, port)),
    decode: (input, context) => {
      const addresses: Endpoint[] = [];
      const reject = (message: string, ...path: number[]) => {
        context.issues.push({ code: "custom", message, input, path });
      };
      const items: readonly unknown[] = Array.isArray(input) ? input : [input];
      if (items.length === 0 && !none) reject("expected at least one HOST:PORT, got an empty list");
      items.forEach((item, i) => {
        // A single address stands at the key itself, not at an index that nobody wrote.
        const path = Array.isArray(input) ? [i] : [];
        if (typeof item !== "string") return reject(`expected HOST:PORT, got ${describe(item)}`, ...path);
        try {
          addresses.push(endpoint(item, port));
        } catch (error) {
          if (!(error instanceof AddressError)) throw error;
          reject(error.message, ...path);
        }
      });
      return addresses;
    },
  });
  return ofKind("listen", codec);
}

function endpoint(text: string, otherwise: number): Endpoint {
  const { hostname, port } = parseAddress(text, { otherwise });
  return { hostname, port };
}
