/**
 * What spreads messages to WebSockets on this machine, each in a process of its own: diam-gw, nchan
 * and NATS where they are installed.
 * @module
 */
import { type FanoutMember, MARK, upgradeRequest } from "../../../src/chat/sim/fanout.ts";
import { memberOf, PAYLOAD_BYTES } from "../../../src/commands/bench/chat/publishers.ts";
import { ChatDoor } from "../../../src/commands/sim/chat_door.ts";
import { FROM_SOURCE } from "../../support/gateway_process.ts";
import { until } from "../../support/until.ts";

const TEXT = MARK + "x".repeat(PAYLOAD_BYTES - MARK.length);
const ROOM = "bench";
const SECRET = crypto.randomUUID();

/** One of them at work. */
export interface Peer extends AsyncDisposable {
  readonly port: number;
  member(index: number): Promise<FanoutMember>;
  publish(): void;
  /** Of its processes, in seconds. */
  cpu(): number;
  /** Of its processes, in bytes. */
  memory(): number;
}

/** Those that can be started here. */
export async function peers(): Promise<[name: string, start: (members: number) => Promise<Peer>][]> {
  const all: [string, (members: number) => Promise<Peer>][] = [["diam-gw", gateway]];
  if (await exists("/usr/lib/nginx/modules/ngx_nchan_module.so")) all.push(["nchan", nchan]);
  if (await exists("/usr/sbin/nats-server")) all.push(["NATS", nats]);
  return all;
}

async function gateway(members: number): Promise<Peer> {
  const [http, admin, corePort] = [freePort(), freePort(), freePort()];
  const [program = "", ...args] = FROM_SOURCE;
  const core = started(program, [...args, "sim", "core", "--listen", `127.0.0.1:${corePort}`]);
  await answers(corePort);
  await fillRoom(corePort, members);
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  await Deno.writeTextFile(file, `chat: {auth: {secret: "${SECRET}"}, core: {uri: "127.0.0.1:${corePort}"}}`);
  const flags = ["-c", file, "--http", `127.0.0.1:${http}`, "--grpc", "", "--admin", `127.0.0.1:${admin}`];
  const child = started(program, [...args, "serve", "chat", ...flags, "--log", "error"]);
  await answers(http);
  await answers(admin);
  const door = new ChatDoor(`127.0.0.1:${http}`, { secret: SECRET, audience: "service_chat_gateway" });
  const body = JSON.stringify({ events: [{ room_id: ROOM, type: "m", payload: { text: TEXT } }] });
  const posts = new Posts(admin, "/api/v1/chat/publish", "application/json", body);
  return {
    port: http,
    member: async (index) => memberOf(ROOM, await door.token(`m${index}`, "bench"), "bench"),
    publish: () => posts.publish(),
    ...measured(child.pid),
    async [Symbol.asyncDispose]() {
      posts.close();
      await ended(child, core);
      await Deno.remove(file);
    },
  };
}

async function nchan(): Promise<Peer> {
  const port = freePort();
  const directory = await Deno.makeTempDir();
  await Deno.writeTextFile(
    `${directory}/nginx.conf`,
    `load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
daemon off; worker_processes 1; pid ${directory}/pid; error_log ${directory}/error.log;
events { worker_connections 20000; }
http {
  access_log off;
  server {
    listen 127.0.0.1:${port};
    location = /pub { nchan_publisher; nchan_channel_id ${ROOM}; nchan_message_buffer_length 1000; nchan_message_timeout 10m; }
    location = /sub { nchan_subscriber websocket; nchan_channel_id ${ROOM}; nchan_subscriber_first_message newest; }
  }
}
`,
  );
  const child = started("/usr/sbin/nginx", ["-p", directory, "-c", `${directory}/nginx.conf`]);
  await answers(port);
  const posts = new Posts(port, "/pub", "text/plain", TEXT);
  return {
    port,
    member: () => Promise.resolve({ request: upgradeRequest("/sub", {}), greeting: [], ready: "" }),
    publish: () => posts.publish(),
    ...measured(child.pid),
    async [Symbol.asyncDispose]() {
      posts.close();
      await ended(child);
      await Deno.remove(directory, { recursive: true });
    },
  };
}

async function nats(): Promise<Peer> {
  const [port, client] = [freePort(), freePort()];
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(
    file,
    `host: 127.0.0.1, port: ${client}\nwebsocket { host: 127.0.0.1, port: ${port}, no_tls: true }\n`,
  );
  const child = started("/usr/sbin/nats-server", ["-c", file]);
  await answers(port);
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: client });
  const encoder = new TextEncoder();
  await conn.write(encoder.encode('CONNECT {"verbose":false}\r\n'));
  void drained(conn);
  const message = encoder.encode(`PUB ${ROOM} ${PAYLOAD_BYTES}\r\n${TEXT}\r\n`);
  let writing = Promise.resolve(0);
  return {
    port,
    member: () =>
      Promise.resolve({
        request: upgradeRequest("/", {}),
        greeting: [`CONNECT {"verbose":false}\r\nSUB ${ROOM} 1\r\nPING\r\n`],
        ready: "PONG",
      }),
    publish: () => void (writing = writing.then(() => conn.write(message))),
    ...measured(child.pid),
    async [Symbol.asyncDispose]() {
      await writing;
      conn.close();
      await ended(child);
      await Deno.remove(file);
    },
  };
}

/** Posts the same again and again, over connections that stay. */
class Posts {
  readonly #port: number;
  readonly #request: Uint8Array;
  readonly #all: Deno.Conn[] = [];
  readonly #idle: Deno.Conn[] = [];

  constructor(port: number, path: string, type: string, body: string) {
    this.#port = port;
    this.#request = new TextEncoder().encode(
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  }

  publish(): void {
    void this.#post();
  }

  close(): void {
    for (const conn of this.#all) conn.close();
  }

  async #post(): Promise<void> {
    let conn = this.#idle.pop();
    if (conn === undefined) {
      conn = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
      this.#all.push(conn);
    }
    await conn.write(this.#request);
    const into = new Uint8Array(4096);
    const answer = new TextDecoder().decode(into.subarray(0, await conn.read(into) ?? 0));
    if (!/^HTTP\/1\.1 20/.test(answer)) throw new Error(`a publication was refused: ${answer}`);
    this.#idle.push(conn);
  }
}

async function fillRoom(port: number, members: number): Promise<void> {
  const ask = async (method: string, body: unknown) => {
    const response = await fetch(`http://127.0.0.1:${port}/chat.v1.ChatService/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-profile-id": "owner" },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method}: ${text}`);
  };
  await ask("CreateRoom", { id: ROOM, name: ROOM });
  for (let at = 0; at < members; at += 500) {
    const some = Array.from(
      { length: Math.min(500, members - at) },
      (_, i) => ({ profileId: `m${at + i}`, roles: ["member"] }),
    );
    await ask("AddRoomSubscriptions", { roomId: ROOM, members: some });
  }
}

function started(program: string, args: string[]): Deno.ChildProcess {
  return new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
}

async function ended(...children: Deno.ChildProcess[]): Promise<void> {
  for (const child of children) child.kill("SIGTERM");
  const timer = setTimeout(() => children.forEach((child) => child.kill("SIGKILL")), 8_000);
  await Promise.all(children.map((child) => child.status));
  clearTimeout(timer);
}

/** Of a process and its children. */
function measured(pid: number): Pick<Peer, "cpu" | "memory"> {
  const read = (path: string) => Deno.readTextFileSync(`/proc/${path}`);
  const pids = () => [pid, ...read(`${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number)];
  const sum = (of: (pid: number) => number) => pids().reduce((all, one) => all + of(one), 0);
  return {
    cpu: () =>
      sum((one) => {
        // Fields 14 and 15 of proc(5), in hundredths of a second; the name before may hold spaces.
        const fields = read(`${one}/stat`).replace(/^.*\) /, "").split(" ");
        return (Number(fields[11]) + Number(fields[12])) / 100;
      }),
    memory: () => sum((one) => Number(/^VmRSS:\s+(\d+)/m.exec(read(`${one}/status`))?.[1] ?? 0) * 1024),
  };
}

async function answers(port: number): Promise<void> {
  await until(
    async () => {
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port })).close();
        return true;
      } catch {
        return false;
      }
    },
    `port ${port} answers`,
    20_000,
  );
}

async function drained(conn: Deno.Conn): Promise<void> {
  try {
    const into = new Uint8Array(4096);
    while (await conn.read(into) !== null);
  } catch {
    // Closed.
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
