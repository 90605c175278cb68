import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { AddressClient, type AddressClientOptions } from "../../../src/diameter/client/address_client.ts";
import {
  ConnectionClosedError,
  ConnectionFailedError,
  HandshakeFailedError,
  InvalidConfigError,
  PoolClosedError,
  QueueFullError,
} from "../../../src/diameter/client/errors.ts";
import { COMMAND } from "../../../src/diameter/wire/command_codes.ts";
import { answer, cea, request } from "../../support/raw_message.ts";
import { RawListener, type RawPeer } from "../../support/raw_peer.ts";
import { until } from "../../support/until.ts";
import { DRA, NAMES, QUICK, watch, withDra } from "./support.ts";

const { test } = Deno;

/** A client and a scripted DRA for as long as `body` runs; `to` is the DRA's address. */
function withClient(
  options: Partial<AddressClientOptions>,
  body: (stage: { client: AddressClient; dra: RawListener; to: string }) => Promise<void>,
): Promise<void> {
  return withDra(async (dra) => {
    const client = new AddressClient({ dprTimeout: 20, ...NAMES, ...options });
    try {
      await body({ client, dra, to: `127.0.0.1:${dra.port}` });
    } finally {
      await client.close();
    }
  });
}

/** Answers the next request of `peer`. */
async function answerNext(peer: RawPeer): Promise<void> {
  await peer.send(answer(await peer.nextRequest()));
}

test("fifty concurrent first callers share one connection and one CER", async () => {
  await withClient({}, async ({ client, dra, to }) => {
    const calls = Array.from({ length: 50 }, () => client.request(to, request()));
    const peer = await dra.open();
    for (let i = 0; i < 50; i++) await answerNext(peer);
    assertEquals((await Promise.all(calls)).length, 50);
    await client.send(to, request());
    await peer.nextRequest();
    await peer.nothingMore();
    assertEquals(dra.accepted.length, 1);
    const { activeConnections, connectionsCreated, messagesSent, messagesReceived } = client.metrics;
    assertEquals([activeConnections, connectionsCreated, messagesSent, messagesReceived], [1, 1, 51, 50]);
  });
});

test("all of them get the same error when the capabilities exchange fails, and the next one tries again", async () => {
  await withClient({}, async ({ client, dra, to }) => {
    const seen = watch(Array.from({ length: 50 }, () => client.request(to, request())));
    const peer = await dra.accept();
    const cer = await peer.nextRequest(COMMAND.capabilitiesExchange);
    await peer.send(cea(dra.identity, cer, 5010, (builder) => builder.text(281, "no S13 here")));
    await until(() => seen.settled === 50, "all are rejected");
    const [error] = seen.failed as [HandshakeFailedError];
    assert(error instanceof HandshakeFailedError && seen.failed.every((one) => one === error));
    assertEquals([error.resultCode, error.errorMessage, error.address], [5010, "no S13 here", to]);
    await until(() => client.connections.length === 0, "it is forgotten");
    assertEquals([dra.accepted.length, client.metrics.failedEstablishments], [1, 1]);

    const call = client.request(to, request());
    await answerNext(await dra.open());
    assertEquals((await call).result?.code, 2001);
    assertEquals([client.metrics.connectionsCreated, client.metrics.failedEstablishments], [1, 1]);
  });
});

test("nothing listens: the caller learns it, and nothing is tried behind its back", async () => {
  await withClient({ reconnect: QUICK }, async ({ client, dra, to }) => {
    await dra.close();
    await assertRejects(() => client.request(to, request()), ConnectionFailedError, `Cannot connect to ${to}`);
    await until(() => client.connections.length === 0, "it is forgotten");
    assertEquals([client.metrics.failedEstablishments, client.metrics.reconnectAttempts], [1, 0]);
  });
});

test("each address has its own connection", async () => {
  await withClient({}, async ({ client, dra, to }) => {
    const other = new RawListener({ host: "other.example.net", realm: "example.net" });
    try {
      const calls = [client.request(to, request()), client.request(`LOCALHOST:${other.port}`, request())];
      const again = client.request(`localhost:${other.port}`, request());
      await answerNext(await dra.open());
      const peer = await other.open();
      await answerNext(peer);
      await answerNext(peer);
      await Promise.all([...calls, again]);
      assertEquals(client.connections.map(({ address, originHost }) => [address, originHost]), [
        [to, DRA.host],
        [`localhost:${other.port}`, "other.example.net"],
      ]);
      assertEquals([dra.accepted.length, other.accepted.length], [1, 1]);
    } finally {
      await client.close();
      await other.close();
    }
  });
});

test("one caller may give up while the others wait for the connection", async () => {
  await withClient({}, async ({ client, dra, to }) => {
    const controller = new AbortController();
    const patient = client.request(to, request());
    const seen = watch([
      client.request(to, request(), { signal: controller.signal }),
      client.request(to, request(), { timeout: 20 }),
    ]);
    const peer = await dra.accept();
    controller.abort(new Error("changed my mind"));
    await until(() => seen.settled === 2, "two give up");
    assertEquals(seen.failed.map((error) => (error as Error).name), ["Error", "TimeoutError"]);
    assertStringIncludes((seen.failed[1] as Error).message, "no connection came up");
    await peer.acceptCapabilities();
    await answerNext(peer);
    assertEquals((await patient).result?.code, 2001);
    await peer.nothingMore();
  });
});

test("an idle connection is closed with DPR, and opened again by the next call", async () => {
  await withClient({ idleTimeout: 40, dprTimeout: 5_000 }, async ({ client, dra, to }) => {
    const call = client.request(to, request());
    const peer = await dra.open();
    await answerNext(peer);
    await call;
    const dpr = await peer.answerPeerRequest(COMMAND.disconnectPeer);
    assertEquals(dpr.number(273), 2);
    await peer.nextEnd();
    await until(() => client.connections.length === 0, "it is gone");
    const { activeConnections, closedTotal, closedIdle, closedLifetime } = client.metrics;
    assertEquals([activeConnections, closedTotal, closedIdle, closedLifetime], [0, 1, 1, 0]);

    const next = client.request(to, request());
    const second = await dra.open();
    await answerNext(second);
    await next;
    assertEquals([client.metrics.connectionsCreated, client.metrics.reconnectAttempts], [2, 0]);
    await second.answerPeerRequest(COMMAND.disconnectPeer);
  });
});

test("a connection with a pending request is not idle", async () => {
  await withClient({ idleTimeout: 30 }, async ({ client, dra, to }) => {
    const call = client.request(to, request());
    const peer = await dra.open();
    const asked = await peer.nextRequest();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assertEquals(client.metrics.closedIdle, 0);
    await peer.send(answer(asked));
    await call;
  });
});

test("a call that comes while an idle connection takes its leave gets a new one", async () => {
  await withClient({ idleTimeout: 40, dprTimeout: 5_000 }, async ({ client, dra, to }) => {
    const call = client.request(to, request());
    const peer = await dra.open();
    await answerNext(peer);
    await call;
    await until(() => peer.inbox.length > 0, "the DPR came");
    const next = client.request(to, request());
    assertEquals(dra.accepted.length, 1);
    await peer.answerPeerRequest(COMMAND.disconnectPeer);
    const second = await dra.open();
    await answerNext(second);
    assertEquals((await next).result?.code, 2001);
    await second.answerPeerRequest(COMMAND.disconnectPeer);
  });
});

test("an old connection is closed when its requests are answered; at no time are there two", async () => {
  await withClient({ maxLifetime: 60, dprTimeout: 5_000 }, async ({ client, dra, to }) => {
    const old = client.request(to, request());
    const peer = await dra.open();
    const asked = await peer.nextRequest();
    await until(() => client.metrics.closedLifetime === 1, "its time is up");
    const young = client.request(to, request());
    await peer.nothingMore();
    await peer.send(answer(asked));
    assertEquals((await old).result?.code, 2001);
    assertEquals(dra.accepted.length, 1);
    const dpr = await peer.answerPeerRequest(COMMAND.disconnectPeer);
    assertEquals(dpr.number(273), 0);
    const next = await dra.open();
    await answerNext(next);
    assertEquals((await young).result?.code, 2001);
    await next.answerPeerRequest(COMMAND.disconnectPeer);
    await until(() => client.connections.length === 0, "nobody needs it any more");
    assertEquals([client.metrics.closedTotal, client.metrics.closedLifetime], [2, 2]);
  });
});

test("a lost connection is opened again by itself, and calls wait for it", async () => {
  await withClient({ reconnect: QUICK }, async ({ client, dra, to }) => {
    const pending = watch([client.request(to, request())]);
    const peer = await dra.open();
    await peer.nextRequest();
    await peer.close();
    await until(() => pending.settled === 1, "the pending request is rejected");
    assert(pending.failed[0] instanceof ConnectionClosedError);
    const call = client.request(to, request());
    await answerNext(await dra.open());
    assertEquals((await call).result?.code, 2001);
    const { connectionsCreated, reconnectAttempts, closedTotal } = client.metrics;
    assertEquals([connectionsCreated, reconnectAttempts, closedTotal], [2, 1, 1]);
  });
});

test("with resend, a request outlives its connection", async () => {
  await withClient({ reconnect: QUICK }, async ({ client, dra, to }) => {
    const call = client.request(to, request(), { resend: true });
    const peer = await dra.open();
    const first = await peer.nextRequest();
    await peer.close();
    const next = await dra.open();
    const again = await next.nextRequest();
    assertEquals([again.endToEnd, again.flags], [first.endToEnd, 0xd0]);
    await next.send(answer(again));
    assertEquals((await call).result?.code, 2001);
  });
});

test("with reconnect false, a lost connection stays lost until the next call", async () => {
  await withClient({ reconnect: false }, async ({ client, dra, to }) => {
    const call = client.request(to, request());
    const peer = await dra.open();
    await answerNext(peer);
    await call;
    await peer.close();
    await until(() => client.connections.length === 0, "it is forgotten");
    assertEquals(dra.accepted.length, 1);
    const next = client.request(to, request());
    await answerNext(await dra.open());
    assertEquals((await next).result?.code, 2001);
    assertEquals([client.metrics.connectionsCreated, client.metrics.reconnectAttempts], [2, 0]);
  });
});

test("with waitWhileDown false, calls are rejected until the connection is back", async () => {
  const reconnect = { ...QUICK, initial: 60_000, max: 60_000 };
  await withClient({ reconnect, waitWhileDown: false }, async ({ client, dra, to }) => {
    // The first connection is waited for all the same.
    const call = client.request(to, request());
    const peer = await dra.open();
    await answerNext(peer);
    await call;
    await peer.close();
    await until(() => (client.connections[0]?.nextAttemptAt ?? 0) > 0, "the next attempt is planned");
    await assertRejects(() => client.request(to, request()), ConnectionClosedError, "next attempt in ");
  });
});

test("a peer that is gone for good is given up when nobody asks for it any more", async () => {
  await withClient({ reconnect: QUICK, idleTimeout: 60 }, async ({ client, dra, to }) => {
    const call = client.request(to, request());
    const peer = await dra.open();
    await answerNext(peer);
    await call;
    await dra.close();
    await until(() => client.metrics.reconnectAttempts > 0, "it is tried");
    await until(() => client.connections.length === 0, "it is given up");
    assertEquals([client.metrics.closedIdle, client.metrics.closedTotal], [0, 1]);
  });
});

test("a bounded number of calls waits for a connection", async () => {
  await withClient({ maxWaiting: 3 }, async ({ client, dra, to }) => {
    const calls = Array.from({ length: 3 }, () => client.request(to, request()));
    await assertRejects(() => client.request(to, request()), QueueFullError, `3 calls are waiting`);
    const peer = await dra.open();
    for (let i = 0; i < 3; i++) await answerNext(peer);
    await Promise.all(calls);
  });
});

test("close takes leave of all, and rejects what waits, is pending, or comes later", async () => {
  await withClient({ dprTimeout: 5_000 }, async ({ client, dra, to }) => {
    const silent = new RawListener({ host: "silent.example.net", realm: "example.net" });
    try {
      const calls = watch([client.request(to, request()), client.request(`127.0.0.1:${silent.port}`, request())]);
      const peer = await dra.open();
      await peer.nextRequest();
      await silent.accept();
      const closing = client.close();
      await peer.answerPeerRequest(COMMAND.disconnectPeer);
      await closing;
      await until(() => calls.settled === 2, "both are rejected");
      assert(calls.failed.every((error) => error instanceof PoolClosedError), calls.failed.join("\n"));
      await assertRejects(() => client.request(to, request()), PoolClosedError, "The client is closed");
      await assertRejects(() => client.send(to, request()), PoolClosedError);
      assertEquals([client.metrics.activeConnections, client.metrics.closedTotal], [0, 1]);
    } finally {
      await silent.close();
    }
  });
});

test("requests of all peers are read from one stream", async () => {
  await withClient({}, async ({ client, dra, to }) => {
    const reader = client.received.getReader();
    const call = client.request(to, request());
    const peer = await dra.open();
    await answerNext(peer);
    await call;
    await peer.send(request());
    const { value } = await reader.read();
    assertEquals([value?.peer, value?.remote], [DRA.host, to]);
    await value!.answer({ avps: { "Result-Code": 2001 } });
    assertEquals((await peer.nextAnswer()).resultCode, 2001);
  });
});

test("events name the address", async () => {
  await withClient({ reconnect: false }, async ({ client, dra, to }) => {
    const seen: string[] = [];
    const off = client.on((event) => event.kind !== "state" && seen.push(`${event.kind} ${event.address}`));
    const call = client.request(to, request());
    const peer = await dra.open();
    await answerNext(peer);
    await call;
    await peer.close();
    await until(() => seen.length === 2, "up and down");
    assertEquals(seen, [`up ${to}`, `down ${to}`]);
    off();
  });
});

const ADDRESSES: [text: string, problem: string][] = [
  ["", "expected HOST:PORT"],
  ["host:0", "expected a port 1..65535"],
  ["host:70000", "expected a port 1..65535"],
  ["::1:3868", "an IPv6 address goes in brackets"],
  ["a b:3868", "expected HOST:PORT"],
  ["host:", "expected HOST:PORT"],
];

test("an address that is none is rejected with what was expected", async () => {
  const client = new AddressClient(NAMES);
  for (const [text, problem] of ADDRESSES) {
    await assertRejects(() => client.request(text, request()), InvalidConfigError, problem);
    await assertRejects(() => client.send(text, request()), InvalidConfigError, JSON.stringify(text));
    assertThrows(() => client.to(text), InvalidConfigError);
  }
  await client.close();
});

test("everything that is wrong with the options is said at once", () => {
  const error = assertThrows(
    () => new AddressClient({ ...NAMES, originRealm: "", idleTimeout: -1, maxLifetime: 0.5 }),
    InvalidConfigError,
  );
  assertEquals(error.problems.map((line) => line.split(":")[0]), ["originRealm", "idleTimeout", "maxLifetime"]);
});
