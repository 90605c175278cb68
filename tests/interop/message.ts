/** Diameter messages as the tests look at them. */
import { asciiOf, type AvpSlice, avpsOf, unsigned32Of } from "../../src/diameter/wire/avp.ts";
import { FLAG, type Header, HEADER_LENGTH, readHeader } from "../../src/diameter/wire/header.ts";

/** One message, whose AVPs have possible lengths. */
export class Message {
  readonly header: Header;
  readonly avps: readonly AvpSlice[];

  constructor(readonly bytes: Uint8Array<ArrayBuffer>) {
    this.header = readHeader(bytes);
    this.avps = [...avpsOf(bytes, HEADER_LENGTH, bytes.length)];
  }

  get request(): boolean {
    return (this.header.flags & FLAG.request) !== 0;
  }

  /** Whether it is a request, or an answer, of this command. */
  is(command: number, kind: "request" | "answer"): boolean {
    return this.header.command === command && this.request === (kind === "request");
  }

  /** The values of all AVPs with this code and no vendor, as text, in their order. */
  texts(code: number): string[] {
    return this.avps.filter((avp) => avp.code === code && avp.vendor === 0).map((avp) => asciiOf(this.bytes, avp));
  }

  /** The value of the first such AVP as a number. */
  number(code: number): number | undefined {
    const avp = this.avps.find((candidate) => candidate.code === code && candidate.vendor === 0);
    return avp === undefined ? undefined : unsigned32Of(this.bytes, avp);
  }

  /** `264 296 ...`: codes of the AVPs in their order. */
  get codes(): number[] {
    return this.avps.map((avp) => avp.code);
  }
}

/** Cuts a stream of bytes into whole messages. */
export class Cutter {
  #rest = new Uint8Array(0);

  /** Adds what was read; returns what is whole now. */
  push(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const whole: Uint8Array<ArrayBuffer>[] = [];
    let at = 0;
    while (all.length - at >= HEADER_LENGTH) {
      const { length } = readHeader(all, at);
      if (length < HEADER_LENGTH) throw new RangeError(`Cannot cut a message of length ${length} out of a stream`);
      if (all.length - at < length) break;
      whole.push(all.slice(at, at + length));
      at += length;
    }
    this.#rest = all.slice(at);
    return whole;
  }
}
