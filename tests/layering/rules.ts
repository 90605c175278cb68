/**
 * Who may import whom, and which files must not touch the outside world.
 * @module
 */
import { importsOf, type Token, tokensOf } from "./tokens.ts";

/** A file to judge; `path` is relative to src. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const OBSERVATION = ["ops/log", "ops/metrics"] as const;
const BELOW_PLANES = ["net", ...OBSERVATION] as const;
/** What outsiders see of the relay's core: what it is told, and what it tells. */
const FACE = [
  "diameter/relay/core/options",
  "diameter/relay/core/events",
  "diameter/relay/core/refused_messages",
  "diameter/relay/core/policy_options",
  "diameter/relay/core/balance_name",
] as const;
const RELAY = [
  "diameter/relay/path",
  "diameter/relay/policy",
  "diameter/relay/dras",
  "diameter/relay/apps",
  "diameter/relay/core",
  ...FACE,
] as const;
const DIAMETER = [
  "diameter/relay",
  ...FACE,
  "diameter/client",
  "diameter/sim",
  "diameter/peer",
  "diameter/wire",
] as const;
const OPS = ["ops/config", "ops/otlp", "ops/trace", "ops/statistics", "ops", "ops/capture", ...OBSERVATION] as const;
const GRPC = ["grpc/sim", "grpc", "grpc/config", "rpc"] as const;
/** The chat plane's, as commands see them. */
const CHAT = [
  "chat/sim",
  "chat/admin",
  "chat",
  "chat/core",
  "chat/auth",
  "chat/config",
  "chat/device",
  "chat/store",
  "chat/proto",
] as const;

/**
 * The arrows. A room is a directory of src, or a file without its `.ts`; what it may import is
 * itself, `std` and what is listed. Everything points down this list, so there can be no circle.
 */
export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  "build": ["main", "commands", "version"], // the man page is made of the commands
  "main": ["commands", "version"],
  "mod": [...DIAMETER, ...OPS, "net", "version"],
  "commands": [
    "host",
    "diameter/admin",
    "grpc/admin",
    "ops/admin",
    "diameter",
    ...CHAT,
    ...GRPC,
    ...OPS,
    ...DIAMETER,
    "net",
    "version",
  ],
  "host": [
    "diameter/relay/policy",
    "diameter/admin",
    "diameter/telemetry",
    "grpc/admin",
    "diameter",
    "dashboard",
    "ops/admin",
    ...CHAT,
    ...GRPC,
    ...OPS,
    ...DIAMETER,
    "net",
    "version",
  ],
  // The page of the admin interface: its files, and what numbers are called; types of what it asks.
  "dashboard": ["diameter/admin", "grpc/admin", "chat/admin", "ops/admin", "diameter/wire"],
  // What the plane brings to the process; diameter/admin: to the admin interface.
  "diameter/admin": ["ops/admin", ...FACE, "diameter/relay", "diameter/wire", ...BELOW_PLANES, "ops/trace"],
  // What the plane makes of its trace for whoever follows it.
  "diameter/telemetry": ["ops/otlp", "ops/trace", "diameter/wire", ...BELOW_PLANES],
  "diameter": ["ops/config", ...FACE, "diameter/relay", "diameter/relay/policy", "diameter/wire", "net"],
  "grpc/sim": ["ops/admin", "grpc", "rpc", "http2", "ops/config", ...BELOW_PLANES],
  "grpc/admin": ["ops/admin", "grpc", "grpc/config", ...BELOW_PLANES],
  "chat/admin": ["ops/admin", "chat", "chat/auth", ...BELOW_PLANES],
  "ops/admin": ["ops/config", ...BELOW_PLANES], // knows no plane
  // The gRPC plane: knows HTTP/2 and nothing of Diameter.
  "grpc": ["grpc/config", "rpc", "http2", "http2/hpack", "ops/config", ...BELOW_PLANES],
  "grpc/config": ["ops/config", "net"],
  // The chat plane: devices, rooms, and the core behind; nothing of Diameter or the gRPC proxy.
  "chat": [
    "chat/auth",
    "chat/config",
    "chat/core",
    "chat/device",
    "chat/proto",
    "chat/store",
    "rpc",
    "ops/config",
    ...BELOW_PLANES,
  ],
  "chat/config": ["ops/config", "net"],
  // Devices on one side, an interface on the other: knows no session, room or core.
  "chat/device": ["chat/proto", "rpc", "http2", "http2/hpack", ...BELOW_PLANES],
  // What gateways of the chat plane share; knows nothing of devices.
  "chat/store": [...BELOW_PLANES],
  // A small core: knows no gateway.
  "chat/sim": ["chat/proto", "rpc", "http2", ...BELOW_PLANES],
  "chat/proto": [],
  // Where calls of devices go, and what the gateway itself asks there: knows no device.
  "chat/core": ["chat/auth", "rpc", "http2", "http2/hpack", ...BELOW_PLANES],
  // Who a token is of.
  "chat/auth": ["rpc", ...BELOW_PLANES],
  // What the planes that speak gRPC and Connect have in common: status, timeouts, messages, a small
  // client and server.
  "rpc": ["http2", "http2/hpack", ...BELOW_PLANES],
  // The relay's root wires its four rooms and gives them their life; nobody above sees into them.
  "diameter/relay": [...RELAY, "diameter/peer", "diameter/wire", ...BELOW_PLANES],
  // The way of a message. It knows both sides, and neither listens nor dials.
  "diameter/relay/path": [...RELAY.slice(1), "diameter/peer", "diameter/wire", ...BELOW_PLANES],
  // What is configured about requests: conditions, routes, limits. Knows no DRA and no connection.
  "diameter/relay/policy": ["diameter/relay/core", ...FACE, "diameter/wire", ...BELOW_PLANES],
  // Must not know Logic Apps.
  "diameter/relay/dras": ["diameter/relay/core", ...FACE, "diameter/peer", "diameter/wire", ...BELOW_PLANES],
  // Must not know DRAs.
  "diameter/relay/apps": ["diameter/relay/core", ...FACE, "diameter/peer", "diameter/wire", ...BELOW_PLANES],
  // Must not know which side a peer is on, beyond whether it fills a place of a DRA.
  "diameter/relay/core": [...FACE, "diameter/peer", "diameter/wire", ...BELOW_PLANES],
  "diameter/relay/core/options": [
    "diameter/relay/core/policy_options",
    "diameter/relay/core/balance_name",
    "diameter/peer",
    "diameter/wire",
    ...BELOW_PLANES,
  ],
  "diameter/relay/core/refused_messages": ["diameter/wire"],
  "diameter/relay/core/policy_options": ["diameter/relay/core/balance_name"],
  "diameter/relay/core/balance_name": [],
  "diameter/relay/core/events": ["diameter/peer", "diameter/wire", ...BELOW_PLANES],
  "diameter/client": ["diameter/peer", "diameter/wire", ...BELOW_PLANES],
  "diameter/sim": ["diameter/peer", "diameter/wire", ...BELOW_PLANES],
  "diameter/peer": ["diameter/wire", ...BELOW_PLANES],
  "diameter/wire": [],
  "ops/config": [...BELOW_PLANES], // knows no plane: which keys there are is said to it
  "ops/trace": ["ops/capture", ...BELOW_PLANES],
  "ops/otlp": [...BELOW_PLANES], // knows no plane: what a span tells is said to it
  "ops/statistics": [...BELOW_PLANES],
  "ops": ["ops/capture", ...BELOW_PLANES], // what has no line of its own here
  "ops/capture": [...BELOW_PLANES],
  "http2": ["http2/hpack", "net", ...OBSERVATION], // knows no gRPC
  "http2/hpack": [], // bytes and strings, nothing of frames
  "net": [...OBSERVATION],
  "ops/metrics": ["ops/log"],
  "ops/log": [],
  "version": [],
  "std": [],
};

/** Rooms that use nothing but what is written in this repository. */
const SELF_RELIANT = new Set(["diameter/wire", "diameter/peer", "http2"]);

/** Packages for tests, which would otherwise end up in the executable. */
const FOR_TESTS = [
  "@connectrpc/connect",
  "@grpc/grpc-js",
  "@std/assert",
  "fast-check",
  "playwright-core",
  "ws",
];

/** Files of diameter/peer that have the clock and the connection in hand; the others are PURE. */
const PEER_DRIVERS = new Set(["diameter/peer/peer.ts", "diameter/peer/peer_gate.ts"]);

/** Rooms of which every file is PURE. */
const PURE_ROOMS = new Set(["diameter/wire", "http2/hpack"]);

/** PURE files of rooms that have others too. */
const PURE_FILES = new Set([
  "chat/store/bus_message.ts",
  "chat/store/outage_queue.ts",
  "chat/store/recent_events.ts",
  "chat/store/room_feed.ts",
  "chat/store/words.ts",
  "diameter/relay/apps/allow_list.ts",
  "diameter/relay/core/ledger.ts",
  "diameter/relay/dras/balance.ts",
  "diameter/relay/core/mixed.ts",
  "diameter/relay/dras/breaker_machine.ts",
  "diameter/relay/dras/slow_start.ts",
  "diameter/relay/dras/claim.ts",
  "diameter/relay/dras/router.ts",
  "diameter/relay/core/balance_name.ts",
  "diameter/relay/policy/avp_path.ts",
  "diameter/relay/policy/pattern.ts",
  "diameter/relay/policy/prefixes.ts",
  "diameter/relay/policy/values.ts",
  "chat/device/close_codes.ts",
  "chat/device/handshake.ts",
  "chat/device/origin.ts",
  "chat/device/rpc/cors.ts",
  "chat/device/rpc/envelope_reader.ts",
  "chat/device/rpc/protocol.ts",
  "chat/device/rpc_error.ts",
  "chat/auth/ids.ts",
  "chat/device/service.ts",
  "chat/device/web_socket/frame_reader.ts",
  "chat/device/web_socket/frames.ts",
  "chat/device/web_socket/upgrade.ts",
  "chat/core/breaker.ts",
  "chat/core/core_headers.ts",
  "chat/core/core_uri.ts",
  "chat/core/member_memory.ts",
  "chat/core/methods.ts",
  "chat/sim/core_rooms.ts",
  "chat/sim/json.ts",
  "grpc/attempt.ts",
  "grpc/balance/least_pending.ts",
  "grpc/balance/round_robin.ts",
  "grpc/balance/sticky_sessions.ts",
  "grpc/balance/sticky_table.ts",
  "grpc/instances.ts",
  "grpc/message_tracker.ts",
  "grpc/metadata.ts",
  "grpc/refusals.ts",
  "grpc/replay_buffer.ts",
  "grpc/routes.ts",
  "http2/error_code.ts",
  "http2/frame.ts",
  "http2/header_block.ts",
  "http2/header_rules.ts",
  "http2/http1.ts",
  "http2/keepalive.ts",
  "http2/leave.ts",
  "http2/limits.ts",
  "http2/own_pings.ts",
  "http2/receive_window.ts",
  "http2/send_buffer.ts",
  "http2/settings.ts",
  "http2/stream_ids.ts",
  "http2/stream_state.ts",
  "http2/stream_table.ts",
  "net/ip_network.ts",
  "net/token_bucket.ts",
  "ops/config/address.ts",
  "rpc/connect_error.ts",
  "rpc/error.ts",
  "rpc/health_message.ts",
  "rpc/messages.ts",
  "rpc/status.ts",
  "rpc/status_details.ts",
  "rpc/timeout.ts",
  "rpc/token_cache.ts",
]);

/** What a PURE file must be given instead. */
const IMPURE: Readonly<Record<string, string>> = {
  Deno: "I/O",
  process: "I/O",
  fetch: "I/O",
  WebSocket: "I/O",
  Worker: "I/O",
  console: "I/O",
  localStorage: "I/O",
  setTimeout: "a timer",
  setInterval: "a timer",
  clearTimeout: "a timer",
  clearInterval: "a timer",
  queueMicrotask: "a timer",
  Date: "the clock",
  Temporal: "the clock",
  performance: "the clock",
  crypto: "randomness",
  random: "randomness",
  globalThis: "everything",
};

/** Whether a file must be PURE: everything comes in as arguments, clock and dice too. */
export function isPure(file: SourceFile): boolean {
  if (PURE_ROOMS.has(roomOf(file.path) ?? "") || PURE_FILES.has(file.path)) return true;
  return roomOf(file.path) === "diameter/peer" && !PEER_DRIVERS.has(file.path) &&
    !/^\/\*\*[\s*]*Driver\b/.test(file.text);
}

/** Every broken rule, as `src/FILE:LINE: ...`; none when the house is in order. */
export function layeringFaults(files: readonly SourceFile[]): string[] {
  const faults: string[] = [];
  const pure = new Set(files.filter(isPure).map((file) => file.path));
  const fileArrows = new Map<string, string[]>();
  const roomArrows = new Map<string, string[]>();

  for (const file of files) {
    const room = roomOf(file.path);
    if (room === undefined) {
      faults.push(
        `src/${file.path}: is in no room of the table of arrows (tests/layering/rules.ts): add its room there`,
      );
      continue;
    }
    const tokens = tokensOf(file.text);
    for (const { specifier, line, typeOnly } of importsOf(tokens)) {
      const fault = (rule: string) => faults.push(`src/${file.path}:${line}: imports ${specifier}, but ${rule}`);
      const target = resolve(file.path, specifier);
      if (target === undefined) {
        if (FOR_TESTS.includes(specifier)) fault("that is for tests only");
        else if (SELF_RELIANT.has(room)) fault(`${room} uses no packages`);
        continue;
      }
      if (!target.endsWith(".ts")) continue; // data, such as deno.json or a page
      push(fileArrows, file.path, target);
      const targetRoom = roomOf(target);
      if (targetRoom === undefined) continue; // reported where that file is judged
      if (targetRoom !== room) push(roomArrows, room, targetRoom);
      const allowed = ARROWS[room] ?? [];
      if (targetRoom !== room && targetRoom !== "std" && !allowed.includes(targetRoom)) {
        const list = allowed.length === 0 ? "no other room" : `only ${allowed.join(", ")}`;
        fault(`${room} may import ${list}`);
      } else if (pure.has(file.path) && !pure.has(target) && !typeOnly) {
        fault("a PURE file may import only PURE files");
      }
    }
    if (pure.has(file.path)) faults.push(...impurities(file, tokens));
  }
  for (const circle of circles(roomArrows)) faults.push(`rooms import each other in a circle: ${circle.join(" -> ")}`);
  for (const circle of circles(fileArrows)) {
    faults.push(`files import each other in a circle: ${circle.map((path) => `src/${path}`).join(" -> ")}`);
  }
  return faults;
}

/** The room with the longest name that holds `path`. */
export function roomOf(path: string): string | undefined {
  const name = path.replace(/(\.d)?\.ts$/, "");
  return Object.keys(ARROWS).filter((room) => name === room || name.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0];
}

/** The path below src that `specifier` means in file `from`; undefined for a package. */
export function resolve(from: string, specifier: string): string | undefined {
  if (!/^\.{0,2}\//.test(specifier)) return undefined;
  return new URL(specifier, `file:///src/${from}`).pathname.replace(/^\/src\//, "");
}

function impurities(file: SourceFile, tokens: readonly Token[]): string[] {
  const faults: string[] = [];
  for (const [i, token] of tokens.entries()) {
    const what = token.kind === "word" && Object.hasOwn(IMPURE, token.text) ? IMPURE[token.text] : undefined;
    if (what === undefined) continue;
    const before = tokens[i - 1]?.text ?? "";
    const isMember = before === "." || before === "?.";
    const isKey = tokens[i + 1]?.text === ":" && ["{", ",", ";"].includes(before);
    const isMathRandom = isMember && token.text === "random" && tokens[i - 2]?.text === "Math";
    if (token.text === "random" ? isMathRandom : !isMember && !isKey) {
      const name = isMathRandom ? "Math.random" : token.text;
      faults.push(
        `src/${file.path}:${token.line}: uses ${name} (${what}), but the file is PURE: take it as an argument`,
      );
    }
  }
  return faults;
}

function push(map: Map<string, string[]>, from: string, to: string): void {
  const list = map.get(from) ?? [];
  if (!list.includes(to)) list.push(to);
  map.set(from, list);
}

/** One circle for each node that closes one: `[a, b, a]`. */
function circles(arrows: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const visit = (node: string, way: readonly string[]): void => {
    const start = way.indexOf(node);
    if (start >= 0) {
      found.push([...way.slice(start), node]);
      return;
    }
    if (done.has(node)) return;
    for (const next of arrows.get(node) ?? []) visit(next, [...way, node]);
    done.add(node);
  };
  for (const node of arrows.keys()) visit(node, []);
  return found;
}
