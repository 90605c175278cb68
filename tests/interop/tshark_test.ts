import { assertEquals } from "@std/assert";
import { type AvpInputs, type DecodedAvp, decodeMessage, encodeMessage } from "../../src/diameter/wire/codec.ts";
import { formatHex } from "../../src/diameter/wire/data_format.ts";
import type { DataType } from "../../src/diameter/wire/dictionary/data_type.ts";
import type { AvpDefinition } from "../../src/diameter/wire/dictionary/dictionary.ts";
import { standardDictionary } from "../../src/diameter/wire/dictionary/standard.ts";
import { avpFlags } from "../../src/diameter/wire/message_text.ts";
import { interopTest } from "./programs.ts";
import { dissect, dissectText, type SeenAvp, TSHARK } from "./tshark.ts";

/** A value of each data type, and how tshark shows it. */
const SAMPLES: Readonly<Record<DataType, readonly [value: unknown, shown: string]>> = {
  OctetString: ["0x00ff1234", "00ff1234"],
  Integer32: [-5, "-5"],
  Integer64: [-5n, "-5"],
  Unsigned32: [5, "5"],
  Unsigned64: [5n, "5"],
  Float32: [0.5, "0.5"],
  Float64: [0.5, "0.5"],
  Grouped: [{ "Origin-Host": "inner.example.net" }, ""],
  Address: ["10.1.2.3", "10.1.2.3"],
  IPAddress: ["10.1.2.3", "10.1.2.3"],
  Time: ["2024-05-01T12:00:00Z", "May  1, 2024 12:00:00.000000000 UTC"],
  UTF8String: ["some text", "some text"],
  DiameterIdentity: ["host.example.net", "host.example.net"],
  DiameterURI: ["aaa://host.example.net:3868", "aaa://host.example.net:3868"],
  Enumerated: [5, "5"],
  IPFilterRule: ["permit in ip from any to any", "permit in ip from any to any"],
  QoSFilterRule: ["tag", "tag"],
};

/**
 * Octets of AVPs that tshark takes apart further, and would complain about; and how it shows them.
 * By `vendor:code`.
 */
const CONTENTS: Readonly<Record<string, readonly [octets: string, shown: string]>> = {
  "0:79": ["0x0100000501", "0100000501"], // EAP
  "0:97": ["0x004020010db800000000", "2001:db8::/64"],
  "0:462": ["0x0100000501", "0100000501"],
  "0:463": ["0x0100000501", "0100000501"],
  "10415:1407": ["0x00f110", "MCC 1 , MNC 01 "],
  "10415:1677": ["0x00f110", "MCC 1 , MNC 01 "],
};

/** Newer than tshark 4.0: RFC 8506 and Media-Component-Status. */
const TOO_NEW = new Set([659, 660, 661, 662, 663, 664, 665, 666, 667, 668, 669].map((code) => `0:${code}`)).add(
  "10415:549",
);

/**
 * AVPs of TS 29.061 and others that hold parts of other protocols: tshark shows those instead of
 * the octets.
 */
const TAKEN_APART = new Set([
  ...["0:4", "0:95", "0:98"],
  ...[5, 8, 14, 15, 16, 18, 22, 23, 29, 900, 909, 913, 916, 917, 918, 919, 924, 925].map((code) => `10415:${code}`),
  ...[640, 641, 1523, 2820].map((code) => `10415:${code}`),
  ...["0:23", "0:89", "0:102"], // shown as text, which RFC 7155, RFC 4372 and RFC 4072 say that they are not
]);

/** Names that tshark changed to have each one once only, or misspelt. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  "0:50": "Accounting-Multi-Session-Id",
  "0:89": "CUI",
  "10415:607": "3GPP-SIP-Number-Auth-Items",
  "10415:608": "3GPP-SIP-Authentication-Scheme",
  "10415:609": "3GPP-SIP-Authenticate",
  "10415:610": "3GPP-SIP-Authorization",
  "10415:612": "3GPP-SIP-Auth-Data-Item",
  "10415:613": "3GPP-SIP-Item-Number",
  "10415:627": "User-Data-Request-Type-OBSOLETE",
  "10415:652": "Priviledged-Sender-Indication",
  "10415:824": "3GPP-SIP-Method",
  "10415:872": "3GPP-Reporting-Reason",
  "10415:1015": "PDP-Session-operation",
  "10415:1254": "PoC-User-Role-info-Units",
  "10415:1277": "PoC-Session-Initiation-type",
  "10415:1483": "3GPP-Service-Type",
  "10415:2500": "Slg-Location-Type",
  "10415:2548": "Termination-Cause-3GPP",
  "10415:3173": "AdditionalIdentifiers",
};

const SESSION = ["Session-Id", "gw.example.net;1;2"] as const;
const key = ({ vendor, code }: { vendor: number; code: number }) => `${vendor}:${code}`;

/**
 * Every value to be tried of an AVP, and how tshark shows it: all that have a name, else the sample
 * of its type.
 */
function trialsOf(definition: AvpDefinition): [value: unknown, shown: string][] {
  const content = CONTENTS[key(definition)];
  if (content !== undefined) return [[...content]];
  const named = Object.keys(definition.values ?? {});
  if (named.length > 0) return named.map((value) => [Number(value), value]);
  return [[...SAMPLES[definition.type]]];
}

/** The number within `DIAMETER_SUCCESS (2001)`, else the text as it is. */
function shownValue({ value }: SeenAvp): string {
  return /\((-?\d+)\)$/.exec(value)?.[1] ?? value;
}

interopTest("tshark reads every AVP of the dictionary with every named value as we mean it", TSHARK, async () => {
  const trials = [...standardDictionary().avps()].filter((definition) => !TOO_NEW.has(key(definition)))
    .flatMap((definition) => trialsOf(definition).map(([value, shown]) => ({ definition, value, shown })));
  const messages = trials.map(({ definition, value }) =>
    encodeMessage({ command: "CCR", avps: [SESSION, [key(definition), value]] as AvpInputs })
  );
  const seen = await dissect(messages);
  assertEquals(seen.length, trials.length);
  const differences = trials.flatMap(({ definition, shown }, i) => {
    const { avps, complaints } = seen[i]!;
    const avp = avps[1];
    const name = OTHER_NAMES[key(definition)] ?? definition.name;
    const flags = `${definition.vendor === 0 ? "-" : "V"}${definition.mandatory === "M" ? "M" : "-"}-`;
    const isApart = TAKEN_APART.has(key(definition));
    const value = avp === undefined || definition.type === "Grouped" ? "" : shownValue(avp);
    const found = [avp?.code, avp?.name.trim(), avp?.flags, isApart ? "" : value, isApart ? [] : complaints];
    const expected = [definition.code, name, flags, isApart ? "" : shown, []];
    const isGroup = definition.type !== "Grouped" || avps[2]?.value === "inner.example.net";
    return isGroup && JSON.stringify(found) === JSON.stringify(expected) ? [] : [{ found, expected, isGroup }];
  });
  assertEquals(differences, []);
});

const limits: [string, unknown, string][] = [
  ["Rating-Group", 0xffffffff, "4294967295"],
  ["Exponent", -(2 ** 31), "-2147483648"],
  ["Value-Digits", -(2n ** 63n), "-9223372036854775808"],
  ["Value-Digits", 2n ** 63n - 1n, "9223372036854775807"],
  ["CC-Total-Octets", 2n ** 64n - 1n, "18446744073709551615"],
  ["Token-Rate", -1.5, "-1.5"],
  ["Host-IP-Address", "2001:db8::1:0:0:1", "2001:db8::1:0:0:1"],
  ["Framed-IP-Address", "255.255.255.255", "255.255.255.255"],
  ["Error-Message", "zu spät: \u{1f550}", "zu spät: \u{1f550}"],
  ["Event-Timestamp", "1970-01-01T00:00:00Z", "Jan  1, 1970 00:00:00.000000000 UTC"],
  ["Event-Timestamp", "2036-02-07T06:28:15Z", "Feb  7, 2036 06:28:15.000000000 UTC"],
  ["Event-Timestamp", "2040-02-29T23:59:59Z", "Feb 29, 2040 23:59:59.000000000 UTC"],
  ["Class", "0x", ""],
  ["User-Name", "", ""],
];

interopTest("tshark reads values at the limits of their types as we mean them", TSHARK, async () => {
  const seen = await dissect(
    limits.map(([name, value]) => encodeMessage({ command: "CCR", avps: [SESSION, [name, value]] as AvpInputs })),
  );
  assertEquals(
    seen.map(({ avps }, i) => [limits[i]![0], avps[1]?.value]),
    limits.map(([name, , shown]) => [name, shown]),
  );
});

const PLMN = "62f220";
/** Octet strings of which tshark shows what they say, in its words the last line or the value. */
const packed: [string, octets: string, tshark: RegExp][] = [
  ["MSISDN", "0x947121436587f9", /E\.164 number \(MSISDN\): (\S+)/],
  ["GMLC-Number", "0x94712143658709", /E\.164 number \(ISDN\): (\S+)/],
  ["Visited-PLMN-Id", `0x${PLMN}`, /val=(.*)/],
  ["Group-PLMN-Id", "0x130014", /val=(.*)/],
  ...[
    `00${PLMN}12345678`,
    `01${PLMN}12345678`,
    `02${PLMN}123456ff`,
    `80${PLMN}1234`,
    `81${PLMN}01234567`,
    `85${PLMN}123456`,
  ]
    .map((octets): [string, string, RegExp] => ["3GPP-User-Location-Info", `0x${octets}`, /val=(.*)/]),
  [`3GPP-User-Location-Info`, `0x87${PLMN}123456789f`, /val=(.*)/],
  [`3GPP-User-Location-Info`, `0x88${PLMN}123456`, /val=(.*)/],
  ["3GPP-RAT-Type", "0x06", /RAT Type: (EUTRAN)/],
  ["Framed-IPv6-Prefix", "0x004020010db800000000", /val=(.*)/],
];

interopTest("tshark reads what is packed into octets as we do", TSHARK, async () => {
  const messages = packed.map(([name, octets]) =>
    encodeMessage({ command: "CCR", avps: [SESSION, [name, octets]] as AvpInputs })
  );
  const texts = await dissectText(messages);
  for (const [i, [name, octets, pattern]] of packed.entries()) {
    // Names of countries and operators are tshark's own.
    const shown = pattern.exec(texts[i]!.slice(texts[i]!.indexOf(`AVP: ${name}(`)))?.[1]
      ?.replace(/(MCC \d+|MNC \d+)[^,]*/g, "$1");
    assertEquals([octets, decodeMessage(messages[i]!).avps[1]?.reading], [octets, shown]);
  }
});

interopTest("tshark reads time zones as we do", TSHARK, async () => {
  const zones = ["4000", "8a02", "0401", "2200"];
  const messages = zones.map((octets) =>
    encodeMessage({ command: "CCR", avps: [SESSION, ["3GPP-MS-TimeZone", `0x${octets}`]] as AvpInputs })
  );
  const two = (digits: string) => digits.padStart(2, "0");
  assertEquals(
    messages.map((message) => decodeMessage(message).avps[1]?.reading),
    (await dissectText(messages)).map((text) => {
      const [, sign, hours, minutes, saving] =
        /val=Timezone: GMT ([+-]) (\d+) hours (\d+) minutes (No|\+\d hours?) adjustment/.exec(text)!;
      return `GMT${sign}${two(hours!)}:${two(minutes!)}, ${saving!.toLowerCase()} daylight saving`;
    }),
  );
});

/** The AVPs of a decoded message as tshark would list them. */
function flatten(avps: readonly DecodedAvp[]): unknown[] {
  return avps.flatMap((avp) => {
    const value = avp.value instanceof Uint8Array ? formatHex(avp.value) : String(avp.value ?? "");
    const flags = ["V", "M", "P"].map((letter) => avpFlags(avp.flags).includes(letter) ? letter : "-").join("");
    return [[avp.code, flags, value], ...flatten(avp.avps ?? [])];
  });
}

interopTest("tshark and we see the same in whole messages", TSHARK, async () => {
  const identity = { "Origin-Host": "hss.example.net", "Origin-Realm": "example.net" };
  const messages = [
    encodeMessage({
      command: "CER",
      avps: {
        ...identity,
        "Host-IP-Address": ["10.0.0.1", "2001:db8::1"],
        "Vendor-Id": 0,
        "Product-Name": "diam-gw",
        "Supported-Vendor-Id": [10415, 13019],
        "Vendor-Specific-Application-Id": [
          { "Vendor-Id": 10415, "Auth-Application-Id": 16777251 },
          { "Vendor-Id": 10415, "Auth-Application-Id": 16777252 },
        ],
      },
    }),
    encodeMessage({
      command: "ULA",
      avps: {
        "Session-Id": "mme.example.net;1;2",
        "Result-Code": 2001,
        "Auth-Session-State": "NO_STATE_MAINTAINED",
        ...identity,
        "ULA-Flags": 1,
        "Subscription-Data": {
          "MSISDN": "0x4917123456f9",
          "Access-Restriction-Data": 32,
          "Subscriber-Status": "SERVICE_GRANTED",
          "AMBR": { "Max-Requested-Bandwidth-UL": 50000000, "Max-Requested-Bandwidth-DL": 100000000 },
          "APN-Configuration-Profile": {
            "Context-Identifier": 1,
            "All-APN-Configurations-Included-Indicator": 0,
            "APN-Configuration": [
              {
                "Context-Identifier": 1,
                "PDN-Type": "IPv4v6",
                "Service-Selection": "internet",
                "EPS-Subscribed-QoS-Profile": {
                  "QoS-Class-Identifier": 9,
                  "Allocation-Retention-Priority": { "Priority-Level": 8 },
                },
              },
              { "Context-Identifier": 2, "PDN-Type": "IPv4", "Service-Selection": "ims" },
            ],
          },
        },
      },
    }),
    encodeMessage({
      command: "ECA",
      flags: { error: true },
      avps: {
        "Session-Id": "mme.example.net;1;3",
        "Experimental-Result": { "Vendor-Id": 10415, "Experimental-Result-Code": 5422 },
        ...identity,
        "Proxy-Info": [{ "Proxy-Host": "a.example.net", "Proxy-State": "0x01" }, {
          "Proxy-Host": "b.example.net",
          "Proxy-State": "0x0203",
        }],
      },
    }),
  ];
  const seen = await dissect(messages);
  assertEquals(seen.flatMap(({ complaints }) => complaints), []);
  for (const [i, message] of messages.entries()) {
    const decoded = decodeMessage(message);
    assertEquals([seen[i]!.command, seen[i]!.application], [decoded.header.command, decoded.header.application]);
    assertEquals(
      seen[i]!.avps.map((avp) => [avp.code, avp.flags, shownValue(avp)]),
      flatten(decoded.avps) as unknown[][],
    );
  }
});
