/**
 * One connection of a client, from its CER to its end.
 * @module
 */
import type { Clock } from "../../net/clock.ts";
import type { Batch } from "../../net/batch.ts";
import { type Block, BlockLease, type BlockPool } from "../../net/block.ts";
import type { Connection } from "../../net/connection.ts";
import { framer } from "../../net/framer.ts";
import type { SegmentPool } from "../../net/segment.ts";
import { source } from "../../net/source.ts";
import type { LocalIdentity } from "../peer/capabilities.ts";
import type { EndToEndIds } from "../peer/end_to_end_ids.ts";
import { OWN_REQUEST_SLOT, Peer } from "../peer/peer.ts";
import type { PeerEnd } from "../peer/peer_end.ts";
import { gatedSink, REFUSED } from "../peer/peer_gate.ts";
import { WatchdogTimer } from "../peer/watchdog_timer.ts";
import { decodeMessage } from "../wire/decode_message.ts";
import { ALIGNMENT, diameterFrames } from "../wire/frame_rule.ts";
import { FLAG, OFFSET, viewOf } from "../wire/header.ts";
import { requestFault } from "../wire/request_fault.ts";
import { RESULT } from "../wire/result_codes.ts";
import { RoutingAvps } from "../wire/routing_avps.ts";
import type { Call, CallOwner } from "./call.ts";
import { ConnectionClosedError, MalformedAnswerError } from "./errors.ts";
import { Message } from "./message.ts";
import type { ClientSettings } from "./options.ts";
import { PeerRequest } from "./peer_request.ts";
import { WrittenMarks } from "./written.ts";

/** What the connections of one client share. */
export interface ClientRuntime {
  readonly settings: ClientSettings;
  readonly local: LocalIdentity;
  readonly blocks: BlockPool;
  readonly segments: SegmentPool;
  readonly clock: Clock;
  /** Numbers from 0 to below 1. */
  readonly random: () => number;
  /** For all requests of this client. */
  readonly endToEndIds: EndToEndIds;
}

/** What the owner of a connection is told. */
export interface ConnectionHandlers {
  opened(connection: ClientConnection): void;
  /**
   * The end, exactly once, whether or not it was ever open. Its calls are settled by then, but for
   * those to be sent again.
   */
  closed(connection: ClientConnection, end: PeerEnd, resend: readonly Call[]): void;
  /** What its calls are rejected with when it is lost. */
  lossError(reason: string): Error;
  /** There may be room for more calls. */
  room(): void;
  /** The watchdog changed. */
  changed(): void;
  received(request: PeerRequest): void;
}

/** Messages and what became of them; bytes are counted by the peer and its out-queue. */
export class MessageCounters {
  messagesSent = 0;
  messagesReceived = 0;
  /**
   * Answers that belong to no waiting request: late ones, second ones, and those to requests that
   * were sent with `send`.
   */
  unmatchedAnswers = 0;
  /** Requests of the peer that were thrown away because it does not read. */
  discardedRequests = 0;
}

/** Drives one connection. */
export class ClientConnection implements CallOwner {
  readonly peer: Peer;
  /**
   * When a message other than a watchdog was sent or received last, and when it opened; 0 before.
   */
  lastUsedAt = 0;
  openedAt = 0;
  /** It is to take no more calls, because it is about to be closed. */
  retiring = false;
  readonly #runtime: ClientRuntime;
  readonly #handlers: ConnectionHandlers;
  readonly #counters: MessageCounters;
  readonly #pending = new Map<number, Call>();
  readonly #marks: WrittenMarks;
  readonly #walk = new RoutingAvps();
  #hopByHop: number;
  #awaitsRoom = false;

  constructor(
    connection: Connection,
    runtime: ClientRuntime,
    counters: MessageCounters,
    handlers: ConnectionHandlers,
  ) {
    this.#runtime = runtime;
    this.#hopByHop = Math.floor(runtime.random() * 2 ** 32);
    this.#handlers = handlers;
    this.#counters = counters;
    this.#marks = new WrittenMarks(connection);
    const { settings, blocks: pool } = runtime;
    const watchdog = new WatchdogTimer(
      // There is nowhere else to send to: a connection that comes back carries traffic at once,
      // without the three watchdogs of REOPEN.
      () => ({ interval: settings.watchdogInterval, jitter: settings.watchdogJitter, reopenWatchdogs: 0 }),
      {
        sendWatchdog: () => this.peer.sendWatchdog(),
        failover: () => {},
        failback: () => handlers.room(),
        close: (reason) => this.peer.abort(reason),
        changed: () => handlers.changed(),
      },
      runtime.clock,
      runtime.random,
    );
    this.peer = new Peer(this.#marks.connection, runtime, watchdog, {
      local: runtime.local,
      role: "initiator",
      capabilitiesTimeout: settings.capabilitiesTimeout,
      dprTimeout: settings.dprTimeout,
      sendQueueLimit: settings.sendQueueLimit,
      writeTimeout: settings.writeTimeout,
      expectedHost: settings.expectedHost,
    }, {
      opened: () => {
        this.openedAt = this.lastUsedAt = this.#runtime.clock.now();
        handlers.opened(this);
      },
      leaving: () => handlers.changed(),
      closed: (_, end) => {
        watchdog.stop();
        this.#end(end);
      },
    });
    const blocks = new BlockLease(pool);
    source(this.#marks.connection, blocks, ALIGNMENT)
      .pipeThrough(framer(diameterFrames(() => settings.maxMessageSize), blocks))
      .pipeTo(gatedSink(this.peer, (batch) => this.#take(batch)))
      .then(
        () => this.peer.abort("the peer closed it"),
        (error) => this.peer.abort(error instanceof Error ? error.message : String(error)),
      ).finally(() => blocks.end());
  }

  /** Whether calls may be given to it now. */
  get available(): boolean {
    return this.usable && this.#pending.size < this.#runtime.settings.maxPending && !this.peer.out.full;
  }

  /** Open, and its watchdog is answered. */
  get usable(): boolean {
    return this.peer.open && !this.retiring && this.peer.watchdog.state === "okay";
  }

  /** Requests that wait for their answers. */
  get pending(): number {
    return this.#pending.size;
  }

  /** All calls that are not settled: those requests, and what is not written yet. */
  calls(): Call[] {
    return [...this.#pending.values(), ...this.#marks.calls()];
  }

  /** Sends `call`; it must be {@link available}. */
  take(call: Call): void {
    const { out } = this.peer;
    const { message } = call;
    if (call.keepIds && this.#pending.has(call.hopByHop)) {
      return call.fail(new RangeError(`Cannot send hop-by-hop id ${call.hopByHop}: another request waits with it`));
    }
    // Before anything is reserved: the program's memory may change as soon as this call returns.
    if (call.resend) call.copy();
    const segment = out.reserve(message.length);
    const at = segment.head;
    segment.bytes.set(message, at);
    if (call.isRequest) {
      call.sentAs = call.keepIds ? call.hopByHop : this.#nextId();
      segment.view.setUint32(at + OFFSET.hopByHop, call.sentAs);
      if (call.retransmitted) segment.bytes[at + OFFSET.flags]! |= FLAG.retransmitted;
    }
    out.commit(message.length);
    this.#counters.messagesSent++;
    this.lastUsedAt = this.#runtime.clock.now();
    call.owner = this;
    if (call.awaitsAnswer) this.#pending.set(call.sentAs, call);
    else this.#marks.add(call, out.writtenBytes + out.queuedBytes);
  }

  /** Tells of room as soon as its queue has drained. */
  awaitRoom(): void {
    if (this.#awaitsRoom || !this.usable || !this.peer.out.full) return;
    this.#awaitsRoom = true;
    this.peer.out.drained().then(() => {
      this.#awaitsRoom = false;
      this.#handlers.room();
    });
  }

  forget(call: Call): void {
    if (!call.awaitsAnswer) return;
    this.#pending.delete(call.sentAs);
    if (this.retiring) this.#handlers.room();
  }

  #nextId(): number {
    let id = this.#hopByHop;
    do id = (id + 1) >>> 0; while ((id & 0xffff) === OWN_REQUEST_SLOT || this.#pending.has(id));
    return this.#hopByHop = id;
  }

  #take(batch: Batch): void {
    const { block, end } = batch;
    const { view } = block;
    try {
      this.lastUsedAt = this.#runtime.clock.now();
      for (let at = batch.start; at < end;) {
        const next = at + (view.getUint32(at) & 0xffffff);
        this.#counters.messagesReceived++;
        if ((view.getUint32(at + OFFSET.flags) & (FLAG.request << 24)) !== 0) {
          this.#takeRequest(block, at, next, batch.mark === REFUSED);
        } else this.#takeAnswer(block, at, next);
        at = next;
      }
    } finally {
      batch.release();
    }
    this.#handlers.room();
  }

  #takeAnswer(block: Block, at: number, end: number): void {
    const { view } = block;
    const call = this.#pending.get(view.getUint32(at + OFFSET.hopByHop));
    if (call === undefined) {
      this.#counters.unmatchedAnswers++;
      return;
    }
    const fault = this.#faultOf(call, block, at, end);
    // The stream goes on behind this answer, and with it the answers to the other requests.
    if (fault !== undefined) return call.fail(fault);
    const bytes = block.bytes.slice(at, end);
    viewOf(bytes).setUint32(OFFSET.hopByHop, call.hopByHop);
    call.succeed(new Message(bytes));
  }

  /** What makes this the answer to something else, or to nothing. */
  #faultOf(call: Call, block: Block, at: number, end: number): MalformedAnswerError | undefined {
    const { view, bytes } = block;
    const { remoteText } = this.peer;
    const command = view.getUint32(at + OFFSET.command) & 0xffffff;
    if (command !== call.command) {
      const reason = `${command} answers a request with ${call.command}`;
      return new MalformedAnswerError(remoteText, "the Command Code", OFFSET.command + 1, reason);
    }
    const endToEnd = view.getUint32(at + OFFSET.endToEnd);
    if (endToEnd !== call.endToEnd) {
      const reason = `${endToEnd} answers a request with ${call.endToEnd}`;
      return new MalformedAnswerError(remoteText, "the End-to-End Identifier", OFFSET.endToEnd, reason);
    }
    if (this.#walk.scan(view, at, end)) return undefined;
    // The walk stopped there, and so does this: the broken AVP is the last one.
    const { code, name, offset, error } = decodeMessage(bytes.slice(at, end)).avps.at(-1)!;
    const subject = name === undefined ? `AVP ${code}` : `AVP ${name} (${code})`;
    return new MalformedAnswerError(remoteText, subject, offset, error!.reason, code);
  }

  #takeRequest(block: Block, at: number, end: number, refused: boolean): void {
    const { peer } = this;
    const { bytes, view } = block;
    // Who asks without reading the answers gets none; waiting for it would hold up the answers to
    // our own requests.
    if (peer.out.full) {
      this.#counters.discardedRequests++;
      return;
    }
    const fault = requestFault(bytes, view, at, end, view.getUint32(at + OFFSET.flags), this.#walk);
    if (fault !== undefined) return peer.refuse(bytes, at, end, fault.resultCode, fault.message, fault.failedAvp);
    if (refused) return peer.refuse(bytes, at, end, RESULT.tooBusy, "this connection is being closed");
    const originHost = peer.capabilities?.originHost ?? "";
    this.#handlers.received(
      new PeerRequest(bytes.slice(at, end), originHost, peer.remoteText, {
        local: this.#runtime.local,
        respond: (answer) => this.#respond(answer),
      }),
    );
  }

  async #respond(answer: Uint8Array): Promise<void> {
    const { peer } = this;
    while (peer.live && peer.out.full) await peer.out.drained();
    if (!peer.live) throw new ConnectionClosedError(peer.remoteText, "it ended before the request was answered");
    peer.out.push(answer);
    this.#counters.messagesSent++;
    this.lastUsedAt = this.#runtime.clock.now();
  }

  #end(end: PeerEnd): void {
    const lost = this.calls();
    this.#pending.clear();
    const resend = lost.filter((call) => call.resend && call.awaitsAnswer);
    for (const call of resend) {
      call.owner = undefined;
      call.retransmitted = true;
    }
    if (lost.length > resend.length) {
      const error = this.#handlers.lossError(end.reason);
      for (const call of lost) if (!(call.resend && call.awaitsAnswer)) call.fail(error);
    }
    this.#handlers.closed(this, end, resend);
  }
}
