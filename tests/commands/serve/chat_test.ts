import { assert, assertEquals } from "@std/assert";
import { FROM_SOURCE } from "../../support/gateway_process.ts";
import { TextLineStream } from "../../support/lines.ts";
import { until } from "../../support/until.ts";
import { JsonCore } from "../../chat/support/json_core.ts";
import { Device } from "../../chat/support/running.ts";
import { SECRET, tokenOf } from "../../chat/support/token.ts";
import { runMain } from "../run_main.ts";

/** `serve chat` with this environment, until it listens; ends with `await using`. */
class Served implements AsyncDisposable {
  readonly entries: Record<string, unknown>[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;

  constructor(args: readonly string[], env: Record<string, string>) {
    const [program = "", ...flags] = FROM_SOURCE;
    this.#child = new Deno.Command(program, {
      args: [...flags, "serve", "chat", ...args],
      env,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#reading = this.#read();
  }

  async listening(): Promise<string> {
    await until(() => this.entries.some(({ event }) => event === "chat_listening"), "it listens", 20_000);
    return String(this.entries.find(({ event }) => event === "chat_listening")!["address"]);
  }

  signal(name: Deno.Signal): void {
    this.#child.kill(name);
  }

  async ended(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#reading;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.ended();
  }

  async #read(): Promise<void> {
    const lines = this.#child.stderr.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    for await (const line of lines) this.entries.push(line.startsWith("{") ? JSON.parse(line) : { line });
  }
}

/** Devices of a gateway that is served, behind their Hello. */
async function devicesOf(address: string, names: readonly string[]): Promise<Device[]> {
  return await Promise.all(names.map(async (name) => {
    const protocols = ["chat.v1.json", `bearer.${await tokenOf(name)}`];
    const device = new Device(`ws://${address}/ws?device_id=phone`, protocols);
    await device.opened;
    device.say({ hello: { rooms: [{ roomId: "open" }] } });
    await until(() => device.find("subscribed") !== undefined, "it is in its room");
    return device;
  }));
}

Deno.test("D1: SIGTERM sends devices away and ends with exit code 0", async () => {
  await using core = new JsonCore();
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  await Deno.writeTextFile(file, `chat: {auth: {secret: "${SECRET}"}, drain_spread: 100ms}`);
  await using served = new Served(["-c", file, "--http", "127.0.0.1:0", "--admin", ""], {
    CHAT_SERVICE_URI: core.address,
    GRPC_PORT: "0",
  });
  const devices = await devicesOf(await served.listening(), ["a", "b", "c"]);
  served.signal("SIGTERM");
  for (const device of devices) {
    assertEquals((await device.gone()).code, 1012);
    assertEquals(device.find("reconnect")?.reason, "drain");
  }
  assertEquals(await served.ended(), 0);
  await Deno.remove(file);
});

Deno.test("D1, D3: a drain answers devices with Reconnect and 1012; a second signal ends it at once", async () => {
  await using core = new JsonCore();
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  await Deno.writeTextFile(file, `chat: {auth: {secret: "${SECRET}"}, drain_spread: 60s, drain_timeout: 60s}`);
  await using served = new Served(["-c", file, "--http", "127.0.0.1:0", "--admin", ""], {
    CHAT_SERVICE_URI: core.address,
    GRPC_PORT: "0",
  });
  const devices = await devicesOf(await served.listening(), ["a", "b", "c"]);
  served.signal("SIGTERM");
  const { code } = await Promise.race(devices.map((device) => device.gone()));
  assertEquals(code, 1012);
  served.signal("SIGTERM");
  await served.ended();
  for (const device of devices) await device.gone();
  await Deno.remove(file);
});

Deno.test("serve chat without an issuer says what is missing, and ends with exit code 2", async () => {
  const { code, stderr } = await runMain(["serve", "chat"], { MAX_CONNECTIONS_PER_DEVICE: "abc" });
  assertEquals(code, 2);
  const lines = stderr.trim().split("\n");
  assertEquals(lines[0], "environment: MAX_CONNECTIONS_PER_DEVICE: expected a whole number 1..10000, got abc");
  assert(lines[1]!.startsWith("defaults: chat.auth.issuer: missing") && lines[1]!.includes("OAUTH2_ISSUER"), lines[1]);
});

Deno.test("serve chat --dev refuses to listen beyond loopback", async () => {
  const { code, stderr } = await runMain(["serve", "chat", "--dev", "--http", "0.0.0.0:0", "--grpc", ""]);
  assertEquals(code, 2);
  assert(stderr.startsWith("--dev: listens on loopback only, not on 0.0.0.0:0"), stderr);
});
