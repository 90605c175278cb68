/**
 * The relay's metrics: its meters, and what exists already as a field and is read when somebody
 * asks.
 * @module
 */
import { Readings } from "../../ops/metrics/readings.ts";
import type { Registry } from "../../ops/metrics/registry.ts";
import type { RelayParts } from "./assemble.ts";

/** In the order of their numbers. */
const BREAKER_STATES = ["closed", "half_open", "open"];

/** Adds all of them to `registry`. */
export function addMetrics(
  registry: Registry,
  { runtime, pool, apps, server, policies, toDras, duplicates }: RelayParts,
): void {
  const { meters } = runtime;
  for (const family of meters.families) registry.add(family);
  registry.add(
    new Readings("counter", "diamgw_policy_faults_total", "Values that conditions could not be tried on.", ["reason"])
      .from(() => [
        [{ reason: "avp" }, policies.current?.reading.faults ?? 0],
        [{ reason: "too_long" }, policies.current?.reading.tooLong ?? 0],
      ]),
  );
  registry.add(
    new Readings("gauge", "diamgw_waiting_requests", "Requests that wait until a DRA is usable again.")
      .from(() => [[{}, toDras.queued.requests]]),
  );
  registry.add(
    new Readings("gauge", "diamgw_waiting_bytes", "Bytes of requests that wait until a DRA is usable again.")
      .from(() => [[{}, toDras.queued.bytes]]),
  );
  registry.add(
    new Readings("gauge", "diamgw_duplicate_cache_bytes", "Bytes of answers that are kept for duplicates.")
      .from(() => [[{}, duplicates.bytes]]),
  );
  registry.add(
    new Readings("gauge", "diamgw_in_flight", "Transactions that wait for a DRA.", ["dra"])
      .from(() => pool.dras.map((dra) => [{ dra: dra.name }, dra.inFlight])),
  );
  registry.add(
    new Readings("gauge", "diamgw_connections", "Connections, by side and state.", ["side", "state"])
      .from(() => {
        const open = apps.size;
        const links = [...pool.links()];
        const openLinks = links.filter(({ relayPeer }) => relayPeer !== undefined).length;
        return [
          [{ side: "app", state: "open" }, open],
          [{ side: "app", state: "unidentified" }, server.connections - open],
          [{ side: "dra", state: "open" }, openLinks],
          [{ side: "dra", state: "not_open" }, links.length - openLinks],
        ];
      }),
  );
  registry.add(
    new Readings("gauge", "diamgw_dra_usable", "Whether a DRA gets requests.", ["dra"])
      .from(() => pool.dras.map((dra) => [{ dra: dra.name }, Number(dra.usable)])),
  );
  registry.add(
    new Readings("gauge", "diamgw_breaker_state", "Circuit breakers: 0 closed, 1 half-open, 2 open.", ["dra"])
      .from(() =>
        pool.dras.flatMap(({ name, breaker }) =>
          breaker === undefined ? [] : [[{ dra: name }, BREAKER_STATES.indexOf(breaker.state)]]
        )
      ),
  );
  registry.add(
    new Readings("gauge", "diamgw_active_priority", "The priority that carries traffic; 0 while no DRA is usable.")
      .from(() => [[{}, pool.activePriority ?? 0]]),
  );
  registry.add(
    new Readings("gauge", "diamgw_queue_bytes", "Bytes that wait to be written, by side.", ["side"])
      .from(() => {
        let [toApps, toDras] = [0, 0];
        for (const { peer } of apps) toApps += peer.out.queuedBytes;
        for (const { relayPeer } of pool.links()) toDras += relayPeer?.peer.out.queuedBytes ?? 0;
        return [[{ side: "app" }, toApps], [{ side: "dra" }, toDras]];
      }),
  );
  registry.add(
    new Readings("counter", "diamgw_bytes_total", "Bytes of all connections.", ["side", "direction"])
      .from(() => {
        let { appBytesIn: appIn, appBytesOut: appOut, draBytesIn: draIn, draBytesOut: draOut } = meters;
        for (const { peer } of apps) {
          appIn += peer.readBytes;
          appOut += peer.out.writtenBytes;
        }
        for (const { relayPeer } of pool.links()) {
          draIn += relayPeer?.peer.readBytes ?? 0;
          draOut += relayPeer?.peer.out.writtenBytes ?? 0;
        }
        return [
          [{ side: "app", direction: "in" }, appIn],
          [{ side: "app", direction: "out" }, appOut],
          [{ side: "dra", direction: "in" }, draIn],
          [{ side: "dra", direction: "out" }, draOut],
        ];
      }),
  );
}
