/**
 * Looks at a gateway's books again and again, while it works.
 * @module
 */
import type { InsideGateway } from "../support/inside.ts";
import type { Attempts } from "../../src/diameter/relay/core/attempts.ts";

/** Milliseconds between two looks. */
const STEP = 5;

/** Checks that the counters add up, and that they agree with what really waits. */
export class Accounts {
  /** What was wrong; each kind once. */
  readonly complaints: string[] = [];
  /** How often it looked. */
  looks = 0;
  /** The most memory that was ever in use for messages, in bytes. */
  peakBytes = 0;
  readonly #gateway: InsideGateway;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(gateway: InsideGateway) {
    this.#gateway = gateway;
    this.#timer = setInterval(() => this.look(), STEP);
  }

  /** Slots in use towards DRAs, and answers that Logic Apps owe. */
  get pending(): number {
    let sum = 0;
    for (const { table, retried } of this.#gateway.pool.links()) sum += table.size + retried.size + table.wheel.armed;
    for (const app of this.#gateway.apps) sum += app.owed;
    return sum;
  }

  /** {@link pending} in words. */
  describe(): string {
    const links = [...this.#gateway.pool.links()].map(({ dra, index, table, retried }) =>
      `${dra.name}/${index}: ${table.size} slots, ${table.wheel.armed} armed, ${retried.size} retried`
    );
    const owed = [...this.#gateway.apps].map((app) => `${app.originHost} owes ${app.owed}`);
    return [...links, ...owed].join("; ");
  }

  /** One look. */
  look(): void {
    this.looks++;
    const { runtime, statistics } = this.#gateway;
    this.peakBytes = Math.max(this.peakBytes, runtime.segments.bytesInUse);
    const {
      sessions_created: created,
      sessions_completed: completed,
      sessions_expired: expired,
      sessions_rejected: rejected,
      sessions_abandoned: abandoned,
      active_sessions: active,
    } = statistics;
    this.#expect("created = completed + expired + rejected + abandoned + active", [
      created,
      completed + expired + rejected + abandoned + active,
    ]);
    // `active` is what is left over; that so many really wait is another matter.
    let waiting = 0;
    for (const peer of runtime.connections) waiting += peer.inFlight;
    this.#expect("active = requests that open connections wait for", [active, waiting]);
    this.#expect("active = transactions in the tables", [active, this.#transactions()]);
    let armed = 0;
    let slots = 0;
    for (const { table } of this.#gateway.pool.links()) {
      armed += table.wheel.armed;
      slots += table.size;
    }
    this.#expect("every slot has a deadline", [slots, armed]);
  }

  /** Looks no more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Transactions with a requester that is still there; several attempts of one count once. */
  #transactions(): number {
    const { pool, apps, runtime } = this.#gateway;
    const seen = new Set<Attempts>();
    let count = 0;
    for (const { table, retried } of pool.links()) {
      for (const slot of table.pending()) {
        if (runtime.connections.get(table.requesterOf(slot)) === undefined) continue;
        const attempts = retried.get(slot);
        if (attempts === undefined) count++;
        else seen.add(attempts);
      }
    }
    // Of those towards Logic Apps only the answers owed can be seen from here.
    let fromDras = 0;
    for (const peer of runtime.connections) if (peer.link !== undefined) fromDras += peer.inFlight;
    let owed = 0;
    for (const app of apps) owed += app.owed;
    if (fromDras > owed) this.#complain(`DRAs wait for ${fromDras} answers, Logic Apps owe ${owed}`);
    return count + seen.size + fromDras;
  }

  #expect(what: string, [left, right]: readonly [number, number]): void {
    if (left !== right) this.#complain(`${what}: ${left} is not ${right}`);
  }

  #complain(text: string): void {
    if (this.complaints.length < 10) this.complaints.push(text);
  }
}
