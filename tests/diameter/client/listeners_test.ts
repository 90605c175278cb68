import { assertEquals } from "@std/assert";
import { AddressClient } from "../../../src/diameter/client/address_client.ts";
import { ConnectionPool } from "../../../src/diameter/client/connection_pool.ts";
import type { ClientEvent } from "../../../src/diameter/client/events.ts";
import { answer, request } from "../../support/raw_message.ts";
import { until } from "../../support/until.ts";
import { NAMES, QUICK, withDra } from "./support.ts";

const { test } = Deno;

/** Throws at everything it is told. */
const broken = (event: ClientEvent) => {
  throw new Error(`cannot stand ${event.kind}`);
};

test("a pool whose listener throws at everything opens, serves, comes back when it is lost, and closes", async () => {
  await withDra(async (dra) => {
    const pool = new ConnectionPool({
      host: "127.0.0.1",
      port: dra.port,
      connections: 1,
      dprTimeout: 20,
      reconnect: QUICK,
      ...NAMES,
    });
    const heard: ClientEvent[] = [];
    pool.on(broken);
    pool.on((event) => heard.push(event));
    const started = pool.start();
    const first = await dra.open();
    await started;
    await first.close();
    const second = await dra.open();
    const call = pool.request(request());
    await second.send(answer(await second.nextRequest()));
    assertEquals((await call).result?.code, 2001);
    await pool.close();
    const kinds = heard.map(({ kind }) => kind);
    assertEquals(kinds.filter((kind) => kind === "up" || kind === "down"), ["up", "down", "up", "down"]);
    const reports = heard.filter((event) => event.kind === "listener_failed");
    assertEquals(reports.map(({ address, error }) => [address, (error as Error).message]), [
      [pool.address, "cannot stand state"],
    ]);
  });
});

test("the start of a pool that nobody answers is rejected though its listener throws", async () => {
  const pool = new ConnectionPool({ host: "127.0.0.1", port: 1, connections: 2, reconnect: false, ...NAMES });
  pool.on(broken);
  pool.on(() => {});
  const failure = await pool.start().catch((error) => error.name);
  assertEquals(failure, "ConnectionFailedError");
  await pool.close();
});

test("a client per address whose listener throws later, in a promise, goes on as before", async () => {
  await withDra(async (dra) => {
    const client = new AddressClient({ dprTimeout: 20, ...NAMES });
    let reports = 0;
    client.on((event) => Promise.reject(new Error(event.kind)));
    client.on(({ kind }) => kind === "listener_failed" && reports++);
    const call = client.request(`127.0.0.1:${dra.port}`, request());
    const peer = await dra.open();
    await peer.send(answer(await peer.nextRequest()));
    assertEquals((await call).result?.code, 2001);
    await until(() => reports === 1, "the failure is told");
    await client.close();
    assertEquals(reports, 1);
  });
});
