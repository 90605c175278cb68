/**
 * A Logic App that keeps a tally: how many answers came for each of its requests.
 * @module
 */
import { assertEquals } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import type { Gateway } from "../../src/diameter/relay/gateway.ts";
import { cer, nextId, peerAnswer, peerRequest, RawMessage, type RawRequest, request } from "../support/raw_message.ts";
import { until } from "../support/until.ts";
import { WireEnd } from "./wire_end.ts";

/** An AVP of no vendor that nobody knows: what makes a message as long as a test wants it. */
export const PADDING_AVP = 0x00ff_fff0;

interface Asked {
  readonly endToEnd: number;
  readonly session: string;
  answers: number;
}

/** What a tally says when all is well. */
export const ALL_WELL = { missing: 0, repeated: 0, foreign: 0, mismatched: 0 } as const;

/** One connection of a Logic App. */
export class TallyApp {
  /** Answers whose hop-by-hop id no request had. */
  foreign = 0;
  /** Answers to another request than their hop-by-hop id says. */
  mismatched = 0;
  /** How often each Result-Code came. */
  readonly results: Record<string, number> = {};
  /** Requests of the other side that nobody has looked at. */
  readonly requests: RawMessage[] = [];
  /** Whether it answers DWR; without, it looks dead to its peer. */
  answersWatchdogs = true;
  wire!: WireEnd;
  readonly identity;
  readonly #asked = new Map<number, Asked>();
  #opened = false;
  #watchdogs = 0;

  private constructor(host: string) {
    this.identity = { host, realm: "apps.example.net" };
  }

  /** Connects to `gateway`, or takes a connection to it, and exchanges capabilities. */
  static async open(gateway: Gateway, host: string, conn?: Deno.Conn): Promise<TallyApp> {
    const app = new TallyApp(host);
    const handlers = { message: (bytes: Uint8Array<ArrayBuffer>) => app.#take(bytes) };
    app.wire = conn === undefined
      ? await WireEnd.connect(gateway.addresses[0]!.port, handlers)
      : new WireEnd(conn, handlers);
    await app.wire.send(cer(app.identity));
    await until(() => app.#opened || app.wire.ended, `${host} is connected`);
    assertEquals(app.#opened, true, `${host} was refused`);
    return app;
  }

  /**
   * Sends `count` requests, each with `padding` bytes that nobody needs; resolves when the system
   * took them.
   */
  ask(count: number, padding = 0, wish: RawRequest = {}): Promise<void> {
    const messages: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      const hopByHop = nextId();
      const endToEnd = nextId();
      const session = `${this.identity.host};${hopByHop};1`;
      this.#asked.set(hopByHop, { endToEnd, session, answers: 0 });
      messages.push(request({
        originHost: this.identity.host,
        ...wish,
        hopByHop,
        endToEnd,
        session,
        more: (builder) => {
          wish.more?.(builder);
          if (padding > 0) builder.octets(PADDING_AVP, new Uint8Array(padding), { flags: 0 });
        },
      }));
    }
    return this.wire.send(...messages);
  }

  /** Requests sent. */
  get asked(): number {
    return this.#asked.size;
  }

  /** Answers that came, of any kind. */
  get answered(): number {
    return Object.values(this.results).reduce((sum, count) => sum + count, 0);
  }

  /** Requests without an answer, with more than one, and answers that should not be. */
  get tally(): Record<keyof typeof ALL_WELL, number> {
    let missing = 0;
    let repeated = 0;
    for (const { answers } of this.#asked.values()) {
      if (answers === 0) missing++;
      if (answers > 1) repeated++;
    }
    return { missing, repeated, foreign: this.foreign, mismatched: this.mismatched };
  }

  /** Resolves when every request has its answer. */
  async allAnswered(timeout = 10_000): Promise<void> {
    await until(() => this.tally.missing === 0 || this.wire.ended, `${this.identity.host} has all its answers`, timeout)
      .catch(() => {});
    assertEquals(this.tally, ALL_WELL, `of ${this.asked} requests of ${this.identity.host}`);
  }

  /** Makes sure that the other end has dealt with all that was sent before. */
  async settled(): Promise<void> {
    const before = this.#watchdogs;
    void this.wire.send(peerRequest(this.identity));
    await until(() => this.#watchdogs > before, `${this.identity.host} got a DWA`);
  }

  close(): Promise<void> {
    return this.wire.close();
  }

  #take(bytes: Uint8Array<ArrayBuffer>): void {
    const message = new RawMessage(bytes);
    if (message.command === COMMAND.capabilitiesExchange) this.#opened = message.resultCode === 2001;
    else if (message.command === COMMAND.deviceWatchdog && !message.isRequest) this.#watchdogs++;
    else if (message.command === COMMAND.deviceWatchdog) {
      if (this.answersWatchdogs) void this.wire.send(peerAnswer(this.identity, message));
    } else if (message.isRequest) this.requests.push(message);
    else this.#takeAnswer(message);
  }

  #takeAnswer(message: RawMessage): void {
    const asked = this.#asked.get(message.hopByHop);
    const result = String(message.resultCode);
    this.results[result] = (this.results[result] ?? 0) + 1;
    if (asked === undefined) {
      this.foreign++;
      return;
    }
    asked.answers++;
    if (message.endToEnd !== asked.endToEnd || message.text(AVP.sessionId) !== asked.session) this.mismatched++;
  }
}
