/**
 * A real Redis on a port of its own, which a test starts and ends.
 * @module
 */
import { until } from "./until.ts";
import { program } from "../interop/programs.ts";

/** What its tests need. */
export const REDIS = program("redis-server", "redis-server");

/** A Redis server that runs. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** SIGTERM, and its end (which takes up to 100 ms). */
  stop(): Promise<void>;
  /** SIGKILL, and its end: what disposing does. */
  kill(): Promise<void>;
  /** Stops it in its tracks: connections stay, nothing is answered. */
  freeze(): void;
  thaw(): void;
}

/**
 * Starts one, with nothing in it.
 * @param port the one that an earlier one had; a free one if left out
 * @param more arguments, as `--maxmemory 1mb`
 */
export async function startRedis(port = freePort(), more: readonly string[] = []): Promise<RedisServer> {
  const own = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"];
  const child = new Deno.Command("redis-server", {
    args: [...own, ...more],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let ended: Promise<unknown> | undefined;
  const end = async (signal: Deno.Signal) => {
    if (ended === undefined) child.kill(signal);
    await (ended ??= child.status);
  };
  const stop = () => end("SIGTERM");
  await until(() => accepts(port), "Redis accepts connections");
  const freeze = () => child.kill("SIGSTOP");
  const kill = () => end("SIGKILL");
  const thaw = () => child.kill("SIGCONT");
  return { port, url: `redis://127.0.0.1:${port}/0`, stop, kill, freeze, thaw, [Symbol.asyncDispose]: kill };
}

/** A port where nothing listens. */
export function freePort(): number {
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
