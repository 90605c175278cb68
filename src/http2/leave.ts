/**
 * How far both sides of a connection have taken their leave (RFC 9113 section 6.8). PURE.
 * @module
 */
import { ERROR_CODE, errorName } from "./error_code.ts";
import type { ConnectionEnd } from "./listeners.ts";

/** Milliseconds that an announced leave waits for the ACK of its PING. */
const PATIENCE = 1000;

const STAGE = { none: 0, announced: 1, final: 2 } as const;

/** The leave of one connection. */
export class Leave {
  #stage: number = STAGE.none;
  #announcedAt = 0;
  #peerCode: number | undefined;

  /** One of both has begun to leave. */
  get begun(): boolean {
    return this.taken || this.#peerCode !== undefined;
  }

  /** This side has begun to leave. */
  get taken(): boolean {
    return this.#stage !== STAGE.none;
  }

  /** This side has said that it will, and not yet from which stream on. */
  get announced(): boolean {
    return this.#stage === STAGE.announced;
  }

  /** The code of the peer's GOAWAY; NO_ERROR before one. */
  get peerCode(): number {
    return this.#peerCode ?? ERROR_CODE.NO_ERROR;
  }

  /** This side has sent GOAWAY with 2^31-1. */
  announce(now: number): void {
    this.#stage = STAGE.announced;
    this.#announcedAt = now;
  }

  /** The ACK has not come, and is not waited for any longer. */
  isDue(now: number): boolean {
    return this.announced && now - this.#announcedAt >= PATIENCE;
  }

  /** This side has sent GOAWAY with the true last id. */
  finish(): void {
    this.#stage = STAGE.final;
  }

  /** The peer's GOAWAY. */
  peerLeaves(code: number): void {
    this.#peerCode = code;
  }

  /** How the connection ends when no stream is left; undefined when it goes on. */
  outcome(client: boolean): ConnectionEnd | undefined {
    if (this.#stage === STAGE.final) return { kind: "closed", code: ERROR_CODE.NO_ERROR, reason: "it was shut down" };
    const code = this.#peerCode;
    if (!client || code === undefined) return undefined;
    const kind = code === ERROR_CODE.NO_ERROR ? "left" : "goaway";
    return { kind, code, reason: `the peer took its leave (${errorName(code)})` };
  }
}
