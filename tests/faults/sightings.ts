/**
 * Which requests DRAs saw, how often, and with which T flag.
 * @module
 */
import type { DraSimulator } from "../../src/diameter/sim/dra.ts";
import { asciiOf, findAvp } from "../../src/diameter/wire/avp.ts";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { FLAG, HEADER_LENGTH, readHeader } from "../../src/diameter/wire/header.ts";

/** One request at one DRA. */
export interface Sighting {
  /** Origin-Host of the DRA. */
  readonly dra: string;
  /** The T flag. */
  readonly retransmitted: boolean;
  readonly hopByHop: number;
}

/** Requests by end-to-end id and Session-Id, in the order in which they were seen. */
export class Sightings {
  readonly all = new Map<string, Sighting[]>();

  /** Notes what `dra` sees from now on. */
  watch(dra: DraSimulator): void {
    dra.onRequest((message) => this.note(dra.originHost, message));
  }

  /** Notes one request. */
  note(dra: string, message: Uint8Array): void {
    const { endToEnd, flags, hopByHop } = readHeader(message);
    const session = findAvp(message, AVP.sessionId, HEADER_LENGTH, message.length);
    const key = `${endToEnd} ${session === undefined ? "" : asciiOf(message, session)}`;
    const sighting = { dra, retransmitted: (flags & FLAG.retransmitted) !== 0, hopByHop };
    const before = this.all.get(key);
    if (before === undefined) this.all.set(key, [sighting]);
    else before.push(sighting);
  }

  /** Requests that were seen more than once. */
  get repeated(): Sighting[][] {
    return [...this.all.values()].filter((sightings) => sightings.length > 1);
  }

  /**
   * Requests of which more than one sighting lacks the T flag: a second transmission that does not
   * say so.
   */
  get unmarked(): Sighting[][] {
    return this.repeated.filter((sightings) => sightings.filter(({ retransmitted }) => !retransmitted).length > 1);
  }

  /** Sightings with the T flag. */
  get marked(): number {
    let count = 0;
    for (const sightings of this.all.values()) {
      for (const { retransmitted } of sightings) count += Number(retransmitted);
    }
    return count;
  }

  /** Requests that one DRA saw more than once. */
  get returned(): Sighting[][] {
    return this.repeated.filter((sightings) => new Set(sightings.map(({ dra }) => dra)).size < sightings.length);
  }
}
