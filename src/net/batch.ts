/**
 * The chunk of every stream here: whole frames as they lie in the buffer that was read into.
 * @module
 */
import type { Block } from "./block.ts";

/** Why a stream of frames cannot be followed any further. */
export interface FrameFault {
  /** What is wrong, in the terms of the rule that found it. */
  readonly kind: string;
  /** The bytes of the frame that are there: its header at least when the rule asked for it. */
  readonly bytes: Uint8Array;
}

/**
 * Some bytes of a block, lent to whoever holds the batch, who must call {@link release} exactly
 * once. From a source: any bytes. From a framer: whole frames, the first at `start`, each on a
 * multiple of the rule's alignment; behind them, perhaps, the fault that ends the stream.
 */
export class Batch {
  fault: FrameFault | undefined = undefined;
  /**
   * Free for the stages: what an earlier one tells the later ones of these frames; 0 says nothing.
   */
  mark = 0;
  #owner: BatchOwner | undefined;

  constructor(owner: BatchOwner, readonly block: Block, public start: number, public end: number) {
    this.#owner = owner;
  }

  /** Gives the memory back to its owner. A second call does nothing. */
  release(): void {
    const owner = this.#owner;
    this.#owner = undefined;
    owner?.released(this.block);
  }
}

/** Who gets a block back. */
export interface BatchOwner {
  released(block: Block): void;
}
