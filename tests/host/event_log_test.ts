import { assertEquals } from "@std/assert";
import { eventLog, messageLog } from "../../src/host/event_log.ts";
import type { GatewayEvent } from "../../src/diameter/relay/core/events.ts";
import { createLogger } from "../../src/ops/log/mod.ts";

/** The lines that `write` brings about, without time and level. */
async function textOf(use: (log: ReturnType<typeof createLogger>) => void): Promise<string[]> {
  const written: Uint8Array[] = [];
  const writeSync = (bytes: Uint8Array) => written.push(bytes.slice()) && bytes.length;
  const sink = { writeSync, write: (bytes: Uint8Array) => Promise.resolve(writeSync(bytes)) };
  const log = createLogger({ level: "debug", format: "text", coloured: false, sink });
  use(log);
  await log.close();
  const text = written.map((bytes) => new TextDecoder().decode(bytes)).join("");
  return text.trimEnd().split("\n").map((line) => line.slice("2026-11-21 05:30:00.123 INFO  ".length));
}

const EVENTS: [event: GatewayEvent, line: string][] = [
  [{ kind: "listening", address: "127.0.0.1:3868" }, "listening on 127.0.0.1:3868"],
  [
    {
      kind: "dra_connect_failed",
      dra: "east",
      reason: "cannot be reached: connection refused (h:1)",
      hint: "",
      retryIn: 5040,
    },
    "DRA east cannot be reached: connection refused (h:1); next attempt in 5.0 s",
  ],
  [
    {
      kind: "dra_connect_failed",
      dra: "east",
      reason: "no CEA in time",
      hint: "is it a Diameter peer?",
      retryIn: 5000,
    },
    "DRA east is not connected: no CEA in time (is it a Diameter peer?); next attempt in 5.0 s",
  ],
  [
    { kind: "dra_reopening", dra: "east", answered: 0, needed: 3 },
    "DRA east is connected again, 0 of 3 watchdogs answered; then it gets requests",
  ],
  [
    { kind: "dra_reopening", dra: "east", answered: 1, needed: 3 },
    "DRA east is connected, 1 of 3 watchdogs answered; then it gets requests",
  ],
  [
    { kind: "dra_up", dra: "east", originHost: "east.example.net", watchdog: "okay" },
    "DRA east is usable; it is east.example.net",
  ],
  [
    { kind: "dra_up", dra: "east", originHost: "east.example.net", watchdog: "reopen" },
    "DRA east is usable as the last resort, before its watchdogs are answered; it is east.example.net",
  ],
  [
    { kind: "dra_suspect", dra: "east", reason: "answers no watchdog", pending: 1 },
    "DRA east answers no watchdog; 1 request waits for it",
  ],
  [
    { kind: "dra_down", dra: "east", reason: "is not connected: the peer closed the connection", pending: 2 },
    "DRA east is not connected: the peer closed the connection; 2 requests wait for it",
  ],
  [{ kind: "dra_down", dra: "east", reason: "took its leave (BUSY)", pending: 0 }, "DRA east took its leave (BUSY)"],
  [
    { kind: "breaker_open", dra: "east", reason: "5 failures in a row", until: "2026-01-01T00:00:00.000Z" },
    "DRA east gets no requests until 2026-01-01T00:00:00.000Z: 5 failures in a row (circuit breaker)",
  ],
  [
    { kind: "breaker_half_open", dra: "east", reason: "3 requests at a time try it" },
    "DRA east is tried again: 3 requests at a time try it (circuit breaker)",
  ],
  [
    { kind: "breaker_closed", dra: "east", reason: "its operator closed it" },
    "DRA east gets requests again: its operator closed it (circuit breaker)",
  ],
  [
    { kind: "queue_begin", reason: "east is not connected" },
    "requests begin to wait, because no DRA is usable: east is not connected",
  ],
  [
    { kind: "queue_end", sent: 3, answered: 1, abandoned: 2 },
    "no request waits for a DRA any more: 3 went on, 1 were answered 3002, 2 left with who asked",
  ],
  [
    { kind: "resent", dra: "east", count: 1, reason: "lost" },
    "1 request to DRA east went to the next one: its connection was lost",
  ],
  [
    { kind: "app_up", app: "a.example", remote: "10.0.0.1:5", applications: [{ id: 4 }, { id: 0xffffffff }] },
    "Logic App a.example connected from 10.0.0.1:5, for applications 4, Relay",
  ],
  [
    { kind: "app_down", app: "a.example", remote: "10.0.0.1:5", reason: "the peer closed the connection", pending: 2 },
    "Logic App a.example from 10.0.0.1:5 is gone: the peer closed the connection; 2 requests of it were unanswered",
  ],
  [
    { kind: "app_refused", remote: "10.0.0.1:5", reason: "no CER in time" },
    "connection from 10.0.0.1:5 was not opened: no CER in time",
  ],
  [
    { kind: "internal_error", reason: "boom", request: "answered" },
    "a request was answered 5012 because of a defect in this program reason=boom",
  ],
  [{ kind: "draining", pending: 0 }, "shutting down: no request is open"],
  [{ kind: "draining", pending: 3 }, "shutting down: 3 requests wait for an answer"],
];

for (const [event, line] of EVENTS) {
  Deno.test(`a line of the text log is a sentence that says everything once: ${line.slice(0, 60)}`, async () => {
    assertEquals(await textOf((log) => eventLog(log)(event)), [line]);
  });
}

Deno.test("a line about a message says once who, to whom and what came of it", async () => {
  const record = {
    kind: "answer",
    from: "dra.example",
    to: "app.example",
    command: 324,
    application: 16777252,
    flags: 64,
    hopByHop: 1,
    relayedHopByHop: 2,
    endToEnd: 3,
    sessionId: "s;1",
    resultCode: 2001,
  } as const;
  assertEquals(await textOf((log) => messageLog(log, true, true)(record)), [
    "answer 324 2001 dra.example -> app.example application=16777252 flags=64 hop_by_hop=1 relayed_hop_by_hop=2 " +
    'end_to_end=3 session_id="s;1"',
  ]);
});
