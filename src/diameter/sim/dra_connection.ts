/**
 * One connection of a simulated DRA.
 * @module
 */
import type { Batch } from "../../net/batch.ts";
import { Block, BlockLease, type BlockPool } from "../../net/block.ts";
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
import type { ApplicationSet } from "../wire/application_set.ts";
import { asciiOf, avpsOf, findAvp } from "../wire/avp.ts";
import { AVP, AVP_VENDOR_HEADER_LENGTH } from "../wire/avp_codes.ts";
import { COMMAND } from "../wire/command_codes.ts";
import { ALIGNMENT, diameterFrames } from "../wire/frame_rule.ts";
import { FLAG, HEADER_LENGTH, MAX_MESSAGE_LENGTH, OFFSET } from "../wire/header.ts";
import { MessageBuilder } from "../wire/message_builder.ts";
import { RESULT } from "../wire/result_codes.ts";
import { VENDOR } from "../wire/application_ids.ts";
import type { AnswerWriter, Tail } from "./answer_writer.ts";
import { SIM_AVP, THREE_GPP_AVP, THREE_GPP_RESULT, VALUE } from "./codes.ts";
import { DelayLine } from "./delay_line.ts";
import type { DraSimulatorCounters } from "./dra_counters.ts";
import { EQUIPMENT_STATUS_VALUE, type EquipmentTable } from "./equipment.ts";
import { decide, DECISION, delayOf, type Faults, touchesAnswers } from "./faults.ts";
import { OwnRequests } from "./own_requests.ts";
import type { RecentRequests } from "./recent_requests.ts";
import { slowReader } from "./slow_reader.ts";

/** What the connections of one simulated DRA share. */
export interface DraContext {
  readonly local: LocalIdentity;
  /** What it advertises. */
  readonly applications: ApplicationSet;
  readonly blocks: BlockPool;
  readonly segments: SegmentPool;
  readonly clock: Clock;
  /** Numbers from 0 to below 1 for what is no fault. */
  readonly random: () => number;
  readonly endToEndIds: EndToEndIds;
  readonly counters: DraSimulatorCounters;
  readonly writer: AnswerWriter;
  readonly recent: RecentRequests;
  readonly equipment: EquipmentTable;
  readonly dice: () => number;
  readonly watchdogInterval: number;
  readonly watchdogJitter: number;
  faults: Faults;
  onRequest: ((message: Uint8Array) => void) | undefined;
  readonly notice: ((text: string) => void) | undefined;
}

/** A wrong hop-by-hop id differs from the right one by these bits. */
const WRONG_ID_BITS = 0x0055_0000;
/** An incomplete group of answers to be reordered leaves after this, in milliseconds. */
const REORDER_PATIENCE = 50;
/** Origin-Hosts that are remembered as destinations of the DRA's own requests. */
const MAX_HOSTS = 1024;
const CAPABILITIES_TIMEOUT = 10_000;
const DPR_TIMEOUT = 5_000;
const WRITE_TIMEOUT = 5_000;
const SEND_QUEUE_LIMIT = 4 * 1024 * 1024;
const OWN_REQUEST_TIMEOUT = 10_000;

interface KnownHost {
  readonly realm: string;
  readonly sessionId: string;
}

/** Serves one peer until the connection ends. */
export class DraConnection {
  readonly peer: Peer;
  readonly own: OwnRequests;
  readonly #context: DraContext;
  readonly #delayed = new DelayLine<Uint8Array>((answer) => this.#leave(answer));
  readonly #hosts = new Map<string, KnownHost>();
  #held: Uint8Array[] = [];
  #heldTimer: ReturnType<typeof setTimeout> | undefined;
  #dprTimer: ReturnType<typeof setTimeout> | undefined;
  #requestTimer: ReturnType<typeof setInterval> | undefined;
  #requests = 0;
  #turn = 0;
  #silent = false;
  /** Whether single answers are touched by faults. */
  #careful = false;
  readonly #success: Tail;
  readonly #whitelisted: Tail;
  readonly #unsupported: Tail;

  /** @param closed called once, when the connection has ended */
  constructor(connection: Connection, context: DraContext, closed: (self: DraConnection, end: PeerEnd) => void) {
    this.#context = context;
    const ordinary = { code: RESULT.success, vendor: VENDOR.ietf };
    this.#success = context.writer.tail(ordinary);
    this.#whitelisted = context.writer.tail(ordinary, EQUIPMENT_STATUS_VALUE.whitelisted);
    this.#unsupported = context.writer.tail({ code: RESULT.applicationUnsupported, vendor: VENDOR.ietf });
    const throttled = slowReader(connection, () => this.peer?.open === true ? context.faults.readRate : Infinity);
    const watchdog = new WatchdogTimer(
      () => ({ interval: context.watchdogInterval, jitter: context.watchdogJitter, reopenWatchdogs: 0 }),
      {
        sendWatchdog: () => this.#silent || this.peer.sendWatchdog(),
        failover: () => {},
        failback: () => {},
        close: (reason) => this.#silent || this.peer.abort(reason),
      },
    );
    this.peer = new Peer(throttled, context, watchdog, {
      local: context.local,
      role: "responder",
      capabilitiesTimeout: CAPABILITIES_TIMEOUT,
      dprTimeout: DPR_TIMEOUT,
      sendQueueLimit: SEND_QUEUE_LIMIT,
      writeTimeout: WRITE_TIMEOUT,
    }, {
      opened: ({ capabilities, remoteText }) => {
        context.counters.connections++;
        context.notice?.(`${capabilities!.originHost} connected from ${remoteText}`);
        this.faultsChanged();
      },
      closed: (_, end) => {
        watchdog.stop();
        this.#stopTimers();
        this.#delayed.clear();
        this.own.fail(end.reason);
        closed(this, end);
      },
    });
    this.own = new OwnRequests(this.peer);
    const malformed = (reason: string) => {
      if (reason.startsWith("frame") || reason === "avp_length") context.counters.malformed++;
    };
    const blocks = new BlockLease(context.blocks);
    source(throttled, blocks, ALIGNMENT)
      .pipeThrough(framer(diameterFrames(() => this.peer.longestMessage(MAX_MESSAGE_LENGTH)), blocks))
      .pipeThrough(this.#deafness())
      .pipeTo(gatedSink(this.peer, (batch) => this.#take(batch), malformed))
      .then(
        () => this.peer.abort("the peer closed the connection"),
        (error) => this.peer.abort(error instanceof Error ? error.message : String(error)),
      )
      .finally(() => blocks.end());
  }

  /** The faults are others now. */
  faultsChanged(): void {
    const { faults } = this.#context;
    this.#careful = touchesAnswers(faults);
    this.#stopTimers();
    if (!this.peer.open) return;
    if (faults.dprAfter > 0) {
      this.#dprTimer = setTimeout(() => this.peer.stop(faults.dprCause, "its time was up"), faults.dprAfter);
    }
    if (faults.requestEvery > 0) {
      this.#requestTimer = setInterval(() => this.#sendRequest(), faults.requestEvery);
    }
  }

  /** What this end does not hear: everything once it is silent, watchdogs when it is told so. */
  #deafness(): TransformStream<Batch, Batch> {
    return new TransformStream<Batch, Batch>({
      transform: (batch, controller) => {
        if (this.#silent) return batch.release();
        if (this.#context.faults.noWatchdog) hideWatchdogs(batch);
        controller.enqueue(batch);
      },
    });
  }

  /** Answers what the peer sent; waits while the peer does not read. */
  #take(batch: Batch): void | Promise<void> {
    const { block, end } = batch;
    const { view } = block;
    try {
      for (let at = batch.start; at < end;) {
        const length = view.getUint32(at) & 0xffffff;
        const word = view.getUint32(at + OFFSET.flags);
        if ((word & (FLAG.request << 24)) !== 0) this.#takeRequest(block, at, at + length, word);
        else this.#takeAnswer(block, at, at + length);
        at += length;
      }
    } finally {
      batch.release();
    }
    if (this.peer.out.full) return this.peer.out.drained();
  }

  #takeRequest(block: Block, at: number, end: number, word: number): void {
    const { counters, writer, recent, faults, onRequest } = this.#context;
    if (this.#silent) return;
    counters.requests++;
    this.#requests++;
    if ((word & (FLAG.retransmitted << 24)) !== 0) counters.tFlagged++;
    const { bytes } = block;
    onRequest?.(bytes.slice(at, end));
    const fault = writer.scan(block, at, end);
    if (fault !== undefined) {
      counters.malformed++;
      counters.answers++;
      return this.peer.refuse(bytes, at, end, fault.resultCode, fault.message, fault.failedAvp);
    }
    const endToEnd = block.view.getUint32(at + OFFSET.endToEnd);
    if (recent.note(block, endToEnd, writer.sessionIdStart, writer.sessionIdEnd)) counters.duplicates++;
    if (faults.requestEvery > 0) this.#remember(block, at, end);
    if (this.#careful) return this.#answerWithFaults(block, at, word);
    const tail = this.#ordinaryTail(block, at, word);
    const { out } = this.peer;
    const length = writer.lengthOf(tail);
    const segment = out.reserve(length);
    writer.write(block, at, tail, segment, segment.head);
    out.commit(length);
    counters.answers++;
  }

  #answerWithFaults(block: Block, at: number, word: number): void {
    const { counters, faults, writer, dice } = this.#context;
    const decision = decide(faults, counters.requests, this.#requests);
    if ((decision & (DECISION.close | DECISION.silence | DECISION.drop)) !== 0) {
      counters.unanswered++;
      if ((decision & DECISION.close) !== 0) this.peer.abort("its turn to be dropped");
      if ((decision & DECISION.silence) !== 0) this.#fallSilent();
      return;
    }
    let tail: Tail;
    if ((decision & DECISION.busy) !== 0) tail = writer.tail({ code: RESULT.tooBusy, vendor: VENDOR.ietf });
    else if ((decision & DECISION.error) !== 0) tail = writer.tail(faults.errorResult);
    else if (faults.result !== undefined) tail = writer.tail(faults.result);
    else tail = this.#ordinaryTail(block, at, word);
    const answer = new Block(writer.lengthOf(tail));
    writer.write(block, at, tail, answer, 0);
    if ((decision & DECISION.wrongHopByHop) !== 0) {
      answer.view.setUint32(OFFSET.hopByHop, answer.view.getUint32(OFFSET.hopByHop) ^ WRONG_ID_BITS);
    }
    const delay = delayOf(faults, decision, dice());
    for (let copies = (decision & DECISION.duplicate) !== 0 ? 2 : 1; copies > 0; copies--) {
      if (delay > 0) this.#delayed.add(answer.bytes, delay);
      else this.#leave(answer.bytes);
    }
  }

  /** An answer that is due: it leaves, or waits for those that it leaves together with. */
  #leave(answer: Uint8Array): void {
    if (this.#silent || !this.peer.live) return;
    const { reorder } = this.#context.faults;
    if (reorder <= 1 && this.#held.length === 0) return this.#push(answer);
    this.#held.push(answer);
    if (this.#held.length >= reorder) return this.#releaseHeld();
    this.#heldTimer ??= setTimeout(() => this.#releaseHeld(), REORDER_PATIENCE);
  }

  #releaseHeld(): void {
    if (this.#heldTimer !== undefined) clearTimeout(this.#heldTimer);
    this.#heldTimer = undefined;
    const held = this.#held;
    this.#held = [];
    for (const answer of held.reverse()) this.#push(answer);
  }

  #push(answer: Uint8Array): void {
    this.#context.counters.answers++;
    this.peer.out.push(answer);
  }

  #ordinaryTail(block: Block, at: number, word: number): Tail {
    // Only what was advertised is served (RFC 6733 section 7.1.3).
    if (!this.#context.applications.takes(block.view.getUint32(at + OFFSET.application))) return this.#unsupported;
    if ((word & 0xffffff) !== COMMAND.meIdentityCheck) return this.#success;
    const { equipment, writer } = this.#context;
    if (equipment.size === 0 && equipment.otherwise === "whitelisted") return this.#whitelisted;
    const status = equipment.statusOf(imeiOf(block, writer.terminalInformation));
    return status === "unknown"
      ? writer.tail({ code: THREE_GPP_RESULT.equipmentUnknown, vendor: VENDOR.threeGpp })
      : writer.tail({ code: RESULT.success, vendor: VENDOR.ietf }, EQUIPMENT_STATUS_VALUE[status]);
  }

  #takeAnswer(block: Block, at: number, end: number): void {
    const { counters } = this.#context;
    // What came in one piece with the request at which this end dropped the connection.
    if (!this.peer.live) return;
    if (this.own.take(block.bytes, at, end, block.view.getUint32(at + OFFSET.hopByHop))) counters.answersReceived++;
    else counters.unmatchedAnswers++;
  }

  #fallSilent(): void {
    this.#silent = true;
    this.#stopTimers();
    this.#delayed.clear();
    this.#held = [];
  }

  /** Who asks here may be asked. */
  #remember(block: Block, at: number, end: number): void {
    const { bytes } = block;
    const text = (code: number) => {
      const avp = findAvp(bytes, code, at + HEADER_LENGTH, end);
      return avp === undefined ? "" : asciiOf(bytes, avp);
    };
    const host = text(AVP.originHost);
    if (host === "" || (this.#hosts.size >= MAX_HOSTS && !this.#hosts.has(host))) return;
    this.#hosts.set(host, { realm: text(AVP.originRealm), sessionId: text(AVP.sessionId) });
  }

  #sendRequest(): void {
    const { faults, local, counters, endToEndIds } = this.#context;
    const hosts = [...this.#hosts.keys()];
    const host = faults.requestDestinationHost !== ""
      ? faults.requestDestinationHost
      : hosts[this.#turn++ % Math.max(1, hosts.length)];
    if (host === undefined || this.#silent || !this.peer.open) return;
    const known = this.#hosts.get(host);
    const endToEnd = endToEndIds.next();
    const message = new MessageBuilder({
      flags: FLAG.request | FLAG.proxiable,
      command: faults.requestCommand,
      application: faults.requestApplication,
      hopByHop: 0,
      endToEnd,
    })
      .text(AVP.sessionId, known?.sessionId || `${local.originHost};${endToEnd};1`)
      .text(AVP.originHost, local.originHost)
      .text(AVP.originRealm, local.originRealm)
      .text(AVP.destinationRealm, known?.realm || host.slice(host.indexOf(".") + 1))
      .text(AVP.destinationHost, host)
      .unsigned32(AVP.authApplicationId, faults.requestApplication)
      .unsigned32(SIM_AVP.reAuthRequestType, VALUE.authorizeOnly)
      .finish();
    counters.requestsSent++;
    // What became of it is in the counters.
    this.own.send(message, OWN_REQUEST_TIMEOUT).catch(() => {});
  }

  #stopTimers(): void {
    if (this.#heldTimer !== undefined) clearTimeout(this.#heldTimer);
    if (this.#dprTimer !== undefined) clearTimeout(this.#dprTimer);
    if (this.#requestTimer !== undefined) clearInterval(this.#requestTimer);
    this.#heldTimer = this.#dprTimer = this.#requestTimer = undefined;
  }
}

/** Turns every DWR of `batch` into a DWA that nobody asked for, which the gate throws away. */
function hideWatchdogs(batch: Batch): void {
  const { view } = batch.block;
  for (let at = batch.start; at < batch.end;) {
    const word = view.getUint32(at + OFFSET.flags);
    if ((word & 0xffffff) === COMMAND.deviceWatchdog) {
      view.setUint32(at + OFFSET.flags, word & ~(FLAG.request << 24));
    }
    at += view.getUint32(at) & 0xffffff;
  }
}

/** The IMEI in the Terminal-Information at `at`; "" when there is none. */
function imeiOf(block: Block, at: number): string {
  if (at < 0) return "";
  const { bytes, view } = block;
  const end = at + (view.getUint32(at + 4) & 0xffffff);
  try {
    for (const avp of avpsOf(bytes, at + AVP_VENDOR_HEADER_LENGTH, end)) {
      if (avp.code === THREE_GPP_AVP.imei && avp.vendor === VENDOR.threeGpp) return asciiOf(bytes, avp);
    }
  } catch {
    // A group that cannot be read names no device.
  }
  return "";
}
