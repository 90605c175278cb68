/**
 * Proxies to measure: this one, nginx and HAProxy, each as one process that works.
 * @module
 */
import { bundle } from "../../../src/build/bundle.ts";
import { RUN_FLAGS } from "../../../src/build/run_flags.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const TICKS = 100;

/** A proxy that runs. */
export class Rival {
  private constructor(
    readonly name: string,
    readonly port: number,
    readonly process: Deno.ChildProcess,
    /** The process that does the work. */
    readonly worker: number,
  ) {}

  /** @param more further keys of the section `grpc`, of this gateway alone */
  static async start(
    name: "diam-gw" | "nginx" | "haproxy",
    backend: number,
    directory: string,
    more: Record<string, unknown> = {},
  ): Promise<Rival> {
    const port = freePort();
    const command = await COMMANDS[name](port, backend, directory, more);
    const process = command.spawn();
    for (let tries = 0; !await accepts(port); tries++) {
      if (tries > 200) throw new Error(`${name} does not listen`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // Backends are connected by then.
    await new Promise((resolve) => setTimeout(resolve, 500));
    return new Rival(name, port, process, name === "nginx" ? await childOf(process.pid) : process.pid);
  }

  /** Seconds of processor time so far. */
  get cpu(): number {
    const fields = Deno.readTextFileSync(`/proc/${this.worker}/stat`).split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  }

  /** Bytes in memory. */
  get memory(): number {
    const [, kib] = /VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${this.worker}/status`))!;
    return Number(kib) * 1024;
  }

  async stop(): Promise<void> {
    this.process.kill("SIGTERM");
    await this.process.status;
  }
}

/** The program as it is shipped, made when it is wanted for the first time. */
async function program(directory: string): Promise<string> {
  const main = `${directory}/main.js`;
  if (await Deno.stat(main).then(() => true, () => false)) return main;
  for (const { name, text } of await bundle(ROOT, "src/main.ts")) {
    await Deno.writeTextFile(`${directory}/${name}`, text);
  }
  // The first start compiles it, and takes more memory than any other.
  await new Deno.Command(Deno.execPath(), { args: ["run", "--no-config", ...RUN_FLAGS, main, "version"] }).output();
  return main;
}

const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;

const COMMANDS = {
  "diam-gw": async (port: number, backend: number, directory: string, more: Record<string, unknown>) => {
    const grpc = {
      listen: `127.0.0.1:${port}`,
      routes: [{ prefix: "/", cluster: "b" }],
      clusters: { b: { type: "static", address: `127.0.0.1:${backend}` } },
      ...more,
    };
    const file = `${directory}/gateway-${port}.yaml`;
    await Deno.writeTextFile(file, JSON.stringify({ grpc, admin: { listen: `127.0.0.1:${freePort()}` } }));
    const args = ["run", "--no-config", "--no-lock", ...RUN_FLAGS, await program(directory)];
    return new Deno.Command(Deno.execPath(), {
      args: [...args, "serve", "-c", file, "--log", "error"],
      cwd: directory,
      ...quiet,
      stderr: "inherit",
    });
  },
  nginx: async (port: number, backend: number, directory: string) => {
    const file = `${directory}/nginx.conf`;
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${directory}/${name};`).join(" ");
    await Deno.writeTextFile(
      file,
      `worker_processes 1; daemon off; pid ${directory}/nginx.pid; error_log ${directory}/nginx.err;
events { worker_connections 4096; }
http { access_log off; ${temporary}
  upstream b { server 127.0.0.1:${backend}; keepalive 512; keepalive_requests 100000000; }
  server { listen 127.0.0.1:${port} http2; keepalive_requests 100000000; http2_max_concurrent_streams 256;
    location / { grpc_pass grpc://b; } } }
`,
    );
    return new Deno.Command("nginx", { args: ["-c", file, "-p", directory], ...quiet });
  },
  haproxy: async (port: number, backend: number, directory: string) => {
    const file = `${directory}/haproxy.cfg`;
    await Deno.writeTextFile(
      file,
      `global
  nbthread 1
  maxconn 8000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend f
  bind 127.0.0.1:${port} proto h2
  default_backend b
backend b
  server s 127.0.0.1:${backend} proto h2
`,
    );
    return new Deno.Command("haproxy", { args: ["-db", "-q", "-f", file], ...quiet });
  },
};

/** A port that was free a moment ago. */
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

async function childOf(pid: number): Promise<number> {
  for (;;) {
    const children = (await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`)).trim();
    if (children !== "") return Number(children.split(" ")[0]);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
