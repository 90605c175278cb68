/**
 * A DRA whose every answer a test decides.
 * @module
 */
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { answer, cea, peerAnswer, RawMessage } from "../support/raw_message.ts";
import type { Certificate } from "../interop/certificates.ts";
import { WireEnd } from "./wire_end.ts";

/** What a fake DRA does; the ordinary thing where nothing is said. */
export interface FakeDraOptions {
  readonly host?: string;
  /** What it does with a request; answering with success unless said otherwise. */
  readonly request?: (message: RawMessage, wire: WireEnd, dra: FakeDra) => void;
  /** Answers to its own requests, and DPRs. */
  readonly other?: (message: RawMessage, wire: WireEnd, dra: FakeDra) => void;
  /** Result-Code of its CEA; 0 sends none. */
  readonly welcome?: number;
  /** Makes of its CEA what it sends. */
  readonly greeting?: (cea: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  /** It speaks TLS, and shows this. */
  readonly certificate?: Certificate;
}

/** Listens on a port of its own. */
export class FakeDra {
  readonly identity;
  /** What it does with a request; may change. */
  request: NonNullable<FakeDraOptions["request"]>;
  /** What it does with answers to its own requests, and with DPAs; may change. */
  other: FakeDraOptions["other"];
  /** Open connections behind their capabilities exchange. */
  readonly open = new Set<WireEnd>();
  requests = 0;
  readonly port: number;
  readonly #options: FakeDraOptions;
  readonly #listener: Deno.TcpListener | Deno.TlsListener;
  readonly #wires = new Set<WireEnd>();
  readonly #accepting: Promise<void>;

  constructor(options: FakeDraOptions = {}) {
    this.#options = options;
    this.identity = { host: options.host ?? "fake.core.example.net", realm: "core.example.net" };
    this.request = options.request ?? ((message, wire) => void wire.send(this.answerTo(message)));
    this.other = options.other;
    const anyPort = { hostname: "127.0.0.1", port: 0 };
    const { certificate } = options;
    this.#listener = certificate === undefined ? Deno.listen(anyPort) : Deno.listenTls({
      ...anyPort,
      cert: Deno.readTextFileSync(certificate.cert),
      key: Deno.readTextFileSync(certificate.key),
    });
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept();
  }

  /** An answer with success, or another result. */
  answerTo(message: RawMessage, resultCode = 2001): Uint8Array<ArrayBuffer> {
    return answer(message, { originHost: this.identity.host, resultCode });
  }

  /** Connections that were accepted, open or not. */
  get wires(): ReadonlySet<WireEnd> {
    return this.#wires;
  }

  async close(): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const wire of this.#wires) await wire.close();
  }

  async #accept(): Promise<void> {
    try {
      for await (const conn of this.#listener) {
        if ("setNoDelay" in conn) conn.setNoDelay(true);
        this.#wires.add(
          new WireEnd(conn, {
            message: (bytes, wire) => this.#take(new RawMessage(bytes), wire),
            ended: (wire) => {
              this.open.delete(wire);
              this.#wires.delete(wire);
            },
          }),
        );
      }
    } catch {
      // Closed while a connection was being accepted.
    }
  }

  #take(message: RawMessage, wire: WireEnd): void {
    const { welcome = 2001, greeting = (cea) => cea } = this.#options;
    switch (message.command) {
      case COMMAND.capabilitiesExchange:
        if (welcome === 0) return;
        if (welcome === 2001) this.open.add(wire);
        return void wire.send(greeting(cea(this.identity, message, welcome)));
      case COMMAND.deviceWatchdog:
        if (message.isRequest) void wire.send(peerAnswer(this.identity, message));
        return;
      case COMMAND.disconnectPeer:
        if (message.isRequest) void wire.send(peerAnswer(this.identity, message));
        else this.other?.(message, wire, this);
        return;
    }
    if (!message.isRequest) return this.other?.(message, wire, this);
    this.requests++;
    this.request(message, wire, this);
  }
}
