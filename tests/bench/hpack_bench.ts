/**
 * What a header block costs, as clients send them: 500 paths in turn, or always the same; with
 * every field in the table but the path and a never-indexed authorization (nghttp2), or all
 * (grpc-go).
 * @module
 */
import { HpackDecoder } from "../../src/http2/hpack/decoder.ts";
import { HpackEncoder } from "../../src/http2/hpack/encoder.ts";
import type { HeaderList } from "../../src/http2/hpack/header_list.ts";
import { huffmanEncode, huffmanLength } from "../../src/http2/hpack/huffman.ts";
import { writeInteger } from "../../src/http2/hpack/integer.ts";
import { STATIC_TABLE } from "../../src/http2/hpack/static_table.ts";

const ROUNDS = 60;
const BLOCKS = 10_000;
const PATHS = 500;

/** An encoder with a fixed policy: which fields enter the table. */
class PlainEncoder {
  readonly #entries: { name: string; value: string; size: number }[] = [];
  #size = 0;
  constructor(readonly enters: (name: string) => boolean, readonly never: boolean) {}

  block(fields: readonly (readonly [string, string])[]): Uint8Array {
    const into = new Uint8Array(4096);
    let at = 0;
    for (const [name, value] of fields) {
      const all = [...STATIC_TABLE.slice(1), ...this.#entries];
      const exact = all.findIndex((entry) => entry.name === name && entry.value === value) + 1;
      if (exact > 0) {
        at = writeInteger(into, at, 0x80, 7, exact);
        continue;
      }
      const named = all.findIndex((entry) => entry.name === name) + 1;
      const enters = this.enters(name);
      const secret = this.never && name === "authorization";
      at = enters ? writeInteger(into, at, 0x40, 6, named) : writeInteger(into, at, secret ? 0x10 : 0, 4, named);
      if (named === 0) at = huffmanEncode(name, into, writeInteger(into, at, 0x80, 7, huffmanLength(name)));
      at = huffmanEncode(value, into, writeInteger(into, at, 0x80, 7, huffmanLength(value)));
      if (!enters) continue;
      const size = name.length + value.length + 32;
      this.#entries.unshift({ name, value, size });
      this.#size += size;
      while (this.#size > 4096) this.#size -= this.#entries.pop()!.size;
    }
    return into.slice(0, at);
  }
}

const token = Array.from({ length: 300 }, (_, at) => "aZ9-_xQ3"[(at * 7 + at % 5) % 8]).join("");
const fieldsOf = (path: number, timeout: string) =>
  [
    [":method", "POST"],
    [":scheme", "http"],
    [":authority", "127.0.0.1:10000"],
    [":path", `/pkg.Service${path}/Method${path * 37}`],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ["user-agent", "grpc-go/1.70.0"],
    ["grpc-timeout", timeout],
    ["session-id", "0123456789abcdef0123456789abcdef"],
    ["authorization", token],
  ] as const;

const nghttp2 = (name: string) => name !== ":path" && name !== "authorization";
const cases: Record<string, { enters: (name: string) => boolean; paths: number; timeout: (at: number) => string }> = {
  "same block": { enters: nghttp2, paths: 1, timeout: () => "5S" },
  "500 paths, nghttp2": { enters: nghttp2, paths: PATHS, timeout: () => "5S" },
  "500 paths and a fresh timeout, nghttp2": {
    enters: nghttp2,
    paths: PATHS,
    timeout: (at) => `${4_990_000 + at % 8191}u`,
  },
  "500 paths in the table, grpc-go": { enters: () => true, paths: PATHS, timeout: () => "5S" },
  "one path and a fresh timeout, grpc-go": { enters: () => true, paths: 1, timeout: (at) => `${at % 8191}u` },
  "nothing in the table, nginx": { enters: () => false, paths: PATHS, timeout: () => "5S" },
};

for (const [what, { enters, paths, timeout }] of Object.entries(cases)) {
  const plain = new PlainEncoder(enters, enters === nghttp2);
  const first = plain.block(fieldsOf(0, timeout(0)));
  const blocks = Array.from({ length: BLOCKS }, (_, at) => plain.block(fieldsOf((at + 1) % paths, timeout(at + 1))));
  const into = new Uint8Array(65536);
  const encoder = new HpackEncoder();
  let decode = Infinity;
  let encode = Infinity;
  let octets = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const lists: HeaderList[] = [];
    const decoder = new HpackDecoder({ maxListSize: 65536 });
    decoder.decode(first, 0, first.length);
    const began = performance.now();
    for (const block of blocks) lists.push(decoder.decode(block, 0, block.length));
    const decoded = performance.now();
    octets = 0;
    for (const list of lists) octets += encoder.encode(list, into, 0);
    const encoded = performance.now();
    // The best, not the mean: other work of the machine only ever adds.
    decode = Math.min(decode, (decoded - began) * 1000 / BLOCKS);
    encode = Math.min(encode, (encoded - decoded) * 1000 / BLOCKS);
  }
  console.log(
    `${what}: decode ${decode.toFixed(2)} µs, encode ${encode.toFixed(2)} µs, ${(octets / BLOCKS).toFixed(0)} octets`,
  );
}
