import { assertEquals } from "@std/assert";
import { bytesText, ratesBetween, rateText } from "../../../src/commands/top/rates.ts";
import { appRow, draRow, statisticsBlock } from "../admin/fake_gateway.ts";
import { snapshot } from "./views.ts";

Deno.test("rates are differences of two looks over the time between them", () => {
  const before = snapshot();
  const after = snapshot({
    at: 3_000,
    status: { ...before.status, statistics: statisticsBlock({ total_requests: 12_745, sessions_rejected: 8 }) },
    dras: [draRow("dra-east", { messages_sent: 1_200, bytes_received: 182_000 })],
    apps: [appRow(2, { messages_received: 501 })],
  });
  const rates = ratesBetween(before, after);
  assertEquals([rates.seconds, rates.counters?.total_requests, rates.counters?.sessions_rejected], [2, 200, 0.5]);
  assertEquals([...rates.dras], [["dra-east", { sent: 100, received: 0, bytesSent: 0, bytesReceived: 1_000 }]]);
  assertEquals([...rates.apps], [[2, { sent: 0, received: 0.5, bytesSent: 0, bytesReceived: 0 }]]);
});

Deno.test("what was not there before, or began anew, has no rate", () => {
  const before = snapshot();
  const fresh = snapshot({ at: 2_000, dras: [draRow("dra-new")], apps: [appRow(9)] });
  const unknown = ratesBetween(before, fresh);
  assertEquals([unknown.dras.size, unknown.apps.size, unknown.counters?.total_requests], [0, 0, 0]);
  const reset = ratesBetween(before, snapshot({ at: 2_000, dras: [draRow("dra-east", { messages_sent: 5 })] }));
  assertEquals(reset.dras.size, 0);
  const fewer = { ...before.status, statistics: statisticsBlock({ total_requests: 3 }) };
  assertEquals(ratesBetween(before, snapshot({ at: 2_000, status: fewer })).counters, undefined);
});

Deno.test("a gateway that was started again has no rates, even where its numbers are higher by now", () => {
  const before = snapshot();
  const statistics = statisticsBlock({ total_requests: 99_999 });
  const again = ratesBetween(
    before,
    snapshot({ at: 2_000, status: { ...before.status, uptime_seconds: 1, statistics } }),
  );
  assertEquals([again.counters, again.dras.size, again.apps.size], [undefined, 0, 0]);
});

Deno.test("two looks at once, and a gateway without a Diameter plane, have no rates", () => {
  assertEquals(ratesBetween(snapshot(), snapshot()).counters, undefined);
  const { statistics: _, ...bare } = snapshot().status;
  const none = snapshot({ at: 2_000, status: bare, dras: [], apps: [] });
  assertEquals(ratesBetween(none, none).counters, undefined);
});

Deno.test("rates have as many digits as count", () => {
  const given: [rate: number | undefined, text: string][] = [
    [undefined, "-"],
    [0, "0"],
    [0.01, "<0.1"],
    [0.25, "0.3"],
    [3, "3"],
    [9.94, "9.9"],
    [9.96, "10"],
    [12_345.4, "12,345"],
  ];
  for (const [rate, text] of given) assertEquals(rateText(rate), text);
  const bytes: [rate: number | undefined, text: string][] = [
    [undefined, "-"],
    [0, "0 B/s"],
    [999, "999 B/s"],
    [999.6, "1.0 kB/s"],
    [12_340, "12.3 kB/s"],
    [123_400, "123 kB/s"],
    [2.5e9, "2.5 GB/s"],
    [2.5e12, "2500 GB/s"],
  ];
  for (const [rate, text] of bytes) assertEquals(bytesText(rate), text);
});
