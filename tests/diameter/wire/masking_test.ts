import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { avpsOf } from "../../../src/diameter/wire/avp.ts";
import { decodeMessage, encodeMessage } from "../../../src/diameter/wire/codec.ts";
import { standardDictionary } from "../../../src/diameter/wire/dictionary/standard.ts";
import { HEADER_LENGTH } from "../../../src/diameter/wire/header.ts";
import { MASKED_AVPS } from "../../../src/diameter/wire/masked_avps.ts";
import { maskSubscriber } from "../../../src/diameter/wire/masking.ts";
import { MessageBuilder } from "../../../src/diameter/wire/message_builder.ts";

const HEADER = { flags: 0xc0, command: 272, application: 4, hopByHop: 1, endToEnd: 2 };
const THREE_GPP = { vendor: 10415 };
/** Digits that must not be seen anywhere. */
const SECRET = "001010123456789";

const latin1 = (bytes: Uint8Array) => [...bytes].map((byte) => String.fromCharCode(byte)).join("");

function mask(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = message.slice();
  maskSubscriber(copy);
  return copy;
}

/** AVPs by name as a person writes them, and what is left of them. */
const CASES: readonly (readonly [what: string, avps: Record<string, unknown>, shown: Record<string, unknown>])[] = [
  ["User-Name", { "User-Name": "imsi@example.com" }, { "User-Name": "****************" }],
  ["IMEI in a group", { "Terminal-Information": { IMEI: "35674108000001", "Software-Version": "01" } }, {
    "Terminal-Information": { IMEI: "**************", "Software-Version": "01" },
  }],
  ["Subscription-Id-Data, its type stays", {
    "Subscription-Id": { "Subscription-Id-Type": 1, "Subscription-Id-Data": SECRET },
  }, { "Subscription-Id": { "Subscription-Id-Type": 1, "Subscription-Id-Data": "***************" } }],
  ["MSISDN", { MSISDN: "0x9471000000f1" }, { MSISDN: "0x000000000000" }],
  ["Calling-Station-Id, the APN stays", { "Calling-Station-Id": "491711234567", "Called-Station-Id": "internet" }, {
    "Calling-Station-Id": "************",
    "Called-Station-Id": "internet",
  }],
  ["External-Identifier", { "External-Identifier": "me@example" }, { "External-Identifier": "**********" }],
  ["addresses, their family stays", {
    "Framed-IP-Address": "10.1.2.3",
    "PDP-Address": ["10.1.2.3", "2001:db8::1"],
    "Host-IP-Address": "10.0.0.1",
  }, {
    "Framed-IP-Address": "0.0.0.0",
    "PDP-Address": ["0.0.0.0", "::"],
    "Host-IP-Address": "10.0.0.1",
  }],
  ["vectors of S6a", {
    "Authentication-Info": {
      "E-UTRAN-Vector": { "Item-Number": 1, RAND: "0x01020304", XRES: "0x05", AUTN: "0x06", KASME: "0x0708" },
    },
  }, {
    "Authentication-Info": {
      "E-UTRAN-Vector": { "Item-Number": 1, RAND: "0x00000000", XRES: "0x00", AUTN: "0x00", KASME: "0x0000" },
    },
  }],
  ["keys of Cx", {
    "SIP-Auth-Data-Item": { "SIP-Authenticate": "0x01", "Confidentiality-Key": "0x02", "Integrity-Key": "0x03" },
  }, {
    "SIP-Auth-Data-Item": { "SIP-Authenticate": "0x00", "Confidentiality-Key": "0x00", "Integrity-Key": "0x00" },
  }],
  ["what an answer complains of", { "Failed-AVP": { "User-Name": "imsi", "Origin-Host": "a.example.com" } }, {
    "Failed-AVP": { "User-Name": "****", "Origin-Host": "a.example.com" },
  }],
  ["filters with addresses in them", {
    "Media-Component-Description": {
      "Media-Component-Number": 1,
      "Media-Sub-Component": { "Flow-Number": 1, "Flow-Description": "permit in ip from 10.1.2.3 to any" },
    },
  }, {
    "Media-Component-Description": {
      "Media-Component-Number": 1,
      "Media-Sub-Component": { "Flow-Number": 1, "Flow-Description": "*********************************" },
    },
  }],
  ["names of nodes stay", { "Session-Id": "a;1;2", "Origin-Host": "a.example.com", "Route-Record": "b.example.com" }, {
    "Session-Id": "a;1;2",
    "Origin-Host": "a.example.com",
    "Route-Record": "b.example.com",
  }],
];

for (const [what, avps, shown] of CASES) {
  Deno.test(`masked: ${what}`, () => {
    const of = (content: Record<string, unknown>) =>
      encodeMessage({ command: "CCR", avps: content as never, hopByHop: 1, endToEnd: 2 });
    const message = of(avps);
    assertEquals(decodeMessage(mask(message)), decodeMessage(of(shown)));
    assertEquals(mask(message).length, message.length);
  });
}

Deno.test("every AVP of the table is made unreadable, alone and within a group that nobody knows, and nothing else is touched", () => {
  for (const { vendor, avps } of MASKED_AVPS) {
    for (const code of Object.keys(avps).map(Number)) {
      const options = vendor === 0 ? {} : { vendor };
      const data = new TextEncoder().encode(SECRET);
      const builder = (content: Uint8Array) =>
        new MessageBuilder(HEADER)
          .text(263, "a;1;2")
          .octets(code, content, options)
          .group(99999, (group) => group.octets(code, content, options).text(264, "a"), { vendor: 4242 })
          .text(264, "a.example.com")
          .finish();
      const text = latin1(mask(builder(data)));
      assert(!text.includes("0101") && !text.includes("6789"), `${vendor}:${code} is seen`);
      // Which bytes changed: the data of the AVP, twice. The first two of an address are its
      // family.
      const [before, after] = [builder(data), mask(builder(data))];
      const changed = before.filter((byte, i) => byte !== after[i]).length;
      assert(changed === 2 * data.length || changed === 2 * (data.length - 2), `${vendor}:${code}: ${changed} bytes`);
    }
  }
});

Deno.test("the table calls each AVP what the dictionary calls it, and none of them is a group", () => {
  for (const { specification, vendor, avps } of MASKED_AVPS) {
    for (const [code, name] of Object.entries(avps)) {
      const known = standardDictionary().avp(Number(code), vendor);
      if (known === undefined) continue; // newer than the dictionary
      assertEquals(known.name, name, specification);
      assert(known.type !== "Grouped", `${name} is a group`);
    }
  }
});

Deno.test("an AVP is told by code and vendor: others of the same number stay", () => {
  const message = new MessageBuilder(HEADER)
    .text(1402, "plain", {})
    .text(1, "plain", { vendor: 9 })
    .text(8, "00101", THREE_GPP) // 3GPP-IMSI-MCC-MNC, not Framed-IP-Address
    .finish();
  assertEquals(mask(message), message);
});

/**
 * An AVP whose header says one length and which carries another one, within what `wrap` makes of
 * it.
 */
function broken(saidLength: number, wrap: (builder: MessageBuilder, avp: Uint8Array) => MessageBuilder): Uint8Array {
  const avp = new Uint8Array(32);
  const view = new DataView(avp.buffer);
  view.setUint32(0, 1);
  view.setUint32(4, 0x40000000 | saidLength);
  new TextEncoder().encodeInto(SECRET, avp.subarray(8));
  return wrap(new MessageBuilder(HEADER).text(264, "a.example.com"), avp).text(296, "example.com").finish();
}

for (const saidLength of [0, 7, 31, 33, 500, 0xffffff]) {
  for (
    const [where, wrap] of [
      ["at the top", (builder: MessageBuilder, avp: Uint8Array) => builder.raw(avp)],
      ["in a Failed-AVP", (builder: MessageBuilder, avp: Uint8Array) => builder.group(279, (group) => group.raw(avp))],
    ] as const
  ) {
    Deno.test(`nothing is seen of a User-Name ${where} whose Length is ${saidLength} instead of 23`, () => {
      const message = broken(saidLength, wrap);
      const text = latin1(mask(message));
      assert(!text.includes("0101") && !text.includes("6789"), text);
      assert(text.includes("a.example.com"), "what came before is seen");
      assertEquals(text.length, message.length);
    });
  }
}

Deno.test("a message that is cut off anywhere shows nothing of what is masked", () => {
  const message = new MessageBuilder(HEADER)
    .text(264, "a.example.com")
    .group(443, (group) => group.unsigned32(450, 1).text(444, SECRET))
    .text(1402, SECRET, THREE_GPP)
    .finish();
  for (let length = 0; length <= message.length; length++) {
    const text = latin1(mask(message.subarray(0, length)));
    assertEquals(text.length, length);
    assert(!text.includes("00101"), `cut to ${length}: ${text}`);
  }
});

Deno.test("groups that are deeper than anyone nests them are unreadable, and the stack is safe", () => {
  let content: Uint8Array = new MessageBuilder(HEADER).text(1, SECRET).finish().subarray(HEADER_LENGTH);
  for (let depth = 0; depth < 20_000; depth++) {
    const next = new Uint8Array(8 + content.length);
    new DataView(next.buffer).setUint32(0, 279);
    new DataView(next.buffer).setUint32(4, 0x40000000 | next.length);
    next.set(content, 8);
    content = next;
  }
  const message = new MessageBuilder(HEADER).raw(content).finish();
  assert(!latin1(mask(message)).includes("0101"));
});

Deno.test("octets that nobody defined and that only look like AVPs for a while stay as they are", () => {
  const data = new Uint8Array([0, 0, 0, 1, 0x40, 0, 0, 12, 65, 66, 67, 68, 9]);
  const message = new MessageBuilder(HEADER).octets(4242, data, { vendor: 4242 }).finish();
  assertEquals(mask(message), message);
});

Deno.test("whatever the bytes are: no error, the header stays, and a message masked twice is masked once", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400, size: "max" }), (bytes) => {
    const once = mask(bytes);
    assertEquals(once.length, bytes.length);
    assertEquals(once.subarray(0, HEADER_LENGTH), bytes.slice(0, HEADER_LENGTH));
    assertEquals(mask(once), once);
  }));
});

Deno.test("what is masked has the same AVPs at the same places", () => {
  const message = encodeMessage({
    command: "CCR",
    avps: {
      "Session-Id": "a;1;2",
      "User-Name": SECRET,
      "Subscription-Id": { "Subscription-Id-Data": SECRET },
    } as never,
    hopByHop: 1,
    endToEnd: 2,
  });
  const places = (bytes: Uint8Array) => [...avpsOf(bytes, HEADER_LENGTH, bytes.length)];
  assertEquals(places(mask(message)), places(message));
});
