import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import {
  addressOctets,
  type Capabilities,
  capabilitiesAnswer,
  capabilitiesRequest,
  isFault,
  judgeRequest,
  type LocalIdentity,
  readAnswer,
  readCapabilities,
} from "../../../src/diameter/peer/capabilities.ts";
import {
  disconnectCauseOf,
  disconnectRequest,
  peerAnswer,
  watchdogRequest,
} from "../../../src/diameter/peer/peer_messages.ts";
import { type AvpSlice, avpsOf } from "../../../src/diameter/wire/avp.ts";
import { AVP, AVP_FLAG } from "../../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../../src/diameter/wire/command_codes.ts";
import { FLAG, HEADER_LENGTH, readHeader } from "../../../src/diameter/wire/header.ts";
import { shownIdentity } from "../../../src/diameter/wire/identity.ts";
import { MessageBuilder } from "../../../src/diameter/wire/message_builder.ts";
import { RESULT } from "../../../src/diameter/wire/result_codes.ts";

const LOCAL: LocalIdentity = {
  originHost: "gw.example.net",
  originRealm: "example.net",
  productName: "diam-gw",
  vendorId: 42,
  originStateId: 1_700_000_000,
  applications: [],
};
const IDS = { hopByHop: 0x01020304, endToEnd: 0x05060708 };
const S13 = 16777252;
const GX = 16777238;
const RELAY = 0xffffffff;

function avps(message: Uint8Array): AvpSlice[] {
  return [...avpsOf(message, HEADER_LENGTH, message.length)];
}

function dataOf(message: Uint8Array, code: number): number[][] {
  return avps(message).filter((avp) => avp.code === code)
    .map((avp) => [...message.subarray(avp.dataStart, avp.dataEnd)]);
}

function read(message: Uint8Array): Capabilities {
  const capabilities = readCapabilities(message, 0, message.length);
  assert(!isFault(capabilities), isFault(capabilities) ? capabilities.reason : "");
  return capabilities;
}

/** A CER that lacks, or has, what a test wants. */
function cer(without: readonly number[] = [], more: (builder: MessageBuilder) => void = () => {}): Uint8Array {
  const builder = new MessageBuilder({
    flags: FLAG.request,
    command: COMMAND.capabilitiesExchange,
    application: 0,
    ...IDS,
  });
  const add = (code: number, write: () => void) => {
    if (!without.includes(code)) write();
  };
  add(AVP.originHost, () => builder.text(AVP.originHost, "app.example.net"));
  add(AVP.originRealm, () => builder.text(AVP.originRealm, "example.net"));
  add(AVP.hostIpAddress, () => builder.octets(AVP.hostIpAddress, new Uint8Array([0, 1, 10, 0, 0, 1])));
  add(AVP.vendorId, () => builder.unsigned32(AVP.vendorId, 99));
  add(AVP.productName, () => builder.text(AVP.productName, "app", { flags: 0 }));
  more(builder);
  return builder.finish();
}

Deno.test("C2 C3 C8 C9 F11 a CER says who we are: its AVPs, in the order of the grammar", () => {
  const message = capabilitiesRequest(LOCAL, "192.0.2.7", IDS);
  assertEquals(readHeader(message), {
    version: 1,
    length: message.length,
    flags: FLAG.request,
    command: COMMAND.capabilitiesExchange,
    application: 0,
    ...IDS,
  });
  assertEquals(avps(message).map((avp) => avp.code), [
    AVP.originHost,
    AVP.originRealm,
    AVP.hostIpAddress,
    AVP.vendorId,
    AVP.productName,
    AVP.originStateId,
    AVP.supportedVendorId,
    AVP.authApplicationId,
  ]);
  assertEquals(dataOf(message, AVP.hostIpAddress), [[0, 1, 192, 0, 2, 7]]);
  assertEquals(dataOf(message, AVP.vendorId), [[0, 0, 0, 42]]);
  assertEquals(dataOf(message, AVP.supportedVendorId), [[0, 0, 0x28, 0xaf]]);
  assertEquals(dataOf(message, AVP.inbandSecurityId), []);
});

Deno.test("C3 Product-Name and Error-Message never have the M flag", () => {
  const refusal = capabilitiesAnswer(LOCAL, "192.0.2.7", { ...IDS, flags: FLAG.request }, {
    resultCode: 5010,
    reason: "no",
  });
  for (const message of [capabilitiesRequest(LOCAL, "192.0.2.7", IDS), refusal]) {
    for (const avp of avps(message)) {
      const forbidden = avp.code === AVP.productName || avp.code === AVP.errorMessage;
      assertEquals((avp.flags & AVP_FLAG.mandatory) === 0, forbidden, `AVP ${avp.code}`);
    }
  }
});

Deno.test("C9 F11 a CEA copies both ids and the P flag, and says the same of us", () => {
  for (const flags of [FLAG.request, FLAG.request | FLAG.proxiable]) {
    const message = capabilitiesAnswer(LOCAL, "::1", { ...IDS, flags });
    const header = readHeader(message);
    assertEquals(header.flags, flags & FLAG.proxiable);
    assertEquals([header.hopByHop, header.endToEnd], [IDS.hopByHop, IDS.endToEnd]);
    const capabilities = read(message);
    assertEquals(capabilities.resultCode, RESULT.success);
    assertEquals(capabilities.originStateId, LOCAL.originStateId);
    assertEquals(capabilities.applications.list(), [RELAY]);
  }
});

Deno.test("R13 applications that are configured are advertised as they must be: by vendor, for authentication or accounting", () => {
  const message = capabilitiesRequest(
    {
      ...LOCAL,
      applications: [{ id: S13, vendor: 10415 }, { id: 4 }, { id: 3, accounting: true }],
    },
    "192.0.2.7",
    IDS,
  );
  assertEquals(dataOf(message, AVP.vendorSpecificApplicationId), [[
    ...[0, 0, 1, 10, 0x40, 0, 0, 12, 0, 0, 0x28, 0xaf],
    ...[0, 0, 1, 2, 0x40, 0, 0, 12, 1, 0, 0, 0x24],
  ]]);
  assertEquals(dataOf(message, AVP.authApplicationId), [[0, 0, 0, 4]]);
  assertEquals(dataOf(message, AVP.acctApplicationId), [[0, 0, 0, 3]]);
  assertEquals(read(message).applications.list(), [3, 4, S13]);
});

Deno.test("C8 every vendor of the applications is a Supported-Vendor-Id, once, and 0 never is", () => {
  const vendorsOf = (applications: LocalIdentity["applications"]) =>
    dataOf(capabilitiesRequest({ ...LOCAL, applications }, "192.0.2.7", IDS), AVP.supportedVendorId)
      .map(([, , high, low]) => high! * 256 + low!);
  const s13 = { id: S13, vendor: 10415 };
  assertEquals(vendorsOf([s13, { id: GX, vendor: 10415 }, { id: 16777231, vendor: 13019 }, { id: 4 }]), [10415, 13019]);
  assertEquals(vendorsOf([{ id: 16777231, vendor: 13019 }, { id: 4, vendor: 0 }]), [13019]);
  assertEquals(vendorsOf([]), [10415]);
  assertEquals(vendorsOf([{ id: 4 }]), [10415]);
});

Deno.test("R13 what was advertised is read with its vendor, and whether it is for accounting", () => {
  const applications = [{ id: RELAY }, { id: S13, vendor: 10415 }, { id: 3, accounting: true }];
  const { applications: heard } = read(capabilitiesRequest({ ...LOCAL, applications }, "192.0.2.7", IDS));
  assertEquals(heard.text, "Relay, 16777252 of vendor 10415, 3 for accounting");
  assertEquals(heard.advertised[1], { id: S13, vendor: 10415, accounting: false });
});

Deno.test("R13 with none configured, Relay is advertised", () => {
  assertEquals(read(capabilitiesRequest(LOCAL, "192.0.2.7", IDS)).applications.list(), [RELAY]);
});

for (
  const [code, name, length] of [
    [AVP.originHost, "Origin-Host", 0],
    [AVP.originRealm, "Origin-Realm", 0],
    [AVP.hostIpAddress, "Host-IP-Address", 6],
    [AVP.vendorId, "Vendor-Id", 4],
    [AVP.productName, "Product-Name", 0],
  ] as const
) {
  Deno.test(`C3 a CER without ${name} is refused with 5005 and an example of it`, () => {
    const message = cer([code]);
    const fault = readCapabilities(message, 0, message.length);
    assert(isFault(fault));
    assertEquals(fault.resultCode, RESULT.missingAvp);
    assertStringIncludes(fault.reason, name);
    const view = new DataView(fault.failedAvp!.buffer);
    assertEquals(view.getUint32(0), code);
    assertEquals(view.getUint32(4) & 0xffffff, 8 + length);
    assertEquals(fault.failedAvp!.length, (8 + length + 3) & ~3);
  });
}

Deno.test("C3 the CEA to a CER that lacks an AVP carries it in Failed-AVP", () => {
  const message = cer([AVP.vendorId]);
  const fault = readCapabilities(message, 0, message.length);
  assert(isFault(fault));
  const answer = capabilitiesAnswer(LOCAL, "192.0.2.7", { ...IDS, flags: FLAG.request }, fault);
  assertEquals(dataOf(answer, AVP.failedAvp), [[...fault.failedAvp!]]);
  assertEquals(readHeader(answer).flags & FLAG.error, 0, "5005 is no protocol error");
});

Deno.test("C3 whatever bytes a CER carries, reading it ends in capabilities or in a fault", () => {
  const base = cer();
  fc.assert(
    fc.property(fc.nat({ max: base.length - 1 }), fc.nat({ max: 255 }), fc.nat({ max: base.length }), (at, to, end) => {
      const message = Uint8Array.from(base);
      message[at] = to;
      const length = Math.max(HEADER_LENGTH, end);
      const result = readCapabilities(message, 0, length);
      assert(isFault(result) ? [5004, 5005, 5014].includes(result.resultCode) : result.originHost !== "");
    }),
  );
});

Deno.test("C3 an AVP with an impossible length is refused with 5014", () => {
  const message = cer([], (builder) => builder.raw(new Uint8Array([0, 0, 1, 8, 0x40, 0, 0, 7])));
  const fault = readCapabilities(message, 0, message.length);
  assert(isFault(fault));
  assertEquals(fault.resultCode, RESULT.invalidAvpLength);
});

Deno.test("C4 no common application is 5010; Relay on either side is common", () => {
  const s13 = { ...LOCAL, applications: [{ id: S13, vendor: 10415 }] };
  const cases = [
    { peer: GX, local: s13, code: RESULT.noCommonApplication },
    { peer: S13, local: s13, code: undefined },
    { peer: RELAY, local: s13, code: undefined },
    { peer: GX, local: LOCAL, code: undefined },
  ];
  for (const { peer, local, code } of cases) {
    const capabilities = read(cer([], (builder) => builder.unsigned32(AVP.authApplicationId, peer)));
    assertEquals(judgeRequest(capabilities, local, false)?.resultCode, code, `${peer}`);
  }
});

Deno.test("C4 Vendor-Id inside Vendor-Specific-Application-Id does not count", () => {
  const withVendor = (vendor: number) =>
    read(
      cer([], (builder) =>
        builder.group(AVP.vendorSpecificApplicationId, (group) =>
          group.unsigned32(AVP.vendorId, vendor).unsigned32(AVP.authApplicationId, S13))),
    );
  const local = { ...LOCAL, applications: [{ id: S13, vendor: 10415 }] };
  assertEquals(judgeRequest(withVendor(10415), local, false), undefined);
  assertEquals(judgeRequest(withVendor(1), local, false), undefined);
  assertEquals(judgeRequest(withVendor(S13), { ...LOCAL, applications: [{ id: GX }] }, false)?.resultCode, 5010);
});

Deno.test("C7 a peer that offers nothing but in-band TLS is refused with 5017, unless the connection has TLS", () => {
  const only = read(
    cer([], (builder) => builder.unsigned32(AVP.authApplicationId, RELAY).unsigned32(AVP.inbandSecurityId, 1)),
  );
  assertEquals(judgeRequest(only, LOCAL, false)?.resultCode, RESULT.noCommonSecurity);
  assertEquals(judgeRequest(only, LOCAL, true), undefined);
  const both = read(
    cer(
      [],
      (builder) =>
        builder.unsigned32(AVP.authApplicationId, RELAY).unsigned32(AVP.inbandSecurityId, 1).unsigned32(
          AVP.inbandSecurityId,
          0,
        ),
    ),
  );
  assertEquals(judgeRequest(both, LOCAL, false), undefined);
});

/** Why the CEA does not open the connection; "" when it does. */
function refusal(cea: Uint8Array, local = LOCAL, expectedHost = ""): string {
  const verdict = readAnswer(cea, 0, cea.length, local, expectedHost);
  return isFault(verdict) ? verdict.reason : "";
}

const DRA: LocalIdentity = { ...LOCAL, originHost: "dra-1.example.net" };

Deno.test("C6 a CEA must come from the configured identity, in any case of its letters", () => {
  const cea = capabilitiesAnswer({ ...LOCAL, originHost: "DRA-1.example.net" }, "192.0.2.7", { ...IDS, flags: 0 });
  assertEquals(refusal(cea), "");
  assertEquals(refusal(cea, LOCAL, "dra-1.EXAMPLE.net"), "");
  assertStringIncludes(refusal(cea, LOCAL, "dra-2.example.net"), "dra-2.example.net");
});

Deno.test("C6 a CEA that refuses says so, with its reason", () => {
  const cea = capabilitiesAnswer(DRA, "192.0.2.7", { ...IDS, flags: 0 }, { resultCode: 3010, reason: "who are you" });
  assertStringIncludes(refusal(cea), "3010 DIAMETER_UNKNOWN_PEER");
  assertStringIncludes(refusal(cea), "who are you");
});

Deno.test("C4 a CEA without a common application does not open the connection", () => {
  const cea = capabilitiesAnswer({ ...DRA, applications: [{ id: GX }] }, "192.0.2.7", { ...IDS, flags: 0 });
  assertStringIncludes(refusal(cea, { ...LOCAL, applications: [{ id: S13 }] }), "no common application");
});

Deno.test("C6 a CEA that refuses in the grammar of an error answer keeps its code and its reason", () => {
  const error = (code: number, more: (builder: MessageBuilder) => void = () => {}) => {
    const builder = new MessageBuilder({
      flags: FLAG.error,
      command: COMMAND.capabilitiesExchange,
      application: 0,
      ...IDS,
    });
    builder.unsigned32(AVP.resultCode, code).text(AVP.originHost, DRA.originHost).text(AVP.originRealm, "example.net");
    more(builder);
    return builder.finish();
  };
  const smallest = Uint8Array.fromHex(
    "0100004c20000101000000000102030405060708" + "0000010c4000000c00000bc2" +
      "0000010840000018647261312e6578616d706c652e6e6574" + "00000128400000136578616d706c652e6e657400",
  );
  for (
    const [cea, reason, code, said] of [
      [smallest, "the CEA refuses with 3010 DIAMETER_UNKNOWN_PEER", 3010, undefined],
      [
        error(5012, (b) => b.text(AVP.errorMessage, "no", { flags: 0 })),
        "the CEA refuses with 5012 DIAMETER_UNABLE_TO_COMPLY (no)",
        5012,
        "no",
      ],
      // Nothing that stands behind the code makes it less of a refusal.
      [
        error(3010, (b) => b.raw(new Uint8Array([0, 0, 1, 1, 0x40, 0, 0, 3]))),
        "the CEA refuses with 3010 DIAMETER_UNKNOWN_PEER",
        3010,
        undefined,
      ],
    ] as const
  ) {
    const verdict = readAnswer(cea, 0, cea.length, LOCAL, "");
    assert(isFault(verdict));
    assertEquals(
      [verdict.reason, verdict.refused, verdict.resultCode, verdict.errorMessage],
      [reason, true, code, said],
    );
  }
});

Deno.test("C3 a CEA that accepts is held to its grammar, and is worth asking for again when it breaks that", () => {
  const message = cer([AVP.hostIpAddress], (builder) => builder.unsigned32(AVP.resultCode, 2001));
  const verdict = readAnswer(message, 0, message.length, LOCAL, "");
  assert(isFault(verdict));
  assertEquals([verdict.reason, verdict.refused], ["the CEA cannot stand: Host-IP-Address is missing", false]);
});

Deno.test("C6 a CEA with our own Origin-Host is refused with a sentence that says so, whatever its result", () => {
  for (const fault of [undefined, { resultCode: 3010, reason: "own" }]) {
    const own = { ...LOCAL, originHost: "GW.example.net" };
    const cea = capabilitiesAnswer(own, "192.0.2.7", { ...IDS, flags: 0 }, fault);
    const verdict = readAnswer(cea, 0, cea.length, LOCAL, "");
    assert(isFault(verdict));
    assertStringIncludes(verdict.reason, "our own Origin-Host, gw.example.net");
    assertEquals(verdict.refused, true);
  }
});

Deno.test("C5 a CER with our own Origin-Host is refused with 3010", () => {
  const own = read(capabilitiesRequest({ ...LOCAL, originHost: "gw.EXAMPLE.net" }, "192.0.2.7", IDS));
  assertEquals(judgeRequest(own, LOCAL, false), {
    resultCode: RESULT.unknownPeer,
    reason: "Origin-Host gw.EXAMPLE.net is this node's own identity",
  });
});

for (const code of [AVP.originHost, AVP.originRealm]) {
  for (const value of ["", "a b", "..", "x".repeat(300), "caf\u00e9"]) {
    Deno.test(`C3 AVP ${code} with ${shownIdentity(value)} is refused with 5004 and the whole AVP`, () => {
      const message = cer([AVP.originHost, AVP.originRealm], (builder) => {
        for (const each of [AVP.originHost, AVP.originRealm]) {
          builder.text(each, each === code ? value : "example.net");
        }
      });
      const fault = readCapabilities(message, 0, message.length);
      assert(isFault(fault));
      assertEquals(fault.resultCode, RESULT.invalidAvpValue);
      const failed = avps(message).find((avp) => avp.code === code)!;
      assertEquals(fault.failedAvp, message.slice(failed.start, (failed.dataEnd + 3) & ~3));
      const answer = capabilitiesAnswer(LOCAL, "192.0.2.7", { ...IDS, flags: FLAG.request }, fault);
      assertEquals(dataOf(answer, AVP.failedAvp), [[...fault.failedAvp!]]);
    });
  }
}

Deno.test("C5 a CEA with a protocol error has the E flag, any other has not", () => {
  for (const [resultCode, error] of [[3010, true], [4003, false], [5010, false], [5012, false]] as const) {
    const answer = capabilitiesAnswer(LOCAL, "192.0.2.7", { ...IDS, flags: FLAG.request }, {
      resultCode,
      reason: "no",
    });
    assertEquals((readHeader(answer).flags & FLAG.error) !== 0, error, `${resultCode}`);
  }
});

const ADDRESSES: readonly (readonly [string, readonly number[]])[] = [
  ["10.1.2.3", [0, 1, 10, 1, 2, 3]],
  ["::ffff:10.1.2.3", [0, 1, 10, 1, 2, 3]],
  ["::1", [0, 2, ...Array<number>(15).fill(0), 1]],
  ["::", [0, 2, ...Array<number>(16).fill(0)]],
  ["2001:db8::ff00:42:8329", [0, 2, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0x42, 0x83, 0x29]],
  ["fe80::1%eth0", [0, 2, 0xfe, 0x80, ...Array<number>(13).fill(0), 1]],
  ["1:2:3:4:5:6:7:8", [0, 2, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
];
for (const [text, octets] of ADDRESSES) {
  Deno.test(`C3 Host-IP-Address of ${text} is its family and its octets`, () => {
    assertEquals([...addressOctets(text)], octets);
  });
}

Deno.test("C9 F11 X1 DWR, DWA, DPR and DPA carry the same Origin-State-Id, P clear or copied, application 0", () => {
  const dwr = watchdogRequest(LOCAL, IDS);
  const dpr = disconnectRequest(LOCAL, IDS, 1);
  const messages = [
    dwr,
    dpr,
    peerAnswer(COMMAND.deviceWatchdog, LOCAL, { ...IDS, flags: FLAG.request | FLAG.proxiable }),
    peerAnswer(COMMAND.disconnectPeer, LOCAL, { ...IDS, flags: FLAG.request }),
  ];
  assertEquals(messages.map((message) => readHeader(message).flags), [FLAG.request, FLAG.request, FLAG.proxiable, 0]);
  for (const message of messages) {
    const header = readHeader(message);
    assertEquals([header.application, header.hopByHop, header.endToEnd], [0, IDS.hopByHop, IDS.endToEnd]);
    assertEquals(dataOf(message, AVP.originStateId), [[0x65, 0x53, 0xf1, 0x00]]);
    assertEquals(dataOf(message, AVP.originHost).length, 1);
    assertEquals(dataOf(message, AVP.originRealm).length, 1);
  }
  assertEquals(disconnectCauseOf(dpr, 0, dpr.length), 1);
  assertEquals(disconnectCauseOf(dwr, 0, dwr.length), 0, "none counts as REBOOTING");
});
