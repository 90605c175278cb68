/**
 * What all transports have in common: the queue of what goes out, its bound, and how a stream ends.
 * @module
 */
import { Buffer } from "node:buffer";
import type { Encoded, Encoding } from "../proto/mod.ts";
import { CLOSE, type CloseCode, LOST } from "./close_codes.ts";
import type { DeviceOptions } from "./options.ts";
import type { Patience } from "./patience.ts";
import type { Transport, TransportKind, TransportListener } from "./transport.ts";
import type { Flushing, Run, Turn } from "./turn.ts";

/** What all streams of a gateway share. */
export interface Shared {
  /** As they are now. */
  readonly options: DeviceOptions;
  readonly turn: Turn;
  /** Cuts those whose peers do not answer a close, or do not read it. */
  readonly closing: Patience;
  /** One is gone, its socket too. */
  gone(transport: Transport): void;
  failed(error: unknown): void;
}

/** What a handshake agreed on. */
export interface Terms {
  readonly encoding: Encoding;
  readonly remote: string;
}

/** Of what waits behind a write that is under way, the next write takes about so many bytes. */
const PIECE = 64 * 1024;
/** Stands for a list without anything in it; never changed. */
const NONE: Uint8Array[] = [];

/** How far its end has come: `closing` once the session was told, `gone` with the socket. */
const STATE = { open: 0, closing: 1, gone: 2 } as const;

/**
 * A stream with a queue. What a turn brings is one write at its end; while a write is under way,
 * what comes waits here, where it can be dropped.
 */
export abstract class QueuedTransport implements Transport, Flushing {
  abstract readonly kind: TransportKind;
  readonly encoding: Encoding;
  readonly remote: string;
  bytesIn = 0;
  bytesOut = 0;

  protected readonly shared: Shared;
  protected listener: TransportListener | undefined;
  #state: number = STATE.open;
  /** What this turn has brought, while nothing is being written. */
  #run: Run | undefined;
  /** What waits behind the write under way. */
  #waiting: Uint8Array[] = NONE;
  #waitingBytes = 0;
  /** Bytes of the write under way that the system has not taken. */
  #writing = 0;
  #flushDue = false;
  /** Nothing follows what waits: this side ends then. */
  #last = false;

  constructor(shared: Shared, { encoding, remote }: Terms) {
    this.shared = shared;
    this.encoding = encoding;
    this.remote = remote;
  }

  /** An event as this transport sends it. */
  protected abstract frameOf(event: Encoded): Uint8Array;
  /** Queues a question for a sign of life. */
  protected abstract ask(): void;
  /** Queues what says that the stream ends, or keeps it for {@link finish}. */
  protected abstract sayEnd(code: CloseCode, reason: string): void;
  /**
   * Hands bytes to the system.
   * @returns how many it has not taken; `written` is to be called then
   */
  protected abstract writeOut(bytes: Uint8Array): number;
  /** Ends this side: all has been handed over. */
  protected abstract finish(): void;
  /** Ends both sides at once. */
  protected abstract destroy(): void;

  get queuedBytes(): number {
    return this.#writing + (this.#run?.length ?? 0) + this.#waitingBytes;
  }

  /** Its session has not been told of an end. */
  protected get isOpen(): boolean {
    return this.#state === STATE.open;
  }

  send(event: Encoded): void {
    if (this.#state !== STATE.open) return;
    this.push(this.frameOf(event));
    this.mind();
  }

  ping(): void {
    if (this.#state !== STATE.open) return;
    this.ask();
    this.mind();
  }

  close(code: CloseCode, reason: string = CLOSE[code]): void {
    if (this.#state !== STATE.open) return;
    this.sayEnd(code, reason);
    this.endSession(code, reason);
  }

  cut(): void {
    this.destroy();
    this.goneNow();
  }

  flush(): void {
    this.#flushDue = false;
    const run = this.#run;
    if (run !== undefined) {
      this.#run = undefined;
      this.#write(run.bytes());
    }
    this.#writeOn();
  }

  /** Queues bytes, which nobody may change any more. */
  protected push(bytes: Uint8Array): void {
    if (this.#writing > 0) {
      if (this.#waiting === NONE) this.#waiting = [];
      this.#waiting.push(bytes);
      this.#waitingBytes += bytes.length;
      return;
    }
    this.#run = this.shared.turn.append(this.#run, bytes);
    this.#flushSoon();
  }

  /** Ends this side behind what is queued. */
  protected finishSoon(): void {
    this.#last = true;
    if (this.#writing === 0) this.#flushSoon();
  }

  /** Ends the stream when more waits than may: everything that waits is let go. */
  protected mind(): void {
    if (this.queuedBytes <= this.shared.options.sendQueue) return;
    this.flush(); // A large turn is no slow device yet.
    if (this.queuedBytes <= this.shared.options.sendQueue) return;
    this.#drop();
    this.close(4008);
  }

  /** The system has taken all of the write that was under way. */
  protected written(): void {
    if (this.#writing === 0) return;
    this.#writing = 0;
    this.#writeOn();
  }

  /** A sign of life without a request. */
  protected tellAlive(): void {
    this.told((listener) => listener.alive());
  }

  /** Tells the session something; what it throws ends its stream and nothing else. */
  protected told(tell: (listener: TransportListener) => void): void {
    if (this.#state !== STATE.open || this.listener === undefined) return;
    try {
      tell(this.listener);
    } catch (error) {
      this.shared.failed(error);
      this.close(1011);
    }
  }

  /** An end is on its way, from one side or the other: the session is told. */
  protected endSession(code: number, reason: string): void {
    if (this.#state !== STATE.open) return;
    this.#state = STATE.closing;
    this.shared.closing.await(this);
    this.#tellEnd(code, reason);
  }

  /** There is nothing any more that could carry it. */
  protected goneNow(): void {
    if (this.#state === STATE.gone) return;
    const wasOpen = this.#state === STATE.open;
    this.#state = STATE.gone;
    this.#drop();
    this.#writing = 0;
    this.shared.closing.forget(this);
    this.shared.gone(this);
    if (wasOpen) this.#tellEnd(LOST, "");
  }

  #tellEnd(code: number, reason: string): void {
    const { listener } = this;
    this.listener = undefined;
    try {
      listener?.closed(code, reason);
    } catch (error) {
      this.shared.failed(error);
    }
  }

  #drop(): void {
    this.#run = undefined;
    this.#waiting = NONE;
    this.#waitingBytes = 0;
  }

  #flushSoon(): void {
    if (this.#flushDue) return;
    this.#flushDue = true;
    this.shared.turn.flushLater(this);
  }

  #write(bytes: Uint8Array): void {
    if (this.#state === STATE.gone) return;
    this.bytesOut += bytes.length;
    this.#writing = this.writeOut(bytes);
  }

  /** Writes what waits, in pieces, as long as the system takes it; then the end, if it has come. */
  #writeOn(): void {
    while (this.#writing === 0 && this.#waiting.length > 0) {
      let count = 0;
      let size = 0;
      while (count < this.#waiting.length && (count === 0 || size < PIECE)) size += this.#waiting[count++]!.length;
      const piece = this.#waiting.splice(0, count);
      const isAll = this.#waiting.length === 0;
      if (isAll) this.#waiting = NONE;
      this.#waitingBytes -= size;
      this.#write(count === 1 ? piece[0]! : Buffer.concat(piece, size));
      if (isAll) this.told((listener) => listener.drained?.());
    }
    if (!this.#last || this.#writing > 0 || this.#run !== undefined || this.#state === STATE.gone) return;
    this.#last = false;
    this.finish();
  }
}
