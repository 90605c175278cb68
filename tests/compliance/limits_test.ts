/** Items D7 and D8, E7, and the decisions P13 and P23 about what is counted. */
import { assert, assertEquals } from "@std/assert";
import { connectTcp } from "../../src/net/tcp.ts";
import { listenTcp } from "../../src/net/listener.ts";
import { DEFAULT_OPTIONS } from "../../src/diameter/relay/core/options.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { FLAG } from "../../src/diameter/wire/header.ts";
import type { MessageBuilder } from "../../src/diameter/wire/message_builder.ts";
import { answer, peerRequest, request } from "../support/raw_message.ts";
import { until } from "../support/until.ts";
import { stage } from "./stage.ts";

const REFUSED = FLAG.proxiable | FLAG.error;

/** Makes a message 16 KiB long. */
const bulky = (b: MessageBuilder) => void b.octets(9999, new Uint8Array(16_000), { flags: 0 });

Deno.test(
  "D7 E7 a DRA gets no more than max_in_flight: then the next one, then 3004",
  stage({ dras: [{}, { priority: 2 }], draPool: { maxInFlight: 3 } }, async (s) => {
    const app = await s.app();
    await app.send(...Array.from({ length: 8 }, (_, i) => request({ endToEnd: i })));
    const first = [];
    for (let i = 0; i < 3; i++) first.push(await s.dras[0]!.nextRequest());
    for (let i = 0; i < 3; i++) await s.dras[1]!.nextRequest();
    for (const endToEnd of [6, 7]) {
      const refusal = await app.nextAnswer();
      assertEquals([refusal.endToEnd, refusal.resultCode, refusal.flags], [endToEnd, 3004, REFUSED]);
    }
    // An answer makes room for one more.
    await s.dras[0]!.send(answer(first[0]!));
    await app.nextAnswer();
    await app.send(request());
    await s.dras[0]!.nextRequest();
  }),
);

Deno.test(
  "D7 E7 P13 over max_in_flight a Logic App is answered 3004, over all its connections, and no other one is concerned",
  stage({ server: { maxInFlight: 2 } }, async (s) => {
    const [app, twin, other] = [await s.app(), await s.app("APP.example.net"), await s.app("other.example.net")];
    await app.send(request());
    const pending = await s.dra.nextRequest();
    await twin.send(request(), request());
    await s.dra.nextRequest();
    const refusal = await twin.nextAnswer();
    assertEquals([refusal.resultCode, refusal.flags], [3004, REFUSED]);
    await other.send(request());
    await s.dra.nextRequest();
    await s.dra.send(answer(pending));
    await app.nextAnswer();
    await twin.send(request());
    await s.dra.nextRequest();
  }),
);

Deno.test(
  "D7 E7 over rate_limit a Logic App is answered 3004, over all its connections, and no other one is concerned",
  stage({ server: { rateLimit: { requestsPerSecond: 0.01, burst: 3 } } }, async (s) => {
    const [app, twin, other] = [await s.app(), await s.app(), await s.app("other.example.net")];
    await app.send(request(), request());
    await s.dra.nextRequest();
    await s.dra.nextRequest();
    await twin.send(request(), request());
    await s.dra.nextRequest();
    assertEquals((await twin.nextAnswer()).resultCode, 3004);
    await app.send(request());
    assertEquals((await app.nextAnswer()).resultCode, 3004);
    await other.send(request());
    await s.dra.nextRequest();
    // Gone and back, it has no more than before.
    await app.close();
    await twin.close();
    await until(() => s.gateway.apps.size === 1, "both are gone");
    const back = await s.app();
    await back.send(request());
    assertEquals((await back.nextAnswer()).resultCode, 3004);
  }),
);

Deno.test(
  "D7 rate_limit lets through what it says, once the burst is used up",
  stage({ server: { rateLimit: { requestsPerSecond: 20, burst: 1 } } }, async (s) => {
    const app = await s.app();
    const before = performance.now();
    let relayed = 0;
    while (relayed < 6) {
      await app.send(request());
      await until(() => s.dra.inbox.length + app.inbox.length > 0, "it was dealt with");
      relayed += s.dra.inbox.splice(0).length;
      app.inbox.splice(0);
    }
    // The first one at once, five more at 20 a second.
    assert(performance.now() - before >= 240, `${performance.now() - before} ms`);
  }),
);

Deno.test(
  "P13 retries and requests of DRAs do not count for the limits of a Logic App",
  stage({
    dras: [{}, { priority: 2 }],
    gateway: { answerTimeout: 60 },
    server: { maxInFlight: 2, rateLimit: { requestsPerSecond: 0.01, burst: 2 } },
  }, async (s) => {
    const app = await s.app();
    for (let i = 0; i < 3; i++) {
      await s.dras[0]!.send(request({ destinationHost: "app.example.net" }));
      await app.nextRequest();
    }
    await app.send(request());
    await s.dras[0]!.nextRequest();
    await s.dras[1]!.nextRequest();
    await app.send(request());
    await s.dras[0]!.nextRequest();
    await app.send(request());
    assertEquals((await app.nextAnswer()).resultCode, 3004);
  }),
);

Deno.test(
  "D7 a DRA that does not read: its queue is bounded, the others take over, nothing is lost, and what it sends is still read",
  stage({
    dras: [{}, { priority: 2 }],
    draPool: { sendQueueLimit: 256 * 1024 },
    gateway: { requestTimeout: 30_000, answerTimeout: 30_000 },
  }, async (s) => {
    const [first, second] = [s.dras[0]!, s.dras[1]!];
    const app = await s.app();
    await app.send(request({ endToEnd: 1 }));
    const early = await first.nextRequest();
    first.pause();
    const count = 1_500;
    const sending = app.send(...Array.from({ length: count }, () => request({ more: bulky })));
    await until(() => second.inbox.length > 0, "the second one takes over", 20_000);
    const { out } = s.gateway.pool.dras[0]!.links[0]!.relayPeer!.peer;
    assert(out.queuedBytes < 4 * 1024 * 1024, `${out.queuedBytes} bytes wait`);
    // What it sends is read all the same.
    await first.send(answer(early), peerRequest(first.identity));
    assertEquals((await app.nextAnswer()).endToEnd, 1);
    await sending;
    first.resume();
    await until(
      () => first.inbox.length + second.inbox.length + app.inbox.length >= count + 1,
      "every request was relayed or answered",
      20_000,
    );
    assertEquals(first.inbox.find(({ isRequest }) => !isRequest)?.command, COMMAND.deviceWatchdog);
  }),
);

Deno.test(
  "D7 a Logic App that does not read its answers is read no more, and closed after write_timeout; others go on",
  stage({ server: { sendQueueLimit: 64 * 1024, writeTimeout: 300 } }, async (s) => {
    const [app, other] = [await s.app(), await s.app("other.example.net")];
    app.pause();
    const count = 600;
    await app.send(...Array.from({ length: count }, () => request()));
    for (let i = 0; i < count; i++) await s.dra.send(answer(await s.dra.nextRequest(), { more: bulky }));
    await until(() => s.eventsOf("app_down").length === 1, "it is closed");
    assert(s.eventsOf("app_down")[0]!.reason.includes("did not read"), s.eventsOf("app_down")[0]!.reason);
    await other.send(request());
    await s.dra.send(answer(await s.dra.nextRequest()));
    await other.nextAnswer();
    await s.dra.nothingMore();
  }),
);

Deno.test("D8 TCP_NODELAY is on by default, for what is dialled and what is accepted, and can be switched off", async () => {
  assertEquals([DEFAULT_OPTIONS.server.tcpNoDelay, DEFAULT_OPTIONS.draPool.tcpNoDelay], [true, true]);
  const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [dialled, accepted] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: probe.addr.port }),
    probe.accept(),
  ]);
  const prototype = Object.getPrototypeOf(dialled) as Deno.TcpConn;
  const original = prototype.setNoDelay;
  let calls = 0;
  prototype.setNoDelay = function (on?: boolean) {
    if (on !== false) calls++;
    return original.call(this, on);
  };
  try {
    for (const noDelay of [true, false]) {
      calls = 0;
      const arrived = Promise.withResolvers<{ close(): void }>();
      const listener = listenTcp(
        { hostname: "127.0.0.1", port: 0 },
        { noDelay },
        (connection) => arrived.resolve(connection),
      );
      const connection = await connectTcp(listener.address, { timeout: 5_000, noDelay });
      (await arrived.promise).close();
      connection.close();
      listener.close();
      assertEquals(calls, noDelay ? 2 : 0);
    }
  } finally {
    prototype.setNoDelay = original;
    for (const one of [dialled, accepted, probe]) one.close();
  }
});

Deno.test(
  "P23 a transaction counts once, however often it was sent; created is completed, expired, rejected, abandoned and active at every moment",
  stage({ dras: [{}, { priority: 2 }], gateway: { answerTimeout: 60, requestTimeout: 250 } }, async (s) => {
    const sums = () => {
      const { statistics: now } = s.gateway;
      assertEquals(
        now.sessions_created,
        now.sessions_completed + now.sessions_expired + now.sessions_rejected + now.sessions_abandoned +
          now.active_sessions,
      );
      return now;
    };
    const [app, leaving] = [await s.app(), await s.app("leaving.example.net")];
    // Completed after a retry; expired; rejected; abandoned; completed in the other direction.
    await app.send(request());
    await s.dras[0]!.send(answer(await s.dras[0]!.nextRequest(), { resultCode: 3004 }));
    await s.dras[1]!.send(answer(await s.dras[1]!.nextRequest()));
    await app.nextAnswer();
    assertEquals([sums().total_requests, sums().to_dra], [1, 2]);
    await app.send(request());
    await app.nextAnswer();
    assertEquals(sums().sessions_expired, 1);
    await app.send(request({ destinationRealm: null }));
    await app.nextAnswer();
    await leaving.send(request());
    await s.dras[0]!.nextRequest();
    await s.dras[0]!.nextRequest();
    assertEquals(sums().active_sessions, 1);
    await leaving.close();
    await until(() => sums().sessions_abandoned === 1, "it was abandoned");
    await s.dras[0]!.send(request({ destinationHost: "app.example.net" }));
    await app.send(answer(await app.nextRequest()));
    await s.dras[0]!.nextAnswer();
    const end = sums();
    assertEquals(
      [end.total_requests, end.sessions_completed, end.sessions_expired, end.sessions_rejected, end.sessions_abandoned],
      [5, 2, 1, 1, 1],
    );
    // The retry of the one that expired, and the one after the error.
    const { retransmissions } = s.gateway.pool.named("dra-2").meters;
    assertEquals([retransmissions.error_answer.value, retransmissions.timeout.value], [1, 1]);
  }),
);
