/**
 * Reading the ring of recent transactions, while it goes on.
 * @module
 */
import { type Pace, Turns } from "../metrics/turns.ts";
import { ATTEMPT, ENTRY, KIND, MESSAGE, RECORD } from "./layout.ts";
import type { Attempt, RecordedMessage, Transaction, TransactionFilter, TransactionPage } from "./record.ts";
import type { TraceRing } from "./trace_ring.ts";

/** Transactions on one page, unless more or fewer are wanted. */
export const PAGE = 100;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The transactions that fit, newest first; those that are pending, too. Works in short turns; what
 * is overwritten between two of them is missing at the end.
 * @param cursor that of the page before
 * @throws RangeError when the cursor is none of those that were given out
 */
export async function transactionsOf(
  ring: TraceRing,
  filter: TransactionFilter,
  { limit = PAGE, cursor, pace }: { readonly limit?: number; readonly cursor?: string; readonly pace?: Pace } = {},
): Promise<TransactionPage> {
  const transactions: Transaction[] = [];
  let sampledOneIn = 1;
  let last: string | null = null;
  let next: string | null = null;
  await eachRecord(ring, { filter, cursor, pace }, (at) => {
    if (transactions.length === limit) {
      next = last;
      return "enough";
    }
    transactions.push(transactionAt(ring, at));
    sampledOneIn = Math.max(sampledOneIn, shortened(ring.log.singles[at + RECORD.oneIn]!));
    last = String(ring.log.words[at + RECORD.serial]! >>> 0);
    return "more";
  });
  return { transactions, cursor: next, sampledOneIn };
}

/**
 * Copies of the messages of the newest `limit` transactions that fit, in the order in which they
 * came and went. What is overwritten before its turn comes is left out.
 */
export async function* messagesOf(
  ring: TraceRing,
  filter: TransactionFilter,
  limit = Infinity,
  pace?: Pace,
): AsyncGenerator<RecordedMessage> {
  const { log } = ring;
  const end = log.end;
  /** The transactions, the oldest last. */
  const wanted: number[] = [];
  await eachRecord(ring, { filter, pace }, (_, place) => {
    if (wanted.length >= limit) return "enough";
    wanted.push(place);
    return "more";
  });
  const set = new Set(wanted);
  const turns = new Turns(pace);
  for (let place = wanted.at(-1) ?? end; log.isBefore(place, end);) {
    if (!log.has(place)) {
      // The writer has caught up: on with the oldest that is still there.
      while (wanted.length > 0 && !log.has(wanted.at(-1)!)) wanted.pop();
      place = wanted.at(-1) ?? end;
      continue;
    }
    const at = log.wordAt(place);
    const kind = log.kindOf(place);
    const isMessage = kind === KIND.received || kind === KIND.sent;
    const message = isMessage && set.has(log.words[at + ENTRY.record]!) ? messageAt(ring, at, kind) : undefined;
    place = log.after(place);
    if (message !== undefined) yield message;
    if (turns.isOver(1 + ((message?.bytes.length ?? 0) >> 10))) await turns.next();
  }
}

function messageAt(ring: TraceRing, at: number, kind: number): RecordedMessage | undefined {
  const { log } = ring;
  const { words } = log;
  const connection = ring.connections.get(words[at + ENTRY.connection]!);
  const record = words[at + ENTRY.record]!;
  if (connection === undefined || !log.has(record)) return undefined;
  const start = (at + MESSAGE.size) * 4;
  return {
    at: timeOf(ring, log.wordAt(record), words[at + ENTRY.now]!),
    connection,
    sent: kind === KIND.sent,
    bytes: log.block.bytes.slice(start, start + words[at + MESSAGE.length]!),
  };
}

/**
 * Gives `visit` the words where the records begin that fit, newest first, until it says that it has
 * enough. A record is whole while `visit` looks at it, and may be overwritten behind that.
 */
async function eachRecord(
  ring: TraceRing,
  { filter, cursor, pace }: { filter: TransactionFilter; cursor?: string | undefined; pace?: Pace | undefined },
  visit: (at: number, place: number) => "more" | "enough",
): Promise<void> {
  const { log } = ring;
  const fits = matcher(ring, filter);
  const turns = new Turns(pace);
  let behind = cursor === undefined ? undefined : serialOf(cursor);
  for (let next = ring.newest; log.has(next);) {
    const place = next;
    const at = log.wordAt(place);
    next = log.words[at + RECORD.previous]!;
    // Serials are counted modulo 2^32: half of them are older than any of them.
    if (behind === undefined || ((log.words[at + RECORD.serial]! - behind) | 0) < 0) {
      behind = undefined;
      if (fits(at) && visit(at, place) === "enough") return;
    }
    if (turns.isOver()) await turns.next();
  }
}

function serialOf(cursor: string): number {
  if (!/^\d{1,10}$/.test(cursor) || Number(cursor) > 0xffff_ffff) {
    throw new RangeError(`Cannot go on at "${cursor}": expected the cursor of an earlier answer`);
  }
  return Number(cursor) | 0;
}

function matcher(ring: TraceRing, filter: TransactionFilter): (at: number) => boolean {
  const { words, block } = ring.log;
  const tests: ((at: number) => boolean)[] = [];
  if (filter.id !== undefined) {
    const serial = filter.id | 0;
    tests.push((at) => words[at + RECORD.serial] === serial);
  }
  if (filter.code !== undefined) {
    const code = filter.code | 0;
    tests.push((at) => words[at + RECORD.ended] === 1 && code !== 0 && words[at + RECORD.resultCode] === code);
  }
  if (filter.session !== undefined) {
    const session = encoder.encode(filter.session);
    tests.push((at) => {
      if (words[at + RECORD.sessionLength] !== session.length) return false;
      const start = (at + RECORD.size) * 4;
      return session.every((byte, i) => block.bytes[start + i] === byte);
    });
  }
  for (const side of ["app", "dra"] as const) {
    const name = filter[side];
    if (name === undefined) continue;
    const wanted = ring.connections.named(name, side);
    tests.push((at) => {
      if (wanted.has(words[at + RECORD.requester]!)) return true;
      for (const word of attemptsAt(ring, at)) if (wanted.has(words[word + ATTEMPT.connection]!)) return true;
      return false;
    });
  }
  return (at) => tests.every((test) => test(at));
}

/** Words where the attempts of a record begin, newest first. */
export function* attemptsAt(ring: TraceRing, at: number): Generator<number> {
  const { log } = ring;
  for (let place = log.words[at + RECORD.lastAttempt]!; place !== 0;) {
    const word = log.wordAt(place);
    yield word;
    place = log.words[word + ATTEMPT.previous]!;
  }
}

/** The transaction of the record whose words begin at `at`. */
export function transactionAt(ring: TraceRing, at: number): Transaction {
  const { words, doubles, block } = ring.log;
  const text = (field: number) => ring.words.text(words[at + field]!);
  const requester = ring.connections.get(words[at + RECORD.requester]!);
  const target = ring.connections.get(words[at + RECORD.target]!);
  const fromApp = requester?.side === "app";
  const ends = [requester?.name ?? null, target?.name ?? null] as const;
  const targetId = words[at + RECORD.target] === 0 ? null : words[at + RECORD.targetHopByHop]! >>> 0;
  const ids = [words[at + RECORD.hopByHop]! >>> 0, targetId] as const;
  const ended = words[at + RECORD.ended] === 1;
  const code = words[at + RECORD.resultCode]! >>> 0;
  const start = (at + RECORD.size) * 4;
  return {
    id: words[at + RECORD.serial]! >>> 0,
    at: isoOf(doubles[(at + RECORD.at) >> 1]!),
    app: fromApp ? ends[0] : ends[1],
    dra: fromApp ? ends[1] : ends[0],
    direction: fromApp ? "app_to_dra" : "dra_to_app",
    application: words[at + RECORD.application]! >>> 0,
    command: words[at + RECORD.command]! >>> 0,
    session_id: decoder.decode(block.bytes.subarray(start, start + words[at + RECORD.sessionLength]!)),
    app_hop_by_hop: fromApp ? ids[0] : ids[1],
    dra_hop_by_hop: fromApp ? ids[1] : ids[0],
    end_to_end: words[at + RECORD.endToEnd]! >>> 0,
    route: text(RECORD.route),
    pool: text(RECORD.pool),
    attempts: attemptsOf(ring, at),
    choice: ring.remarks.choice(words[at + RECORD.choice]!),
    reason: text(RECORD.reason),
    explanation: ring.remarks.sentence(words[at + RECORD.explanation]!),
    result_code: ended && code !== 0 ? code : null,
    duration_ms: ended ? (words[at + RECORD.duration]! >>> 0) / 1000 : null,
  };
}

function attemptsOf(ring: TraceRing, at: number): Attempt[] {
  const { words } = ring.log;
  const attempts: Attempt[] = [];
  for (const word of attemptsAt(ring, at)) {
    attempts.push({
      dra: ring.connections.get(words[word + ATTEMPT.connection]!)?.name ?? "",
      at: isoOf(timeOf(ring, at, words[word + ATTEMPT.now]!)),
      outcome: ring.words.text(words[word + ATTEMPT.outcome]!),
    });
  }
  return attempts.reverse();
}

/** Milliseconds since 1970 of a moment after the record's beginning. */
export function timeOf(ring: TraceRing, at: number, now: number): number {
  const { doubles, words } = ring.log;
  return doubles[(at + RECORD.at) >> 1]! + ((now - words[at + RECORD.now]!) >>> 0) / 1000;
}

function isoOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/**
 * A number that went through single precision, as it was meant: 3.3333 instead of
 * 3.3333332538604736.
 */
function shortened(single: number): number {
  return Number(single.toPrecision(5));
}
