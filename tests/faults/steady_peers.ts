/**
 * Peers that do everything right beside those that do not, and ask all the time.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { FLAG, HEADER_LENGTH, OFFSET, viewOf } from "../../src/diameter/wire/header.ts";
import { answer, cer, peerAnswer, RawMessage } from "../support/raw_message.ts";
import { until } from "../support/until.ts";
import { Asker } from "./asker.ts";
import type { FakeDra } from "./fake_dra.ts";
import { WireEnd } from "./wire_end.ts";

/** Requests that leave at once, and milliseconds until the next ones do. */
const BATCH = 4;
const PAUSE = 10;
/** So many may wait: a peer whose answers do not come asks no more, and is found out at the end. */
const MOST_WAITING = 400;

/** What one of them found out. */
export interface SteadyReport {
  readonly lost: number;
  readonly stray: number;
  readonly mismatched: number;
  /** Results other than success. */
  readonly refused: readonly string[];
  /** Whether its connection is there still. */
  readonly connected: boolean;
}

/** What it is when nobody noticed anything. */
export const UNNOTICED: SteadyReport = { lost: 0, stray: 0, mismatched: 0, refused: [], connected: true };

/** Asks the peers of a list in turn, over one connection that must last. */
abstract class SteadyPeer {
  protected readonly asker: Asker;
  /** Its Origin-Host. */
  readonly host: string;
  readonly #asks: readonly string[];
  #ended = false;
  #asking: Promise<void> | undefined;

  /** @param asks Origin-Hosts of those that it asks */
  constructor(host: string, asks: readonly string[], strict = true) {
    this.host = host;
    this.#asks = asks;
    this.asker = new Asker(host, strict);
  }

  /** The connection, as long as it is there. */
  protected abstract get wire(): WireEnd | undefined;

  /** Right answers so far. */
  get answered(): number {
    return this.asker.answered;
  }

  /** As it stands; what waits is not lost before {@link end}. */
  get report(): SteadyReport {
    const { stray, mismatched, results } = this.asker;
    return {
      lost: 0,
      stray,
      mismatched,
      refused: Object.keys(results).filter((result) => result !== "2001"),
      connected: this.wire !== undefined,
    };
  }

  /** Asks until {@link end}. */
  begin(): void {
    this.#asking ??= this.#ask();
  }

  /** Asks no more. */
  async halt(): Promise<void> {
    this.#ended = true;
    await this.#asking;
  }

  /** Asks no more; each request must have its answer then, and none two. */
  async end(): Promise<void> {
    await this.halt();
    await until(() => this.asker.waiting === 0 || this.wire === undefined, "all is answered", 10_000).catch(() => {});
    assert(this.asker.answered > 0, `${this.host} got no answer at all`);
    assertEquals({ ...this.report, lost: this.asker.waiting }, UNNOTICED, `of ${this.host}`);
  }

  async #ask(): Promise<void> {
    for (let turn = 0; !this.#ended; turn++) {
      if (this.asker.waiting < MOST_WAITING) {
        const destinationHost = this.#asks[turn % this.#asks.length]!;
        const destinationRealm = destinationHost.slice(destinationHost.indexOf(".") + 1);
        const batch = Array.from({ length: BATCH }, () => this.asker.next({ destinationHost, destinationRealm }));
        await this.wire?.send(...batch);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}

/** A Logic App, over TCP or TLS. */
export class SteadyApp extends SteadyPeer {
  #wire!: WireEnd;

  /**
   * Connects over `conn` and exchanges capabilities.
   * @param strict false when it asks a DRA that answers anything
   */
  static async open(conn: Deno.Conn, host: string, asks: readonly string[], strict = true): Promise<SteadyApp> {
    const app = new SteadyApp(host, asks, strict);
    const identity = { host, realm: host.slice(host.indexOf(".") + 1) };
    let open = false;
    app.#wire = new WireEnd(conn, {
      message: (bytes, wire) => {
        const message = new RawMessage(bytes);
        if (message.command === COMMAND.capabilitiesExchange) open = message.resultCode === 2001;
        else if (message.command === COMMAND.deviceWatchdog) void wire.send(peerAnswer(identity, message));
        else if (message.isRequest) void wire.send(answerTo(message, host));
        else app.asker.take(message);
      },
    });
    await app.#wire.send(cer(identity));
    await until(() => open, `${host} is connected`);
    return app;
  }

  protected override get wire(): WireEnd | undefined {
    return this.#wire.ended ? undefined : this.#wire;
  }

  close(): Promise<void> {
    return this.#wire.close();
  }
}

/** A DRA that asks Logic Apps, over the connection that it has to the gateway at the beginning. */
export class SteadyDra extends SteadyPeer {
  readonly #wire: WireEnd;
  readonly #dra: FakeDra;

  constructor(dra: FakeDra, asks: readonly string[]) {
    super(dra.identity.host, asks);
    this.#dra = dra;
    const [wire] = dra.open;
    assert(wire !== undefined, `${dra.identity.host} is not connected`);
    this.#wire = wire;
    dra.other = (message) => this.asker.take(message);
  }

  protected override get wire(): WireEnd | undefined {
    return this.#dra.open.has(this.#wire) ? this.#wire : undefined;
  }
}

/**
 * An answer with success; the least that is one, when the request is one that a hostile DRA has
 * broken.
 */
function answerTo(message: RawMessage, originHost: string): Uint8Array {
  try {
    return answer(message, { originHost });
  } catch {
    const header = message.bytes.slice(0, HEADER_LENGTH);
    header[OFFSET.flags]! &= FLAG.proxiable;
    viewOf(header).setUint32(0, 0x01000000 | HEADER_LENGTH);
    return header;
  }
}
