import { APPLICATION } from "./application_ids.ts";

/** One application as CER and CEA advertise it. */
export interface AdvertisedApplication {
  /** Application id. */
  readonly id: number;
  /** Vendor of a vendor-specific application; 0 or absent for one of the IETF. */
  readonly vendor?: number;
  /** An accounting application: Acct-Application-Id instead of Auth-Application-Id. */
  readonly accounting?: boolean;
}

/** The applications a peer advertised in its CER or CEA (RFC 6733 section 5.3). */
export class ApplicationSet {
  /** Relay was advertised: the peer takes every application. */
  readonly relay: boolean;
  /** As they were advertised, in that order. */
  readonly advertised: readonly AdvertisedApplication[];
  readonly #ids: ReadonlySet<number>;

  /** A set of these. @param applications a bare number is one of the IETF for authentication */
  constructor(applications: Iterable<number | AdvertisedApplication>) {
    this.advertised = Array.from(applications, (each) => typeof each === "number" ? { id: each } : each);
    this.#ids = new Set(this.advertised.map(({ id }) => id));
    this.relay = this.#ids.has(APPLICATION.relay);
  }

  /** Whether a request of `application` may be sent to the peer (section 2.7). */
  takes(application: number): boolean {
    return this.relay || this.#ids.has(application);
  }

  /** Whether the peer advertised `application` by name. */
  names(application: number): boolean {
    return this.#ids.has(application);
  }

  /** Whether the two have an application in common; relay on either side is one (section 5.3). */
  meets(other: ApplicationSet): boolean {
    if (this.relay || other.relay) return true;
    for (const id of this.#ids) if (other.#ids.has(id)) return true;
    return false;
  }

  /** The ids, ascending. */
  list(): number[] {
    return [...this.#ids].sort((a, b) => a - b);
  }

  /** For a person: `16777252 of vendor 10415, 3 for accounting`; "" when there is none. */
  get text(): string {
    return this.advertised.map(applicationText).join(", ");
  }
}

/** For a person: `16777252 of vendor 10415`, `3 for accounting`, `Relay`. */
export function applicationText({ id, vendor = 0, accounting = false }: AdvertisedApplication): string {
  const name = id === APPLICATION.relay ? "Relay" : String(id);
  return `${name}${vendor === 0 ? "" : ` of vendor ${vendor}`}${accounting ? " for accounting" : ""}`;
}
