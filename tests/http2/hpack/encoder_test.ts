import { assert, assertEquals } from "@std/assert";
import { HpackDecoder } from "../../../src/http2/hpack/decoder.ts";
import { HpackEncoder } from "../../../src/http2/hpack/encoder.ts";
import { decode, encode, type Field, fieldsOf, listOf } from "./octets.ts";

const request = (path: string, token = "token-of-this-test", timeout = "5S"): Field[] => [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", path],
  [":authority", "backend.of.this.test:1234"],
  ["content-type", "application/grpc"],
  ["te", "trailers"],
  ["authorization", token],
  ["grpc-timeout", timeout],
];

/** An encoder and a decoder that reads all that it writes. */
function pair() {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder({ maxListSize: 1 << 20, tableSize: 65536 });
  const send = (fields: readonly Field[]) => {
    const block = encode(encoder, listOf(fields));
    assertEquals(fieldsOf(decode(decoder, block)), fields);
    return block;
  };
  return { encoder, decoder, send };
}

Deno.test("a field of the static table is one octet", () => {
  assertEquals(pair().send([[":method", "POST"], [":scheme", "https"], [":status", "200"]]).toHex(), "838788");
});

Deno.test("a request that repeats is soon an octet for each field but its timeout", () => {
  const { send } = pair();
  const fields = request("/repeats/always");
  const lengths = Array.from({ length: 6 }, () => send(fields).length);
  assert(lengths[0]! > 60, `${lengths}`);
  assert(lengths[5]! <= 7 + 14, `${lengths}`);
});

Deno.test("paths that come in turn, more than would fit, do not drive out what each request repeats", () => {
  const { send } = pair();
  let longest = 0;
  for (let count = 0; count < 3000; count++) {
    const path = `/turn/${count % 500}/${"x".repeat(80)}`;
    const length = send(request(path, "the same for each")).length;
    if (count > 1500) longest = Math.max(longest, length);
  }
  assert(longest < 6 + 13 + 100, `${longest} octets`);
});

Deno.test("a hundred tokens in turn do not drive out what each request repeats", () => {
  const { send } = pair();
  let octets = 0;
  for (let count = 0; count < 4000; count++) {
    octets = send(request("/hundred/tokens", `token ${count % 100} ${"y".repeat(250)}`)).length;
  }
  assert(octets < 7 + 13 + 260, `${octets} octets`);
});

Deno.test("what is new and repeats finds its place in a table that is full of what is no longer sent", () => {
  const { send } = pair();
  for (let count = 0; count < 400; count++) send(request("/old", `old token ${count % 10} ${"z".repeat(400)}`));
  let octets = 0;
  for (let count = 0; count < 200; count++) octets = send(request("/new", `new token ${"w".repeat(400)}`)).length;
  assert(octets <= 8 + 13, `${octets} octets`);
});

Deno.test("a timeout that differs each time never enters the table", () => {
  const { send } = pair();
  const seen = Array.from({ length: 300 }, (_, count) => send(request("/t", "tok", `${count}m`)).length);
  assert(Math.max(...seen.slice(10)) <= 7 + 16, `${Math.max(...seen.slice(10))} octets`);
});

Deno.test("what is never to be indexed stays so, however often it comes, and is not found by its value elsewhere", () => {
  const { send } = pair();
  const secret: Field = ["authorization", "a secret of this test", true];
  for (let times = 0; times < 6; times++) {
    const block = send([[":method", "GET"], secret]);
    assertEquals(block[1]! & 0xf0, 0x10);
  }
  // The same value where it is no secret enters; the secret one is none the less written out.
  for (let times = 0; times < 6; times++) send([["authorization", secret[1]]]);
  assertEquals(send([secret])[0]! & 0xf0, 0x10);
});

Deno.test("a secret that the static table has is written out too", () => {
  assertEquals(pair().send([[":method", "GET", true]])[0]! & 0xf0, 0x10);
});

Deno.test("a smaller table of the peer is said in front of the next block, once, and kept", () => {
  const { encoder, send } = pair();
  const fields = request("/size/update");
  for (let times = 0; times < 5; times++) send(fields);
  encoder.setPeerTableSize(100);
  assertEquals(send(fields).subarray(0, 2).toHex(), "3f45");
  assertEquals(send(fields)[0], 0x83);
  const small = new HpackDecoder({ maxListSize: 65536, tableSize: 100 });
  const fresh = new HpackEncoder();
  fresh.setPeerTableSize(100);
  for (let times = 0; times < 50; times++) {
    const all = request(`/size/${times % 3}`);
    assertEquals(fieldsOf(decode(small, encode(fresh, listOf(all)))), all);
  }
});

Deno.test("no table at all: said as size 0, and every block stands for itself", () => {
  const { encoder, send } = pair();
  encoder.setPeerTableSize(0);
  const fields = request("/size/zero");
  assertEquals(send(fields)[0], 0x20);
  const [one, other] = [send(fields), send(fields)];
  assertEquals(one, other);
  assertEquals(fieldsOf(decode(new HpackDecoder({ maxListSize: 65536, tableSize: 0 }), one)), fields);
});

Deno.test("a table that was smaller for a while between two blocks is said as both sizes", () => {
  const { encoder, send } = pair();
  const fields = request("/size/both");
  for (let times = 0; times < 5; times++) send(fields);
  encoder.setPeerTableSize(10);
  encoder.setPeerTableSize(50);
  encoder.setPeerTableSize(4096);
  assertEquals(send(fields).subarray(0, 4).toHex(), "2a3fe11f");
});

Deno.test("a larger table of the peer changes nothing: no more than 4096 octets are used", () => {
  const { encoder, send } = pair();
  encoder.setPeerTableSize(65536);
  encoder.setPeerTableSize(0xffffffff);
  assertEquals(send([[":method", "GET"]]).toHex(), "82");
});

Deno.test("one name with many values, and one value under many names, are told apart", () => {
  const { send } = pair();
  for (let times = 0; times < 6; times++) {
    send([["x-one", "same"], ["x-two", "same"], ["x-one", "other"], ["x-three", "same"], ["x-one", "same"]]);
    send([["x-three", "same"], ["x-one", "x-one"], ["x-two", "same"]]);
    send([["x-one", ""], ["authorization", ""], [":path", ""]]);
  }
});

Deno.test("values far above what a table holds pass", () => {
  const { send } = pair();
  for (let times = 0; times < 4; times++) {
    send([["x-large", "L".repeat(60_000)], ["x-small", "\x00\xff".repeat(20_000)]]);
  }
});
