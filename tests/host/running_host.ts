/**
 * A process's whole inside, in this process: gateway, log, configuration and admin interface.
 * @module
 */
import { assert } from "@std/assert";
import { readWholeConfig } from "../../src/host/config.ts";
import { Host } from "../../src/host/host.ts";
import type { Endpoint } from "../../src/net/connection.ts";
import { type ClosableLogger, createLogger } from "../../src/ops/log/mod.ts";
import type { OtlpSettings } from "../../src/ops/otlp/settings.ts";
import { ask, type Asked, type RawAnswer } from "../ops/admin/raw_http.ts";

type Tree = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A host with a configuration file of its own. */
export class RunningHost implements AsyncDisposable {
  private constructor(
    readonly host: Host,
    readonly file: string,
    readonly lines: readonly Record<string, unknown>[],
    readonly log: ClosableLogger,
  ) {}

  /**
   * Starts one; listeners are on free ports unless `tree` says otherwise.
   * @param options `unset`: a key that `tree` has, taken as one that nobody wrote
   */
  static async start(
    tree: Tree,
    { unset = "", telemetry }: { readonly unset?: string; readonly telemetry?: OtlpSettings | undefined } = {},
  ): Promise<RunningHost> {
    const file = await Deno.makeTempFile({ prefix: "host-", suffix: ".yaml" });
    const lines: Record<string, unknown>[] = [];
    const writeSync = (bytes: Uint8Array) => {
      for (const line of new TextDecoder().decode(bytes).trimEnd().split("\n")) lines.push(JSON.parse(line));
      return bytes.length;
    };
    const sink = { writeSync, write: (bytes: Uint8Array) => Promise.resolve(writeSync(bytes)) };
    await write(file, tree);
    const loaded = await readWholeConfig(file);
    assert(loaded.ok, loaded.errors.join("\n"));
    const log = createLogger({ level: loaded.config.logging.level, format: "json", sink });
    const isSet = (key: string) => key !== unset && loaded.isSet(key);
    const origin = { loaded: { ...loaded, isSet }, file, read: () => readWholeConfig(file), telemetry };
    const host = await Host.start(origin, log);
    return new RunningHost(host, file, lines, log);
  }

  /** Writes another file and reads it. */
  async reload(tree: Tree, query = ""): Promise<RawAnswer> {
    await write(this.file, tree);
    return await this.ask(`/api/v1/config/reload${query}`, { method: "POST" });
  }

  /** Asks the admin interface. */
  ask(path: string, asked: Asked = {}): Promise<RawAnswer> {
    return ask(this.admin, { path, ...asked });
  }

  /** Where Logic Apps connect. */
  get address(): Endpoint {
    const [line] = this.logged("listening");
    const [hostname = "", port] = String(line?.["address"]).split(":");
    return { hostname, port: Number(port) };
  }

  /** Where the admin interface is. */
  get admin(): Endpoint {
    const { hostname, port } = new URL(String(this.logged("admin_listening")[0]?.["url"]));
    return { hostname, port: Number(port) };
  }

  /** Lines of that event. */
  logged(event: string): Record<string, unknown>[] {
    return this.lines.filter((line) => line["event"] === event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host.stop();
    await this.log.close();
    await Deno.remove(this.file);
  }
}

async function write(file: string, tree: Tree): Promise<void> {
  const admin = { listen: "127.0.0.1:0", ...tree["admin"] };
  // A file that says nothing of the Diameter plane has none.
  const hasOthers = (tree["grpc"] ?? tree["chat"]) !== undefined && tree["gateway"] === undefined;
  const whole = hasOthers ? { ...tree, admin } : {
    ...tree,
    gateway: { origin_host: "gw.example.net", origin_realm: "example.net", drain_timeout: "1s", ...tree["gateway"] },
    server: { listen: ["127.0.0.1:0"], dpr_timeout: "500ms", ...tree["server"] },
    admin,
  };
  // JSON is YAML.
  await Deno.writeTextFile(file, JSON.stringify(whole));
}
