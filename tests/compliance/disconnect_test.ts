/** Items X1 to X6, and the decision P10 about Disconnect-Cause. */
import { assert, assertEquals } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { FLAG } from "../../src/diameter/wire/header.ts";
import { answer, peerAnswer, peerRequest, RawMessage, request } from "../support/raw_message.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { until } from "../support/until.ts";
import { GATEWAY, stage } from "./stage.ts";

const AGAIN = FLAG.request | FLAG.proxiable | FLAG.retransmitted;
const DPR = COMMAND.disconnectPeer;

Deno.test(
  "X1 X2 P10 shutting down, every peer gets a DPR (0) with our identity; its DPA ends the connection",
  stage({ dras: [{}, { priority: 2 }] }, async (s) => {
    const peers = [await s.app(), ...s.dras];
    const stopping = s.gateway.stop();
    for (const peer of peers) {
      const dpr = await peer.answerPeerRequest(DPR);
      assertEquals([dpr.flags, dpr.header.application], [FLAG.request, 0]);
      assertEquals(dpr.number(AVP.disconnectCause), 0);
      assertEquals([dpr.text(AVP.originHost), dpr.text(AVP.originRealm)], [GATEWAY.host, GATEWAY.realm]);
    }
    // The receiver of the DPA closes: we do.
    for (const peer of peers) await peer.nextEnd();
    await stopping;
    assertEquals(s.events.at(-1), { kind: "stopped" });
  }),
);

Deno.test(
  "X2 shutting down, a peer that sends no DPA is closed after dpr_timeout",
  stage({ server: { dprTimeout: 60 }, draPool: { dprTimeout: 60 } }, async (s) => {
    const app = await s.app();
    const stopping = s.gateway.stop();
    for (const peer of [app, s.dra]) {
      await peer.nextRequest(DPR);
      await peer.nextEnd();
    }
    await stopping;
  }),
);

Deno.test(
  "X2 W8 shutting down while a DWR is unanswered, no other leaves, and nobody is said to have answered it",
  stage({
    gateway: { drainTimeout: 1 },
    server: { dprTimeout: 60 },
    draPool: { dprTimeout: 250, watchdogInterval: 100, watchdogJitter: 0 },
  }, async (s) => {
    await s.dra.nextRequest(COMMAND.deviceWatchdog);
    const stopping = s.gateway.stop();
    await s.dra.nextRequest(DPR);
    // Two watchdog intervals pass meanwhile.
    await s.dra.nextEnd();
    await stopping;
    assertEquals(s.eventsOf("dra_state").slice(3).map(({ from, to, reason }) => `${from} -> ${to} (${reason})`), [
      "OPEN -> DWR_SENT (a watchdog is unanswered)",
      "DWR_SENT -> CLOSING (shutting down)",
      "CLOSING -> DISCONNECTED (shutting down; no DPA in time)",
    ]);
  }),
);

Deno.test(
  "X2 E16 shutting down, no connection is accepted, pending answers still come, new requests are answered 3004, then the DPRs go out",
  stage({ gateway: { drainTimeout: 10_000 } }, async (s) => {
    const app = await s.app();
    await app.send(request({ endToEnd: 1 }));
    const pending = await s.dra.nextRequest();
    const stopping = s.gateway.stop();
    const refused = await RawPeer.connect(s.port, app.identity).then(() => false, () => true);
    assert(refused, "a connection was accepted");
    await app.send(request({ endToEnd: 2 }));
    const refusal = await app.nextAnswer();
    assertEquals([refusal.endToEnd, refusal.resultCode, refusal.flags], [2, 3004, FLAG.proxiable | FLAG.error]);
    await s.dra.send(request({ destinationHost: "app.example.net" }));
    assertEquals((await s.dra.nextAnswer()).resultCode, 3004);
    await s.dra.nothingMore();
    await app.nothingMore();
    await s.dra.send(answer(pending));
    assertEquals((await app.nextAnswer()).endToEnd, 1);
    await app.answerPeerRequest(DPR);
    await s.dra.answerPeerRequest(DPR);
    await stopping;
  }),
);

Deno.test(
  "X2 what is still pending after drain_timeout is answered 3002, in both directions",
  stage({ gateway: { drainTimeout: 60 } }, async (s) => {
    const app = await s.app();
    await app.send(request());
    await s.dra.nextRequest();
    await s.dra.send(request({ destinationHost: "app.example.net" }));
    await app.nextRequest();
    const stopping = s.gateway.stop();
    assertEquals((await app.nextAnswer()).resultCode, 3002);
    assertEquals((await s.dra.nextAnswer()).resultCode, 3002);
    await app.answerPeerRequest(DPR);
    await s.dra.answerPeerRequest(DPR);
    await stopping;
    assertEquals(s.gateway.statistics.sessions_rejected, 2);
  }),
);

Deno.test(
  "X3 a DPR is answered with a DPA 2001 that copies both ids",
  stage({}, async (s) => {
    const app = await s.app();
    for (const peer of [app, s.dra]) {
      const dpr = new RawMessage(peerRequest(peer.identity, 0));
      await peer.send(dpr.bytes);
      const dpa = await peer.nextAnswer(DPR);
      assertEquals([dpa.hopByHop, dpa.endToEnd, dpa.flags, dpa.resultCode], [dpr.hopByHop, dpr.endToEnd, 0, 2001]);
      assertEquals(dpa.text(AVP.originHost), GATEWAY.host);
    }
  }),
);

Deno.test(
  "X3 after a DPR of a DRA new requests go elsewhere at once; its pending answers still count until it closes; then the rest moves",
  stage({ dras: [{}, { priority: 2 }], draPool: { dprTimeout: 10_000 } }, async (s) => {
    const [first, second] = [s.dras[0]!, s.dras[1]!];
    const app = await s.app();
    await app.send(request({ endToEnd: 1 }), request({ endToEnd: 2 }));
    const pending = [await first.nextRequest(), await first.nextRequest()];
    await first.send(peerRequest(first.identity, 0));
    await first.nextAnswer(DPR);
    await app.send(request({ endToEnd: 3 }));
    assertEquals((await second.nextRequest()).endToEnd, 3);
    await first.send(answer(pending[0]!));
    assertEquals((await app.nextAnswer()).endToEnd, 1);
    await first.close();
    const moved = await second.nextRequest();
    assertEquals([moved.endToEnd, moved.flags], [2, AGAIN]);
  }),
);

Deno.test(
  "X3 a DRA that does not close after its DPR is closed after dpr_timeout, and what it owes moves",
  stage({ dras: [{}, { priority: 2 }], draPool: { dprTimeout: 60 } }, async (s) => {
    const app = await s.app();
    await app.send(request());
    await s.dras[0]!.nextRequest();
    await s.dras[0]!.send(peerRequest(s.dras[0]!.identity, 0));
    await s.dras[0]!.nextAnswer(DPR);
    await s.dras[0]!.nextEnd();
    assertEquals((await s.dras[1]!.nextRequest()).flags, AGAIN);
  }),
);

Deno.test(
  "X3 after the DPR of a Logic App its pending answers still come, and it gets no requests",
  stage({ server: { dprTimeout: 10_000 } }, async (s) => {
    const app = await s.app();
    await app.send(request());
    const pending = await s.dra.nextRequest();
    await app.send(peerRequest(app.identity, 0));
    await app.nextAnswer(DPR);
    await s.dra.send(request({ destinationHost: "app.example.net" }));
    assertEquals((await s.dra.nextAnswer()).resultCode, 3002);
    await s.dra.send(answer(pending));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
  }),
);

for (
  const [cause, name, wait] of [
    [0, "REBOOTING", "initial"],
    [1, "BUSY", "after_refusal"],
    [2, "DO_NOT_WANT_TO_TALK_TO_YOU", "after_refusal"],
  ] as const
) {
  Deno.test(
    `X4 after a DPR (${name}) a DRA is tried again after ${wait}`,
    stage({
      draPool: { reconnect: { initial: 40_000, multiplier: 1, max: 40_000, jitter: 0, afterRefusal: 90_000 } },
    }, async (s) => {
      await s.dra.send(peerRequest(s.dra.identity, cause));
      await s.dra.nextAnswer(DPR);
      await s.dra.close();
      const link = s.gateway.pool.dras[0]!.links[0]!;
      await until(() => link.nextAttemptAt > 0, "the next attempt is planned");
      const seconds = Math.round((link.nextAttemptAt - Date.now()) / 1000);
      assertEquals(seconds, wait === "initial" ? 40 : 90);
      assert(link.lastError.includes(name), link.lastError);
    }),
  );
}

Deno.test(
  "X4 a DRA that does not want us is tried at once when an operator says so",
  stage({
    draPool: { reconnect: { initial: 40_000, multiplier: 1, max: 40_000, jitter: 0, afterRefusal: 90_000 } },
  }, async (s) => {
    await s.dra.send(peerRequest(s.dra.identity, 2));
    await s.dra.nextAnswer(DPR);
    await s.dra.close();
    const link = s.gateway.pool.dras[0]!.links[0]!;
    await until(() => link.nextAttemptAt > 0, "the next attempt is planned");
    link.reconnect("told to");
    await s.reopened();
    await s.usable();
  }),
);

Deno.test(
  "X5 a request behind a DPR of its sender is answered 3004, one before it is served",
  stage({ server: { dprTimeout: 10_000 } }, async (s) => {
    const app = await s.app();
    await app.send(request({ endToEnd: 1 }), peerRequest(app.identity, 0), request({ endToEnd: 2 }));
    assertEquals((await app.nextAnswer(DPR)).resultCode, 2001);
    const refusal = await app.nextAnswer();
    assertEquals([refusal.endToEnd, refusal.resultCode], [2, 3004]);
    const relayed = await s.dra.nextRequest();
    assertEquals(relayed.endToEnd, 1);
    await s.dra.send(answer(relayed));
    assertEquals((await app.nextAnswer()).endToEnd, 1);
  }),
);

Deno.test(
  "X5 a request that comes after our DPR is answered 3004",
  stage({ server: { dprTimeout: 10_000 }, draPool: { dprTimeout: 10_000 } }, async (s) => {
    const app = await s.app();
    const stopping = s.gateway.stop();
    const dpr = await app.nextRequest(DPR);
    await app.send(request());
    assertEquals((await app.nextAnswer()).resultCode, 3004);
    await app.send(peerAnswer(app.identity, dpr));
    await s.dra.answerPeerRequest(DPR);
    await stopping;
  }),
);

Deno.test(
  "X2 both sides take their leave at once: both DPRs are answered, and the connection ends",
  stage({ dras: [] }, async (s) => {
    const app = await s.app();
    const stopping = s.gateway.stop();
    const dpr = await app.nextRequest(DPR);
    await app.send(peerRequest(app.identity, 0));
    await app.nextAnswer(DPR);
    await app.send(peerAnswer(app.identity, dpr));
    await app.nextEnd();
    await stopping;
  }),
);
