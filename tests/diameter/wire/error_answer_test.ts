import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { asciiOf, avpsOf, unsigned32Of } from "../../../src/diameter/wire/avp.ts";
import { AVP } from "../../../src/diameter/wire/avp_codes.ts";
import { errorAnswer, failedAvpAt, missingAvp } from "../../../src/diameter/wire/error_answer.ts";
import { FLAG, HEADER_LENGTH, readHeader, viewOf } from "../../../src/diameter/wire/header.ts";
import { MessageBuilder } from "../../../src/diameter/wire/message_builder.ts";
import { minimumDataLength } from "../../../src/diameter/wire/minimum_data.ts";
import { avpOfVendorZero } from "../../support/raw_message.ts";

const HEADER = { flags: 0xc0, command: 324, application: 16777252, hopByHop: 0xfedcba98, endToEnd: 0 };
const GATEWAY = { originHost: "gw.example.net", originRealm: "example.net" };

const avpsIn = (message: Uint8Array) => [...avpsOf(message, HEADER_LENGTH, message.length)];
const codes = (message: Uint8Array) => avpsIn(message).map((avp) => avp.code);
const answerTo = (request: Uint8Array, resultCode = 3002, rest = {}) =>
  errorAnswer(request, 0, request.length, { ...GATEWAY, resultCode, ...rest });

Deno.test("an error answer carries its AVPs in the order of the standard", () => {
  const request = new MessageBuilder(HEADER)
    .group(AVP.proxyInfo, (p) => p.text(AVP.proxyHost, "p1.net").octets(AVP.proxyState, new Uint8Array([1])))
    .text(AVP.originHost, "mme").text(AVP.sessionId, "mme;1;2").text(AVP.routeRecord, "mme")
    .text(AVP.destinationRealm, "example.net")
    .group(AVP.proxyInfo, (p) => p.text(AVP.proxyHost, "p2").octets(AVP.proxyState, new Uint8Array([2])))
    .finish();
  const answer = answerTo(request, 5014, {
    originStateId: 7,
    message: "too long",
    failedAvp: missingAvp(AVP.vendorId),
  });
  assertEquals(codes(answer), [263, 264, 296, 268, 278, 281, 294, 279, 284, 284]);
  const [session, host, realm, result, state, message, reporter, failed, first, second] = avpsIn(answer);
  const text = (avp: typeof session) => asciiOf(answer, avp!);
  assertEquals([session, host, realm, message, reporter].map(text), [
    "mme;1;2",
    "gw.example.net",
    "example.net",
    "too long",
    "gw.example.net",
  ]);
  assertEquals([unsigned32Of(answer, result!), unsigned32Of(answer, state!)], [5014, 7]);
  assertEquals([message!.flags, reporter!.flags, failed!.flags], [0, 0, 0x40]);
  const proxies = avpsIn(request).filter((avp) => avp.code === AVP.proxyInfo);
  for (const [echoed, original] of [[first!, proxies[0]!], [second!, proxies[1]!]] as const) {
    assertEquals(
      answer.slice(echoed.start, echoed.dataEnd),
      request.slice(original.start, original.dataEnd),
    );
  }
});

Deno.test("A5 Session-Id and Proxy-Info with the V flag and Vendor-Id 0 are in the answer", () => {
  const proxyInfo = avpOfVendorZero(AVP.proxyInfo, new Uint8Array([0, 0, 1, 24, 0x40, 0, 0, 10, 0x70, 0x31, 0, 0]));
  const request = new MessageBuilder(HEADER).raw(avpOfVendorZero(AVP.sessionId, "mme;1;2")).raw(proxyInfo).finish();
  const answer = answerTo(request);
  assertEquals(codes(answer), [263, 264, 296, 268, 294, 284]);
  const [session] = avpsIn(answer);
  assertEquals([session!.flags, session!.vendor, asciiOf(answer, session!)], [0x40, 0, "mme;1;2"]);
  assertEquals(answer.slice(-proxyInfo.length), proxyInfo);
});

Deno.test("what a request does not have, its answer does not have", () => {
  assertEquals(codes(answerTo(new MessageBuilder(HEADER).finish())), [264, 296, 268, 294]);
});

Deno.test("padding of an echoed Proxy-Info is echoed with it", () => {
  const request = new MessageBuilder(HEADER).octets(AVP.proxyInfo, new Uint8Array([1, 2, 3, 4, 5])).finish();
  request.fill(0xaa, request.length - 3);
  const answer = answerTo(request);
  assertEquals(answer.slice(-16), request.slice(-16));
});

Deno.test("the second Session-Id is not echoed, and neither is a vendor's AVP of the same code (A5)", () => {
  const request = new MessageBuilder(HEADER)
    .text(AVP.sessionId, "vendor", { vendor: 10415 }).text(AVP.proxyInfo, "vendor", { vendor: 10415 })
    .text(AVP.sessionId, "one").text(AVP.sessionId, "two").finish();
  const answer = answerTo(request);
  assertEquals(codes(answer), [263, 264, 296, 268, 294]);
  assertEquals(asciiOf(answer, avpsIn(answer)[0]!), "one");
});

Deno.test("AVPs before a broken one are still echoed", () => {
  const request = new MessageBuilder(HEADER).text(AVP.sessionId, "abcd").unsigned32(1, 1).finish();
  request[20 + 12 + 7] = 3;
  assertEquals(codes(answerTo(request)), [263, 264, 296, 268, 294]);
});

Deno.test("only the bytes of the request are looked at", () => {
  const request = new MessageBuilder(HEADER).text(AVP.sessionId, "in").finish();
  const after = new MessageBuilder(HEADER).text(AVP.sessionId, "out").finish().subarray(HEADER_LENGTH);
  const bytes = new Uint8Array([9, 9, 9, 9, ...new MessageBuilder(HEADER).finish(), ...after]);
  assertEquals(codes(errorAnswer(bytes, 4, 24, { ...GATEWAY, resultCode: 3002 })), [264, 296, 268, 294]);
  assertEquals(codes(answerTo(request))[0], 263);
});

Deno.test("the answer has the command, application, identifiers and P flag of the request; E set, R and T clear", () => {
  const header = fc.record({
    flags: fc.integer({ min: 0x80, max: 0xff }),
    command: fc.integer({ min: 0, max: 0xffffff }),
    application: fc.integer({ min: 0, max: 0xffffffff }),
    hopByHop: fc.integer({ min: 0, max: 0xffffffff }),
    endToEnd: fc.integer({ min: 0, max: 0xffffffff }),
  });
  fc.assert(fc.property(header, fc.boolean(), (header, errorFlag) => {
    const answer = answerTo(new MessageBuilder(header).finish(), 3002, { errorFlag });
    assertEquals(readHeader(answer), {
      ...header,
      version: 1,
      length: answer.length,
      flags: (header.flags & FLAG.proxiable) | (errorFlag ? FLAG.error : 0),
    });
  }));
});

Deno.test("any request gets an answer that can be walked", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 20, maxLength: 160 }), (request) => {
    const end = request.length & ~3;
    const answer = errorAnswer(request, 0, end, { ...GATEWAY, resultCode: 5014 });
    assertEquals(readHeader(answer).length, answer.length);
    assert(codes(answer).includes(AVP.resultCode));
  }));
});

// deno-fmt-ignore
const failed: { name: string; bytes: number[]; expected: number[] }[] = [
  { name: "an unknown AVP is its header", bytes: [0, 0, 0xff, 0, 0x40, 0, 0xff, 0xff, 1, 2, 3, 4],
    expected: [0, 0, 0xff, 0, 0x40, 0, 0, 8] },
  { name: "an AVP of four octets is filled with zeros", bytes: [0, 0, 1, 10, 0x40, 0, 0, 3, 1, 2, 3, 4],
    expected: [0, 0, 1, 10, 0x40, 0, 0, 12, 0, 0, 0, 0] },
  { name: "an Address is filled with zeros and padded", bytes: [0, 0, 1, 1, 0x40, 0, 0, 99, 1],
    expected: [0, 0, 1, 1, 0x40, 0, 0, 14, 0, 0, 0, 0, 0, 0, 0, 0] },
  { name: "a string is its header", bytes: [0, 0, 1, 7, 0x40, 0, 0, 0],
    expected: [0, 0, 1, 7, 0x40, 0, 0, 8] },
  { name: "a vendor's AVP is its header", bytes: [0, 0, 1, 10, 0xc0, 0, 0, 8, 0, 0, 0x28, 0xaf, 1, 2, 3, 4],
    expected: [0, 0, 1, 10, 0xc0, 0, 0, 12, 0, 0, 0x28, 0xaf] },
  { name: "a vendor's AVP cut off in its header is padded to twelve octets", bytes: [0, 0, 5, 122, 0xc0, 0, 0, 12, 0, 0],
    expected: [0, 0, 5, 122, 0xc0, 0, 0, 12, 0, 0, 0, 0] },
  { name: "a code alone is padded to a header", bytes: [0, 0, 0xff, 0],
    expected: [0, 0, 0xff, 0, 0, 0, 0, 8] },
  { name: "the beginning of a code is padded to a header", bytes: [0, 0],
    expected: [0, 0, 0, 0, 0, 0, 0, 8] },
];
for (const { name, bytes, expected } of failed) {
  Deno.test(`in Failed-AVP ${name} (A3)`, () => {
    const before = [7, 7, 7, 7];
    const message = new Uint8Array([...before, ...bytes, 0xee, 0xee]);
    assertEquals([...failedAvpAt(message, 4, 4 + bytes.length)], expected);
  });
}

Deno.test("Failed-AVP can be walked whatever is broken", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (bytes) => {
    const failed = failedAvpAt(bytes, 0, bytes.length);
    assertEquals(failed.length % 4, 0);
    assertEquals([...avpsOf(failed, 0, failed.length)].length, 1);
  }));
});

Deno.test("a missing AVP is its header and zeros of the smallest size of its type", () => {
  assertEquals([...missingAvp(AVP.originHost)], [0, 0, 1, 8, 0x40, 0, 0, 8]);
  assertEquals([...missingAvp(AVP.originHost, 1)], [0, 0, 1, 8, 0x40, 0, 0, 9, 0, 0, 0, 0]);
  assertEquals(viewOf(missingAvp(AVP.hostIpAddress)).getUint32(4) & 0xffffff, 14);
  assertEquals([266, 257, 264, 260, 65000].map((code) => minimumDataLength(code, 0)), [4, 6, 0, 0, 0]);
  assertEquals(minimumDataLength(266, 10415), 0);
});
