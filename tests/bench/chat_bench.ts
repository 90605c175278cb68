/**
 * What the chat gateway does beside nchan and NATS, on this machine, in one run:
 *
 *     deno task bench:chat [--members 1000] [--idle 10000] [--seconds 5] [--json]
 *
 * One room on WebSockets, payloads of 128 bytes, 4 and 32 publications outstanding, then 50 a
 * second; and the memory of connections that do nothing. A backend publishes: POST to the admin
 * interface here and to nchan, PUB for NATS. The reader is this process, the same for all of them;
 * beside something faster than it, it is the reader that is measured. Compare the ratios.
 * @module
 */
import { parseArgs } from "@std/cli";
import { FanoutReaders, type FanoutResult } from "../../src/chat/sim/fanout.ts";
import { type Peer, peers } from "./chat/peers.ts";

interface Row {
  readonly at4: number;
  readonly at32: number;
  /** us of processor time for a delivery, at 50 publications a second. */
  readonly cpu: number;
  /** ms until the last member has it. */
  readonly p99: number;
  /** KB of a connection that does nothing. */
  readonly memory: number;
}

const COLUMNS: Record<keyof Row, string> = {
  at4: "deliveries/s, 4 outstanding",
  at32: "deliveries/s, 32 outstanding",
  cpu: "us of CPU a delivery, 50/s",
  p99: "ms to the last member, p99",
  memory: "KB a connection",
};

const flags = parseArgs(Deno.args, { string: ["members", "idle", "seconds"], boolean: ["json"] });
const [members, idle, seconds] = [flags["members"] ?? 1000, flags["idle"] ?? 10_000, flags["seconds"] ?? 5].map(Number);
const never = new AbortController().signal;
const rows = new Map<string, Row>();
for (const [name, start] of await peers()) {
  rows.set(name, { ...await loops(start), memory: await idleMemory(start) });
}
if (flags["json"]) console.log(JSON.stringify(Object.fromEntries(rows)));
else show();

async function loops(start: (members: number) => Promise<Peer>): Promise<Omit<Row, "memory">> {
  await using peer = await start(members!);
  const readers = new FanoutReaders();
  await readers.open({ hostname: "127.0.0.1", port: peer.port }, members!, (index) => peer.member(index));
  const publish = () => peer.publish();
  const perSecond = ({ deliveries, seconds }: FanoutResult) => deliveries / seconds;
  await readers.closedLoop(1, 1000, publish, never);
  const at4 = perSecond(await readers.closedLoop(4, seconds! * 1000, publish, never));
  const at32 = perSecond(await readers.closedLoop(32, seconds! * 1000, publish, never));
  const before = peer.cpu();
  const { deliveries, latencies } = await readers.openLoop(50, seconds! * 1000, publish, never);
  const cpu = (peer.cpu() - before) * 1e6 / deliveries;
  readers.close();
  return { at4, at32, cpu, p99: latencies[Math.floor(latencies.length * 0.99)]! };
}

async function idleMemory(start: (members: number) => Promise<Peer>): Promise<number> {
  await using peer = await start(idle!);
  const readers = new FanoutReaders(64);
  const before = peer.memory();
  await readers.open({ hostname: "127.0.0.1", port: peer.port }, idle!, (index) => peer.member(index));
  // Garbage of the handshakes may go.
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const each = (peer.memory() - before) / idle! / 1024;
  readers.close();
  return each;
}

function show(): void {
  const [own, ...others] = rows;
  for (const [key, title] of Object.entries(COLUMNS) as [keyof Row, string][]) {
    const value = (row: Row) => row[key] >= 1000 ? Math.round(row[key]).toLocaleString("en") : row[key].toFixed(1);
    const beside = others.map(([name, row]) => `${name} ${value(row)} (x ${(own![1][key] / row[key]).toFixed(2)})`);
    console.log([`${title}: diam-gw ${value(own![1])}`, ...beside].join(", "));
  }
}
