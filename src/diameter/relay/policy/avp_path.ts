/**
 * Where in a message an AVP stands: names or numbers, joined by `/`. PURE.
 * @module
 */
import type { DataType } from "../../wire/dictionary/data_type.ts";
import type { AvpDefinition, Dictionary } from "../../wire/dictionary/dictionary.ts";

/** Groups in groups, and the AVP in them. */
const DEEPEST = 4;

/** An AVP by code and vendor (RFC 6733 section 4.1). */
export interface AvpId {
  readonly code: number;
  readonly vendor: number;
}

/** One step into a message, or into a group. */
export interface PathStep extends AvpId {
  /** Only groups in which some AVP of this kind has this value. */
  readonly filter?: AvpId & { readonly value: string | number };
}

/** A path, read. */
export interface AvpPath {
  readonly text: string;
  readonly steps: readonly PathStep[];
  /** Of the AVP at its end; undefined where the dictionary has none. */
  readonly type: DataType | undefined;
}

/** A path that cannot be: the message says what is wrong with it. */
export class PathError extends Error {
  override name = "PathError";
}

const STEP = /^([^[\]/=]+)(?:\[([^[\]/=]+)=([^[\]/]*)\])?$/;

/**
 * Reads a path.
 *
 * @example
 * ```ts
 * import { Dictionary } from "../../wire/dictionary/dictionary.ts";
 * import { parsePath } from "./avp_path.ts";
 *
 * const path = parsePath("443[450=1]/444", new Dictionary([]), () => undefined);
 * console.log(path.steps.map(({ code }) => code).join()); // 443,444
 * ```
 * @param nearest the known word that a mistyped one most likely meant
 * @throws PathError
 */
export function parsePath(
  text: string,
  dictionary: Dictionary,
  nearest: (word: string, known: Iterable<string>) => string | undefined,
): AvpPath {
  const avp = (name: string) => avpOf(name.trim(), dictionary, nearest);
  const parts = text.split("/");
  if (parts.length > DEEPEST) throw new PathError(`is ${parts.length} AVPs deep: expected at most ${DEEPEST}`);
  let last: AvpDefinition | undefined;
  const steps = parts.map((part, i): PathStep => {
    const found = STEP.exec(part.trim());
    if (found === null) {
      throw new PathError(
        `has the step ${JSON.stringify(part)}: expected a name or a number, with [NAME=VALUE] behind a group`,
      );
    }
    const [, name = "", filterName, filterValue = ""] = found;
    const { id, definition } = avp(name);
    last = definition;
    const isGroup = definition === undefined || definition.type === "Grouped";
    if (!isGroup && (i < parts.length - 1 || filterName !== undefined)) {
      throw new PathError(`goes into ${definition.name}, which is no group but of type ${definition.type}`);
    }
    if (filterName === undefined) return id;
    const filter = avp(filterName);
    return { ...id, filter: { ...filter.id, value: filterOf(filterValue, filter.definition) } };
  });
  return { text, steps, type: last?.type };
}

function avpOf(
  name: string,
  dictionary: Dictionary,
  nearest: (word: string, known: Iterable<string>) => string | undefined,
): { id: AvpId; definition: AvpDefinition | undefined } {
  const numbers = /^(?:(\d{1,10}):)?(\d{1,10})$/.exec(name);
  const definition = dictionary.avpNamed(name);
  if (numbers !== null) {
    const [vendor, code] = [Number(numbers[1] ?? 0), Number(numbers[2])];
    if (vendor > 0xffff_ffff || code > 0xffff_ffff) throw new PathError(`has the number ${name}, above 32 bits`);
    return { id: { code, vendor }, definition };
  }
  if (definition === undefined) {
    const near = nearest(name, Array.from(dictionary.avps(), (avp) => avp.name));
    const hint = near === undefined ? "give it as CODE or VENDOR:CODE" : `did you mean "${near}"?`;
    throw new PathError(`names ${JSON.stringify(name)}, which no specification here has; ${hint}`);
  }
  return { id: { code: definition.code, vendor: definition.vendor }, definition };
}

/** A number counts as one unless the AVP is known to be text; names of values are understood. */
function filterOf(value: string, definition: AvpDefinition | undefined): string | number {
  const isNumber = /^-?\d{1,15}$/.test(value);
  if (definition === undefined || !isNumeric(definition.type)) {
    return isNumber && definition === undefined ? Number(value) : value;
  }
  if (isNumber) return Number(value);
  const named = Object.entries(definition.values ?? {}).find(([, name]) => name === value);
  if (named === undefined) throw new PathError(`compares ${definition.name}, a number, with ${JSON.stringify(value)}`);
  return Number(named[0]);
}

/** Whether values of that type are numbers of 4 or 8 bytes. */
export function isNumeric(type: DataType | undefined): boolean {
  return type !== undefined && /^(?:Integer|Unsigned)(?:32|64)$|^Enumerated$|^Time$/.test(type);
}
