/**
 * Live keys of the section `dra_pool`.
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DEFAULT_OPTIONS } from "../../../src/diameter/relay/core/options.ts";
import { DISCONNECT_CAUSE } from "../../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../../src/diameter/wire/command_codes.ts";
import type { MessageBuilder } from "../../../src/diameter/wire/message_builder.ts";
import { Authority } from "../../interop/certificates.ts";
import { type Stage, stage } from "../../compliance/stage.ts";
import { answer, peerRequest, request } from "../../support/raw_message.ts";
import { RawListener, RawPeer } from "../../support/raw_peer.ts";
import { until } from "../../support/until.ts";
import { change, changeDras, refused, type Row, row, serves } from "./row.ts";

const TWO = { dras: [{}, { priority: 2 }] };
const RECONNECT = { initial: 20, multiplier: 1, max: 20, jitter: 0, afterRefusal: 20 };
const SLOW = { ...RECONNECT, initial: 600_000, max: 600_000, afterRefusal: 600_000 };

const link = (s: Stage) => s.gateway.pool.dras[0]!.links[0]!;
const padding = (bytes: number) => (b: MessageBuilder) => void b.octets(0xfffff0, new Uint8Array(bytes), { flags: 0 });
const lastWait = (s: Stage) => s.eventsOf("dra_connect_failed").at(-1)?.retryIn;

const BREAKER = DEFAULT_OPTIONS.draPool.circuitBreaker;

/** All of them. */
export const POOL_KEYS: readonly Row[] = [
  row(
    "dra_pool.hash_key routing.pools[].hash_key",
    "what is told apart by it is another thing from the next request on",
    {
      dras: [{}, {}],
      draPool: { balance: "hash" },
    },
    async (s) => {
      const app = await s.app();
      const found = async () => {
        const owners: number[] = [];
        for (let i = 0; i < 12; i++) {
          await app.send(request({ session: `app;1;${i}` }));
          await until(() => s.dras.some(({ inbox }) => inbox.length > 0), "it arrives");
          const nth = s.dras.findIndex(({ inbox }) => inbox.length > 0);
          await s.dras[nth]!.send(answer(await s.dras[nth]!.nextRequest()));
          await app.nextAnswer();
          owners.push(nth);
        }
        return new Set(owners).size;
      };
      assertEquals(await found(), 2);
      await change(s, { draPool: { hashKey: "Origin-Realm" } });
      assertEquals(await found(), 1);
      const pools = [{
        name: "both",
        dras: [{ name: "dra-1" }, { name: "dra-2" }],
        balance: "hash",
        hashKey: "session_id",
      }] as const;
      const routing = { ...s.gateway.runtime.options.routing, pools, default: { pool: "both" } };
      await change(s, { gateway: { routing } });
      assertEquals(await found(), 2);
      await change(s, { gateway: { routing: { ...routing, pools: [{ ...pools[0], hashKey: "Origin-Host" }] } } });
      assertEquals(await found(), 1);
    },
  ),
  row(
    "dra_pool.slow_start.duration dra_pool.slow_start.min_weight_percent",
    "a DRA that came back has so much of its weight",
    { dras: [{}, {}], draPool: { reopenWatchdogs: 0 } },
    async (s) => {
      await s.dras[1]!.close();
      await s.usable(1, false);
      await s.reopened(1);
      await s.usable(1);
      assertEquals(s.gateway.pool.dras[1]!.share, 100);
      await change(s, { draPool: { slowStart: { duration: 600_000, minWeightPercent: 20 } } });
      assertEquals(Math.floor(s.gateway.pool.dras[1]!.share / 10), 2);
      await change(s, { draPool: { slowStart: { duration: 0, minWeightPercent: 20 } } });
      assertEquals(s.gateway.pool.dras[1]!.share, 100);
    },
  ),
  row("dra_pool.dras[].max_requests_per_second", "a DRA gets no more than that", {}, async (s) => {
    const app = await s.app();
    await serves(app, s.dra);
    await changeDras(s, { maxRequestsPerSecond: 1 });
    await app.send(request(), request());
    await s.dra.nextRequest();
    assertEquals((await app.nextAnswer()).resultCode, 3004);
  }),
  row(
    [
      "enabled",
      "window",
      "min_requests",
      "error_ratio",
      "consecutive_failures",
      "slow_after",
      "error_codes",
      "open_for",
    ]
      .concat("open_max", "half_open_probes", "max_open_percent").map((key) => `dra_pool.circuit_breaker.${key}`)
      .join(" "),
    "breakers are there from the next request on, go by what is configured now, and are gone again",
    { dras: [{}, { priority: 2 }], gateway: { retryResultCodes: [] } },
    async (s) => {
      const app = await s.app();
      const breaker = () => s.gateway.pool.dras[0]!.breaker;
      const fails = async () => {
        await app.send(request());
        await s.dra.send(answer(await s.dra.nextRequest(), { resultCode: 5003 }));
        await app.nextAnswer();
      };
      assertEquals(breaker(), undefined);
      await change(s, { draPool: { circuitBreaker: { ...BREAKER, enabled: true } } });
      for (let i = 0; i < 6; i++) await fails();
      assertEquals(breaker()?.state, "closed");
      const circuitBreaker = { ...BREAKER, enabled: true, consecutiveFailures: 2, errorCodes: [5003], openFor: 60_000 };
      await change(s, { draPool: { circuitBreaker } });
      for (let i = 0; i < 2; i++) await fails();
      await until(() => breaker()?.state === "open", "it opens");
      await change(s, { draPool: { circuitBreaker: { ...circuitBreaker, enabled: false } } });
      assertEquals(breaker(), undefined);
      await fails();
    },
  ),
  row("dra_pool.connections_per_dra", "connections are added and taken away; the others stay", {}, async (s) => {
    const app = await s.app();
    await change(s, { draPool: { connectionsPerDra: 2 } });
    const second = await s.reopened();
    await until(() => s.gateway.pool.dras[0]!.links[1]?.okay === true, "both are usable");
    await app.send(request(), request());
    const asked = await second.nextRequest();
    await change(s, { draPool: { connectionsPerDra: 1 } });
    assertEquals((await second.next("its DPR")).command, COMMAND.disconnectPeer);
    await second.close();
    // What waited there goes to the connection that stays.
    const here = [await s.dra.nextRequest(), await s.dra.nextRequest()];
    assertEquals(here.some(({ endToEnd }) => endToEnd === asked.endToEnd), true);
    await s.dra.send(...here.map((each) => answer(each)));
    for (const _ of here) assertEquals((await app.nextAnswer()).resultCode, 2001);
    await until(() => [...s.gateway.pool.links()].length === 1, "nothing is left of it");
  }),
  row("dra_pool.connect_timeout", "the next attempt has it", {}, async (s) => {
    await change(s, { draPool: { connectTimeout: 4711 } });
    assertEquals(s.gateway.runtime.options.draPool.connectTimeout, 4711);
  }),
  row("dra_pool.capabilities_timeout", "a DRA that sends no CEA is given up sooner", {}, async (s) => {
    await change(s, { draPool: { capabilitiesTimeout: 50 } });
    await s.dra.close();
    await s.listeners[0]!.accept();
    await s.listeners[0]!.accept();
  }),
  row(
    "dra_pool.watchdog_interval dra_pool.watchdog_jitter",
    "a DRA that is connected already is asked sooner whether it lives",
    { draPool: { watchdogInterval: 600_000, watchdogJitter: 500_000 } },
    async (s) => {
      await change(s, { draPool: { watchdogInterval: 50, watchdogJitter: 5 } });
      await s.dra.answerPeerRequest(COMMAND.deviceWatchdog);
    },
  ),
  row("dra_pool.reopen_watchdogs", "a DRA that was lost is usable at once", {}, async (s) => {
    await change(s, { draPool: { reopenWatchdogs: 0 } });
    await s.dra.close();
    await s.usable(0, false);
    await s.reopened();
    await s.usable();
  }),
  row("dra_pool.reopen_last_resort", "the only DRA has to answer all its watchdogs", {}, async (s) => {
    await change(s, { draPool: { reopenLastResort: false } });
    await s.dra.close();
    await s.usable(0, false);
    await (await s.reopened()).answerPeerRequest(COMMAND.deviceWatchdog);
    await until(() => link(s).watchdog.numDwa === 1, "it has answered one");
    assertEquals(s.gateway.pool.dras[0]!.usable, false);
    await change(s, { draPool: { reopenLastResort: true } });
    assertEquals(s.gateway.pool.dras[0]!.usable, true);
  }),
  row(
    "dra_pool.reconnect.initial dra_pool.reconnect.multiplier dra_pool.reconnect.max dra_pool.reconnect.jitter",
    "a DRA that was about to be left alone for long is dialled again, and the waits are the new ones",
    { draPool: { reconnect: SLOW } },
    async (s) => {
      const listener = s.listeners[0]!;
      listener.stopListening();
      await s.dra.close();
      await until(() => lastWait(s) === 600_000, "it is left alone");
      await change(s, { draPool: { reconnect: { ...RECONNECT, initial: 10, multiplier: 3, max: 25 } } });
      await until(() => s.eventsOf("dra_connect_failed").length >= 4, "it is dialled again");
      const waits = s.eventsOf("dra_connect_failed").map(({ retryIn }) => retryIn);
      assertEquals(waits.slice(0, 4), [600_000, 10, 25, 25]);
      await change(s, { draPool: { reconnect: { ...RECONNECT, initial: 1_000, max: 1_000, jitter: 1 } } });
      await until(() => (lastWait(s) ?? 0) > 25 && lastWait(s) !== 1_000, "the jitter is another one");
    },
  ),
  row(
    "dra_pool.reconnect.after_refusal",
    "a DRA that sent us away is dialled again sooner",
    { draPool: { reconnect: SLOW } },
    async (s) => {
      await change(s, { draPool: { reconnect: RECONNECT } });
      await s.dra.send(peerRequest(s.dra.identity, DISCONNECT_CAUSE.busy));
      await s.dra.nextAnswer(COMMAND.disconnectPeer);
      await s.dra.close();
      await s.reopened();
    },
  ),
  row(
    "dra_pool.dpr_timeout",
    "a DRA that does not answer our leave is waited for less",
    { draPool: { dprTimeout: 600_000 } },
    async (s) => {
      await change(s, { draPool: { dprTimeout: 20 } });
      await s.gateway.reconnect("dra-1");
      await s.reopened();
    },
  ),
  row("dra_pool.max_message_size", "a longer message of a DRA ends its connection", {}, async (s) => {
    const app = await s.app();
    await change(s, { draPool: { maxMessageSize: 200 } });
    await app.send(request());
    await s.dra.send(answer(await s.dra.nextRequest(), { more: padding(1000) }));
    await s.dra.nextEnd();
  }),
  row("dra_pool.write_timeout dra_pool.send_queue_limit", "connections that are there have it", {}, async (s) => {
    await change(s, { draPool: { writeTimeout: 4711, sendQueueLimit: 4712 } });
    const { peer } = link(s).relayPeer!;
    assertEquals([peer.options.writeTimeout, peer.options.sendQueueLimit, peer.out.limit], [4711, 4712, 4712]);
  }),
  row(
    "dra_pool.failback_delay",
    "traffic stays with the DRA that took over, until it is told otherwise",
    { ...TWO, draPool: { reopenWatchdogs: 0 } },
    async (s) => {
      const app = await s.app();
      await change(s, { draPool: { failbackDelay: 600_000 } });
      await s.dra.close();
      await s.usable(0, false);
      const again = await s.reopened();
      await s.usable();
      await serves(app, s.dras[1]!);
      await change(s, { draPool: { failbackDelay: 0 } });
      await serves(app, again);
    },
  ),
  row("dra_pool.balance", "the DRA with fewer open requests is asked", { dras: [{}, {}] }, async (s) => {
    const app = await s.app();
    await change(s, { draPool: { balance: "least_pending" } });
    await app.send(request(), request());
    await s.dras[1]!.send(answer(await s.dras[1]!.nextRequest()));
    await app.nextAnswer();
    for (let i = 0; i < 3; i++) await serves(app, s.dras[1]!);
  }),
  row("dra_pool.max_in_flight", "requests beyond it are answered 3004", {}, async (s) => {
    const app = await s.app();
    await change(s, { draPool: { maxInFlight: 1 } });
    await app.send(request());
    await s.dra.nextRequest();
    assertEquals((await refused(app)).resultCode, 3004);
  }),
  row("dra_pool.dras[].name", "one of another name takes its place, without a gap", {}, async (s) => {
    const app = await s.app();
    await changeDras(s, { name: "other" });
    await serves(app, s.dra);
    const other = await s.reopened();
    assertEquals((await s.dra.next("its DPR")).command, COMMAND.disconnectPeer);
    await s.dra.close();
    await serves(app, other);
    assertEquals((await s.gateway.status()).dras.map(({ name }) => name), ["other"]);
  }),
  row("dra_pool.dras[].host dra_pool.dras[].port", "it is reached there, without a gap", {}, async (s) => {
    const app = await s.app();
    const elsewhere = new RawListener({ host: "elsewhere.example.net", realm: "example.net" });
    await changeDras(s, { host: "localhost", port: elsewhere.port });
    await serves(app, s.dra);
    const there = await elsewhere.open();
    assertEquals((await s.dra.next("its DPR")).command, COMMAND.disconnectPeer);
    await app.send(request());
    const asked = await there.nextRequest();
    await s.dra.close();
    await there.send(answer(asked));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
    await s.gateway.stop();
    await elsewhere.close();
  }),
  row("dra_pool.dras[].bind", "it is reached from there", {}, async (s) => {
    await changeDras(s, { bind: "127.0.0.2" });
    await s.reopened();
    await until(() => link(s).okay, "it is usable");
    assertEquals(link(s).relayPeer!.peer.connection.local.hostname, "127.0.0.2");
    await s.dra.close();
  }),
  row("dra_pool.dras[].priority", "traffic moves, and no connection ends", TWO, async (s) => {
    const app = await s.app();
    await changeDras(s, { priority: 2 }, { priority: 1 });
    await serves(app, s.dras[1]!);
    assertEquals(s.dras.map(({ ended }) => ended), [false, false]);
  }),
  row("dra_pool.dras[].weight", "traffic moves, and no connection ends", { dras: [{}, {}] }, async (s) => {
    const app = await s.app();
    await changeDras(s, { weight: 0 });
    for (let i = 0; i < 3; i++) await serves(app, s.dras[1]!);
    assertEquals(s.dras.map(({ ended }) => ended), [false, false]);
  }),
  row("dra_pool.dras[].origin_host", "it must be who it says it is", {}, async (s) => {
    const host = "DRA-1.example.net";
    await changeDras(s, { originHost: host });
    assertEquals([s.dra.ended, s.gateway.pool.dras[0]!.usable], [false, true], "it is that one");
    await changeDras(s, { originHost: "another.example.net" });
    const again = await s.listeners[0]!.accept();
    await again.acceptCapabilities();
    await until(() => s.eventsOf("dra_connect_failed").length > 0, "its CEA was refused");
    assertStringIncludes(s.eventsOf("dra_connect_failed")[0]!.reason, "another.example.net");
  }),
  row(
    "dra_pool.dras[].accept",
    "a connection that it opens is refused",
    { dras: [{ originHost: "dra-1.example.net" }] },
    async (s) => {
      await changeDras(s, { accept: false });
      s.listeners[0]!.stopListening();
      await s.dra.close();
      await s.usable(0, false);
      const theirs = await s.connect("dra-1.example.net");
      assertEquals((await theirs.exchangeCapabilities()).resultCode, 3010);
    },
  ),
  {
    keys: ["ca", "cert", "key", "server_name"].map((key) => `dra_pool.dras[].tls.${key}`),
    seen: "it is reached over TLS, if its certificate names it and ours can be read",
    needsOpenssl: true,
    async play() {
      const directory = await Deno.makeTempDir({ prefix: "diam-gw-live-" });
      const theirs = await (await Authority.create(directory)).sign("dra.example.net");
      const listener = Deno.listenTls({
        hostname: "127.0.0.1",
        port: 0,
        cert: await Deno.readTextFile(theirs.cert),
        key: await Deno.readTextFile(theirs.key),
      });
      try {
        await stage({}, async (s) => {
          const { port } = listener.addr as Deno.NetAddr;
          const tls = { ca: theirs.ca, cert: theirs.cert, key: theirs.key, serverName: "dra.example.net" };
          await changeDras(s, { port, tls });
          const dra = new RawPeer(await listener.accept(), { host: "dra.example.net", realm: "example.net" });
          await dra.acceptCapabilities();
          await until(() => link(s).okay, "it is usable");
          await s.dra.close();
          s.closesAtEnd(dra);
          for (const wrong of [{ ca: "/no-ca" }, { cert: "/no-cert" }, { key: "/no-key" }]) {
            await changeDras(s, { tls: { ...tls, ...wrong } });
            const [file] = Object.values(wrong);
            await until(() => link(s).lastError.includes(file!), `${file} is missed: ${link(s).lastError}`);
          }
          await changeDras(s, { tls: { ...tls, serverName: "other.example.net" } });
          (await listener.accept()).close();
          await until(() => link(s).lastError !== "", "it is not that one");
          assert(!link(s).okay);
        })();
      } finally {
        listener.close();
        await Deno.remove(directory, { recursive: true });
      }
    },
  },
];
