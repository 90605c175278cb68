/**
 * One call: a client's stream on one side, the stream of an instance on the other.
 *
 * Bytes go to the other side in the turn in which they came, and a window is given back when they
 * have gone there: neither a promise nor a timer nor a copy for a frame that passes.
 * @module
 */
import { ERROR_CODE, HeaderList, type Http2Stream, type StreamEnd, type StreamListener } from "../http2/mod.ts";
import { afterFailure, attemptTime, type Failure, timeForAll } from "./attempt.ts";
import type { CallCore, CallRoute, Place, Placed, StreamWaiter } from "./call_core.ts";
import type { Expiring } from "./deadlines.ts";
import { MessageTracker } from "./message_tracker.ts";
import { Metadata } from "./metadata.ts";
import { GatewayRefusal, REFUSAL } from "./refusals.ts";
import type { ReplayBuffer } from "./replay_buffer.ts";
import { responseFacts } from "./response.ts";
import { STATUS } from "../rpc/status.ts";
import { formatTimeout } from "../rpc/timeout.ts";

/** A call as who made it knows it. */
export interface OwnedCall {
  /** Its place in its owner's list; belongs to the owner. */
  nth: number;
  /** Answers it with that. A call that is over has its answer already. */
  refuse(refusal: GatewayRefusal): void;
}

/** Who made a call. */
export interface CallOwner {
  /** `HOST:PORT` of the client. */
  readonly remote: string;
  /** A call is in flight. */
  begun(call: OwnedCall): void;
  /** The call is over: answered, refused or cancelled. */
  ended(call: OwnedCall): void;
}

/** What is known of a call from its headers. */
export interface CallFacts {
  /** The full method name. */
  readonly path: string;
  /** ms from `grpc-timeout`; Infinity without one. */
  readonly timeout: number;
  /** ms of one unit of that header: for so long its own text still says the truth. */
  readonly resolution: number;
}

const NOTHING = new Uint8Array(0);

/** One call, from its headers to its end. */
export class Call implements StreamListener, Expiring, Placed, OwnedCall {
  readonly stream: Http2Stream;
  /** What the client sent. */
  readonly list: HeaderList;
  readonly path: string;
  readonly #core: CallCore;
  readonly #owner: CallOwner;
  readonly #route: CallRoute;
  readonly #facts: CallFacts;
  readonly #startedAt: number;
  /** The attempt under way. */
  #leg: Leg | undefined = undefined;
  #place: Place | undefined = undefined;
  #wait: Wait | undefined = undefined;
  /** Of its deadline; -1 without one. */
  #slot = -1;
  #replay: ReplayBuffer | undefined = undefined;
  /** Came while there was no stream to send it to; its window is not given back yet. */
  #held: Uint8Array[] | undefined = undefined;
  /** Bytes that wait at the instance's stream; their window is not given back yet. */
  #owed = 0;
  #clientEnded: boolean;
  nth = 0;
  #headersSent = false;
  /** A byte of a response message has gone to the client. */
  #answered = false;
  #over = false;
  #tracker: MessageTracker | undefined = undefined;
  #tried: Set<Place> | undefined = undefined;
  #metadata: Metadata | undefined = undefined;
  #retries = 0;
  /** Places that had no stream left when it waited there. */
  #full = 0;
  /** It was given another chance at the place that refused it. */
  #sameTried = false;
  /** ms that it spent waiting for streams. */
  #waited = 0;
  /** Some time has passed since it came. */
  #late = false;

  constructor(
    core: CallCore,
    owner: CallOwner,
    route: CallRoute,
    stream: Http2Stream,
    list: HeaderList,
    end: boolean,
    facts: CallFacts,
  ) {
    this.#core = core;
    this.#owner = owner;
    this.#route = route;
    this.#facts = facts;
    this.stream = stream;
    this.list = list;
    this.path = facts.path;
    this.#clientEnded = end;
    this.#startedAt = core.now();
    route.opened();
    owner.begun(this);
    if (facts.timeout !== Infinity) this.#slot = core.deadlines.arm(this, facts.timeout, this.#startedAt);
  }

  /** Whether it is answered, refused or cancelled. */
  get over(): boolean {
    return this.#over;
  }

  /** Where it is now. */
  get place(): Place | undefined {
    return this.#place;
  }

  get tried(): ReadonlySet<Place> | undefined {
    return this.#tried;
  }

  /** What the client sent; what is changed goes to the instance. */
  get metadata(): Metadata {
    return this.#metadata ??= new Metadata(this.list);
  }

  get cluster(): string {
    return this.#route.cluster;
  }

  get remote(): string {
    return this.#owner.remote;
  }

  get attempt(): number {
    return this.#retries;
  }

  /** Sends it to an instance: at once, when the call is let in, or `later`. */
  go(later?: "later"): void {
    if (this.#over) return;
    if (later !== undefined) this.#late = true;
    const place = this.#pick();
    if (place !== undefined) this.#open(place, false);
  }

  /** A place to go to; without one it is answered. */
  #pick(): Place | undefined {
    const place = this.#route.pick(this);
    if (place === "busy") this.refuse(REFUSAL.busy);
    else if (place === undefined) this.refuse(REFUSAL.backend);
    else if (place instanceof GatewayRefusal) this.refuse(place);
    else return place;
    return undefined;
  }

  /** Answers it here. A call that is over has its answer already. */
  refuse(refusal: GatewayRefusal): void {
    if (this.#over) return;
    if (this.#headersSent) this.stream.sendTrailers(refusal.trailers);
    else this.stream.sendHeaders(refusal.trailersOnly, true);
    this.#leg?.stream?.reset(ERROR_CODE.CANCEL);
    this.#route.refused(refusal);
    this.#settle();
  }

  expired(): void {
    this.#slot = -1;
    this.refuse(REFUSAL.deadline);
  }

  // Attempts.

  /** @param anew only a new connection will do */
  #open(place: Place, anew: boolean): void {
    this.#place = place;
    place.inFlight++;
    place.calls++;
    const leg = this.#leg = new Leg(this);
    if (!anew && this.#start(place, leg)) {
      if (!this.#late) this.#core.overhead(this.#core.now() - this.#startedAt);
      return;
    }
    this.#late = true;
    const core = this.#core;
    const wait = this.#wait = new Wait(
      this,
      place,
      leg,
      core,
      timeForAll(core.retryCount, core.attemptTimeout) - this.#waited,
    );
    place.wait(wait, anew);
  }

  /** @returns whether there was a stream */
  #start(place: Place, leg: Leg): boolean {
    const replay = this.#replay?.bytes ?? NOTHING;
    const held = this.#held;
    const bare = this.#clientEnded && held === undefined && replay.length === 0;
    const stream = place.open(this.#outgoing(), bare, leg);
    if (stream === undefined) return false;
    leg.stream = stream;
    if (bare) return true;
    if (replay.length > 0) stream.sendData(replay, this.#clientEnded && held === undefined);
    if (held !== undefined) this.#sendHeld(stream, held);
    if (this.#owed > 0 && stream.pendingBytes === 0) this.#giveBack();
    return true;
  }

  #sendHeld(stream: Http2Stream, held: readonly Uint8Array[]): void {
    this.#held = undefined;
    for (let i = 0; i < held.length; i++) {
      const bytes = held[i]!;
      this.#keep(bytes);
      this.#owed += bytes.length;
      stream.sendData(bytes, this.#clientEnded && i === held.length - 1);
    }
  }

  /** The client's own list, unless its deadline must be told anew. */
  #outgoing(): HeaderList {
    const { timeout, resolution } = this.#facts;
    const list = this.#metadata?.list ?? this.list;
    if (timeout === Infinity || !this.#late) return list;
    const elapsed = this.#core.now() - this.#startedAt;
    return elapsed < resolution ? list : withTimeout(list, formatTimeout(timeout - elapsed));
  }

  /** @internal A wait is over. */
  granted(wait: Wait): void {
    if (this.#wait !== wait) return;
    this.#wait = undefined;
    this.#waited += wait.length;
    // Somebody else may have been quicker.
    if (!this.#start(wait.place, wait.leg)) this.#failed("unsent");
  }

  /** @internal A wait was in vain. */
  waitedInVain(wait: Wait, isFull: boolean): void {
    if (this.#wait !== wait) return;
    this.#wait = undefined;
    if (isFull) this.#full++;
    this.#waited += wait.length;
    this.#failed("unsent");
  }

  #failed(failure: Failure): void {
    const place = this.#place!;
    const core = this.#core;
    this.#leavePlace();
    this.#leg = undefined;
    this.#late = true;
    (this.#tried ??= new Set()).add(place);
    const decision = afterFailure(failure, {
      transfer: this.#route.transfer,
      retriesLeft: core.retryCount - this.#retries,
      timeLeft: timeForAll(core.retryCount, core.attemptTimeout) - this.#waited,
      untried: this.#route.untried(this),
      replayable: this.#replay?.complete !== false,
      responseBegun: this.#answered,
      requestEnded: this.#clientEnded,
      atBoundary: this.#tracker?.atBoundary !== false,
      sameTried: this.#sameTried,
      bound: place.possible && this.#route.isBound(this, place),
    });
    if (decision === "give_up") return this.refuse(this.#full === this.#tried.size ? REFUSAL.busy : REFUSAL.backend);
    if (decision === "same") {
      if (!place.possible) return this.refuse(REFUSAL.backend);
      this.#sameTried = true;
      this.#route.retried(failure, false);
      return this.#open(place, true);
    }
    this.#retries++;
    const next = this.#pick();
    if (next === undefined) return;
    this.#route.retried(failure, decision === "transfer");
    this.#open(next, false);
  }

  // What the client says.

  /** Never called: the headers are what made it. */
  headers(): void {}

  data(bytes: Uint8Array, end: boolean): void {
    if (end) this.#clientEnded = true;
    const { length } = bytes;
    if (this.#over) {
      if (length > 0) this.stream.consumed(length);
      return;
    }
    const stream = this.#leg?.stream;
    if (stream === undefined) {
      (this.#held ??= []).push(bytes.slice());
      return;
    }
    if (length > 0) this.#keep(bytes);
    stream.sendData(bytes, end);
    this.#owed += length;
    if (this.#owed > 0 && stream.pendingBytes === 0) this.#giveBack();
  }

  /** Trailers of a client mean nothing in gRPC but that its half is over. */
  trailers(): void {
    this.data(NOTHING, true);
  }

  reset(): void {
    this.#clientEnded = true;
    if (this.#over) return;
    this.#leg?.stream?.reset(ERROR_CODE.CANCEL);
    this.#route.cancelled();
    this.#settle();
  }

  /** All that waited for the client has gone to it. */
  drained(): void {
    this.#leg?.giveBack();
    if (this.#over) this.#hangUp();
  }

  #giveBack(): void {
    const bytes = this.#owed;
    this.#owed = 0;
    this.stream.consumed(bytes);
  }

  /** Keeps what goes to an instance as long as it may have to go to another one. */
  #keep(bytes: Uint8Array): void {
    if (this.#answered && this.#route.transfer !== "mid_stream") return;
    (this.#replay ??= this.#core.takeReplay()).keep(bytes, this.#core.replayLimit);
  }

  // What the instance says, told by the leg.

  /** @internal */
  legHeaders(leg: Leg, list: HeaderList, end: boolean): void {
    const response = responseFacts(list);
    if (this.#headersSent) {
      // Transferred: the client has its headers, and what ends the call comes as trailers.
      if (!end) return;
      this.stream.sendTrailers(response.asTrailers);
    } else {
      this.#headersSent = true;
      this.stream.sendHeaders(response.list, end);
    }
    if (end) this.#finish(leg, response.status);
  }

  /** @internal */
  legData(leg: Leg, bytes: Uint8Array, end: boolean): void {
    const { length } = bytes;
    if (length > 0) {
      if (!this.#answered) this.#firstByte();
      this.#tracker?.take(bytes);
    }
    const { stream } = this;
    stream.sendData(bytes, end);
    leg.owed += length;
    if (stream.pendingBytes === 0) leg.giveBack();
    // A response without trailers: what it means is for the client to say.
    if (end) this.#finish(leg, STATUS.UNKNOWN);
  }

  #firstByte(): void {
    this.#answered = true;
    if (this.#route.transfer === "mid_stream") this.#tracker = new MessageTracker();
    else if (this.#replay !== undefined) this.#dropReplay();
  }

  /** @internal */
  legTrailers(leg: Leg, list: HeaderList): void {
    const response = responseFacts(list);
    this.stream.sendTrailers(response.list);
    this.#finish(leg, response.status);
  }

  /** @internal */
  legDrained(): void {
    if (this.#owed > 0) this.#giveBack();
  }

  /** @internal */
  legReset(cause: StreamEnd): void {
    // Its session goes where the call goes. Who takes its leave in peace keeps its sessions.
    if (cause !== "goaway") this.#route.streamReset(this, this.#place!);
    this.#failed(cause === "refused" || cause === "goaway" ? "refused" : "lost");
  }

  /** The answer is complete. */
  #finish(leg: Leg, status: number): void {
    // The instance does not want the rest of the request.
    leg.stream!.reset(ERROR_CODE.NO_ERROR);
    this.#route.answered(status, this.#core.now() - this.#startedAt);
    this.#settle();
  }

  // The end.

  #settle(): void {
    this.#over = true;
    if (this.#slot >= 0) this.#core.deadlines.cancel(this.#slot);
    this.#slot = -1;
    this.#wait?.leave();
    this.#wait = undefined;
    this.#leavePlace();
    this.#leg = undefined;
    this.#held = undefined;
    this.#tracker = undefined;
    if (this.#replay !== undefined) this.#dropReplay();
    this.#owner.ended(this);
    this.#hangUp();
  }

  /** Tells a client that has more to say that nobody listens (RFC 9113 section 8.1). */
  #hangUp(): void {
    if (!this.#clientEnded && this.stream.pendingBytes === 0) this.stream.reset(ERROR_CODE.NO_ERROR);
  }

  #leavePlace(): void {
    if (this.#place !== undefined) this.#place.inFlight--;
    this.#place = undefined;
  }

  #dropReplay(): void {
    this.#core.giveReplay(this.#replay!);
    this.#replay = undefined;
  }
}

/** The side of an instance, for one attempt. Once the attempt has failed, nobody listens to it. */
class Leg implements StreamListener {
  stream: Http2Stream | undefined = undefined;
  /** Bytes that wait for the client; their window is not given back yet. */
  owed = 0;
  #call: Call | undefined;

  constructor(call: Call) {
    this.#call = call;
  }

  headers(list: HeaderList, end: boolean): void {
    this.#call?.legHeaders(this, list, end);
  }

  data(bytes: Uint8Array, end: boolean): void {
    this.#call?.legData(this, bytes, end);
  }

  trailers(list: HeaderList): void {
    this.#call?.legTrailers(this, list);
  }

  drained(): void {
    this.#call?.legDrained();
  }

  reset(_code: number, cause: StreamEnd): void {
    const call = this.#call;
    this.#call = undefined;
    if (call !== undefined && !call.over) call.legReset(cause);
  }

  giveBack(): void {
    const { owed, stream } = this;
    this.owed = 0;
    if (owed > 0) stream!.consumed(owed);
  }
}

/** A call that waits for a stream, for no longer than an attempt may take. */
class Wait implements StreamWaiter, Expiring {
  readonly #call: Call;
  readonly #core: CallCore;
  readonly #since: number;
  #slot: number;

  constructor(call: Call, readonly place: Place, readonly leg: Leg, core: CallCore, timeLeft: number) {
    this.#call = call;
    this.#core = core;
    this.#since = core.now();
    const times = { attemptTimeout: core.attemptTimeout, connectTimeout: place.patience };
    this.#slot = core.deadlines.arm(this, attemptTime(times, timeLeft), this.#since);
  }

  /** ms so far. */
  get length(): number {
    return this.#core.now() - this.#since;
  }

  granted(): void {
    this.#disarm();
    this.#call.granted(this);
  }

  failed(_error: Error, isFull: boolean): void {
    this.#disarm();
    this.#call.waitedInVain(this, isFull);
  }

  expired(): void {
    this.#slot = -1;
    this.place.leave(this);
    this.#call.waitedInVain(this, false);
  }

  /** The call waits no more. */
  leave(): void {
    this.#disarm();
    this.place.leave(this);
  }

  #disarm(): void {
    if (this.#slot >= 0) this.#core.deadlines.cancel(this.#slot);
    this.#slot = -1;
  }
}

/** The list with another `grpc-timeout`. */
function withTimeout(list: HeaderList, text: string): HeaderList {
  const told = new HeaderList();
  for (let i = 0; i < list.names.length; i++) {
    const name = list.names[i]!;
    told.append(name, name === "grpc-timeout" ? text : list.values[i]!, list.neverIndexed?.has(i) === true);
  }
  return told;
}
