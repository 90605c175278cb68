import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import * as z from "zod";
import {
  AdminClient,
  AdminClientError,
  type AdminEventFrame,
  type AdminFailure,
  adminToken,
} from "../../../src/ops/admin/client.ts";
import { eventFrames } from "../../../src/ops/admin/event_reader.ts";
import { unprocessable } from "../../../src/ops/admin/problem.ts";
import { freePort } from "../../support/free_port.ts";
import { until } from "../../support/until.ts";
import { importsOf, tokensOf } from "../../layering/tokens.ts";
import { readSome, send } from "./raw_http.ts";
import { type Rig, rig } from "./rig.ts";

const status = z.object({ version: z.string(), state: z.string() });
const anything = z.looseObject({});

function client(admin: Rig, token = ""): AdminClient {
  return new AdminClient({ url: `127.0.0.1:${admin.server.address.port}`, token });
}

async function fails(asked: () => Promise<unknown>, failure: AdminFailure, sentence: string): Promise<void> {
  const error = await assertRejects(asked, AdminClientError);
  assertEquals(error.failure, failure, error.message);
  assertStringIncludes(error.message, sentence);
}

/** Somebody who answers every connection with `text`, or with nothing. */
async function answering(text: string, asked: (url: string) => Promise<void>): Promise<void> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}`;
  const served = (async () => {
    using conn = await listener.accept();
    await readSome(conn);
    await send(conn, text);
    if (text === "") await conn.read(new Uint8Array(1)).catch(() => {});
  })();
  await asked(url);
  await served;
}

Deno.test("it reads JSON and text, posts, and tells a 503 of readyz as the answer that it is", async () => {
  await using admin = await rig();
  const asking = client(admin);
  assertEquals(await asking.get("/api/v1/status", status), { version: "1.2.3", state: "ready" });
  assertStringIncludes(await asking.text("/metrics"), "diamgw_diameter_requests_total 1\n");
  await asking.post("/api/v1/drain", anything);
  assertEquals(admin.host.drained, 1);
  await asking.ask({ method: "PUT", path: "/api/v1/logging", json: { level: "debug" } }, anything);
  assertEquals(admin.host.state.level, "debug");
  admin.plane.current = { state: "degraded", ready: false, reason: "no DRA is usable" };
  const ready = await asking.ask({ method: "GET", path: "/readyz" }, z.object({ reason: z.string() }));
  assertEquals([ready.status, ready.body], [503, { reason: "no DRA is usable" }]);
});

Deno.test("its token opens the door, and without one it says where one may stand", async () => {
  await using admin = await rig({ token: "s3cret" });
  assertEquals((await client(admin, "s3cret").get("/api/v1/status", status)).version, "1.2.3");
  await fails(
    () => client(admin).get("/api/v1/status", status),
    "unauthorized",
    "DIAM_GW_ADMIN_TOKEN, or give --token-file",
  );
  await fails(() => client(admin, "old").get("/api/v1/status", status), "unauthorized", "does not take this token");
  await fails(() => client(admin).text("/metrics"), "unauthorized", "wants a token");
});

Deno.test("a problem is told with all that is wrong", async () => {
  await using admin = await rig();
  admin.host.reload = () =>
    Promise.reject(unprocessable("the file is bad", [{ detail: "a: bad" }, { detail: "b: worse" }]));
  const asked = () => client(admin).post("/api/v1/config/reload", anything);
  await fails(asked, "problem", "POST /api/v1/config/reload: the file is bad\na: bad\nb: worse");
  const error = await assertRejects(() => client(admin).get("/api/v1/dras/dra-9", anything), AdminClientError);
  assertEquals([error.status, error.problem?.["title"]], [404, "Not Found"]);
});

Deno.test("nobody there, and somebody else there, are told apart", async () => {
  const url = `http://127.0.0.1:${freePort()}`;
  await fails(() => new AdminClient({ url }).get("/readyz", anything), "unreachable", `at ${url}: connection refused`);
  const asked = (url: string) => new AdminClient({ url }).get("/api/v1/status", status);
  const page = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>";
  await answering(page, (url) => fails(() => asked(url), "not_admin", "is no admin interface of diam-gw"));
  const other = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"a":"b"}';
  await answering(other, (url) => fails(() => asked(url), "not_admin", "is no admin interface of diam-gw"));
  const missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
  await answering(missing, (url) => fails(() => asked(url), "not_admin", "GET /api/v1/status gave status 404"));
  await answering(
    "\x01\x00\x00\x14",
    (url) => fails(() => asked(url), "unreachable", "cannot ask the admin interface"),
  );
});

Deno.test("an answer that does not come, or not to its end, is a timeout", async () => {
  const asked = (url: string) => new AdminClient({ url, timeout: 100 }).get("/readyz", anything);
  await answering("", (url) => fails(() => asked(url), "timeout", "did not answer within 100 ms"));
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    using conn = await listener.accept();
    await readSome(conn);
    await send(conn, "HTTP/1.1 200 OK\r\nContent-Length: 600\r\n\r\n{");
    await conn.read(new Uint8Array(1)).catch(() => {});
  })();
  await fails(() => asked(`http://127.0.0.1:${listener.addr.port}`), "timeout", "took longer than 100 ms");
  await served;
});

Deno.test("what is no address of an admin interface is refused before anything is asked", () => {
  for (const url of ["", "ftp://x", "http://", "127.0.0.1:99999", "http://127.0.0.1/api", "a b"]) {
    assertThrows(() => new AdminClient({ url }), Error, "expected the address of an admin interface");
  }
  assertEquals(new AdminClient({ url: "[::1]:9868" }).url, "http://[::1]:9868");
});

Deno.test("events come as they happen, and end when nobody wants more or the interface ends", async () => {
  const admin = await rig();
  const seen: AdminEventFrame[] = [];
  const read = async (signal: AbortSignal, last?: string) => {
    for await (const event of client(admin).events(signal, last)) seen.push(event);
  };
  const stop = new AbortController();
  const reading = read(stop.signal);
  await until(() => admin.server.eventStreams === 1, "it reads");
  admin.plane.events.tell("peer_up", { dra: "dra-1" });
  await until(() => seen.length === 1, "the event came");
  assertEquals([seen[0]?.kind, (seen[0]?.data as Record<string, unknown>)["dra"]], ["peer_up", "dra-1"]);
  stop.abort();
  await reading;
  await until(() => admin.server.eventStreams === 0, "it has gone");
  admin.plane.events.tell("peer_down");
  const again = read(new AbortController().signal, seen[0]!.id);
  await until(() => seen.length === 2, "what was missed came");
  assertEquals(seen[1]?.kind, "peer_down");
  await admin.server.close();
  await again.catch((error) => assertEquals(error.failure, "unreachable"));
});

Deno.test("no events without the token", async () => {
  await using admin = await rig({ token: "s3cret" });
  await fails(() => client(admin).events(new AbortController().signal).next(), "unauthorized", "wants a token");
});

Deno.test("events are read however they are cut", async () => {
  const text = 'retry: 2000\n: events follow\n\nid: a-1\nevent: peer_up\ndata: {"dra":"dra-ü"}\n\n: still here\n\n';
  const bytes = new TextEncoder().encode(text);
  for (let size = 1; size <= bytes.length; size++) {
    const chunks = async function* () {
      for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
    };
    assertEquals(await Array.fromAsync(eventFrames(chunks())), [{
      id: "a-1",
      kind: "peer_up",
      data: { dra: "dra-ü" },
    }]);
  }
});

Deno.test("the token comes from a file when one is named, else from the environment", async () => {
  const file = await Deno.makeTempFile();
  try {
    await assertRejects(() => adminToken(file), Error, "is empty");
    await Deno.writeTextFile(file, "s3cret\n");
    assertEquals(await adminToken(file), "s3cret");
  } finally {
    await Deno.remove(file);
  }
  await assertRejects(() => adminToken(file), Error, "--token-file: cannot read");
  // In a process of its own: the environment is that of all tests that run meanwhile.
  const module = new URL("../../../src/ops/admin/client.ts", import.meta.url).href;
  const script = `import { adminToken } from "${module}";
const of = async (set) => (set(), await adminToken(undefined));
console.log(
  await of(() => Deno.env.set("DIAM_GW_ADMIN_TOKEN", "from-env")),
  await of(() => Deno.env.delete("DIAM_GW_ADMIN_TOKEN")) === "",
);`;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["eval", script], stderr: "inherit" }).output();
  assertEquals(new TextDecoder().decode(stdout), "from-env true\n");
});

Deno.test("commands that ask, and planes, load nothing of the server, and the server no HTTP/2", async () => {
  const loaded = async (path: string) =>
    Object.keys(await importsBelow(new URL(`../../../src/ops/admin/${path}`, import.meta.url)));
  for (const path of ["client.ts", "plane.ts", "host.ts", "route.ts", "parameter.ts", "paging.ts", "problem.ts"]) {
    assertEquals((await loaded(path)).filter((name) => /hono|server|application/.test(name)), [], path);
  }
  const server = await loaded("server.ts");
  assertEquals([server.includes("hono"), server.includes("node:http2")], [true, false]);
});

/** Everything that is imported from `file` on, by what it is called. */
async function importsBelow(file: URL, seen: Record<string, true> = {}): Promise<Record<string, true>> {
  for (const { specifier } of importsOf(tokensOf(await Deno.readTextFile(file)))) {
    const next = specifier.startsWith(".") ? new URL(specifier, file) : undefined;
    const name = next?.href ?? specifier;
    if (seen[name]) continue;
    seen[name] = true;
    if (next?.pathname.endsWith(".ts")) await importsBelow(next, seen);
  }
  return seen;
}
