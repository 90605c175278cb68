/**
 * A gateway under a rain of broken messages, from Logic Apps and from a DRA, while other Logic Apps work through it and must not notice.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { HEADER_LENGTH, OFFSET, viewOf } from "../../src/diameter/wire/header.ts";
import { answer, cer, nextId, peerAnswer, peerRequest, RawMessage, request } from "../support/raw_message.ts";
import { until } from "../support/until.ts";
import type { FakeDra } from "./fake_dra.ts";
import { Dice, isFramed, mutate } from "./mutations.ts";
import { Rig } from "./rig.ts";
import { WireEnd } from "./wire_end.ts";

/** How long it rains. */
export interface FuzzOptions {
  readonly seed: number;
  /** Broken messages from Logic Apps; as many come from the DRA, or more. */
  readonly messages: number;
  readonly mode?: "relay" | "transparent";
  /** Told now and then how far it is. */
  readonly progress?: (sent: number) => void;
  /** Ends it before all messages were sent. */
  readonly signal?: AbortSignal;
}

/** What a run amounts to. */
export interface FuzzReport {
  /** Broken messages sent by Logic Apps and by the DRA. */
  readonly fromApps: number;
  readonly fromDra: number;
  /** Answers that the healthy Logic Apps got, all with success. */
  readonly healthy: number;
  /** Requests to the broken DRA, each with exactly one answer. */
  readonly pinned: number;
  /** Why connections ended, and how often. */
  readonly ends: ReadonlyMap<string, number>;
}

const FUZZ_DRA = "fuzz.core.example.net";
/** Broken messages over one connection at most. */
const PER_CONNECTION = 12;
/** Milliseconds in which a gateway that lives has answered a DWR. */
const PATIENCE = 5_000;

/** Ends of connections that the protocol's rules bring about; anything else is a fault of the gateway. */
const ORDINARY_ENDS = [
  /^the peer closed the connection$/,
  /^the peer took its leave \(.*\)(; it did not close after its DPR)?$/,
  /^(no CER|no CEA) in time$/,
  /; no DPA in time$/,
  /^its DWA carries another Hop-by-Hop Identifier than the request$/,
  /^(reading|writing) failed: /,
  /^(Connection reset by peer|Broken pipe|Interrupted|Bad resource|operation canceled)/i,
  /^it sent (a message with an impossible length|bytes that are no Diameter message)/,
  /^version \d+ is not supported, this node speaks version 1$/,
  /^message length \d+ is not a multiple of 4$/,
  /^its CER was refused with \d+: /,
  /^the CEA (cannot stand|refuses|comes from|carries no)/,
  /^a CER with another identity on an open connection$/,
  /^no common application: /,
  /^another message came before the capabilities exchange$/,
  /^cannot be reached: /,
  /^shutting down$/,
  /^this gateway is shutting down$/,
];

/** Runs a gateway in the rain. @throws AssertionError when somebody healthy notices, or anything is left over */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const dice = new Dice(options.seed);
  const storm = new DraStorm(new Dice(options.seed ^ 0x5bd1e995));
  const rig = new Rig({
    dras: [{}, {}],
    fakes: [{ host: FUZZ_DRA, weight: 0, request: (message, wire) => storm.answer(message, wire) }],
    apps: { connections: 3, window: 8, mix: { s13: 2, s6a: 1, ccr: 1 }, rate: 500, pacing: "relaxed" },
    gateway: {
      requestTimeout: 1_500,
      answerTimeout: 700,
      ...(options.mode === undefined ? {} : { mode: options.mode }),
    },
    draPool: {
      dprTimeout: 30,
      capabilitiesTimeout: 300,
      // A DRA that comes back is asked again at once.
      reopenWatchdogs: 0,
      reconnect: { initial: 2, multiplier: 1, max: 2, jitter: 0, afterRefusal: 2 },
    },
    server: { dprTimeout: 200 },
    watchRequests: false,
  });
  const ends = new Map<string, number>();
  rig.gateway.on((event) => {
    if (event.kind !== "app_down" && event.kind !== "app_refused" && event.kind !== "dra_connect_failed") return;
    const reason = ORDINARY_ENDS.some((pattern) => pattern.test(event.reason))
      ? event.reason.replaceAll(/: .*|\d+/gs, "")
      : `UNEXPECTED ${event.reason}`;
    ends.set(reason, (ends.get(reason) ?? 0) + 1);
    rig.events.length = 0;
  });
  let fromApps = 0;
  try {
    await rig.ready();
    rig.apps.begin();
    const pinned = await Pinned.open(rig);
    const pinning = pinned.keepAsking();
    while (fromApps < options.messages && options.signal?.aborted !== true) {
      fromApps += await oneConnection(rig, dice);
      storm.maybeStrike(rig.fakes[0]!);
      options.progress?.(fromApps);
    }
    await pinned.end();
    await pinning;
    await until(() => rig.gateway.statistics.active_sessions === 0 || rig.apps.waiting > 0, "nothing old waits");
    await rig.verdict();
    assertEquals(Object.keys(rig.results), ["2001"], `seed ${options.seed}: healthy traffic was hurt`);
    assertEquals([...ends.keys()].filter((reason) => reason.startsWith("UNEXPECTED")), [], `seed ${options.seed}`);
    return { fromApps, fromDra: storm.sent, healthy: rig.apps.counters.answered, pinned: pinned.asked, ends };
  } catch (error) {
    throw new Error(`with seed ${options.seed}, after ${fromApps} messages: ${String(error)}`, { cause: error });
  } finally {
    storm.end();
    await rig.stop();
  }
}

/** What a Logic App may send. */
function seedMessage(dice: Dice): Uint8Array {
  const identity = { host: `fuzz-${dice.below(4)}.apps.example.net`, realm: "apps.example.net" };
  const destinationRealm = "core.example.net";
  switch (dice.below(10)) {
    case 0:
      return cer(identity);
    case 1:
      return peerRequest(identity);
    case 2:
      return peerRequest(identity, dice.below(4));
    case 3:
      return peerAnswer(identity, new RawMessage(peerRequest(identity, dice.oneIn(2) ? 0 : undefined)));
    case 4:
      return answer(new RawMessage(request()));
    case 5:
      return request({ destinationRealm, destinationHost: FUZZ_DRA });
    case 6:
      return request({ destinationRealm, routeRecords: ["a.example.net", "diam-gw.localdomain", "b.example.net"] });
    case 7:
      return request({ destinationRealm, application: 4, command: 272, destinationHost: "nobody.example.net" });
    default:
      return request({ destinationRealm });
  }
}

/** One connection of a Logic App that sends broken messages until it is thrown out. Returns how many it sent. */
async function oneConnection(rig: Rig, dice: Dice): Promise<number> {
  const identity = { host: `fuzz-${dice.below(4)}.apps.example.net`, realm: "apps.example.net" };
  const pongs = new Set<number>();
  const wire = await WireEnd.connect(rig.gateway.addresses[0]!.port, {
    message: (bytes) => {
      const { command, isRequest, hopByHop } = new RawMessage(bytes);
      if (command === COMMAND.deviceWatchdog && !isRequest) pongs.add(hopByHop);
    },
  });
  // Every tenth begins with garbage instead.
  const opened = !dice.oneIn(10);
  if (opened) void wire.send(cer(identity));
  let sent = 0;
  /** For whoever has to find out. */
  const history: string[] = [];
  while (sent < PER_CONNECTION && !wire.ended) {
    const { bytes, name } = mutate(seedMessage(dice), dice);
    sent++;
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
  return sent;
}

/** In one write or in two, so that messages are cut where no one expects it. */
function sendInPieces(wire: WireEnd, bytes: Uint8Array, dice: Dice): void {
  const cut = dice.oneIn(3) ? dice.below(bytes.length + 1) : 0;
  void wire.send(bytes.subarray(0, cut));
  void wire.send(bytes.subarray(cut));
}

/** What the broken DRA does. */
class DraStorm {
  sent = 0;
  readonly #dice: Dice;
  readonly #delays = new Set<ReturnType<typeof setTimeout>>();

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  /** Answers one request somehow, or not at all. */
  answer(message: RawMessage, wire: WireEnd): void {
    const dice = this.#dice;
    let good: Uint8Array;
    try {
      good = answer(message, { originHost: FUZZ_DRA, resultCode: dice.pick([2001, 2001, 3002, 3004, 5012]) });
    } catch {
      // The request was broken itself.
      return;
    }
    switch (dice.below(6)) {
      case 0:
        return void wire.send(good);
      case 1:
        return void wire.send(good, good);
      case 2:
        return;
      case 3: {
        const timer = setTimeout(() => {
          this.#delays.delete(timer);
          void wire.send(good);
        }, dice.below(200));
        this.#delays.add(timer);
        return;
      }
      default:
        this.sent++;
        return void wire.send(mutate(good, dice).bytes);
    }
  }

  /** Sends something nobody asked for, now and then. */
  maybeStrike(dra: FakeDra): void {
    const dice = this.#dice;
    const [wire] = dra.open;
    if (wire === undefined || !dice.oneIn(3)) return;
    const { identity } = dra;
    const host = dice.pick(["app-1.apps.example.net", "app-2.apps.example.net", "nobody.apps.example.net"]);
    const base = dice.pick([
      () => request({ originHost: identity.host, destinationHost: host, application: 4, command: 258 }),
      () => request({ originHost: identity.host, destinationHost: host }),
      () => request({ originHost: identity.host }),
      () => peerRequest(identity),
      () => peerRequest(identity, dice.below(3)),
      () => cer(identity),
      () => answer(new RawMessage(request())),
    ])();
    this.sent++;
    void wire.send(mutate(base, dice).bytes);
  }

  end(): void {
    for (const timer of this.#delays) clearTimeout(timer);
  }
}

/** A Logic App whose requests all go to the broken DRA: whatever that does, each gets exactly one answer. */
class Pinned {
  readonly #answers = new Map<number, number>();
  #wire!: WireEnd;
  #ended = false;
  #foreign = 0;

  static async open(rig: Rig): Promise<Pinned> {
    const pinned = new Pinned();
    let open = false;
    const identity = { host: "pinned.apps.example.net", realm: "apps.example.net", applications: [16777252] };
    pinned.#wire = await WireEnd.connect(rig.gateway.addresses[0]!.port, {
      message: (bytes, wire) => {
        const message = new RawMessage(bytes);
        if (message.command === COMMAND.capabilitiesExchange) open = true;
        else if (message.command === COMMAND.deviceWatchdog) void wire.send(peerAnswer(identity, message));
        // A request that the storm made of an answer.
        else if (message.isRequest) void wire.send(headerAnswer(bytes));
        else pinned.#take(message.hopByHop);
      },
    });
    await pinned.#wire.send(cer(identity));
    await until(() => open, "the pinned app is connected");
    return pinned;
  }

  get asked(): number {
    return this.#answers.size;
  }

  /** Asks again and again, a few at a time, until {@link end}. */
  async keepAsking(): Promise<void> {
    while (!this.#ended && !this.#wire.ended) {
      const batch: Uint8Array[] = [];
      for (let i = 0; i < 5; i++) {
        const hopByHop = nextId();
        this.#answers.set(hopByHop, 0);
        batch.push(request({ hopByHop, destinationHost: FUZZ_DRA, destinationRealm: "core.example.net" }));
      }
      await this.#wire.send(...batch);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Asks no more; each request must have its answer in time, and none two. */
  async end(): Promise<void> {
    this.#ended = true;
    const missing = () => [...this.#answers.values()].filter((count) => count === 0).length;
    await until(() => missing() === 0 || this.#wire.ended, "each request to the broken DRA has an answer").catch(
      () => {},
    );
    const repeated = [...this.#answers.values()].filter((count) => count > 1).length;
    assertEquals({ missing: missing(), repeated, foreign: this.#foreign }, { missing: 0, repeated: 0, foreign: 0 });
    assert(!this.#wire.ended, "its connection was closed");
    await this.#wire.close();
  }

  #take(hopByHop: number): void {
    const count = this.#answers.get(hopByHop);
    if (count === undefined) this.#foreign++;
    else this.#answers.set(hopByHop, count + 1);
  }
}

/** The shortest answer there is: the request's header, turned round. */
function headerAnswer(message: Uint8Array): Uint8Array {
  const header = message.slice(0, HEADER_LENGTH);
  header[OFFSET.flags]! &= 0x40;
  viewOf(header).setUint32(0, 0x01000000 | HEADER_LENGTH);
  return header;
}
