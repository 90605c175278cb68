/**
 * What calls need of those around them: their route, a place to go to, and what all calls share.
 * @module
 */
import type { HeaderList, Http2Stream, StreamListener } from "../http2/mod.ts";
import type { Failure } from "./attempt.ts";
import type { Transfer } from "./config/options.ts";
import type { Deadlines } from "./deadlines.ts";
import type { CallInfo, InstanceState } from "./parts.ts";
import type { GatewayRefusal } from "./refusals.ts";
import type { ReplayBuffer } from "./replay_buffer.ts";

/** A call that waits for a stream while a connection is made. */
export interface StreamWaiter {
  /** A stream is free: to be opened now, or left to the next one. */
  granted(): void;
  /** There will be none. @param isFull because all that there are were taken */
  failed(error: Error, isFull: boolean): void;
}

/** Where a call may go: an instance with its connections. */
export interface Place extends InstanceState {
  /** Calls that have a stream here, or wait for one. */
  inFlight: number;
  /** Attempts so far. */
  calls: number;
  /** Whether calls may come, if only as the last resort. */
  readonly possible: boolean;
  /** ms that a call may wait for a stream here. */
  readonly patience: number;
  /** Opens a stream at once; undefined when that cannot be. */
  open(list: HeaderList, end: boolean, listener: StreamListener): Http2Stream | undefined;
  /** Lets `waiter` wait for a stream. @param anew only one of a new connection will do */
  wait(waiter: StreamWaiter, anew: boolean): void;
  /** It waits no more. */
  leave(waiter: StreamWaiter): void;
}

/** A call to be placed. */
export interface Placed extends CallInfo {
  /** Places that it was tried at in vain; none before the first failure. */
  readonly tried: ReadonlySet<Place> | undefined;
}

/** The route of a call. */
export interface CallRoute {
  /** Its name; "none" without one. */
  readonly cluster: string;
  readonly transfer: Transfer;
  /** A place that was not tried; undefined when there is none. */
  pick(call: Placed): Place | GatewayRefusal | "busy" | undefined;
  /** How many places it has not tried. */
  untried(call: Placed): number;
  /** Whether its session belongs to that place. */
  isBound(call: Placed, place: Place): boolean;
  /** The stream of `call` at `place` was reset or lost: its session is not bound there any more. */
  streamReset(call: Placed, place: Place): void;
  /** A call was opened. */
  opened(): void;
  /** A backend has answered with that gRPC status. */
  answered(status: number, milliseconds: number): void;
  /** The gateway has answered itself. */
  refused(refusal: GatewayRefusal): void;
  /** The client has given up. */
  cancelled(): void;
  /** A further attempt begins. @param midStream the response had begun */
  retried(failure: Failure, midStream: boolean): void;
}

/** What all calls share. */
export interface CallCore {
  readonly deadlines: Deadlines;
  /** Attempts after the first, at most. */
  readonly retryCount: number;
  /** ms that one attempt may take to get a stream. */
  readonly attemptTimeout: number;
  /** Bytes of one call that are kept for a replay. */
  readonly replayLimit: number;
  /** By a clock that never goes back, ms. */
  now(): number;
  takeReplay(): ReplayBuffer;
  giveReplay(buffer: ReplayBuffer): void;
  /** The stretch between a request's arrival and its departure, ms. */
  overhead(milliseconds: number): void;
}
