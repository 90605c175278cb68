import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  bareAddress,
  decodeData,
  encodeData,
  formatHex,
  Malformed,
  parseHex,
  unusualForm,
} from "../../../src/diameter/wire/data_format.ts";
import { DATA_TYPES, type DataType, smallestLength } from "../../../src/diameter/wire/dictionary/data_type.ts";

type Scalar = Exclude<DataType, "Grouped">;
const hex = (digits: string) => parseHex(digits.replaceAll(" ", ""))!;

const cases: [Scalar, unknown, string][] = [
  ["OctetString", new Uint8Array([0, 255]), "00ff"],
  ["Integer32", -2, "fffffffe"],
  ["Integer32", -(2 ** 31), "80000000"],
  ["Unsigned32", 0xfffffffe, "fffffffe"],
  ["Integer64", -2n, "fffffffffffffffe"],
  ["Unsigned64", 0xfffffffffffffffen, "fffffffffffffffe"],
  ["Float32", 1.5, "3fc00000"],
  ["Float64", -0.1, "bfb999999999999a"],
  ["Enumerated", -1, "ffffffff"],
  ["Enumerated", 4, "00000004"],
  ["Time", "2024-03-01T00:00:00Z", "e98b9900"],
  ["Address", "10.0.1.100", "0001 0a000164"],
  ["Address", "2001:db8::1", "0002 20010db8000000000000000000000001"],
  ["Address", { family: 8, octets: new Uint8Array([0x34, 0x39]) }, "0008 3439"],
  ["IPAddress", "10.0.1.100", "0a000164"],
  ["IPAddress", new Uint8Array([1, 2, 3]), "010203"],
  ["UTF8String", "a\u00e9\u{1f600}", "61c3a9f09f9880"],
  ["UTF8String", "\ufeffa", "efbbbf61"],
  ["UTF8String", "a\ufffd", "61efbfbd"],
  ["UTF8String", "", ""],
  ["DiameterIdentity", "gw.example.net", "67772e6578616d706c652e6e6574"],
  ["Address", new Uint8Array([10, 0, 0, 1]), "0a000001"],
  ["DiameterURI", "aaa://a:3868", "6161613a2f2f613a33383638"],
  ["DiameterURI", "AAA://a", "4141413a2f2f61"],
  [
    "DiameterURI",
    "Aaas://a:1;transport=tcp;protocol=diameter",
    formatHex(new TextEncoder().encode("Aaas://a:1;transport=tcp;protocol=diameter")),
  ],
  ["IPFilterRule", "permit in ip from any to any", "7065726d697420696e2069702066726f6d20616e7920746f20616e79"],
  ["QoSFilterRule", "tag", "746167"],
];
for (const [type, value, digits] of cases) {
  Deno.test(`${type} ${JSON.stringify(value, (_, v) => typeof v === "bigint" ? `${v}n` : v)} is ${digits} and back`, () => {
    assertEquals(formatHex(encodeData(type, value)), digits.replaceAll(" ", ""));
    assertEquals(decodeData(type, hex(digits)) as unknown, value);
  });
}

const convenient: [Scalar, unknown, string][] = [
  ["OctetString", "IMEI", "494d4549"],
  ["OctetString", "0xDEADbeef", "deadbeef"],
  ["OctetString", "0x", ""],
  ["Unsigned32", "2001", "000007d1"],
  ["Integer64", 5, "0000000000000005"],
  ["Unsigned64", "18446744073709551615", "ffffffffffffffff"],
  ["Enumerated", "HIGH", "00000001"],
  ["Enumerated", "BELOW", "ffffffff"],
  ["Enumerated", "7", "00000007"],
  ["Unsigned32", "HIGH", "00000001"],
];
for (const [type, value, digits] of convenient) {
  Deno.test(`${type} may be given as ${JSON.stringify(value)}`, () => {
    assertEquals(formatHex(encodeData(type, value, { 0: "LOW", 1: "HIGH", "-1": "BELOW" })), digits);
  });
}

const refusedBytes: [Scalar, string, string][] = [
  ["Unsigned32", "000001", "Unsigned32 takes 4 bytes, got 3"],
  ["Unsigned32", "0000000001", "got 5"],
  ["Integer64", "00000001", "takes 8 bytes, got 4"],
  ["Float64", "00000001", "takes 8 bytes, got 4"],
  ["Enumerated", "", "got 0"],
  ["Time", "00", "got 1"],
  ["UTF8String", "c3", "not UTF-8"],
  ["UTF8String", "eda080", "not UTF-8"],
  ["UTF8String", "efbfbdff", "not UTF-8"],
  ["DiameterIdentity", "c3", "not UTF-8"],
  ["DiameterURI", "c3", "not UTF-8"],
  ["Address", "00", "at least 2 bytes"],
  ["Address", "00010a0001", "Address of family 1 takes 4 bytes behind the family, got 3"],
  ["Address", "000200", "takes 16 bytes"],
];
for (const [type, digits, reason] of refusedBytes) {
  Deno.test(`${type} cannot be 0x${digits}`, () => {
    const value = decodeData(type, hex(digits));
    assert(value instanceof Malformed);
    assertStringIncludes(value.reason, reason);
  });
}

const refusedValues: [Scalar, unknown, string][] = [
  ["Unsigned32", -1, "expected Unsigned32 0..4294967295, got -1"],
  ["Unsigned32", 2 ** 32, "got 4294967296"],
  ["Unsigned32", 1.5, "got 1.5"],
  ["Unsigned32", "one", 'got "one"'],
  ["Integer32", 2 ** 31, "-2147483648..2147483647"],
  ["Integer64", 2 ** 60, "got 1152921504606847000"],
  ["Unsigned64", -1n, "got -1"],
  ["Float32", "1", "expected a number"],
  ["Enumerated", "MIDDLE", "expected one of LOW, HIGH or a number"],
  ["Time", 5, "expected a time such as"],
  ["Address", "10.0.1", "expected an IPv4 or IPv6 address"],
  ["IPAddress", null, "got null"],
  ["UTF8String", 5, "expected text, got 5"],
  ["OctetString", "0x123", "pairs of hexadecimal digits"],
  ["OctetString", 5, "expected bytes or text"],
  ["DiameterIdentity", "a b", "host or realm"],
  ["DiameterIdentity", "", "expected a host or realm name"],
  ["DiameterIdentity", "\u00e9", "in ASCII"],
  ["DiameterURI", "host", "expected aaa:// or aaas://"],
  ["DiameterURI", "http://host", "expected aaa:// or aaas://"],
  ["DiameterURI", "aaa://", "expected aaa:// or aaas://"],
  ["DiameterURI", "aaa://host:0", "expected a port of 1..65535"],
  ["DiameterURI", "aaa://host:65536", "expected a port of 1..65535"],
  ["DiameterURI", "aaas://host:99999;transport=tcp", "expected a port of 1..65535"],
  ["DiameterURI", "aaa://host:", "expected aaa:// or aaas://"],
  ["DiameterURI", "aaa://a b", "expected aaa:// or aaas://"],
];
for (const [type, value, reason] of refusedValues) {
  Deno.test(`${type} cannot be made of ${JSON.stringify(value, (_, v) => typeof v === "bigint" ? `${v}n` : v)}`, () => {
    const error = assertThrows(() => encodeData(type, value, { 0: "LOW", 1: "HIGH" }), Error, reason);
    assert(error instanceof TypeError || error instanceof RangeError);
  });
}

for (
  const [type, value, reason] of refusedValues.filter(([type]) => type === "DiameterURI" || type === "DiameterIdentity")
) {
  Deno.test(`${type} ${JSON.stringify(value)} is read from a message, and called unusual`, () => {
    const octets = new TextEncoder().encode(String(value));
    assertEquals(decodeData(type, octets), String(value));
    assertStringIncludes(unusualForm(type, String(value))!, reason);
  });
}

for (const uri of ["aaa://host", "aaas://host:5658", "AAA://host:65535", "aaa://[2001:db8::1]:3868;transport=sctp"]) {
  Deno.test(`nothing is unusual in ${uri}`, () => {
    assertEquals(unusualForm("DiameterURI", uri), undefined);
  });
}

const addresses: [string, string | undefined][] = [
  ["0a000001", "10.0.0.1"],
  ["00000000", "0.0.0.0"],
  ["20010db8000000000000000000000001", "2001:db8::1"],
  ["00000000000000000000000000000001", "::1"],
  ["00010a000001", undefined],
  ["00083439", undefined],
  ["00083439313731323334353637383930", undefined],
  ["0a0000", undefined],
];
for (const [digits, address] of addresses) {
  Deno.test(`0x${digits} ${address === undefined ? "has its address family" : `is ${address} without its family`}`, () => {
    assertEquals(bareAddress(hex(digits)), address);
  });
}

Deno.test("any bytes are either refused or survive being decoded and encoded", () => {
  const type = fc.constantFrom(...DATA_TYPES.filter((type): type is Scalar => type !== "Grouped"));
  fc.assert(
    fc.property(type, fc.uint8Array({ maxLength: 20 }), (type, octets) => {
      const value = decodeData(type, octets);
      if (value instanceof Malformed) return;
      if (unusualForm(type, value) !== undefined) return;
      // A signalling NaN comes back as a quiet one.
      if (typeof value === "number" && Number.isNaN(value)) return;
      assertEquals(encodeData(type, value), octets);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("zeros of the smallest length are a value of every type that has a fixed one", () => {
  for (const type of DATA_TYPES) {
    const length = smallestLength(type);
    if (type !== "Grouped" && type !== "Address" && length > 0) {
      assert(!(decodeData(type, new Uint8Array(length)) instanceof Malformed));
    }
  }
  assertEquals(smallestLength("Grouped"), 0);
  assertEquals(smallestLength("Address"), 6);
});
