import { assertEquals, assertRejects } from "@std/assert";
import * as z from "zod";
import { AdminClient, AdminClientError } from "../../../src/ops/admin/client.ts";
import { Authority } from "../../interop/certificates.ts";
import { until } from "../../support/until.ts";
import { send } from "./raw_http.ts";
import { rig } from "./rig.ts";

const health = z.object({ state: z.string() });

async function authority(): Promise<{ directory: string; authority: Authority } & AsyncDisposable> {
  const directory = await Deno.makeTempDir();
  return {
    directory,
    authority: await Authority.create(directory),
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

Deno.test("with TLS it answers those who trust its certificate, and others are told why not", async () => {
  await using files = await authority();
  const { cert, key, ca } = await files.authority.sign("localhost");
  await using admin = await rig({ tls: { cert, key, clientCa: "" } });
  const url = `https://localhost:${admin.server.address.port}`;
  assertEquals(admin.server.url.startsWith("https://127.0.0.1:"), true);
  assertEquals(await new AdminClient({ url, ca }).get("/healthz", health), { state: "ok" });
  const error = await assertRejects(() => new AdminClient({ url }).get("/healthz", health), AdminClientError);
  assertEquals(error.failure, "tls");
  const plain = new AdminClient({ url: url.replace("https", "http") });
  const wrong = await assertRejects(() => plain.get("/healthz", health), AdminClientError);
  assertEquals(["not_admin", "unreachable"].includes(wrong.failure), true, wrong.message);
});

Deno.test("a self-signed certificate is trusted when it is given itself", async () => {
  await using files = await authority();
  const { cert, key } = await files.authority.sign("localhost");
  await using admin = await rig({ tls: { cert, key, clientCa: "" } });
  const client = new AdminClient({
    url: `https://localhost:${admin.server.address.port}`,
    ca: `${files.directory}/ca.pem`,
  });
  assertEquals(await client.get("/healthz", health), { state: "ok" });
});

Deno.test("with client_ca nobody without a certificate gets an answer", async () => {
  await using files = await authority();
  const { cert, key, ca } = await files.authority.sign("localhost");
  await using admin = await rig({ tls: { cert, key, clientCa: ca } });
  const client = new AdminClient({ url: `https://localhost:${admin.server.address.port}`, ca });
  await assertRejects(() => client.get("/healthz", health), AdminClientError);
  await until(() => admin.server.connections === 0, "it is gone");
});

Deno.test("a connection that never shakes hands is let go", async () => {
  await using files = await authority();
  const { cert, key } = await files.authority.sign("localhost");
  await using admin = await rig({ tls: { cert, key, clientCa: "" }, limits: { headTimeout: 200 } });
  using conn = await Deno.connect(admin.server.address);
  await conn.write(new Uint8Array([22, 3, 1]));
  await until(() => admin.server.connections === 1, "it is connected");
  await until(() => admin.server.connections === 0, "it is let go");
});

Deno.test("over TLS, too, a reader that does not read is let go, and a head without end", async () => {
  await using files = await authority();
  const { cert, key, ca } = await files.authority.sign("localhost");
  const body = "x".repeat(30_000_000);
  const limits = { stallTimeout: 200, headTimeout: 200 };
  await using admin = await rig({
    tls: { cert, key, clientCa: "" },
    limits,
    assets: { "/": { type: "text/plain", body } },
  });
  const caCerts = [await Deno.readTextFile(ca)];
  for (const text of ["GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET / HTTP/1.1\r\nHost: "]) {
    using conn = await Deno.connectTls({ hostname: "localhost", port: admin.server.address.port, caCerts });
    await send(conn, text);
    await until(() => admin.server.connections === 1, "it is connected");
    await until(() => admin.server.connections === 0, "it is let go");
  }
});

Deno.test("certificates are read again for connections to come", async () => {
  await using files = await authority();
  const first = await files.authority.sign("localhost");
  await using other = await authority();
  const second = await other.authority.sign("localhost");
  await using admin = await rig({ tls: { cert: first.cert, key: first.key, clientCa: "" } });
  const url = `https://localhost:${admin.server.address.port}`;
  await admin.server.reloadCertificates({ cert: second.cert, key: second.key, clientCa: "" });
  assertEquals(await new AdminClient({ url, ca: second.ca }).get("/healthz", health), { state: "ok" });
  await assertRejects(() => new AdminClient({ url, ca: first.ca }).get("/healthz", health), AdminClientError);
});

Deno.test("a certificate that cannot be read is an error at the start that names the file", async () => {
  const tls = { cert: "/nothing.pem", key: "/nothing.key", clientCa: "" };
  await assertRejects(() => rig({ tls }), Error, "cannot read /nothing.pem");
});
