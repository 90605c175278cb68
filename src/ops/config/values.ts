/**
 * Values that somebody outside the configuration has to look at: files that must be there, names
 * that must be known.
 * @module
 */
import type { Kind } from "./leaves.ts";
import type { Path } from "./path.ts";
import type { ConfigOf, Sections } from "./section.ts";
import { placesOf } from "./walk.ts";
import { wholeOf, written } from "./whole.ts";

/** A value as a person writes it, and where it stands. */
export interface PlacedValue {
  readonly path: Path;
  readonly value: string;
}

/** All values of a kind, those that are `""` left out. */
export function valuesOfKind<const S extends Sections>(sections: S, config: ConfigOf<S>, kind: Kind): PlacedValue[] {
  const places = [...placesOf(wholeOf(sections).schema, written(sections, config))];
  return places.flatMap((place) =>
    place.kind === kind && place.value !== "" ? [{ path: place.path, value: String(place.value) }] : []
  );
}
