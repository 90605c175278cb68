/**
 * What happens to the DRAs of a soak, one thing after the other, one DRA after the other.
 * @module
 */
import type { DraSimulator } from "../../src/diameter/sim/dra.ts";
import { type Faults, NO_FAULTS } from "../../src/diameter/sim/faults.ts";

/** One thing that goes wrong. */
interface Trouble {
  readonly name: string;
  readonly faults?: Partial<Faults>;
  /** It is gone for the time of the trouble. */
  readonly dead?: "killed" | "stopped";
}

const TROUBLES: readonly Trouble[] = [
  { name: "killed", dead: "killed" },
  { name: "slow answers", faults: { delay: 100, delayJitter: 80 } },
  { name: "lost answers", faults: { dropEvery: 20 } },
  { name: "answers twice", faults: { duplicateEvery: 3 } },
  { name: "DPR, rebooting", faults: { dprAfter: 700, dprCause: 0 } },
  { name: "silent", faults: { silenceAfter: 300 } },
  { name: "reads nothing", faults: { readRate: 0 } },
  { name: "3004 for every second", faults: { busyEvery: 2 } },
  { name: "stopped", dead: "stopped" },
  { name: "reads slowly", faults: { readRate: 30_000 } },
  { name: "answers reversed", faults: { reorder: 8, delayJitter: 5 } },
  { name: "DPR, does not want to talk", faults: { dprAfter: 700, dprCause: 2 } },
  { name: "wrong ids", faults: { wrongHopByHopEvery: 25 } },
  { name: "late answers", faults: { lateEvery: 15, lateBy: 1_800 } },
  { name: "breaking connections", faults: { closeAfter: 500 } },
  { name: "5012 and 3002", faults: { errorEvery: 4, errorResult: { code: 3002, vendor: 0 } } },
  { name: "no watchdog answers", faults: { noWatchdog: true } },
];

/**
 * Milliseconds that a trouble lasts, and that are quiet behind it. The next may begin before the
 * last one's traces are gone.
 */
const LASTING = 5_000;
const QUIET = 2_500;

/** Lets things go wrong, in turn, until it is stopped. */
export class FaultPlan {
  /** What goes wrong now, for a person. */
  current = "nothing";
  /** How much went wrong so far. */
  count = 0;
  readonly #dras: readonly DraSimulator[];
  readonly #always: Partial<Faults>;
  #wake: (() => void) | undefined;
  #stopped = false;
  readonly #running: Promise<void>;

  /** @param always faults, or none, that hold all the time */
  constructor(dras: readonly DraSimulator[], always: Partial<Faults>) {
    this.#dras = dras;
    this.#always = always;
    for (const dra of dras) dra.setFaults(always);
    this.#running = this.#run();
  }

  /** Ends it: all DRAs are well. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    await this.#sleep(QUIET);
    for (; !this.#stopped; this.count++) {
      const trouble = TROUBLES[this.count % TROUBLES.length]!;
      const hit = this.#hit();
      this.current = `${trouble.name}: ${hit.map((nth) => `dra-${nth + 1}`).join(" and ")}`;
      const dras = hit.map((nth) => this.#dras[nth]!);
      if (trouble.dead === "killed") { for (const dra of dras) dra.kill(); }
      else if (trouble.dead === "stopped") await Promise.all(dras.map((dra) => dra.stop()));
      const { faults } = trouble;
      if (faults !== undefined) { for (const dra of dras) dra.setFaults(faults); }
      await this.#sleep(LASTING);
      for (const dra of dras) {
        dra.setFaults({ ...NO_FAULTS, ...this.#always });
        if (trouble.dead !== undefined) dra.start();
      }
      this.current = "nothing";
      await this.#sleep(QUIET);
    }
  }

  /**
   * Whom the next trouble hits: one DRA; sometimes all but the last, so that traffic must go there;
   * rarely all.
   */
  #hit(): number[] {
    const all = this.#dras.map((_, nth) => nth);
    if (this.count % 13 === 12) return all;
    if (this.count % 4 === 3) return all.slice(0, -1);
    return [this.count % all.length];
  }

  #sleep(milliseconds: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
