/**
 * `sim devices`: devices in rooms, and a judge of what they read.
 * @module
 */
import { SignJWT } from "jose";
import { DEFAULT_CHAT } from "../../chat/config/options.ts";
import { type CrowdResult, DeviceCrowd } from "../../chat/sim/crowd.ts";
import { grouped, milliseconds } from "../../host/numbers.ts";
import type { Endpoint } from "../../net/connection.ts";
import { pause } from "../../net/pause.ts";
import { reasonOf } from "../../net/reason.ts";
import { defineCommand, EXIT } from "../cli/command.ts";
import { LiveLine } from "../cli/live_line.ts";
import { Interruption } from "../cli/signals.ts";
import { palette, print, printError } from "../cli/terminal.ts";
import { FlagReader } from "./flags.ts";
import { listenAddress } from "./service.ts";

const NAME = "sim devices";
/** ms that what must happen by itself may take. */
const PATIENCE = 15_000;
const TOKEN_LIFE = "2h";

/** Runs devices until they are told to stop. */
export default defineCommand({
  name: NAME,
  summary: "devices in rooms that talk through a chat gateway; a judge looks at every delivery",
  arguments: "--connect URL --devices N --rooms M [flags]",
  description: `
Makes M rooms through the gateway, puts each of N devices into one of them, and lets them talk: --rate events a second
of all together. A device whose line is lost connects again and asks for what it missed. The judge: each member reads
each event once, in the order of its offsets, without a gap. The exit code is 1 otherwise.
Tokens come from the gateway itself when it runs with --dev; with --secret they are signed here (HS256), as the gateway's
auth.secret and auth.audience say.`,
  flags: {
    connect: { kind: "string", placeholder: "URL", help: "the gateway: http://HOST:PORT", required: true },
    devices: { kind: "number", placeholder: "N", help: "devices", default: 100, least: 1, most: 50_000 },
    rooms: { kind: "number", placeholder: "M", help: "rooms", default: 10, least: 1, most: 50_000 },
    rate: { kind: "number", placeholder: "N", help: "events a second", default: 10, least: 1 },
    transport: {
      kind: "string",
      placeholder: "KIND",
      help: "websocket or grpc",
      choices: ["websocket", "grpc"],
      default: "websocket",
    },
    grpc: {
      kind: "string",
      placeholder: "HOST:PORT",
      help: "where the gateway listens for gRPC; port 50051 otherwise",
    },
    encoding: {
      kind: "string",
      placeholder: "KIND",
      help: "json or proto",
      choices: ["json", "proto"],
      default: "json",
    },
    duration: { kind: "duration", placeholder: "TIME", help: "how long they talk", default: 10_000, least: 100 },
    secret: { kind: "string", placeholder: "SECRET", help: "signs tokens (HS256)" },
    audience: { kind: "string", placeholder: "NAME", help: "of these tokens", default: DEFAULT_CHAT.auth.audience },
    json: { kind: "boolean", help: "the result as JSON" },
  },
  examples: [
    ["sim devices --connect http://127.0.0.1:8080 --devices 100 --rooms 10", "against serve chat --dev"],
    ["sim devices --connect http://127.0.0.1:8080 --devices 1000 --rooms 1 --rate 50 --json", "one large room"],
  ],
  async run(flags) {
    const reader = new FlagReader(NAME);
    const http = webAddress(reader, flags.connect);
    const grpc = flags.grpc === undefined ? { ...http, port: 50_051 } : listenAddress(reader, "grpc", flags.grpc);
    if (flags.grpc !== undefined && flags.transport !== "grpc") {
      reader.reject("grpc", "has no effect without --transport grpc");
    }
    if (flags.rooms > flags.devices) reader.reject("rooms", "expected at most one for each device");
    reader.check();
    using interruption = new Interruption();
    const { signal } = interruption;
    const base = `http://${flags.connect.replace(/^https?:\/\//, "").replace(/\/$/, "")}`;
    const tokens = new Map<string, Promise<string>>();
    const token = (profile: string, device: string) => {
      const known = tokens.get(profile) ?? mint(base, profile, device, flags);
      tokens.set(profile, known);
      return known;
    };
    const run = crypto.randomUUID().slice(0, 8);
    const rooms = Array.from({ length: flags.rooms }, (_, i) => `sim-${run}-${i + 1}`);
    const profile = (index: number) => `sim-${run}-person-${index + 1}`;
    try {
      await makeRooms(base, rooms, flags.devices, profile, await token(profile(0), "sim"));
    } catch (error) {
      printError(`--connect: ${reasonOf(error)}`);
      return EXIT.failed;
    }
    const crowd = new DeviceCrowd({
      devices: flags.devices,
      rooms,
      rate: flags.rate,
      grpcPercent: flags.transport === "grpc" ? 100 : 0,
      encoding: flags.encoding,
      profile,
      token,
      target: () => ({ http, grpc }),
    });
    const live = new LiveLine("stderr");
    const timer = setInterval(() => {
      live.update(`${crowd.live} of ${flags.devices} devices live, ${grouped(crowd.events)} events`);
    }, 500);
    let complaint: string | undefined;
    try {
      crowd.start();
      await eventually(() => crowd.live === flags.devices, signal);
      if (crowd.live < flags.devices) complaint = `only ${crowd.live} of ${flags.devices} devices came in`;
      crowd.talk();
      await pause(flags.duration, signal);
      await crowd.hush();
      await eventually(() => crowd.isLevel, new AbortController().signal);
    } finally {
      clearInterval(timer);
      live.update("");
      crowd.end();
    }
    return conclude(crowd.result(), complaint, flags.json);
  },
});

function conclude(result: CrowdResult, complaint: string | undefined, json: boolean): number {
  const {
    events,
    failed,
    deliveries,
    recovered,
    notRecovered,
    lost,
    doubled,
    misordered,
    misdelivered,
    faults,
    latency,
  } = result;
  const isGood = lost + doubled + misordered + misdelivered === 0 && events > 0 && complaint === undefined;
  if (json) {
    print(JSON.stringify({
      events,
      failed,
      deliveries,
      recovered,
      not_recovered: notRecovered,
      lost,
      duplicated: doubled,
      out_of_order: misordered,
      misdelivered,
      latency_ms: latency ?? null,
      ...(complaint === undefined ? {} : { complaint }),
    }));
    return isGood ? EXIT.done : EXIT.failed;
  }
  const { bold, green, red } = palette("stdout");
  for (const fault of faults) print(red(fault));
  if (complaint !== undefined) print(red(complaint));
  if (failed > 0) print(`${failed} calls were refused or got no answer`);
  if (latency !== undefined) print(`sent to read: p50 ${milliseconds(latency.p50)}, p99 ${milliseconds(latency.p99)}`);
  const line = `events ${events}, deliveries ${deliveries}, recovered ${recovered}, lost ${lost}, ` +
    `duplicated ${doubled}, out of order ${misordered + misdelivered}`;
  print((isGood ? green : red)(bold(line)));
  return isGood ? EXIT.done : EXIT.failed;
}

function webAddress(reader: FlagReader, text: string): Endpoint {
  const [, address = ""] = /^(?:http:\/\/)?([^/]+)\/?$/.exec(text) ?? [];
  if (address !== "") return listenAddress(reader, "connect", /:\d+$/.test(address) ? address : `${address}:80`);
  reader.reject("connect", `expected http://HOST:PORT, got ${JSON.stringify(text)}`);
  return { hostname: "", port: 0 };
}

async function mint(
  base: string,
  profile: string,
  device: string,
  { secret, audience }: { readonly secret: string | undefined; readonly audience: string },
): Promise<string> {
  if (secret !== undefined) {
    return await new SignJWT({ device_id: device }).setProtectedHeader({ alg: "HS256" }).setSubject(profile)
      .setAudience(audience).setIssuedAt().setExpirationTime(TOKEN_LIFE).sign(new TextEncoder().encode(secret));
  }
  const response = await fetch(`${base}/dev/token?${new URLSearchParams({ profile, device })}`);
  if (response.ok) return (await response.json()).token;
  await response.body?.cancel();
  throw new Error(`${base} gives no tokens (it does not run with --dev): give --secret`);
}

async function makeRooms(
  base: string,
  rooms: readonly string[],
  devices: number,
  profile: (index: number) => string,
  token: string,
): Promise<void> {
  for (const [i, id] of rooms.entries()) {
    const members = Array.from({ length: Math.ceil((devices - i) / rooms.length) }, (_, nth) => ({
      profileId: profile(i + nth * rooms.length),
      roles: ["member"],
    }));
    const response = await fetch(`${base}/chat.v1.ChatService/CreateRoom`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ id, name: id, members }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`the gateway made no room ${id}: ${response.status} ${text}`);
  }
}

async function eventually(condition: () => boolean, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!condition() && performance.now() < deadline && !signal.aborted) await pause(10, signal);
}
