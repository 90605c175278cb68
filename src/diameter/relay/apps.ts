/**
 * The Logic Apps that are connected, and which of them a DRA's request goes to.
 * @module
 */
import type { RelayPeer } from "./relay_peer.ts";

/** Connected Logic Apps, by identity. */
export class Apps {
  readonly #byHost = new Map<string, RelayPeer[]>();
  readonly #all = new Set<RelayPeer>();
  /** Set by {@link pick} when it finds nobody: whether somebody would do who does not read fast enough. */
  full = false;

  get size(): number {
    return this.#all.size;
  }

  add(app: RelayPeer): void {
    this.#all.add(app);
    const key = app.originHost.toLowerCase();
    const same = this.#byHost.get(key);
    if (same === undefined) this.#byHost.set(key, [app]);
    else same.push(app);
  }

  remove(app: RelayPeer): void {
    this.#all.delete(app);
    const key = app.originHost.toLowerCase();
    const rest = (this.#byHost.get(key) ?? []).filter((other) => other !== app);
    if (rest.length === 0) this.#byHost.delete(key);
    else this.#byHost.set(key, rest);
  }

  /** Connections with this identity, in any case. */
  withHost(originHost: string): readonly RelayPeer[] {
    return this.#byHost.get(originHost.toLowerCase()) ?? [];
  }

  [Symbol.iterator](): Iterator<RelayPeer> {
    return this.#all.values();
  }

  /**
   * Whom a request of a DRA goes to: the host it names, else the app whose session it is, else one that advertised the application by name, else one that advertised Relay; never
   * one that advertised neither (section 2.7), nor whose identity is in a Route-Record. Among several connections, `preferred` (the one that used the session last), else the one with the fewest answers outstanding.
   *
   * @param destinationHost in lower case; "" when the request names none
   * @returns the app, or why there is none
   */
  pick(
    application: number,
    destinationHost: string,
    sessionHost: string,
    routeRecords: readonly string[],
    preferred: RelayPeer | undefined,
    load: (app: RelayPeer) => number,
  ): RelayPeer | string {
    this.full = false;
    const least = (candidates: Iterable<RelayPeer>): RelayPeer | undefined => {
      let best: RelayPeer | undefined;
      for (const app of candidates) {
        if (!app.peer.open || !app.capabilities.applications.takes(application)) continue;
        if (routeRecords.includes(app.originHost.toLowerCase())) continue;
        if (app.peer.out.full) {
          this.full = true;
          continue;
        }
        if (app === preferred) return app;
        if (best === undefined || load(app) < load(best)) best = app;
      }
      return best;
    };
    if (destinationHost !== "") {
      const named = this.withHost(destinationHost);
      return least(named) ??
        (named.length === 0
          ? `Destination-Host ${destinationHost} is not connected`
          : `Destination-Host ${destinationHost} is connected, but takes no request of application ${application} now`);
    }
    if (preferred !== undefined) {
      const chosen = least([preferred]);
      if (chosen !== undefined) return chosen;
    }
    if (sessionHost !== "") {
      const chosen = least(this.withHost(sessionHost));
      if (chosen !== undefined) return chosen;
    }
    const named: RelayPeer[] = [];
    const relays: RelayPeer[] = [];
    for (const app of this.#all) {
      const { applications } = app.capabilities;
      if (applications.names(application)) named.push(app);
      else if (applications.relay) relays.push(app);
    }
    return least(named) ?? least(relays) ?? `no connected Logic App advertised application ${application}`;
  }
}
