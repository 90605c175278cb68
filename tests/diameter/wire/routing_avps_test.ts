import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { AvpLengthError, avpsOf } from "../../../src/diameter/wire/avp.ts";
import { AVP } from "../../../src/diameter/wire/avp_codes.ts";
import { HEADER_LENGTH, viewOf } from "../../../src/diameter/wire/header.ts";
import { MessageBuilder } from "../../../src/diameter/wire/message_builder.ts";
import { RoutingAvps } from "../../../src/diameter/wire/routing_avps.ts";
import { avpOfVendorZero } from "../../support/raw_message.ts";

/** What one scan finds: the data's offsets, or -1. */
type Found = Record<"session" | "host" | "realm", [number, number] | -1> & { record: number; brokenAt: number };

const reused = new RoutingAvps();

function scan(bytes: Uint8Array, start = 0, end = bytes.length): Found {
  const whole = reused.scan(viewOf(bytes), start, end);
  assertEquals(whole, reused.brokenAt === -1);
  const span = (from: number, to: number): [number, number] | -1 => from < 0 ? -1 : [from, to];
  return {
    session: span(reused.sessionIdStart, reused.sessionIdEnd),
    host: span(reused.destinationHostStart, reused.destinationHostEnd),
    realm: span(reused.destinationRealmStart, reused.destinationRealmEnd),
    record: reused.firstRouteRecord,
    brokenAt: reused.brokenAt,
  };
}

/** The same by the plain walk. */
function model(bytes: Uint8Array, start = 0, end = bytes.length): Found {
  const found: Found = { session: -1, host: -1, realm: -1, record: -1, brokenAt: -1 };
  try {
    for (const avp of avpsOf(bytes, start + HEADER_LENGTH, end)) {
      if (avp.vendor !== 0) continue;
      const span: [number, number] = [avp.dataStart, avp.dataEnd];
      if (avp.code === AVP.sessionId && found.session === -1) found.session = span;
      if (avp.code === AVP.destinationHost && found.host === -1) found.host = span;
      if (avp.code === AVP.destinationRealm && found.realm === -1) found.realm = span;
      if (avp.code === AVP.routeRecord && found.record === -1) found.record = avp.start;
    }
  } catch (error) {
    if (!(error instanceof AvpLengthError)) throw error;
    found.brokenAt = error.offset;
  }
  return found;
}

const HEADER = { flags: 0xc0, command: 324, application: 16777252, hopByHop: 1, endToEnd: 2 };

Deno.test("the routing AVPs of a request are found", () => {
  const bytes = new MessageBuilder(HEADER)
    .text(AVP.sessionId, "s;1;2").text(AVP.originHost, "mme.example.net").text(AVP.destinationHost, "eir")
    .text(AVP.destinationRealm, "example.net").text(AVP.routeRecord, "a").text(AVP.routeRecord, "b").finish();
  assertEquals(scan(bytes), { session: [28, 33], host: [68, 71], realm: [80, 91], record: 92, brokenAt: -1 });
});

Deno.test("the first of several counts", () => {
  const bytes = new MessageBuilder(HEADER).text(AVP.destinationHost, "one").text(AVP.destinationHost, "two").finish();
  assertEquals(scan(bytes).host, [28, 31]);
});

Deno.test("a vendor's AVP with the code of Route-Record is none (A5)", () => {
  const bytes = new MessageBuilder(HEADER)
    .text(AVP.routeRecord, "x", { vendor: 10415 }).text(AVP.destinationHost, "x", { vendor: 1 }).finish();
  assertEquals(scan(bytes), { session: -1, host: -1, realm: -1, record: -1, brokenAt: -1 });
});

Deno.test("A5 an AVP with the V flag and Vendor-Id 0 is that of the IETF, its data behind the longer header", () => {
  const bytes = new MessageBuilder(HEADER)
    .raw(avpOfVendorZero(AVP.sessionId, "s;1"))
    .raw(avpOfVendorZero(AVP.destinationHost, "eir"))
    .raw(avpOfVendorZero(AVP.destinationRealm, "net"))
    .raw(avpOfVendorZero(AVP.routeRecord, "a"))
    .finish();
  assertEquals(scan(bytes), { session: [32, 35], host: [48, 51], realm: [64, 67], record: 68, brokenAt: -1 });
});

Deno.test("nothing of the message before is left over", () => {
  scan(new MessageBuilder(HEADER).text(AVP.sessionId, "s").text(AVP.routeRecord, "r").finish());
  assertEquals(scan(new MessageBuilder(HEADER).finish()), model(new MessageBuilder(HEADER).finish()));
});

Deno.test("the first broken AVP is named (A3)", () => {
  const bytes = new MessageBuilder(HEADER).text(AVP.sessionId, "abcd").unsigned32(AVP.originStateId, 1).finish();
  bytes[20 + 12 + 7] = 0;
  assertEquals(scan(bytes), { session: [28, 32], host: -1, realm: -1, record: -1, brokenAt: 32 });
});

Deno.test("a scan agrees with the plain walk on any bytes", () => {
  const code = fc.constantFrom(263, 293, 283, 282, 264);
  const flags = fc.constantFrom(0, 0x40, 0x40, 0x40, 0xc0);
  const length = fc.oneof({ weight: 6, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(30) });
  const avp = fc.tuple(code, flags, length, fc.uint8Array({ maxLength: 12 })).map(([code, flags, length, data]) => {
    const vendor = (flags & 0x80) === 0 ? [] : data.length % 2 === 0 ? [0, 0, 0x28, 0xaf] : [0, 0, 0, 0];
    const real = 8 + vendor.length + data.length;
    const padding = new Array((4 - real % 4) % 4).fill(0);
    return [0, 0, code >> 8, code & 255, flags, 0, 0, length < 0 ? real : length, ...vendor, ...data, ...padding];
  });
  const message = fc.array(avp, { maxLength: 10 })
    .map((list) => new Uint8Array([...new Array(HEADER_LENGTH).fill(0), ...list.flat()]));
  fc.assert(
    fc.property(fc.oneof(message, fc.uint8Array({ minLength: 20, maxLength: 120 })), fc.nat(5), (bytes, before) => {
      const shifted = new Uint8Array(before + bytes.length + 4);
      shifted.set(bytes, before);
      assertEquals(scan(shifted, before, before + bytes.length), model(shifted, before, before + bytes.length));
    }),
    { numRuns: 1000 },
  );
});
