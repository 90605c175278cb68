/**
 * Giving memory back after a storm.
 * @module
 */

/** Milliseconds between two looks. */
const LOOK = 10_000;

/** Bytes that must have come together since the last time: for less it is not worth while. */
const WORTH = 16 * 1024 * 1024;

/** Messages between two looks up to which a pause of some 20 ms is of no consequence. */
const QUIET = 10_000;

/** What a sweeper sees and does. */
export interface SweeperOptions {
  /** Bytes that the engine has taken from the system. */
  readonly used: () => number;
  /** Messages so far. */
  readonly messages: () => number;
  /** Makes the engine give back what nobody needs. */
  readonly collect: () => void;
}

/**
 * The engine collects when it needs memory. A program that has nothing to do needs none, and so it
 * would keep for ever what thousands of connections left behind. This looks now and then, and has
 * it collected in a quiet moment.
 */
export class Sweeper {
  readonly #options: SweeperOptions;
  /** Bytes after the last collection, or fewer. */
  #least: number;
  #messages = 0;
  /** It was collected at the last quiet look. */
  #again = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
    this.#least = options.used();
  }

  /** To be called every ten seconds. */
  look(): void {
    const { used, messages, collect } = this.#options;
    const before = this.#messages;
    this.#messages = messages();
    const bytes = used();
    this.#least = Math.min(this.#least, bytes);
    if (this.#messages - before > QUIET) return;
    const much = bytes - this.#least >= WORTH;
    // What was freed the engine keeps for itself, until it is asked once more.
    if (!much && !this.#again) return;
    this.#again = much;
    collect();
    this.#least = used();
  }
}

/**
 * Looks after the memory of this process.
 * @param messages how many messages it has seen so far
 * @returns what ends it
 */
export function keepSwept(messages: () => number): () => void {
  // There when the engine was started with the flags of the executable.
  const { gc: collect } = globalThis as { gc?: () => void };
  if (collect === undefined) return () => {};
  const used = () => {
    const { heapTotal, external } = Deno.memoryUsage();
    return heapTotal + external;
  };
  const sweeper = new Sweeper({ used, messages, collect });
  const timer = setInterval(() => sweeper.look(), LOOK);
  return () => clearInterval(timer);
}
