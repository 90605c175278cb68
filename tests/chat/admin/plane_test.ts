import { assert, assertEquals } from "@std/assert";
import { Host } from "../../../src/host/host.ts";
import { readWholeConfig } from "../../../src/host/config.ts";
import { createLogger } from "../../../src/ops/log/mod.ts";
import { until } from "../../support/until.ts";
import { Device } from "../support/running.ts";
import { JsonCore } from "../support/json_core.ts";
import { SECRET, tokenOf } from "../support/token.ts";

/** A process with the chat plane alone, and devices of it. */
class Process implements AsyncDisposable {
  readonly devices: Device[] = [];
  private constructor(
    readonly host: Host,
    readonly file: string,
    readonly lines: Record<string, string>[],
    readonly end: () => Promise<void>,
  ) {}

  static async start(core: string, rest = ""): Promise<Process> {
    const file = await Deno.makeTempFile({ suffix: ".yaml" });
    await Deno.writeTextFile(file, configOf(core, rest));
    const loaded = await readWholeConfig(file);
    assert(loaded.ok, loaded.errors.join("\n"));
    const lines: Record<string, string>[] = [];
    const writeSync = (bytes: Uint8Array) => {
      for (const line of new TextDecoder().decode(bytes).trimEnd().split("\n")) lines.push(JSON.parse(line));
      return bytes.length;
    };
    const sink = { writeSync, write: (bytes: Uint8Array) => Promise.resolve(writeSync(bytes)) };
    const log = createLogger({ level: loaded.config.logging.level, format: "json", sink });
    const host = await Host.start({ loaded, file, read: () => readWholeConfig(file) }, log);
    return new Process(host, file, lines, async () => {
      await host.stop();
      await log.close();
      await Deno.remove(file);
    });
  }

  logged(event: string) {
    return this.lines.filter((line) => line["event"] === event);
  }

  get address(): string {
    return this.logged("chat_listening")[0]!["address"]!;
  }

  async ask(path: string, init: RequestInit = {}): Promise<[status: number, body: Record<string, unknown>]> {
    const response = await fetch(`${this.logged("admin_listening")[0]!["url"]}${path}`, init);
    return [response.status, await response.json()];
  }

  post(path: string, body: unknown) {
    const headers = { "content-type": "application/json" };
    return this.ask(path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  async device(profile: string, deviceId: string, rooms: readonly string[]): Promise<Device> {
    const protocols = ["chat.v1.json", `bearer.${await tokenOf(profile)}`];
    const device = new Device(`ws://${this.address}/ws?device_id=${deviceId}`, protocols);
    this.devices.push(device);
    await device.opened;
    device.say({ hello: { rooms: rooms.map((roomId) => ({ roomId })) } });
    await until(() => device.told.filter(({ subscribed }) => subscribed).length === rooms.length, "it is in its rooms");
    return device;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    for (const device of this.devices) await device.end();
  }
}

const configOf = (core: string, rest: string) => `
admin: {listen: "127.0.0.1:0"}
logging: {level: debug}
chat:
  gateway_id: gw-1
  http: {listen: "127.0.0.1:0"}
  grpc: {listen: []}
  auth: {secret: "${SECRET}"}
  core: {uri: "${core}"}
  drain_spread: 0s
  ${rest}
`;

Deno.test("the admin interface shows the chat plane, and acts on it", async () => {
  await using core = new JsonCore();
  await using process = await Process.start(core.address);
  const alice = await process.device("alice", "phone", ["open/1", "open2"]);
  const bob = await process.device("bob", "watch", ["open2"]);

  assertEquals(await process.ask("/readyz"), [200, { state: "ready", core: "closed", cache: "up", issuer: "up" }]);
  const [, status] = await process.ask("/api/v1/chat/status");
  assertEquals(status, {
    gateway_id: "gw-1",
    state: "ready",
    connections: 2,
    transports: { websocket: 2, grpc: 0, connect: 0, grpcweb: 0 },
    closes: {},
    rooms: 2,
    subscriptions: 3,
    published: 0,
    deliveries: 0,
    slow_consumers: 0,
    core: { uri: core.address, breaker: "closed" },
    cache: { uri: "mem://", up: true },
  });
  const [, whole] = await process.ask("/api/v1/status");
  assertEquals(whole["chat"], status);

  const [, connections] = await process.ask("/api/v1/chat/connections?profile=alice");
  const [{ connected_at, last_active, remote, queue_bytes, ...connection }] = connections as unknown as [
    Record<string, string>,
  ];
  assertEquals(connection, {
    profile_id: "alice",
    device_id: "phone",
    transport: "websocket",
    encoding: "json",
    room_ids: ["open/1", "open2"],
    messages_in: 1,
    messages_out: 3,
  } as unknown as Record<string, string>);
  assert(remote === "127.0.0.1" && !Number.isNaN(Date.parse(connected_at!) + Date.parse(last_active!)), remote);
  assertEquals(queue_bytes, 0 as unknown as string);
  assertEquals((await process.ask("/api/v1/chat/connections?limit=1"))[1]["length"], 1);
  assertEquals((await process.ask("/api/v1/chat/connections?room=open2&device=watch"))[1]["length"], 1);

  const [, rooms] = await process.ask("/api/v1/chat/rooms");
  assertEquals((rooms as unknown as Record<string, unknown>[]).map(({ room_id, local }) => [room_id, local]), [
    ["open/1", 1],
    ["open2", 2],
  ]);
  const [, room] = await process.ask(`/api/v1/chat/rooms/${encodeURIComponent("open/1")}`);
  assertEquals([room["room_id"], room["local"], room["offset"], room["devices"]], [
    "open/1",
    1,
    0,
    [{ profile_id: "alice", device_id: "phone", gateway_id: "gw-1" }],
  ]);
  assertEquals((await process.ask("/api/v1/chat/rooms/nobody"))[0], 404);

  const events = [{ room_id: "open2", type: "message", payload: { text: "hi" }, id: "e1", sender_id: "bot" }];
  assertEquals(await process.post("/api/v1/chat/publish", { events }), [200, {
    events: [{ room_id: "open2", id: "e1", offset: 1 }],
  }]);
  const [, made] = await process.post("/api/v1/chat/publish", {
    events: [{ room_id: "open2", type: "", payload: {} }],
  });
  assertEquals(Object.keys((made["events"] as object[])[0]!), ["room_id", "id", "offset"]);
  await until(() => alice.events().length === 2 && bob.events().length === 2, "both got both");
  const wrong = await process.post("/api/v1/chat/publish", {
    events: [...events, { room_id: "a:b", type: "message", payload: {} }, { room_id: "open2", payload: [] }],
  });
  assertEquals(wrong[0], 422);
  assertEquals((await process.ask("/api/v1/chat/status"))[1]["published"], 2);

  assertEquals((await process.post("/api/v1/chat/unsubscribe", { room_id: "open2", profile_id: "bob" }))[0], 200);
  await until(() => bob.find("unsubscribed") !== undefined, "bob is out");
  assertEquals(bob.find("unsubscribed"), { roomId: "open2", reason: "removed" });
  assertEquals(await process.post("/api/v1/chat/disconnect", { profile_id: "alice" }), [200, { disconnected: 1 }]);
  assertEquals((await alice.gone()).code, 4010);
  assertEquals((await process.post("/api/v1/chat/disconnect", { device_id: "x" }))[0], 422);
  const metrics = await fetch(`${process.logged("admin_listening")[0]!["url"]}/metrics`);
  assert((await metrics.text()).includes('diamgw_chat_connections{transport="websocket"} 1\n'));
});

Deno.test("a request of a device is a line at debug, with method, profile, device and code", async () => {
  await using core = new JsonCore();
  await using process = await Process.start(core.address);
  const alice = await process.device("alice", "phone", []);
  alice.say({ id: "c", call: { method: "GetHistory", json: { roomId: "open" } } });
  await until(() => alice.find("result") !== undefined, "it is answered");
  const [line] = process.logged("chat_request");
  const { level, method, profile, device, code } = line!;
  assertEquals({ level, method, profile, device, code }, {
    level: "debug",
    method: "GetHistory",
    profile: "alice",
    device: "phone",
    code: "ok",
  });
  const text = JSON.stringify(process.lines);
  assert(!text.includes(SECRET) && !text.includes(await tokenOf("alice")), "A9");
  const headers = core.requests.find(({ method }) => method === "GetHistory")!.headers;
  assertEquals([headers.get("x-profile-id"), headers.get("x-device-id"), headers.get("x-gateway-id")], [
    "alice",
    "phone",
    "gw-1",
  ]);
});

Deno.test("T3, A9: a connection that is refused is a line at debug that says why, and not its token", async () => {
  await using core = new JsonCore();
  await using process = await Process.start(core.address);
  const token = `${await tokenOf("alice")}x`;
  const answer = await fetch(`http://${process.address}/chat.v1.ChatService/GetHistory`, {
    method: "POST",
    headers: { "content-type": "application/json", "authorization": `Bearer ${token}` },
    body: "{}",
  });
  const { code: said, message: why } = await answer.json();
  const [line] = process.logged("chat_refused");
  const { level, transport, remote, code, reason } = line!;
  assertEquals({ level, transport, remote, code, reason }, {
    level: "debug",
    transport: "call",
    remote: "127.0.0.1",
    code: said,
    reason: why,
  });
  assert(!JSON.stringify(process.lines).includes(token));
});

Deno.test("a reload puts limits, secret and core into force; what needs a restart is told", async () => {
  await using core = new JsonCore();
  await using other = new JsonCore();
  await using process = await Process.start(core.address);
  const alice = await process.device("alice", "phone", []);
  const changed = configOf(other.address, "max_message_size: 32KiB\n  rate_limit: {per_connection: 2}")
    .replace("gw-1", "gw-2");
  await Deno.writeTextFile(process.file, changed);
  const [status, body] = await process.post("/api/v1/config/reload", {});
  assertEquals([status, body["needs_restart"]], [200, ["chat.gateway_id"]]);
  alice.say({ id: "1", call: { method: "GetHistory", json: {} } });
  alice.say({ id: "2", ping: {} });
  alice.say({ id: "3", ping: {} });
  await until(() => alice.told.filter(({ replyTo }) => replyTo).length === 3, "all are answered");
  assertEquals(alice.find("error")?.code, "resource_exhausted");
  assertEquals([core.requests.length, other.requests.length], [0, 1]);
  await Deno.writeTextFile(process.file, changed.replace(SECRET, `${SECRET} and more`));
  assertEquals((await process.post("/api/v1/config/reload", {}))[0], 200);
  const response = await fetch(`http://${process.address}/ws`, {
    headers: { authorization: `Bearer ${await tokenOf("alice")}` },
  });
  await response.body?.cancel();
  const late = new Device(`ws://${process.address}/ws`, ["chat.v1.json", `bearer.${await tokenOf("alice")}`]);
  assert(await late.opened.then(() => false, () => true));
});

Deno.test("D1: a POST to /api/v1/drain begins it", async () => {
  await using core = new JsonCore();
  await using process = await Process.start(core.address);
  const alice = await process.device("alice", "phone", ["open"]);
  const drained = process.host.drained;
  assertEquals((await process.post("/api/v1/drain", {}))[0] < 300, true);
  await drained;
  const ended = process.host.stop();
  assertEquals((await alice.gone()).code, 1012);
  assertEquals(alice.find("reconnect")?.reason, "drain");
  await ended;
});

Deno.test("a list of connections in pages leaves nobody out when one of a page before is gone", async () => {
  await using core = new JsonCore();
  await using process = await Process.start(core.address);
  const first = await process.device("alice", "phone", []);
  for (const name of ["bob", "carol"]) await process.device(name, "phone", []);
  const url = process.logged("admin_listening")[0]!["url"];
  const page = await fetch(`${url}/api/v1/chat/connections?limit=1`);
  const names = (list: { profile_id: string }[]) => list.map(({ profile_id }) => profile_id);
  assertEquals(names(await page.json()), ["alice"]);
  const [, next = ""] = /<([^>]+)>/.exec(page.headers.get("link") ?? "") ?? [];
  await first.end();
  await until(async () => (await process.ask("/api/v1/chat/status"))[1]["connections"] === 2, "she is gone");
  assertEquals(names((await process.ask(next))[1] as unknown as { profile_id: string }[]), ["bob"]);
});
