/**
 * Writers of tar and ar. Owner, order and times are given, so that the same files make the same
 * bytes.
 * @module
 */

/** A file of an archive, or a directory, which has no contents. */
export interface Member {
  /** Without a slash before it; a directory's ends with one. */
  readonly path: string;
  readonly mode: number;
  readonly contents?: Uint8Array<ArrayBuffer>;
}

const BLOCK = 512;
/** Where the checksum of a header is, and how long. */
const CHECKSUM = { at: 148, length: 8 };
const NAME_BYTES = 100;
const encoder = new TextEncoder();

/** A ustar archive of `members`, all of root; `time` in seconds since 1970. */
export function tar(members: readonly Member[], time: number): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (const { path, mode, contents } of members) {
    const name = encoder.encode(`./${path}`);
    if (name.length > NAME_BYTES) {
      throw new Error(`Cannot pack ${path}: its path has more than ${NAME_BYTES - 2} bytes`);
    }
    const header = new Uint8Array(BLOCK);
    header.set(name);
    const put = (at: number, text: string) => header.set(encoder.encode(text), at);
    put(100, octal(mode, 7));
    put(108, octal(0, 7));
    put(116, octal(0, 7));
    put(124, octal(contents?.length ?? 0, 11));
    put(136, octal(time, 11));
    put(156, contents === undefined ? "5" : "0");
    put(257, "ustar\x0000");
    put(265, "root");
    put(297, "root");
    header.fill(" ".charCodeAt(0), CHECKSUM.at, CHECKSUM.at + CHECKSUM.length);
    put(CHECKSUM.at, `${octal(header.reduce((sum, byte) => sum + byte, 0), 6)}\0`);
    parts.push(header);
    if (contents !== undefined) parts.push(contents, new Uint8Array(-contents.length & (BLOCK - 1)));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  return joined(parts);
}

/** An ar archive, as dpkg has it. */
export function ar(
  members: readonly { readonly name: string; readonly contents: Uint8Array<ArrayBuffer> }[],
  time: number,
): Uint8Array<ArrayBuffer> {
  const parts = [encoder.encode("!<arch>\n")];
  for (const { name, contents } of members) {
    const fields = [
      name.padEnd(16),
      String(time).padEnd(12),
      "0     0     100644  ",
      String(contents.length).padEnd(10),
    ];
    parts.push(encoder.encode(`${fields.join("")}\`\n`), contents);
    if (contents.length % 2 === 1) parts.push(encoder.encode("\n"));
  }
  return joined(parts);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

function joined(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
