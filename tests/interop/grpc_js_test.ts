import { assert, assertEquals } from "@std/assert";
import type { TlsListenOptions } from "../../src/grpc/config/options.ts";
import { cluster, config, Stage } from "../grpc/support/stage.ts";
import { Authority } from "./certificates.ts";
import { Child, temporaryDirectory } from "./child.ts";
import { interopTest, program } from "./programs.ts";

const NODE = program("node", "nodejs");

/** What one command gave. */
type Said = Readonly<Record<string, unknown>>;

/** A process of Node with @grpc/grpc-js. */
class Peer implements AsyncDisposable {
  readonly #child: Child;

  constructor(script: string, cwd: string) {
    this.#child = new Child("node", "node", { args: [script], cwd });
  }

  async ask(command: Said): Promise<Said> {
    const { mark } = this.#child;
    await this.#child.write(JSON.stringify(command));
    const said = JSON.parse(await this.#child.line(/^\{/, 30_000, mark)) as Said;
    assertEquals(said["failed"], undefined);
    return said;
  }

  async call(name: string, messages: readonly string[], options: Said = {}): Promise<Said> {
    return await this.ask({ command: "call", name, messages, options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stop();
  }
}

async function bundled(directory: string): Promise<string> {
  const script = `${directory}/peer.mjs`;
  const source = new URL("grpc_js_peer.mjs", import.meta.url).pathname;
  const output = await new Deno.Command(Deno.execPath(), { args: ["bundle", "--quiet", source, "-o", script] })
    .output();
  assert(output.success, new TextDecoder().decode(output.stderr));
  return script;
}

const ROUTES = [{ prefix: "/test.Echo" }];

interopTest(
  "grpc-js on both sides: every kind of call, metadata, deadlines, cancellation, sizes",
  [NODE],
  async (t) => {
    await using directory = await temporaryDirectory();
    const script = await bundled(directory.path);
    await using server = new Peer(script, directory.path);
    await using client = new Peer(script, directory.path);
    const { port } = await server.ask({ command: "serve" });
    const backend = { ...cluster([]), addresses: [{ hostname: "127.0.0.1", port: Number(port) }] };
    await using stage = await Stage.start(config(ROUTES, { main: backend }));
    await stage.ready(1);
    await client.ask({ command: "connect", port: stage.address.port });

    await t.step("unary, with metadata of both kinds in both directions", async () => {
      const metadata = [["ping-bin", "AAH/"], ["ping-bin", "Cg0="], ["word", "a"], ["word", "b"]];
      const got = await client.call("Unary", ["hello"], { metadata });
      assertEquals([got["status"], got["messages"]], [0, ["hello"]]);
      const headers = got["headers"] as Record<string, string[]>;
      assertEquals([headers["pong-bin"], headers["word"]], [["AAH/", "Cg0="], ["a, b"]]);
      assertEquals((got["trailers"] as Record<string, string[]>)["end-bin"], ["AP8K"]);
    });
    await t.step("client, server and bidirectional streaming", async () => {
      assertEquals((await client.call("Collect", ["a", "b", "c"]))["messages"], ["abc"]);
      const counted = (await client.call("Count", ["500"]))["messages"] as string[];
      assertEquals([counted.length, counted[499]], [500, "500"]);
      assertEquals((await client.call("Echo", ["a", "b", "c"]))["messages"], ["a", "b", "c"]);
    });
    await t.step("a status with details", async () => {
      const got = await client.call("Unary", ["fail"]);
      assertEquals([got["status"], got["details"]], [9, "prüfung 100%"]);
    });
    await t.step("a status of the gateway itself", async () => {
      await stage.gateway.configure(config([], {}));
      const got = await client.call("Unary", ["x"]);
      assertEquals([got["status"], got["details"]], [12, "no route for /test.Echo/Unary"]);
      await stage.gateway.configure(config(ROUTES, { main: backend }));
      await stage.ready(1);
    });
    await t.step("deadlines", async () => {
      const left = Number(((await client.call("Unary", ["deadline"], { timeout: 20_000 }))["messages"] as string[])[0]);
      assert(left > 15_000 && left <= 20_000, `${left}`);
      const got = await client.call("Unary", ["never"], { timeout: 60 });
      assertEquals(got["status"], 4);
    });
    await t.step("cancellation", async () => {
      const before = Number(((await client.call("Unary", ["cancelled"]))["messages"] as string[])[0]);
      assertEquals((await client.call("Unary", ["never"], { cancelAfter: 0 }))["status"], 1);
      assertEquals((await client.call("Echo", ["a", "b"], { cancelAfter: 2 }))["status"], 1);
      const after = Number(((await client.call("Unary", ["cancelled"]))["messages"] as string[])[0]);
      assert(after >= before + 2, `${before} -> ${after}`);
    });
    await t.step("messages of 32 MiB, and 300 calls at a time on one connection", async () => {
      assertEquals(await client.ask({ command: "big", name: "Unary", size: 32 * 2 ** 20 }), { status: 0, same: true });
      assertEquals(await client.ask({ command: "many", count: 300 }), { good: 300 });
    });
    await t.step("a client that reads nothing for a while", async () => {
      assertEquals(await client.ask({ command: "deaf" }), { beside: ["beside"], count: 50_000 });
    });
    await t.step("compression", async () => {
      await client.ask({ command: "connect", port: stage.address.port, compress: 2 });
      const text = "compress me ".repeat(500);
      assertEquals((await client.call("Unary", [text]))["messages"], [text]);
      assertEquals((await client.call("Echo", [text, "b"]))["messages"], [text, "b"]);
    });
    await stage.balance();
  },
);

interopTest(
  "grpc-js on both sides over TLS, with certificates of clients",
  [NODE, program("openssl", "openssl")],
  async () => {
    await using directory = await temporaryDirectory();
    const authority = await Authority.create(directory.path);
    const { ca, cert, key } = await authority.sign("localhost");
    const script = await bundled(directory.path);
    await using server = new Peer(script, directory.path);
    await using client = new Peer(script, directory.path);
    const { port } = await server.ask({ command: "serve", ca, cert, key });
    const backend = {
      ...cluster([]),
      addresses: [{ hostname: "127.0.0.1", port: Number(port) }],
      tls: { ca, cert, key, serverName: "localhost" },
    };
    const tls: TlsListenOptions = { listen: [{ hostname: "127.0.0.1", port: 0 }], cert, key, clientCa: ca };
    await using stage = await Stage.start(config(ROUTES, { main: backend }, { listen: [], tls }));
    await stage.ready(1);
    await client.ask({ command: "connect", host: "localhost", port: stage.address.port, ca, cert, key });
    const got = await client.call("Echo", ["a", "b"]);
    assertEquals([got["status"], got["messages"]], [0, ["a", "b"]]);
    assertEquals(await client.ask({ command: "big", name: "Unary", size: 2 ** 20 }), { status: 0, same: true });
    assertEquals((await stage.gateway.clients()).map(({ tls }) => tls), [true]);
  },
);
