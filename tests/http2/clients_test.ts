/** Clients that others wrote, at our server; and our client at a server that others wrote. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DEFAULT_OPTIONS, Http2Connection, Http2Node } from "../../src/http2/mod.ts";
import { connectTcp } from "../../src/net/tcp.ts";
import { connectTls } from "../../src/net/tls.ts";
import { listenTls } from "../../src/net/tls_listener.ts";
import { Authority } from "../interop/certificates.ts";
import { interopTest, program } from "../interop/programs.ts";
import { until } from "../support/until.ts";
import { listenEcho, serveEcho } from "./echo_server.ts";
import { listOf, StreamRecord } from "./recorder.ts";

const NGHTTP = program("nghttp", "nghttp2-client");
const H2LOAD = program("h2load", "nghttp2-client");
const NODE = program("node", "nodejs");
const OPENSSL = program("openssl", "openssl");

async function run(command: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, stdin: "null" }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert(success, `${command} ${args.join(" ")}: ${text}`);
  return text;
}

/** Plays with an echo server on loopback; leaves nothing behind. */
async function withEcho(play: (address: string, node: Http2Node) => Promise<void>): Promise<void> {
  const node = new Http2Node();
  const server = listenEcho(node);
  try {
    await play(`127.0.0.1:${server.address.port}`, node);
  } finally {
    server.close();
    await until(() => node.size === 0, "all connections are closed");
  }
  assertEquals(node.segments.bytesInUse, 0);
}

async function withFile(bytes: Uint8Array, play: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, bytes);
    await play(path);
  } finally {
    await Deno.remove(path);
  }
}

interopTest("nghttp gets back what it posts, with trailers, padding and continuations", [NGHTTP], async () => {
  const body = Uint8Array.from({ length: 300_000 }, (_, i) => 65 + i % 23);
  await withFile(body, (path) =>
    withEcho(async (address) => {
      const output = await run(
        "nghttp",
        "-d",
        path,
        "--trailer",
        "a: b",
        "-b",
        "200",
        "--no-dep",
        `http://${address}/a`,
      );
      assertEquals(output, new TextDecoder().decode(body));
      const verbose = await run("nghttp", "-nv", "--continuation", `http://${address}/a`, `http://${address}/b`);
      assertStringIncludes(verbose, "grpc-status: 0");
      assert(!verbose.includes("INVALID"), verbose);
    }));
});

interopTest(
  "h2load gets all its answers, with few streams and with many, with small windows and large",
  [H2LOAD],
  async () => {
    await withFile(new Uint8Array(5_000), (path) =>
      withEcho(async (address) => {
        for (
          const [requests, clients, streams, bits] of [[2_000, 10, 20, 16], [300, 1, 1, 10], [2_000, 5, 200, 16], [
            500,
            3,
            7,
            8,
          ]]
        ) {
          const output = await run(
            "h2load",
            ...["-n", `${requests}`, "-c", `${clients}`, "-m", `${streams}`, "-w", `${bits}`, "-W", "16", "-d", path],
            `http://${address}/load`,
          );
          assertStringIncludes(output, `${requests} succeeded, 0 failed, 0 errored`);
        }
      }));
  },
);

/** What Node's client does: unary calls at once, a long body both ways, a cancel, a PING. */
const NODE_CLIENT = `
const http2 = require("node:http2");
const client = http2.connect(process.argv[1], process.argv[2] ? { ca: require("fs").readFileSync(process.argv[2]) } : {});
client.on("error", (error) => { console.log("error", error.message); process.exit(1); });
const call = (size) => new Promise((resolve, reject) => {
  const stream = client.request({ ":method": "POST", ":path": "/call" + size, te: "trailers" });
  let got = 0, sum = 0, trailers;
  stream.on("data", (chunk) => { got += chunk.length; for (const octet of chunk) sum = (sum + octet) % 65521; });
  stream.on("trailers", (list) => trailers = list["grpc-status"]);
  stream.on("error", reject);
  stream.on("end", () => resolve([got, sum, trailers].join(" ")));
  const body = Buffer.alloc(size);
  for (let i = 0; i < size; i++) body[i] = i * 7 + size;
  stream.end(body);
});
(async () => {
  const sizes = [0, 1, 5000, 100000, 3000000];
  for (let i = 0; i < 50; i++) sizes.push(i * 100);
  const answers = await Promise.all(sizes.map(call));
  const wanted = sizes.map((size) => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum = (sum + ((i * 7 + size) & 255)) % 65521;
    return [size, sum, "0"].join(" ");
  });
  const wrong = answers.filter((answer, i) => answer !== wanted[i]);
  if (wrong.length > 0) throw new Error("wrong: " + wrong.join());
  const cancelled = client.request({ ":method": "POST", ":path": "/cancel" });
  await new Promise((resolve) => cancelled.on("response", resolve));
  cancelled.close(http2.constants.NGHTTP2_CANCEL);
  await new Promise((resolve) => client.ping((error) => { if (error) throw error; resolve(); }));
  console.log(answers.length, "answers", client.remoteSettings.maxConcurrentStreams, client.alpnProtocol);
  client.close();
})();
`;

interopTest("Node's client gets back what it sends, on many streams at once", [NODE], async () => {
  await withEcho(async (address, node) => {
    assertEquals(await run("node", "-e", NODE_CLIENT, `http://${address}`), "55 answers 256 h2c\n");
    await until(() => node.size === 0, "its connection is closed");
  });
});

interopTest("Node's client and nghttp come in over TLS, where ALPN gives h2", [NODE, NGHTTP, OPENSSL], async () => {
  const directory = await Deno.makeTempDir();
  const node = new Http2Node();
  const files = await (await Authority.create(directory)).sign("localhost");
  const connections: Http2Connection[] = [];
  const listener = await listenTls(
    { hostname: "127.0.0.1", port: 0 },
    { ...files, clientCa: "", protocol: "h2" },
    { noDelay: true, handshakeTimeout: 5_000 },
    (connection) => connections.push(serveEcho(connection, node)),
  );
  try {
    const url = `https://localhost:${listener.address.port}`;
    assertEquals(await run("node", "-e", NODE_CLIENT, url, files.ca), "55 answers 256 h2\n");
    assertStringIncludes(await run("nghttp", "-nv", "-y", `${url}/a`), "The negotiated protocol: h2");
    // Without ALPN there is no HTTP/2.
    const bare = await connectTls(listener.address, { ca: files.ca, cert: "", key: "", serverName: "localhost" }, DIAL);
    const ends: string[] = [];
    const client = Http2Connection.client(bare, node, DEFAULT_OPTIONS, {
      closed: (end) => ends.push(`${end.kind} ${end.code}`),
    });
    const record = new StreamRecord();
    client.open(ASK, true, record);
    await until(() => ends.length === 1, "it is refused");
    assertEquals(record.heard.length, 1);
    assertEquals(connections.at(-1)!.closed, true);
  } finally {
    listener.close();
    for (const connection of connections) connection.close();
    await until(() => node.size === 0, "all connections are closed");
    await Deno.remove(directory, { recursive: true });
  }
});

const DIAL = { timeout: 5_000, noDelay: true };
const ASK = listOf({ ":method": "POST", ":scheme": "http", ":path": "/echo", ":authority": "there", te: "trailers" });

/** Echoes, with trailers; prints its port. */
const NODE_SERVER = `
const http2 = require("node:http2");
const fs = require("node:fs");
const [cert, key] = process.argv.slice(1);
const server = cert
  ? http2.createSecureServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) })
  : http2.createServer({ settings: { maxConcurrentStreams: 3 } });
server.on("stream", (stream) => {
  stream.respond({ ":status": 200, "x-many": ["a", "b"] }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.pipe(stream);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

/** Plays with Node's server, which prints its port. */
async function withNode(args: string[], play: (port: number) => Promise<void>): Promise<void> {
  const child = new Deno.Command("node", { args: ["-e", NODE_SERVER, ...args], stdin: "null", stdout: "piped" })
    .spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    await play(Number((await reader.read()).value));
  } finally {
    child.kill("SIGKILL");
    await reader.cancel();
    await child.status;
  }
}

interopTest("our client talks to Node's server: streams up to its limit, then more as they end", [NODE], async () => {
  await withNode([], async (port) => {
    const node = new Http2Node();
    const ends: string[] = [];
    let opened = 0;
    const records: StreamRecord[] = [];
    const openMore = () => {
      while (opened < 10) {
        const record = new StreamRecord();
        const stream = client.open(ASK, false, record);
        if (stream === undefined) return;
        record.stream = stream;
        records.push(record);
        const body = Uint8Array.from({ length: 100_000 }, (_, i) => i + opened);
        stream.sendData(body, true);
        opened++;
      }
    };
    const client = Http2Connection.client(
      await connectTcp({ hostname: "127.0.0.1", port }, DIAL),
      node,
      DEFAULT_OPTIONS,
      { settled: openMore, room: openMore, closed: (end) => ends.push(`${end.kind} ${end.code}`) },
    );
    await until(() => records.length === 10 && client.streams === 0, "all are answered");
    for (const [n, { heard, bytes }] of records.entries()) {
      assertEquals([heard[0], heard.at(-1)], ["headers 200", "trailers grpc-status"]);
      assertEquals(bytes.length, 100_000);
      assert(bytes.every((byte, i) => byte === ((i + n) & 255)), `answer ${n} is what was sent`);
    }
    assertEquals(client.peerSettings.maxConcurrentStreams, 3);
    client.shutdown();
    await until(() => node.size === 0, "it is closed");
    assertEquals(ends, ["closed 0"]);
  });
});

interopTest(
  "our client trusts a self-signed certificate that it is given, and agrees on h2",
  [NODE, OPENSSL],
  async () => {
    const directory = await Deno.makeTempDir();
    const [cert, key] = [`${directory}/cert.pem`, `${directory}/key.pem`];
    try {
      await run(
        "openssl",
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost"],
        ...["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert],
      );
      await withNode([cert, key], async (port) => {
        const node = new Http2Node();
        const files = { ca: cert, cert: "", key: "", serverName: "localhost", protocol: "h2" };
        const connection = await connectTls({ hostname: "127.0.0.1", port }, files, DIAL);
        assertEquals(connection.tls?.protocol, "h2");
        const client = Http2Connection.client(connection, node, DEFAULT_OPTIONS, { closed() {} });
        const record = new StreamRecord();
        record.stream = client.open(ASK, false, record)!;
        record.stream.sendData(new TextEncoder().encode("over TLS"), true);
        await until(() => record.heard.length === 3, "the answer comes");
        assertEquals(record.heard, ["headers 200", "data over TLS", "trailers grpc-status"]);
        client.shutdown();
        await until(() => node.size === 0, "it is closed");
      });
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);
