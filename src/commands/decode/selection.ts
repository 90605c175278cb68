/**
 * Which messages `decode` shows: its filters, read from the command line.
 *
 * PURE.
 * @module
 */
import { AVP } from "../../diameter/wire/avp_codes.ts";
import type { Dictionary } from "../../diameter/wire/dictionary/dictionary.ts";
import { formatIp, parseIp } from "../../diameter/wire/ip_address.ts";
import { avpTest } from "./avp_filter.ts";
import { BadValue } from "./bad_value.ts";
import { isRequest, resultOf, type Test, textOf } from "./seen.ts";
import { parseTime } from "./time_text.ts";

/** The flags that select, as they were given. */
export interface Filters {
  readonly session: readonly string[];
  readonly command: readonly string[];
  readonly application: readonly string[];
  readonly result: readonly string[];
  readonly avp: readonly string[];
  readonly peer: readonly string[];
  readonly from: string | undefined;
  readonly to: string | undefined;
}

const HIGHEST = 0xffff_ffff;

/**
 * Every filter that was given must hold; of values of the same one, one is enough.
 * @returns undefined without any filter; else what to test, or a line for each value that is wrong
 */
export function selectionOf(
  filters: Filters,
  dictionary: Dictionary,
): { readonly test: Test | undefined; readonly problems: readonly string[] } {
  const tests: Test[] = [];
  const problems: string[] = [];
  const take = (flag: string, given: readonly string[], read: (text: string) => Test | BadValue) => {
    const any: Test[] = [];
    for (const text of given) {
      const test = text === "" ? BadValue.of("a value", text) : read(text);
      if (test instanceof BadValue) problems.push(`--${flag}: ${test.text}`);
      else any.push(test);
    }
    if (any.length > 0) tests.push(any.length === 1 ? any[0]! : (seen) => any.some((test) => test(seen)));
  };
  take("session", filters.session, (text) => ({ message }) => textOf(message, AVP.sessionId) === text);
  take("command", filters.command, (text) => commandTest(text, dictionary));
  take("application", filters.application, (text) => applicationTest(text, dictionary));
  take("result", filters.result, (text) => resultTest(text, dictionary));
  take("avp", filters.avp, (text) => avpTest(text, dictionary));
  take("peer", filters.peer, peerTest);
  const bounds = (["from", "to"] as const).map((flag) => {
    const text = filters[flag];
    const time = text === undefined ? undefined : parseTime(text);
    if (text !== undefined && time === undefined) {
      problems.push(`--${flag}: ${BadValue.of("a time such as 2024-05-01T12:00:00Z", text).text}`);
    }
    return time;
  });
  const [from, to] = bounds;
  if (from !== undefined && to !== undefined && from > to) {
    problems.push("--to: expected a time that is not before --from");
  }
  if (from !== undefined) tests.push(({ captured }) => captured?.time !== undefined && captured.time >= from);
  if (to !== undefined) tests.push(({ captured }) => captured?.time !== undefined && captured.time <= to);
  return { test: tests.length === 0 ? undefined : (seen) => tests.every((test) => test(seen)), problems };
}

/** `ECR`, `ECA`: one of the two; a name without -Request and -Answer, or a code: both. */
function commandTest(text: string, dictionary: Dictionary): Test | BadValue {
  const code = readCode(text);
  if (code !== undefined) return ({ message }) => message.header.command === code;
  const wanted = text.toLowerCase();
  const requests = new Set<number>();
  const answers = new Set<number>();
  const names: string[] = [];
  for (const { code, name, abbreviation } of dictionary.commands()) {
    for (const full of [name, name.replace(/^3GPP-/, "")]) {
      const forms: readonly [string, readonly Set<number>[]][] = [
        [full, [requests, answers]],
        [abbreviation, [requests, answers]],
        [`${full}-Request`, [requests]],
        [`${abbreviation}R`, [requests]],
        [`${full}-Answer`, [answers]],
        [`${abbreviation}A`, [answers]],
      ];
      for (const [form, sets] of forms) {
        names.push(form);
        if (form.toLowerCase() === wanted) { for (const set of sets) set.add(code); }
      }
    }
  }
  if (requests.size + answers.size === 0) return BadValue.of("a command: its name, abbreviation or code", text, names);
  return ({ message }) => (isRequest(message) ? requests : answers).has(message.header.command);
}

function applicationTest(text: string, dictionary: Dictionary): Test | BadValue {
  const id = readCode(text) ?? dictionary.applicationNamed(text);
  if (id !== undefined) return ({ message }) => message.header.application === id;
  const names = [...dictionary.applications()].flatMap(([, name]) => {
    const short = name.replace(/^3GPP /, "");
    return [name, short, ...short.split("/")];
  });
  return BadValue.of("an application: its name or id", text, names);
}

/** A code, a name, or a class of codes: `5xxx`. */
function resultTest(text: string, dictionary: Dictionary): Test | BadValue {
  const family = /^([1-9])xxx$/i.exec(text)?.[1];
  if (family !== undefined) {
    return ({ message }) => Math.floor((resultOf(message)?.code ?? 0) / 1000) === Number(family);
  }
  const code = readCode(text);
  if (code !== undefined) return ({ message }) => resultOf(message)?.code === code;
  const names = new Map<string, number[]>();
  for (const { code, name } of dictionary.resultCodes()) {
    for (const form of new Set([name, name.replace(/^DIAMETER_/, "")])) {
      names.set(form, [...names.get(form) ?? [], code]);
    }
  }
  const codes = names.get(text.toUpperCase());
  if (codes === undefined) {
    return BadValue.of("a result: its code, its name, or a class such as 5xxx", text, names.keys());
  }
  return ({ message }) => codes.includes(resultOf(message)?.code ?? 0);
}

/** An end of the connection, with or without its port, or who the message is from or for. */
function peerTest(text: string): Test {
  const wanted = text.toLowerCase();
  const octets = parseIp(wanted.replace(/^\[(.*)\]$/, "$1"));
  const address = octets === undefined ? undefined : formatIp(octets);
  return ({ message, captured }) => {
    const ends = captured === undefined ? [] : [captured.source, captured.destination];
    if (ends.includes(wanted)) return true;
    if (address !== undefined) return ends.some((end) => hostOf(end) === address);
    return [AVP.originHost, AVP.destinationHost].some((code) => textOf(message, code)?.toLowerCase() === wanted);
  };
}

function hostOf(end: string): string {
  return end.slice(0, end.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
}

function readCode(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= HIGHEST ? Number(text) : undefined;
}
