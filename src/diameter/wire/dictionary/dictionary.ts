/**
 * Looking up what a code or a name means.
 * @module
 */
import type { DataType } from "./data_type.ts";
import type { MandatoryRule, Specification, ValueNames } from "./specification.ts";

/** What a dictionary knows of an AVP. Its identity is (code, vendor): RFC 6733 section 4.1. */
export interface AvpDefinition {
  /** AVP code. */
  readonly code: number;
  /** 0 for AVPs without Vendor-Id. */
  readonly vendor: number;
  /** `Origin-Host`. */
  readonly name: string;
  /** Data format (RFC 6733 section 4.2). */
  readonly type: DataType;
  /** What the specification says of the M flag. */
  readonly mandatory: MandatoryRule;
  /** Names of values, where the specification names them. */
  readonly values?: ValueNames;
  /** Title of the specification. */
  readonly source: string;
}

/** What a dictionary knows of a command. */
export interface CommandDefinition {
  /** Command code. */
  readonly code: number;
  /** Without -Request and -Answer: `Credit-Control`. */
  readonly name: string;
  /** Without R and A: `CC`. */
  readonly abbreviation: string;
  /** The application it was defined for; others may use it too. */
  readonly application: number;
}

/**
 * A set of specifications with lookups in both directions.
 *
 * Where two specifications use one name, the one that was given first keeps it; the other AVP is
 * reached by its code, or by `vendor:code` instead of a name.
 *
 * @example
 * ```ts
 * import { Dictionary } from "./dictionary.ts";
 * const dictionary = new Dictionary([{ title: "example", vendor: 0, avps: [[264, "Origin-Host", "DiameterIdentity", "M"]] }]);
 * console.log(dictionary.avp(264, 0)?.name, dictionary.avpNamed("Origin-Host")?.code); // Origin-Host 264
 * ```
 */
export class Dictionary {
  readonly #specifications: readonly Specification[];
  readonly #avps = new Map<number, Map<number, AvpDefinition>>();
  readonly #avpNames = new Map<string, AvpDefinition>();
  readonly #commands: CommandDefinition[] = [];
  readonly #applications = new Map<number, string>();
  readonly #vendors = new Map<number, string>();
  readonly #results = new Map<number, Map<number, string>>();

  /**
   * A dictionary of these specifications.
   * @param specifications the earlier one wins where two define the same
   */
  constructor(specifications: readonly Specification[]) {
    this.#specifications = specifications;
    for (const specification of specifications) this.#add(specification);
  }

  /** A dictionary in which `specifications` come before those of this one. */
  extendedBy(...specifications: readonly Specification[]): Dictionary {
    return new Dictionary([...specifications, ...this.#specifications]);
  }

  /** The AVP of that code and Vendor-Id (0: none). */
  avp(code: number, vendor: number): AvpDefinition | undefined {
    return this.#avps.get(vendor)?.get(code);
  }

  /** The AVP of that name; `vendor:code`, or `code` alone for Vendor-Id 0, is understood too. */
  avpNamed(name: string): AvpDefinition | undefined {
    const known = this.#avpNames.get(name);
    if (known !== undefined) return known;
    const numbers = /^(?:(\d{1,10}):)?(\d{1,10})$/.exec(name);
    return numbers === null ? undefined : this.avp(Number(numbers[2]), Number(numbers[1] ?? 0));
  }

  /** All AVPs, in the order of the specifications. */
  *avps(): Generator<AvpDefinition> {
    for (const codes of this.#avps.values()) yield* codes.values();
  }

  /** All commands, in the order of the specifications. */
  commands(): IterableIterator<CommandDefinition> {
    return this.#commands.values();
  }

  /** All applications: id and name, in the order of the specifications. */
  applications(): IterableIterator<[id: number, name: string]> {
    return this.#applications.entries();
  }

  /** All named result codes; `vendor` is 0 for those of Result-Code. */
  *resultCodes(): Generator<{ readonly code: number; readonly vendor: number; readonly name: string }> {
    for (const [vendor, codes] of this.#results) {
      for (const [code, name] of codes) yield { code, vendor, name };
    }
  }

  /** The command of that code. */
  command(code: number): CommandDefinition | undefined {
    return this.#commands.find((command) => command.code === code);
  }

  /**
   * The command of that name: `3GPP-ME-Identity-Check`, the same without `3GPP-`, with -Request or
   * -Answer behind it, or the abbreviation with R or A. Applications share names and abbreviations
   * (UAR is one of Cx and one of RFC 4740): `application` decides, else the specification that was
   * given first.
   */
  commandNamed(name: string, application?: number): CommandDefinition | undefined {
    const bare = name.replace(/-(Request|Answer)$/, "");
    const fits = ({ name: full, abbreviation }: CommandDefinition) =>
      full === bare || full.replace(/^3GPP-/, "") === bare || `${abbreviation}R` === name ||
      `${abbreviation}A` === name;
    const found = this.#commands.filter(fits);
    return found.find((command) => command.application === application) ?? found[0];
  }

  /** The name of an application. */
  applicationName(id: number): string | undefined {
    return this.#applications.get(id);
  }

  /**
   * The id of the application of that name; `3GPP ` in front may be left out, and one of several
   * names joined by "/" is enough.
   */
  applicationNamed(name: string): number | undefined {
    const wanted = name.toLowerCase();
    for (const [id, full] of this.#applications) {
      const lower = full.toLowerCase();
      const short = lower.replace(/^3gpp /, "");
      if (lower === wanted || short === wanted || short.split("/").includes(wanted)) return id;
    }
    return undefined;
  }

  /** The names of all applications. */
  applicationNames(): Iterable<string> {
    return this.#applications.values();
  }

  /** The names of all commands. */
  commandNames(): readonly string[] {
    return this.#commands.map(({ name }) => name);
  }

  /** The name of a vendor. */
  vendorName(id: number): string | undefined {
    return this.#vendors.get(id);
  }

  /** The name of a Result-Code (`vendor` 0) or of an Experimental-Result-Code of `vendor`. */
  resultCodeName(code: number, vendor = 0): string | undefined {
    return this.#results.get(vendor)?.get(code);
  }

  #add(specification: Specification): void {
    const { vendor, title } = specification;
    if (specification.vendorName !== undefined) setFirst(this.#vendors, vendor, specification.vendorName);
    for (const [id, name] of specification.applications ?? []) setFirst(this.#applications, id, name);
    for (const [code, name, abbreviation, application] of specification.commands ?? []) {
      if (!this.#commands.some((known) => known.code === code)) {
        this.#commands.push({ code, name, abbreviation, application });
      }
    }
    const codes = getOrAdd(this.#avps, vendor, () => new Map<number, AvpDefinition>());
    for (const [code, name, type, mandatory = ""] of specification.avps) {
      if (codes.has(code)) continue;
      const values = specification.values?.[name];
      const definition = { code, vendor, name, type, mandatory, source: title, ...(values && { values }) };
      codes.set(code, definition);
      setFirst(this.#avpNames, name, definition);
    }
    const results = getOrAdd(this.#results, vendor, () => new Map<number, string>());
    for (const [code, name] of Object.entries(specification.resultCodes ?? {})) setFirst(results, Number(code), name);
  }
}

function setFirst<K, V>(map: Map<K, V>, key: K, value: V): void {
  if (!map.has(key)) map.set(key, value);
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, value = make());
  return value;
}
