/**
 * Diameter nodes whose every byte a test decides: no code of the gateway but the reading and
 * writing of messages.
 */
import { APPLICATION, VENDOR } from "../../src/diameter/wire/application_ids.ts";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { FLAG, readHeader } from "../../src/diameter/wire/header.ts";
import { MessageBuilder } from "../../src/diameter/wire/message_builder.ts";
import { RESULT } from "../../src/diameter/wire/result_codes.ts";
import { Cutter, Message } from "./message.ts";
import { waitFor } from "./wait_for.ts";

/** Who a scripted node says it is. */
export interface Identity {
  readonly host: string;
  readonly realm: string;
}

/** What a node answers to a request that is not of the peer level; undefined: nothing. */
export type Answering = (request: Message) => Uint8Array | undefined;

const LOOPBACK_ADDRESS = new Uint8Array([0, 1, 127, 0, 0, 1]);

/** One connection of a scripted node. DWR and DPR are answered; everything received is kept. */
export class ScriptedPeer implements AsyncDisposable {
  readonly received: Message[] = [];
  /** The other end closed, or this one did. */
  closed = false;
  readonly #conn: Deno.TcpConn;
  readonly #identity: Identity;
  readonly #answering: Answering;
  readonly #taken = new Set<Message>();
  readonly #reading: Promise<void>;
  #ids = 1;

  constructor(conn: Deno.TcpConn, identity: Identity, answering: Answering = () => undefined) {
    this.#conn = conn;
    this.#identity = identity;
    this.#answering = answering;
    this.#reading = this.#read();
  }

  /** Connects to a port of this machine, and says nothing. */
  static async connect(port: number, identity: Identity, answering?: Answering): Promise<ScriptedPeer> {
    return new ScriptedPeer(await Deno.connect({ hostname: "127.0.0.1", port }), identity, answering);
  }

  /** Connects to a port of this machine, and exchanges capabilities. */
  static async open(port: number, identity: Identity, answering?: Answering): Promise<ScriptedPeer> {
    const peer = await ScriptedPeer.connect(port, identity, answering);
    try {
      await peer.send(peer.capabilities(FLAG.request, peer.nextIds()));
      const cea = await peer.take("CEA", (message) => message.is(COMMAND.capabilitiesExchange, "answer"));
      const resultCode = cea.number(AVP.resultCode);
      if (resultCode !== RESULT.success) throw new Error(`the CEA says ${resultCode}`);
      return peer;
    } catch (error) {
      await peer[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Identifiers for a request of this node. */
  nextIds(): { hopByHop: number; endToEnd: number } {
    const id = this.#ids++;
    return { hopByHop: 0x0a000000 + id, endToEnd: 0x0b000000 + id };
  }

  async send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  /** The first message not taken before that matches; waits for it. */
  take(what: string, matches: (message: Message) => boolean, timeout = 5_000): Promise<Message> {
    return waitFor(what, () => {
      const found = this.received.find((message) => !this.#taken.has(message) && matches(message));
      if (found !== undefined) this.#taken.add(found);
      return found;
    }, timeout);
  }

  /** Sends a request and waits for its answer, told by both identifiers. */
  async ask(request: Uint8Array): Promise<Message> {
    const { hopByHop, endToEnd } = readHeader(request);
    await this.send(request);
    return await this.take(
      `answer to ${hopByHop.toString(16)}`,
      ({ request: isRequest, header }) => !isRequest && header.hopByHop === hopByHop && header.endToEnd === endToEnd,
    );
  }

  /** A CER or CEA of this node. */
  capabilities(
    flags: number,
    ids: { readonly hopByHop: number; readonly endToEnd: number },
  ): Uint8Array<ArrayBuffer> {
    const builder = base(COMMAND.capabilitiesExchange, flags, ids);
    if (flags === 0) builder.unsigned32(AVP.resultCode, RESULT.success);
    return builder.text(AVP.originHost, this.#identity.host).text(AVP.originRealm, this.#identity.realm)
      .octets(AVP.hostIpAddress, LOOPBACK_ADDRESS)
      .unsigned32(AVP.vendorId, VENDOR.ietf)
      .text(AVP.productName, "scripted peer", { flags: 0 })
      .unsigned32(AVP.supportedVendorId, VENDOR.threeGpp)
      .group(
        AVP.vendorSpecificApplicationId,
        (group) => group.unsigned32(AVP.vendorId, VENDOR.threeGpp).unsigned32(AVP.authApplicationId, APPLICATION.s13),
      )
      .finish();
  }

  /** A DWR or DPR of this node. */
  request(command: number): Uint8Array<ArrayBuffer> {
    const builder = base(command, FLAG.request, this.nextIds())
      .text(AVP.originHost, this.#identity.host).text(AVP.originRealm, this.#identity.realm);
    if (command === COMMAND.disconnectPeer) builder.unsigned32(AVP.disconnectCause, 0);
    return builder.finish();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#conn.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    const cutter = new Cutter();
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (;;) {
        const count = await this.#conn.read(buffer);
        if (count === null) break;
        for (const bytes of cutter.push(buffer.subarray(0, count))) {
          const message = new Message(bytes);
          this.received.push(message);
          if (message.request) await this.#answer(message);
        }
      }
    } catch (error) {
      if (!this.closed && !isLoss(error)) throw error;
    }
    this.close();
  }

  async #answer(request: Message): Promise<void> {
    const { command, hopByHop, endToEnd } = request.header;
    switch (command) {
      case COMMAND.capabilitiesExchange:
        return await this.send(this.capabilities(0, { hopByHop, endToEnd }));
      case COMMAND.deviceWatchdog:
      case COMMAND.disconnectPeer:
        return await this.send(
          base(command, 0, { hopByHop, endToEnd }).unsigned32(AVP.resultCode, RESULT.success)
            .text(AVP.originHost, this.#identity.host).text(AVP.originRealm, this.#identity.realm).finish(),
        );
    }
    const answer = this.#answering(request);
    if (answer !== undefined) await this.send(answer);
  }
}

/** A scripted node that others connect to. */
export class ScriptedServer implements AsyncDisposable {
  /** All connections, in their order. */
  readonly peers: ScriptedPeer[] = [];
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #accepting: Promise<void>;

  constructor(identity: Identity, answering: Answering = () => undefined) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept(identity, answering);
  }

  /** The newest connection, when it is open and has sent its CER. */
  get peer(): ScriptedPeer | undefined {
    const last = this.peers.at(-1);
    return last !== undefined && !last.closed && last.received.length > 0 ? last : undefined;
  }

  /** Everything received on all connections. */
  get received(): Message[] {
    return this.peers.flatMap((peer) => peer.received);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const peer of this.peers) await peer[Symbol.asyncDispose]();
  }

  async #accept(identity: Identity, answering: Answering): Promise<void> {
    for await (const conn of this.#listener) this.peers.push(new ScriptedPeer(conn, identity, answering));
  }
}

/** A connection that the other side cut. */
function isLoss(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
}

function base(
  command: number,
  flags: number,
  ids: { readonly hopByHop: number; readonly endToEnd: number },
): MessageBuilder {
  return new MessageBuilder({ flags, command, application: APPLICATION.common, ...ids });
}
