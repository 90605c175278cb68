import { APPLICATION } from "./application_ids.ts";

/** The applications a peer advertised in its CER or CEA (RFC 6733 section 5.3). */
export class ApplicationSet {
  /** Relay was advertised: the peer takes every application. */
  readonly relay: boolean;
  readonly #ids: ReadonlySet<number>;

  /** A set of these. @param ids application ids; that of Relay stands for all */
  constructor(ids: Iterable<number>) {
    this.#ids = new Set(ids);
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
}
