/**
 * The planes that a process can have: which keys at the top of a configuration are whose.
 * @module
 */
import { DIAMETER_SECTIONS } from "../diameter/config.ts";
import { loadDictionary } from "../diameter/relay/policy/loaded.ts";
import type { Layout, Override, Sections } from "../ops/config/mod.ts";
import { isMapping, type Mapping } from "../ops/config/path.ts";

/** One plane, as the configuration knows it. */
interface PlaneKeys {
  /** What its sections are called. */
  readonly sections: readonly string[];
  /** Those of them that say that it is wanted; all unless given. */
  readonly wantedBy?: readonly string[];
  /**
   * Its section may be left out, and the keys of it stand at the top: then it is known by these.
   */
  readonly short?: {
    readonly section: string;
    readonly knownBy: readonly string[];
    /** Keys that are not meant for it at the top, even so. */
    readonly except: readonly string[];
  };
  /**
   * Loads what there is to know of the keys below; who does not have the plane loads none of it.
   */
  load(tree: Mapping): Promise<Sections>;
}

/** Every plane; where nothing says otherwise, a process has the first one. */
export const PLANES = {
  diameter: {
    sections: DIAMETER_SECTIONS.map(({ key }) => key),
    // Where the keys of another plane stand at the top, limits may be meant for that one.
    wantedBy: DIAMETER_SECTIONS.map(({ key }) => key).filter((key) => key !== "limits"),
    async load(tree) {
      // Names of AVPs, commands and applications are asked for there alone.
      const pool = tree["dra_pool"];
      const isKeyed = isMapping(pool) && Object.hasOwn(pool, "hash_key");
      if (isKeyed || ["routing", "limits", "screening"].some((key) => Object.hasOwn(tree, key))) await loadDictionary();
      return DIAMETER_SECTIONS;
    },
  },
  grpc: {
    sections: ["grpc"],
    short: { section: "grpc", knownBy: ["default", "routes", "clusters"], except: ["limits"] },
    load: async () => (await import("../grpc/config/section.ts")).GRPC_SECTIONS,
  },
  chat: {
    sections: ["chat"],
    load: async () => (await import("../chat/config/section.ts")).CHAT_SECTIONS,
  },
} as const satisfies Record<string, PlaneKeys>;

/** A plane. */
export type PlaneName = keyof typeof PLANES;

const NAMES = Object.keys(PLANES) as PlaneName[];
const table: Readonly<Record<PlaneName, PlaneKeys>> = PLANES;

/** How a file is read, and for which planes. */
export interface PlanesLayout extends Layout {
  /** In the order of the table. */
  readonly planes: readonly PlaneName[];
  /** Keys at the top that belong to planes which are not wanted. */
  readonly ignored: readonly string[];
}

/**
 * Which planes a file configures, and how it is read for them.
 * @param own the sections of the process itself
 * @param overrides what flags say counts like the file
 * @param wanted these planes, whatever the file configures
 */
export async function layoutOf(
  tree: Mapping,
  own: Sections,
  overrides: readonly Override[],
  wanted?: readonly PlaneName[],
): Promise<PlanesLayout> {
  const keys = Object.keys(tree);
  const set = new Set<unknown>([...keys, ...overrides.map(({ path }) => path[0])]);
  const isShort = (name: PlaneName) => table[name].short?.knownBy.some((key) => keys.includes(key)) === true;
  const hasSection = (name: PlaneName) => table[name].sections.some((key) => keys.includes(key));
  const configured = NAMES.filter((name) =>
    (table[name].wantedBy ?? table[name].sections).some((key) => set.has(key)) || isShort(name)
  );
  const planes = wanted ?? (configured.length > 0 ? configured : NAMES.slice(0, 1));

  const shortened = NAMES.find((name) => isShort(name) && !hasSection(name));
  const short = shortened === undefined ? undefined : table[shortened].short;
  const isOpen = shortened !== undefined && planes.includes(shortened);
  const others = NAMES.filter((name) => !planes.includes(name)).flatMap((name) => table[name].sections)
    .filter((key) => !isOpen || short?.except.includes(key) !== true);
  const known = [
    ...own.map(({ key }) => key),
    ...NAMES.flatMap((name) => table[name].sections),
    ...short?.except ?? [],
  ];
  const sections = await Promise.all(planes.map((name) => table[name].load(tree)));
  return {
    planes,
    sections: [...sections.flat(), ...own],
    ignored: [
      ...others.filter((key) => keys.includes(key)),
      // The keys of a plane that nobody wants are not known here: they are all that nobody else
      // has.
      ...(shortened !== undefined && !isOpen ? keys.filter((key) => !known.includes(key)) : []),
    ],
    others,
    ...(isOpen && short !== undefined ? { open: short.section, notOpen: [...short.except, ...others] } : {}),
    problems: planes.filter((name) => isShort(name) && hasSection(name)).flatMap((name) => bothForms(name, keys)),
  };
}

/** The section, and keys of it at the top: nobody can know which of them is meant. */
function bothForms(name: PlaneName, keys: readonly string[]) {
  const { short } = table[name];
  return (short?.knownBy ?? []).filter((key) => keys.includes(key)).map((key) => ({
    path: [key],
    message: `stands at the top although there is a section ${short?.section}: move it below that`,
  }));
}
