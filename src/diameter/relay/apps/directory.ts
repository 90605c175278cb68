/**
 * The Logic Apps that are connected, and which of them a DRA's request goes to.
 * @module
 */
import { APPLICATION } from "../../wire/application_ids.ts";
import { RESULT } from "../../wire/result_codes.ts";
import type { Refusal } from "../core/refusal.ts";
import type { RelayPeer } from "../core/relay_peer.ts";

/** So many candidates are all looked at; of more, two that the dice name. */
const LOOK_AT_ALL = 8;

const NOBODY: readonly RelayPeer[] = [];

/** What decides whom a request of a DRA goes to. */
export interface Wanted {
  readonly application: number;
  /** In lower case; "" when the request names none. */
  readonly destinationHost: string;
  /** What stands in front in its Session-Id; "" when nothing does. */
  readonly sessionHost: string;
  /** In lower case. */
  readonly routeRecords: readonly string[];
  /** The one that used the session last. */
  readonly preferred: RelayPeer | undefined;
}

/** Connected Logic Apps, by identity and by what they advertised. */
export class AppDirectory {
  readonly #byHost = new Map<string, RelayPeer[]>();
  readonly #byApplication = new Map<number, RelayPeer[]>();
  readonly #relays: RelayPeer[] = [];
  readonly #all = new Set<RelayPeer>();
  readonly #random: () => number;
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
   * Whom a request of a DRA goes to: the host it names, else the app whose session it is, else one
   * that advertised the application by name, else one that advertised Relay; never one that
   * advertised neither (section 2.7), nor whose identity is in a Route-Record. Among several
   * connections, `preferred` (the one that used the session last), else the one with the fewest
   * answers outstanding; among many, the better of two, which shares nearly as well and costs the
   * same however many there are.
   *
   * @param owesTooMuch whether an app gets no more because of what it leaves unanswered
   * @returns the app, or why there is none
   */
  pick(wanted: Wanted, owesTooMuch: (app: RelayPeer) => boolean): RelayPeer | Refusal {
    const { application, destinationHost, sessionHost, routeRecords, preferred } = wanted;
    let full: keyof typeof FULL | undefined;
    const fits = (app: RelayPeer): boolean => {
      if (!app.peer.open || !app.capabilities.applications.takes(application)) return false;
      if (routeRecords.length > 0 && routeRecords.includes(app.originHost.toLowerCase())) return false;
      const why = app.peer.out.full ? "queue" : owesTooMuch(app) ? "owed" : undefined;
      if (why !== undefined) full = why;
      return why === undefined;
    };
    if (destinationHost !== "") {
      const hosts = this.withHost(destinationHost);
      const chosen = preferred !== undefined && hosts.includes(preferred) && fits(preferred)
        ? preferred
        : this.#best(hosts, fits);
      if (chosen !== undefined) return chosen;
      return full === undefined ? nobodyNamed(destinationHost, hosts.length > 0, application) : FULL[full];
    }
    if (preferred !== undefined && fits(preferred)) return preferred;
    const chosen = (sessionHost === "" ? undefined : this.#best(this.withHost(sessionHost), fits)) ??
      this.#best(this.#byApplication.get(application) ?? NOBODY, fits) ??
      this.#best(this.#relays, fits);
    if (chosen !== undefined) return chosen;
    return full === undefined ? nobody(`no connected Logic App advertised application ${application}`) : FULL[full];
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

/** Somebody would do, but gets no more. */
const FULL = {
  queue: {
    resultCode: RESULT.tooBusy,
    message: "the Logic App does not read fast enough what waits for it already (server.send_queue_limit)",
    reason: "app_full",
  },
  owed: {
    resultCode: RESULT.tooBusy,
    message: "the Logic App leaves more requests unanswered than others can still be sent " +
      "(dra_pool.max_in_flight, gateway.memory_limit)",
    reason: "app_full",
  },
} as const satisfies Record<string, Refusal>;

function nobody(message: string): Refusal {
  return { resultCode: RESULT.unableToDeliver, message, reason: "no_app" };
}

function nobodyNamed(host: string, isConnected: boolean, application: number): Refusal {
  return nobody(
    isConnected
      ? `Destination-Host ${host} is connected, but takes no request of application ${application} now`
      : `Destination-Host ${host} is not connected`,
  );
}
