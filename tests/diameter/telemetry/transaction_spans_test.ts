/** What a span tells of a transaction. */
import { assert, assertEquals } from "@std/assert";
import { spansOf } from "../../../src/diameter/telemetry/transaction_spans.ts";
import { AVP } from "../../../src/diameter/wire/avp_codes.ts";
import type { Span, SpanIds } from "../../../src/ops/otlp/span.ts";
import type { EndedTransaction, Transaction } from "../../../src/ops/trace/mod.ts";
import { request } from "../../support/raw_message.ts";

const IMSI = "001010123456789";
const AT = 1_767_323_045_000.25;

const TRANSACTION: Transaction = {
  id: 7,
  at: new Date(AT).toISOString(),
  app: "app.example.net",
  dra: "dra-1",
  direction: "app_to_dra",
  application: 16_777_252,
  command: 324,
  session_id: `mme.example.net;1;${IMSI}`,
  app_hop_by_hop: 1,
  dra_hop_by_hop: 2,
  end_to_end: 3,
  route: null,
  pool: null,
  choice: null,
  explanation: null,
  attempts: [{ dra: "dra-1", at: "", outcome: "answered" }],
  reason: null,
  result_code: 2001,
  duration_ms: 2.5,
};

function spans(
  change: Partial<Transaction> = {},
  { mask = "subscriber", ...rest }: Partial<EndedTransaction> & { mask?: "none" | "subscriber" } = {},
): [Span, ...Span[]] {
  let last = 0;
  const ids: SpanIds = (octets) => String(++last).padStart(octets * 2, "0");
  const transaction = { ...TRANSACTION, ...change };
  const attemptsAt = transaction.attempts.map((_, nth) => AT + nth + 0.5);
  const ended = { transaction, at: AT, attemptsAt, request: undefined, oneIn: 1, ...rest };
  return spansOf(ended, { mask, ids }) as [Span, ...Span[]];
}

Deno.test("an answered request is one span, and its attempt another below it, with the true times", () => {
  const [whole, attempt, ...others] = spans();
  assertEquals(whole, {
    name: "3GPP-ME-Identity-Check",
    kind: "server",
    traceId: "00000000000000000000000000000001",
    spanId: "0000000000000002",
    start: AT,
    end: AT + 2.5,
    attributes: {
      "network.protocol.name": "diameter",
      "diameter.command.code": 324,
      "diameter.command.name": "3GPP-ME-Identity-Check",
      "diameter.application.id": 16_777_252,
      "diameter.application.name": "3GPP S13/S13'",
      "diameter.session_id": undefined,
      "diameter.end_to_end_id": 3,
      "diameter.result_code": 2001,
      "diameter.result_name": "DIAMETER_SUCCESS",
      "diamgw.transaction": 7,
      "diamgw.direction": "app_to_dra",
      "diamgw.app": "app.example.net",
      "diamgw.dra": "dra-1",
      "diamgw.route": undefined,
      "diamgw.pool": undefined,
      "diamgw.attempts": 1,
      "diamgw.reason": undefined,
      "diamgw.sampled_one_in": undefined,
    },
  });
  assertEquals(attempt, {
    name: "3GPP-ME-Identity-Check to DRA",
    kind: "client",
    traceId: whole.traceId,
    spanId: "0000000000000003",
    parentSpanId: whole.spanId,
    start: AT + 0.5,
    end: AT + 2.5,
    attributes: { "diamgw.dra": "dra-1", "diamgw.attempt": 1, "diamgw.outcome": "answered" },
  });
  assertEquals(others, []);
});

Deno.test("an attempt that came to nothing ends where the next one begins, and is an error", () => {
  const [whole, first, second] = spans({
    attempts: [{ dra: "dra-1", at: "", outcome: "timeout" }, { dra: "dra-2", at: "", outcome: "answered" }],
  });
  assertEquals(whole.error, undefined);
  assertEquals([first!.start, first!.end, first!.error], [AT + 0.5, AT + 1.5, "timeout"]);
  assertEquals([second!.start, second!.end, second!.error], [AT + 1.5, AT + 2.5, undefined]);
});

Deno.test("a late answer of the first attempt is its own, not the second's", () => {
  const [, first, second] = spans({
    attempts: [{ dra: "dra-1", at: "", outcome: "answered" }, { dra: "dra-2", at: "", outcome: null }],
  });
  assertEquals([first!.end, first!.error], [AT + 2.5, undefined]);
  assertEquals([second!.end, second!.error], [AT + 2.5, "unanswered"]);
});

const FAULTS: readonly [what: string, Partial<Transaction>, error: string | undefined][] = [
  ["the other side says no", { result_code: 5012 }, undefined],
  ["the other side answers with a protocol error", { result_code: 3004 }, "DIAMETER_TOO_BUSY"],
  [
    "the gateway answered itself",
    { result_code: 3002, reason: "timeout", attempts: [] },
    "DIAMETER_UNABLE_TO_DELIVER: timeout",
  ],
  ["whoever asked has left", { result_code: null, reason: "abandoned" }, "abandoned"],
  ["an answer has no code", { result_code: null }, undefined],
];

for (const [what, change, error] of FAULTS) {
  Deno.test(`${what}: ${error === undefined ? "no error" : "an error"}`, () => {
    assertEquals(spans(change)[0].error, error);
  });
}

Deno.test("nodes are named as the request names them, and nothing in it tells who the subscriber is", () => {
  const sent = request({
    session: TRANSACTION.session_id,
    originHost: "mme.example.net",
    destinationHost: "eir.example.net",
    destinationRealm: "example.net",
    more: (builder) => void builder.text(AVP.userName, IMSI),
  });
  const [whole] = spans({}, { request: sent });
  const { attributes } = whole;
  assertEquals(
    ["origin_host", "destination_host", "destination_realm"].map((name) => attributes[`diameter.${name}`]),
    ["mme.example.net", "eir.example.net", "example.net"],
  );
  for (const each of spans({}, { request: sent })) assert(!JSON.stringify(each).includes(IMSI));
  assertEquals(spans({}, { request: sent, mask: "none" })[0].attributes["diameter.session_id"], TRANSACTION.session_id);
});

Deno.test("a request that is nonsense has a span all the same, with names that nobody else can choose", () => {
  const broken = request({ command: 8_388_000, originHost: "x".repeat(1_000) });
  broken.set([0xff, 0xff, 0xff], 25);
  const [whole] = spans({ command: 8_388_000, application: 9 }, { request: broken });
  assertEquals([whole.name, whole.attributes["diameter.command.code"]], ["Diameter request", 8_388_000]);
  assertEquals(whole.attributes["diameter.origin_host"], undefined);
  const long = spans({}, { request: request({ originHost: "x".repeat(1_000) }) })[0];
  assertEquals(String(long.attributes["diameter.origin_host"]).length, 255);
});

Deno.test("a request of a DRA is told the other way round", () => {
  const [whole, attempt] = spans({
    direction: "dra_to_app",
    attempts: [{ dra: "app-1", at: "", outcome: "answered" }],
  });
  assertEquals(attempt!.name, `${whole.name} to Logic App`);
  assertEquals(attempt!.attributes["diamgw.app"], "app-1");
});

Deno.test("a span says for how many transactions it stands", () => {
  assertEquals(spans({}, { oneIn: 1 / Math.fround(0.3) })[0].attributes["diamgw.sampled_one_in"], 3.3333);
});
