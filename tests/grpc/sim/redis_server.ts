/**
 * A real Redis on a port of its own, which a test starts and ends.
 * @module
 */
import { until } from "../../support/until.ts";
import { program } from "../../interop/programs.ts";

/** What its tests need. */
export const REDIS = program("redis-server", "redis-server");

/** A Redis server that runs. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** SIGTERM, and its end. */
  stop(): Promise<void>;
}

/**
 * Starts one, with nothing in it.
 * @param port the one that an earlier one had; a free one if left out
 */
export async function startRedis(port = freePort()): Promise<RedisServer> {
  const child = new Deno.Command("redis-server", {
    args: ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let ended: Promise<unknown> | undefined;
  const stop = async () => {
    if (ended === undefined) child.kill("SIGTERM");
    await (ended ??= child.status);
  };
  await until(() => accepts(port), "Redis accepts connections");
  return { port, url: `redis://127.0.0.1:${port}/0`, stop, [Symbol.asyncDispose]: stop };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function accepts(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}
