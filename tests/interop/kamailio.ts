/**
 * Kamailio's C Diameter Peer (cdp), the Diameter stack of an IMS core, as a node of Cx, configured
 * by the test.
 */
import { VENDOR } from "../../src/diameter/wire/application_ids.ts";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { RESULT } from "../../src/diameter/wire/result_codes.ts";
import { freePort } from "../support/free_port.ts";
import { Child } from "./child.ts";
import { program, type Requirement } from "./programs.ts";
import type { Identity } from "./scripted_peer.ts";

const MODULE = "modules/ims_diameter_server.so";

/** What tests with Kamailio need. */
export const KAMAILIO: readonly Requirement[] = [program("kamailio", "kamailio"), imsModules()];

/** Debian keeps them in a directory of the architecture. */
function imsModules(): Requirement {
  const found = modulesDirectory();
  return {
    name: MODULE,
    aptPackage: "kamailio-ims-modules kamailio-json-modules",
    missing: found === undefined ? `Kamailio's ${MODULE} is not installed` : undefined,
  };
}

function modulesDirectory(): string | undefined {
  const architectures = [...listing("/usr/lib")].map((name) => `/usr/lib/${name}/kamailio/`);
  for (const directory of ["/usr/lib/kamailio/", ...architectures]) {
    try {
      Deno.statSync(directory + MODULE);
      return `${directory}modules/`;
    } catch {
      // Another one has it, or none.
    }
  }
  return undefined;
}

function* listing(directory: string): Generator<string> {
  try {
    for (const { name } of Deno.readDirSync(directory)) yield name;
  } catch {
    // Another kind of system.
  }
}

/**
 * The gateway's identity in these tests: Kamailio connects to the host that the identity of a peer
 * names, and to nothing else.
 */
export const GATEWAY_OF_KAMAILIO = { host: "localhost", realm: "example.net" } as const;

/** The application Cx and its User-Authorization (3GPP TS 29.229 sections 6 and 6.1.1). */
export const CX = 16777216;
export const USER_AUTHORIZATION = 300;

/** Seconds between two watchdogs and two attempts to connect: the shortest that there is. */
const TC = 1;

/** How one Kamailio is set up. */
export interface Setup {
  readonly identity: Identity;
  /**
   * Where it looks for the gateway. A port on which nobody listens makes it one that only waits.
   */
  readonly gatewayPort: number;
  /** Where it listens; absent: nowhere. */
  readonly port?: number;
}

/** One AVP as Kamailio's scripts have it. */
interface JsonAvp {
  readonly avpCode: number;
  readonly vendorId: number;
  readonly string?: string;
}

/** A running Kamailio. */
export class Kamailio implements AsyncDisposable {
  readonly child: Child;
  readonly #sipPort: number;

  private constructor(child: Child, sipPort: number) {
    this.child = child;
    this.#sipPort = sipPort;
  }

  /** Writes the configuration into `directory`, starts, and waits until it is ready. */
  static async start(directory: string, setup: Setup): Promise<Kamailio> {
    const { host } = setup.identity;
    const base = `${directory}/${host}`;
    const sipPort = freeUdpPort();
    await Deno.writeTextFile(`${base}.xml`, peerFile(setup));
    await Deno.writeTextFile(`${base}.cfg`, script(`${base}.xml`, sipPort));
    // In the foreground, complaining to stderr, with the little memory that this takes.
    const args = ["-f", `${base}.cfg`, "-DD", "-E", "-m", "8", "-M", "4", "-Y", directory];
    const kamailio = new Kamailio(new Child(host, "kamailio", { args, cwd: directory }), sipPort);
    try {
      await kamailio.child.line(/Timer process starting up/, 15_000);
      if (setup.port !== undefined) await kamailio.child.line(/Acceptor opened sockets/, 15_000);
    } catch (error) {
      await kamailio.kill();
      throw error;
    }
    return kamailio;
  }

  /**
   * Lets it send a User-Authorization-Request to `realm` by its own routing, which looks for a peer
   * with that application; resolves with whether there was one, and it answered. What it answered,
   * the script is not told.
   */
  async ask(realm: string): Promise<boolean> {
    const from = this.child.mark;
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    try {
      await socket.send(sipRequest(realm), { transport: "udp", hostname: "127.0.0.1", port: this.#sipPort });
    } finally {
      socket.close();
    }
    return !(await this.child.line(/<script>: (not )?answered/, 10_000, from)).includes("not answered");
  }

  /**
   * The same again and again until `done`: Kamailio does not tell when a connection is open to its
   * own mind, which is a moment after the gateway's.
   */
  async askUntil(realm: string, done: () => boolean, timeout = 15_000): Promise<void> {
    const deadline = performance.now() + timeout;
    for (await this.ask(realm); !done(); await this.ask(realm)) {
      if (performance.now() > deadline) throw new Error(`${this.child.name} was not served in time${this.child.log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The AVPs of the next request that it gets, from line `from` on. */
  async asked(from = 0): Promise<readonly JsonAvp[]> {
    const words = `asked ${CX} ${USER_AUTHORIZATION} `;
    const line = await this.child.line(new RegExp(`<script>: ${words}`), 10_000, from);
    return JSON.parse(line.slice(line.indexOf(words) + words.length));
  }

  /** Ends all its processes at once, as a crash does. */
  async kill(): Promise<void> {
    const children = this.#processes();
    const stopped = this.child.stop("SIGKILL");
    for (const pid of children) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch {
        // It went with the others.
      }
    }
    await stopped;
    await this.#tidy(children);
  }

  /** Ends it in order, which is: it closes its connections. */
  async stop(): Promise<void> {
    const children = this.#processes();
    await this.child.stop();
    await this.#tidy(children);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Its processes but the first, whose number stands before each of its lines. */
  #processes(): number[] {
    const first = this.child.lines.map((line) => /^ 0\((\d+)\) /.exec(line)?.[1]).find((pid) => pid !== undefined);
    try {
      return Deno.readTextFileSync(`/proc/${first}/task/${first}/children`).trim().split(" ").map(Number);
    } catch {
      // It has ended.
      return [];
    }
  }

  /** Removes the pipes that its processes leave behind, whatever their end. */
  async #tidy(processes: readonly number[]): Promise<void> {
    for await (const { name } of Deno.readDir("/tmp")) {
      const pid = /^cdp_send_(\d+)_/.exec(name)?.[1];
      if (pid !== undefined && processes.includes(Number(pid))) await Deno.remove(`/tmp/${name}`).catch(() => {});
    }
  }
}

/** A port on which nobody listens, and nobody will in this test. */
export const NOBODY = 1;

function peerFile({ identity, gatewayPort, port }: Setup): string {
  const acceptor = port === undefined ? freePort() : port;
  return `<?xml version="1.0" encoding="UTF-8"?>
<DiameterPeer FQDN="${identity.host}" Realm="${identity.realm}" Vendor_Id="${VENDOR.threeGpp}" Product_Name="CDiameterPeer"
    AcceptUnknownPeers="0" DropUnknownOnDisconnect="1" Tc="${TC}" Workers="1" QueueLength="8" ConnectTimeout="5"
    TransactionTimeout="5" SessionsHashSize="8" DefaultAuthSessionTimeout="60" MaxAuthSessionTimeout="300">
  <Peer FQDN="${GATEWAY_OF_KAMAILIO.host}" Realm="${GATEWAY_OF_KAMAILIO.realm}" port="${gatewayPort}"/>
  <Acceptor port="${acceptor}" bind="127.0.0.1"/>
  <Auth id="${CX}" vendor="${VENDOR.threeGpp}"/>
  <SupportedVendor vendor="${VENDOR.threeGpp}"/>
  <DefaultRoute FQDN="${GATEWAY_OF_KAMAILIO.host}" metric="1"/>
</DiameterPeer>
`;
}

/**
 * A SIP request makes it ask the realm that stands before the @; requests of others are answered
 * with success.
 */
function script(peers: string, sipPort: number): string {
  const avp = (avpCode: number, value: object) => ({ avpCode, vendorId: 0, Flags: 64, ...value });
  const message = [
    avp(AVP.vendorSpecificApplicationId, {
      list: [
        avp(AVP.vendorId, { int32: VENDOR.threeGpp }),
        avp(AVP.authApplicationId, { int32: CX }),
      ],
    }),
    avp(AVP.destinationRealm, { string: "REALM" }),
    avp(AVP.authSessionState, { int32: 1 }),
  ];
  const request = JSON.stringify(message).replace("REALM", "' + $rU + '");
  const success = JSON.stringify([avp(AVP.resultCode, { int32: RESULT.success })]);
  const oneLine = (variable: string) => `$(${variable}{re.subst,/[ \\n\\t]+//g})`;
  return `debug=2
log_stderror=yes
children=1
auto_aliases=no
listen=udp:127.0.0.1:${sipPort}
mpath="${modulesDirectory()}"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "xlog.so"
loadmodule "cdp.so"
loadmodule "cdp_avp.so"
loadmodule "ims_diameter_server.so"
modparam("cdp", "config_file", "${peers}")
request_route {
  $var(peer) = "";
  $var(request) = '${request}';
  if (diameter_request("$var(peer)", "${CX}", "${USER_AUTHORIZATION}", "$var(request)")) {
    xlog("L_NOTICE", "answered\\n");
  } else {
    xlog("L_NOTICE", "not answered\\n");
  }
  exit;
}
event_route[diameter:request] {
  xlog("L_NOTICE", "asked $diameter_application $diameter_command ${oneLine("diameter_request")}\\n");
  $diameter_response = '${success}';
}
`;
}

function sipRequest(realm: string): Uint8Array {
  return new TextEncoder().encode([
    `OPTIONS sip:${realm}@127.0.0.1 SIP/2.0`,
    "Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK1",
    "From: <sip:test@127.0.0.1>;tag=1",
    "To: <sip:test@127.0.0.1>",
    "Call-ID: 1",
    "CSeq: 1 OPTIONS",
    "Content-Length: 0",
    "\r\n",
  ].join("\r\n"));
}

function freeUdpPort(): number {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = socket.addr as Deno.NetAddr;
  socket.close();
  return port;
}
