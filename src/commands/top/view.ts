/**
 * Everything that a screen shows.
 *
 * PURE.
 * @module
 */
import type { AppRow, DraRow } from "../admin/shapes.ts";
import type { Snapshot } from "../admin/snapshot.ts";
import type { Control, Sort } from "./control.ts";
import type { PeerRates, Rates } from "./rates.ts";

/** Something that happened. */
export interface EventLine {
  /** As the gateway has it, in ms since 1970. */
  readonly time: number;
  readonly kind: string;
  /** The members that the kind brings. */
  readonly members: Readonly<Record<string, unknown>>;
}

/** The gateway does not answer. */
export interface Lost {
  /** ms since 1970. */
  readonly since: number;
  readonly reason: string;
}

/** All of it. */
export interface View {
  /** Whom it asks: `http://127.0.0.1:9868`. */
  readonly url: string;
  /** ms since 1970. */
  readonly now: number;
  readonly snapshot: Snapshot;
  /** Undefined at the first look. */
  readonly rates: Rates | undefined;
  /** Requests for each second, the newest last. */
  readonly history: readonly number[];
  /** The newest first. */
  readonly events: readonly EventLine[];
  readonly control: Control;
  /** What was seen last is shown while it lasts. */
  readonly lost: Lost | undefined;
}

/** DRAs in the order that was asked for. */
export function sortedDras({ dras }: Snapshot, rates: Rates | undefined, sort: Sort): readonly DraRow[] {
  const traffic = ({ name }: DraRow) => total(rates?.dras.get(name));
  return dras.toSorted(
    sort === "priority"
      ? (a, b) => a.priority - b.priority
      : comparison(sort, traffic, ({ in_flight: inFlight }) => inFlight, ({ name }) => name),
  );
}

/** Logic Apps in the order that was asked for; by priority means as they connected. */
export function sortedApps({ apps }: Snapshot, rates: Rates | undefined, sort: Sort): readonly AppRow[] {
  if (sort === "priority") return apps;
  const traffic = ({ id }: AppRow) => total(rates?.apps.get(id));
  return apps.toSorted(comparison(sort, traffic, ({ in_flight: inFlight }) => inFlight, (app) => app.origin_host));
}

function comparison<Row>(
  sort: Exclude<Sort, "priority">,
  traffic: (row: Row) => number,
  inFlight: (row: Row) => number,
  name: (row: Row) => string,
): (a: Row, b: Row) => number {
  switch (sort) {
    case "traffic":
      return (a, b) => traffic(b) - traffic(a);
    case "in flight":
      return (a, b) => inFlight(b) - inFlight(a);
    case "name":
      return (a, b) => name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0;
  }
}

function total(rates: PeerRates | undefined): number {
  return rates === undefined ? 0 : rates.sent + rates.received;
}
