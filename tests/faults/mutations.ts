/**
 * Bytes that are nearly messages: valid ones with something wrong, and plain garbage. The same seed
 * gives the same bytes.
 * @module
 */
import { avpsOf } from "../../src/diameter/wire/avp.ts";
import { HEADER_LENGTH, OFFSET, viewOf } from "../../src/diameter/wire/header.ts";
import { seededDice } from "../../src/diameter/sim/faults.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Lengths that parsers get wrong. */
const EDGE_LENGTHS = [
  0,
  1,
  4,
  7,
  8,
  11,
  12,
  16,
  19,
  20,
  21,
  23,
  24,
  0x7fff,
  0xffff,
  0x10000,
  0x7fffff,
  0xfffffc,
  0xffffff,
];
const EDGE_WORDS = [0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
/** Commands that mean something to a peer, and some that do not. */
const COMMANDS = [0, 257, 258, 271, 272, 274, 275, 280, 282, 316, 318, 324, 0xffffff];
/** Common, relay, and what is relayed. */
const APPLICATIONS = [0, 1, 3, 4, 16777251, 16777252, 0xffffffff];
/** The most garbage in one piece, in bytes. */
const MAX_GARBAGE = 300;

/** Throws dice for a test. */
export class Dice {
  readonly #throw: () => number;

  constructor(readonly seed: number) {
    this.#throw = seededDice(seed);
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.#throw() * limit);
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  word(): number {
    return this.oneIn(2) ? this.pick(EDGE_WORDS) : this.below(0x1_0000_0000);
  }

  bytes(length: number): Bytes {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

type Mutation = (message: Bytes, dice: Dice) => Bytes;

const setWord = (message: Bytes, at: number, word: number): Bytes => {
  if (message.length >= at + 4) viewOf(message).setUint32(at, word);
  return message;
};

/** Sets the 24 bit length at `at`, and keeps the octet in front of it. */
const setLength = (message: Bytes, at: number, length: number): Bytes => {
  if (message.length < at + 4) return message;
  const view = viewOf(message);
  view.setUint32(at, ((view.getUint32(at) & 0xff000000) | length) >>> 0);
  return message;
};

const join = (...parts: readonly Uint8Array[]): Bytes => {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};

/** Where the top-level AVPs begin, as far as they can be read. */
function avpStarts(message: Bytes): number[] {
  const starts: number[] = [];
  try {
    for (const { start } of avpsOf(message, HEADER_LENGTH, message.length)) starts.push(start);
  } catch {
    // What was found until here will do.
  }
  return starts;
}

/** Makes the header's length true again. */
function measured(message: Bytes): Bytes {
  return setLength(message, 0, message.length);
}

const MUTATIONS: Record<string, Mutation> = {
  flipBits(message, dice) {
    for (let flips = 1 + dice.below(8); flips > 0; flips--) {
      message[dice.below(message.length)]! ^= 1 << dice.below(8);
    }
    return message;
  },
  /** The same behind the header, so that the message is still cut where it ends. */
  flipBodyBits(message, dice) {
    if (message.length <= HEADER_LENGTH) return message;
    for (let flips = 1 + dice.below(8); flips > 0; flips--) {
      message[HEADER_LENGTH + dice.below(message.length - HEADER_LENGTH)]! ^= 1 << dice.below(8);
    }
    return message;
  },
  version: (message, dice) => {
    message[0] = dice.below(256);
    return message;
  },
  length: (message, dice) =>
    setLength(message, 0, dice.oneIn(2) ? dice.pick(EDGE_LENGTHS) : Math.max(0, message.length + dice.below(17) - 8)),
  flags: (message, dice) => {
    message[OFFSET.flags] = dice.below(256);
    return message;
  },
  command: (message, dice) =>
    setLength(message, OFFSET.command, dice.oneIn(4) ? dice.below(0x1000000) : dice.pick(COMMANDS)),
  application: (message, dice) =>
    setWord(message, OFFSET.application, dice.oneIn(4) ? dice.word() : dice.pick(APPLICATIONS)),
  hopByHop: (message, dice) => setWord(message, OFFSET.hopByHop, dice.word()),
  endToEnd: (message, dice) => setWord(message, OFFSET.endToEnd, dice.word()),
  avpLength: (message, dice) => {
    const starts = avpStarts(message);
    if (starts.length === 0) return message;
    const at = dice.pick(starts) + 4;
    const length = viewOf(message).getUint32(at) & 0xffffff;
    return setLength(message, at, dice.oneIn(2) ? dice.pick(EDGE_LENGTHS) : Math.max(0, length + dice.below(17) - 8));
  },
  avpFlags: (message, dice) => {
    const starts = avpStarts(message);
    if (starts.length > 0) message[dice.pick(starts) + 4] = dice.below(256);
    return message;
  },
  avpCode: (message, dice) => {
    const starts = avpStarts(message);
    // What a relay and a peer look at: identities, routing, Session-Id, Result-Code, Proxy-Info,
    // groups.
    const codes = [0, 258, 260, 263, 264, 268, 273, 279, 282, 283, 284, 293, 296, 297, 299, 0xffffffff];
    return starts.length === 0 ? message : setWord(message, dice.pick(starts), dice.pick(codes));
  },
  truncated: (message, dice) => message.slice(0, dice.below(message.length)),
  /** Shortened, and its length says so: the last AVP ends too early. */
  shortened: (message, dice) =>
    measured(message.slice(0, HEADER_LENGTH + 4 * dice.below(Math.max(1, (message.length - HEADER_LENGTH) >> 2)))),
  lengthened: (message, dice) => measured(join(message, dice.bytes(4 * (1 + dice.below(32))))),
  withHole: (message, dice) => {
    const from = dice.below(message.length);
    return join(message.slice(0, from), message.slice(from + 1 + dice.below(32)));
  },
  withGarbageInside: (message, dice) => {
    const at = dice.below(message.length);
    return join(message.slice(0, at), dice.bytes(1 + dice.below(32)), message.slice(at));
  },
  avpsTwice: (message) => measured(join(message, message.slice(HEADER_LENGTH))),
  headerOnly: (message) => measured(message.slice(0, HEADER_LENGTH)),
  garbageBefore: (message, dice) => join(dice.bytes(1 + dice.below(MAX_GARBAGE)), message),
  garbageBehind: (message, dice) => join(message, dice.bytes(1 + dice.below(MAX_GARBAGE))),
  garbageOnly: (_, dice) => dice.bytes(1 + dice.below(MAX_GARBAGE)),
  /** Begins like a long message, of which little comes. */
  longAnnounced: (message, dice) => setLength(message, 0, 4 * (16 + dice.below(16_000))),
  manyTinyAvps: (message, dice) => {
    const avps = new Uint8Array(8 * (1 + dice.below(2_000)));
    for (let at = 0; at < avps.length; at += 8) {
      viewOf(avps).setUint32(at, dice.below(400));
      setLength(avps, at + 4, 8);
    }
    return measured(join(message.slice(0, HEADER_LENGTH), avps));
  },
  none: (message) => message,
};

const NAMES = Object.keys(MUTATIONS);

/** `message` with one to three things wrong, as a copy; the name says what. */
export function mutate(message: Uint8Array, dice: Dice): { readonly bytes: Bytes; readonly name: string } {
  let bytes = Uint8Array.from(message);
  const names: string[] = [];
  for (let rounds = dice.oneIn(3) ? 1 + dice.below(3) : 1; rounds > 0 && bytes.length > 0; rounds--) {
    const name = dice.pick(NAMES);
    names.push(name);
    bytes = MUTATIONS[name]!(bytes, dice);
  }
  return { bytes, name: names.join("+") };
}

/** Whether a receiver finds nothing but whole messages of at most `limit` bytes in `bytes`. */
export function isFramed(bytes: Uint8Array, limit = 65_536): boolean {
  const view = viewOf(bytes);
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < HEADER_LENGTH) return false;
    const word = view.getUint32(at);
    const length = word & 0xffffff;
    if (word >>> 24 !== 1 || length < HEADER_LENGTH || length > limit || (length & 3) !== 0) return false;
    at += length;
  }
  return at === bytes.length;
}
