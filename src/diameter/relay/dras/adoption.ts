/**
 * Connections that DRAs open to us: each becomes the connection of its DRA, or is refused.
 * @module
 */
import type { CapabilitiesFault } from "../../peer/capabilities.ts";
import { winsElection } from "../../peer/election.ts";
import type { Peer } from "../../peer/peer.ts";
import { parseIp } from "../../wire/ip_address.ts";
import type { Adoption, Claimant } from "../core/adoption.ts";
import type { Dra } from "./dra.ts";
import { judgeClaim } from "./claim.ts";
import type { DraPool } from "./pool.ts";
import type { RelayRuntime } from "../core/runtime.ts";

/** Finds the DRA behind a CER. */
export class DraAdoption implements Adoption {
  readonly #runtime: RelayRuntime;
  readonly #pool: DraPool;

  constructor(runtime: RelayRuntime, pool: DraPool) {
    this.#runtime = runtime;
    this.#pool = pool;
  }

  /** A word on it takes as long as an exchange that we began. */
  judge(claimant: Claimant): Promise<CapabilitiesFault | undefined> | undefined {
    const name = claimant.peer.capabilities!.originHost.toLowerCase();
    // Configured, or told by their last CEA: whoever has one of these is no Logic App.
    const dras = this.#runtime.draining ? [] : this.#pool.dras.filter((dra) => dra.originHost === name);
    return dras.length === 0 ? undefined : this.#judge(dras, claimant);
  }

  async #judge(dras: readonly Dra[], claimant: Claimant): Promise<CapabilitiesFault | undefined> {
    const { peer } = claimant;
    const runtime = this.#runtime;
    const wins = winsElection(runtime.local.originHost, peer.capabilities!.originHost);
    const { clientCa = "" } = runtime.options.server.tls ?? {};
    const claims = await Promise.all(
      dras.map(async (dra) => ({ dra, doubt: await doubtOf(dra, peer, clientCa) })),
    );
    for (;;) {
      if (runtime.draining) peer.abort("this gateway is shutting down");
      if (peer.state !== "wait-cer") return undefined;
      let refusal: CapabilitiesFault | undefined;
      const contested: Dra[] = [];
      for (const { dra, doubt } of claims) {
        const { name, enabled, standing } = dra;
        const verdict = judgeClaim({ dra: name, enabled, standing, doubt, wins });
        if (verdict === "adopt") {
          claimant.movedTo(dra.adopt(peer));
          return undefined;
        }
        if (verdict === "wait") contested.push(dra);
        else refusal ??= verdict;
        // A machine that lost its power knows nothing of the connection that is open here.
        if (standing === "open" && doubt === undefined) dra.askForLife();
      }
      if (contested.length === 0) return refusal;
      await Promise.all(contested.map((dra) => dra.exchanged()));
    }
  }
}

/** Why `peer` cannot be taken for `dra`, whose identity it has; undefined when it can. */
async function doubtOf(dra: Dra, peer: Peer, clientCa: string): Promise<string | undefined> {
  const { accept = true, host, tls } = dra.options;
  const { remote } = peer.connection;
  const { originHost } = peer.capabilities!;
  const who = `${originHost} is DRA ${dra.name}`;
  if (!accept) return `${who}, whose connections this gateway dials itself (accept is false)`;
  let addresses: readonly string[];
  try {
    addresses = await addressesOf(host);
  } catch (error) {
    return `${who}, and its addresses cannot be told: ${error instanceof Error ? error.message : String(error)}`;
  }
  // Loaded when needed: where it is not bundled, the package under it takes 12 MB.
  const { inNetwork } = await import("../../../net/ip_network.ts");
  if (!addresses.some((address) => inNetwork(address, remote.hostname))) {
    return `${who}, and ${remote.hostname} is not its address`;
  }
  const shown = peer.connection.tls?.names;
  if (shown === undefined || clientCa === "") {
    if (tls === undefined) return undefined;
    return `${who}, which is trusted by its certificate, and no certificate was asked for here (server.tls.client_ca)`;
  }
  const expected = [originHost, tls?.serverName || host].map((name) => name.toLowerCase());
  if (expected.some((name) => shown.includes(name))) return undefined;
  return `${who}, and the names of its certificate are others: ${shown.join(", ") || "none"}`;
}

async function addressesOf(host: string): Promise<readonly string[]> {
  if (parseIp(host) !== undefined) return [host];
  return await (await import("../../../net/resolve.ts")).addressesOf(host);
}
