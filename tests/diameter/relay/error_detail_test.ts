import { assertEquals } from "@std/assert";
import { AVP } from "../../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../../src/diameter/wire/command_codes.ts";
import { FLAG } from "../../../src/diameter/wire/header.ts";
import { stage } from "../../compliance/stage.ts";
import { patched, peerRequest, request } from "../../support/raw_message.ts";
import { until } from "../../support/until.ts";

/** One DRA that nobody serves, one that loses its connection while it has a request. */
const DRAS = [{ name: "secret-east", port: 1, priority: 2 }, { name: "secret-west", host: "west.secret.example" }];

for (
  const [errorDetail, lost, none] of [
    [
      "full",
      "the connection to secret-west was lost and the request could not be sent again",
      "no route: secret-east cannot be reached: connection refused (127.0.0.1:1); secret-west is not connected: the peer " +
      "closed the connection",
    ],
    [
      "reason",
      "the connection to the node that had the request was lost",
      "no route: no node behind this one can take the request",
    ],
    ["none", undefined, undefined],
  ] as const
) {
  Deno.test(
    `error_detail ${errorDetail}: what a Logic App reads when a DRA is lost, and when there is none`,
    stage({
      dras: DRAS,
      open: false,
      gateway: { errorDetail },
      draPool: { reconnect: { initial: 60_000, multiplier: 1, max: 60_000, jitter: 0, afterRefusal: 60_000 } },
    }, async (s) => {
      const dra = await s.listeners[1]!.open();
      await s.usable(1);
      await until(() => s.gateway.pool.dras[0]!.reason.includes("refused"), "the first one cannot be reached");
      const app = await s.app();
      await app.send(request());
      await dra.nextRequest();
      await dra.close();
      const first = await app.nextAnswer();
      assertEquals([first.resultCode, first.text(AVP.errorMessage)], [3002, lost]);
      await s.usable(1, false);
      await app.send(request());
      const second = await app.nextAnswer();
      assertEquals([second.resultCode, second.text(AVP.errorMessage)], [3002, none]);
      // Who reports it is told in any case.
      assertEquals(second.text(AVP.errorReportingHost), "gw.example.net");
    }),
  );
}

Deno.test(
  "error_detail none: no answer to a Logic App carries an Error-Message, not even a CEA",
  stage({ gateway: { errorDetail: "none", applications: [{ id: 4 }] } }, async (s) => {
    const app = await s.app("app.example.net", { applications: [4] });
    const dwr = watchdog();
    await app.send(patched(dwr, { 4: dwr[4]! | FLAG.error }));
    const refusal = await app.nextAnswer(COMMAND.deviceWatchdog);
    assertEquals([refusal.resultCode, refusal.text(AVP.errorMessage)], [3008, undefined]);
    const stranger = await s.connect("stranger.example.net", { applications: [5] });
    const cea = await stranger.exchangeCapabilities();
    assertEquals([cea.resultCode, cea.text(AVP.errorMessage)], [5010, undefined]);
  }),
);

function watchdog(): Uint8Array {
  return peerRequest({ host: "app.example.net", realm: "example.net" });
}
