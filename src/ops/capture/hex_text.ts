/**
 * Bytes that people paste as hexadecimal digits.
 * @module
 */

/**
 * A line of a dump: an offset of at least four digits, then bytes, then perhaps the same bytes as
 * text.
 */
const DUMP_LINE = /^\s*([0-9a-fA-F]{4,8}):?\s+(\S.*)$/;
/** What can be nothing but a dump: its offsets must not be read as bytes where it is damaged. */
const DUMP_START = /^\s*0{4,8}(:\s|\s{2})/;

/**
 * The bytes that `text` spells. Digits may be separated by white space, colons, commas, semicolons
 * and hyphens, and have `0x` before them. Dumps with offsets, as `xxd`, `hexdump -C` and Wireshark
 * make them, are understood too.
 * @returns undefined when there is anything else in `text`, an odd number of digits, or no digit
 */
export function parseHexText(text: string): Uint8Array<ArrayBuffer> | undefined {
  return parseDump(text) ?? (DUMP_START.test(text) ? undefined : parseDigits(text));
}

/**
 * What `text` has instead of digits in pairs, as the end of a sentence that names what was
 * expected.
 */
export function insteadOfHexText(text: string): string {
  const digits = onlyDigits(text);
  if (digits === "") return "nothing";
  const other = /[^0-9a-fA-F]/u.exec(digits)?.[0];
  if (other === undefined) return `an odd number of digits, ${digits.length}`;
  return /[\p{Cc}\uFFFD]/u.test(other) ? "bytes that are neither" : `${JSON.stringify(other)} among them`;
}

function onlyDigits(text: string): string {
  return text.replace(/0x/gi, " ").replace(/[\s:,;-]+/g, "");
}

function parseDigits(text: string): Uint8Array<ArrayBuffer> | undefined {
  const digits = onlyDigits(text);
  if (digits === "" || digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) return undefined;
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

/** A dump counts its bytes: that tells it from digits that are merely broken into lines. */
function parseDump(text: string): Uint8Array<ArrayBuffer> | undefined {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const bytes = new Uint8Array(text.length >> 1);
  let length = 0;
  for (const [i, line] of lines.entries()) {
    // hexdump ends with a line that has the length alone.
    if (
      i > 0 && i === lines.length - 1 && parseInt(line, 16) === length && /^\s*[0-9a-fA-F]{4,8}\s*$/.test(line)
    ) break;
    const match = DUMP_LINE.exec(line);
    if (match === null || parseInt(match[1]!, 16) !== length) return undefined;
    const next = DUMP_LINE.exec(lines[i + 1] ?? "")?.[1] ?? (lines[i + 1] ?? "").trim();
    const announced = /^[0-9a-fA-F]{4,8}$/.test(next) ? parseInt(next, 16) - length : undefined;
    const inLine = bytesOfLine(match[2]!, announced);
    if (inLine === undefined) return undefined;
    bytes.set(inLine, length);
    length += inLine.length;
  }
  return length === 0 ? undefined : bytes.slice(0, length);
}

/**
 * The bytes of one line; `count` of them where the next offset tells, else all before a wide space
 * or a bar.
 */
function bytesOfLine(line: string, count: number | undefined): number[] | undefined {
  const bytes: number[] = [];
  const known = count !== undefined && count > 0 && count <= 64;
  const groups = known ? line : withoutText(line);
  for (const group of groups.trim().split(/\s+/)) {
    if (known && bytes.length >= count) break;
    if (!/^([0-9a-fA-F]{2})+$/.test(group)) {
      if (known) return undefined;
      break;
    }
    for (let i = 0; i < group.length; i += 2) bytes.push(parseInt(group.slice(i, i + 2), 16));
  }
  return known && bytes.length !== count ? undefined : bytes;
}

/** The last line of a dump without the text column. */
function withoutText(line: string): string {
  const columns = line.split("|")[0]!.split(/\s{2,}/);
  // Some tools put a wide space into the middle of the 16 bytes as well.
  const first = columns[0]!;
  const isHalf = /^([0-9a-fA-F]{2} ){7}[0-9a-fA-F]{2}$/.test(first);
  return isHalf && /^([0-9a-fA-F]{2})( [0-9a-fA-F]{2})*$/.test(columns[1] ?? "") &&
      (columns.length > 2 || line.includes("|"))
    ? `${first} ${columns[1]}`
    : first;
}
