/**
 * The frames of a client, put together to messages (RFC 6455 section 5). PURE.
 *
 * Nothing is kept for a connection that idles, and what a client announces takes no memory before
 * it has come.
 * @module
 */

/** What frames come to; called in their order. */
export interface FrameSink {
  /** A whole message; `bytes` is nobody else's. */
  gotText(bytes: Uint8Array, compressed: boolean): void;
  gotBinary(bytes: Uint8Array, compressed: boolean): void;
  gotPing(payload: Uint8Array): void;
  gotPong(): void;
  /** @param code 1005 when it had none */
  gotClose(code: number, reason: string): void;
  /** The client broke a rule; nothing is read any more. */
  broken(code: 1002 | 1007 | 1009, reason: string): void;
}

/** What the reader keeps to; asked for again at each frame. */
export interface FrameLimits {
  /** Bytes of a message. */
  readonly options: { readonly maxMessageSize: number };
}

const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
/** Two octets, eight of length, four of mask. */
const LONGEST_HEAD = 14;
const LARGEST_CONTROL = 125;
/** The first piece of memory for a message whose bytes come slowly. */
const FIRST_PIECE = 1024;
const NO_STATUS = 1005;
const NOTHING = new Uint8Array(0);
const STRICT_UTF8 = new TextDecoder("utf-8", { fatal: true });

/** Reads what one client sends. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #limits: FrameLimits;
  readonly #mayCompress: boolean;
  /** Octets of a frame's head that has not wholly come. */
  #head: Uint8Array | undefined;
  #headLength = 0;
  /** The frame under way. */
  #inFrame = false;
  #final = false;
  #opcode = 0;
  #mask = 0;
  /** Octets of its payload that are still to come, and how many came. */
  #left = 0;
  #seen = 0;
  /** The message under way: opcode of its first frame, or -1. */
  #message = -1;
  #compressed = false;
  #bytes: Uint8Array = NOTHING;
  #length = 0;
  /** The payload of the control frame under way. */
  #control: Uint8Array = NOTHING;
  #over = false;

  /** @param mayCompress whether permessage-deflate was agreed on: then RSV1 says so of a message */
  constructor(sink: FrameSink, limits: FrameLimits, mayCompress: boolean) {
    this.#sink = sink;
    this.#limits = limits;
    this.#mayCompress = mayCompress;
  }

  /** Takes what came; copies what it keeps. */
  take(chunk: Uint8Array): void {
    let at = 0;
    while (!this.#over && (at < chunk.length || (this.#inFrame && this.#left === 0))) {
      at = this.#inFrame ? this.#payload(chunk, at) : this.#heading(chunk, at);
    }
  }

  /** Reads nothing any more. */
  end(): void {
    this.#over = true;
    this.#bytes = this.#control = NOTHING;
    this.#head = undefined;
  }

  #heading(chunk: Uint8Array, at: number): number {
    if (this.#headLength === 0) {
      const size = headSize(chunk, at, chunk.length - at);
      if (size > 0 && at + size <= chunk.length) {
        this.#begin(chunk, at, size);
        return at + size;
      }
    }
    const head = this.#head ??= new Uint8Array(LONGEST_HEAD);
    while (at < chunk.length) {
      head[this.#headLength++] = chunk[at++]!;
      const size = headSize(head, 0, this.#headLength);
      if (size === 0 || this.#headLength < size) continue;
      this.#headLength = 0;
      this.#head = undefined;
      this.#begin(head, 0, size);
      break;
    }
    return at;
  }

  /** Judges the head of a frame. */
  #begin(bytes: Uint8Array, at: number, size: number): void {
    const first = bytes[at]!;
    const second = bytes[at + 1]!;
    const opcode = first & 0x0f;
    const final = first >= 0x80;
    const isControl = opcode >= OPCODE.close;
    const isCompressed = (first & 0x40) !== 0;
    if ((first & 0x30) !== 0) return this.#broken(1002, "reserved bits are set");
    if (isCompressed && (!this.#mayCompress || isControl || opcode === OPCODE.continuation)) {
      return this.#broken(1002, "a compressed frame where none may be");
    }
    if (opcode > OPCODE.pong || (opcode > OPCODE.binary && opcode < OPCODE.close)) {
      return this.#broken(1002, `opcode ${opcode} is reserved`);
    }
    if (second < 0x80) return this.#broken(1002, "a client's frames have to be masked");
    const said = second & 0x7f;
    const length = said < 126 ? said : said === 126 ? word(bytes, at + 2, 2) : word(bytes, at + 2, 8);
    if ((said === 126 && length < 126) || (said === 127 && length < 0x10000)) {
      return this.#broken(1002, "a length has to be written in the shortest form");
    }
    if (length >= 2 ** 63) return this.#broken(1002, "a length has no more than 63 bits");
    if (isControl) {
      if (!final) return this.#broken(1002, "a control frame cannot be fragmented");
      if (length > LARGEST_CONTROL) return this.#broken(1002, "a control frame has at most 125 bytes");
      if (opcode === OPCODE.close && length === 1) return this.#broken(1002, "a close code has two bytes");
      this.#control = length === 0 ? NOTHING : new Uint8Array(length);
    } else {
      if (opcode === OPCODE.continuation) {
        if (this.#message < 0) return this.#broken(1002, "there is nothing to be continued");
      } else if (this.#message >= 0) {
        return this.#broken(1002, "a new message before the end of the last one");
      } else {
        this.#message = opcode;
        this.#compressed = isCompressed;
      }
      if (this.#length + length > this.#limits.options.maxMessageSize) {
        return this.#broken(1009, `message too big: at most ${this.#limits.options.maxMessageSize} bytes`);
      }
    }
    this.#opcode = opcode;
    this.#final = final;
    this.#left = length;
    this.#seen = 0;
    this.#mask = word(bytes, at + size - 4, 4);
    this.#inFrame = true;
  }

  #payload(chunk: Uint8Array, at: number): number {
    const count = Math.min(this.#left, chunk.length - at);
    if (this.#opcode >= OPCODE.close) {
      unmask(chunk, at, count, this.#control, this.#seen, this.#mask, this.#seen);
    } else {
      this.#reserve(count);
      unmask(chunk, at, count, this.#bytes, this.#length, this.#mask, this.#seen);
      this.#length += count;
    }
    this.#seen += count;
    this.#left -= count;
    if (this.#left === 0) {
      this.#inFrame = false;
      if (this.#opcode >= OPCODE.close) this.#controlFrame();
      else if (this.#final) this.#wholeMessage();
    }
    return at + count;
  }

  /** Makes room for `count` bytes: exactly so many when that is all, else in doubling steps. */
  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const isAll = this.#final && count === this.#left;
    const size = isAll ? needed : Math.max(needed, Math.min(this.#bytes.length * 2, this.#length + this.#left));
    const larger = new Uint8Array(isAll ? size : Math.max(size, FIRST_PIECE));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }

  #wholeMessage(): void {
    const bytes = this.#bytes.length === this.#length ? this.#bytes : this.#bytes.subarray(0, this.#length);
    const isText = this.#message === OPCODE.text;
    this.#message = -1;
    this.#bytes = NOTHING;
    this.#length = 0;
    if (isText) this.#sink.gotText(bytes, this.#compressed);
    else this.#sink.gotBinary(bytes, this.#compressed);
  }

  #controlFrame(): void {
    const payload = this.#control;
    this.#control = NOTHING;
    if (this.#opcode === OPCODE.ping) return this.#sink.gotPing(payload);
    if (this.#opcode === OPCODE.pong) return this.#sink.gotPong();
    if (payload.length === 0) {
      this.end();
      return this.#sink.gotClose(NO_STATUS, "");
    }
    const code = word(payload, 0, 2);
    if (!mayBeSent(code)) return this.#broken(1002, `close code ${code} cannot be sent`);
    let reason: string;
    try {
      reason = STRICT_UTF8.decode(payload.subarray(2));
    } catch {
      return this.#broken(1007, "the reason of a close is not UTF-8");
    }
    this.end();
    this.#sink.gotClose(code, reason);
  }

  #broken(code: 1002 | 1007 | 1009, reason: string): void {
    this.end();
    this.#sink.broken(code, reason);
  }
}

/** Octets of the frame head at `at`, of which `count` are there; 0 when it is too early to say. */
function headSize(bytes: Uint8Array, at: number, count: number): number {
  if (count < 2) return 0;
  const second = bytes[at + 1]!;
  const length = second & 0x7f;
  // Without a mask it is refused: nobody waits for one.
  return 2 + (length < 126 ? 0 : length === 126 ? 2 : 8) + (second >= 0x80 ? 4 : 0);
}

/** `size` octets, most significant first. */
function word(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + bytes[at + i]!;
  return value;
}

/** Copies `count` octets without their mask; the first is number `seen` of its payload. */
function unmask(
  from: Uint8Array,
  at: number,
  count: number,
  to: Uint8Array,
  toAt: number,
  mask: number,
  seen: number,
): void {
  for (let i = 0; i < count; i++) to[toAt + i] = from[at + i]! ^ (mask >>> (24 - 8 * ((seen + i) & 3)));
}

/** RFC 6455 section 7.4, and what IANA has added since. */
function mayBeSent(code: number): boolean {
  return (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
    (code >= 3000 && code <= 4999);
}
