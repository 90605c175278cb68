/**
 * The face of a gateway: plain data and promises, so that it may live in another thread.
 * @module
 */
import type { GatewayListener, MessageObserver } from "./core/events.ts";
import type { GatewayOptions } from "./core/options.ts";
import type { RefusedMessage } from "./core/refused_messages.ts";
import type { ExplainRequest, Explanation } from "./explain.ts";
import type { GatewayStatus } from "./status.ts";

/** What an admin interface, a terminal view, a demo and several workers need of a gateway. */
export interface GatewayControl {
  /** All of it passes through `structuredClone`. */
  status(): Promise<GatewayStatus>;
  /** The last messages that were malformed or refused, newest first. */
  refusedMessages(): Promise<readonly RefusedMessage[]>;
  /**
   * What would become of a request, as things stand now. Nothing is sent or counted.
   * @throws RangeError when it is no whole request
   */
  explain(wish: ExplainRequest): Promise<Explanation>;
  /** Takes other options; returns the paths of those that come into force at the next start. */
  configure(options: GatewayOptions): Promise<readonly string[]>;
  /**
   * Takes a DRA out of service, or puts it into service again. @throws RangeError when there is
   * none of that name
   */
  setEnabled(dra: string, enabled: boolean): Promise<void>;
  /** Ends its connections, or its wait, and connects at once. @throws RangeError */
  reconnect(dra: string): Promise<void>;
  /** Another weight until the options are set anew. @throws RangeError */
  setWeight(dra: string, weight: number): Promise<void>;
  /**
   * Closes the circuit breaker of a DRA. @throws RangeError when there is no such DRA, or it has no
   * breaker
   */
  resetBreaker(dra: string): Promise<void>;
  /** Shuts down in order; resolves when that is done. */
  drain(): Promise<void>;
  /** Tells `listener` of everything but single messages, until what comes back is disposed of. */
  on(listener: GatewayListener): Disposable;
  /** Shows `observer` every message, several of them at once. */
  observe(observer: MessageObserver): Disposable;
}
