/**
 * A gateway under a rain of broken messages, from Logic Apps and from DRAs, over TCP and TLS, while
 * other Logic Apps and DRAs work through it and must not notice.
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Certificate } from "../interop/certificates.ts";
import { until } from "../support/until.ts";
import { HostileApps } from "./hostile_apps.ts";
import { HostileDra } from "./hostile_dra.ts";
import { Dice } from "./mutations.ts";
import { Rig } from "./rig.ts";
import { SteadyApp, SteadyDra, UNNOTICED } from "./steady_peers.ts";

/** How it rains. */
export interface FuzzOptions {
  readonly seed: number;
  readonly mode?: "relay" | "transparent";
  /**
   * Certificate of `localhost`: there is a listener with TLS then, and a healthy and a hostile DRA
   * that speak it.
   */
  readonly certificate?: Certificate | undefined;
}

/** What a run amounts to so far. */
export interface FuzzReport {
  /** Broken messages sent by Logic Apps over TCP, over TLS, and by DRAs. */
  readonly fromApps: number;
  readonly fromSecureApps: number;
  readonly fromDras: number;
  /** Connections with something that is no TLS handshake. */
  readonly handshakes: number;
  /** Answers that the healthy Logic Apps got, all with success. */
  readonly healthy: number;
  /** The same, of healthy DRAs that asked Logic Apps. */
  readonly healthyDras: number;
  /** Answers to requests that went to hostile DRAs first, each exactly one. */
  readonly pinned: number;
  /** Why connections ended, and how often. */
  readonly ends: ReadonlyMap<string, number>;
}

const HOSTILE_DRA = "fuzz.core.example.net";
const SECURE_HOSTILE_DRA = "fuzz-tls.core.example.net";
const STEADY_DRA = "steady.core.example.net";
const SECURE_STEADY_DRA = "steady-tls.core.example.net";
const STEADY_APP = "steady.apps.example.net";
const SECURE_STEADY_APP = "steady-tls.apps.example.net";
const SIMULATED_APPS = ["app-1.apps.example.net", "app-2.apps.example.net"];
/** A handshake takes much longer than a message: so much less rains over TLS. */
const SECURE_SHARE = 1 / 8;

/**
 * Ends of connections that the protocol's rules bring about; anything else is a fault of the
 * gateway.
 */
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
  /^TLS: /,
  /^shutting down$/,
  /^this gateway is shutting down$/,
];

/** A gateway, those who are well, and those who are not. */
export class Fuzz {
  readonly rig: Rig;
  readonly #ends = new Map<string, number>();
  readonly #hostileDras: HostileDra[];
  readonly #hostileApps: HostileApps[] = [];
  readonly #steadyApps: SteadyApp[] = [];
  readonly #pinned: SteadyApp[] = [];
  readonly #steadyDras: SteadyDra[] = [];

  private constructor(options: FuzzOptions) {
    const { certificate, seed } = options;
    const dice = new Dice(seed);
    const apps = [...SIMULATED_APPS, STEADY_APP, "nobody.apps.example.net"];
    this.#hostileDras = [new HostileDra(HOSTILE_DRA, apps, dice)];
    if (certificate !== undefined) this.#hostileDras.push(new HostileDra(SECURE_HOSTILE_DRA, apps, dice));
    const [hostile, secureHostile] = this.#hostileDras.map((dra) => ({ ...dra.options, weight: 0 }));
    this.rig = new Rig({
      dras: [{}, {}],
      fakes: [
        hostile!,
        { host: STEADY_DRA, weight: 0 },
        ...(certificate === undefined
          ? []
          : [{ ...secureHostile!, certificate }, { host: SECURE_STEADY_DRA, weight: 0, certificate }]),
      ],
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
      server: {
        dprTimeout: 200,
        // Whoever comes with the name of one that is well does not get in.
        duplicateOriginHost: "probe",
        ...(certificate === undefined ? {} : {
          tls: {
            listen: [{ hostname: "127.0.0.1", port: 0 }],
            cert: certificate.cert,
            key: certificate.key,
            clientCa: "",
          },
        }),
      },
      watchRequests: false,
    });
    this.rig.gateway.on((event) => {
      // Nobody looks at them afterwards, and there are many.
      this.rig.events.length = 0;
      if (event.kind !== "app_down" && event.kind !== "app_refused" && event.kind !== "dra_connect_failed") return;
      const reason = ORDINARY_ENDS.some((pattern) => pattern.test(event.reason))
        ? event.reason.replaceAll(/: .*|\d+/gs, "")
        : `UNEXPECTED ${event.reason}`;
      this.#ends.set(reason, (this.#ends.get(reason) ?? 0) + 1);
    });
  }

  /** Starts all of it; it is dry as yet. */
  static async start(options: FuzzOptions): Promise<Fuzz> {
    const fuzz = new Fuzz(options);
    try {
      await fuzz.rig.ready();
      await fuzz.#begin(options.certificate);
      return fuzz;
    } catch (error) {
      await fuzz.stop();
      throw error;
    }
  }

  /**
   * One shower: `messages` broken ones from Logic Apps over TCP, beside it what comes over TLS and
   * from DRAs.
   * @throws Error that names the seed, when somebody healthy notices
   */
  async rain(seed: number, messages: number, signal?: AbortSignal): Promise<void> {
    for (const [nth, dra] of this.#hostileDras.entries()) dra.dice = new Dice(seed ^ 0x5bd1e995 ^ nth);
    let failed = false;
    const rains = this.#hostileApps.map(async (apps, nth) => {
      const end = apps.sent + messages * (nth === 0 ? 1 : SECURE_SHARE);
      try {
        await apps.rain(
          nth === 0 ? new Dice(seed) : new Dice(seed ^ 0x2545f491),
          () => failed || apps.sent >= end || signal?.aborted === true,
          () => this.#hostileDras[nth]!.maybeStrike(this.rig.fakes[2 * nth]!),
        );
      } catch (error) {
        failed = true;
        throw error;
      }
    });
    try {
      for (const end of await Promise.allSettled(rains)) if (end.status === "rejected") throw end.reason;
      this.#judge();
    } catch (error) {
      throw withSeed(seed, error);
    }
  }

  /** As it stands. */
  get report(): FuzzReport {
    const [apps, secureApps] = this.#hostileApps;
    const sum = (peers: readonly { readonly answered: number }[]) =>
      peers.reduce((all, peer) => all + peer.answered, 0);
    return {
      fromApps: apps?.sent ?? 0,
      fromSecureApps: secureApps?.sent ?? 0,
      fromDras: this.#hostileDras.reduce((all, dra) => all + dra.sent, 0),
      handshakes: secureApps?.handshakes ?? 0,
      healthy: this.rig.apps.counters.answered + sum(this.#steadyApps),
      healthyDras: sum(this.#steadyDras),
      pinned: sum(this.#pinned),
      ends: this.#ends,
    };
  }

  /** Lets those who are well come to their end, and checks that they have not noticed anything. */
  async verdict(): Promise<void> {
    for (const peer of [...this.#steadyDras, ...this.#steadyApps, ...this.#pinned]) await peer.end();
    await until(() => this.rig.gateway.statistics.active_sessions === 0 || this.rig.apps.waiting > 0, "nothing waits");
    await this.rig.verdict();
    this.#judge();
  }

  /** Stops everything; nothing may be left. */
  async stop(): Promise<void> {
    for (const dra of this.#hostileDras) dra.end();
    for (const peer of [...this.#steadyDras, ...this.#steadyApps, ...this.#pinned]) await peer.halt();
    for (const app of [...this.#steadyApps, ...this.#pinned]) await app.close();
    await this.rig.stop();
  }

  async #begin(certificate: Certificate | undefined): Promise<void> {
    const [plain, secure] = this.rig.gateway.addresses;
    const connect = () => quickly(Deno.connect({ hostname: "127.0.0.1", port: plain!.port }));
    const connectPlainly = () => quickly(Deno.connect({ hostname: "127.0.0.1", port: secure!.port }));
    const steadyDras = [STEADY_DRA];
    const steadyApps = [STEADY_APP];
    const dras = [HOSTILE_DRA];
    if (certificate !== undefined) {
      steadyDras.push(SECURE_STEADY_DRA);
      steadyApps.push(SECURE_STEADY_APP);
      dras.push(SECURE_HOSTILE_DRA);
    }
    const forged = [...SIMULATED_APPS, ...steadyApps, "dra-1.core.example.net", ...steadyDras, "diam-gw.localdomain"];
    this.#steadyApps.push(await SteadyApp.open(await connect(), STEADY_APP, steadyDras));
    this.#hostileApps.push(new HostileApps({ connect, name: "fuzz", forged, dras }));
    if (certificate !== undefined) {
      const caCerts = [await Deno.readTextFile(certificate.ca)];
      const connectSecurely = () => Deno.connectTls({ hostname: "localhost", port: secure!.port, caCerts });
      this.#steadyApps.push(await SteadyApp.open(await connectSecurely(), SECURE_STEADY_APP, steadyDras));
      this.#hostileApps.push(
        new HostileApps({ connect: connectSecurely, connectPlainly, name: "fuzz-tls", forged, dras }),
      );
    }
    for (const dra of dras) {
      this.#pinned.push(await SteadyApp.open(await connect(), `pinned-to-${dra}`, [dra], false));
    }
    for (const nth of steadyDras.keys()) this.#steadyDras.push(new SteadyDra(this.rig.fakes[2 * nth + 1]!, steadyApps));
    this.rig.apps.begin();
    for (const peer of [...this.#steadyDras, ...this.#steadyApps, ...this.#pinned]) peer.begin();
  }

  /** What must hold at any time. */
  #judge(): void {
    const { lost, duplicated, mismatched, unknown, late, connectionsLost, firstFault } = this.rig.apps.counters;
    assertEquals(
      { lost, duplicated, mismatched, unknown, late, connectionsLost },
      { lost: 0, duplicated: 0, mismatched: 0, unknown: 0, late: 0, connectionsLost: 0 },
      firstFault,
    );
    assertEquals(Object.keys(this.rig.results), ["2001"], "healthy traffic was hurt");
    for (const peer of [...this.#steadyDras, ...this.#steadyApps, ...this.#pinned]) {
      assertEquals(peer.report, UNNOTICED, `of ${peer.host}`);
    }
    assertEquals(this.rig.complaints, []);
    assertEquals([...this.#ends.keys()].filter((reason) => reason.startsWith("UNEXPECTED")), []);
  }
}

/**
 * One shower from its beginning to its end. @throws Error that names the seed, when somebody
 * healthy notices, or anything is left over
 */
export async function fuzz(options: FuzzOptions & { readonly messages: number }): Promise<FuzzReport> {
  const fuzz = await Fuzz.start(options);
  try {
    await fuzz.rain(options.seed, options.messages);
    await fuzz.verdict();
    return fuzz.report;
  } catch (error) {
    throw withSeed(options.seed, error);
  } finally {
    await fuzz.stop();
  }
}

function withSeed(seed: number, error: unknown): Error {
  const text = String(error);
  return text.includes("with seed") ? error as Error : new Error(`with seed ${seed}: ${text}`, { cause: error });
}

async function quickly(connecting: Promise<Deno.TcpConn>): Promise<Deno.TcpConn> {
  const conn = await connecting;
  conn.setNoDelay(true);
  return conn;
}
