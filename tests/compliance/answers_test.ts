/** Items N1 to N8: the way of an answer from a DRA to a Logic App. */
import { assert, assertEquals } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { FLAG, HEADER_LENGTH } from "../../src/diameter/wire/header.ts";
import { answer, request } from "../support/raw_message.ts";
import { until } from "../support/until.ts";
import { stage } from "./stage.ts";

const REQUEST = FLAG.request | FLAG.proxiable;

Deno.test(
  "N1 an answer with an unknown hop-by-hop id is thrown away and counted",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request());
    const relayed = await s.dra.nextRequest();
    await s.dra.send(answer(relayed, { hopByHop: relayed.hopByHop ^ 0x10000 }));
    await s.dra.nothingMore();
    await app.nothingMore();
    assertEquals(s.unmatched("unknown"), 1);
    await s.dra.send(answer(relayed));
    await app.nextAnswer();
  }),
);

Deno.test(
  "N1 the second answer to a request is thrown away and counted",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request());
    const relayed = await s.dra.nextRequest();
    await s.dra.send(answer(relayed), answer(relayed));
    await app.nextAnswer();
    await s.dra.nothingMore();
    await app.nothingMore();
    assertEquals(s.unmatched("duplicate"), 1);
  }),
);

Deno.test(
  "N1 an answer that comes after the timeout is thrown away and counted",
  stage({ gateway: { requestTimeout: 60 } }, async (s) => {
    const app = await s.app();
    await app.send(request());
    const relayed = await s.dra.nextRequest();
    assertEquals((await app.nextAnswer()).resultCode, 3002);
    await s.dra.send(answer(relayed));
    await s.dra.nothingMore();
    await app.nothingMore();
    assertEquals(s.unmatched("late"), 1);
  }),
);

Deno.test(
  "N1 an answer matches only over the connection that its request went to",
  stage({ dras: [{}, { priority: 2 }] }, async (s) => {
    const app = await s.app();
    await app.send(request());
    const relayed = await s.dras[0]!.nextRequest();
    await s.dras[1]!.send(answer(relayed));
    await s.dras[1]!.nothingMore();
    await app.nothingMore();
    await s.dras[0]!.send(answer(relayed));
    await app.nextAnswer();
    assertEquals(s.unmatched("unknown"), 1);
  }),
);

Deno.test(
  "N1 an answer of a Logic App to a request that the gateway never sent it is thrown away",
  stage({}, async (s) => {
    const [app, other] = [await s.app(), await s.app("other.example.net")];
    await s.dra.send(request({ destinationHost: "app.example.net" }));
    const relayed = await app.nextRequest();
    await other.send(answer(relayed));
    await other.nothingMore();
    await s.dra.nothingMore();
    assertEquals(s.unmatched("unknown"), 1);
    await app.send(answer(relayed));
    await s.dra.nextAnswer();
  }),
);

Deno.test(
  "N2 the requester's hop-by-hop id is restored, and only its connection gets the answer",
  stage({}, async (s) => {
    const [app, twin] = [await s.app(), await s.app()];
    await app.send(request({ hopByHop: 0xdeadbeef }));
    await s.dra.send(answer(await s.dra.nextRequest()));
    assertEquals((await app.nextAnswer()).hopByHop, 0xdeadbeef);
    await twin.nothingMore();
  }),
);

Deno.test(
  "N2 an answer whose requester is gone is thrown away and counted, also when the same identity is back",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request());
    const relayed = await s.dra.nextRequest();
    await app.close();
    await until(() => s.gateway.apps.size === 0, "the Logic App is gone");
    const back = await s.app();
    await s.dra.send(answer(relayed));
    await s.dra.nothingMore();
    await back.nothingMore();
    assertEquals(s.unmatched("gone"), 1);
    assertEquals(s.gateway.statistics.sessions_abandoned, 1);
  }),
);

for (
  const [code, flags] of [
    [2001, FLAG.proxiable],
    [2002, FLAG.proxiable],
    [4010, FLAG.proxiable],
    [5030, FLAG.proxiable],
    [3010, FLAG.proxiable | FLAG.error],
  ] as const
) {
  Deno.test(
    `N4 Result-Code ${code} and everything else of an answer pass unchanged`,
    stage({ dras: [{}, { priority: 2 }] }, async (s) => {
      const app = await s.app();
      await app.send(request());
      const bytes = answer(await s.dra.nextRequest(), { resultCode: code, flags });
      await s.dra.send(bytes);
      const received = await app.nextAnswer();
      assertEquals(received.bytes.slice(HEADER_LENGTH), bytes.slice(HEADER_LENGTH));
      assertEquals(received.flags, flags);
    }),
  );
}

Deno.test(
  "N5 Route-Records in an answer pass, and none is added",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request());
    const relayed = await s.dra.nextRequest();
    await s.dra.send(answer(relayed, { more: (b) => b.text(AVP.routeRecord, "dra.example.net") }));
    assertEquals((await app.nextAnswer()).texts(AVP.routeRecord), ["dra.example.net"]);
    await app.send(request());
    await s.dra.send(answer(await s.dra.nextRequest()));
    assertEquals((await app.nextAnswer()).texts(AVP.routeRecord), []);
  }),
);

for (const code of [3002, 3004]) {
  Deno.test(
    `N6 after ${code} of a DRA the next one is asked, with T clear and the same End-to-End id`,
    stage({ dras: [{}, { priority: 2 }] }, async (s) => {
      const app = await s.app();
      await app.send(request({ hopByHop: 5, endToEnd: 6 }));
      await s.dras[0]!.send(answer(await s.dras[0]!.nextRequest(), { resultCode: code }));
      const again = await s.dras[1]!.nextRequest();
      assertEquals([again.flags, again.endToEnd], [REQUEST, 6]);
      await s.dras[1]!.send(answer(again));
      const received = await app.nextAnswer();
      assertEquals([received.resultCode, received.hopByHop], [2001, 5]);
      await app.nothingMore();
    }),
  );
}

Deno.test(
  "N6 when every DRA answers with an error, the last one is passed on unchanged, at once",
  stage({ dras: [{}, { priority: 2 }] }, async (s) => {
    const app = await s.app();
    await app.send(request());
    await s.dras[0]!.send(answer(await s.dras[0]!.nextRequest(), { resultCode: 3004 }));
    const last = answer(await s.dras[1]!.nextRequest(), { resultCode: 3002, originHost: "last.example.net" });
    await s.dras[1]!.send(last);
    const received = await app.nextAnswer();
    assertEquals(received.bytes.slice(HEADER_LENGTH), last.slice(HEADER_LENGTH));
    assertEquals(received.flags, FLAG.proxiable | FLAG.error);
    assertEquals(s.gateway.statistics.sessions_completed, 1);
  }),
);

Deno.test(
  "N6 no more than max_attempts DRAs are asked",
  stage({ dras: [{}, { priority: 2 }, { priority: 3 }], gateway: { maxAttempts: 2 } }, async (s) => {
    const app = await s.app();
    await app.send(request());
    await s.dras[0]!.send(answer(await s.dras[0]!.nextRequest(), { resultCode: 3004 }));
    await s.dras[1]!.send(answer(await s.dras[1]!.nextRequest(), { resultCode: 3004 }));
    assertEquals((await app.nextAnswer()).resultCode, 3004);
    await s.dras[2]!.nothingMore();
  }),
);

Deno.test(
  "N6 an error of the DRA that Destination-Host names is passed on: nobody else can answer",
  stage({ dras: [{}, { priority: 2 }] }, async (s) => {
    const app = await s.app();
    await app.send(request({ destinationHost: "dra-1.example.net" }));
    await s.dras[0]!.send(answer(await s.dras[0]!.nextRequest(), { resultCode: 3004 }));
    assertEquals((await app.nextAnswer()).resultCode, 3004);
    await s.dras[1]!.nothingMore();
  }),
);

for (const code of [3005, 3006]) {
  Deno.test(
    `N6 P6 E9 ${code} of a DRA is passed on, not tried elsewhere`,
    stage({ dras: [{}, { priority: 2 }] }, async (s) => {
      const app = await s.app();
      await app.send(request());
      await s.dras[0]!.send(answer(await s.dras[0]!.nextRequest(), { resultCode: code }));
      const received = await app.nextAnswer();
      assertEquals([received.resultCode, received.flags], [code, FLAG.proxiable | FLAG.error]);
      await s.dras[1]!.nothingMore();
    }),
  );
}

Deno.test(
  "N6 retry_result_codes decides which errors are tried elsewhere",
  stage({ dras: [{}, { priority: 2 }], gateway: { retryResultCodes: [3005] } }, async (s) => {
    const app = await s.app();
    await app.send(request());
    await s.dras[0]!.send(answer(await s.dras[0]!.nextRequest(), { resultCode: 3004 }));
    assertEquals((await app.nextAnswer()).resultCode, 3004);
    await app.send(request());
    await s.dras[0]!.send(answer(await s.dras[0]!.nextRequest(), { resultCode: 3005 }));
    await s.dras[1]!.nextRequest();
  }),
);

for (const [asked, answered] of [[REQUEST, 0], [FLAG.request, FLAG.proxiable]] as const) {
  Deno.test(
    `N7 an answer with P ${answered === 0 ? "clear" : "set"} to a request with P ${
      answered === 0 ? "set" : "clear"
    } passes as it is`,
    stage({}, async (s) => {
      const app = await s.app();
      await app.send(request({ flags: asked }));
      await s.dra.send(answer(await s.dra.nextRequest(), { flags: answered }));
      assertEquals((await app.nextAnswer()).flags, answered);
    }),
  );
}

Deno.test(
  "N8 a 3xxx without the E flag passes, and is not tried elsewhere",
  stage({ dras: [{}, { priority: 2 }] }, async (s) => {
    const app = await s.app();
    await app.send(request());
    await s.dras[0]!.send(answer(await s.dras[0]!.nextRequest(), { resultCode: 3004, flags: FLAG.proxiable }));
    const received = await app.nextAnswer();
    assertEquals([received.resultCode, received.flags], [3004, FLAG.proxiable]);
    await s.dras[1]!.nothingMore();
  }),
);

Deno.test(
  "N8 an Experimental-Result passes as it is",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(request());
    const bytes = answer(await s.dra.nextRequest(), {
      resultCode: undefined,
      more: (b) =>
        b.group(
          AVP.experimentalResult,
          (group) => group.unsigned32(AVP.vendorId, 10415).unsigned32(AVP.experimentalResultCode, 5422),
        ),
    });
    await s.dra.send(bytes);
    const received = await app.nextAnswer();
    assertEquals(received.bytes.slice(HEADER_LENGTH), bytes.slice(HEADER_LENGTH));
    assert(received.resultCode === undefined);
  }),
);
