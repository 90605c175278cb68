/**
 * Driver of one live connection to a peer: feeds the machines what arrives, and does what they say.
 * @module
 */
import type { Alarm } from "../../net/clock.ts";
import { type Connection, endpointText } from "../../net/connection.ts";
import { OutQueue, type OutQueueOptions } from "../../net/out_queue.ts";
import { COMMAND } from "../wire/command_codes.ts";
import { errorAnswer } from "../wire/error_answer.ts";
import { FLAG, type Header } from "../wire/header.ts";
import { type Capabilities, capabilitiesAnswer, type CapabilitiesFault, capabilitiesRequest } from "./capabilities.ts";
import { Handshake, refusedCer, type Verdict } from "./handshake.ts";
import { causeName, type PeerEnd, PeerEnding } from "./peer_end.ts";
import { disconnectCauseOf, disconnectRequest, peerAnswer, watchdogRequest } from "./peer_messages.ts";
import { type PeerEvent, type PeerState, stepPeer } from "./peer_machine.ts";
import type { PeerNode, PeerOptions } from "./peer_options.ts";
import type { WatchdogTimer } from "./watchdog_timer.ts";

/** What was wrong with a CER. */
export interface RefusedCer {
  /** With what it was answered; 0 when it was not. */
  readonly resultCode: number;
  /** For a person. */
  readonly reason: string;
}

/** What the owner of a peer wants to know. */
export interface PeerHandlers {
  /** A responder's word on a CER that is fine in itself: undefined admits the peer. */
  admit?(
    peer: Peer,
    capabilities: Capabilities,
  ): CapabilitiesFault | undefined | Promise<CapabilitiesFault | undefined>;
  /** A CER is refused; its bytes are there for the time of the call. */
  refusedCer?(peer: Peer, refused: RefusedCer, cer: Uint8Array): void;
  /** The connection is open. */
  opened(peer: Peer): void;
  /** The peer sent a DPR: no new requests to it. */
  leaving?(peer: Peer, cause: number): void;
  /** The end, exactly once, whether or not it was ever open. */
  closed(peer: Peer, end: PeerEnd): void;
  /** Something was thrown away, by kind. */
  discarded?(reason: string): void;
  /** Retained messages: see `OutQueueOptions.sealed`. */
  sealed?: ConstructorParameters<typeof OutQueue>[2]["sealed"];
}

/**
 * Low 16 bits of the hop-by-hop ids of this node's own DWR, DPR and CER: relayed requests never use
 * them.
 */
export const OWN_REQUEST_SLOT = 0xffff;

/**
 * The longest message of a peer that has not identified itself, in bytes: what a stranger may make
 * this node keep.
 */
export const LONGEST_CER = 16 * 1024;

/**
 * A peer whose answers come the same way as its requests is read on until its queue is so many
 * times its limit.
 */
const HOARD = 16;

/** One live connection. */
export class Peer {
  readonly out: OutQueue;
  /** Its owner's, like the options: see {@link Peer.moveTo}. */
  watchdog: WatchdogTimer;
  options: PeerOptions;
  readonly connection: Connection;
  readonly node: PeerNode;
  /** Bytes read. */
  readBytes = 0;
  /** Settles when the connection has ended and its owner was told. */
  readonly ended: Promise<void>;

  #state: PeerState;
  readonly #handshake = new Handshake();
  #handlers: PeerHandlers;
  #timer: Alarm | undefined;
  #ownIds: number;
  /** Hop-by-hop ids of the unanswered DWR and DPR; 0 when there is none. */
  #watchdogId = 0;
  #disconnectId = 0;
  #cause = 0;
  #stopping = false;
  readonly #ending = new PeerEnding();
  #announced = false;
  #resolveEnded!: () => void;

  constructor(
    connection: Connection,
    node: PeerNode,
    watchdog: WatchdogTimer,
    options: PeerOptions,
    handlers: PeerHandlers,
  ) {
    this.connection = connection;
    this.node = node;
    this.#ownIds = Math.floor(node.random() * 0x10000);
    this.watchdog = watchdog;
    this.options = options;
    this.#handlers = handlers;
    this.out = new OutQueue(connection, node.segments, this.#queueOptions(), node.clock);
    this.ended = new Promise((resolve) => this.#resolveEnded = resolve);
    this.#state = options.role === "initiator" ? "wait-i-cea" : "wait-cer";
    this.#setTimer(options.capabilitiesTimeout);
    if (options.role === "initiator") {
      this.out.push(capabilitiesRequest(options.local, connection.local.hostname, this.#nextIds()));
    }
  }

  /** What the peer said of itself; undefined before the capabilities exchange. */
  get capabilities(): Capabilities | undefined {
    return this.#handshake.capabilities;
  }

  get state(): PeerState {
    return this.#state;
  }

  /** Open for requests in both directions. */
  get open(): boolean {
    return this.#state === "open";
  }

  /** Messages still flow: open, or one side is taking its leave. */
  get live(): boolean {
    return this.#state === "open" || this.#state === "closing" || this.#state === "leaving";
  }

  /** Who dialled us and has not identified itself: it is answered nothing but its CER. */
  get stranger(): boolean {
    return this.#state === "wait-cer";
  }

  /**
   * The longest message that may come now, of which one of `usual` bytes may come on an open
   * connection.
   */
  longestMessage(usual: number): number {
    return this.#state === "wait-cer" && usual > LONGEST_CER ? LONGEST_CER : usual;
  }

  /** `host:port` of the other end. */
  get remoteText(): string {
    return endpointText(this.connection.remote);
  }

  /**
   * Gives a connection whose CER is being judged to another owner: watchdog, options and handlers
   * are those of the new one from here on, who is told all that follows.
   */
  moveTo(watchdog: WatchdogTimer, options: PeerOptions, handlers: PeerHandlers): void {
    this.watchdog = watchdog;
    this.options = options;
    this.#handlers = handlers;
    this.out.configure(this.#queueOptions());
  }

  /** Takes other options of the same owner, for all that is to come. */
  configure(options: PeerOptions): void {
    this.options = options;
    this.out.configure(this.#queueOptions());
  }

  #queueOptions(): OutQueueOptions {
    const { sendQueueLimit, budget, sendQueueEnd } = this.options;
    const { sealed } = this.#handlers;
    return {
      limit: sendQueueLimit,
      failed: (error) => this.abort(`writing failed: ${messageOf(error)}`),
      ...(sealed === undefined ? {} : { sealed }),
      ...(budget === undefined ? {} : { budget }),
      ...(sendQueueEnd === undefined ? {} : {
        end: sendQueueEnd,
        overflowed: () => {
          this.#handlers.discarded?.("send_queue_end");
          this.abort(`it did not read its answers: more than ${sendQueueEnd} bytes wait for it`);
        },
      }),
    };
  }

  /**
   * Takes one message that is not simply relayable: a peer command, or any while the connection is
   * not open.
   * @returns whether it may pass
   */
  take(bytes: Uint8Array, at: number, end: number, header: Header): boolean | Promise<boolean> {
    if (this.#state === "closed") return false;
    const request = (header.flags & FLAG.request) !== 0;
    switch (header.command) {
      case COMMAND.capabilitiesExchange:
        return request ? this.#takeCer(bytes, at, end, header) : this.#takeCea(bytes, at, end);
      case COMMAND.deviceWatchdog:
        if (request) return this.#step("dwr", header);
        if (this.#isForeign(header, this.#watchdogId)) {
          if (this.#watchdogId !== 0) this.watchdog.disregarded(`its DWA carries ${ANOTHER_ID}`);
          return false;
        }
        this.#watchdogId = 0;
        return this.#step("dwa");
      case COMMAND.disconnectPeer:
        if (request) {
          this.#cause = disconnectCauseOf(bytes, at, end);
          return this.#step("dpr", header);
        }
        if (this.#isForeign(header, this.#disconnectId)) {
          if (this.#disconnectId !== 0) this.#ending.disregardedDpa = `its DPA carries ${ANOTHER_ID}`;
          return false;
        }
        return this.#step("dpa");
      default:
        return this.#step("message");
    }
  }

  /**
   * To be waited for, if there is anything, before more requests of the peer are taken: answers
   * that it does not read must not fill the memory.
   */
  roomForAnswers(): Promise<void> | undefined {
    const { out, options } = this;
    if (!(options.readOn ?? options.role === "initiator")) return out.full ? out.drained() : undefined;
    return out.queuedBytes > out.limit * HOARD ? out.flushed() : undefined;
  }

  /** Answers `request` with an error that this node originates. */
  refuse(
    bytes: Uint8Array,
    at: number,
    end: number,
    resultCode: number,
    message: string,
    failedAvp?: Uint8Array,
  ): void {
    const { local, mute } = this.options;
    this.out.push(errorAnswer(bytes, at, end, {
      originHost: local.originHost,
      originRealm: local.originRealm,
      originStateId: local.originStateId,
      resultCode,
      ...(mute ? {} : { message }),
      ...(failedAvp === undefined ? {} : { failedAvp }),
    }));
  }

  /** Sends a DWR now; none once either side takes its leave (section 5.6, Closing). */
  sendWatchdog(): void {
    if (this.#state !== "open") return;
    const ids = this.#nextIds();
    this.#watchdogId = ids.hopByHop;
    this.out.push(watchdogRequest(this.options.local, ids));
  }

  /**
   * Takes leave with a DPR, see `DISCONNECT_CAUSE`; resolves when the connection has ended, after
   * dprTimeout at the latest.
   */
  stop(cause: number, reason: string): Promise<void> {
    this.#stopping = true;
    if (this.#state === "closed") {
      // It waits for its queue to be written, for as long as writing may take. Nobody has that much
      // time now.
      if (!this.#finished) this.#setTimer(this.options.dprTimeout);
    } else if (this.#state === "open") {
      this.#cause = cause;
      this.#ending.leave(reason);
      this.#step("stop");
    } else if (this.#state !== "leaving" && this.#state !== "closing") {
      this.abort(reason);
    }
    return this.ended;
  }

  /** Ends the connection now; one that only waits for its queue to be written goes on with that. */
  abort(reason: string): void {
    if (this.#state === "closed") return;
    // Our leave was to be answered first.
    if (this.#state === "closing") this.#ending.further(reason);
    else this.#ending.because(reason);
    this.#step("disconnected");
  }

  /**
   * Lets what is queued go out, then ends the connection; nothing that arrives in between is looked
   * at.
   */
  closeWhenWritten(reason: string): void {
    if (this.#state === "closed") return;
    this.#ending.because(reason);
    this.#state = "closed";
    this.#finishWhenWritten();
  }

  /**
   * A DWA or DPA that answers nothing which this side asked on this connection: it counts for
   * nothing. Before the capabilities exchange it is no better than any other message, and the
   * machine sees it.
   */
  #isForeign(header: Header, asked: number): boolean {
    if (!this.live || (asked !== 0 && header.hopByHop === asked)) return false;
    this.#handlers.discarded?.("unknown_answer");
    return true;
  }

  #takeCer(bytes: Uint8Array, at: number, end: number, header: Header): boolean | Promise<boolean> {
    const answered = (verdict: Verdict, cer = bytes.subarray(at, end)) => {
      if (verdict.event === "cer-refused") this.#refusedCer(verdict, cer);
      return this.#conclude(verdict, header);
    };
    if (this.#state !== "wait-cer") return answered(this.#handshake.takeAnotherCer(bytes, at, end));
    const verdict = this.#handshake.takeCer(bytes, at, end, this.options.local, this.connection.tls !== undefined);
    if (verdict.event === "cer-refused") return answered(verdict);
    const word = this.#handlers.admit?.(this, this.capabilities!);
    const admitted = (fault: CapabilitiesFault | undefined, cer?: Uint8Array) =>
      this.#state === "closed" ? false : answered(refusedCer(fault), cer);
    if (!(word instanceof Promise)) return admitted(word);
    // The CER came in time; how long the word on it takes is not the peer's fault.
    this.#clearTimer();
    const cer = bytes.slice(at, end);
    return word.then((late) => admitted(late, cer));
  }

  #refusedCer({ reason, fault }: Verdict, cer: Uint8Array): void {
    const refused = { resultCode: fault?.resultCode ?? 0, reason: fault?.reason ?? reason };
    this.#handlers.refusedCer?.(this, refused, cer);
  }

  #takeCea(bytes: Uint8Array, at: number, end: number): boolean {
    if (this.#state !== "wait-i-cea") return this.#step("cea-accepted");
    const { local, expectedHost = "" } = this.options;
    return this.#conclude(this.#handshake.takeCea(bytes, at, end, local, expectedHost));
  }

  #conclude({ event, reason, fault }: Verdict, header?: Header): boolean {
    this.#ending.because(reason);
    return this.#step(event, header, fault);
  }

  #step(event: PeerEvent, header?: Header, fault?: CapabilitiesFault): boolean {
    const before = this.#state;
    const { state, actions } = stepPeer(before, event);
    this.#state = state;
    let passed = false;
    for (const action of actions) {
      switch (action) {
        case "pass":
          passed = true;
          break;
        case "discard":
          this.#handlers.discarded?.("unexpected");
          break;
        case "send-cea":
        case "refuse":
          this.out.push(
            capabilitiesAnswer(this.options.local, this.connection.local.hostname, header!, fault, this.options.mute),
          );
          break;
        case "opened":
          this.#clearTimer();
          this.#announced = true;
          this.#handlers.opened(this);
          // Whoever was told may have taken leave at once.
          if (this.open) this.watchdog.up();
          break;
        case "send-dwa":
          this.out.push(peerAnswer(COMMAND.deviceWatchdog, this.options.local, header!));
          break;
        case "watchdog-answered":
          this.watchdog.answered();
          break;
        case "send-dpa":
          this.out.push(peerAnswer(COMMAND.disconnectPeer, this.options.local, header!));
          if (before === "open") {
            this.#ending.left = true;
            this.#ending.refused = this.#cause !== 0;
            this.#ending.because(`the peer took its leave (${causeName(this.#cause)})`);
            this.#setTimer(this.options.dprTimeout);
            this.#handlers.leaving?.(this, this.#cause);
            this.watchdog.left();
          }
          break;
        case "send-dpr": {
          const ids = this.#nextIds();
          this.#disconnectId = ids.hopByHop;
          this.out.push(disconnectRequest(this.options.local, ids, this.#cause));
          this.#setTimer(this.options.dprTimeout);
          this.watchdog.left();
          break;
        }
        case "close-when-written":
          this.#finishWhenWritten();
          break;
        case "close":
          if (event === "timeout") this.#ending.timedOut(before);
          else if (!this.#announced) this.#ending.because("another message came before the capabilities exchange");
          this.#finish();
          break;
      }
    }
    return passed;
  }

  #finishWhenWritten(): void {
    // The wait for the DPA that has just come is the time that there is for everything.
    if (!this.#stopping) this.#setTimer(this.options.writeTimeout);
    this.out.flushed().then(() => this.#finish());
  }

  #finish(): void {
    this.#clearTimer();
    this.out.close();
    this.connection.close();
    if (this.#finished) return;
    this.#finished = true;
    if (this.#announced) {
      if (this.#ending.left) this.watchdog.left();
      else this.watchdog.down();
    }
    this.#handlers.closed(this, this.#ending.end(this.#handshake.fault));
    this.#resolveEnded();
  }
  #finished = false;

  #setTimer(milliseconds: number): void {
    this.#clearTimer();
    this.#timer = this.node.clock.setTimeout(() => {
      this.#timer = undefined;
      if (this.#state === "closed") this.#finish();
      else this.#step("timeout");
    }, milliseconds);
  }

  #clearTimer(): void {
    if (this.#timer !== undefined) this.node.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #nextIds(): { hopByHop: number; endToEnd: number } {
    this.#ownIds = (this.#ownIds + 1) & 0xffff;
    return { hopByHop: this.#ownIds * 0x10000 + OWN_REQUEST_SLOT, endToEnd: this.node.endToEndIds.next() };
  }
}

const ANOTHER_ID = "another Hop-by-Hop Identifier than the request";

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
