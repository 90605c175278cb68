import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { AppSimulator } from "../../../src/diameter/sim/app.ts";
import { readHeader } from "../../../src/diameter/wire/header.ts";
import { avpsOf } from "../../../src/diameter/wire/avp.ts";
import { freeAddress } from "../../support/free_port.ts";
import { answer } from "../../support/raw_message.ts";
import { RawListener } from "../../support/raw_peer.ts";
import { type Crook, crookedServer } from "./crooked_server.ts";
import { until, withPair } from "./support.ts";

const { test } = Deno;

test("a closed loop sends as many requests as it is told, never more than the window at once", async () => {
  await withPair({ faults: { delay: 5 } }, { connections: 3, window: 7 }, async (apps, dra) => {
    let most = 0;
    dra.onRequest(() => most = Math.max(most, apps.waiting));
    await apps.run({ requests: 100 });
    const { sent, answered, lost, faulty, success } = apps.counters;
    assertEquals([sent, answered, lost, faulty, success], [100, 100, 0, 0, 100]);
    assertEquals([dra.counters.requests, most], [100, 21]);
  });
});

test("a closed loop ends with its time, and can begin again", async () => {
  await withPair({}, {}, async (apps) => {
    await apps.run({ duration: 20 });
    const { answered } = apps.counters;
    assert(answered > 0);
    await apps.run({ duration: 20 });
    assert(apps.counters.answered > answered);
    assertEquals([apps.counters.lost, apps.counters.faulty, apps.waiting], [0, 0, 0]);
  });
});

for (const pacing of ["exact", "relaxed"] as const) {
  test(`an open loop keeps its rate: ${pacing}`, async () => {
    await withPair({}, { connections: 2, rate: 1000, pacing }, async (apps) => {
      const started = performance.now();
      await apps.run({ requests: 200 });
      const took = performance.now() - started;
      assert(took > 190 && took < 2000, `200 requests took ${took} ms at 1000/s`);
      assertEquals([apps.counters.answered, apps.counters.faulty], [200, 0]);
    });
  });
}

test("an open loop measures from when a request was due, also when it could not be sent then", async () => {
  await withPair({ faults: { delay: 50 } }, { rate: 100, window: 1 }, async (apps) => {
    await apps.run({ requests: 8 });
    // One at a time, 50 ms each, but one is due every 10 ms: the last one waited long.
    const { max } = apps.counters.latency;
    assert(max > 250, `the last answer came ${max} ms after its request was due`);
  });
});

test("a signal ends the load", async () => {
  await withPair({}, {}, async (apps) => {
    const stop = new AbortController();
    const running = apps.run({ signal: stop.signal });
    await until(() => apps.counters.answered > 100, "traffic");
    stop.abort();
    await running;
    assertEquals(apps.waiting, 0);
  });
});

test("the kinds of request come in their shares, IMEIs in turn, sessions and end-to-end ids once each", async () => {
  const imeis = ["490154203237518", "356938035643809"];
  await withPair({}, { mix: { s13: 2, s6a: 1, ccr: 1 }, imeis, window: 1 }, async (apps, dra) => {
    const commands = new Map<number, number>();
    const sessions = new Set<string>();
    const endToEnds = new Set<number>();
    let text = "";
    dra.onRequest((message) => {
      const { command, endToEnd } = readHeader(message);
      commands.set(command, (commands.get(command) ?? 0) + 1);
      endToEnds.add(endToEnd);
      const [session] = avpsOf(message, 20, message.length);
      assertEquals(session!.code, 263);
      const id = new TextDecoder().decode(message.subarray(session!.dataStart, session!.dataEnd));
      assertMatch(id, /^app-1\.apps\.example\.net;\d+;\d{8}$/);
      sessions.add(id);
      text += new TextDecoder().decode(message);
    });
    await apps.run({ requests: 80 });
    assertEquals(commands, new Map([[324, 40], [316, 20], [272, 20]]));
    assertEquals([sessions.size, endToEnds.size], [80, 80]);
    assertEquals(imeis.map((imei) => text.split(imei).length - 1), [20, 20]);
    assertEquals([apps.counters.answered, apps.counters.success], [80, 80]);
  });
});

test("Destination-Host and Destination-Realm can be chosen", async () => {
  const options = { destinationHost: "eir.example.org", destinationRealm: "example.org", originRealm: "a.example.org" };
  await withPair({}, { ...options, originHost: (index) => `x${index}.a.example.org` }, async (apps, dra) => {
    let avps: string[] = [];
    dra.onRequest((message) => {
      avps = [...avpsOf(message, 20, message.length)].filter(({ code }) => [264, 296, 293, 283].includes(code))
        .map((avp) => new TextDecoder().decode(message.subarray(avp.dataStart, avp.dataEnd)));
    });
    await apps.run({ requests: 1 });
    assertEquals(avps, ["x0.a.example.org", "a.example.org", "eir.example.org", "example.org"]);
  });
});

const CROOKS: [what: string, fault: RegExp, crook: Crook][] = [
  ["another end-to-end id", /^end-to-end id \d+ instead of \d+$/, (_, view) => view.setUint32(16, 77)],
  ["another command", /^command 265 instead of 324$/, (_, view) => view.setUint32(4, 0x40000109)],
  ["another application", /^application 4 instead of 16777252$/, (_, view) => view.setUint32(8, 4)],
  ["another Session-Id", /^another Session-Id/, (answer) => answer[29]! ^= 1],
  ["the number of another session", /^another Session-Id/, (answer, view) => {
    const end = 20 + (view.getUint32(24) & 0xffffff);
    answer[end - 1]! ^= 1;
  }],
  ["an AVP that reaches past its end", /^the AVP at byte \d+ has an impossible length$/, (answer, view) => {
    // Auth-Session-State stands behind the Session-Id.
    answer[20 + ((view.getUint32(24) + 3) & 0xfffffc) + 5]! = 1;
  }],
];

for (const [what, fault, crook] of CROOKS) {
  test(`an answer with ${what} is a mismatch`, async () => {
    const server = crookedServer((answer, view, count) => count === 3 && crook(answer, view, count));
    const apps = new AppSimulator({ connect: { hostname: "127.0.0.1", port: server.port }, window: 1 });
    try {
      await apps.start();
      await apps.run({ requests: 5 });
      const { sent, answered, mismatched, lost, firstFault } = apps.counters;
      assertEquals([sent, answered, mismatched, lost], [5, 4, 1, 0]);
      assertMatch(firstFault, fault);
    } finally {
      await apps.stop();
      await server.close();
    }
  });
}

test("a connection that cannot be opened is explained", async () => {
  const connect = freeAddress();
  await assertRejects(
    () => new AppSimulator({ connect }).start(),
    Error,
    `Cannot connect to 127.0.0.1:${connect.port}`,
  );
});

test("a refusal with nothing but its code is told with the code", async () => {
  const listener = new RawListener({ host: "dra.example.net", realm: "example.net" });
  try {
    const apps = new AppSimulator({ connect: { hostname: "127.0.0.1", port: listener.port } });
    const started = assertRejects(() => apps.start(), Error, "the CEA refuses with 3010 DIAMETER_UNKNOWN_PEER");
    const peer = await listener.accept();
    await peer.send(answer(await peer.nextRequest(257), { resultCode: 3010 }));
    await started;
  } finally {
    await listener.close();
  }
});

test("requests on a connection that is lost are lost, and the load ends when none is left", async () => {
  await withPair({ faults: { dropEvery: 1 } }, { connections: 2, window: 4 }, async (apps, dra) => {
    const running = apps.run({});
    await until(() => dra.counters.requests === 8, "all requests");
    dra.kill();
    await running;
    assertEquals([apps.counters.sent, apps.counters.lost, apps.counters.connectionsLost], [8, 8, 2]);
  });
});
