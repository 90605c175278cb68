import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { AddressClient } from "../../../src/diameter/client/address_client.ts";
import { ConnectionPool } from "../../../src/diameter/client/connection_pool.ts";
import { InvalidConfigError, MalformedAnswerError } from "../../../src/diameter/client/errors.ts";
import { type EquipmentCheck, S13Client } from "../../../src/diameter/client/s13_client.ts";
import { EquipmentUnknownError, ResultCodeError } from "../../../src/diameter/client/s13_errors.ts";
import { SessionIds } from "../../../src/diameter/client/session_ids.ts";
import { InsideGateway } from "../../support/inside.ts";
import { DEFAULT_OPTIONS } from "../../../src/diameter/relay/core/options.ts";
import { DraSimulator } from "../../../src/diameter/sim/dra.ts";
import { EquipmentTable } from "../../../src/diameter/sim/equipment.ts";
import type { MessageBuilder } from "../../../src/diameter/wire/message_builder.ts";
import { answer, avpsIn, RawMessage } from "../../support/raw_message.ts";
import { RawListener } from "../../support/raw_peer.ts";
import { until } from "../../support/until.ts";
import { DRA, NAMES, withPool } from "./support.ts";

const { test } = Deno;

const IMEI = "35209900176148";
const TO = { destinationRealm: "core.example.net" } as const;
const VENDOR = { vendor: 10415 } as const;
/** Whom nobody asks: for the requests themselves. */
const requester = { ...NAMES, request: () => Promise.reject(new Error("unused")) };

/** One check, which the EIR answers with `resultCode` and what `more` writes. */
async function check(resultCode: number | undefined, more: (builder: MessageBuilder) => void): Promise<EquipmentCheck> {
  let outcome: Promise<EquipmentCheck> | undefined;
  await withPool({}, async ({ pool, peers: [peer] }) => {
    outcome = new S13Client(pool, TO).checkEquipment({ imei: IMEI });
    outcome.catch(() => {});
    await peer!.send(answer(await peer!.nextRequest(), { resultCode, more }));
    await outcome.catch(() => {});
    assertEquals(pool.health.openConnections, 1);
  });
  return await outcome!;
}

test("the ECR is what TS 29.272 section 7.2.19 asks for, in its order", () => {
  const s13 = new S13Client(requester, { ...TO, destinationHost: "eir.core.example.net" });
  const ecr = new RawMessage(s13.request({ imei: IMEI, softwareVersion: "07", userName: "001010000000001" }));
  const { command, application, flags } = ecr.header;
  assertEquals([command, application, flags], [324, 16777252, 0xc0]);
  assertEquals(ecr.codes, [263, 260, 277, 264, 296, 293, 283, 1401, 1]);
  assertMatch(ecr.text(263)!, /^client\.example\.net;\d+;\d+$/);
  assertEquals(ecr.number(277), 1);
  assertEquals([ecr.text(264), ecr.text(296), ecr.text(293), ecr.text(283)], [
    "client.example.net",
    "example.net",
    "eir.core.example.net",
    "core.example.net",
  ]);
  assertEquals(avpsIn(ecr.find(260)!.data).map((avp) => [avp.code, new DataView(avp.data.buffer).getUint32(0)]), [
    [266, 10415],
    [258, 16777252],
  ]);
  const terminal = avpsIn(ecr.find(1401, 10415)!.data);
  assertEquals(terminal.map((avp) => [avp.code, avp.vendor, avp.flags, new TextDecoder().decode(avp.data)]), [
    [1402, 10415, 0xc0, IMEI],
    [1403, 10415, 0xc0, "07"],
  ]);
  assertEquals(ecr.text(1), "001010000000001");
  const least = new RawMessage(new S13Client(requester, TO).request({ imei: IMEI }));
  assertEquals(least.codes, [263, 260, 277, 264, 296, 283, 1401]);
  assert(least.text(263) !== ecr.text(263) && least.endToEnd !== ecr.endToEnd);
});

test("Session-Ids count up, in the form of RFC 6733 section 8.8", () => {
  const ids = new SessionIds();
  const [first, second] = [ids.next("a.b"), ids.next("a.b")];
  const [host, high, low] = first!.split(";");
  assertEquals([host, low, second], ["a.b", "0", `a.b;${high};1`]);
});

test("two S13 clients that are made in one second never ask under the same Session-Id", () => {
  const clients = [1, 2, 3].map(() => new S13Client(requester, TO));
  const ids = clients.flatMap((client) => [1, 2].map(() => new RawMessage(client.request({ imei: IMEI })).text(263)));
  assertEquals(new Set(ids).size, 6);
});

test("behind the last LOW comes the first one of the next HIGH", () => {
  const ids = new SessionIds(0xffff_ffff);
  const [first, second] = [ids.next("a.b"), ids.next("a.b")];
  const high = Number(first.split(";")[1]);
  assertEquals([first, second], [`a.b;${high};4294967295`, `a.b;${high + 1};0`]);
});

test("requests through a client take their end-to-end ids from it, whoever makes them", () => {
  const s13 = new S13Client({ ...requester, nextEndToEnd: () => 4711 }, TO);
  assertEquals(new RawMessage(s13.request({ imei: IMEI })).endToEnd, 4711);
});

for (const [value, status] of [[0, "whitelisted"], [1, "blacklisted"], [2, "greylisted"]] as const) {
  test(`Equipment-Status ${value} is ${status}`, async () => {
    const { status: found, answer } = await check(2001, (builder) => builder.unsigned32(1445, value, VENDOR));
    assertEquals([found, answer.result], [status, { code: 2001, vendor: 0 }]);
  });
}

/** Experimental-Result of 3GPP. */
function experimental(code: number): (builder: MessageBuilder) => void {
  return (builder) => builder.group(297, (group) => group.unsigned32(266, 10415).unsigned32(298, code));
}

for (const code of [2001, 2002, 2999]) {
  test(`a status beside Experimental-Result-Code ${code} is a status, as beside a Result-Code of that class`, async () => {
    const { status, answer } = await check(undefined, (builder) => {
      experimental(code)(builder);
      builder.unsigned32(1445, 1, VENDOR);
    });
    assertEquals([status, answer.result], ["blacklisted", { code, vendor: 10415 }]);
  });
}

test("an unknown device is an EquipmentUnknownError", async () => {
  const error = await assertRejects(() => check(undefined, experimental(5422)), EquipmentUnknownError, IMEI);
  assertEquals([error.imei, error.answer.result], [IMEI, { code: 5422, vendor: 10415 }]);
});

const ERRORS: [
  resultCode: number | undefined,
  more: (builder: MessageBuilder) => void,
  code: number,
  vendor: number,
  text: string,
][] = [
  [3004, (builder) => void builder.text(281, "come back later"), 3004, 0, "DIAMETER_TOO_BUSY (3004): come back later"],
  [5012, () => {}, 5012, 0, "DIAMETER_UNABLE_TO_COMPLY (5012)"],
  [4242, () => {}, 4242, 0, "answered with 4242"],
  [undefined, experimental(5001), 5001, 10415, "DIAMETER_ERROR_USER_UNKNOWN (5001 of vendor 10415)"],
  // The code of another vendor is another error.
  [5422, () => {}, 5422, 0, "answered with 5422"],
];

for (const [resultCode, more, code, vendor, text] of ERRORS) {
  test(`any other error is a ResultCodeError: ${text}`, async () => {
    const error = await assertRejects(() => check(resultCode, more), ResultCodeError, text);
    assertEquals([error.resultCode, error.vendor, error.answer.result], [code, vendor, { code, vendor }]);
  });
}

const NONSENSE: [
  what: string,
  resultCode: number | undefined,
  more: (builder: MessageBuilder) => void,
  text: string,
][] = [
  ["no Equipment-Status", 2001, () => {}, "it is missing in a successful answer"],
  ["a status that does not exist", 2001, (b) => void b.unsigned32(1445, 3, VENDOR), "expected 0..2, got 3"],
  ["a status that is no number", 2001, (b) => void b.text(1445, "white", VENDOR), "Enumerated takes 4 bytes, got 5"],
  ["another vendor's AVP with that code", 2001, (b) => void b.unsigned32(1445, 1), "it is missing"],
  ["no result", undefined, () => {}, "it has no Result-Code"],
];

for (const [what, resultCode, more, text] of NONSENSE) {
  test(`${what} is a MalformedAnswerError`, async () => {
    const error = await assertRejects(() => check(resultCode, more), MalformedAnswerError, text);
    assertEquals(error.avp, what === "no result" ? undefined : 1445);
    assert(error.offset >= 20);
  });
}

test("what cannot be an IMEI never leaves the client", async () => {
  const requester = { ...NAMES, request: () => Promise.reject(new Error("it was sent")) };
  const s13 = new S13Client(requester, TO);
  const wrong = { imei: "3520990017614812", softwareVersion: "7", userName: "" };
  const error = await assertRejects(() => s13.checkEquipment(wrong), InvalidConfigError);
  assertEquals(error.problems, [
    'imei: expected 14 digits, or 15 with the check digit, got "3520990017614812" (the last 2 of 16 are the software version)',
    'softwareVersion: expected 2 digits, got "7"',
    'userName: expected an IMSI, got ""',
  ]);
  assertThrows(() => new S13Client(requester, { destinationRealm: "" }), InvalidConfigError, "destinationRealm");
});

const EQUIPMENT = new EquipmentTable([
  ["35209900176148", "blacklisted"],
  ["490154203237518", "greylisted"],
  ["111111111111111", "unknown"],
]);

test("a simulated EIR answers from its table, through one address of a per-address client", async () => {
  const eir = new DraSimulator({ equipment: EQUIPMENT });
  const { hostname, port } = eir.start();
  await using client = new AddressClient(NAMES);
  const s13 = new S13Client(client.to(`${hostname}:${port}`), TO);
  const statuses = await Promise.all(
    ["35209900176148", "490154203237518", "222222222222222"].map(async (imei) =>
      (await s13.checkEquipment({ imei })).status
    ),
  );
  assertEquals(statuses, ["blacklisted", "greylisted", "whitelisted"]);
  await assertRejects(() => s13.checkEquipment({ imei: "111111111111111" }), EquipmentUnknownError);
  assertEquals([eir.counters.connections, eir.counters.malformed], [1, 0]);
  eir.kill();
});

test("through the gateway, a pool gets the EIR's answers and the gateway's own errors", async () => {
  const dra = new RawListener(DRA);
  const gateway = new InsideGateway({
    ...DEFAULT_OPTIONS,
    drainTimeout: 0,
    server: { ...DEFAULT_OPTIONS.server, listen: [{ hostname: "127.0.0.1", port: 0 }] },
    draPool: {
      ...DEFAULT_OPTIONS.draPool,
      dprTimeout: 20,
      dras: [{ name: "dra", host: "127.0.0.1", port: dra.port, priority: 1, weight: 1, originHost: "", bind: "" }],
    },
  });
  await gateway.start();
  const [{ hostname: host, port }] = gateway.addresses as [{ hostname: string; port: number }];
  const pool = new ConnectionPool({ host, port, connections: 2, ...NAMES });
  try {
    const peer = await dra.open();
    await pool.start();
    await until(() => pool.health.openConnections === 2 && gateway.statistics.active_dras === 1, "all is open");
    const s13 = new S13Client(pool, TO);
    const checks = [s13.checkEquipment({ imei: IMEI }), s13.checkEquipment({ imei: IMEI })];
    for (const status of [1, 2]) {
      const ecr = await peer.nextRequest();
      assertEquals(ecr.texts(282), ["client.example.net"]);
      await peer.send(answer(ecr, { more: (builder) => builder.unsigned32(1445, status, VENDOR) }));
    }
    assertEquals((await Promise.all(checks)).map(({ status }) => status).toSorted(), ["blacklisted", "greylisted"]);
    assertEquals(gateway.apps.withHost("client.example.net").length, 2);

    await dra.close();
    await until(() => gateway.statistics.active_dras === 0, "the DRA is gone");
    const error = await assertRejects(() => s13.checkEquipment({ imei: IMEI }), ResultCodeError, "3002");
    assertStringIncludes(error.errorMessage!, "no route");
  } finally {
    await pool.close();
    await gateway.stop();
    await dra.close();
  }
});

test("a request of the DRA reaches the pool through the gateway, and its answer the DRA", async () => {
  const dra = new DraSimulator({ faults: { requestEvery: 5 } });
  const { hostname, port } = dra.start();
  const gateway = new InsideGateway({
    ...DEFAULT_OPTIONS,
    drainTimeout: 0,
    server: { ...DEFAULT_OPTIONS.server, listen: [{ hostname: "127.0.0.1", port: 0 }] },
    draPool: {
      ...DEFAULT_OPTIONS.draPool,
      dras: [{ name: "dra", host: hostname, port, priority: 1, weight: 1, originHost: "", bind: "" }],
    },
  });
  await gateway.start();
  const [address] = gateway.addresses as [{ hostname: string; port: number }];
  const applications = [{ id: 4 }, { id: 16777252, vendor: 10415 }];
  const pool = new ConnectionPool({
    host: address.hostname,
    port: address.port,
    connections: 1,
    applications,
    ...NAMES,
  });
  try {
    await until(() => gateway.statistics.active_dras === 1, "the DRA is usable");
    await pool.start();
    const reader = pool.received.getReader();
    await new S13Client(pool, TO).checkEquipment({ imei: IMEI });
    for (let i = 0; i < 3; i++) {
      const { value } = await reader.read();
      assertEquals(value?.decode().abbreviation, "RAR");
      await value!.answer({ avps: { "Session-Id": "s", "Result-Code": 2001, "Origin-Host": NAMES.originHost } });
    }
    await until(() => dra.counters.answersReceived >= 3, "three answers");
    assertEquals(dra.counters.unmatchedAnswers, 0);
  } finally {
    dra.setFaults({ requestEvery: 0 });
    await pool.close();
    await gateway.stop();
    dra.kill();
  }
});
