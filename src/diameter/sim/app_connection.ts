/**
 * One connection of the simulated Logic Apps: sends requests, and checks every answer.
 * @module
 */
import type { Batch } from "../../net/batch.ts";
import { type Block, BlockLease, type BlockPool, copyWords } from "../../net/block.ts";
import type { Clock } from "../../net/clock.ts";
import type { Connection } from "../../net/connection.ts";
import { framer } from "../../net/framer.ts";
import type { SegmentPool } from "../../net/segment.ts";
import { source } from "../../net/source.ts";
import type { LocalIdentity } from "../peer/capabilities.ts";
import type { EndToEndIds } from "../peer/end_to_end_ids.ts";
import { Peer } from "../peer/peer.ts";
import type { PeerEnd } from "../peer/peer_end.ts";
import { gatedSink } from "../peer/peer_gate.ts";
import { WatchdogTimer } from "../peer/watchdog_timer.ts";
import { findAvp, unsigned32Of } from "../wire/avp.ts";
import { AVP, AVP_FLAG, AVP_HEADER_LENGTH } from "../wire/avp_codes.ts";
import { ALIGNMENT, diameterFrames } from "../wire/frame_rule.ts";
import { FLAG, HEADER_LENGTH, MAX_MESSAGE_LENGTH, OFFSET } from "../wire/header.ts";
import { RESULT } from "../wire/result_codes.ts";
import { RoutingAvps } from "../wire/routing_avps.ts";
import { AnswerWriter } from "./answer_writer.ts";
import type { AppSimulatorCounters } from "./app_counters.ts";
import { type LoadTemplate, lowerDigits, SESSIONS, upperDigits } from "./load_messages.ts";
import { Outstanding, SLOT } from "./outstanding.ts";
import { FIRST_OWN_ID, OwnRequests } from "./own_requests.ts";

/** What the connections share. */
export interface AppContext {
  readonly blocks: BlockPool;
  readonly segments: SegmentPool;
  readonly clock: Clock;
  /** Numbers from 0 to below 1. */
  readonly random: () => number;
  /** For what its connections ask themselves. */
  readonly endToEndIds: EndToEndIds;
  readonly counters: AppSimulatorCounters;
  readonly watchdogInterval: number;
  readonly capabilitiesTimeout: number;
  /** Most requests that may wait on one connection. */
  readonly window: number;
  /** The next end-to-end id. */
  nextEndToEnd(): number;
  /** Answers were taken: there is room for more requests. */
  room(connection: AppConnection): void;
  onRequest: ((message: Uint8Array) => void) | undefined;
}

/** Slots per request that may wait: the more, the longer a second answer is known as one. */
const SLOTS_PER_WINDOW = 4;
const DPR_TIMEOUT = 5_000;
const WRITE_TIMEOUT = 5_000;
const SEND_QUEUE_LIMIT = 4 * 1024 * 1024;

const RESULT_CODE_FLAGS_AND_LENGTH = ((AVP_FLAG.mandatory << 24) | (AVP_HEADER_LENGTH + 4)) >>> 0;

/** Drives one connection from its CER to its end. */
export class AppConnection {
  readonly peer: Peer;
  readonly own: OwnRequests;
  /** Settles when the connection is open; rejects when it ends before. */
  readonly opened: Promise<void>;
  readonly #outstanding: Outstanding;
  readonly #context: AppContext;
  readonly #templates: readonly LoadTemplate[];
  readonly #writer: AnswerWriter;
  readonly #avps = new RoutingAvps();
  #session = 0;
  #turn = 0;

  /**
   * @param templates sent in turn, again and again @param closed called once, when the connection
   * has ended
   */
  constructor(
    connection: Connection,
    local: LocalIdentity,
    templates: readonly LoadTemplate[],
    context: AppContext,
    closed: (self: AppConnection, end: PeerEnd) => void,
  ) {
    this.#context = context;
    this.#templates = templates;
    this.#writer = new AnswerWriter(local);
    this.#outstanding = new Outstanding(context.window * SLOTS_PER_WINDOW, Math.floor(context.random() * 0x8000));
    const opened = Promise.withResolvers<void>();
    this.opened = opened.promise;
    // Whoever waits for it learns why; nobody has to wait.
    this.opened.catch(() => {});
    const watchdog = new WatchdogTimer(
      () => ({ interval: context.watchdogInterval, jitter: context.watchdogInterval / 15, reopenWatchdogs: 0 }),
      {
        sendWatchdog: () => this.peer.sendWatchdog(),
        failover: () => {},
        failback: () => {},
        close: (reason) => this.peer.abort(reason),
      },
    );
    this.peer = new Peer(connection, context, watchdog, {
      local,
      role: "initiator",
      capabilitiesTimeout: context.capabilitiesTimeout,
      dprTimeout: DPR_TIMEOUT,
      sendQueueLimit: SEND_QUEUE_LIMIT,
      writeTimeout: WRITE_TIMEOUT,
    }, {
      opened: () => opened.resolve(),
      closed: (_, end) => {
        watchdog.stop();
        opened.reject(new Error(`Cannot open a connection to ${this.peer.remoteText}: ${end.reason}`));
        this.own.fail(end.reason);
        context.counters.lost += this.#outstanding.expire(Infinity);
        closed(this, end);
      },
    });
    this.own = new OwnRequests(this.peer);
    const blocks = new BlockLease(context.blocks);
    source(connection, blocks, ALIGNMENT)
      .pipeThrough(framer(diameterFrames(() => MAX_MESSAGE_LENGTH), blocks))
      .pipeTo(gatedSink(this.peer, (batch) => this.#take(batch)))
      .then(
        () => this.peer.abort("the peer closed the connection"),
        (error) => this.peer.abort(error instanceof Error ? error.message : String(error)),
      )
      .finally(() => blocks.end());
  }

  /** Requests that wait for their answer. */
  get waiting(): number {
    return this.#outstanding.size;
  }

  /** How many more requests may be sent now. */
  get space(): number {
    return this.peer.open && !this.peer.out.full ? this.#context.window - this.#outstanding.size : 0;
  }

  /**
   * Sends the next request, for which there must be {@link space}; `due` is the time from which its
   * answer is measured.
   */
  send(due: number): void {
    const { peer } = this;
    const outstanding = this.#outstanding;
    const index = this.#turn;
    this.#turn = index + 1 === this.#templates.length ? 0 : index + 1;
    const template = this.#templates[index]!;
    const { length } = template;
    const segment = peer.out.reserve(length);
    const at = segment.head;
    copyWords(template.block, 0, length, segment, at);
    const slot = outstanding.open(due);
    const endToEnd = this.#context.nextEndToEnd();
    const session = this.#session;
    this.#session = session + 1 === SESSIONS ? 0 : session + 1;
    outstanding.endToEnd[slot] = endToEnd;
    outstanding.session[slot] = session;
    outstanding.template[slot] = index;
    segment.view.setInt32(at + OFFSET.hopByHop, outstanding.idOf(slot));
    segment.view.setInt32(at + OFFSET.endToEnd, endToEnd);
    const digits = (at >> 2) + template.sessionDigits;
    segment.words[digits] = upperDigits(session);
    segment.words[digits + 1] = lowerDigits(session);
    peer.out.commit(length);
    this.#context.counters.sent++;
  }

  /** Gives up what was due before `deadline`. */
  expire(deadline: number): void {
    this.#context.counters.lost += this.#outstanding.expire(deadline);
  }

  /** Takes what the peer sent, and sends what there is room for now. */
  #take(batch: Batch): void {
    const now = performance.now();
    const { block, end } = batch;
    const { view } = block;
    try {
      for (let at = batch.start; at < end;) {
        const length = view.getUint32(at) & 0xffffff;
        const word = view.getUint32(at + OFFSET.flags);
        if ((word & (FLAG.request << 24)) !== 0) this.#takeRequest(block, at, at + length);
        else this.#takeAnswer(block, at, at + length, word, now);
        at += length;
      }
    } finally {
      batch.release();
    }
    this.#context.room(this);
  }

  #takeAnswer(block: Block, at: number, end: number, word: number, now: number): void {
    const { counters } = this.#context;
    const outstanding = this.#outstanding;
    const id = block.view.getInt32(at + OFFSET.hopByHop);
    const slot = outstanding.find(id);
    if (slot < 0) {
      if (id >>> 0 >= FIRST_OWN_ID && this.own.take(block.bytes, at, end, id >>> 0)) return;
      return this.#takeUnexpected(id);
    }
    const fault = this.#faultOf(block, at, end, word, slot);
    if (fault !== "") {
      counters.mismatched++;
      counters.firstFault ||= fault;
    } else {
      counters.answered++;
      counters.latency.record(now - outstanding.started[slot]!);
      this.#countResult(block, at, end, outstanding.template[slot]!);
    }
    outstanding.close(slot, SLOT.answered);
  }

  #takeUnexpected(id: number): void {
    const { counters } = this.#context;
    switch (this.#outstanding.fateOf(id)) {
      case SLOT.answered:
        counters.duplicated++;
        counters.firstFault ||= `a second answer came with hop-by-hop id ${id >>> 0}`;
        break;
      case SLOT.expired:
        counters.late++;
        break;
      default:
        counters.unknown++;
        counters.firstFault ||= `an answer came with hop-by-hop id ${id >>> 0}, which no request had`;
    }
  }

  /** What is wrong with the answer to the request in `slot`; "" when it is what it should be. */
  #faultOf(block: Block, at: number, end: number, word: number, slot: number): string {
    const outstanding = this.#outstanding;
    const { view } = block;
    const template = this.#templates[outstanding.template[slot]!]!;
    const endToEnd = view.getInt32(at + OFFSET.endToEnd);
    if (endToEnd !== outstanding.endToEnd[slot]) {
      return `end-to-end id ${endToEnd >>> 0} instead of ${outstanding.endToEnd[slot]! >>> 0}`;
    }
    if ((word & 0xffffff) !== template.command) return `command ${word & 0xffffff} instead of ${template.command}`;
    const application = view.getUint32(at + OFFSET.application);
    if (application !== template.application) return `application ${application} instead of ${template.application}`;
    if (!this.#hasSession(block, at, end, template, outstanding.session[slot]!)) {
      return "another Session-Id than the request's, or none in front";
    }
    const avps = this.#avps;
    return avps.scan(view, at, end) ? "" : `the AVP at byte ${avps.brokenAt - at} has an impossible length`;
  }

  /** Whether the first AVP is the Session-Id of that request, octet for octet. */
  #hasSession(block: Block, at: number, end: number, template: LoadTemplate, session: number): boolean {
    const { sessionDigits } = template;
    const first = HEADER_LENGTH >> 2;
    if (end - at < (sessionDigits + 2) << 2) return false;
    const expected = template.block.words;
    const found = block.words;
    const shift = at >> 2;
    for (let i = first; i < sessionDigits; i++) if (found[shift + i] !== expected[i]) return false;
    return found[shift + sessionDigits] === upperDigits(session) &&
      found[shift + sessionDigits + 1] === lowerDigits(session);
  }

  #countResult(block: Block, at: number, end: number, index: number): void {
    const { counters } = this.#context;
    const { view, bytes } = block;
    // Most answers carry it right behind the Session-Id.
    const second = at + ((this.#templates[index]!.sessionDigits + 2) << 2);
    if (
      end - second >= AVP_HEADER_LENGTH + 4 && view.getUint32(second) === AVP.resultCode &&
      view.getUint32(second + 4) === RESULT_CODE_FLAGS_AND_LENGTH &&
      view.getUint32(second + AVP_HEADER_LENGTH) === RESULT.success
    ) {
      counters.success++;
      return;
    }
    const result = resultOf(bytes, at, end);
    if (result === String(RESULT.success)) counters.success++;
    else counters.otherResults.set(result, (counters.otherResults.get(result) ?? 0) + 1);
  }

  #takeRequest(block: Block, at: number, end: number): void {
    const { counters, onRequest } = this.#context;
    const { bytes } = block;
    counters.peerRequests++;
    onRequest?.(bytes.slice(at, end));
    const writer = this.#writer;
    const fault = writer.scan(block, at, end);
    if (fault !== undefined) return this.peer.refuse(bytes, at, end, fault.resultCode, fault.message, fault.failedAvp);
    const tail = writer.tail({ code: RESULT.success, vendor: 0 });
    const length = writer.lengthOf(tail);
    const segment = this.peer.out.reserve(length);
    writer.write(block, at, tail, segment, segment.head);
    this.peer.out.commit(length);
  }
}

/**
 * Result-Code as text, or `vendor:code` of an Experimental-Result; `none` when the answer has
 * neither.
 */
export function resultOf(bytes: Uint8Array, at: number, end: number): string {
  const plain = findAvp(bytes, AVP.resultCode, at + HEADER_LENGTH, end);
  if (plain !== undefined) return String(unsigned32Of(bytes, plain) ?? "unreadable");
  const group = findAvp(bytes, AVP.experimentalResult, at + HEADER_LENGTH, end);
  if (group === undefined) return "none";
  const [vendor, code] = [AVP.vendorId, AVP.experimentalResultCode].map((member) => {
    const avp = findAvp(bytes, member, group.dataStart, group.dataEnd);
    return avp === undefined ? undefined : unsigned32Of(bytes, avp);
  });
  return `${vendor ?? 0}:${code ?? "none"}`;
}
