import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { avpsOf, padded } from "../../../src/diameter/wire/avp.ts";
import { AVP_FLAG } from "../../../src/diameter/wire/avp_codes.ts";
import { FLAG, HEADER_LENGTH, readHeader } from "../../../src/diameter/wire/header.ts";
import { MessageBuilder } from "../../../src/diameter/wire/message_builder.ts";

const HEADER = { flags: FLAG.request, command: 280, application: 0, hopByHop: 1, endToEnd: 0xfffffffe };

interface Avp {
  readonly code: number;
  readonly vendor: number;
  readonly flags: number;
  readonly data: Uint8Array | Avp[];
}

const { avp: avps } = fc.letrec<{ avp: Avp }>((tie) => ({
  avp: fc.record({
    code: fc.integer({ min: 0, max: 0xffffffff }),
    vendor: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 0xffffffff })),
    flags: fc.constantFrom(0, AVP_FLAG.mandatory, AVP_FLAG.protected, 0x1f),
    data: fc.oneof(
      { depthSize: "small" },
      fc.uint8Array({ maxLength: 40 }),
      fc.array(tie("avp"), { maxLength: 4 }),
    ),
  }),
}));

function write(builder: MessageBuilder, list: readonly Avp[]): MessageBuilder {
  for (const { code, vendor, flags, data } of list) {
    if (data instanceof Uint8Array) builder.octets(code, data, { vendor, flags });
    else builder.group(code, (group) => write(group, data), { vendor, flags });
  }
  return builder;
}

/** Reads back what `like` says is there: groups are entered where it has a group. */
function read(bytes: Uint8Array, start: number, end: number, like: readonly Avp[]): Avp[] {
  let i = 0;
  return [...avpsOf(bytes, start, end)].map((slice) => {
    const model = like[i++];
    return {
      code: slice.code,
      vendor: slice.vendor,
      flags: slice.flags & ~AVP_FLAG.vendor,
      data: Array.isArray(model?.data)
        ? read(bytes, slice.dataStart, slice.dataEnd, model.data)
        : bytes.slice(slice.dataStart, slice.dataEnd),
    };
  });
}

Deno.test("what the builder writes, the walk reads back in the same order, groups within groups too", () => {
  fc.assert(fc.property(fc.array(avps, { maxLength: 8 }), (list) => {
    const bytes = write(new MessageBuilder(HEADER), list).finish();
    assertEquals(bytes.length % 4, 0);
    assertEquals(readHeader(bytes), { version: 1, length: bytes.length, ...HEADER });
    assertEquals(read(bytes, HEADER_LENGTH, bytes.length, list), list);
  }));
});

Deno.test("a Device-Watchdog-Request is written byte by byte", () => {
  const bytes = new MessageBuilder(HEADER).text(264, "a.b").unsigned32(278, 0xffffffff).finish();
  // deno-fmt-ignore
  assertEquals([...bytes], [
    1, 0, 0, 44,  0x80, 0, 1, 24,  0, 0, 0, 0,  0, 0, 0, 1,  255, 255, 255, 254,
    0, 0, 1, 8,  0x40, 0, 0, 11,  0x61, 0x2e, 0x62, 0,
    0, 0, 1, 22,  0x40, 0, 0, 12,  255, 255, 255, 255,
  ]);
});

Deno.test("padding is zero and stands after the length", () => {
  for (let length = 0; length < 9; length++) {
    const bytes = new MessageBuilder(HEADER).octets(1, new Uint8Array(length).fill(0xff)).finish();
    assertEquals(bytes[27], 8 + length);
    assertEquals(bytes.length, 28 + padded(length));
    assertEquals([...bytes.subarray(28 + length)], new Array(padded(length) - length).fill(0));
  }
});

Deno.test("text is written as UTF-8", () => {
  const bytes = new MessageBuilder(HEADER).text(281, "é", { flags: 0 }).finish();
  assertEquals([...bytes.subarray(24)], [0, 0, 0, 10, 0xc3, 0xa9, 0, 0]);
});

Deno.test("whole AVPs are copied as they are", () => {
  const avp = new MessageBuilder(HEADER).text(264, "abc").finish().subarray(HEADER_LENGTH);
  const bytes = new MessageBuilder(HEADER).group(279, (group) => group.raw(avp)).raw(avp).finish();
  assertEquals(bytes.subarray(28, 40), avp);
  assertEquals(bytes.subarray(40), avp);
  assertEquals(bytes[27], 20);
});

Deno.test("a message longer than its length field can say is refused", () => {
  const builder = new MessageBuilder(HEADER);
  const half = new Uint8Array(0x800000);
  builder.octets(1, half);
  assertEquals(builder.finish().length, 0x80001c);
  builder.octets(1, half);
  assertThrows(() => builder.finish(), RangeError, "command 280");
});
