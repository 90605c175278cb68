import { assert, assertEquals, assertRejects } from "@std/assert";
import { EquipmentTable } from "../../../src/diameter/sim/equipment.ts";
import type { Faults } from "../../../src/diameter/sim/faults.ts";
import { resultOf } from "../../../src/diameter/sim/app_connection.ts";
import { avpsOf, findAvp, unsigned32Of } from "../../../src/diameter/wire/avp.ts";
import { readHeader } from "../../../src/diameter/wire/header.ts";
import { MessageBuilder } from "../../../src/diameter/wire/message_builder.ts";
import { ecr, until, withPair } from "./support.ts";

const { test } = Deno;

test("an answer has the request's ids, P flag, Session-Id and Proxy-Info, and tells who answers", async () => {
  await withPair({ originHost: "dra.example.org", originRealm: "example.org" }, {}, async (apps) => {
    for (const flags of [0xc0, 0x80]) {
      const request = ecr("490154203237518", 99, flags)
        .group(284, (group) => group.text(280, "proxy-1.example.net").text(33, "state 1"))
        .group(284, (group) => group.text(280, "proxy-2.example.net").text(33, "state two"))
        .finish();
      const answer = await apps.request(request);
      assertEquals(readHeader(answer), {
        version: 1,
        length: answer.length,
        flags: flags & 0x40,
        command: 324,
        application: 16777252,
        hopByHop: 42,
        endToEnd: 99,
      });
      const avps = [...avpsOf(answer, 20, answer.length)];
      assertEquals(avps.map(({ code }) => code), [263, 268, 264, 296, 1445, 277, 284, 284]);
      const contentOf = (bytes: Uint8Array, code: number) =>
        [...avpsOf(bytes, 20, bytes.length)].filter((avp) => avp.code === code)
          .map((avp) => bytes.slice(avp.start, avp.dataEnd));
      for (const code of [263, 277, 284]) assertEquals(contentOf(answer, code), contentOf(request, code));
      const text = (code: number) => new TextDecoder().decode(contentOf(answer, code)[0]!.subarray(8));
      assertEquals([text(264), text(296)], ["dra.example.org", "example.org"]);
      assertEquals(resultOf(answer, 0, answer.length), "2001");
    }
  });
});

test("the Equipment-Status is that of the IMEI, and an unknown one gets Experimental-Result 5422", async () => {
  const equipment = new EquipmentTable([
    ["490154203237518", "blacklisted"],
    ["356938035643809", "greylisted"],
    ["111111111111111", "unknown"],
  ]);
  await withPair({ equipment }, {}, async (apps) => {
    const ask = async (imei: string) => {
      const answer = await apps.request(ecr(imei).finish());
      const status = [...avpsOf(answer, 20, answer.length)].find((avp) => avp.code === 1445 && avp.vendor === 10415);
      return [resultOf(answer, 0, answer.length), status === undefined ? undefined : unsigned32Of(answer, status)];
    };
    assertEquals(await ask("222222222222222"), ["2001", 0]);
    assertEquals(await ask("490154203237518"), ["2001", 1]);
    assertEquals(await ask("35693803564380"), ["2001", 2]);
    assertEquals(await ask("111111111111111"), ["10415:5422", undefined]);
  });
});

test("a request with a broken AVP gets 5014 and is counted", async () => {
  await withPair({}, {}, async (apps, dra) => {
    const request = ecr("1").finish();
    request[request.length - 21] = 0xff;
    const answer = await apps.request(request);
    assertEquals([resultOf(answer, 0, answer.length), dra.counters.malformed], ["5014", 1]);
    assert([...avpsOf(answer, 20, answer.length)].some(({ code }) => code === 279), "Failed-AVP is missing");
    const back = await dra.request(request);
    assert([...avpsOf(back, 20, back.length)].some(({ code }) => code === 279), "Failed-AVP is missing");
  });
});

test("what it advertises can be chosen", async () => {
  await withPair({ applications: [{ id: 4 }] }, { mix: { ccr: 1 } }, async (apps) => {
    await apps.run({ requests: 10 });
    assertEquals(apps.counters.answered, 10);
  });
  await assertRejects(
    () => withPair({ applications: [{ id: 4 }] }, { mix: { s13: 1 } }, async () => {}),
    Error,
    "5010",
  );
});

test("a request of an application that it did not advertise gets 3007, with and without faults", async () => {
  const ccr = (hopByHop: number) =>
    new MessageBuilder({ flags: 0xc0, command: 272, application: 4, hopByHop, endToEnd: 1 }).text(263, "a;1;2")
      .finish();
  await withPair({ applications: [{ id: 16777252, vendor: 10415 }] }, {}, async (apps, dra) => {
    for (const faults of [{}, { delay: 1 }]) {
      dra.setFaults(faults);
      const answer = await apps.request(ccr(1));
      assertEquals([resultOf(answer, 0, answer.length), readHeader(answer).flags], ["3007", 0x60]);
      const served = await apps.request(ecr("1").finish());
      assertEquals(resultOf(served, 0, served.length), "2001");
    }
  });
  await withPair({}, {}, async (apps) => {
    const relayed = await apps.request(ccr(1));
    assertEquals(resultOf(relayed, 0, relayed.length), "2001");
  });
});

test("a request with R and E gets 3008, from a simulated DRA and from a simulated Logic App", async () => {
  await withPair({}, {}, async (apps, dra) => {
    const request = ecr("1", 7, 0xe0).finish();
    for (const answer of [await apps.request(request), await dra.request(request)]) {
      assertEquals([resultOf(answer, 0, answer.length), readHeader(answer).flags], ["3008", 0x60]);
    }
    assertEquals(dra.counters.malformed, 1);
  });
});

const RESULTS: [name: string, faults: Partial<Faults>, results: [string, number][]][] = [
  ["every second request is answered 3004", { busyEvery: 2 }, [["3004", 50], ["2001", 50]]],
  ["every fourth request is answered with an error", { errorEvery: 4, errorResult: { code: 5012, vendor: 0 } }, [
    ["2001", 75],
    ["5012", 25],
  ]],
  ["all are answered with one result", { result: { code: 5001, vendor: 10415 } }, [["10415:5001", 100]]],
];

for (const [name, faults, results] of RESULTS) {
  test(`fault: ${name}`, async () => {
    await withPair({ faults }, {}, async (apps) => {
      await apps.run({ requests: 100 });
      assertEquals(apps.counters.results, results);
      assertEquals([apps.counters.answered, apps.counters.lost, apps.counters.faulty], [100, 0, 0]);
    });
  });
}

test("fault: a protocol error has the E flag, another error has not", async () => {
  await withPair({ faults: { busyEvery: 1 } }, {}, async (apps, dra) => {
    const flags = async () => readHeader(await apps.request(ecr("1").finish())).flags;
    assertEquals(await flags(), 0x60);
    dra.setFaults({ busyEvery: 0, errorEvery: 1 });
    assertEquals(await flags(), 0x40);
  });
});

test("fault: answers come later", async () => {
  await withPair({ faults: { delay: 30 } }, { window: 10 }, async (apps) => {
    await apps.run({ requests: 20 });
    const { p50, max } = apps.counters.latency.summary();
    assertEquals([apps.counters.answered, apps.counters.lost], [20, 0]);
    assert(p50 >= 29 && max < 1000, `p50 ${p50}, max ${max}`);
  });
});

test("fault: dropped requests are lost, and only these", async () => {
  await withPair({ faults: { dropEvery: 10 } }, { timeout: 100 }, async (apps, dra) => {
    await apps.run({ requests: 100 });
    const { answered, lost, faulty } = apps.counters;
    assertEquals([answered, lost, faulty, dra.counters.unanswered], [90, 10, 0, 10]);
  });
});

test("fault: a second answer is seen as one", async () => {
  await withPair({ faults: { duplicateEvery: 5 } }, {}, async (apps, dra) => {
    await apps.run({ requests: 100 });
    await until(() => apps.counters.duplicated === 20, "20 second answers");
    assertEquals([apps.counters.answered, apps.counters.lost, dra.counters.answers], [100, 0, 120]);
  });
});

test("fault: an answer that comes too late is told from an unknown one", async () => {
  await withPair({ faults: { lateEvery: 4, lateBy: 300 } }, { timeout: 50 }, async (apps) => {
    await apps.run({ requests: 20 });
    await until(() => apps.counters.late === 5, "5 late answers");
    assertEquals([apps.counters.answered, apps.counters.lost, apps.counters.faulty], [15, 5, 0]);
  });
});

test("fault: an answer with a wrong hop-by-hop id belongs to nothing", async () => {
  await withPair({ faults: { wrongHopByHopEvery: 4 } }, { timeout: 100 }, async (apps) => {
    await apps.run({ requests: 20 });
    assertEquals([apps.counters.answered, apps.counters.lost, apps.counters.unknown], [15, 5, 5]);
  });
});

test("fault: answers leave in reverse order in groups, and an incomplete group leaves too", async () => {
  await withPair({ faults: { reorder: 3 } }, {}, async (apps) => {
    const order: number[] = [];
    await Promise.all([1, 2, 3, 4].map(async (endToEnd) => {
      order.push(readHeader(await apps.request(ecr("1", endToEnd).finish())).endToEnd);
    }));
    assertEquals(order, [3, 2, 1, 4]);
  });
});

test("fault: a connection is dropped at its nth request, again and again", async () => {
  await withPair({ faults: { closeAfter: 5 } }, { reconnect: 1, window: 1 }, async (apps, dra) => {
    apps.begin();
    await until(() => dra.counters.connections >= 3, "two reconnects");
    await apps.end();
    assert(apps.counters.lost >= 2 && apps.counters.answered >= 8, JSON.stringify(apps.counters));
  });
});

test("fault: a silent connection stays open, answers nothing, and its watchdog gives it up", async () => {
  const options = { reconnect: 1, window: 1, timeout: 50, watchdogInterval: 200 };
  await withPair({ faults: { silenceAfter: 3 } }, options, async (apps, dra) => {
    await apps.run({ requests: 3 });
    assertEquals([apps.counters.answered, apps.counters.lost, apps.openConnections], [2, 1, 1]);
    await until(() => apps.counters.connectionsLost === 1, "the watchdog gives up");
    assert(apps.counters.firstFault.includes("watchdog"), apps.counters.firstFault);
    await until(() => dra.openConnections > 0 && apps.openConnections === 1, "a new connection");
  });
});

test("fault: without watchdog answers a connection with traffic lives, and one without is given up", async () => {
  await withPair({ faults: { noWatchdog: true } }, { reconnect: 60_000, watchdogInterval: 150 }, async (apps) => {
    await apps.run({ requests: 10 });
    assertEquals([apps.counters.answered, apps.counters.connectionsLost], [10, 0]);
    await until(() => apps.counters.connectionsLost === 1, "the watchdog gives up");
  });
});

test("watchdogs are answered otherwise", async () => {
  await withPair({ watchdogInterval: 40 }, { watchdogInterval: 30 }, async (apps) => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    assertEquals([apps.counters.connectionsLost, apps.openConnections], [0, 1]);
  });
});

test("fault: it stops reading, and goes on where it stopped", async () => {
  await withPair({ faults: { readRate: 0 } }, { window: 1 }, async (apps, dra) => {
    apps.begin(20);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assertEquals([dra.counters.requests, apps.waiting], [0, 1]);
    dra.setFaults({ readRate: Infinity });
    await until(() => apps.counters.answered === 20, "all answers");
    assertEquals(apps.counters.lost, 0);
  });
});

test("fault: it reads slowly", async () => {
  await withPair({ faults: { readRate: 10_000 } }, { window: 64 }, async (apps) => {
    const started = performance.now();
    await apps.run({ requests: 30 });
    assertEquals(apps.counters.answered, 30);
    // 30 requests of more than 200 bytes; the first read is not limited.
    assert(performance.now() - started > 200, `${performance.now() - started} ms`);
  });
});

test("fault: it takes its leave after a while, for the cause it is told", async () => {
  await withPair({ faults: { dprAfter: 30, dprCause: 1 } }, { reconnect: 60_000 }, async (apps) => {
    await until(() => apps.counters.connectionsLost === 1, "the DPR");
    assert(apps.counters.firstFault.includes("BUSY"), apps.counters.firstFault);
  });
});

test("it sends requests of its own to the Origin-Hosts it has seen", async () => {
  await withPair({ faults: { requestEvery: 5 } }, { connections: 2 }, async (apps, dra) => {
    const seen: Uint8Array[] = [];
    apps.onRequest((message) => seen.push(message));
    await apps.run({ requests: 200 });
    await until(() => dra.counters.answersReceived >= 8, "8 answers");
    const hosts = seen.map((message) => {
      assertEquals([readHeader(message).command, readHeader(message).application], [258, 4]);
      const avp = findAvp(message, 293, 20, message.length)!;
      return new TextDecoder().decode(message.subarray(avp.dataStart, avp.dataEnd));
    });
    assertEquals(new Set(hosts), new Set(["app-1.apps.example.net", "app-2.apps.example.net"]));
    assertEquals(dra.counters.unmatchedAnswers, 0);
  });
});

test("a request that comes again, and one with the T flag, are counted", async () => {
  await withPair({}, {}, async (apps, dra) => {
    for (const [endToEnd, flags] of [[1, 0xc0], [1, 0xd0], [2, 0xc0]] as const) {
      await apps.request(ecr("1", endToEnd, flags).finish());
    }
    assertEquals([dra.counters.requests, dra.counters.tFlagged, dra.counters.duplicates], [3, 1, 1]);
  });
});

test("requests can be looked at as they came", async () => {
  await withPair({}, {}, async (apps, dra) => {
    const seen: Uint8Array[] = [];
    dra.onRequest((message) => seen.push(message));
    const request = ecr("490154203237518", 5).finish();
    await apps.request(request);
    dra.onRequest(undefined);
    await apps.request(request);
    assertEquals(seen.map((message) => [readHeader(message).endToEnd, message.length]), [[5, request.length]]);
    assertEquals(seen[0]!.subarray(20), request.subarray(20));
  });
});

test("killed, it is gone without a word, and comes back on the same port", async () => {
  await withPair({}, { connections: 3, reconnect: 5 }, async (apps, dra) => {
    const { port } = dra.start();
    dra.kill();
    await until(() => apps.openConnections === 0 && dra.openConnections === 0, "all are closed");
    assertEquals(apps.counters.connectionsLost, 3);
    assertEquals(dra.start().port, port);
    await until(() => apps.openConnections === 3, "all are open again");
    await apps.run({ requests: 10 });
    assertEquals(apps.counters.answered, 10);
  });
});

test("stopped, it takes its leave", async () => {
  await withPair({}, { connections: 2, reconnect: 60_000 }, async (apps, dra) => {
    await dra.stop();
    await until(() => apps.counters.connectionsLost === 2, "both have ended");
    assert(apps.counters.firstFault.includes("took its leave"), apps.counters.firstFault);
  });
});
