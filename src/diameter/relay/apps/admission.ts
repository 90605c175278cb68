/**
 * Whether a Logic App that sent a good CER is let in.
 * @module
 */
import type { Clock } from "../../../net/clock.ts";
import type { Capabilities, CapabilitiesFault } from "../../peer/capabilities.ts";
import type { Peer } from "../../peer/peer.ts";
import { DISCONNECT_CAUSE } from "../../wire/avp_codes.ts";
import { judgeIdentity, sameIdentity, shownIdentity } from "../../wire/identity.ts";
import { RESULT } from "../../wire/result_codes.ts";
import { allowed, type InNetwork, namesNetworks } from "./allow_list.ts";
import type { AppDirectory } from "./directory.ts";
import type { RelayPeer } from "../core/relay_peer.ts";
import type { RelayRuntime } from "../core/runtime.ts";

/** What a probed connection may take to show that it lives, in milliseconds. */
const PROBE_TIME = 5_000;
/** How often that is looked at. */
const PROBE_STEP = 20;

/** A word on a CER: undefined lets the peer in, a fault goes into its CEA. */
export type Verdict = CapabilitiesFault | undefined;

/**
 * The gateway's own rules: allow list, certificate, and what happens to an identity that is
 * connected already. That the identity is one at all, and not our own, was judged with the CER
 * (`judgeRequest`).
 */
export class AppAdmission {
  readonly #runtime: RelayRuntime;
  readonly #apps: AppDirectory;
  /**
   * The last word that is being found by a probe, by identity in lower case: at most one probe of
   * an identity runs.
   */
  readonly #probing = new Map<string, Promise<Verdict>>();

  constructor(runtime: RelayRuntime, apps: AppDirectory) {
    this.#runtime = runtime;
    this.#apps = apps;
  }

  /** Judges a CER that is fine in itself. */
  admit(peer: Peer, { originHost }: Capabilities): Verdict | Promise<Verdict> {
    if (this.#runtime.draining) {
      peer.abort("this gateway is shutting down");
      return undefined;
    }
    // Whoever is a configured DRA is no Logic App, and is to be judged here, before the rules for
    // those.
    if (!namesNetworks(this.#runtime.options.server.allow)) return this.#judge(peer, originHost, () => false);
    // Loaded when needed: where it is not bundled, the package under it takes 12 MB.
    return import("../../../net/ip_network.ts").then(({ inNetwork }) =>
      peer.stranger ? this.#judge(peer, originHost, inNetwork) : undefined
    );
  }

  #judge(peer: Peer, originHost: string, inNetwork: InNetwork): Verdict | Promise<Verdict> {
    return this.#outside(peer, originHost, inNetwork) ?? this.#uncertified(peer, originHost) ??
      this.#duplicate(peer, originHost);
  }

  /** An identity, or an address, outside `server.allow`. */
  #outside({ connection }: Peer, originHost: string, inNetwork: InNetwork): Verdict {
    const { allow } = this.#runtime.options.server;
    const from = connection.remote.hostname;
    const fault = judgeIdentity(originHost, { admits: (name) => allowed(allow, name, from, inNetwork) });
    if (fault === undefined) return undefined;
    return { resultCode: RESULT.unknownPeer, reason: `${originHost} from ${from} is not in server.allow` };
  }

  /** An identity that the client certificate does not name, where one is asked for. */
  #uncertified({ connection }: Peer, originHost: string): Verdict {
    const { tls } = this.#runtime.options.server;
    if (connection.tls === undefined || tls === undefined || tls.clientCa === "") return undefined;
    const { names } = connection.tls;
    if (names.some((name) => judgeIdentity(name) === undefined && sameIdentity(name, originHost))) return undefined;
    const shown = names.length === 0 ? "none" : names.slice(0, SHOWN_NAMES).map(shownIdentity).join(", ");
    return {
      resultCode: RESULT.unknownPeer,
      reason: `Origin-Host ${originHost} is not among the DNS names of its certificate: ${shown}`,
    };
  }

  /** An identity that is connected already, where only one connection may have it. */
  #duplicate(peer: Peer, originHost: string): Verdict | Promise<Verdict> {
    const { duplicateOriginHost } = this.#runtime.options.server;
    switch (duplicateOriginHost) {
      case "allow":
        return undefined;
      case "reject":
        return this.#connected(originHost).length === 0 ? undefined : duplicate(originHost);
      case "replace":
        replace(this.#connected(originHost));
        return undefined;
      case "probe":
        return this.#probeInTurn(peer, originHost);
    }
  }

  #connected(originHost: string): RelayPeer[] {
    return this.#apps.withHost(originHost).filter((app) => app.peer.open);
  }

  /**
   * Of several that come while a probe runs, each is judged when the one before it is in or gone:
   * by then another connection may have the identity than the one that was probed.
   */
  #probeInTurn(peer: Peer, originHost: string): Verdict | Promise<Verdict> {
    const key = originHost.toLowerCase();
    const before = this.#probing.get(key);
    if (before === undefined && this.#connected(originHost).length === 0) return undefined;
    // Whoever waits for a verdict acts on it before the next in turn is judged, because it was the
    // first to wait.
    const verdict = (before ?? Promise.resolve()).then(() => this.#probe(peer, originHost));
    this.#probing.set(key, verdict);
    verdict.finally(() => {
      if (this.#probing.get(key) === verdict) this.#probing.delete(key);
    });
    return verdict;
  }

  async #probe(peer: Peer, originHost: string): Promise<Verdict> {
    const old = this.#connected(originHost);
    if (old.length === 0 || !peer.stranger) return undefined;
    if (await showsLife(old, this.#runtime.clock)) return duplicate(originHost);
    // The newcomer may be gone meanwhile; then nobody needs the place.
    if (!peer.stranger) return undefined;
    for (const app of old) app.peer.abort("it did not answer when another connection with its identity came");
    return undefined;
  }
}

/** Names of a certificate that a message repeats. */
const SHOWN_NAMES = 8;

function duplicate(originHost: string): CapabilitiesFault {
  return { resultCode: RESULT.electionLost, reason: `${originHost} is connected already` };
}

function replace(old: readonly RelayPeer[]): void {
  for (const app of old) {
    void app.peer.stop(DISCONNECT_CAUSE.doNotWantToTalkToYou, "another connection with its identity replaced it");
  }
}

/** Sends a DWR to each; resolves with whether one of them showed a sign of life in time. */
async function showsLife(old: readonly RelayPeer[], clock: Clock): Promise<boolean> {
  const before = old.map((app) => app.peer.readBytes);
  for (const app of old) if (!app.peer.watchdog.pending) app.peer.sendWatchdog();
  const deadline = clock.now() + PROBE_TIME;
  while (clock.now() < deadline) {
    await new Promise<void>((resolve) => clock.setTimeout(resolve, PROBE_STEP));
    if (old.some((app, i) => app.peer.open && app.peer.readBytes > before[i]!)) return true;
    if (!old.some((app) => app.peer.open)) return false;
  }
  return false;
}
