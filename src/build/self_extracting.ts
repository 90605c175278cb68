/**
 * The second choice: one file that is a shell script followed by the compressed program and Deno
 * itself. It works wherever there is a POSIX shell with gzip, and unpacks itself once per user (see
 * self_extract.sh).
 * @module
 */
import { gzipSync } from "node:zlib";
import header from "./self_extract.sh" with { type: "text" };

/**
 * One file to pack; a `path` is relative to the cache directory, and its first part should name the
 * contents.
 */
export interface PackedFile {
  readonly path: string;
  readonly contents: Uint8Array<ArrayBuffer>;
}

/** What to pack, and how the result runs it. */
export interface Package {
  /** Name of the program: of its cache directory, and in its messages. */
  readonly name: string;
  readonly version: string;
  /** The only host it runs on, as `uname -s` and `uname -m` say it. */
  readonly platform: string;
  readonly files: readonly PackedFile[];
  /**
   * Path of the packed file that is executed; named `deno`, it is tried once with `--version` after
   * it was unpacked.
   */
  readonly runtime: string;
  /**
   * What the runtime gets before the path of `main`; words without quotes, blanks or shell
   * characters.
   */
  readonly flags: readonly string[];
  /** Path of the packed file that the runtime runs. */
  readonly main: string;
}

/**
 * The shell script fills this much, so that where the packed files begin does not depend on its own
 * length.
 */
export const HEADER_BYTES = 16_384;

const COMPRESSION_LEVEL = 9;
const MB = 1_000_000;

/**
 * Packs everything into one executable file. Throws when a path or flag could not pass through the
 * shell.
 */
export async function pack(what: Package): Promise<Uint8Array<ArrayBuffer>> {
  const words = [what.name, what.version, ...what.flags, ...what.files.map((file) => file.path)];
  const unsafe = words.find((word) => !/^[\w@%+=:,./-]+$/.test(word));
  if (unsafe !== undefined) throw new Error(`Cannot pack ${JSON.stringify(unsafe)}: it is not a plain shell word`);

  const parts: Uint8Array<ArrayBuffer>[] = [];
  const unpack: string[] = [];
  let offset = HEADER_BYTES;
  for (const file of what.files) {
    const packed = new Uint8Array(gzipSync(file.contents, { level: COMPRESSION_LEVEL }));
    const sums = `${await sha256(packed)} ${await sha256(file.contents)}`;
    unpack.push(`unpack ${file.path} ${offset} ${packed.length} ${sums} ${file.contents.length} || return 1`);
    parts.push(packed);
    offset += packed.length;
  }
  const unpackedBytes = what.files.reduce((sum, file) => sum + file.contents.length, 0);
  const script = fill({
    NAME: what.name,
    VERSION: what.version,
    PLATFORM: what.platform,
    READY: what.files.map((file) => `${file.path}:${file.contents.length}`).join(" "),
    READY_DIRS: [...new Set(what.files.map((file) => file.path.slice(0, file.path.lastIndexOf("/"))))].join(" "),
    "#UNPACK": unpack.join("\n  "),
    UNPACKED_MB: String(Math.ceil(unpackedBytes / MB)),
    RUNTIME: what.runtime,
    RUN_FLAGS: what.flags.join(" "),
    MAIN: what.main,
  });
  return concat([script, ...parts]);
}

/** A short name for contents: the same contents, the same name. */
export async function contentName(...contents: readonly Uint8Array<ArrayBuffer>[]): Promise<string> {
  return (await sha256(concat(contents))).slice(0, 16);
}

/** The SHA-256 of `bytes` in hexadecimal. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

function fill(values: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const script = header.replaceAll(/(#?)@([A-Z_]+)@/g, (_all, hash: string, name: string) => {
    const value = values[hash + name];
    if (value === undefined) throw new Error(`Cannot fill the shell header: nothing is known for @${name}@`);
    return value;
  });
  const bytes = new TextEncoder().encode(script);
  if (bytes.length > HEADER_BYTES) {
    throw new Error(`Cannot pack: the shell header has ${bytes.length} bytes, above ${HEADER_BYTES}`);
  }
  const padded = new Uint8Array(HEADER_BYTES).fill("\n".charCodeAt(0));
  padded.set(bytes);
  return padded;
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
