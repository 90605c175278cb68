import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { until } from "../../support/until.ts";
import { parse, readAll, readSome, send } from "./raw_http.ts";
import { rig } from "./rig.ts";

const HEAD = "HTTP/1.1\r\nHost: 127.0.0.1\r\n";

Deno.test("a head that comes byte by byte ends with 408, however busy it looks", async () => {
  await using admin = await rig({ limits: { headTimeout: 150 } });
  using conn = await Deno.connect(admin.server.address);
  await send(conn, `GET /healthz ${HEAD}`);
  let isOver = false;
  const answer = readAll(conn).finally(() => isOver = true);
  await until(async () => {
    await send(conn, "x: y\r\n").catch(() => {});
    return isOver;
  }, "it is let go");
  assertEquals(parse(await answer).status, 408);
  await until(() => admin.server.connections === 0, "its connection is gone");
});

Deno.test("a connection that says nothing is let go", async () => {
  await using admin = await rig({ limits: { headTimeout: 100 } });
  using conn = await Deno.connect(admin.server.address);
  assertEquals(parse(await readAll(conn)).status, 408);
});

Deno.test("a body that stops half-way ends with 408, and its handler is never asked", async () => {
  await using admin = await rig({ limits: { headTimeout: 150, requestTimeout: 150 } });
  using conn = await Deno.connect(admin.server.address);
  await send(conn, `POST /api/v1/drain ${HEAD}Content-Length: 100\r\n\r\nhalf`);
  assertEquals(parse(await readAll(conn)).status, 408);
  assertEquals([admin.host.drained, admin.host.log.lines.filter(({ level }) => level === "error")], [0, []]);
});

Deno.test("a client that leaves in the middle of its body is no defect", async () => {
  await using admin = await rig();
  {
    using conn = await Deno.connect(admin.server.address);
    await send(conn, `POST /api/v1/drain ${HEAD}Content-Length: 100\r\n\r\nhalf`);
    await until(() => admin.server.connections === 1, "it is connected");
  }
  await until(() => admin.server.connections === 0, "it is gone");
  assertEquals([admin.host.drained, admin.host.log.lines.filter(({ level }) => level === "error")], [0, []]);
});

Deno.test("a connection that has got its answer may stay for a while, and no longer", async () => {
  await using admin = await rig({ limits: { idleTimeout: 100 } });
  using conn = await Deno.connect(admin.server.address);
  await send(conn, `GET /healthz ${HEAD}\r\n`);
  assertStringIncludes(await readSome(conn), "200 OK");
  await readAll(conn);
});

Deno.test("who opens all connections and asks nothing locks nobody out", async () => {
  await using admin = await rig({ limits: { connections: 10 } });
  using silent = new DisposableStack();
  for (let nth = 0; nth < 30; nth++) {
    const conn = silent.use(await Deno.connect(admin.server.address));
    await send(conn, `GET /healthz ${HEAD}`);
  }
  for (let nth = 0; nth < 5; nth++) assertEquals((await admin.ask("/healthz")).status, 200);
  assert(admin.server.connections <= 10);
});

Deno.test("when every connection waits for its answer, one more is closed", async () => {
  await using admin = await rig({ limits: { connections: 3 } });
  using readers = new DisposableStack();
  for (let nth = 0; nth < 3; nth++) {
    const conn = readers.use(await Deno.connect(admin.server.address));
    await send(conn, `GET /api/v1/events ${HEAD}\r\n`);
    assertStringIncludes(await readSome(conn), "200 OK");
  }
  using conn = await Deno.connect(admin.server.address);
  await send(conn, `GET /healthz ${HEAD}\r\n`).catch(() => {});
  assertEquals(await readAll(conn), "");
  assertEquals(admin.server.eventStreams, 3);
});

Deno.test("a reader of a long answer that does not read is let go, and no more of it is made meanwhile", async () => {
  await using admin = await rig({ limits: { stallTimeout: 200 } });
  let made = 0;
  let isOver = false;
  admin.host.metricsText = async function* () {
    try {
      for (;;) {
        made++;
        yield "x".repeat(100_000) + "\n";
        await Promise.resolve();
      }
    } finally {
      isOver = true;
    }
  };
  using conn = await Deno.connect(admin.server.address);
  await send(conn, `GET /metrics ${HEAD}\r\n`);
  await until(() => isOver, "it is let go");
  assert(made < 200, `${made} pieces of 100 kB were made for nobody`);
  await until(() => admin.server.connections === 0, "its connection is gone");
  assertEquals(admin.host.log.lines, []);
});

Deno.test("a long answer at once is let go as well when nobody reads it", async () => {
  const body = "x".repeat(30_000_000);
  await using admin = await rig({ assets: { "/": { type: "text/plain", body } }, limits: { stallTimeout: 200 } });
  using conn = await Deno.connect(admin.server.address);
  await send(conn, `GET / ${HEAD}\r\n`);
  await until(() => admin.server.connections === 1, "it is connected");
  await until(() => admin.server.connections === 0, "it is let go");
});

Deno.test("a reader of a long answer that reads slowly gets all of it", async () => {
  const body = "x".repeat(30_000_000);
  await using admin = await rig({ assets: { "/": { type: "text/plain", body } }, limits: { stallTimeout: 1_500 } });
  using conn = await Deno.connect(admin.server.address);
  const begin = performance.now();
  await send(conn, `GET / ${HEAD}Connection: close\r\n\r\n`);
  const buffer = new Uint8Array(65_536);
  let length = 0;
  for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
    length += n;
    // In all longer than the patience with those who do not read.
    if (performance.now() - begin < 2_000) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert(length > body.length, `only ${length} bytes came`);
});

Deno.test("requests behind each other on one connection are all answered, in their order", async () => {
  await using admin = await rig();
  using conn = await Deno.connect(admin.server.address);
  const asked = ["/healthz", "/nothing", "/api/v1/status", "/api/v1/dras/dra-9"];
  await send(conn, asked.map((path) => `GET ${path} ${HEAD}\r\n`).join(""));
  await send(conn, `GET /healthz ${HEAD}Connection: close\r\n\r\n`);
  const statuses = [...(await readAll(conn)).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
  assertEquals(statuses, [200, 404, 200, 404, 200]);
});

Deno.test("who asks for more and more without reading an answer is let go", async () => {
  await using admin = await rig({ limits: { stallTimeout: 200 } });
  using conn = await Deno.connect(admin.server.address);
  const many = `GET /api/v1/openapi.json ${HEAD}\r\n`.repeat(1_000);
  await send(conn, many).catch(() => {});
  await until(() => admin.server.connections === 0, "it is let go");
});

Deno.test("the end comes soon although somebody waits, reads nothing or sends nothing", async () => {
  const admin = await rig();
  const { promise, resolve } = Promise.withResolvers<void>();
  admin.host.drain = () => promise;
  using conns = new DisposableStack();
  const asked = [
    "",
    `GET /healthz ${HEAD}`,
    `POST /api/v1/drain ${HEAD}Content-Length: 0\r\n\r\n`,
    `POST /api/v1/drain ${HEAD}Content-Length: 9\r\n\r\n`,
    `GET /api/v1/events ${HEAD}\r\n`,
  ];
  for (const text of asked) await send(conns.use(await Deno.connect(admin.server.address)), text);
  await until(() => admin.server.connections === 5 && admin.server.eventStreams === 1, "all are connected");
  const before = performance.now();
  await admin.server.close();
  assert(performance.now() - before < 2_000);
  assertEquals(admin.server.connections, 0);
  resolve();
});

Deno.test("an answer under way ends before the interface does", async () => {
  const admin = await rig();
  const { promise, resolve } = Promise.withResolvers<void>();
  let isAsked = false;
  admin.host.drain = () => {
    isAsked = true;
    return promise;
  };
  const answer = admin.ask("/api/v1/drain", { method: "POST" });
  await until(() => isAsked, "it is asked");
  const closed = admin.server.close();
  resolve();
  assertEquals((await answer).status, 200);
  await closed;
});
