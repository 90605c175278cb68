/**
 * What gateways say to each other over the cache. PURE.
 * @module
 */
import type { JsonObject } from "@bufbuild/protobuf";

/** Something that all gateways are told. */
export type Word =
  /** Profiles are members of a room no more; none named: the room is gone (R5). */
  | { readonly kind: "removed"; readonly room: string; readonly profiles: readonly string[] }
  | { readonly kind: "deleted"; readonly room: string }
  /** Profiles are members of a room now (R2). */
  | { readonly kind: "added"; readonly room: string; readonly profiles: readonly string[] }
  /** To the devices of a profile that are in one of these rooms (P3). */
  | Asked<"signal"> & {
    readonly to: string;
    /** "" is all devices. */
    readonly toDevice: string;
    readonly rooms: readonly string[];
    readonly from: string;
    readonly fromDevice: string;
    readonly what: string;
    readonly data?: JsonObject;
  }
  /** The operator closes connections; device "" is all of the profile. */
  | Asked<"disconnect"> & { readonly profile: string; readonly device: string }
  /** How many did it. */
  | { readonly kind: "answer"; readonly to: string; readonly nonce: string; readonly count: number };

/** A word that every gateway answers. */
interface Asked<K extends string> {
  readonly kind: K;
  /** The gateway that asks, and which of its questions it is. */
  readonly asker: string;
  readonly nonce: string;
}

/** Words that are answered. */
export type Question = Extract<Word, Asked<string>>;

const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();

/** A word as it is sent. */
export function encodeWord(word: Word): Uint8Array {
  return UTF8.encode(JSON.stringify(word));
}

/**
 * A word as it came; undefined for what no gateway of this version says. Whoever may write to the
 * cache is trusted: only that it can be read is looked at.
 */
export function decodeWord(bytes: Uint8Array): Word | undefined {
  try {
    const word = JSON.parse(TEXT.decode(bytes)) as Record<string, unknown>;
    const wanted = typeof word["kind"] === "string" && Object.hasOwn(FORMS, word["kind"])
      ? FORMS[word["kind"] as Word["kind"]]
      : undefined;
    if (wanted === undefined) return undefined;
    const fits = Object.entries(wanted).every(([key, type]) => FITS[type](word[key]));
    return fits ? word as unknown as Word : undefined;
  } catch {
    return undefined;
  }
}

const FITS = {
  string: (value: unknown) => typeof value === "string",
  number: (value: unknown) => typeof value === "number",
  texts: (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === "string"),
} as const;

const ASKED = { asker: "string", nonce: "string" } as const;

const FORMS: Readonly<Record<Word["kind"], Readonly<Record<string, keyof typeof FITS>>>> = {
  removed: { room: "string", profiles: "texts" },
  deleted: { room: "string" },
  added: { room: "string", profiles: "texts" },
  signal: {
    ...ASKED,
    to: "string",
    toDevice: "string",
    rooms: "texts",
    from: "string",
    fromDevice: "string",
    what: "string",
  },
  disconnect: { ...ASKED, profile: "string", device: "string" },
  answer: { to: "string", nonce: "string", count: "number" },
};
