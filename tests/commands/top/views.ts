/**
 * Views that a test decides.
 * @module
 */
import type { Snapshot } from "../../../src/commands/admin/snapshot.ts";
import { FIRST_CONTROL } from "../../../src/commands/top/control.ts";
import type { View } from "../../../src/commands/top/view.ts";
import { appRow, draRow, statisticsBlock } from "../admin/fake_gateway.ts";

/** A gateway that works, but for one of its DRAs. */
export function snapshot(wish: Partial<Snapshot> = {}): Snapshot {
  return {
    at: 1_000,
    isReady: true,
    reason: "",
    status: {
      version: "1.2.3",
      uptime_seconds: 3_700,
      state: "ready",
      origin_host: "gw1.edge.example.com",
      origin_realm: "edge.example.com",
      statistics: statisticsBlock(),
    },
    dras: [
      draRow("dra-east"),
      draRow("dra-west", { priority: 2, state: "RECONNECTING", usable: false, reason: "connection refused" }),
    ],
    apps: [appRow(1), appRow(2)],
    clusters: [],
    hasMoreApps: false,
    ...wish,
  };
}

/** What is seen at the first look. */
export function view(wish: Partial<View> = {}): View {
  return {
    url: "http://127.0.0.1:9868",
    now: new Date(2026, 0, 2, 15, 4, 5).getTime(),
    snapshot: snapshot(),
    rates: undefined,
    history: [],
    events: [],
    control: { ...FIRST_CONTROL, selected: "dra-east" },
    lost: undefined,
    ...wish,
  };
}
