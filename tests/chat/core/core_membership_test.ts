import { assert, assertEquals, assertRejects } from "@std/assert";
import { ClientCredentials } from "../../../src/chat/auth/client_credentials.ts";
import { LocalIssuer } from "../../../src/chat/auth/local_issuer.ts";
import { CoreMembership } from "../../../src/chat/core/core_membership.ts";
import { type CoreAnswer, type CoreCall, CoreFailure, type Forwarder } from "../../../src/chat/core/forwarder.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { bytes, text } from "./scene.ts";

const ANN = { profileId: "ann", deviceId: "phone", token: "t-ann" };

function scene(answer: (question: Record<string, unknown>, call: CoreCall) => unknown | Promise<unknown>) {
  const asked: CoreCall[] = [];
  const clock = new FakeClock();
  const forwarder: Forwarder = {
    breaker: "closed",
    inFlight: 0,
    configure() {},
    close: () => Promise.resolve(),
    async forward(call): Promise<CoreAnswer> {
      asked.push(call);
      const said = await answer(JSON.parse(text(call.body)), call);
      if (typeof said === "string") return { error: { code: said as "internal", message: said } };
      return { body: bytes(JSON.stringify(said)), headers: {} };
    },
  };
  return { asked, clock, forwarder, membership: new CoreMembership({ forwarder, clock }, 60_000) };
}

const yes = (question: Record<string, unknown>) => ({ subscriptions: [{ ...question, roles: ["member"] }] });

Deno.test("R1: a yes is remembered for membership_ttl, for that profile and room alone", async () => {
  const { asked, clock, membership } = scene(yes);
  assertEquals(await membership.isMember(ANN, "r1"), true);
  assertEquals(membership.isMember(ANN, "r1"), true);
  const [call] = asked;
  assertEquals([call!.method, call!.encoding, text(call!.body)], [
    "SearchRoomSubscriptions",
    "json",
    '{"roomId":"r1","profileId":"ann","limit":1}',
  ]);
  assertEquals(call!.caller, ANN);
  await membership.isMember(ANN, "r2");
  await membership.isMember({ ...ANN, profileId: "bob" }, "r1");
  assertEquals(asked.length, 3);
  clock.advance(60_000);
  await membership.isMember(ANN, "r1");
  assertEquals(asked.length, 4);
});

Deno.test("R1: a no is asked about again each time", async () => {
  const { asked, membership } = scene(() => ({}));
  for (let i = 0; i < 3; i++) assertEquals(await membership.isMember(ANN, "r1"), false);
  assertEquals(asked.length, 3);
});

for (const code of ["not_found", "permission_denied"]) {
  Deno.test(`R1: a core that says ${code} says no`, async () => {
    const { membership } = scene(() => code);
    assertEquals(await membership.isMember(ANN, "r1"), false);
  });
}

Deno.test("R1: a core that gives other members than it was asked for lets nobody in", async () => {
  const { membership } = scene(() => ({ subscriptions: [{ roomId: "r1", profileId: "bob" }, null, "ann"] }));
  assertEquals(await membership.isMember(ANN, "r1"), false);
});

Deno.test("R1: a core that fails is neither a yes nor a no", async () => {
  const { membership } = scene(() => "unavailable");
  const error = await assertRejects(async () => await membership.isMember(ANN, "r1"), CoreFailure);
  assertEquals((error as CoreFailure).error.code, "unavailable");
});

Deno.test("R1, R5: a removal that passes is known at once, also while the core is asked", async () => {
  const gate = Promise.withResolvers<void>();
  const { asked, membership } = scene(async (question) => {
    await gate.promise;
    return yes(question);
  });
  const early = membership.isMember(ANN, "r1");
  membership.forget("r1", "ann");
  gate.resolve();
  await early;
  await membership.isMember(ANN, "r1");
  assertEquals(asked.length, 2);
  assertEquals(membership.isMember(ANN, "r1"), true);
  membership.forget("r1", "bob");
  assertEquals(membership.isMember(ANN, "r1"), true);
  membership.forget("r1", "ann");
  assert(membership.isMember(ANN, "r1") instanceof Promise);
  await membership.isMember(ANN, "r1");
  membership.forget("r1");
  assert(membership.isMember(ANN, "r1") instanceof Promise);
});

Deno.test("R1: a shorter membership_ttl holds for what is remembered already", async () => {
  const { asked, clock, membership } = scene(yes);
  await membership.isMember(ANN, "r1");
  clock.advance(100);
  membership.remember(50);
  await membership.isMember(ANN, "r1");
  assertEquals(asked.length, 2);
  membership.remember(0);
  await membership.isMember(ANN, "r1");
  await membership.isMember(ANN, "r1");
  assertEquals(asked.length, 4);
});

Deno.test("R2: all rooms of a profile are asked for page by page, no more than wanted", async () => {
  const pages: Record<string, unknown> = {
    "": { rooms: [{ id: "a" }, { id: "b" }], nextCursor: "1" },
    "1": { rooms: [{ id: "b" }, { id: "c" }, {}, null], nextCursor: "2" },
    "2": { rooms: [{ id: "d" }] },
  };
  const { asked, membership } = scene(({ cursor }) => pages[cursor as string]);
  assertEquals(await membership.roomsOf(ANN, 1000), ["a", "b", "c", "d"]);
  assertEquals(text(asked[0]!.body), '{"profileId":"ann","cursor":"","limit":200}');
  assertEquals(await membership.roomsOf(ANN, 3), ["a", "b", "c"]);
});

Deno.test("R2: a core whose cursors lead nowhere is not asked for ever", async () => {
  const { asked, membership } = scene(() => ({ rooms: [{ id: "a" }], nextCursor: "x" }));
  assertEquals(await membership.roomsOf(ANN, 1000), ["a"]);
  assertEquals(asked.length, 2);
});

Deno.test("F10: the gateway asks with its own token, and with another when that is not taken", async () => {
  const client = { id: "gateway", secret: "s" };
  const issuer = await LocalIssuer.start({ listen: { hostname: "127.0.0.1", port: 0 }, audience: "core", client });
  const options = { tokenEndpoint: `${issuer.url}/token`, clientId: client.id, clientSecret: client.secret };
  const credentials = new ClientCredentials(options);
  try {
    let isTaken = true;
    const { asked, forwarder, clock } = scene((question) => isTaken ? yes(question) : "unauthenticated");
    const membership = new CoreMembership({ forwarder, clock, credentials }, 0);
    await membership.isMember(ANN, "r1");
    const { caller } = asked[0]!;
    assertEquals([caller.profileId, caller.token === await credentials.token()], ["ann", true]);
    isTaken = false;
    await assertRejects(async () => await membership.isMember(ANN, "r1"), CoreFailure);
    isTaken = true;
    await membership.isMember(ANN, "r1");
    assert(asked[2]!.caller.token !== caller.token);
    await issuer.pause();
    credentials.refused(await credentials.token());
    const error = await assertRejects(async () => await membership.isMember(ANN, "r1"), CoreFailure);
    assertEquals((error as CoreFailure).error.code, "unavailable");
  } finally {
    credentials.close();
    await issuer.stop();
  }
});
