/** Items A1 to A7: what a relay does with AVPs. */
import { assert, assertEquals } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { HEADER_LENGTH, readHeader } from "../../src/diameter/wire/header.ts";
import { MessageBuilder } from "../../src/diameter/wire/message_builder.ts";
import { answer, avpOfVendorZero, avpsIn, cea, cer, request } from "../support/raw_message.ts";
import { GATEWAY, stage } from "./stage.ts";

const MANDATORY = 0x40;

/** AVPs that no dictionary knows, out of any order, one of them a group that is no group. */
function strange(builder: MessageBuilder): void {
  builder
    .octets(0xfffffff0, new Uint8Array([1, 2, 3]), { flags: MANDATORY })
    .text(AVP.userName, "user")
    .octets(77, new Uint8Array([9]), { flags: MANDATORY, vendor: 0xffffffff })
    .octets(AVP.failedAvp, new Uint8Array([0xff, 0xff, 0xff]))
    .octets(AVP.proxyInfo, new Uint8Array([1, 2, 3, 4, 5]))
    .text(AVP.userName, "user again")
    .octets(AVP.resultCode, new Uint8Array(7));
}

Deno.test(
  "A1 A2 a request passes with every AVP as it was, in its order, whatever it is",
  stage({}, async (s) => {
    const app = await s.app();
    const bytes = request({ more: strange });
    await app.send(bytes);
    const relayed = await s.dra.nextRequest();
    assertEquals(relayed.bytes.slice(HEADER_LENGTH, bytes.length), bytes.slice(HEADER_LENGTH));
    assertEquals(avpsIn(relayed.bytes, bytes.length).map(({ code }) => code), [AVP.routeRecord]);
    await s.dra.send(answer(relayed));
    await app.nextAnswer();
  }),
);

Deno.test(
  "A1 A2 an answer passes with every AVP as it was, in its order, whatever it is",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request());
    const bytes = answer(await s.dra.nextRequest(), { more: strange });
    await s.dra.send(bytes);
    assertEquals((await app.nextAnswer()).bytes.slice(HEADER_LENGTH), bytes.slice(HEADER_LENGTH));
  }),
);

Deno.test(
  "A2 in mode transparent nothing of a request changes but its hop-by-hop id, and nothing of its answer",
  stage({ gateway: { mode: "transparent" } }, async (s) => {
    const app = await s.app();
    const bytes = request({ flags: 0xcf, more: strange });
    await app.send(bytes);
    const relayed = await s.dra.nextRequest();
    const same = (message: Uint8Array) => [...message.slice(0, 12), ...message.slice(16)];
    assertEquals(same(relayed.bytes), same(bytes));
    const back = answer(relayed, { flags: 0x5f, more: strange });
    await s.dra.send(back);
    const received = await app.nextAnswer();
    assertEquals(same(received.bytes), same(back));
    assertEquals(received.bytes.slice(12, 16), bytes.slice(12, 16));
  }),
);

/** What Failed-AVP must hold: code, flags and the data. */
interface Failed {
  readonly code: number;
  readonly flags: number;
  readonly vendor: number;
  readonly data: number;
}

const BROKEN: readonly { readonly name: string; readonly raw: readonly number[]; readonly failed: Failed }[] = [
  { name: "length 0", raw: [0, 0, 1, 12, 0x40, 0, 0, 0], failed: { code: 268, flags: 0x40, vendor: 0, data: 4 } },
  { name: "length 7", raw: [0, 0, 1, 8, 0x40, 0, 0, 7], failed: { code: 264, flags: 0x40, vendor: 0, data: 0 } },
  {
    name: "length 11 with a vendor",
    raw: [0, 0, 5, 122, 0xc0, 0, 0, 11, 0, 0, 0x28, 0xaf],
    failed: { code: 1402, flags: 0xc0, vendor: 10415, data: 0 },
  },
  {
    name: "a length past the end of the message",
    raw: [0, 0, 1, 8, 0x40, 0, 0, 13, 1, 2, 3, 4],
    failed: { code: 264, flags: 0x40, vendor: 0, data: 0 },
  },
  {
    name: "a length of 16 MiB",
    raw: [0, 0, 1, 10, 0x40, 255, 255, 255],
    failed: { code: 266, flags: 0x40, vendor: 0, data: 4 },
  },
  { name: "a header of four bytes", raw: [0, 0, 1, 8], failed: { code: 264, flags: 0, vendor: 0, data: 0 } },
  {
    name: "a header that ends before its vendor",
    raw: [0, 0, 5, 122, 0xc0, 0, 0, 12],
    failed: { code: 1402, flags: 0xc0, vendor: 0, data: 0 },
  },
];

for (const { name, raw, failed } of BROKEN) {
  Deno.test(
    `A3 E14 a request with an AVP of ${name} is answered 5014 with a Failed-AVP that can be read`,
    stage({}, async (s) => {
      const app = await s.app();
      await app.send(request({ endToEnd: 9, more: (b) => b.raw(new Uint8Array(raw)) }));
      const refusal = await app.nextAnswer();
      assertEquals([refusal.resultCode, refusal.endToEnd], [5014, 9]);
      const [inside, ...others] = avpsIn(refusal.find(AVP.failedAvp)!.data);
      assertEquals(others, []);
      const { code, flags, vendor, data } = inside!;
      assertEquals({ code, flags, vendor, data: [...data] }, { ...failed, data: Array(failed.data).fill(0) });
      // The connection goes on, and nothing reached the DRA.
      await app.nothingMore();
      await s.dra.nothingMore();
    }),
  );
}

Deno.test(
  "A3 the answer to a broken request still carries the Session-Id that stood before the broken AVP",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request({ session: "app;1;2", more: (b) => b.raw(new Uint8Array(8)) }));
    const refusal = await app.nextAnswer();
    assertEquals(refusal.text(AVP.sessionId), "app;1;2");
    assertEquals(refusal.codes[0], AVP.sessionId);
  }),
);

Deno.test(
  "A3 a broken group inside a request is not the relay's business",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request({ more: (b) => b.octets(AVP.vendorSpecificApplicationId, new Uint8Array(8)) }));
    await s.dra.send(answer(await s.dra.nextRequest()));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
  }),
);

Deno.test(
  "A3 an answer is not walked: one with a broken AVP passes as it is",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request());
    const bytes = answer(await s.dra.nextRequest(), {
      more: (b) => b.raw(new Uint8Array([0, 0, 1, 8, 0x40, 0, 0, 0])),
    });
    await s.dra.send(bytes);
    assertEquals((await app.next("the answer")).bytes.slice(HEADER_LENGTH), bytes.slice(HEADER_LENGTH));
  }),
);

Deno.test(
  "A5 an AVP of a vendor is not the base protocol's of the same code",
  stage({ dras: [{}, { priority: 2 }] }, async (s) => {
    const app = await s.app();
    await app.send(request({
      more: (b) =>
        b.text(AVP.routeRecord, GATEWAY.host, { vendor: 10415 })
          .text(AVP.destinationHost, "dra-2.example.net", { vendor: 10415 }),
    }));
    const relayed = await s.dra.nextRequest();
    assertEquals(relayed.texts(AVP.routeRecord), ["app.example.net"]);
    await s.dra.send(answer(relayed));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
  }),
);

Deno.test(
  "A5 Destination-Realm of a vendor is none",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request({
      destinationRealm: null,
      more: (b) => b.text(AVP.destinationRealm, "example.net", { vendor: 10415 }),
    }));
    assertEquals((await app.nextAnswer()).resultCode, 3001);
  }),
);

Deno.test(
  "A5 R1 R2 routing AVPs with the V flag and Vendor-Id 0 are honoured as those without",
  stage({ dras: [{}, { priority: 2 }] }, async (s) => {
    const app = await s.app();
    const to = (code: number, name: string) => (b: MessageBuilder) => b.raw(avpOfVendorZero(code, name));
    await app.send(request({ destinationRealm: null, more: to(AVP.destinationRealm, "example.net") }));
    await s.dra.send(answer(await s.dra.nextRequest()));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
    await app.send(request({ more: to(AVP.destinationHost, "dra-2.example.net") }));
    await s.dras[1]!.send(answer(await s.dras[1]!.nextRequest()));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
    await app.send(request({ more: to(AVP.routeRecord, GATEWAY.host) }));
    assertEquals((await app.nextAnswer()).resultCode, 3005);
    // A DRA whose name is in a Route-Record is passed over.
    await app.send(request({ more: to(AVP.routeRecord, "dra-1.example.net") }));
    await s.dras[1]!.send(answer(await s.dras[1]!.nextRequest()));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
  }),
);

Deno.test(
  "A5 C3 a CER and a CEA whose AVPs have the V flag and Vendor-Id 0 are understood",
  stage({ open: false }, async (s) => {
    const zero = (message: Uint8Array) => {
      const { flags, command, application, hopByHop, endToEnd } = readHeader(message);
      const builder = new MessageBuilder({ flags, command, application, hopByHop, endToEnd });
      for (const { code, data } of avpsIn(message, HEADER_LENGTH)) builder.raw(avpOfVendorZero(code, data));
      return builder.finish();
    };
    const dra = await s.listeners[0]!.accept();
    await dra.send(zero(cea(dra.identity, await dra.nextRequest(COMMAND.capabilitiesExchange))));
    await s.usable();
    const app = await s.connect();
    await app.send(zero(cer(app.identity)));
    assertEquals((await app.next("the CEA")).resultCode, 2001);
  }),
);

Deno.test(
  "A6 reserved AVP flags are ignored, and pass as they are",
  stage({}, async (s) => {
    const app = await s.app();
    const bytes = request({ more: (b) => b.text(AVP.userName, "user", { flags: 0x5f }) });
    await app.send(bytes);
    const relayed = await s.dra.nextRequest();
    assertEquals(relayed.find(AVP.userName)!.flags, 0x5f);
    await s.dra.send(answer(relayed));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
  }),
);

Deno.test(
  "A6 a CER with reserved AVP flags is accepted",
  stage({}, async (s) => {
    const app = await s.connect();
    await app.send(cer(app.identity, (b) => b.octets(9999, new Uint8Array(4), { flags: 0x1f })));
    assertEquals((await app.next("the CEA")).resultCode, 2001);
  }),
);

Deno.test(
  "A7 R1 a Route-Record that names the gateway in other letters is a loop",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request({ routeRecords: [GATEWAY.host.toUpperCase()] }));
    assertEquals((await app.nextAnswer()).resultCode, 3005);
  }),
);

Deno.test(
  "A7 R2 a Destination-Host in other letters finds its DRA",
  stage({ dras: [{}, { priority: 2 }] }, async (s) => {
    const app = await s.app();
    await app.send(request({ destinationHost: "DRA-2.Example.Net" }));
    const relayed = await s.dras[1]!.nextRequest();
    assertEquals(relayed.text(AVP.destinationHost), "DRA-2.Example.Net", "and is not rewritten");
    assert(s.dra.inbox.length === 0);
  }),
);
