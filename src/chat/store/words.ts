/**
 * Words to all gateways: heard once and in order, also those that came while nobody listened.
 * PURE.
 *
 *     HEARD\nENTRY\nBODY     HEARD: the gateway that has heard it already, or nothing; ENTRY: where
 * it
 *                            is kept, or nothing
 * @module
 */

/** A word. */
export interface Word {
  readonly heard: string;
  /** `MILLISECONDS-NUMBER`; "": it is not kept. */
  readonly entry: string;
  readonly body: Uint8Array;
}

const LINE_END = 10;
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** A message on the channel. */
export function writeWord({ heard, entry, body }: Word): Uint8Array {
  const head = ENCODER.encode(`${heard}\n${entry}\n`);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

/** Reads a message; undefined for anything else. */
export function readWord(bytes: Uint8Array): Word | undefined {
  const first = bytes.indexOf(LINE_END);
  const second = bytes.indexOf(LINE_END, first + 1);
  if (first < 0 || second < 0) return undefined;
  const entry = DECODER.decode(bytes.subarray(first + 1, second));
  if (!/^(\d+-\d+)?$/.test(entry)) return undefined;
  return { heard: DECODER.decode(bytes.subarray(0, first)), entry, body: bytes.subarray(second + 1) };
}

/** What of it is heard. */
export class Words {
  readonly #gatewayId: string;
  readonly #hear: (body: Uint8Array) => void;
  /** The last kept word that was heard; "" before it is known. */
  last = "";
  /** Kept words that wait until those before them are read; undefined: none is missing. */
  #waiting: Word[] | undefined = [];

  constructor(gatewayId: string, hear: (body: Uint8Array) => void) {
    this.#gatewayId = gatewayId;
    this.#hear = hear;
  }

  /** The channel cannot be heard, so that some will be missing. */
  interrupted(): void {
    this.#waiting ??= [];
  }

  /** A word from the channel. */
  offer(word: Word): void {
    if (word.entry !== "" && this.#waiting !== undefined) this.#waiting.push(word);
    else this.#tell(word);
  }

  /** What is kept after the last one, since the channel is heard again. */
  caughtUp(kept: readonly Word[]): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const word of [...kept, ...waiting]) this.#tell(word);
  }

  #tell(word: Word): void {
    if (word.entry !== "") {
      if (this.last !== "" && compare(word.entry, this.last) <= 0) return;
      this.last = word.entry;
    }
    if (word.heard !== this.#gatewayId) this.#hear(word.body);
  }
}

function compare(a: string, b: string): number {
  const [aTime = 0, aNumber = 0] = a.split("-").map(Number);
  const [bTime = 0, bNumber = 0] = b.split("-").map(Number);
  return aTime - bTime || aNumber - bNumber;
}
