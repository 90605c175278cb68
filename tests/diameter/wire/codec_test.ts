import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type AvpInputs,
  type DecodedAvp,
  decodeMessage,
  EncodeError,
  encodeMessage,
} from "../../../src/diameter/wire/codec.ts";
import { standardDictionary } from "../../../src/diameter/wire/dictionary/standard.ts";
import { FLAG, readHeader } from "../../../src/diameter/wire/header.ts";
import { MessageBuilder } from "../../../src/diameter/wire/message_builder.ts";

const HEADER = { flags: 0xc0, command: 324, application: 16777252, hopByHop: 1, endToEnd: 2 };

/** Names, values and groups alone. */
function outline(avps: readonly DecodedAvp[]): unknown[] {
  return avps.map((avp) => [
    avp.name ?? `${avp.vendor}:${avp.code}`,
    avp.error?.reason ?? (avp.avps ? outline(avp.avps) : avp.valueName ?? avp.value ?? avp.raw),
  ]);
}

Deno.test("a request is decoded with the names of everything in it", () => {
  const bytes = encodeMessage({
    command: "ECR",
    hopByHop: 0x80000001,
    endToEnd: 7,
    avps: {
      "Session-Id": "mme;1;2",
      "Vendor-Specific-Application-Id": { "Vendor-Id": 10415, "Auth-Application-Id": 16777252 },
      "Auth-Session-State": "NO_STATE_MAINTAINED",
      "Terminal-Information": { "IMEI": "35209900176148", "Software-Version": "01" },
    },
  });
  const message = decodeMessage(bytes);
  assertEquals(message.header, {
    version: 1,
    length: bytes.length,
    flags: FLAG.request | FLAG.proxiable,
    command: 324,
    application: 16777252,
    hopByHop: 0x80000001,
    endToEnd: 7,
  });
  assertEquals(
    [message.name, message.abbreviation, message.applicationName],
    ["3GPP-ME-Identity-Check-Request", "ECR", "3GPP S13/S13'"],
  );
  assertEquals(outline(message.avps), [
    ["Session-Id", "mme;1;2"],
    ["Vendor-Specific-Application-Id", [["Vendor-Id", "3GPP"], ["Auth-Application-Id", "3GPP S13/S13'"]]],
    ["Auth-Session-State", "NO_STATE_MAINTAINED"],
    ["Terminal-Information", [["IMEI", "35209900176148"], ["Software-Version", "01"]]],
  ]);
  assertEquals(message.problems, []);
  const terminal = message.avps[3]!;
  assertEquals([terminal.code, terminal.vendor, terminal.flags, terminal.type], [1401, 10415, 0xc0, "Grouped"]);
  assertEquals(terminal.avps![0]!.offset, terminal.offset + 12);
});

Deno.test("result codes are named, those of a vendor by the Vendor-Id beside them", () => {
  const bytes = encodeMessage({
    command: "ECA",
    avps: [
      ["Result-Code", 5012],
      ["Experimental-Result", { "Vendor-Id": 10415, "Experimental-Result-Code": 5422 }],
      ["Experimental-Result", { "Vendor-Id": 9, "Experimental-Result-Code": 5422 }],
      ["Experimental-Result", { "Experimental-Result-Code": 5422 }],
    ],
  });
  assertEquals(outline(decodeMessage(bytes).avps), [
    ["Result-Code", "DIAMETER_UNABLE_TO_COMPLY"],
    ["Experimental-Result", [["Vendor-Id", "3GPP"], ["Experimental-Result-Code", "DIAMETER_ERROR_EQUIPMENT_UNKNOWN"]]],
    ["Experimental-Result", [["Vendor-Id", "Cisco"], ["Experimental-Result-Code", 5422]]],
    ["Experimental-Result", [["Experimental-Result-Code", 5422]]],
  ]);
});

Deno.test("what the dictionary does not have keeps its numbers and bytes", () => {
  const bytes = new MessageBuilder({ ...HEADER, flags: 0, command: 999, application: 5555 })
    .octets(77777, new Uint8Array([1, 2])).octets(264, new Uint8Array([3]), { vendor: 4242 }).finish();
  const message = decodeMessage(bytes);
  assertEquals([message.name, message.abbreviation, message.applicationName], [
    "Command-999-Answer",
    undefined,
    undefined,
  ]);
  assertEquals(outline(message.avps), [["0:77777", new Uint8Array([1, 2])], ["4242:264", new Uint8Array([3])]]);
  assertEquals(message.problems, []);
});

Deno.test("a malformed AVP is marked and hides no other", () => {
  const bytes = new MessageBuilder(HEADER)
    .octets(268, new Uint8Array(3))
    .group(
      1401,
      (group) => group.octets(1402, new Uint8Array([0xff]), { vendor: 10415 }).text(1403, "01", { vendor: 10415 }),
      {
        vendor: 10415,
      },
    )
    .text(264, "mme").finish();
  const message = decodeMessage(bytes);
  assertEquals(outline(message.avps), [
    ["Result-Code", "Unsigned32 takes 4 bytes, got 3"],
    ["Terminal-Information", [["IMEI", "the bytes are not UTF-8"], ["Software-Version", "01"]]],
    ["Origin-Host", "mme"],
  ]);
  assertEquals(message.problems.map((problem) => problem.message), [
    "Cannot decode AVP Result-Code (268) at byte 20: Unsigned32 takes 4 bytes, got 3",
    "Cannot decode AVP IMEI (1402) at byte 44: the bytes are not UTF-8",
  ]);
});

Deno.test("an impossible length ends its own group only", () => {
  const bytes = new MessageBuilder(HEADER)
    .group(1401, (group) => group.text(1403, "01", { vendor: 10415 }).text(1402, "1234", { vendor: 10415 }), {
      vendor: 10415,
    })
    .text(264, "mme").finish();
  bytes[20 + 12 + 16 + 7] = 99;
  const message = decodeMessage(bytes);
  assertEquals(outline(message.avps), [
    ["Terminal-Information", [
      ["Software-Version", "01"],
      ["IMEI", "length 99 reaches past the end, 16 bytes are left"],
    ]],
    ["Origin-Host", "mme"],
  ]);
  assertEquals(message.avps[0]!.avps![1]!.raw, new TextEncoder().encode("1234"));
  assertEquals(message.problems.map(({ offset }) => offset), [48]);
});

Deno.test("an impossible length of a vendor's AVP is told with its vendor", () => {
  const bytes = new MessageBuilder(HEADER).octets(1, new Uint8Array(4), { vendor: 4242 }).finish();
  bytes[27] = 5;
  assertEquals(
    decodeMessage(bytes).problems[0]?.message,
    "Cannot decode AVP 1 of vendor 4242 at byte 20: length 5 is below 12",
  );
});

Deno.test("a value of unusual form is read, and told apart from what is malformed", () => {
  const bytes = new MessageBuilder(HEADER).text(292, "dra.example.net:3868").text(264, "a b")
    .octets(257, new Uint8Array([10, 0, 0, 1]))
    .group(279, (group) => group.text(292, "no URI")).octets(268, new Uint8Array(3)).finish();
  const message = decodeMessage(bytes);
  assertEquals(message.problems.map(({ message }) => message), [
    "Cannot decode AVP Result-Code (268) at byte 96: Unsigned32 takes 4 bytes, got 3",
  ]);
  assertEquals(message.unusual.map(({ offset, message }) => [offset, message]), [
    [20, 'AVP Redirect-Host (292) at byte 20: expected aaa:// or aaas://, and a host, got "dra.example.net:3868"'],
    [48, 'AVP Origin-Host (264) at byte 48: expected a host or realm name in ASCII, got "a b"'],
  ]);
  assertEquals(message.avps.map(({ value, reading }) => reading ?? value), [
    "dra.example.net:3868",
    "a b",
    "10.0.0.1 (without its address family)",
    undefined,
    undefined,
  ]);
});

Deno.test("what Failed-AVP reports is not a problem of the message that reports it", () => {
  const bytes = new MessageBuilder(HEADER).group(279, (group) => group.octets(268, new Uint8Array())).finish();
  const message = decodeMessage(bytes);
  assertEquals(outline(message.avps), [["Failed-AVP", [["Result-Code", "Unsigned32 takes 4 bytes, got 0"]]]]);
  assertEquals(message.problems, []);
});

const headers: [string, (bytes: Uint8Array) => Uint8Array, string][] = [
  ["another version", (b) => b.with(0, 2), "version 2 is not 1"],
  ["a length below a header", (b) => b.with(3, 8), "length 8 is below 20"],
  ["an odd length", (b) => b.with(3, 31), "length 31 is not a multiple of 4"],
  ["a length beyond the bytes", (b) => b.subarray(0, 28), "length 32 is more than the 28 bytes there are"],
  ["bytes behind the message", (b) => new Uint8Array([...b, 0, 0]), "2 bytes follow the 32 of the message"],
];
for (const [name, change, reason] of headers) {
  Deno.test(`${name} is a problem of the header`, () => {
    const bytes = change(new MessageBuilder(HEADER).text(264, "mme").finish());
    assertEquals(decodeMessage(bytes).problems[0]?.message, `Cannot decode the header at byte 0: ${reason}`);
  });
}

Deno.test("fewer bytes than a header are no message", () => {
  assertThrows(() => decodeMessage(new Uint8Array(19)), RangeError, "it takes 20 bytes, 19 are left");
});

Deno.test("any bytes behind a header are decoded without an exception, and every problem has its place", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (body) => {
      const bytes = new Uint8Array(20 + body.length);
      bytes.set([1, 0, 0, bytes.length]);
      bytes.set(body, 20);
      for (const { offset } of decodeMessage(bytes).problems) assert(offset >= 0 && offset < bytes.length);
    }),
    { numRuns: 500 },
  );
});

Deno.test("a damaged message is decoded without an exception", () => {
  const whole = encodeMessage({
    command: "CCR",
    avps: {
      "Session-Id": "a;1;2",
      "Subscription-Id": [{ "Subscription-Id-Type": 0, "Subscription-Id-Data": "49" }],
      "Service-Information": { "PS-Information": { "3GPP-PDP-Type": 0, "SGSN-Address": "10.0.0.1" } },
    },
  });
  fc.assert(
    fc.property(fc.nat(whole.length - 21), fc.nat(255), fc.nat(40), (at, octet, cut) => {
      const bytes = whole.slice(0, whole.length - cut);
      if (at + 20 < bytes.length) bytes[at + 20] = octet;
      decodeMessage(bytes);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("groups within groups without end do not exhaust the stack", () => {
  const depth = 8000;
  const bytes = new Uint8Array(20 + depth * 8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x01000000 | bytes.length);
  for (let i = 0; i < depth; i++) {
    view.setUint32(20 + 8 * i, 279);
    view.setUint32(24 + 8 * i, 0x40000000 | (8 * (depth - i)));
  }
  let avp = decodeMessage(bytes).avps[0];
  while (avp?.avps !== undefined) avp = avp.avps[0];
  assertEquals([avp?.error, avp?.unusual?.reason], [
    undefined,
    "groups are nested more than 32 deep: what is deeper is not read",
  ]);
});

Deno.test("a repeated AVP is a list, and pairs keep any order", () => {
  const listed = encodeMessage({ command: "CER", avps: { "Supported-Vendor-Id": [10415, 13019], "Vendor-Id": 0 } });
  assertEquals(outline(decodeMessage(listed).avps), [
    ["Supported-Vendor-Id", "3GPP"],
    ["Supported-Vendor-Id", "ETSI"],
    ["Vendor-Id", "IETF"],
  ]);
  const paired = encodeMessage({
    command: "CER",
    avps: [["Supported-Vendor-Id", 10415], ["Vendor-Id", 0], ["Supported-Vendor-Id", 13019], ["Proxy-Info", [
      ["Proxy-State", "b"],
      ["Proxy-Host", "a"],
    ]]],
  });
  assertEquals(outline(decodeMessage(paired).avps), [
    ["Supported-Vendor-Id", "3GPP"],
    ["Vendor-Id", "IETF"],
    ["Supported-Vendor-Id", "ETSI"],
    ["Proxy-Info", [["Proxy-State", new Uint8Array([0x62])], ["Proxy-Host", "a"]]],
  ]);
});

Deno.test("an empty list is no AVP, an empty object an empty group", () => {
  const bytes = encodeMessage({ command: "DWR", avps: { "Proxy-Info": [], "Host-IP-Address": [], "Failed-AVP": {} } });
  assertEquals(outline(decodeMessage(bytes).avps), [["Failed-AVP", []]]);
});

Deno.test("the M flag follows the dictionary", () => {
  const bytes = encodeMessage({
    command: "CER",
    avps: { "Origin-Host": "a", "Product-Name": "b", "DRMP": 1, "UAR-Flags": 0, "IMEI": "1" },
  });
  assertEquals(decodeMessage(bytes).avps.map(({ flags }) => flags), [0x40, 0, 0, 0x80, 0xc0]);
});

const flagCases: [string | number, Record<string, boolean>, number][] = [
  ["ECR", {}, 0xc0],
  ["ECA", {}, 0x40],
  ["3GPP-ME-Identity-Check-Answer", {}, 0x40],
  ["Device-Watchdog", {}, 0x80],
  ["DPA", {}, 0],
  [999, {}, 0xc0],
  ["ECR", { proxiable: false, retransmitted: true }, 0x90],
  ["ECA", { error: true }, 0x60],
  ["ECR", { request: false }, 0x40],
];
for (const [command, flags, expected] of flagCases) {
  Deno.test(`the flags of ${command} with ${JSON.stringify(flags)} are 0x${expected.toString(16)}`, () => {
    assertEquals(readHeader(encodeMessage({ command, flags, avps: {} })).flags, expected);
  });
}

Deno.test("the application is the command's own unless another is named", () => {
  const application = (input: { command: string | number; application?: string | number }) =>
    readHeader(encodeMessage({ ...input, avps: {} })).application;
  assertEquals(application({ command: "ECR" }), 16777252);
  assertEquals(application({ command: "CCR", application: "Gx" }), 16777238);
  assertEquals(application({ command: "CCR", application: 4294967295 }), 4294967295);
  assertEquals(application({ command: 999 }), 0);
  assertEquals(readHeader(encodeMessage({ command: "PUR", application: "S6a", avps: {} })).command, 321);
});

const refused: [string, Parameters<typeof encodeMessage>[0], string, string][] = [
  ["an unknown command", { command: "XXR", avps: {} }, 'unknown command "XXR"', ""],
  ["a command of 25 bits", { command: 2 ** 24, avps: {} }, "expected a whole number 0..16777215", ""],
  ["an unknown application", { command: "ECR", application: "S99", avps: {} }, 'application "S99"', ""],
  [
    "an unknown AVP",
    { command: "ECR", avps: { "Terminal-Information": { "IMEII": "1" } } },
    "Terminal-Information/IMEII",
    "Terminal-Information/IMEII",
  ],
  [
    "a bad value",
    { command: "ECR", avps: { "Auth-Session-State": "MAYBE" } },
    "Cannot encode AVP Auth-Session-State (277): expected one of STATE_MAINTAINED, NO_STATE_MAINTAINED or a number",
    "Auth-Session-State",
  ],
  [
    "a value for a group",
    { command: "ECR", avps: { "Terminal-Information": "1" } },
    "it is a group",
    "Terminal-Information",
  ],
  ["a group for a value", { command: "ECR", avps: { "IMEI": { a: 1 } } }, "expected text, got an object", "IMEI"],
];
for (const [name, input, says, path] of refused) {
  Deno.test(`${name} cannot be encoded`, () => {
    assertEquals(assertThrows(() => encodeMessage(input), EncodeError, says).path, path);
  });
}

Deno.test("every AVP of the dictionary is found again under its name", () => {
  const dictionary = standardDictionary();
  const samples: Record<string, [unknown, unknown]> = {
    OctetString: ["0x00ff", new Uint8Array([0, 255])],
    Integer32: [-5, -5],
    Integer64: [-5n, -5n],
    Unsigned32: [5, 5],
    Unsigned64: [5n, 5n],
    Float32: [0.5, 0.5],
    Float64: [0.5, 0.5],
    Grouped: [{}, undefined],
    Address: ["10.0.0.1", "10.0.0.1"],
    IPAddress: ["10.0.0.1", "10.0.0.1"],
    Time: ["2024-05-01T12:00:00Z", "2024-05-01T12:00:00Z"],
    UTF8String: ["x", "x"],
    DiameterIdentity: ["x", "x"],
    DiameterURI: ["aaa://x", "aaa://x"],
    Enumerated: [5, 5],
    IPFilterRule: ["permit in ip from any to any", "permit in ip from any to any"],
    QoSFilterRule: ["x", "x"],
  };
  for (const { code, vendor, name, type } of dictionary.avps()) {
    const inputs = { [`${vendor}:${code}`]: samples[type]![0] } as AvpInputs;
    const [avp] = decodeMessage(encodeMessage({ command: "DWR", avps: inputs })).avps;
    assertEquals([avp?.name, avp?.value as unknown, avp?.error], [name, samples[type]![1], undefined]);
  }
});
