/**
 * Diameter peers whose every byte a test decides.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { cea, cer, peerAnswer, peerRequest, type RawIdentity, RawMessage } from "./raw_message.ts";
import { until } from "./until.ts";

/** What a scripted peer reads from and writes to: a TCP or a TLS connection. */
export type RawTransport = Pick<Deno.Conn, "read" | "write" | "close">;

/** One connection. What comes is kept in its order until it is asked for. */
export class RawPeer {
  readonly identity: RawIdentity;
  /** Messages that came and were not asked for yet. */
  readonly inbox: RawMessage[] = [];
  /** The other end closed the connection, or this one did. */
  ended = false;
  /** Answers each DWR as it comes, and keeps it out of the inbox. */
  answersWatchdogs = false;
  readonly #transport: RawTransport;
  readonly #reading: Promise<void>;
  #closed = false;
  #leftOver = 0;
  #paused: PromiseWithResolvers<void> | undefined;

  constructor(transport: RawTransport, identity: RawIdentity) {
    this.#transport = transport;
    this.identity = identity;
    this.#reading = this.#read();
  }

  /** A TCP connection to a port of this machine, without a CER. */
  static async connect(port: number, identity: RawIdentity): Promise<RawPeer> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    return new RawPeer(conn, identity);
  }

  /** Sends exactly these bytes; all of several messages in one write. */
  async send(...messages: readonly Uint8Array[]): Promise<void> {
    const size = messages.reduce((sum, message) => sum + message.length, 0);
    const bytes = new Uint8Array(size);
    let at = 0;
    for (const message of messages) {
      bytes.set(message, at);
      at += message.length;
    }
    for (let sent = 0; sent < size;) sent += await this.#transport.write(bytes.subarray(sent));
  }

  /** The next message that comes, or came. */
  async next(what: string, timeout = 5_000): Promise<RawMessage> {
    await until(() => this.inbox.length > 0 || this.ended, `${this.identity.host} got ${what}`, timeout);
    const message = this.inbox.shift();
    assert(message !== undefined, `${this.identity.host} waited for ${what}, but the connection was closed`);
    return message;
  }

  /** The next message, which must be a request with that command. */
  async nextRequest(command: number = COMMAND.meIdentityCheck): Promise<RawMessage> {
    const message = await this.next(`a request ${command}`);
    assertEquals([message.command, message.isRequest], [command, true], `${this.identity.host} got another message`);
    return message;
  }

  /** The next message, which must be an answer with that command. */
  async nextAnswer(command: number = COMMAND.meIdentityCheck): Promise<RawMessage> {
    const message = await this.next(`an answer ${command}`);
    assertEquals([message.command, message.isRequest], [command, false], `${this.identity.host} got another message`);
    return message;
  }

  /** Sends a CER and takes the CEA, whatever it says. */
  async exchangeCapabilities(): Promise<RawMessage> {
    await this.send(cer(this.identity));
    return await this.nextAnswer(COMMAND.capabilitiesExchange);
  }

  /** Takes the CER and sends a CEA; returns the CER. */
  async acceptCapabilities(): Promise<RawMessage> {
    const message = await this.nextRequest(COMMAND.capabilitiesExchange);
    await this.send(cea(this.identity, message));
    return message;
  }

  /** Answers a DWR or DPR. */
  async answerPeerRequest(command: number): Promise<RawMessage> {
    const message = await this.nextRequest(command);
    await this.send(peerAnswer(this.identity, message));
    return message;
  }

  /**
   * Makes sure that the other end has dealt with all that was sent, and sent nothing but what was
   * taken already.
   */
  async nothingMore(): Promise<void> {
    const dwr = peerRequest(this.identity);
    await this.send(dwr);
    const dwa = await this.nextAnswer(COMMAND.deviceWatchdog);
    assertEquals(dwa.hopByHop, new RawMessage(dwr).hopByHop);
  }

  /** Waits until the other end closes, which it must do without another message. */
  async nextEnd(timeout = 5_000): Promise<void> {
    await until(
      () => this.ended || this.inbox.length > 0,
      `the connection of ${this.identity.host} is closed`,
      timeout,
    );
    const { inbox } = this;
    assertEquals(inbox.length, 0, `${this.identity.host} got ${inbox[0]?.command} instead of the end`);
    assertEquals(this.#leftOver, 0, `the last bytes that ${this.identity.host} got are no message`);
  }

  /** Reads nothing until {@link resume}. What is being read now still comes. */
  pause(): void {
    this.#paused ??= Promise.withResolvers();
  }

  resume(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
  }

  /** Ends the connection and waits until nothing of it is left. */
  async close(): Promise<void> {
    this.resume();
    if (!this.#closed) {
      this.#closed = true;
      try {
        this.#transport.close();
      } catch {
        // The other end was faster.
      }
    }
    await this.#reading;
  }

  async #read(): Promise<void> {
    let kept = new Uint8Array();
    const block = new Uint8Array(65_536);
    try {
      for (;;) {
        if (this.#paused !== undefined) await this.#paused.promise;
        const count = await this.#transport.read(block);
        if (count === null) break;
        const bytes = new Uint8Array(kept.length + count);
        bytes.set(kept);
        bytes.set(block.subarray(0, count), kept.length);
        kept = bytes;
        kept = this.#cut(bytes);
      }
    } catch {
      // Closed on this side, or reset by the other.
    }
    this.ended = true;
    this.#leftOver = kept.length;
    if (!this.#closed) {
      this.#closed = true;
      try {
        this.#transport.close();
      } catch {
        // Closed already.
      }
    }
  }

  #cut(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    let at = 0;
    while (bytes.length - at >= 4) {
      const length = (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
      assert(length >= 20, `${this.identity.host} got a message of ${length} bytes`);
      if (length > bytes.length - at) break;
      const message = new RawMessage(bytes.slice(at, at + length));
      at += length;
      if (this.answersWatchdogs && message.command === COMMAND.deviceWatchdog && message.isRequest) {
        this.send(peerAnswer(this.identity, message)).catch(() => {});
      } else this.inbox.push(message);
    }
    return bytes.slice(at);
  }
}

/** A port that scripted DRAs listen on. */
export class RawListener {
  readonly port: number;
  readonly identity: RawIdentity;
  /** Every connection that was accepted. */
  readonly accepted: RawPeer[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #accepting: Promise<void>;
  #taken = 0;

  constructor(identity: RawIdentity, port = 0) {
    this.identity = identity;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept();
  }

  /** The next connection, before its capabilities exchange. */
  async accept(timeout = 5_000): Promise<RawPeer> {
    await until(() => this.accepted.length > this.#taken, `somebody connected to ${this.identity.host}`, timeout);
    return this.accepted[this.#taken++]!;
  }

  /** The next connection, behind its capabilities exchange. */
  async open(): Promise<RawPeer> {
    const peer = await this.accept();
    await peer.acceptCapabilities();
    return peer;
  }

  async close(): Promise<void> {
    this.stopListening();
    await this.#accepting;
    for (const peer of this.accepted) await peer.close();
  }

  /** Refuses connections from now on; those that are open stay. */
  stopListening(): void {
    try {
      this.#listener.close();
    } catch {
      // Closed already.
    }
  }

  async #accept(): Promise<void> {
    try {
      for await (const conn of this.#listener) {
        conn.setNoDelay(true);
        this.accepted.push(new RawPeer(conn, this.identity));
      }
    } catch {
      // Closed while a connection was being accepted.
    }
  }
}
