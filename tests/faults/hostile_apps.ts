/**
 * Logic Apps that send broken messages, and what is hardly TLS, over one connection after the
 * other.
 * @module
 */
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { OFFSET, viewOf } from "../../src/diameter/wire/header.ts";
import { answer, cer, peerAnswer, peerRequest, RawMessage, request } from "../support/raw_message.ts";
import { until } from "../support/until.ts";
import { type Dice, isFramed, mutate } from "./mutations.ts";
import { WireEnd } from "./wire_end.ts";

/** Broken messages over one connection at most. */
const PER_CONNECTION = 12;
/** Milliseconds in which a gateway that lives has answered a DWR. */
const PATIENCE = 5_000;
/** Milliseconds that a connection that says nothing more is kept at most. */
const LINGERING = 40;

/** What they know of the gateway that they attack. */
export interface Target {
  /** Where it listens, and how to get there. */
  readonly connect: () => Promise<Deno.Conn>;
  /** The same port without TLS, when it wants TLS. */
  readonly connectPlainly?: () => Promise<Deno.Conn>;
  /** Begins their Origin-Hosts; those of two rains at a time must differ. */
  readonly name: string;
  /** Origin-Hosts that are somebody else's, and that the gateway must not believe. */
  readonly forged: readonly string[];
  /** DRAs that their requests name at times. */
  readonly dras: readonly string[];
}

/** A rain of broken messages. */
export class HostileApps {
  /** Broken messages sent. */
  sent = 0;
  /** Connections that began something that is no handshake. */
  handshakes = 0;
  readonly #target: Target;

  constructor(target: Target) {
    this.#target = target;
  }

  /**
   * Sends until `enough` says so.
   * @param between is called before each connection
   * @throws Error with the bytes when the gateway neither answers nor closes
   */
  async rain(dice: Dice, enough: () => boolean, between: () => void): Promise<void> {
    const { connectPlainly } = this.#target;
    while (!enough()) {
      between();
      if (connectPlainly !== undefined && dice.oneIn(4)) await this.#oneHandshake(await connectPlainly(), dice);
      else await this.#oneConnection(dice, enough);
    }
  }

  /** One connection of a Logic App that sends broken messages until it is thrown out. */
  async #oneConnection(dice: Dice, enough: () => boolean): Promise<void> {
    const forged = dice.oneIn(20);
    const host = forged ? dice.pick(this.#target.forged) : `${this.#target.name}-${dice.below(4)}.apps.example.net`;
    const identity = { host, realm: "apps.example.net" };
    const pongs = new Set<number>();
    const wire = new WireEnd(await this.#target.connect(), {
      message: (bytes) => {
        const { command, isRequest, hopByHop } = new RawMessage(bytes);
        if (command === COMMAND.deviceWatchdog && !isRequest) pongs.add(hopByHop);
      },
    });
    // Every tenth begins with garbage instead.
    if (forged || !dice.oneIn(10)) void wire.send(cer(identity));
    /** For whoever has to find out. */
    const history: string[] = [`as ${host}`];
    for (let count = 0; count < PER_CONNECTION && !wire.ended && !enough(); count++) {
      const { bytes, name } = mutate(this.#message(dice, identity), dice);
      this.sent++;
      history.push(`${name} ${bytes.toHex()}`);
      sendInPieces(wire, bytes, dice);
      if (!isFramed(bytes)) {
        // The rest of what was announced, perhaps, or the end.
        if (dice.oneIn(2)) await wire.send(dice.bytes(dice.below(2_000)));
        break;
      }
      const ping = peerRequest(identity);
      const id = viewOf(ping).getUint32(OFFSET.hopByHop);
      void wire.send(ping);
      // Whole messages leave a gateway that answers, or closes: never one that hangs.
      await until(() => pongs.has(id) || wire.ended, `a DWA or the end came after ${history.join("; ")}`, PATIENCE);
    }
    await wire.close();
  }

  /**
   * One connection to a port with TLS that begins a handshake wrongly, or goes on with it wrongly.
   */
  async #oneHandshake(conn: Deno.Conn, dice: Dice): Promise<void> {
    this.handshakes++;
    const wire = new WireEnd(conn, { message: () => {} });
    const hello = clientHello(dice);
    const what = dice.below(4);
    if (what === 0) void wire.send(dice.bytes(1 + dice.below(400)));
    else if (what === 1) void wire.send(cer({ host: "plain.apps.example.net", realm: "apps.example.net" }));
    else if (what === 2) void wire.send(mutate(hello, dice).bytes);
    // Whole, then garbage, then perhaps the end before the handshake has one.
    else void wire.send(hello.subarray(0, dice.below(hello.length + 1)), dice.bytes(dice.below(200)));
    if (dice.oneIn(2)) await Promise.race([wire.done, new Promise((resolve) => setTimeout(resolve, LINGERING))]);
    await wire.close();
  }

  /** What a Logic App may send. */
  #message(dice: Dice, identity: { host: string; realm: string }): Uint8Array {
    const destinationRealm = "core.example.net";
    switch (dice.below(10)) {
      case 0:
        return cer({ ...identity, host: `${this.#target.name}-${dice.below(4)}.apps.example.net` });
      case 1:
        return peerRequest(identity);
      case 2:
        return peerRequest(identity, dice.below(4));
      case 3:
        return peerAnswer(identity, new RawMessage(peerRequest(identity, dice.oneIn(2) ? 0 : undefined)));
      case 4:
        return answer(new RawMessage(request()));
      case 5:
        return request({ destinationRealm, destinationHost: dice.pick(this.#target.dras) });
      case 6:
        return request({ destinationRealm, routeRecords: ["a.example.net", "diam-gw.localdomain", "b.example.net"] });
      case 7:
        return request({ destinationRealm, application: 4, command: 272, destinationHost: "nobody.example.net" });
      default:
        return request({ destinationRealm });
    }
  }
}

/** In one write or in two, so that messages are cut where no one expects it. */
function sendInPieces(wire: WireEnd, bytes: Uint8Array, dice: Dice): void {
  const cut = dice.oneIn(3) ? dice.below(bytes.length + 1) : 0;
  void wire.send(bytes.subarray(0, cut));
  void wire.send(bytes.subarray(cut));
}

/** A record with a ClientHello of TLS 1.2 that a server goes on with (RFC 5246 section 7.4.1.2). */
function clientHello(dice: Dice): Uint8Array<ArrayBuffer> {
  // Two suites with forward secrecy, no compression; P-256 and its uncompressed points; signatures
  // by ECDSA and RSA with SHA-256.
  const body = [
    ...[3, 3, ...dice.bytes(32), 0, 0, 4, 0xc0, 0x2b, 0xc0, 0x2f, 1, 0],
    ...[0, 24, 0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0, 0, 13, 0, 6, 0, 4, 4, 3, 4, 1],
  ];
  return Uint8Array.from([22, 3, 1, 0, body.length + 4, 1, 0, 0, body.length, ...body]);
}
