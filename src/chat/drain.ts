/**
 * Sending devices away, spread over some time.
 * @module
 */
import type { Clock } from "../net/clock.ts";
import type { Connection } from "./connection.ts";

/** ms between two steps. */
const STEP = 20;

/** How many of `total` must have gone after a part of the time. PURE. */
export function goneBy(total: number, elapsed: number, spread: number): number {
  return spread <= 0 ? total : Math.min(total, Math.ceil(total * elapsed / spread) + 1);
}

/**
 * Sends them away in any order, evenly over `spread` ms (D1); resolves when the last was told.
 * @param random from 0 to below 1
 */
export function sendAway(
  sessions: readonly Connection[],
  spread: number,
  clock: Clock,
  random: () => number,
): Promise<void> {
  const began = clock.now();
  let gone = 0;
  return new Promise((resolve) => {
    const step = () => {
      const due = goneBy(sessions.length, clock.now() - began, spread);
      while (gone < due) sessions[gone++]!.sendAway(Math.floor(random() * spread));
      if (gone < sessions.length) clock.setTimeout(step, STEP);
      else resolve();
    };
    step();
  });
}
