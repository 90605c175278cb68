/**
 * Whether a Logic App that sent a good CER is let in.
 * @module
 */
import type { Capabilities, CapabilitiesFault } from "../peer/capabilities.ts";
import type { Peer } from "../peer/peer.ts";
import { DISCONNECT_CAUSE } from "../wire/avp_codes.ts";
import { RESULT } from "../wire/result_codes.ts";
import { allowed } from "./admission.ts";
import type { Apps } from "./apps.ts";
import type { RelayPeer } from "./relay_peer.ts";
import type { RelayRuntime } from "./relay_runtime.ts";

/** What a probed connection may take to show that it lives, in milliseconds. */
const PROBE_TIME = 5_000;
/** How often that is looked at. */
const PROBE_STEP = 20;

/** The gateway's own rules: allow list, certificate, and what happens to an identity that is connected already. */
export class AppAdmission {
  readonly #runtime: RelayRuntime;
  readonly #apps: Apps;

  constructor(runtime: RelayRuntime, apps: Apps) {
    this.#runtime = runtime;
    this.#apps = apps;
  }

  /** Judges a CER that is fine in itself: undefined lets the peer in, a fault goes into its CEA. */
  admit(
    peer: Peer,
    capabilities: Capabilities,
  ): CapabilitiesFault | undefined | Promise<CapabilitiesFault | undefined> {
    const { originHost } = capabilities;
    const { allow, tls, duplicateOriginHost } = this.#runtime.options.server;
    if (this.#runtime.draining) {
      peer.abort("this gateway is shutting down");
      return undefined;
    }
    const { connection } = peer;
    if (!allowed(allow, originHost, connection.remote.hostname)) {
      const reason = `${originHost} from ${connection.remote.hostname} is not in server.allow`;
      return { resultCode: RESULT.unknownPeer, reason };
    }
    if (connection.tls !== undefined && tls !== undefined && tls.clientCa !== "") {
      if (!connection.tls.names.includes(originHost.toLowerCase())) {
        const shown = connection.tls.names.join(", ") || "none";
        return {
          resultCode: RESULT.unknownPeer,
          reason: `Origin-Host ${originHost} is not among the names of its certificate: ${shown}`,
        };
      }
    }
    const old = this.#apps.withHost(originHost).filter((app) => app.peer.open);
    if (old.length === 0 || duplicateOriginHost === "allow") return undefined;
    switch (duplicateOriginHost) {
      case "reject":
        return duplicate(originHost);
      case "replace":
        replace(old);
        return undefined;
      case "probe":
        return probe(old).then((alive) => {
          if (alive) return duplicate(originHost);
          for (const app of old) app.peer.abort("it did not answer when another connection with its identity came");
          return undefined;
        });
    }
  }
}

function duplicate(originHost: string): CapabilitiesFault {
  return { resultCode: RESULT.electionLost, reason: `${originHost} is connected already` };
}

function replace(old: readonly RelayPeer[]): void {
  for (const app of old) {
    void app.peer.stop(DISCONNECT_CAUSE.doNotWantToTalkToYou, "another connection with its identity replaced it");
  }
}

/** Sends a DWR to each; resolves with whether one of them showed a sign of life. */
async function probe(old: readonly RelayPeer[]): Promise<boolean> {
  const before = old.map((app) => app.peer.readBytes);
  for (const app of old) if (!app.peer.watchdog.pending) app.peer.sendWatchdog();
  for (let waited = 0; waited < PROBE_TIME; waited += PROBE_STEP) {
    await new Promise((resolve) => setTimeout(resolve, PROBE_STEP));
    if (old.some((app, i) => app.peer.open && app.peer.readBytes > before[i]!)) return true;
    if (!old.some((app) => app.peer.open)) return false;
  }
  return false;
}
