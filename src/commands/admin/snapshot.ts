/**
 * A running gateway at one moment.
 * @module
 */
import * as z from "zod";
import type { AdminClient } from "../../ops/admin/client.ts";
import {
  type AppRow,
  appShape,
  type ClusterRow,
  clusterShape,
  type DraRow,
  draShape,
  readinessShape,
  type Status,
  statusShape,
} from "./shapes.ts";

/** All that was asked for at that moment. */
export interface Snapshot {
  /** ms of a clock that never goes back: for differences. */
  readonly at: number;
  /** What `/readyz` says. */
  readonly isReady: boolean;
  /** Why it is not, or what is missing; "" when nothing is. */
  readonly reason: string;
  readonly status: Status;
  /** In the order of the configuration; empty without a Diameter plane. */
  readonly dras: readonly DraRow[];
  /** In the order in which they connected; empty unless asked for. */
  readonly apps: readonly AppRow[];
  /** In the order of the configuration; empty without a gRPC plane. */
  readonly clusters: readonly ClusterRow[];
  /** There are Logic Apps beyond those. */
  readonly hasMoreApps: boolean;
}

/**
 * Asks for it.
 * @param mostApps Logic Apps at most; 0: none are asked for
 * @throws AdminClientError
 */
export async function takeSnapshot(client: AdminClient, mostApps: number, signal?: AbortSignal): Promise<Snapshot> {
  const get = <T>(path: string, shape: z.ZodType<T>) =>
    client.ask({ method: "GET", path, ...(signal === undefined ? {} : { signal }) }, shape);
  const [status, ready] = await Promise.all([get("/api/v1/status", statusShape), get("/readyz", readinessShape)]);
  const hasDiameter = status.body.statistics !== undefined;
  const [dras, apps, clusters] = await Promise.all([
    hasDiameter ? get("/api/v1/dras", z.array(draShape)) : undefined,
    hasDiameter && mostApps > 0 ? get(`/api/v1/apps?limit=${mostApps}`, z.array(appShape)) : undefined,
    status.body.grpc !== undefined ? get("/api/v1/grpc/clusters", z.array(clusterShape)) : undefined,
  ]);
  return {
    at: performance.now(),
    isReady: ready.status === 200,
    reason: ready.body.reason ?? "",
    status: status.body,
    dras: dras?.body ?? [],
    apps: apps?.body ?? [],
    clusters: clusters?.body ?? [],
    hasMoreApps: apps?.header("link") !== undefined,
  };
}
