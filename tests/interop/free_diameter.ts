/** freeDiameter as a relay agent, configured by the test. */
import { freePort } from "../support/free_port.ts";
import type { Certificate } from "./certificates.ts";
import { Child } from "./child.ts";
import { file, program, type Requirement } from "./programs.ts";
import { GATEWAY } from "./running_gateway.ts";
import type { Identity } from "./scripted_peer.ts";

const EXTENSIONS = "/usr/lib/freeDiameter";

/** What tests with freeDiameter need. */
export const FREE_DIAMETER: readonly Requirement[] = [
  program("freeDiameterd", "freediameterd"),
  file(`${EXTENSIONS}/acl_wl.fdx`, "freediameter-extensions"),
  file(`${EXTENSIONS}/rt_default.fdx`, "freediameter-extensions"),
  {
    name: "an address beside loopback, without which freeDiameter does not start",
    aptPackage: "freediameterd",
    missing: Deno.networkInterfaces().some(({ family, address }) => family === "IPv4" && !address.startsWith("127."))
      ? undefined
      : "this machine has no IPv4 address but loopback, and freeDiameter needs one",
  },
];

/** The shortest watchdog interval that freeDiameter takes, in seconds (RFC 3539 section 3.4.1). */
export const SHORTEST_WATCHDOG = 6;

/** A peer that freeDiameter connects to. */
export interface Neighbour {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte; else plain TCP. */
  readonly secure?: boolean;
}

/** How one freeDiameter is set up. */
export interface Setup {
  readonly identity: Identity;
  readonly connect?: readonly Neighbour[];
  /** Lines of rt_default: who may get which requests. */
  readonly routes: readonly string[];
  /** Where it listens; a free port when absent. */
  readonly port?: number;
  /** Opens a second port, for TLS; without TLS the gateway is not let in then. */
  readonly tls?: Certificate;
}

/** A running freeDiameter. */
export class FreeDiameter implements AsyncDisposable {
  /** Where it listens. */
  readonly port: number;
  /** Where it listens with TLS; 0 when it does not. */
  readonly securePort: number;
  readonly child: Child;

  private constructor(port: number, securePort: number, child: Child) {
    this.port = port;
    this.securePort = securePort;
    this.child = child;
  }

  /** Writes the configuration into `directory`, starts, and waits until it is ready. */
  static async start(directory: string, setup: Setup): Promise<FreeDiameter> {
    const { tls } = setup;
    const port = setup.port ?? freePort();
    const securePort = tls === undefined ? 0 : freePort();
    const base = `${directory}/${setup.identity.host}`;
    const plain = "ALLOW_IPSEC *.example.net\n";
    await Deno.writeTextFile(`${base}.acl`, tls === undefined ? plain : `${GATEWAY.host}\n${plain}`);
    await Deno.writeTextFile(`${base}.routes`, setup.routes.map((route) => `${route} ;\n`).join(""));
    const lines = [
      `Identity = "${setup.identity.host}";`,
      `Realm = "${setup.identity.realm}";`,
      `Port = ${port};`,
      `SecPort = ${securePort};`,
      ...(tls === undefined ? [] : [`TLS_Cred = "${tls.cert}", "${tls.key}";`, `TLS_CA = "${tls.ca}";`]),
      "No_SCTP;",
      "No_IPv6;",
      `TwTimer = ${SHORTEST_WATCHDOG};`,
      "TcTimer = 1;",
      `LoadExtension = "${EXTENSIONS}/acl_wl.fdx" : "${base}.acl";`,
      `LoadExtension = "${EXTENSIONS}/rt_default.fdx" : "${base}.routes";`,
      ...(setup.connect ?? []).map(({ host, port, secure }) =>
        `ConnectPeer = "${host}" { ConnectTo = "127.0.0.1"; Port = ${port};${secure === true ? "" : " No_TLS;"} };`
      ),
    ];
    await Deno.writeTextFile(`${base}.conf`, lines.join("\n") + "\n");
    const child = new Child(setup.identity.host, "freeDiameterd", { args: ["-c", `${base}.conf`], cwd: directory });
    try {
      await child.line(/daemon initialized/);
    } catch (error) {
      await child.stop("SIGKILL");
      throw error;
    }
    return new FreeDiameter(port, securePort, child);
  }

  /** Waits for the log to tell that a peer reached this state, from line `from` on. */
  async peerIs(state: string, host: string, timeout?: number, from = 0): Promise<void> {
    await this.child.line(new RegExp(`-> '?${state}'?.*'${host.replaceAll(".", "\\.")}'`), timeout, from);
  }

  /**
   * Lines in which it complains, but for those that `expected` matches, and without the messages
   * that it shows behind such a line.
   */
  complaints(expected: readonly RegExp[] = []): string[] {
    return this.child.lines.filter((line) =>
      COMPLAINT.test(line) && ![USUAL, SHOWN, ...expected].some((harmless) => harmless.test(line))
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.stop();
  }
}

const COMPLAINT = /\bERROR\b|FATAL|\bWARN|fail|invalid|malformed|unexpected|mismatch|discard/i;
/** What it writes whenever it is stopped. */
const USUAL = /FATAL! Initiating freeDiameter shutdown sequence/;
/** A line of a message, which is set in. */
const SHOWN = /ERROR {3,}/;
