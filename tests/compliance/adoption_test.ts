/** Item C12, and the decisions about a DRA that dials us. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { FLAG } from "../../src/diameter/wire/header.ts";
import { answer, cea, cer, peerAnswer, peerRequest, request } from "../support/raw_message.ts";
import type { RawPeer } from "../support/raw_peer.ts";
import { until } from "../support/until.ts";
import { GATEWAY, type Stage, stage, type StageOptions } from "./stage.ts";

/**
 * Identities before and behind the gateway's: the first loses an election against it, the second
 * wins.
 */
const [LESSER, GREATER] = ["dra-1.example.net", "zra-1.example.net"] as const;

/** A port that nobody listens on: every dial fails. */
const CLOSED_PORT = 1;
/** An address of this machine that no test connects from. */
const ELSEWHERE = "127.0.0.9";

/** A DRA of that identity that cannot be dialled. */
function dialsUs(host: string = LESSER): StageOptions {
  return { open: false, dras: [{ host, originHost: host, port: CLOSED_PORT }] };
}

/** A DRA of that identity that is dialled, and whose CEA the test sends. */
function dialled(host: string, more: Partial<StageOptions> = {}): StageOptions {
  return { open: false, dras: [{ host, originHost: host }], ...more };
}

/** A connection that the DRA opens, behind its capabilities exchange. */
async function opensItself(s: Stage, host: string = LESSER): Promise<RawPeer> {
  const dra = await s.app(host);
  await s.usable();
  return dra;
}

/** The DRA's own connection has the place, and nothing else is dialled or open. */
function assertAdopted(s: Stage, links = 1): void {
  assertEquals(s.gateway.apps.size, 0, "it is no Logic App");
  assertEquals(s.eventsOf("app_up").filter(({ app }) => app !== "app.example.net"), []);
  const states = s.gateway.pool.dras[0]!.links.map((link) => link.state);
  assertEquals(states, ["OPEN", ...new Array<string>(links - 1).fill("DISCONNECTED")]);
}

/** `peer` is refused, and what is told of it holds `reason`. */
async function assertRefused(s: Stage, peer: RawPeer, resultCode: number, reason: string): Promise<void> {
  const refusal = await peer.nextAnswer(COMMAND.capabilitiesExchange);
  assertEquals([refusal.resultCode, refusal.flags], [resultCode, resultCode < 4000 ? FLAG.error : 0]);
  await peer.nextEnd();
  await until(() => s.eventsOf("app_refused").length > 0, "it is told");
  assertStringIncludes(s.eventsOf("app_refused").at(-1)!.reason, reason);
  assertStringIncludes(refusal.text(AVP.errorMessage)!, reason);
}

/** Requests go both ways. */
async function assertServes(s: Stage, dra: RawPeer): Promise<void> {
  const app = await s.app();
  await app.send(request());
  const asked = await dra.nextRequest();
  assertEquals(asked.texts(AVP.routeRecord), ["app.example.net"]);
  await dra.send(answer(asked));
  assertEquals((await app.nextAnswer()).resultCode, 2001);
  await dra.send(request({ destinationHost: "app.example.net" }));
  const reverse = await app.nextRequest();
  assertEquals(reverse.texts(AVP.routeRecord), [dra.identity.host]);
  await app.send(answer(reverse));
  assertEquals((await dra.nextAnswer()).resultCode, 2001);
  await app.close();
  await until(() => s.gateway.apps.size === 0, "the Logic App is gone");
}

Deno.test(
  "C12 a DRA that dials us before it can be dialled is served as the DRA, in any case of its name, and never as a Logic App",
  stage(dialsUs(), async (s) => {
    const dra = await opensItself(s, "DRA-1.Example.NET");
    assertAdopted(s);
    await assertServes(s, dra);
    assertAdopted(s);
    const { messages_received, messages_sent, state, reconnects } = s.gateway.statistics.dras[0]!;
    assertEquals([messages_received, messages_sent, state, reconnects], [2, 2, "OPEN", 0]);
    const opened = s.eventsOf("dra_state").filter(({ to }) => to === "OPEN");
    assertEquals(opened.map(({ reason }) => reason.includes("which connected from 127.0.0.1:")), [true]);
  }),
);

Deno.test(
  "C12 while the connection that a DRA opened lives, nothing is dialled; when it is gone, dialling goes on, and REOPEN comes first",
  stage(dialled(LESSER, { draPool: { watchdogInterval: 300, watchdogJitter: 0 } }), async (s) => {
    const [listener] = s.listeners;
    const ours = await listener!.accept();
    await ours.nextRequest(COMMAND.capabilitiesExchange);
    const dra = await opensItself(s);
    dra.answersWatchdogs = true;
    await ours.nextEnd();
    const dials = () => s.eventsOf("dra_state").filter(({ to }) => to === "CONNECTING").length;
    const before = dials();
    await assertServes(s, dra);
    assertEquals([dials(), listener!.accepted.length], [before, 1]);

    await dra.close();
    const again = await listener!.open();
    for (let i = 0; i < 3; i++) await again.answerPeerRequest(COMMAND.deviceWatchdog);
    const link = s.gateway.pool.dras[0]!.links[0]!;
    await until(() => link.okay, "it is OKAY after three watchdogs");
    again.answersWatchdogs = true;
    await assertServes(s, again);
    assertEquals(s.gateway.statistics.dras[0]!.reconnects, 1);
  }),
);

Deno.test(
  "C12 a DRA that was lost and dials us is watched through REOPEN before it is OKAY",
  stage({ ...dialsUs(), draPool: { watchdogInterval: 250, watchdogJitter: 0 } }, async (s) => {
    const first = await opensItself(s);
    await first.close();
    await s.usable(0, false);
    const second = await s.app(LESSER);
    const link = s.gateway.pool.dras[0]!.links[0]!;
    for (let i = 0; i < 3; i++) {
      assertEquals(link.watchdog.state, "reopen");
      await second.answerPeerRequest(COMMAND.deviceWatchdog);
    }
    await until(() => link.okay, "it is OKAY");
    second.answersWatchdogs = true;
    await assertServes(s, second);
  }),
);

Deno.test(
  "C12 a DRA that dialled us and answers no watchdog is suspect, then closed",
  stage({ ...dialsUs(), draPool: { watchdogInterval: 50, watchdogJitter: 0 } }, async (s) => {
    const dra = await opensItself(s);
    await dra.nextRequest(COMMAND.deviceWatchdog);
    await dra.nextEnd();
    await s.usable(0, false);
    assertEquals(s.eventsOf("dra_suspect").length, 1);
  }),
);

Deno.test(
  "C12 a DRA whose connection is open and that dials us is answered 4003, and the open one is asked for a sign of life",
  stage({ dras: [{}] }, async (s) => {
    // Its identity is known from its CEA alone.
    const second = await s.connect("DRA-1.example.net");
    await second.send(cer(second.identity));
    await s.dra.answerPeerRequest(COMMAND.deviceWatchdog);
    await assertRefused(s, second, 4003, "DRA dra-1 is open already");
    await assertServes(s, s.dra);
  }),
);

Deno.test(
  "C12 a DRA that dials us twice has one connection",
  stage(dialsUs(), async (s) => {
    const first = await opensItself(s);
    first.answersWatchdogs = true;
    const second = await s.connect(LESSER);
    await second.send(cer(second.identity));
    await assertRefused(s, second, 4003, "DRA dra-1 is open already");
    await assertServes(s, first);
  }),
);

Deno.test(
  "C12 both dial at once and the gateway wins: it closes its own connection, and the DRA's opens",
  stage(dialled(LESSER), async (s) => {
    assert(GATEWAY.host > LESSER);
    const ours = await s.listeners[0]!.accept();
    await ours.nextRequest(COMMAND.capabilitiesExchange);
    const theirs = await s.connect(LESSER);
    assertEquals((await theirs.exchangeCapabilities()).resultCode, 2001);
    await ours.nextEnd();
    await s.usable();
    assertAdopted(s);
    await assertServes(s, theirs);
    const { ok, failed } = s.gateway.pool.dras[0]!.meters.attempts;
    assertEquals([ok.value, failed.value], [0, 0]);
  }),
);

Deno.test(
  "C12 both dial at once and the DRA wins: the gateway's own connection opens, the DRA's is answered 4003",
  stage(dialled(GREATER), async (s) => {
    assert(GATEWAY.host < GREATER);
    const ours = await s.listeners[0]!.accept();
    const request = await ours.nextRequest(COMMAND.capabilitiesExchange);
    const theirs = await s.connect(GREATER);
    await theirs.send(cer(theirs.identity));
    ours.answersWatchdogs = true;
    await ours.send(cea(ours.identity, request));
    await assertRefused(s, theirs, 4003, "DRA dra-1 is open already");
    await s.usable();
    await assertServes(s, ours);
  }),
);

for (const how of ["closes it", "never answers it"] as const) {
  Deno.test(
    `C12 the DRA wins the election for the gateway's connection and ${how}: its own one opens`,
    stage(dialled(GREATER, { draPool: { capabilitiesTimeout: 300 } }), async (s) => {
      const ours = await s.listeners[0]!.accept();
      await ours.nextRequest(COMMAND.capabilitiesExchange);
      const theirs = await s.connect(GREATER);
      await theirs.send(cer(theirs.identity));
      if (how === "closes it") await ours.close();
      assertEquals((await theirs.nextAnswer(COMMAND.capabilitiesExchange)).resultCode, 2001);
      await ours.close();
      await s.usable();
      assertAdopted(s);
      await assertServes(s, theirs);
    }),
  );
}

Deno.test(
  "C12 a DRA that gives up the connection which waits for the election loses nothing",
  stage(dialled(GREATER), async (s) => {
    const ours = await s.listeners[0]!.accept();
    const request = await ours.nextRequest(COMMAND.capabilitiesExchange);
    const theirs = await s.connect(GREATER);
    await theirs.send(cer(theirs.identity));
    await theirs.close();
    ours.answersWatchdogs = true;
    await ours.send(cea(ours.identity, request));
    await s.usable();
    await assertServes(s, ours);
  }),
);

Deno.test(
  "C12 with two connections for each DRA, the one that it opens takes the place of both that are being dialled",
  stage(dialled(LESSER, { draPool: { connectionsPerDra: 2 } }), async (s) => {
    const [listener] = s.listeners;
    const ours = [await listener!.accept(), await listener!.accept()];
    for (const each of ours) await each.nextRequest(COMMAND.capabilitiesExchange);
    const theirs = await opensItself(s);
    for (const each of ours) await each.nextEnd();
    await until(() => s.gateway.pool.dras[0]!.links[1]!.state === "DISCONNECTED", "the second place stays empty");
    assertAdopted(s, 2);
    await assertServes(s, theirs);
    assertEquals(listener!.accepted.length, 2);

    await theirs.close();
    const again = [await listener!.open(), await listener!.open()];
    for (const each of again) each.answersWatchdogs = true;
    await until(() => s.gateway.pool.dras[0]!.links.every(({ relayPeer }) => relayPeer !== undefined), "both are back");
  }),
);

Deno.test(
  "C12 with two connections for each DRA, one open and one being dialled, another one is answered 4003",
  stage(dialled(LESSER, { draPool: { connectionsPerDra: 2 } }), async (s) => {
    const [listener] = s.listeners;
    const open = await listener!.open();
    open.answersWatchdogs = true;
    const other = await listener!.accept();
    const request = await other.nextRequest(COMMAND.capabilitiesExchange);
    await s.usable();
    const theirs = await s.connect(LESSER);
    await theirs.send(cer(theirs.identity));
    await assertRefused(s, theirs, 4003, "DRA dra-1 is open already");
    other.answersWatchdogs = true;
    await other.send(cea(other.identity, request));
    await until(() => s.gateway.pool.dras[0]!.links.every((link) => link.okay), "both are open");
  }),
);

Deno.test(
  "C12 C5 somebody else who has a DRA's name is answered 3010, and takes no part in an election",
  stage(
    { open: false, dras: [{ host: LESSER, originHost: LESSER, address: ELSEWHERE, port: CLOSED_PORT }] },
    async (s) => {
      const stranger = await s.connect(LESSER);
      await stranger.send(cer(stranger.identity));
      await assertRefused(s, stranger, 3010, "127.0.0.1 is not its address");
      assertEquals(s.gateway.pool.dras[0]!.usable, false);
      assertEquals(s.gateway.apps.size, 0);
    },
  ),
);

Deno.test(
  "C12 C5 with accept false a DRA that dials us is answered 3010, and the connection that we dial opens",
  stage({ open: false, dras: [{ host: LESSER, originHost: LESSER, accept: false }] }, async (s) => {
    const ours = await s.listeners[0]!.accept();
    const request = await ours.nextRequest(COMMAND.capabilitiesExchange);
    const theirs = await s.connect(LESSER);
    await theirs.send(cer(theirs.identity));
    await assertRefused(s, theirs, 3010, "accept is false");
    await ours.send(cea(ours.identity, request));
    await s.usable();
    await assertServes(s, ours);
  }),
);

Deno.test(
  "C12 C5 a DRA that is kept out of service is answered 3010 when it dials us",
  stage(dialsUs(), async (s) => {
    await s.gateway.setEnabled("dra-1", false);
    const theirs = await s.connect(LESSER);
    await theirs.send(cer(theirs.identity));
    await assertRefused(s, theirs, 3010, "DRA dra-1 is disabled");
  }),
);

Deno.test(
  "C12 a DRA that is configured by its host name is known by the addresses of that name",
  stage(
    { open: false, dras: [{ host: LESSER, originHost: LESSER, address: "localhost", port: CLOSED_PORT }] },
    async (s) => {
      await assertServes(s, await opensItself(s));
    },
  ),
);

Deno.test(
  "C12 C5 a DRA whose host name is not known is answered 3010 with that reason",
  stage(
    { open: false, dras: [{ host: LESSER, originHost: LESSER, address: "nowhere.invalid", port: CLOSED_PORT }] },
    async (s) => {
      const theirs = await s.connect(LESSER);
      await theirs.send(cer(theirs.identity));
      await assertRefused(s, theirs, 3010, "its addresses cannot be told");
    },
  ),
);

Deno.test(
  "C12 two entries with one identity: the one whose address it is gets the connection",
  stage({
    open: false,
    dras: [
      { host: LESSER, originHost: LESSER, address: ELSEWHERE, port: CLOSED_PORT },
      { host: LESSER, originHost: LESSER, port: CLOSED_PORT },
    ],
  }, async (s) => {
    const dra = await s.app(LESSER);
    await s.usable(1);
    assertEquals(s.gateway.pool.dras.map(({ usable }) => usable), [false, true]);
    await assertServes(s, dra);
  }),
);

Deno.test(
  "C12 D1 what a DRA that dialled us left unanswered goes to the next one when it is lost",
  stage({
    open: false,
    dras: [{ host: LESSER, originHost: LESSER, port: CLOSED_PORT }, { priority: 2 }],
  }, async (s) => {
    const other = await s.listeners[1]!.open();
    await s.usable(1);
    const dra = await opensItself(s);
    const app = await s.app();
    // More than one segment of the queue, which doubles as the store of what is unanswered.
    const count = 300;
    for (let endToEnd = 0; endToEnd < count; endToEnd++) {
      await app.send(request({ endToEnd, more: (b) => b.octets(9999, new Uint8Array(1_000)) }));
    }
    for (let i = 0; i < count; i++) {
      const asked = await dra.nextRequest();
      if (i % 3 !== 0) await dra.send(answer(asked));
    }
    for (let i = 0; i < count / 3 * 2; i++) assertEquals((await app.nextAnswer()).resultCode, 2001);
    await dra.close();
    for (let i = 0; i < count / 3; i++) {
      const again = await other.nextRequest();
      assertEquals(again.flags, FLAG.request | FLAG.proxiable | FLAG.retransmitted);
      await other.send(answer(again));
      assertEquals((await app.nextAnswer()).endToEnd, i * 3);
    }
  }),
);

Deno.test(
  "C12 a DRA that dialled us and leaves one request in ten unanswered holds the memory of those, not of all",
  stage(dialsUs(), async (s) => {
    const dra = await opensItself(s);
    const app = await s.app();
    const size = 20_000;
    for (let round = 0; round < 40; round++) {
      const sizes = [20, ...new Array<number>(9).fill(size)];
      await app.send(...sizes.map((length) => request({ more: (b) => b.octets(9999, new Uint8Array(length)) })));
      await dra.nextRequest();
      for (let i = 0; i < 9; i++) await dra.send(answer(await dra.nextRequest()));
      for (let i = 0; i < 9; i++) await app.nextAnswer();
    }
    const { bytesInUse } = s.gateway.runtime.segments;
    assert(bytesInUse < 40 * size, `${bytesInUse} bytes are held`);
  }),
);

Deno.test(
  "C12 the limits of the DRA side hold for a DRA that dialled us, and it counts to no limit of Logic Apps",
  stage({ ...dialsUs(), server: { maxConnections: 1, maxMessageSize: 1024, maxInFlight: 1 } }, async (s) => {
    const dra = await opensItself(s);
    const app = await s.app();
    for (let i = 0; i < 3; i++) {
      await dra.send(
        request({ destinationHost: "app.example.net", more: (b) => b.octets(9999, new Uint8Array(2_000)) }),
      );
    }
    for (let i = 0; i < 3; i++) await app.send(answer(await app.nextRequest()));
    for (let i = 0; i < 3; i++) assertEquals((await dra.nextAnswer()).resultCode, 2001);
  }),
);

Deno.test(
  "C12 X2 at shutdown a DRA that dialled us gets the DPR (0) of a DRA, once",
  stage(dialsUs(), async (s) => {
    const dra = await opensItself(s);
    const stopped = s.gateway.stop();
    const dpr = await dra.nextRequest(COMMAND.disconnectPeer);
    assertEquals(dpr.number(AVP.disconnectCause), 0);
    await dra.send(peerAnswer(dra.identity, dpr));
    await dra.nextEnd();
    await stopped;
  }),
);

Deno.test(
  "C12 X3 a DRA that took its leave with DPR may dial us before that connection is closed, and is OKAY at once",
  stage(dialsUs(), async (s) => {
    const first = await opensItself(s);
    await first.send(peerRequest(first.identity, 0));
    await first.nextAnswer(COMMAND.disconnectPeer);
    const second = await opensItself(s);
    await first.nextEnd();
    assertEquals(s.gateway.pool.dras[0]!.links[0]!.watchdog.state, "okay");
    await assertServes(s, second);
  }),
);

Deno.test(
  "C12 a shutdown in the middle of an election ends both connections",
  stage(dialled(GREATER), async (s) => {
    const ours = await s.listeners[0]!.accept();
    await ours.nextRequest(COMMAND.capabilitiesExchange);
    const theirs = await s.connect(GREATER);
    await theirs.send(cer(theirs.identity));
    await s.gateway.stop();
    await ours.nextEnd();
    await theirs.nextEnd();
  }),
);
