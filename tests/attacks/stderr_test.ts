/** A gateway whose log cannot be written goes on all the same. */
import { assertEquals } from "@std/assert";
import { connectTcp } from "../../src/net/tcp.ts";
import type { Endpoint } from "../../src/net/connection.ts";
import { DraSimulator } from "../../src/diameter/sim/dra.ts";
import { freePort } from "../support/free_port.ts";
import { FROM_SOURCE } from "../support/gateway_process.ts";
import { request } from "../support/raw_message.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { until } from "../support/until.ts";

/** Whether a Logic App is let in and gets an answer. */
async function serves(to: Endpoint): Promise<boolean> {
  let conn: Deno.TcpConn;
  try {
    conn = await Deno.connect(to);
  } catch {
    return false;
  }
  const app = new RawPeer(conn, { host: "app.example.net", realm: "example.net" });
  try {
    if ((await app.exchangeCapabilities()).resultCode !== 2001) return false;
    await app.send(request());
    return (await app.nextAnswer()).resultCode === 2001;
  } finally {
    await app.close();
  }
}

/**
 * Starts the gateway with stderr as `redirection` has it, plays, and ends it with SIGTERM, whose
 * exit code must be 0.
 */
async function withStderr(redirection: string, play: (to: Endpoint) => Promise<void>): Promise<void> {
  const dra = new DraSimulator({ originHost: "dra.core.example.net" });
  const port = freePort();
  // An interval that calls for a remark, so that not only the log is written.
  const directory = await Deno.makeTempDir({ prefix: "gateway-" });
  await Deno.writeTextFile(
    `${directory}/gateway.yaml`,
    'server: {watchdog_interval: 5s}\nadmin: {listen: ""}\nstats: {interval: 50ms}\n',
  );
  const flags = ["-c", `${directory}/gateway.yaml`];
  flags.push("--listen", `127.0.0.1:${port}`, "--dra", `127.0.0.1:${dra.start().port}`);
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", `exec "$@" ${redirection}`, "sh", ...FROM_SOURCE, "serve", ...flags],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const to = { hostname: "127.0.0.1", port };
  try {
    if (redirection !== "") await child.stderr.cancel();
    else {
      // The reader reads a little and goes away.
      const reader = child.stderr.getReader();
      await reader.read();
      await reader.cancel();
    }
    await until(() => serves(to), "it answers", 15_000);
    await play(to);
  } finally {
    child.kill("SIGTERM");
    const { code } = await child.status;
    dra.kill();
    await Deno.remove(directory, { recursive: true });
    assertEquals(code, 0, "its exit code");
  }
}

for (
  const [name, redirection] of [
    ["a full disk under its log", "2>/dev/full"],
    ["a closed stderr", "2>&-"],
    ["a reader of its log that went away", ""],
  ] as const
) {
  Deno.test(`a gateway with ${name} goes on serving, and ends in order`, async () => {
    await withStderr(redirection, async (to) => {
      // Each of these is a line, or several.
      for (let i = 0; i < 20; i++) {
        const connection = await connectTcp(to, { timeout: 5_000, noDelay: true });
        await connection.write(new Uint8Array(20));
        await connection.read(new Uint8Array(1));
        connection.close();
      }
      assertEquals(await serves(to), true);
    });
  });
}

Deno.test("SIGHUP while the gateway starts does not end it", async () => {
  const directory = await Deno.makeTempDir({ prefix: "gateway-" });
  try {
    // A configuration that does not come before it is written keeps the start where it is.
    const file = `${directory}/slow.yaml`;
    assertEquals((await new Deno.Command("mkfifo", { args: [file] }).output()).success, true);
    const port = freePort();
    const [program, ...args] = FROM_SOURCE;
    const child = new Deno.Command(program!, {
      args: [...args, "serve", "-c", file, "--listen", `127.0.0.1:${port}`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    // Opens when the other side reads.
    const pipe = await Deno.open(file, { write: true });
    child.kill("SIGHUP");
    await pipe.write(new TextEncoder().encode('admin: {listen: ""}\nlogging: {level: error}\n'));
    pipe.close();
    const ended = child.status.then(({ code, signal }) => `ended with ${signal ?? code}`);
    const listens = async () => (await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined));
    let connection: Deno.TcpConn | undefined;
    let end = "";
    void ended.then((text) => end = text);
    await until(async () => (connection = await listens()) !== undefined || end !== "", "it listens or ends", 15_000);
    connection?.close();
    assertEquals(end, "");
    child.kill("SIGTERM");
    assertEquals(await ended, "ended with 0");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
