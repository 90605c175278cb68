/**
 * What it costs to spread events to many WebSockets:
 *
 *     deno run -A tests/bench/chat_fanout_bench.ts [--members N] [--window W] [--rate R] [--seconds
 * S]
 *
 * Members and publishers live in another process. A publisher sends a request and waits until its
 * event has come back; W of them do so at a time, or R events are sent a second.
 * @module
 */
import { Buffer } from "node:buffer";
import { cpuUsage } from "node:process";
import { parseArgs } from "@std/cli";
import { Devices } from "../../src/chat/device/devices.ts";
import type { DeviceHost } from "../../src/chat/device/host.ts";
import { DEFAULT_DEVICE_OPTIONS } from "../../src/chat/device/options.ts";
import type { Transport } from "../../src/chat/device/transport.ts";
import { encoded } from "../../src/chat/proto/mod.ts";

const flags = parseArgs(Deno.args, { string: ["members", "window", "rate", "seconds", "clients"] });
const members = Number(flags["members"] ?? 1000);
const window = Number(flags["window"] ?? 4);
const rate = Number(flags["rate"] ?? 0);
const seconds = Number(flags["seconds"] ?? 5);
const PAYLOAD = "x".repeat(128);

if (flags["clients"] === undefined) await serve();
else await load(Number(flags["clients"]));

async function serve(): Promise<void> {
  const room = new Set<Transport>();
  let offset = 0n;
  const host: DeviceHost<string> = {
    admit: () => Promise.resolve({ who: "p" }),
    forward: ({ body }) => Promise.resolve({ body }),
    serving: () => true,
    opened(transport, _who, { deviceId }) {
      if (deviceId === "member") room.add(transport);
      return {
        message() {
          const value = { id: crypto.randomUUID(), roomId: "room", type: "m", payload: { PAYLOAD }, offset: ++offset };
          const event = encoded({ payload: { case: "event", value } });
          for (const member of room) member.send(event);
          transport.send(event);
        },
        alive() {},
        closed: () => void room.delete(transport),
      };
    },
  };
  const devices = new Devices(host, { ...DEFAULT_DEVICE_OPTIONS, gatewayId: "bench" });
  await devices.listenHttp({ listen: [{ hostname: "127.0.0.1", port: 0 }], tls: undefined });
  const args = ["run", "--quiet", "--allow-all", import.meta.filename!, ...Deno.args];
  args.push("--clients", String(devices.httpAddresses[0]!.port));
  const child = new Deno.Command(Deno.execPath(), { args, stdout: "piped" }).spawn();
  let before = { user: 0, system: 0 };
  let text = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    if (part.startsWith("go")) before = cpuUsage();
    else text += part;
  }
  const { user, system } = cpuUsage(before);
  const { deliveries, milliseconds, latencies } = JSON.parse(text);
  console.log(
    `${Math.round(deliveries / milliseconds * 1000)} deliveries/s, CPU ${
      ((user + system) / deliveries).toFixed(2)
    } us per delivery (user ${(user / deliveries).toFixed(2)}), publisher's p50 ${latencies[0]} ms, p99 ${
      latencies[1]
    } ms`,
  );
  await devices.stop();
}

async function load(port: number): Promise<void> {
  let bytes = 0;
  const open = async (device: string) => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.write(
      new TextEncoder().encode(
        `GET /ws?device_id=${device} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
      ),
    );
    await conn.read(new Uint8Array(1024));
    return conn;
  };
  for (let i = 0; i < members; i++) {
    const conn = await open("member");
    const into = new Uint8Array(4096);
    void (async () => {
      for (let count; (count = await conn.read(into)) !== null;) bytes += count;
    })();
  }
  const request = Buffer.concat([Buffer.of(0x81, 0x80 | 11, 0, 0, 0, 0), Buffer.from(`{"ping":{}}`)]);
  const publishers = await Promise.all(Array.from({ length: rate > 0 ? 1 : window }, () => open("publisher")));
  console.log("go");
  const latencies: number[] = [];
  let size = 0;
  const start = performance.now();
  await Promise.all(publishers.map(async (conn) => {
    const into = new Uint8Array(4096);
    for (let sent = 0; performance.now() - start < seconds * 1000; sent++) {
      if (rate > 0) {
        await new Promise((resolve) => setTimeout(resolve, start + sent * 1000 / rate - performance.now()));
      }
      const at = performance.now();
      await conn.write(request);
      size = await conn.read(into) ?? size;
      latencies.push(performance.now() - at);
    }
  }));
  const events = latencies.length;
  // The last digit of the offset makes frames differ by an octet or two.
  while (bytes < events * members * (size - 6)) await new Promise((resolve) => setTimeout(resolve, 1));
  const milliseconds = performance.now() - start;
  latencies.sort((a, b) => a - b);
  const at = (part: number) => latencies[Math.floor(events * part)]!.toFixed(1);
  console.log(JSON.stringify({ deliveries: events * members, milliseconds, latencies: [at(0.5), at(0.99)] }));
  Deno.exit(0);
}
