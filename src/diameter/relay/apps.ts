/**
 * The Logic Apps that are connected, and which of them a DRA's request goes to.
 * @module
 */
import { APPLICATION } from "../wire/application_ids.ts";
import type { RelayPeer } from "./relay_peer.ts";

/** So many candidates are all looked at; of more, two that the dice name. */
const LOOK_AT_ALL = 8;

const NOBODY: readonly RelayPeer[] = [];

/** Connected Logic Apps, by identity and by what they advertised. */
export class Apps {
  readonly #byHost = new Map<string, RelayPeer[]>();
  readonly #byApplication = new Map<number, RelayPeer[]>();
  readonly #relays: RelayPeer[] = [];
  readonly #all = new Set<RelayPeer>();
  readonly #random: () => number;
  /**
   * Set by {@link pick} when it finds nobody: why somebody who would do gets no more, if there is
   * one.
   */
  full: "queue" | "owed" | undefined;

  /** @param random as `Math.random` */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  get size(): number {
    return this.#all.size;
  }

  add(app: RelayPeer): void {
    this.#all.add(app);
    addTo(this.#byHost, app.originHost.toLowerCase(), app);
    const { applications } = app.capabilities;
    for (const application of named(app)) addTo(this.#byApplication, application, app);
    if (applications.relay) this.#relays.push(app);
  }

  remove(app: RelayPeer): void {
    if (!this.#all.delete(app)) return;
    removeFrom(this.#byHost, app.originHost.toLowerCase(), app);
    for (const application of named(app)) removeFrom(this.#byApplication, application, app);
    if (app.capabilities.applications.relay) takeOut(this.#relays, app);
  }

  /** Connections with this identity, in any case. */
  withHost(originHost: string): readonly RelayPeer[] {
    return this.#byHost.get(originHost.toLowerCase()) ?? NOBODY;
  }

  [Symbol.iterator](): Iterator<RelayPeer> {
    return this.#all.values();
  }

  /**
   * Whom a request of a DRA goes to: the host it names, else the app whose session it is, else one that advertised the application by name, else one that advertised Relay; never
   * one that advertised neither (section 2.7), nor whose identity is in a Route-Record. Among
   * several connections, `preferred` (the one that used the session last), else the one with the
   * fewest answers outstanding; among many, the better of two, which shares nearly as well and
   * costs the same however many there are.
   *
   * @param destinationHost in lower case; "" when the request names none
   * @param owesTooMuch whether an app gets no more because of what it leaves unanswered
   * @returns the app, or why there is none
   */
  pick(
    application: number,
    destinationHost: string,
    sessionHost: string,
    routeRecords: readonly string[],
    preferred: RelayPeer | undefined,
    owesTooMuch: (app: RelayPeer) => boolean,
  ): RelayPeer | string {
    this.full = undefined;
    const fits = (app: RelayPeer): boolean => {
      if (!app.peer.open || !app.capabilities.applications.takes(application)) return false;
      if (routeRecords.length > 0 && routeRecords.includes(app.originHost.toLowerCase())) return false;
      const full = app.peer.out.full ? "queue" : owesTooMuch(app) ? "owed" : undefined;
      if (full !== undefined) this.full = full;
      return full === undefined;
    };
    if (destinationHost !== "") {
      const hosts = this.withHost(destinationHost);
      const chosen = preferred !== undefined && hosts.includes(preferred) && fits(preferred)
        ? preferred
        : this.#best(hosts, fits);
      return chosen ??
        (hosts.length === 0
          ? `Destination-Host ${destinationHost} is not connected`
          : `Destination-Host ${destinationHost} is connected, but takes no request of application ${application} now`);
    }
    if (preferred !== undefined && fits(preferred)) return preferred;
    return (sessionHost === "" ? undefined : this.#best(this.withHost(sessionHost), fits)) ??
      this.#best(this.#byApplication.get(application) ?? NOBODY, fits) ??
      this.#best(this.#relays, fits) ??
      `no connected Logic App advertised application ${application}`;
  }

  /** Of those that fit, the one that owes least, or nearly so. */
  #best(candidates: readonly RelayPeer[], fits: (app: RelayPeer) => boolean): RelayPeer | undefined {
    const { length } = candidates;
    const start = length <= LOOK_AT_ALL ? 0 : Math.floor(this.#random() * length);
    let best: RelayPeer | undefined;
    if (length > LOOK_AT_ALL) {
      const other = (start + 1 + Math.floor(this.#random() * (length - 1))) % length;
      best = lesser(fits(candidates[start]!) ? candidates[start] : undefined, candidates[other]!, fits);
      if (best !== undefined) return best;
    }
    for (let i = 0; i < length; i++) {
      best = lesser(best, candidates[(start + i) % length]!, fits);
      // Of many, hardly any of which fit, the first will do.
      if (best !== undefined && length > LOOK_AT_ALL) return best;
    }
    return best;
  }
}

function lesser(
  best: RelayPeer | undefined,
  app: RelayPeer,
  fits: (app: RelayPeer) => boolean,
): RelayPeer | undefined {
  return (best === undefined || app.owed < best.owed) && fits(app) ? app : best;
}

/** Applications that it advertised by name. */
function named({ capabilities: { applications } }: RelayPeer): number[] {
  return applications.list().filter((application) => application !== APPLICATION.relay);
}

function addTo<K>(index: Map<K, RelayPeer[]>, key: K, app: RelayPeer): void {
  const same = index.get(key);
  if (same === undefined) index.set(key, [app]);
  else same.push(app);
}

function removeFrom<K>(index: Map<K, RelayPeer[]>, key: K, app: RelayPeer): void {
  const same = index.get(key);
  if (same === undefined) return;
  takeOut(same, app);
  if (same.length === 0) index.delete(key);
}

function takeOut(list: RelayPeer[], app: RelayPeer): void {
  const at = list.indexOf(app);
  if (at < 0) return;
  list[at] = list.at(-1)!;
  list.pop();
}
