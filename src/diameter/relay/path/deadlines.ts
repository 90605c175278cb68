/**
 * Deadlines of a table of transactions.
 * @module
 */
import type { RelayRuntime } from "../core/runtime.ts";
import { TICK, type TransactionTable } from "../core/transactions.ts";

/** Ticks after which what failed is tried again. */
const AGAIN = 1_000 / TICK;

/**
 * Calls `due` for each slot whose deadline has come by `tick`. A defect of this program is told;
 * the others are not to suffer, and it is tried again a second later.
 */
export function advance(
  runtime: RelayRuntime,
  table: TransactionTable,
  tick: number,
  due: (slot: number) => void,
): void {
  table.wheel.advance(tick, (slot) => {
    try {
      due(slot);
    } catch (error) {
      runtime.defect(error, "lives_on");
      if (table.requesterOf(slot) !== 0 && !table.wheel.isArmed(slot)) table.wheel.arm(slot, tick + AGAIN);
    }
  });
}
