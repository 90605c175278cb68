/**
 * The circuit breaker of one DRA: which of its requests ended how, the alarm after which it is
 * tried again, and what others are told.
 * @module
 */
import type { Alarm } from "../../../net/clock.ts";
import type { GatewayEvent } from "../core/events.ts";
import type { CircuitBreakerOptions } from "../core/options.ts";
import type { Verdicts } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";
import type { TransactionTable } from "../core/transactions.ts";
import { BreakerMachine, type BreakerState } from "./breaker_machine.ts";

/** A request that was let through to try the DRA. */
interface Probe {
  readonly table: TransactionTable;
  readonly id: number;
}

/** How it is, as plain data. */
export interface BreakerStatus {
  /** Whether requests go there: all, none, or a few that try it. */
  readonly state: BreakerState;
  /** Share of failures within the window. */
  readonly errorRatio: number;
  /** Failures in a row, up to the last. */
  readonly consecutiveFailures: number;
  /** Unix time in milliseconds of the first request that tries it; 0 unless it is open. */
  readonly nextProbeAt: number;
}

/** What a breaker asks of the pool. */
export interface BreakerOwner {
  /** Whether it may open, beside the others. */
  mayOpen(): boolean;
  /** It has opened, closed, or begins to be tried. */
  changed(): void;
}

/** Driver of a {@link BreakerMachine}. */
export class Breaker implements Verdicts {
  readonly #machine: BreakerMachine;
  readonly #runtime: RelayRuntime;
  readonly #dra: string;
  #codes: ReadonlySet<number>;
  /** Microseconds; an answer that takes longer is slow. */
  #slowAfter: number;
  #most: number;
  #probes: Probe[] = [];
  /** Ids, by slot, of requests whose silence was counted: whatever comes of them is no news. */
  readonly #silent = new WeakMap<TransactionTable, Map<number, number>>();
  #alarm: Alarm | undefined;
  #reason = "";

  constructor(dra: string, runtime: RelayRuntime, owner: BreakerOwner) {
    this.#dra = dra;
    this.#runtime = runtime;
    const options = runtime.options.draPool.circuitBreaker;
    [this.#codes, this.#slowAfter, this.#most] = settings(options);
    this.#machine = new BreakerMachine(
      options,
      {
        mayOpen: () => owner.mayOpen(),
        changed: (to, reason) => {
          this.#runtime.meters.breakerTransitions.of({ dra, to }).value++;
          if (to === "held") return;
          this.#noteChange(to, reason);
          owner.changed();
        },
      },
      runtime.random,
      runtime.clock.now(),
    );
    runtime.meters.breakerTransitions.declare({ dra: [dra], to: ["open", "half_open", "closed", "held"] });
  }

  /** Takes what may change while it runs. */
  configure(): void {
    const options = this.#runtime.options.draPool.circuitBreaker;
    [this.#codes, this.#slowAfter, this.#most] = settings(options);
    this.#machine.configure(options, this.#runtime.clock.now());
  }

  get state(): BreakerState {
    return this.#machine.state;
  }

  /** Why only requests that name the DRA may go there; "" unless it is open. */
  get shut(): string {
    return this.#machine.state === "open" ? this.#reason : "";
  }

  /** When it is tried again, by the clock of the relay. */
  get probeAt(): number {
    return this.#machine.probeAt;
  }

  status(): BreakerStatus {
    const now = this.#runtime.clock.now();
    const { state, consecutiveFailures, probeAt } = this.#machine;
    return {
      state,
      errorRatio: this.#machine.errorRatio(now),
      consecutiveFailures,
      nextProbeAt: state === "open" ? Math.round(Date.now() + probeAt - now) : 0,
    };
  }

  /** Whether a request may go there that does not name the DRA. */
  admits(): boolean {
    const { state } = this.#machine;
    if (state === "closed") return true;
    if (state === "open") return false;
    if (this.#probes.length < this.#most) return true;
    // Those whose transaction has ended otherwise, as by the leave of whoever asked, try nothing.
    this.#probes = this.#probes.filter(({ table, id }) => table.find(id) >= 0);
    return this.#probes.length < this.#most;
  }

  sent(table: TransactionTable, slot: number): void {
    if (this.#machine.state === "half_open") this.#probes.push({ table, id: table.idOf(slot) });
  }

  answered(table: TransactionTable, slot: number, isError: boolean, code: number, duration: number, now: number): void {
    const wasSilent = this.#forgetSilence(table, slot);
    const failed = (isError || code >= 3000) && this.#codes.has(code);
    const probe = this.#takeProbe(table, slot);
    if (wasSilent) return;
    if (failed) this.#machine.failed(now);
    else this.#machine.succeeded(now, duration > this.#slowAfter);
    if (probe) this.#machine.probed(now, !failed);
  }

  silent(table: TransactionTable, slot: number): void {
    const id = table.idOf(slot);
    let ids = this.#silent.get(table);
    if (ids === undefined) this.#silent.set(table, ids = new Map());
    if (ids.get(slot) === id) return;
    ids.set(slot, id);
    this.#fail(table, slot);
  }

  /** The connection was lost with this request pending. */
  lost(table: TransactionTable, slot: number): void {
    if (!this.#forgetSilence(table, slot)) this.#fail(table, slot);
  }

  /** Closes it, whatever it has seen. */
  close(reason: string): void {
    this.#machine.close(this.#runtime.clock.now(), reason);
  }

  /** Nobody needs it any more. */
  dispose(): void {
    if (this.#alarm !== undefined) this.#runtime.clock.clearTimeout(this.#alarm);
    this.#alarm = undefined;
  }

  #fail(table: TransactionTable, slot: number): void {
    const now = this.#runtime.clock.now();
    const probe = this.#takeProbe(table, slot);
    this.#machine.failed(now);
    if (probe) this.#machine.probed(now, false);
  }

  #forgetSilence(table: TransactionTable, slot: number): boolean {
    const ids = this.#silent.get(table);
    if (ids === undefined || ids.get(slot) !== table.idOf(slot)) return false;
    return ids.delete(slot);
  }

  #takeProbe(table: TransactionTable, slot: number): boolean {
    if (this.#probes.length === 0) return false;
    const id = table.idOf(slot);
    const nth = this.#probes.findIndex((probe) => probe.table === table && probe.id === id);
    if (nth >= 0) this.#probes.splice(nth, 1);
    return nth >= 0;
  }

  #noteChange(to: BreakerState, reason: string): void {
    const { clock } = this.#runtime;
    this.dispose();
    if (to !== "half_open") this.#probes = [];
    if (to === "open") {
      const wait = Math.ceil(this.#machine.probeAt - clock.now());
      this.#reason = `circuit open until ${new Date(Date.now() + wait).toISOString()}`;
      this.#wakeIn(wait);
    }
    this.#runtime.emit(eventOf(this.#dra, to, reason, this.status()));
  }

  #wakeIn(milliseconds: number): void {
    const { clock } = this.#runtime;
    this.#alarm = clock.setTimeout(() => {
      this.#machine.tryAgain(clock.now());
      // An alarm may go off a moment before its time.
      if (this.#machine.state === "open") this.#wakeIn(1);
    }, milliseconds);
  }
}

function eventOf(dra: string, to: BreakerState, reason: string, { nextProbeAt }: BreakerStatus): GatewayEvent {
  if (to === "open") return { kind: "breaker_open", dra, reason, until: new Date(nextProbeAt).toISOString() };
  return { kind: to === "closed" ? "breaker_closed" : "breaker_half_open", dra, reason };
}

function settings({ errorCodes, slowAfter, halfOpenProbes }: CircuitBreakerOptions) {
  return [new Set(errorCodes), slowAfter === 0 ? Infinity : slowAfter * 1000, halfOpenProbes] as const;
}
