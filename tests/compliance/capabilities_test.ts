/**
 * Items C1 to C13: the capabilities exchange on both sides. C7 and C14 with TLS are in tls_test.ts.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AVP, AVP_FLAG } from "../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { FLAG } from "../../src/diameter/wire/header.ts";
import { MessageBuilder } from "../../src/diameter/wire/message_builder.ts";
import { answer, avpsIn, capabilities, cea, cer, peerAnswer, peerRequest, request } from "../support/raw_message.ts";
import type { RawMessage } from "../support/raw_message.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { FastClock } from "../support/fast_clock.ts";
import { until } from "../support/until.ts";
import { InsideGateway } from "../support/inside.ts";
import { GATEWAY, stage } from "./stage.ts";

const S13 = 16777252;
const GX = 16777238;

/** The addresses of Host-IP-Address AVPs, as family and octets. */
function addresses(message: RawMessage): number[][] {
  return message.avps.filter(({ code }) => code === AVP.hostIpAddress).map(({ data }) => [...data]);
}

for (
  const [name, first] of [
    ["a request", () => request()],
    ["a DWR", (peer: RawPeer) => peerRequest(peer.identity)],
    ["a DPR", (peer: RawPeer) => peerRequest(peer.identity, 0)],
    ["a CEA", (peer: RawPeer) => capabilities(peer.identity, { flags: 0, hopByHop: 1, endToEnd: 1 }, 2001)],
  ] as const
) {
  Deno.test(
    `C1 ${name} instead of a CER ends the connection without an answer`,
    stage({}, async (s) => {
      const app = await s.connect();
      await app.send(first(app), cer(app.identity));
      await app.nextEnd();
      assertEquals(s.eventsOf("app_refused").length, 1);
    }),
  );
}

Deno.test(
  "C1 a connection without a CER is closed after capabilities_timeout",
  stage({ server: { capabilitiesTimeout: 60 } }, async (s) => {
    const app = await s.connect();
    await app.nextEnd();
    assertStringIncludes(s.eventsOf("app_refused")[0]!.reason, "no CER in time");
  }),
);

Deno.test(
  "C1 at max_connections the one that has owed its CER for longest makes room, once it had a second; identified ones stay",
  stage({ server: { maxConnections: 4 } }, async (s) => {
    const refusals = (reason: string) =>
      s.gateway.runtime.meters.refused.of({ listener: `127.0.0.1:${s.port}`, reason }).value;
    const app = await s.app();
    const silent: RawPeer[] = [];
    for (let i = 0; i < 3; i++) silent.push(await s.connect());
    // All came a moment ago, as Logic Apps do after an outage: whoever comes on top has to come
    // again.
    await (await s.connect("early.example.net")).nextEnd();
    assertEquals([refusals("limit"), refusals("unidentified")], [1, 0]);
    assertEquals((await silent[2]!.exchangeCapabilities()).resultCode, 2001);
    let late: RawPeer | undefined;
    await until(async () => {
      const peer = await s.connect("late.example.net");
      await until(() => peer.ended || silent[0]!.ended, "one of them is closed");
      if (silent[0]!.ended) late = peer;
      return late !== undefined;
    }, "the one that was silent longest makes room");
    assertEquals(silent[1]!.ended, false);
    assertEquals((await late!.exchangeCapabilities()).resultCode, 2001);
    assertEquals(refusals("unidentified"), 1);
    await app.nothingMore();
  }),
);

Deno.test(
  "P11 over max_connections a connection is accepted and closed at once, and counted",
  stage({ server: { maxConnections: 2 } }, async (s) => {
    const apps = [await s.app("a.example.net"), await s.app("b.example.net")];
    const third = await s.connect("c.example.net");
    await third.nextEnd();
    assertEquals(s.gateway.runtime.meters.refused.of({ listener: `127.0.0.1:${s.port}`, reason: "limit" }).value, 1);
    await apps[0]!.close();
    await until(() => s.gateway.apps.size === 1, "one has left");
    await s.app("c.example.net");
    await apps[1]!.nothingMore();
  }),
);

Deno.test(
  "C2 the CER is sent at once, and nothing behind it before the CEA",
  stage({ open: false, draPool: { watchdogInterval: 30, watchdogJitter: 0 } }, async (s) => {
    const dra = await s.listeners[0]!.accept();
    const message = await dra.nextRequest(COMMAND.capabilitiesExchange);
    const app = await s.app();
    await app.send(request());
    assertEquals((await app.nextAnswer()).resultCode, 3002);
    assertEquals(dra.inbox, []);
    await dra.send(cea(dra.identity, message));
    await dra.nextRequest(COMMAND.deviceWatchdog);
    dra.answersWatchdogs = true;
  }),
);

for (
  const [name, first] of [
    ["a DWR", (dra: RawPeer, _: RawMessage) => peerRequest(dra.identity)],
    ["a DWA", (dra: RawPeer, to: RawMessage) => peerAnswer(dra.identity, to)],
    ["a request", () => request()],
    ["a CER", (dra: RawPeer) => cer(dra.identity)],
  ] as const
) {
  Deno.test(
    `C2 P11 ${name} of a DRA before its CEA ends the connection`,
    stage({ open: false }, async (s) => {
      const dra = await s.listeners[0]!.accept();
      const message = await dra.nextRequest(COMMAND.capabilitiesExchange);
      const bytes = first(dra, message);
      if (name === "a DWA") bytes.set([0, COMMAND.deviceWatchdog >> 8, COMMAND.deviceWatchdog & 0xff], 5);
      await dra.send(bytes);
      await dra.nextEnd();
      // And it is tried again.
      await s.reopened();
      await s.usable();
    }),
  );
}

Deno.test(
  "C2 a DRA that sends no CEA in time is given up, and tried again",
  stage({ open: false, draPool: { capabilitiesTimeout: 60 } }, async (s) => {
    const dra = await s.listeners[0]!.accept();
    await dra.nextRequest(COMMAND.capabilitiesExchange);
    await dra.nextEnd();
    await until(() => s.gateway.pool.dras[0]!.links[0]!.lastError === "no CEA in time", "the reason is told");
    await s.reopened();
    await s.usable();
  }),
);

Deno.test(
  "C3 C8 CER and CEA carry what they must: real addresses, vendor, and M only where it may be",
  stage({ open: false, gateway: { vendorId: 4711, productName: "my gateway" } }, async (s) => {
    const dra = await s.listeners[0]!.accept();
    const messages = [await dra.acceptCapabilities(), await (await s.connect()).exchangeCapabilities()];
    for (const message of messages) {
      assertEquals(message.text(AVP.originHost), GATEWAY.host);
      assertEquals(message.text(AVP.originRealm), GATEWAY.realm);
      assertEquals(addresses(message), [[0, 1, 127, 0, 0, 1]]);
      assertEquals(message.number(AVP.vendorId), 4711);
      assertEquals(message.number(AVP.supportedVendorId), 10415);
      assertEquals(message.text(AVP.productName), "my gateway");
      assertEquals(message.find(AVP.productName)!.flags & AVP_FLAG.mandatory, 0);
      assertEquals(message.find(AVP.originHost)!.flags, AVP_FLAG.mandatory);
    }
  }),
);

Deno.test(
  "C3 over IPv6, Host-IP-Address is of family 2",
  stage({ server: { listen: [{ hostname: "::1", port: 0 }] } }, async (s) => {
    const conn = await Deno.connect({ hostname: "::1", port: s.port });
    const app = new RawPeer(conn, { host: "app.example.net", realm: "example.net" });
    try {
      const message = await app.exchangeCapabilities();
      assertEquals(addresses(message), [[0, 2, ...Array<number>(15).fill(0), 1]]);
    } finally {
      await app.close();
    }
  }),
);

for (
  const [name, code, length] of [
    ["Origin-Host", AVP.originHost, 8],
    ["Origin-Realm", AVP.originRealm, 8],
    ["Host-IP-Address", AVP.hostIpAddress, 14],
    ["Vendor-Id", AVP.vendorId, 12],
    ["Product-Name", AVP.productName, 8],
  ] as const
) {
  Deno.test(
    `C3 P11 a CER without ${name} is answered 5005 with Failed-AVP, then the connection is closed`,
    stage({}, async (s) => {
      const app = await s.connect();
      const full = avpsIn(cer(app.identity), 20);
      const builder = new MessageBuilder({
        flags: FLAG.request,
        command: COMMAND.capabilitiesExchange,
        application: 0,
        hopByHop: 1,
        endToEnd: 2,
      });
      for (const avp of full) if (avp.code !== code) builder.octets(avp.code, avp.data, { flags: avp.flags });
      await app.send(builder.finish());
      const refusal = await app.nextAnswer(COMMAND.capabilitiesExchange);
      assertEquals([refusal.resultCode, refusal.flags, refusal.hopByHop, refusal.endToEnd], [5005, 0, 1, 2]);
      const failed = refusal.find(AVP.failedAvp)!.data;
      const view = new DataView(failed.buffer, failed.byteOffset);
      assertEquals([view.getUint32(0), view.getUint32(4) & 0xffffff], [code, length]);
      await app.nextEnd();
    }),
  );
}

Deno.test(
  "C3 a CEA without Origin-Host does not open the connection",
  stage({ open: false }, async (s) => {
    const dra = await s.listeners[0]!.accept();
    const message = await dra.nextRequest(COMMAND.capabilitiesExchange);
    const bytes = new MessageBuilder({
      flags: 0,
      command: COMMAND.capabilitiesExchange,
      application: 0,
      hopByHop: message.hopByHop,
      endToEnd: message.endToEnd,
    }).unsigned32(AVP.resultCode, 2001).finish();
    await dra.send(bytes);
    await dra.nextEnd();
    assertEquals(s.gateway.pool.dras[0]!.usable, false);
  }),
);

Deno.test(
  "C4 a CER without a common application is answered 5010, with all of ours, and the connection is closed",
  stage({ gateway: { applications: [{ id: S13, vendor: 10415 }, { id: 4 }] } }, async (s) => {
    const app = await s.connect("app.example.net", { applications: [GX] });
    const refusal = await app.exchangeCapabilities();
    assertEquals(refusal.resultCode, 5010);
    assertEquals(refusal.number(AVP.authApplicationId), 4);
    assert(refusal.find(AVP.vendorSpecificApplicationId) !== undefined);
    await app.nextEnd();
  }),
);

Deno.test(
  "C4 Relay on either side is common; Vendor-Id inside Vendor-Specific-Application-Id does not count",
  stage({ gateway: { applications: [{ id: S13, vendor: 10415 }] } }, async (s) => {
    await s.app("relay.example.net", { applications: [0xffffffff] });
    await s.app("s13.example.net", { applications: [S13] });
    const app = await s.connect("vendor.example.net", { applications: [] });
    await app.send(
      cer(
        app.identity,
        (b) =>
          b.group(
            AVP.vendorSpecificApplicationId,
            (group) => group.unsigned32(AVP.vendorId, S13).unsigned32(AVP.authApplicationId, GX),
          ),
      ),
    );
    assertEquals((await app.nextAnswer(COMMAND.capabilitiesExchange)).resultCode, 5010);
  }),
);

Deno.test(
  "C4 a CEA without a common application ends the connection",
  stage({ dras: [{ applications: [GX] }], open: false, gateway: { applications: [{ id: S13 }] } }, async (s) => {
    const dra = await s.listeners[0]!.open();
    await dra.nextEnd();
    assertEquals(s.gateway.pool.dras[0]!.usable, false);
  }),
);

Deno.test(
  "C5 P22 a peer outside server.allow is answered 3010 with E, then the connection is closed",
  stage({
    server: {
      allow: [{ originHost: "*.apps.example.net", from: "127.0.0.0/8" }, { originHost: "far", from: "10.0.0.0/8" }],
    },
  }, async (s) => {
    await s.app("one.APPS.example.net");
    for (const host of ["one.apps.example.net.evil", "far"]) {
      const app = await s.connect(host);
      const refusal = await app.exchangeCapabilities();
      assertEquals([refusal.resultCode, refusal.flags], [3010, FLAG.error]);
      await app.nextEnd();
    }
    assertEquals(s.gateway.apps.size, 1);
  }),
);

for (
  const [what, host, code] of [
    ["of 60,000 octets", "a".repeat(60_000), undefined],
    ["of 300 octets", "a.".repeat(150), 5004],
    ["with a NUL", "app\0.example.net", 5004],
    ["with a space", "app example.net", 5004],
    ["that climbs directories", "../../app", 5004],
    ["beyond ASCII", "caf\u00e9.example.net", 5004],
    ["that ends in a dot", "app.example.net.", 5004],
    ["that is the gateway's", "GW.Example.NET", 3010],
  ] as const
) {
  Deno.test(
    `C3 C5 a Logic App with an Origin-Host ${what} is ${
      code === undefined ? "cut off" : `answered ${code}`
    }, and closed`,
    stage({}, async (s) => {
      const app = await s.connect(host);
      if (code === undefined) await app.send(cer(app.identity));
      else {
        const refusal = await app.exchangeCapabilities();
        assertEquals([refusal.resultCode, refusal.flags], [code, code === 3010 ? FLAG.error : 0]);
        const [failed] = avpsIn(refusal.find(AVP.failedAvp)?.data ?? new Uint8Array());
        if (code === 5004) {
          assertEquals([failed!.code, failed!.data], [AVP.originHost, new TextEncoder().encode(host)]);
        }
      }
      await app.nextEnd();
      assertEquals(s.gateway.apps.size, 0);
      assertEquals(s.eventsOf("app_refused").length, 1);
    }),
  );
}

Deno.test(
  "C3 an Origin-Realm that is no DiameterIdentity is answered 5004",
  stage({}, async (s) => {
    const app = await s.connect("app.example.net", { realm: "no realm" });
    assertEquals((await app.exchangeCapabilities()).resultCode, 5004);
    await app.nextEnd();
  }),
);

Deno.test(
  "C6 a DRA whose CEA carries the gateway's own Origin-Host is given up, and the reason is told everywhere",
  stage({ dras: [{ host: "GW.example.net" }], open: false }, async (s) => {
    const dra = await s.listeners[0]!.open();
    await dra.nextEnd();
    await until(() => s.eventsOf("dra_connect_failed").length > 0, "it is told");
    const { reason } = s.eventsOf("dra_connect_failed")[0]!;
    assertStringIncludes(reason, `our own Origin-Host, ${GATEWAY.host}`);
    assertEquals(s.gateway.pool.dras[0]!.usable, false);
    await until(() => s.gateway.pool.dras[0]!.reason.endsWith(reason), "it is the DRA's reason");
  }),
);

Deno.test(
  "C6 a gateway that is its own DRA says so",
  stage({ dras: [], open: false }, async (s) => {
    const { gateway } = s;
    const [own] = gateway.addresses;
    const twin = new InsideGateway({
      ...gateway.runtime.options,
      server: { ...gateway.runtime.options.server, listen: [] },
      draPool: {
        ...gateway.runtime.options.draPool,
        dras: [{
          name: "me",
          host: own!.hostname,
          port: own!.port,
          priority: 1,
          weight: 100,
          originHost: "",
          bind: "",
        }],
      },
    });
    const told: string[] = [];
    twin.on((event) => event.kind === "dra_connect_failed" && told.push(event.reason));
    await twin.start();
    await until(() => told.length > 0, "it is told");
    await twin.stop();
    assertStringIncludes(told[0]!, "the address leads back to this node");
    assertStringIncludes(s.eventsOf("app_refused")[0]!.reason, "3010");
  }),
);

Deno.test(
  "C6 X4 a DRA that refuses in the grammar of an error answer is left alone for after_refusal, with its code as the reason",
  stage({
    open: false,
    draPool: { reconnect: { initial: 5, multiplier: 1, max: 5, jitter: 0, afterRefusal: 60_000 } },
  }, async (s) => {
    const dra = await s.listeners[0]!.accept();
    const bytes = answer(await dra.nextRequest(COMMAND.capabilitiesExchange), {
      resultCode: 3010,
      originHost: "dra-1.example.net",
      more: (b) => b.text(AVP.errorMessage, "who are you", { flags: 0 }),
    });
    await dra.send(bytes);
    await dra.nextEnd();
    await until(() => s.eventsOf("dra_connect_failed").length > 0, "it is told");
    assertEquals(s.eventsOf("dra_connect_failed"), [{
      kind: "dra_connect_failed",
      dra: "dra-1",
      reason: "the CEA refuses with 3010 DIAMETER_UNKNOWN_PEER (who are you)",
      hint: "",
      retryIn: 60_000,
    }]);
  }),
);

Deno.test(
  "C4 what a Logic App advertised is told with its vendor, and whether it is for accounting",
  stage({}, async (s) => {
    const app = await s.connect("app.example.net", { applications: [4] });
    await app.send(
      cer(app.identity, (b) =>
        b.group(
          AVP.vendorSpecificApplicationId,
          (group) => group.unsigned32(AVP.vendorId, 10415).unsigned32(AVP.authApplicationId, S13),
        ).unsigned32(AVP.acctApplicationId, 3)),
    );
    assertEquals((await app.nextAnswer(COMMAND.capabilitiesExchange)).resultCode, 2001);
    assertEquals(s.eventsOf("app_up")[0]!.applications, [
      { id: 4, vendor: 0, accounting: false },
      { id: S13, vendor: 10415, accounting: false },
      { id: 3, vendor: 0, accounting: true },
    ]);
  }),
);

Deno.test(
  "R13 C4 a gateway that advertises accounting alone serves a peer that knows nothing else",
  stage({ gateway: { applications: [{ id: 3, accounting: true }] }, open: false }, async (s) => {
    const dra = await s.listeners[0]!.accept();
    const message = await dra.nextRequest(COMMAND.capabilitiesExchange);
    assertEquals([message.number(AVP.acctApplicationId), message.find(AVP.authApplicationId)], [3, undefined]);
    await dra.send(
      cea({ ...dra.identity, applications: [] }, message, 2001, (b) => b.unsigned32(AVP.acctApplicationId, 3)),
    );
    await s.usable();
  }),
);

Deno.test(
  "R13 C4 Relay among applications by name serves those who overlook it and those who want nothing else",
  stage({
    gateway: { applications: [{ id: 0xffffffff }, { id: 16777216, vendor: 10415 }, { id: 4 }] },
  }, async (s) => {
    await s.app("named.example.net", { applications: [4] });
    const relay = await s.connect("relay.example.net", { applications: [GX] });
    const message = await relay.exchangeCapabilities();
    assertEquals(message.resultCode, 2001);
    assertEquals(
      message.avps.filter(({ code }) => code === AVP.authApplicationId || code === AVP.vendorSpecificApplicationId)
        .map(({ code, data }) => code === AVP.authApplicationId ? [...data] : code),
      [[255, 255, 255, 255], AVP.vendorSpecificApplicationId, [0, 0, 0, 4]],
    );
  }),
);

Deno.test(
  "C5 with an empty server.allow anyone may connect",
  stage({}, async (s) => {
    await s.app("anyone.at.all");
  }),
);

Deno.test(
  "C6 a DRA whose CEA carries another identity than the configured one is not used",
  stage({ dras: [{ originHost: "dra-x.example.net" }], open: false }, async (s) => {
    const dra = await s.listeners[0]!.open();
    await dra.nextEnd();
    await until(() => s.gateway.pool.dras[0]!.links[0]!.lastError.includes("dra-x.example.net"), "the reason is told");
    assertEquals(s.gateway.pool.dras[0]!.usable, false);
  }),
);

Deno.test(
  "C6 the configured identity may be written in other letters",
  stage({ dras: [{ originHost: "DRA-1.example.NET" }] }, async (s) => {
    const app = await s.app();
    await app.send(request({ destinationHost: "dra-1.example.net" }));
    await s.dra.nextRequest();
  }),
);

Deno.test(
  "C6 a DRA that comes back with another identity is reported",
  stage({ draPool: { reopenWatchdogs: 0 } }, async (s) => {
    await s.dra.close();
    const dra = await s.listeners[0]!.accept();
    const message = await dra.nextRequest(COMMAND.capabilitiesExchange);
    await dra.send(cea({ host: "other.example.net", realm: "example.net" }, message));
    await until(() => s.eventsOf("dra_identity_changed").length === 1, "the change is reported");
    assertEquals(s.eventsOf("dra_identity_changed"), [
      { kind: "dra_identity_changed", dra: "dra-1", from: "dra-1.example.net", to: "other.example.net" },
    ]);
  }),
);

Deno.test(
  "C6 a CEA that refuses is not tried again before after_refusal",
  stage({
    open: false,
    draPool: { reconnect: { initial: 1, multiplier: 1, max: 1, jitter: 0, afterRefusal: 60_000 } },
  }, async (s) => {
    const dra = await s.listeners[0]!.accept();
    await dra.send(cea(dra.identity, await dra.nextRequest(COMMAND.capabilitiesExchange), 3010));
    await dra.nextEnd();
    const link = s.gateway.pool.dras[0]!.links[0]!;
    await until(() => link.nextAttemptAt > 0, "the next attempt is planned");
    assert(link.nextAttemptAt - Date.now() > 50_000);
    assertStringIncludes(link.lastError, "3010 DIAMETER_UNKNOWN_PEER");
  }),
);

Deno.test(
  "C7 CER and CEA carry no Inband-Security-Id; a peer that offers only in-band TLS is answered 5017",
  stage({ open: false }, async (s) => {
    const dra = await s.listeners[0]!.accept();
    assertEquals((await dra.acceptCapabilities()).find(AVP.inbandSecurityId), undefined);
    const app = await s.connect();
    await app.send(cer(app.identity, (b) => b.unsigned32(AVP.inbandSecurityId, 1)));
    const refusal = await app.nextAnswer(COMMAND.capabilitiesExchange);
    assertEquals([refusal.resultCode, refusal.find(AVP.inbandSecurityId)], [5017, undefined]);
    await app.nextEnd();
    const lenient = await s.connect();
    await lenient.send(
      cer(lenient.identity, (b) => b.unsigned32(AVP.inbandSecurityId, 1).unsigned32(AVP.inbandSecurityId, 0)),
    );
    assertEquals((await lenient.nextAnswer(COMMAND.capabilitiesExchange)).resultCode, 2001);
  }),
);

Deno.test(
  "C9 Origin-State-Id is the same in CER, CEA, DWR, DWA, DPR, DPA and error answers, on every connection, and about now",
  stage({ open: false, draPool: { watchdogInterval: 40, watchdogJitter: 0 } }, async (s) => {
    const dra = await s.listeners[0]!.accept();
    const messages = [await dra.acceptCapabilities()];
    const app = await s.connect();
    messages.push(await app.exchangeCapabilities());
    messages.push(await dra.answerPeerRequest(COMMAND.deviceWatchdog));
    dra.answersWatchdogs = true;
    await app.send(peerRequest(app.identity));
    messages.push(await app.nextAnswer(COMMAND.deviceWatchdog));
    await app.send(request({ destinationRealm: null }));
    messages.push(await app.nextAnswer());
    await app.send(peerRequest(app.identity, 0));
    messages.push(await app.nextAnswer(COMMAND.disconnectPeer));
    await app.close();
    const stopping = s.gateway.stop();
    messages.push(await dra.answerPeerRequest(COMMAND.disconnectPeer));
    await stopping;
    const ids = new Set(messages.map((message) => message.number(AVP.originStateId)));
    assertEquals(ids.size, 1);
    const age = Math.floor(Date.now() / 1000) - [...ids][0]!;
    assert(age >= 0 && age < 60, `${age} s`);
  }),
);

Deno.test(
  "C10 a DRA that comes back with a higher Origin-State-Id is reported: it lost its state",
  stage({ dras: [{ stateId: 100 }], draPool: { reopenWatchdogs: 0 } }, async (s) => {
    await s.dra.close();
    const same = await s.reopened();
    await s.usable();
    assertEquals(s.eventsOf("dra_restarted"), []);
    await same.close();
    const dra = await s.listeners[0]!.accept();
    await dra.send(cea({ ...dra.identity, stateId: 101 }, await dra.nextRequest(COMMAND.capabilitiesExchange)));
    await until(() => s.eventsOf("dra_restarted").length === 1, "it is reported");
    assertEquals(s.eventsOf("dra_restarted"), [{ kind: "dra_restarted", dra: "dra-1", from: 100, to: 101 }]);
  }),
);

Deno.test(
  "C11 by default a Logic App may connect several times; each connection gets its own answers",
  stage({}, async (s) => {
    const apps = [await s.app(), await s.app(), await s.app()];
    for (const [i, app] of apps.entries()) await app.send(request({ hopByHop: 9, session: `s;${i}` }));
    for (let i = 0; i < apps.length; i++) {
      await s.dra.send(answer(await s.dra.nextRequest()));
    }
    for (const [i, app] of apps.entries()) assertEquals((await app.nextAnswer()).text(AVP.sessionId), `s;${i}`);
  }),
);

Deno.test(
  "C11 duplicate_origin_host reject: the newcomer is answered 4003, the old connection stays",
  stage({ server: { duplicateOriginHost: "reject" } }, async (s) => {
    const old = await s.app("App.example.net");
    const newcomer = await s.connect("app.example.net");
    const refusal = await newcomer.exchangeCapabilities();
    assertEquals([refusal.resultCode, refusal.flags], [4003, 0]);
    await newcomer.nextEnd();
    await old.nothingMore();
    await s.app("other.example.net");
  }),
);

Deno.test(
  "C11 P21 duplicate_origin_host replace: the old connection gets a DPR (2), the newcomer serves",
  stage({ server: { duplicateOriginHost: "replace", dprTimeout: 100 } }, async (s) => {
    const old = await s.app();
    const newcomer = await s.app();
    const dpr = await old.nextRequest(COMMAND.disconnectPeer);
    assertEquals(dpr.number(AVP.disconnectCause), 2);
    // It says nothing: the gateway closes it all the same.
    await old.nextEnd();
    await newcomer.nothingMore();
    assertEquals(s.gateway.apps.size, 1);
  }),
);

Deno.test(
  "C11 P21 duplicate_origin_host probe: an old connection that answers a DWR stays, the newcomer is answered 4003",
  stage({ server: { duplicateOriginHost: "probe" } }, async (s) => {
    const old = await s.app();
    const newcomer = await s.connect();
    await newcomer.send(cer(newcomer.identity));
    await old.answerPeerRequest(COMMAND.deviceWatchdog);
    assertEquals((await newcomer.nextAnswer(COMMAND.capabilitiesExchange)).resultCode, 4003);
    await old.nothingMore();
  }),
);

/** Five seconds pass in one; what must be answered meanwhile still has time. */
const FAST = new FastClock(5);

Deno.test(
  "C11 P21 duplicate_origin_host probe: an old connection that says nothing for five seconds is closed, and of the newcomers one gets in",
  stage({ server: { duplicateOriginHost: "probe" }, clock: FAST }, async (s) => {
    const old = await s.app();
    const newcomers = [await s.connect(), await s.connect("APP.example.net"), await s.connect()];
    for (const newcomer of newcomers) newcomer.answersWatchdogs = true;
    const before = FAST.now();
    for (const newcomer of newcomers) await newcomer.send(cer(newcomer.identity));
    await old.nextRequest(COMMAND.deviceWatchdog);
    // One probe alone runs, however many wait for it; then its place is free, and the first to come
    // takes it.
    await old.nextEnd();
    const waited = FAST.now() - before;
    assert(waited > 4_500, `${waited} ms`);
    const results: (number | undefined)[] = [];
    for (const newcomer of newcomers) {
      results.push((await newcomer.nextAnswer(COMMAND.capabilitiesExchange)).resultCode);
    }
    assertEquals(results.toSorted(), [2001, 4003, 4003]);
    await until(() => s.gateway.apps.size === 1, "one is connected");
    await newcomers[results.indexOf(2001)]!.nothingMore();
  }),
);

Deno.test(
  "C13 P11 a second CER of the same identity is answered again, and the connection goes on",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(cer({ ...app.identity, host: "APP.example.net" }));
    assertEquals((await app.nextAnswer(COMMAND.capabilitiesExchange)).resultCode, 2001);
    await app.send(request());
    await s.dra.nextRequest();
    assertEquals(s.gateway.apps.size, 1);
  }),
);

Deno.test(
  "C13 P11 a second CER of another identity ends the connection",
  stage({}, async (s) => {
    const app = await s.app();
    await app.send(cer({ ...app.identity, host: "other.example.net" }));
    await app.nextEnd();
  }),
);

Deno.test(
  "C13 a CER of a DRA on its open connection is answered",
  stage({}, async (s) => {
    await s.dra.send(cer(s.dra.identity));
    assertEquals((await s.dra.nextAnswer(COMMAND.capabilitiesExchange)).resultCode, 2001);
    await s.dra.nothingMore();
  }),
);

Deno.test(
  "P22 a CER while draining ends the connection without a CEA",
  stage({ gateway: { drainTimeout: 5_000 } }, async (s) => {
    const app = await s.app();
    const late = await s.connect("late.example.net");
    await app.send(request());
    const pending = await s.dra.nextRequest();
    const stopping = s.gateway.stop();
    await late.send(cer(late.identity));
    await late.nextEnd();
    await s.dra.send(answer(pending));
    await app.nextAnswer();
    await app.answerPeerRequest(COMMAND.disconnectPeer);
    await s.dra.answerPeerRequest(COMMAND.disconnectPeer);
    await stopping;
  }),
);
