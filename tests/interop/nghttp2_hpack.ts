/** HPACK of libnghttp2, in this process: the codec that most C programs use. */
import type { Requirement } from "./programs.ts";
import type { Field } from "../http2/hpack/octets.ts";

const LIBRARY = "libnghttp2.so.14";
const SYMBOLS = {
  nghttp2_hd_deflate_new: { parameters: ["buffer", "usize"], result: "i32" },
  nghttp2_hd_deflate_hd: { parameters: ["pointer", "buffer", "usize", "buffer", "usize"], result: "isize" },
  nghttp2_hd_deflate_change_table_size: { parameters: ["pointer", "usize"], result: "i32" },
  nghttp2_hd_deflate_del: { parameters: ["pointer"], result: "void" },
  nghttp2_hd_inflate_new: { parameters: ["buffer"], result: "i32" },
  nghttp2_hd_inflate_hd2: {
    parameters: ["pointer", "buffer", "buffer", "buffer", "usize", "i32"],
    result: "isize",
  },
  nghttp2_hd_inflate_end_headers: { parameters: ["pointer"], result: "i32" },
  nghttp2_hd_inflate_change_table_size: { parameters: ["pointer", "usize"], result: "i32" },
  nghttp2_hd_inflate_del: { parameters: ["pointer"], result: "void" },
} as const;

/** Octets of a name and value in its memory, and its flags. */
const NV_LENGTH = 40;
const NO_INDEX = 1;
const INFLATE_FINAL = 1;
const INFLATE_EMIT = 2;

function load() {
  try {
    return Deno.dlopen(LIBRARY, SYMBOLS);
  } catch {
    return undefined;
  }
}

/** Whether the library is there. */
export function nghttp2(): Requirement {
  const library = load();
  library?.close();
  const missing = library === undefined ? `${LIBRARY} cannot be loaded` : undefined;
  return { name: LIBRARY, aptPackage: "libnghttp2-14", missing };
}

/** An encoder and a decoder of the library. */
export class Nghttp2Hpack implements Disposable {
  readonly #library = Deno.dlopen(LIBRARY, SYMBOLS);
  readonly #deflater: Deno.PointerValue;
  readonly #inflater: Deno.PointerValue;

  /** @param tableSize what its encoder uses at most */
  constructor(tableSize: number) {
    const place = new BigUint64Array(1);
    succeed(this.#library.symbols.nghttp2_hd_deflate_new(place, BigInt(tableSize)));
    this.#deflater = Deno.UnsafePointer.create(place[0]!);
    succeed(this.#library.symbols.nghttp2_hd_inflate_new(place));
    this.#inflater = Deno.UnsafePointer.create(place[0]!);
  }

  /** What its encoder makes of the fields. */
  encode(fields: readonly Field[]): Uint8Array {
    const texts = fields.flatMap(([name, value]) => [octetsOf(name), octetsOf(value)]);
    const all = new Uint8Array(fields.length * NV_LENGTH);
    const view = new DataView(all.buffer);
    fields.forEach(([, , never], at) => {
      for (const nth of [0, 1]) {
        const text = texts[at * 2 + nth]!;
        const pointer = Deno.UnsafePointer.value(Deno.UnsafePointer.of(text));
        view.setBigUint64(at * NV_LENGTH + nth * 8, BigInt(pointer), true);
        view.setBigUint64(at * NV_LENGTH + 16 + nth * 8, BigInt(text.length - 1), true);
      }
      view.setUint8(at * NV_LENGTH + 32, never === true ? NO_INDEX : 0);
    });
    const into = new Uint8Array(1 << 18);
    const length = succeed(this.#library.symbols.nghttp2_hd_deflate_hd(
      this.#deflater,
      into,
      BigInt(into.length),
      all,
      BigInt(fields.length),
    ));
    return into.slice(0, length);
  }

  /** What its decoder makes of a block. */
  decode(block: Uint8Array): Field[] {
    const fields: Field[] = [];
    const found = new Uint8Array(NV_LENGTH);
    const view = new DataView(found.buffer);
    const flags = new Int32Array(1);
    for (let at = 0;;) {
      const rest = block.slice(at);
      at += succeed(this.#library.symbols.nghttp2_hd_inflate_hd2(
        this.#inflater,
        found,
        flags,
        rest,
        BigInt(rest.length),
        1,
      ));
      if ((flags[0]! & INFLATE_EMIT) !== 0) {
        const text = (nth: number) =>
          textAt(view.getBigUint64(nth * 8, true), Number(view.getBigUint64(16 + nth * 8, true)));
        const never = (view.getUint8(32) & NO_INDEX) !== 0;
        fields.push(never ? [text(0), text(1), true] : [text(0), text(1)]);
      }
      if ((flags[0]! & INFLATE_FINAL) !== 0) break;
      if (flags[0] === 0 && at === block.length) break;
    }
    this.#library.symbols.nghttp2_hd_inflate_end_headers(this.#inflater);
    return fields;
  }

  /** What its encoder may use from now on. */
  setEncoderTableSize(octets: number): void {
    succeed(this.#library.symbols.nghttp2_hd_deflate_change_table_size(this.#deflater, BigInt(octets)));
  }

  /** What its decoder allows from now on. */
  setDecoderTableSize(octets: number): void {
    succeed(this.#library.symbols.nghttp2_hd_inflate_change_table_size(this.#inflater, BigInt(octets)));
  }

  [Symbol.dispose](): void {
    this.#library.symbols.nghttp2_hd_deflate_del(this.#deflater);
    this.#library.symbols.nghttp2_hd_inflate_del(this.#inflater);
    this.#library.close();
  }
}

function succeed(result: number | bigint): number {
  if (result < 0) throw new Error(`${LIBRARY} gave error ${result}`);
  return Number(result);
}

/** One octet for each character, and one more: there is no pointer to nothing. */
function octetsOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text + "\0", (character) => character.charCodeAt(0));
}

function textAt(address: bigint, length: number): string {
  if (length === 0) return "";
  const bytes = new Uint8Array(new Deno.UnsafePointerView(Deno.UnsafePointer.create(address)!).getArrayBuffer(length));
  return Array.from(bytes, (octet) => String.fromCharCode(octet)).join("");
}
