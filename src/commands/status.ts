/**
 * `status`: how is the running gateway?
 * @module
 */
import { AdminClientError } from "../ops/admin/client.ts";
import { escapeControls } from "../ops/log/mod.ts";
import { grouped, plural } from "../host/numbers.ts";
import { type Column, tableLines } from "./admin/columns.ts";
import { ADMIN_FLAGS, adminClient } from "./admin/flags.ts";
import { instanceLines } from "./admin/grpc.ts";
import type { ChatBlock, DraRow, GrpcBlock } from "./admin/shapes.ts";
import { type Snapshot, takeSnapshot } from "./admin/snapshot.ts";
import { countersText } from "../host/statistics_text.ts";
import { addressText, ageText, latencyText, troubleText, useText, weightText } from "./admin/text.ts";
import { defineCommand, EXIT } from "./cli/command.ts";
import { type Palette, palette, print, printSentence } from "./cli/terminal.ts";

const NAME = "status";

/** One page, or JSON. */
export default defineCommand({
  name: NAME,
  summary: "show how a running gateway is, on one page",
  description: `
Asks the admin interface of a gateway for its state, its statistics, its DRAs, the instances of its
gRPC clusters, and its chat plane. What is counted, is counted since it started; "diam-gw top" shows rates.

Exit code 0: it is ready, as /readyz says; 1: it is not ready (draining, starting, or without a usable
DRA), or cannot be asked.

--json writes one object: ready, reason (null when nothing is missing), status as /api/v1/status has
it, dras as /api/v1/dras and clusters as /api/v1/grpc/clusters has them.`,
  flags: { ...ADMIN_FLAGS, json: { kind: "boolean", help: "everything as one JSON object" } },
  examples: [
    ["status", "the gateway on this host"],
    ["status --admin https://gw1.example.net:9868 --ca ca.pem --token-file token", "another one"],
    ["status --json | jq '.dras[] | select(.usable | not) | .name'", "DRAs that get no requests"],
    ["status > /dev/null || echo not ready", "in a script"],
  ],
  async run(flags) {
    const client = await adminClient(flags.admin, flags, NAME);
    let snapshot: Snapshot;
    try {
      snapshot = await takeSnapshot(client, 0);
    } catch (error) {
      if (!(error instanceof AdminClientError)) throw error;
      printSentence(error.message);
      return EXIT.failed;
    }
    const { isReady, reason, status, dras, clusters } = snapshot;
    print(
      flags.json
        ? JSON.stringify(
          { ready: isReady, reason: reason === "" ? null : reason, status, dras, clusters },
          undefined,
          2,
        )
        : statusText(snapshot, palette("stdout")),
    );
    return isReady ? EXIT.done : EXIT.failed;
  },
});

/** The page, without a line feed at its end. */
export function statusText({ isReady, reason, status, dras, clusters }: Snapshot, colours: Palette): string {
  const { bold, green, yellow, red } = colours;
  const { version, uptime_seconds: uptime, state, origin_host: host, origin_realm: realm, config, statistics } = status;
  const name = host === undefined ? "diam-gw" : bold(escapeControls(host));
  const is = isReady ? (state === "ready" ? green(state) : yellow(`ready, ${state}`)) : red(`not ready, ${state}`);
  const lines = [
    `${name}${realm === undefined ? "" : ` in ${escapeControls(realm)}`} is ${is}${
      reason === "" ? "" : `: ${escapeControls(reason)}`
    }`,
    `diam-gw ${escapeControls(version)}, up ${ageText(uptime)}`,
  ];
  if (config !== undefined) {
    const loaded = config.loaded_at.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC");
    lines.push(`configuration of ${escapeControls(`${loaded}, sha256 ${config.sha256.slice(0, 12)}`)}`);
    if (config.file_differs) lines.push(yellow("  its file says something else by now: it waits for a reload"));
    if (config.confirm_by !== null) {
      lines.push(yellow(`  it goes back to the one before at ${escapeControls(config.confirm_by)}, unless confirmed`));
    }
  }
  if (statistics !== undefined) lines.push("", countersText(statistics), "", ...draLines(dras, colours));
  if (status.grpc !== undefined) {
    lines.push("", grpcText(status.grpc), "", ...instanceLines(clusters, Infinity, colours));
  }
  if (status.chat !== undefined) lines.push("", chatText(status.chat, colours));
  if ((statistics ?? status.grpc ?? status.chat) === undefined) lines.push("no Diameter plane runs in it");
  return lines.join("\n");
}

function draLines(dras: readonly DraRow[], colours: Palette): string[] {
  if (dras.length === 0) return ["no DRA is configured"];
  const table = tableLines(draColumns(colours), dras, Infinity);
  const lines = [colours.bold(table.head)];
  dras.forEach((dra, nth) => {
    lines.push(table.rows[nth]!);
    const trouble = troubleText(dra);
    if (trouble !== "") lines.push(colours.dim(`  ${escapeControls(trouble)}`));
  });
  return lines;
}

function grpcText(grpc: GrpcBlock): string {
  const { calls_total: calls, calls_in_flight: inFlight, connections, retries_total: again } = grpc;
  return `gRPC: ${plural(calls, "call")}, ${grouped(inFlight)} in flight, ${plural(connections, "client")}, ` +
    `${grouped(again)} sent again, ${grouped(grpc.transfers_total)} transferred`;
}

function chatText(chat: ChatBlock, { green, yellow, red }: Palette): string {
  const { connections, rooms, published, deliveries, slow_consumers: slow, core, cache } = chat;
  const breaker = core.breaker === "closed" ? green : core.breaker === "open" ? red : yellow;
  return `chat: ${plural(connections, "device")}, ${plural(rooms, "room")}, ${grouped(published)} published, ` +
    `${grouped(deliveries)} delivered, ${grouped(slow)} slow; breaker ${breaker(escapeControls(core.breaker))}, ` +
    `cache ${cache.up ? green("up") : red("down")}`;
}

function draColumns({ green, red, dim }: Palette): readonly Column<DraRow>[] {
  return [
    { title: "DRA", rank: 0, text: ({ name }) => escapeControls(name) },
    { title: "ADDRESS", rank: 0, text: (dra) => escapeControls(addressText(dra)) },
    { title: "PRIO", align: "right", rank: 0, text: ({ priority }) => String(priority) },
    { title: "WEIGHT", align: "right", rank: 0, text: weightText },
    {
      title: "USE",
      rank: 0,
      text: useText,
      paint: ({ usable, enabled }) => usable ? green : enabled ? red : dim,
    },
    { title: "STATE", rank: 0, text: ({ state }) => escapeControls(state) },
    { title: "WATCHDOG", rank: 0, text: ({ watchdog }) => escapeControls(watchdog) },
    { title: "IN FLIGHT", align: "right", rank: 0, text: (dra) => grouped(dra.in_flight) },
    { title: "P50 MS", align: "right", rank: 0, text: (dra) => latencyText(dra.latency_ms?.p50) },
    { title: "P99 MS", align: "right", rank: 0, text: (dra) => latencyText(dra.latency_ms?.p99) },
    { title: "SENT", align: "right", rank: 0, text: (dra) => grouped(dra.messages_sent) },
    { title: "RECEIVED", align: "right", rank: 0, text: (dra) => grouped(dra.messages_received) },
    { title: "RECONNECTS", align: "right", rank: 0, text: (dra) => grouped(dra.reconnects) },
  ];
}
