/** Blocks and lists, as the tests write them. */
import type { HpackDecoder } from "../../../src/http2/hpack/decoder.ts";
import type { HpackEncoder } from "../../../src/http2/hpack/encoder.ts";
import { HeaderList } from "../../../src/http2/hpack/header_list.ts";

/** A name and its value; with `true`, never to be indexed. */
export type Field = readonly [name: string, value: string, never?: boolean];

/** Octets of hexadecimal digits, however they are spaced. */
export function octetsOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex.replaceAll(/\s/g, ""));
}

/** A list of those fields. */
export function listOf(fields: readonly Field[]): HeaderList {
  const list = new HeaderList();
  for (const [name, value, never] of fields) list.append(name, value, never === true);
  return list;
}

/** The fields of a list. */
export function fieldsOf(list: HeaderList): Field[] {
  return list.names.map((name, at) => {
    const value = list.values[at]!;
    return list.neverIndexed?.has(at) === true ? [name, value, true] : [name, value];
  });
}

/** Decodes a block that stands in the middle of other octets. */
export function decode(decoder: HpackDecoder, block: Uint8Array): HeaderList {
  const around = new Uint8Array(block.length + 10).fill(0xff);
  around.set(block, 7);
  return decoder.decode(around, 7, 7 + block.length);
}

/** Encodes a list behind other octets, and sees that it takes no more room than it said. */
export function encode(encoder: HpackEncoder, list: HeaderList): Uint8Array {
  const most = encoder.maxLength(list);
  const around = new Uint8Array(most + 10).fill(0xa5);
  const end = encoder.encode(list, around, 5);
  if (end - 5 > most) throw new Error(`the encoder wrote ${end - 5} octets, and had said ${most} at most`);
  if (around.subarray(0, 5).some((octet) => octet !== 0xa5)) throw new Error("the encoder wrote before its place");
  return around.slice(5, end);
}
