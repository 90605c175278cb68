import { assertEquals } from "@std/assert";
import { sentenceOf } from "../../src/dashboard/page/event_text.js";
import { parseFrame } from "../../src/dashboard/page/event_stream.js";
import { ladderOf, reasonText } from "../../src/dashboard/page/ladder.js";
import type { Transaction } from "../../src/dashboard/page/types.d.ts";

const AT = "2026-01-02T03:04:05.000Z";

function transaction(more: Partial<Transaction>): Transaction {
  return {
    id: 1,
    at: AT,
    app: "app",
    dra: "dra-1",
    direction: "app_to_dra",
    application: 1,
    command: 324,
    session_id: "s",
    app_hop_by_hop: 1,
    dra_hop_by_hop: 2,
    end_to_end: 3,
    route: null,
    pool: null,
    attempts: [{ dra: "dra-1", at: AT, outcome: "answered" }],
    choice: null,
    reason: null,
    explanation: null,
    result_code: 2001,
    duration_ms: 5,
    ...more,
  };
}

/** `app > gateway: request` */
function drawn(one: Transaction): string[] {
  const { lanes, steps } = ladderOf(one);
  const name = (lane: number) => lanes[lane]?.name;
  return steps.map(({ from, to, kind, remark }) =>
    `${name(from)} > ${name(to)}: ${kind}${remark === "answered by the gateway" ? " of its own" : ""}`
  );
}

Deno.test("a ladder has a lane for each DRA that was tried, and says which of them did not answer", () => {
  const attempts = [
    { dra: "dra-1", at: AT, outcome: "timeout" },
    { dra: "dra-2", at: AT, outcome: "answered" },
  ];
  assertEquals(drawn(transaction({ attempts, dra: "dra-2" })), [
    "app > gateway: request",
    "gateway > dra-1: request",
    "dra-1 > dra-1: failed",
    "gateway > dra-2: request",
    "dra-2 > gateway: answer",
    "gateway > app: answer",
  ]);
});

Deno.test("a ladder of a request that the gateway answered itself has no DRA", () => {
  assertEquals(drawn(transaction({ attempts: [], dra: null, reason: "no_route", result_code: 3002 })), [
    "app > gateway: request",
    "gateway > app: error of its own",
  ]);
});

Deno.test("a ladder says whose answer the requester got: of a DRA that was late, of one before the last, or the gateway's", () => {
  const attempts = (...outcomes: (string | null)[]) =>
    outcomes.map((outcome, nth) => ({ dra: `dra-${nth + 1}`, at: AT, outcome }));
  const kinds = (one: Transaction) => drawn(one).slice(2);
  assertEquals(kinds(transaction({ attempts: attempts("answered", null) })), [
    "gateway > dra-2: request",
    "dra-2 > dra-2: failed",
    "dra-1 > gateway: answer",
    "gateway > app: answer",
  ]);
  assertEquals(kinds(transaction({ attempts: attempts("error_answer", "timeout"), result_code: 3004 })), [
    "dra-1 > gateway: error",
    "gateway > dra-2: request",
    "dra-2 > dra-2: failed",
    "gateway > app: error",
  ]);
  assertEquals(kinds(transaction({ attempts: attempts("timeout"), reason: "timeout", result_code: 3002 })), [
    "dra-1 > dra-1: failed",
    "gateway > app: error of its own",
  ]);
  assertEquals(kinds(transaction({ attempts: attempts("answered"), reason: "abandoned", result_code: null })), [
    "dra-1 > gateway: answer",
    "app > app: failed",
  ]);
});

Deno.test("the reason of a choice is told of every attempt", () => {
  const choice = { why: "priority 1", left_out: [] };
  const attempts = ["timeout", "error_answer", "answered"].map((outcome, i) => ({
    dra: `dra-${i + 1}`,
    at: AT,
    outcome,
  }));
  assertEquals(
    reasonText(transaction({ choice, attempts })),
    "priority 1 · then dra-2 (dra-1: no answer) · then dra-3 (dra-2: an error answer)",
  );
  assertEquals([reasonText(transaction({ choice })), reasonText(transaction({}))], ["priority 1", ""]);
});

Deno.test("a ladder of a request that is pending ends where it waits", () => {
  const pending = { duration_ms: null, result_code: null };
  assertEquals(drawn(transaction({ ...pending, attempts: [{ dra: "dra-1", at: AT, outcome: null }] })), [
    "app > gateway: request",
    "gateway > dra-1: request",
    "dra-1 > dra-1: pending",
  ]);
  assertEquals(drawn(transaction({ ...pending, attempts: [] })), [
    "app > gateway: request",
    "gateway > gateway: pending",
  ]);
});

Deno.test("a ladder of a request from a DRA begins there", () => {
  const one = transaction({ direction: "dra_to_app", attempts: [{ dra: "app", at: AT, outcome: "answered" }] });
  assertEquals(drawn(one), [
    "dra-1 > gateway: request",
    "gateway > app: request",
    "app > gateway: answer",
    "gateway > dra-1: answer",
  ]);
});

Deno.test("events are sentences, those of a kind that the page does not know, too", () => {
  assertEquals(sentenceOf({ at: AT, kind: "failover", from: 1, to: 2 }), {
    level: "bad",
    text: "Failover: priority 1 → 2",
  });
  assertEquals(
    sentenceOf({ at: AT, kind: "dra_connect_failed", dra: "d", reason: "no CEA in time", hint: "", retry_in_ms: 5000 })
      .text,
    "d is not connected: no CEA in time; next attempt in 5 s",
  );
  assertEquals(sentenceOf({ at: AT, kind: "peer_down", peer: "d", why: { code: 1 } }), {
    level: "bad",
    text: 'peer down: peer d, why {"code":1}',
  });
  assertEquals(sentenceOf({ at: AT, kind: "constructor" }).text, "constructor");
});

Deno.test("what became of a configuration is told: in force, refused and why, confirmed, gone back", () => {
  const config = (action: string, more = {}) =>
    sentenceOf({ at: AT, kind: "config", action, changes: [], needs_restart: [], errors: [], ...more });
  assertEquals(config("reloaded", { changes: ["a.b"], needs_restart: ["c"] }), {
    level: "plain",
    text: "Configuration in force: a.b; at the next start: c",
  });
  assertEquals(config("refused", { errors: ["line 1: what is this?"] }), {
    level: "bad",
    text: "Configuration refused, nothing was changed: line 1: what is this?",
  });
  assertEquals([config("confirmed").level, config("gone_back").level], ["plain", "bad"]);
});

Deno.test("frames of the event stream are read, comments are not", () => {
  assertEquals(parseFrame('id: x-1\nevent: failover\ndata: {"at":"a","kind":"failover"}'), {
    id: "x-1",
    data: { at: "a", kind: "failover" },
  });
  assertEquals(parseFrame(": still here"), {});
  assertEquals(parseFrame("retry: 2000\n: events follow"), { retry: 2000 });
});
