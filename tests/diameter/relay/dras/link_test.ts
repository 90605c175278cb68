import { assertEquals, assertStringIncludes } from "@std/assert";
import { AVP, DISCONNECT_CAUSE } from "../../../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../../../src/diameter/wire/command_codes.ts";
import { FLAG, OFFSET } from "../../../../src/diameter/wire/header.ts";
import { peerAnswer, peerRequest } from "../../../support/raw_message.ts";
import { type Line, type Scene, scene, TW, WAIT } from "./scene.ts";

/** The waits that were told of. */
function waits(s: Scene): number[] {
  return s.eventsOf("dra_connect_failed").map(({ retryIn }) => retryIn);
}

/** Tw passes without a word of the DRA, and once more without its DWA. */
async function becomesSuspect(s: Scene): Promise<void> {
  await s.passes(TW);
  await s.passes(TW);
  assertEquals(s.link().watchdog.state, "suspect");
}

Deno.test(
  "a DRA is dialled as it is configured, and is OKAY with its CEA the first time",
  scene({ dras: [{ port: 3869, bind: "192.0.2.99" }], draPool: { connectTimeout: 7_000 } }, async (s) => {
    s.pool.start();
    assertEquals(s.link().state, "CONNECTING");
    const call = s.call();
    assertEquals([call.to, call.options.timeout, call.options.bind], [
      { hostname: "192.0.2.1", port: 3869 },
      7_000,
      "192.0.2.99",
    ]);
    const line = await call.accepted();
    assertEquals(s.link().reason, "waits for the CEA");
    await line.opens();
    assertEquals([s.link().okay, s.link().reason, s.dra().usable], [true, "", true]);
    assertEquals(s.states(), ["CONNECTING", "CER_SENT", "OPEN"]);
  }),
);

Deno.test(
  "W11 a DRA that cannot be reached is tried again after the first wait, then after ever longer ones",
  scene({}, async (s) => {
    s.pool.start();
    for (const wait of [1, 2, 4, 8, 8].map((times) => times * WAIT)) {
      await s.call().fails();
      assertEquals(s.link().state, "RECONNECTING");
      await s.passes(wait - 1);
      assertEquals(s.calls.length, 0, "too early");
      await s.passes(1);
    }
    assertEquals(waits(s), [1_000, 2_000, 4_000, 8_000, 8_000]);
    assertEquals(
      s.link().reason,
      "is being connected",
    );
    const { ok, failed } = s.dra().meters.attempts;
    assertEquals([ok.value, failed.value], [0, 5]);
    assertStringIncludes(s.link().lastError, "cannot be reached: connection refused (192.0.2.1:3868)");
  }),
);

Deno.test(
  "W11 after a connection that held for a minute the waits are short again, after a shorter one they go on growing",
  scene({}, async (s) => {
    s.pool.start();
    await s.call().fails();
    await s.passes(WAIT);
    const short = await s.opened();
    await s.passes(29_000);
    await short.ends();
    await s.passes(2 * WAIT);
    const long = await s.opened();
    // REOPEN: usable only with the third DWA.
    for (let i = 0; i < 3; i++) {
      await long.answersWatchdog();
      if (i < 2) await s.passes(TW);
    }
    assertEquals(s.link().okay, true);
    for (let i = 0; i < 3; i++) {
      await s.passes(TW - 1_000);
      await long.sends(peerRequest(long.identity));
    }
    await long.ends();
    assertEquals(waits(s), [WAIT, 2 * WAIT, WAIT]);
  }),
);

Deno.test(
  "C2 a DRA whose CEA does not come in time is let go and tried again",
  scene({ draPool: { capabilitiesTimeout: 5_000 } }, async (s) => {
    s.pool.start();
    const line = await s.call().accepted();
    await s.passes(4_999);
    assertEquals(line.closed, false);
    await s.passes(1);
    assertEquals([line.closed, s.link().reason], [true, "is not connected: no CEA in time"]);
    assertStringIncludes(s.eventsOf("dra_connect_failed")[0]!.hint, "does it know gw.example.net?");
    await s.passes(WAIT);
    await s.opened();
    assertEquals(s.dra().usable, true);
  }),
);

Deno.test(
  "a DRA that refuses us is left alone for longer",
  scene({}, async (s) => {
    s.pool.start();
    await (await s.call().accepted()).opens(3010);
    assertEquals(waits(s), [60 * WAIT]);
    await s.passes(60 * WAIT);
    await s.opened();
  }),
);

for (const [cause, wait] of [[DISCONNECT_CAUSE.rebooting, WAIT], [DISCONNECT_CAUSE.busy, 60 * WAIT]] as const) {
  Deno.test(
    `W7 X4 a DRA that leaves with cause ${cause} is dialled after ${wait} ms, and comes back OKAY`,
    scene({}, async (s) => {
      const [line] = await s.open();
      await line!.leaves(cause);
      assertEquals(waits(s), [wait]);
      await s.passes(wait);
      await s.opened();
      assertEquals(s.link().watchdog.state, "okay");
    }),
  );
}

Deno.test(
  "X3 a DRA that does not close after its own DPR is closed after dpr_timeout",
  scene({ draPool: { dprTimeout: 5_000 } }, async (s) => {
    const [line] = await s.open();
    await line!.sends(peerRequest(line!.identity, DISCONNECT_CAUSE.rebooting));
    assertEquals([s.link().state, s.link().leaving, s.dra().usable], ["CLOSING", true, false]);
    await s.passes(4_999);
    assertEquals(line!.closed, false);
    await s.passes(1);
    assertEquals(line!.closed, true);
  }),
);

Deno.test(
  "W2 a DWR comes after Tw of silence, with our identity, and only one at a time",
  scene({}, async (s) => {
    const [line] = await s.open();
    await s.passes(TW - 1);
    assertEquals(line!.inbox, [], "too early");
    await s.passes(1);
    const dwr = line!.next(COMMAND.deviceWatchdog);
    assertEquals([dwr.flags, dwr.text(AVP.originHost), dwr.text(AVP.originRealm)], [
      FLAG.request,
      "gw.example.net",
      "example.net",
    ]);
    assertEquals(s.link().state, "DWR_SENT");
    await s.passes(TW);
    assertEquals([s.link().watchdog.state, line!.inbox], ["suspect", []]);
  }),
);

Deno.test(
  "W2 any message of the DRA puts the DWR off, not only a DWA",
  scene({}, async (s) => {
    const [line] = await s.open();
    for (let i = 0; i < 5; i++) {
      await s.passes(TW - 1);
      await line!.sends(peerRequest(line!.identity));
      line!.next(COMMAND.deviceWatchdog);
    }
    assertEquals([s.link().watchdog.pending, line!.inbox], [false, []]);
  }),
);

Deno.test(
  "W4 W9 a DRA that stays silent is closed after one Tw in SUSPECT, three after the last message",
  scene({}, async (s) => {
    const [line] = await s.open();
    await becomesSuspect(s);
    assertEquals([s.told, s.link().reason], [["suspect dra-1"], "is suspect: a watchdog is unanswered"]);
    await s.passes(TW - 1);
    assertEquals(line!.closed, false);
    await s.passes(1);
    assertEquals([line!.closed, s.link().watchdog.state], [true, "down"]);
    assertEquals(s.told, ["suspect dra-1", "lost dra-1: the peer answered no watchdog"]);
  }),
);

Deno.test(
  "W4 a message of a SUSPECT DRA makes it OKAY again",
  scene({}, async (s) => {
    const [line] = await s.open();
    await becomesSuspect(s);
    assertEquals(s.dra().usable, false);
    await line!.answersWatchdog();
    assertEquals([s.link().okay, s.link().reason, s.dra().usable], [true, "", true]);
  }),
);

Deno.test(
  "W3 N1 a DRA whose DWA carries an identifier of its own is told that, and not that it was silent",
  scene({}, async (s) => {
    const [line] = await s.open();
    await s.passes(TW);
    const dwr = line!.next(COMMAND.deviceWatchdog);
    const dwa = peerAnswer(line!.identity, dwr);
    new DataView(dwa.buffer).setUint32(OFFSET.hopByHop, dwr.hopByHop ^ 1);
    await line!.sends(dwa);
    await s.passes(TW);
    const cause = "its DWA carries another Hop-by-Hop Identifier than the request";
    assertEquals(s.eventsOf("dra_suspect").map(({ reason }) => reason), [`is suspect: ${cause}`]);
    await s.passes(TW);
    assertEquals(s.eventsOf("dra_connect_failed").map(({ reason }) => reason), [cause]);
  }),
);

Deno.test(
  "W5 how far a DRA in REOPEN has come is told as it progresses, three DWAs until it is OKAY",
  scene({ dras: [{}, { priority: 2 }] }, async (s) => {
    const [first, second] = await s.open();
    await first!.ends();
    assertEquals(s.dra().reason, "is not connected: the peer closed the connection");
    await s.passes(WAIT);
    const back = await s.opened();
    for (let answered = 0; answered < 3; answered++) {
      assertEquals([s.link().watchdog.state, s.dra().usable], ["reopen", false]);
      assertEquals(s.dra().reason, `is connected, ${answered} of 3 watchdogs answered`);
      assertEquals(s.eventsOf("dra_reopening").map((event) => event.answered), [0, 1, 2].slice(0, answered + 1));
      await back.answersWatchdog();
      if (answered < 2) await both(s, second!);
    }
    assertEquals([s.link().okay, s.dra().usable], [true, true]);
  }),
);

/** Tw passes, and `line` keeps its watchdog content. */
async function both(s: Scene, line: Line): Promise<void> {
  await s.passes(TW - 1);
  await line.sends(peerRequest(line.identity));
  await s.passes(1);
}

Deno.test(
  "W6 a DRA in REOPEN that misses a DWA is closed at the second expiry, not at the first",
  scene({ dras: [{}, { priority: 2 }] }, async (s) => {
    const [first, second] = await s.open();
    await first!.ends();
    await s.passes(WAIT);
    const back = await s.opened();
    back.next(COMMAND.deviceWatchdog);
    await both(s, second!);
    assertEquals(back.closed, false);
    await both(s, second!);
    assertEquals(back.closed, true);
  }),
);

Deno.test(
  "told to connect again, a waiting link dials at once, and an open one takes leave first",
  scene({}, async (s) => {
    s.pool.start();
    await s.call().fails();
    s.link().reconnect("told to");
    await s.passes(0);
    const line = await s.opened();
    assertEquals(s.link().nextAttemptAt, 0);
    s.link().reconnect("told to");
    await s.passes(0);
    await line.sends(peerAnswer(line.identity, line.next(COMMAND.disconnectPeer)));
    assertEquals([line.closed, s.link().state], [true, "CONNECTING"]);
    await s.opened();
    assertEquals(s.link().watchdog.state, "okay", "it left in order");
  }),
);

Deno.test(
  "stopped while it dials, it gives that up; started again, it dials anew",
  scene({}, async (s) => {
    s.pool.start();
    const call = s.call();
    await s.link().stop();
    assertEquals([call.givenUp, s.link().state, s.link().running], [true, "DISCONNECTED", false]);
    await s.passes(100 * WAIT);
    assertEquals(s.calls.length, 0);
    s.link().start();
    await s.opened();
    assertEquals([s.link().running, s.dra().usable], [true, true]);
  }),
);

Deno.test(
  "stopped while it waits, it is done at once",
  scene({}, async (s) => {
    s.pool.start();
    await s.call().fails();
    await s.link().stop(DISCONNECT_CAUSE.rebooting, "taken out of service");
    assertEquals([s.link().state, s.link().reason, s.link().nextAttemptAt], [
      "DISCONNECTED",
      "taken out of service",
      0,
    ]);
    assertEquals(s.clock.alarms, 0);
  }),
);

Deno.test(
  "X1 X2 stopped while it is connected, it takes leave with the cause that it was given, and waits for the DPA no longer than dpr_timeout",
  scene({ draPool: { dprTimeout: 5_000 } }, async (s) => {
    const [line] = await s.open();
    let stopped = false;
    const stopping = s.link().stop(DISCONNECT_CAUSE.busy, "taken out of service").then(() => stopped = true);
    await s.passes(0);
    assertEquals(line!.next(COMMAND.disconnectPeer).number(AVP.disconnectCause), DISCONNECT_CAUSE.busy);
    assertEquals([s.link().state, stopped], ["CLOSING", false]);
    await s.passes(4_999);
    assertEquals(stopped, false);
    await s.passes(1);
    await stopping;
    assertEquals(s.link().state, "DISCONNECTED");
  }),
);

Deno.test(
  "stopped and started in one breath, it dials again only when the old connection has ended",
  scene({}, async (s) => {
    const [line] = await s.open();
    const stopping = s.link().stop();
    s.link().start();
    await s.passes(0);
    assertEquals(s.calls.length, 0);
    await line!.sends(peerAnswer(line!.identity, line!.next(COMMAND.disconnectPeer)));
    await stopping;
    await s.opened();
    assertEquals(s.dra().usable, true);
  }),
);
