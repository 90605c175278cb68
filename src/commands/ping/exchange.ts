/**
 * One Diameter connection that asks and times what comes back: CER, DWR, DPR, nothing else. More
 * patient than a client's connection, because it is to show what is wrong with the other end.
 * @module
 */
import type { Connection, Endpoint } from "../../net/connection.ts";
import { FileError } from "../../net/read_file.ts";
import { reasonOf } from "../../net/reason.ts";
import { connectTcp } from "../../net/tcp.ts";
import type { TlsClientFiles } from "../../net/tls.ts";
import {
  type Capabilities,
  capabilitiesRequest,
  isFault,
  type LocalIdentity,
  readAnswer,
} from "../../diameter/peer/capabilities.ts";
import { EndToEndIds } from "../../diameter/peer/end_to_end_ids.ts";
import {
  disconnectCauseOf,
  disconnectRequest,
  peerAnswer,
  watchdogRequest,
} from "../../diameter/peer/peer_messages.ts";
import { describeStranger } from "../../diameter/peer/stranger.ts";
import { findAvp, unsigned32Of } from "../../diameter/wire/avp.ts";
import { AVP, DISCONNECT_CAUSE } from "../../diameter/wire/avp_codes.ts";
import { COMMAND } from "../../diameter/wire/command_codes.ts";
import { errorAnswer } from "../../diameter/wire/error_answer.ts";
import { diameterFrames } from "../../diameter/wire/frame_rule.ts";
import { FLAG, type Header, HEADER_LENGTH, readHeader, viewOf } from "../../diameter/wire/header.ts";
import { RESULT } from "../../diameter/wire/result_codes.ts";

/** How far it came. */
export type Stage = "connect" | "capabilities" | "open";

/** Why it went no further. */
export class ExchangeError extends Error {
  override name = "ExchangeError";

  /**
   * @param why `silent`: nothing came in time; `closed`: the other end closed; `stranger`: it sent
   * what is no Diameter message; `refused`: its CEA cannot stand; `failed`: the system says no
   * @param resultCode of a CEA that refuses
   */
  constructor(
    readonly stage: Stage,
    readonly why: "silent" | "closed" | "stranger" | "refused" | "failed",
    message: string,
    readonly resultCode?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Whom to ask, and how; times in milliseconds. */
export interface ExchangeOptions {
  readonly to: Endpoint;
  readonly local: LocalIdentity;
  /** For the connection, and for each answer. */
  readonly timeout: number;
  /** Plain TCP when undefined. */
  readonly tls: TlsClientFiles | undefined;
  /** Gives up whatever is waited for. */
  readonly signal: AbortSignal;
}

/** How a DWR was answered. */
export interface WatchdogAnswer {
  /** Milliseconds from writing the DWR to reading the DWA. */
  readonly milliseconds: number;
  /** Undefined when the DWA carries none. */
  readonly resultCode: number | undefined;
}

/** The longest message that it takes, in bytes. */
const LONGEST = 64 * 1024;
/** Milliseconds that a DPA may take: nobody waits for long to be told good-bye. */
const LEAVE_TIMEOUT = 1_000;

const FRAMES = diameterFrames(() => LONGEST);

interface Awaited {
  readonly command: number;
  readonly hopByHop: number;
  readonly answered: PromiseWithResolvers<Uint8Array>;
}

/** An open connection, its capabilities exchanged. */
export class Exchange {
  /** What the peer said of itself. */
  capabilities!: Capabilities;
  /** Milliseconds until there was a connection, and from the CER to the CEA. */
  connectTime = 0;
  capabilitiesTime = 0;
  readonly #options: ExchangeOptions;
  readonly #connection: Connection;
  readonly #reading: Promise<void>;
  readonly #endToEndIds = new EndToEndIds(Date.now(), Math.random());
  #stage: Stage = "capabilities";
  #hopByHop = Math.floor(Math.random() * 2 ** 31);
  #awaited: Awaited | undefined;
  /** What came in place of the answer; "" when nothing did. */
  #instead = "";
  /** How the peer took its leave; "" while it has not. */
  #left = "";
  #end: ExchangeError | undefined;

  private constructor(connection: Connection, options: ExchangeOptions) {
    this.#options = options;
    this.#connection = connection;
    this.#reading = this.#read();
  }

  /** Connects and exchanges capabilities. @throws ExchangeError; or the reason of the signal */
  static async open(options: ExchangeOptions): Promise<Exchange> {
    const begun = performance.now();
    const exchange = new Exchange(await connect(options), options);
    exchange.connectTime = performance.now() - begun;
    try {
      await exchange.#exchangeCapabilities();
    } catch (error) {
      await exchange.#close();
      throw error;
    }
    return exchange;
  }

  /** Where the other end is: an address, whatever name was given. */
  get remote(): Endpoint {
    return this.#connection.remote;
  }

  /** Why the connection ended; undefined while it is there. */
  get end(): ExchangeError | undefined {
    return this.#end;
  }

  /** Sends a DWR and waits for its DWA (RFC 6733 section 5.5). @throws ExchangeError */
  async watchdog(): Promise<WatchdogAnswer> {
    const sent = performance.now();
    const answer = await this.#ask(COMMAND.deviceWatchdog, (ids) => watchdogRequest(this.#options.local, ids));
    const milliseconds = performance.now() - sent;
    const code = findAvp(answer, AVP.resultCode, HEADER_LENGTH, answer.length);
    return { milliseconds, resultCode: code === undefined ? undefined : unsigned32Of(answer, code) };
  }

  /** Takes leave with a DPR, if there is still somebody to take it from, and closes. */
  async leave(): Promise<void> {
    if (this.#end === undefined) {
      const { local } = this.#options;
      const dpr = this.#ask(
        COMMAND.disconnectPeer,
        // This node will not come back by itself (section 5.4.3).
        (ids) => disconnectRequest(local, ids, DISCONNECT_CAUSE.doNotWantToTalkToYou),
        AbortSignal.timeout(LEAVE_TIMEOUT),
      );
      await dpr.catch(() => {});
    }
    await this.#close();
  }

  async #exchangeCapabilities(): Promise<void> {
    const { local } = this.#options;
    const sent = performance.now();
    const cea = await this.#ask(
      COMMAND.capabilitiesExchange,
      (ids) => capabilitiesRequest(local, this.#connection.local.hostname, ids),
    );
    this.capabilitiesTime = performance.now() - sent;
    const read = readAnswer(cea, 0, cea.length, local, "");
    if (isFault(read)) throw new ExchangeError("capabilities", "refused", read.reason, read.resultCode);
    this.capabilities = read;
    this.#stage = "open";
  }

  async #ask(
    command: number,
    build: (ids: { readonly hopByHop: number; readonly endToEnd: number }) => Uint8Array,
    signal = this.#options.signal,
  ): Promise<Uint8Array> {
    if (this.#end !== undefined) throw this.#end;
    signal.throwIfAborted();
    const hopByHop = this.#hopByHop = (this.#hopByHop + 1) >>> 0;
    const answered = Promise.withResolvers<Uint8Array>();
    this.#awaited = { command, hopByHop, answered };
    this.#instead = "";
    const { timeout } = this.#options;
    const timer = setTimeout(() => {
      const came = this.#instead === "" ? "" : `; ${this.#instead}`;
      answered.reject(new ExchangeError(this.#stage, "silent", `no ${ANSWERS[command]} in time${came}`));
    }, timeout);
    const abort = () => answered.reject(signal.reason);
    signal.addEventListener("abort", abort);
    try {
      this.#write(build({ hopByHop, endToEnd: this.#endToEndIds.next() }));
      return await answered.promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      this.#awaited = undefined;
    }
  }

  #write(bytes: Uint8Array): void {
    // Small messages on a connection that is otherwise idle: none meets one half-written.
    this.#connection.write(bytes).catch((error) => this.#over("failed", `writing failed: ${reasonOf(error)}`));
  }

  async #read(): Promise<void> {
    let kept = new Uint8Array();
    const into = new Uint8Array(16 * 1024);
    try {
      for (;;) {
        const count = await this.#connection.read(into);
        if (count === null) return this.#over("closed", this.#left || "the peer closed the connection");
        const bytes = new Uint8Array(kept.length + count);
        bytes.set(kept);
        bytes.set(into.subarray(0, count), kept.length);
        kept = this.#cut(bytes);
      }
    } catch (error) {
      this.#over("closed", this.#left || reasonOf(error));
    }
  }

  /** Takes the whole messages in `bytes`; returns what is left. */
  #cut(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const view = viewOf(bytes);
    let at = 0;
    while (bytes.length - at >= FRAMES.lengthBytes) {
      const length = FRAMES.measure(view, at, bytes.length - at, LONGEST);
      if (typeof length === "string") {
        this.#over("stranger", describeStranger(length, bytes.subarray(at)));
        this.#connection.close();
        return new Uint8Array();
      }
      if (length === 0 || length > bytes.length - at) break;
      this.#take(bytes.slice(at, at + length));
      at += length;
    }
    return bytes.slice(at);
  }

  #take(bytes: Uint8Array): void {
    const header = readHeader(bytes);
    if ((header.flags & FLAG.request) !== 0) return this.#takeRequest(bytes, header);
    const awaited = this.#awaited;
    if (awaited?.command !== header.command) return;
    if (awaited.hopByHop === header.hopByHop) awaited.answered.resolve(bytes);
    else this.#instead = `its ${ANSWERS[header.command]} carries another Hop-by-Hop Identifier than was asked with`;
  }

  #takeRequest(bytes: Uint8Array, header: Header): void {
    const { local } = this.#options;
    switch (header.command) {
      case COMMAND.deviceWatchdog:
        return this.#write(peerAnswer(COMMAND.deviceWatchdog, local, header));
      case COMMAND.disconnectPeer: {
        const cause = disconnectCauseOf(bytes, 0, bytes.length);
        this.#left = `the peer took leave with a DPR, Disconnect-Cause ${CAUSES[cause] ?? cause}`;
        return this.#write(peerAnswer(COMMAND.disconnectPeer, local, header));
      }
      default: {
        const { originHost, originRealm, originStateId } = local;
        const message = "nobody serves requests here: this node only looks whether its peer is there";
        const said = { originHost, originRealm, originStateId, resultCode: RESULT.unableToDeliver, message };
        this.#write(errorAnswer(bytes, 0, bytes.length, said));
      }
    }
  }

  #over(why: ExchangeError["why"], message: string): void {
    this.#end ??= new ExchangeError(this.#stage, why, message);
    this.#awaited?.answered.reject(this.#end);
  }

  async #close(): Promise<void> {
    this.#connection.close();
    await this.#reading;
  }
}

const ANSWERS: Readonly<Record<number, string>> = {
  [COMMAND.capabilitiesExchange]: "CEA",
  [COMMAND.deviceWatchdog]: "DWA",
  [COMMAND.disconnectPeer]: "DPA",
};

const CAUSES: Readonly<Record<number, string>> = {
  [DISCONNECT_CAUSE.rebooting]: "REBOOTING",
  [DISCONNECT_CAUSE.busy]: "BUSY",
  [DISCONNECT_CAUSE.doNotWantToTalkToYou]: "DO_NOT_WANT_TO_TALK_TO_YOU",
};

async function connect({ to, timeout, tls, signal }: ExchangeOptions): Promise<Connection> {
  const options = { timeout, noDelay: true, signal };
  try {
    if (tls === undefined) return await connectTcp(to, options);
    // Loaded when needed: the compatibility layer under it takes time to start.
    const { connectTls } = await import("../../net/tls.ts");
    return await connectTls(to, tls, options);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof FileError) throw error;
    throw new ExchangeError("connect", "failed", reasonOf(error), undefined, { cause: error });
  }
}
