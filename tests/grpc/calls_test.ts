import { assert, assertEquals } from "@std/assert";
import { HeaderList } from "../../src/http2/mod.ts";
import { until } from "../support/until.ts";
import {
  Backend,
  bytesOf,
  cluster,
  config,
  echo,
  ERROR_CODE,
  listOf,
  message,
  OK_HEADERS,
  pairsOf,
  Stage,
} from "./support/stage.ts";

const METHOD = "/pkg.Service/Method";
const ROUTES = [{ prefix: "/pkg.Service" }];

Deno.test("3.1 a unary call reaches the backend and its answer the client", async () => {
  await using backend = new Backend("one");
  await using stage = await Stage.start(config(ROUTES, { main: cluster([backend]) }));
  await stage.ready(1);
  const client = await stage.client();
  const got = await client.unary(METHOD);
  assertEquals(got.messages, ["one"]);
  assertEquals(got.status, "0");
});

Deno.test("3.1 messages of a bidirectional call pass one by one, as they come", async () => {
  await using backend = new Backend("one", echo);
  await using stage = await Stage.start(config(ROUTES, { main: cluster([backend]) }));
  await stage.ready(1);
  const client = await stage.client();
  const call = client.call(METHOD, { body: ["a"], open: true });
  for (const next of ["b", "c", "d"]) {
    const before = call.messages.length;
    await until(() => call.messages.length > before || call.messages.length === 4, "the message has come back");
    call.stream.sendData(message(next), false);
  }
  await until(() => call.messages.length === 4, "all have come back");
  assert(!call.ended);
  call.stream.sendData(new Uint8Array(0), true);
  await call.end();
  assertEquals(call.messages, ["a", "b", "c", "d"]);
});

Deno.test("3.1 bytes that are no messages pass unchanged, however they are cut", async () => {
  await using backend = new Backend("one", echo);
  await using stage = await Stage.start(config(ROUTES, { main: cluster([backend]) }));
  await stage.ready(1);
  const client = await stage.client();
  const call = client.call(METHOD, { body: [], open: true });
  const parts = ["\x01\x00", "", "\x00\x00\xff", "rest of it", "\x00"].map(bytesOf);
  for (const part of parts) call.stream.sendData(part, false);
  call.stream.sendData(new Uint8Array(0), true);
  await call.end();
  assertEquals(String.fromCharCode(...call.bytes), "\x01\x00\x00\x00\xffrest of it\x00");
});

Deno.test("3.2 headers pass in both directions: order, duplicates, bytes, never-indexed ones", async () => {
  await using backend = new Backend("one");
  backend.handler = (request) => {
    if (!request.ended || request.stream.localEnded) return;
    const headers = listOf([...pairsOf(OK_HEADERS), ["x-a", "1"], ["x-b", "2"], ["x-a", "3"], ["y-bin", "AAEC"]]);
    headers.append("secret", "hush", true);
    request.stream.sendHeaders(headers, false);
    request.stream.sendTrailers(listOf([["grpc-status", "3"], ["grpc-message", "a%20b"], ["z-bin", "//79"]]));
  };
  await using stage = await Stage.start(config(ROUTES, { main: cluster([backend]) }));
  await stage.ready(1);
  const client = await stage.client();
  const list = listOf([
    [":method", "POST"],
    [":scheme", "http"],
    [":path", METHOD],
    [":authority", "somewhere.example:1"],
    ["content-type", "application/grpc+proto"],
    ["user-agent", "grpc-x/1"],
    ["b", "1"],
    ["a", "2"],
    ["b", "\xe4\xff"],
    ["key-bin", "AAECAw,//8"],
  ]);
  list.append("authorization", "Bearer hush", true);
  const call = client.call(METHOD);
  await call.end();
  const { Received } = await import("./support/stage.ts");
  const received = new Received();
  received.stream = client.http2.open(list, true, received)!;
  await received.end();
  const request = backend.requests[1]!;
  assertEquals(pairsOf(request.list), pairsOf(list));
  assertEquals(request.list.neverIndexed, new Set([list.names.length - 1]));
  assertEquals(pairsOf(received.list!).slice(2), [
    ["x-a", "1"],
    ["x-b", "2"],
    ["x-a", "3"],
    ["y-bin", "AAEC"],
    ["secret", "hush"],
  ]);
  assertEquals(received.list!.neverIndexed, new Set([6]));
  assertEquals(pairsOf(received.last!), [["grpc-status", "3"], ["grpc-message", "a%20b"], ["z-bin", "//79"]]);
});

Deno.test("3.2 headers of a connection are taken out of a backend's response", async () => {
  await using backend = new Backend("one");
  backend.handler = (request) => {
    if (!request.ended || request.stream.localEnded) return;
    const headers = listOf([...pairsOf(OK_HEADERS), ["connection", "close"], ["x", "1"], ["keep-alive", "5"]]);
    request.stream.sendHeaders(headers, false);
    request.stream.sendTrailers(listOf([["grpc-status", "0"]]));
  };
  await using stage = await Stage.start(config(ROUTES, { main: cluster([backend]) }));
  await stage.ready(1);
  const got = await (await stage.client()).unary(METHOD);
  assertEquals(pairsOf(got.list!), [...pairsOf(OK_HEADERS), ["x", "1"]]);
});

Deno.test("3.3 Trailers-Only stays Trailers-Only", async () => {
  await using backend = new Backend("one", (request) => {
    if (!request.ended) return;
    const list = listOf([...pairsOf(OK_HEADERS), ["grpc-status", "5"], ["grpc-status-details-bin", "AAA"]]);
    request.stream.sendHeaders(list, true);
  });
  await using stage = await Stage.start(config(ROUTES, { main: cluster([backend]) }));
  await stage.ready(1);
  const got = await (await stage.client()).unary(METHOD);
  assertEquals(got.last, undefined);
  assertEquals(got.list!.get("grpc-status-details-bin"), "AAA");
  assertEquals(got.status, "5");
});

Deno.test("3.3 a response that is no gRPC passes unchanged", async () => {
  await using backend = new Backend("one", (request) => {
    if (!request.ended || request.stream.localEnded) return;
    request.stream.sendHeaders(listOf([[":status", "503"], ["content-type", "text/plain"]]), false);
    request.stream.sendData(bytesOf("away"), true);
  });
  await using stage = await Stage.start(config(ROUTES, { main: cluster([backend]) }));
  await stage.ready(1);
  const got = await (await stage.client()).unary(METHOD);
  assertEquals(got.list!.get(":status"), "503");
  assertEquals(String.fromCharCode(...got.bytes), "away");
  assertEquals(got.last, undefined);
});

Deno.test("3.3 headers of a response go on before there is a message", async () => {
  await using backend = new Backend("one", (request) => {
    if (request.list.has("done") || request.stream.localEnded || sent) return;
    sent = true;
    request.stream.sendHeaders(OK_HEADERS, false);
  });
  let sent = false;
  await using stage = await Stage.start(config(ROUTES, { main: cluster([backend]) }));
  await stage.ready(1);
  const call = (await stage.client()).call(METHOD);
  await until(() => call.list !== undefined, "the headers have come");
  assertEquals(call.received, 0);
  backend.requests[0]!.stream.sendTrailers(listOf([["grpc-status", "0"]]));
  await call.end();
});

Deno.test("3.4 a backend that ends first: the client gets all of it, then RST_STREAM NO_ERROR", async () => {
  await using backend = new Backend("one", (request) => {
    if (request.received === 0 || request.stream.localEnded) return;
    request.answer("enough");
  });
  await using stage = await Stage.start(config(ROUTES, { main: cluster([backend]) }));
  await stage.ready(1);
  const call = (await stage.client()).call(METHOD, { open: true });
  await until(() => call.code !== undefined || call.stream.closed, "the stream is over");
  assertEquals(call.messages, ["enough"]);
  assertEquals(call.status, "0");
  assertEquals(call.code, ERROR_CODE.NO_ERROR);
  await until(() => backend.requests[0]!.stream.closed, "the backend's stream is over");
});

Deno.test("3.5 a cancelled call is cancelled at the backend, and the others go on", async () => {
  await using backend = new Backend("one", () => {});
  await using stage = await Stage.start(config(ROUTES, { main: cluster([backend]) }));
  await stage.ready(1);
  const client = await stage.client();
  const kept = client.call(METHOD, { open: true });
  const call = client.call(METHOD, { open: true });
  await until(() => backend.requests.length === 2, "both calls are there");
  const at = performance.now();
  call.stream.reset(ERROR_CODE.CANCEL);
  await until(() => backend.requests[1]!.code !== undefined, "the backend knows");
  assert(performance.now() - at < 50);
  assertEquals(backend.requests[1]!.code, ERROR_CODE.CANCEL);
  backend.handler = echo;
  kept.stream.sendData(message("y"), true);
  await kept.end();
  assertEquals(kept.messages, ["x", "y"]);
  assertEquals((await stage.gateway.status()).cancelled, 1);
});

Deno.test("3.5 the loss of a client's connection cancels its calls", async () => {
  await using backend = new Backend("one", () => {});
  await using stage = await Stage.start(config(ROUTES, { main: cluster([backend]) }));
  await stage.ready(1);
  const client = await stage.client();
  client.call(METHOD, { open: true });
  client.call(METHOD);
  await until(() => backend.requests.length === 2, "both calls are there");
  client.http2.connection.close();
  await until(() => backend.requests.every(({ code }) => code === ERROR_CODE.CANCEL), "the backend knows");
  assertEquals((await stage.gateway.status()).cancelled, 2);
});

Deno.test("3.6 a deadline ends a call here and at the backend", async () => {
  await using backend = new Backend("one", () => {});
  await using stage = await Stage.start(config(ROUTES, { main: cluster([backend]) }));
  await stage.ready(1);
  const client = await stage.client();
  const at = performance.now();
  const got = await client.unary(METHOD, { headers: [["grpc-timeout", "80m"]] });
  const took = performance.now() - at;
  assertEquals([got.status, got.text], ["4", "deadline exceeded"]);
  assert(took >= 79, `${took} ms`);
  await until(() => backend.requests[0]!.code === ERROR_CODE.CANCEL, "the backend knows");
  assertEquals(backend.requests[0]!.list.get("grpc-timeout"), "80m");
});

Deno.test("3.6 after headers the deadline comes as trailers", async () => {
  await using backend = new Backend("one", (request) => {
    if (request.list.has("sent") || request.stream.localEnded || sent) return;
    sent = true;
    request.stream.sendHeaders(OK_HEADERS, false);
    request.stream.sendData(message("first"), false);
  });
  let sent = false;
  await using stage = await Stage.start(config(ROUTES, { main: cluster([backend]) }));
  await stage.ready(1);
  const got = await (await stage.client()).unary(METHOD, { headers: [["grpc-timeout", "50m"]] });
  assertEquals(got.messages, ["first"]);
  assertEquals(got.last!.get("grpc-status"), "4");
});

Deno.test("3.6 a backend gets what is left of a deadline, none where there is none", async () => {
  await using backend = new Backend("one");
  await using stage = await Stage.start(
    config(ROUTES, { main: cluster([backend]) }),
    { processors: [{ process: () => new Promise((resolve) => setTimeout(resolve, 30)) }] },
  );
  await stage.ready(1);
  const client = await stage.client();
  await client.unary(METHOD, { headers: [["grpc-timeout", "1000m"]] });
  await client.unary(METHOD, { headers: [["grpc-timeout", "5S"]] });
  await client.unary(METHOD);
  const [ms, seconds, none] = backend.requests.map(({ list }) => list.get("grpc-timeout"));
  assert(/^\d+m$/.test(ms!) && Number.parseInt(ms!) <= 971 && Number.parseInt(ms!) > 500, ms);
  assertEquals(seconds, "5S");
  assertEquals(none, undefined);
});

for (const text of ["", "S", "10", "123456789S", "1x", "-1S", "1.5S", " 1S"]) {
  Deno.test(`3.6 a malformed grpc-timeout is INTERNAL: ${JSON.stringify(text)}`, async () => {
    await using backend = new Backend("one");
    await using stage = await Stage.start(config(ROUTES, { main: cluster([backend]) }));
    await stage.ready(1);
    const list = new HeaderList();
    for (const [name, value] of [[":method", "POST"], [":scheme", "http"], [":path", METHOD], [":authority", "x"]]) {
      list.append(name!, value!);
    }
    list.append("content-type", "application/grpc").append("grpc-timeout", text);
    const { Received } = await import("./support/stage.ts");
    const received = new Received();
    const client = await stage.client();
    received.stream = client.http2.open(list, true, received)!;
    await received.end();
    // A value with space around it breaks HTTP/2 itself.
    if (text !== text.trim()) assertEquals(received.code, ERROR_CODE.PROTOCOL_ERROR);
    else assertEquals([received.status, received.text], ["13", "malformed grpc-timeout"]);
    assertEquals(backend.requests.length, 0);
  });
}

Deno.test("3.7 a client that reads nothing holds back its backend, and nobody else", async () => {
  await using backend = new Backend("one");
  const chunk = message(new Uint8Array(16 * 1024));
  backend.handler = (request) => {
    if (request.stream.localEnded) return;
    if (request.path !== "/pkg.Service/Big") return request.ended ? request.answer("small") : undefined;
    if (!request.ended || request.drains > 0) return;
    request.drains = 1;
    request.stream.sendHeaders(OK_HEADERS, false);
    for (let i = 0; i < 256; i++) request.stream.sendData(chunk, false);
    request.stream.sendTrailers(listOf([["grpc-status", "0"]]));
  };
  await using stage = await Stage.start(config(ROUTES, { main: cluster([backend]) }));
  await stage.ready(1);
  const client = await stage.client();
  const big = client.call("/pkg.Service/Big");
  big.reads = false;
  await until(() => big.received > 0, "it begins");
  for (let i = 0; i < 20; i++) assertEquals((await client.unary(METHOD)).messages, ["small"]);
  const waiting = () => backend.requests.find(({ path }) => path === "/pkg.Service/Big")!.stream.pendingBytes;
  // Two windows and two queues of a stream at most are on their way.
  assert(big.received <= 256 * 1024, `${big.received}`);
  assert(waiting() > 256 * chunk.length - 3 * 256 * 1024, `${waiting()}`);
  big.readOn();
  await big.end();
  assertEquals(big.received, 256 * chunk.length);
});

Deno.test("3.7 clients that read nothing, however many, hold back nobody else's answers", async () => {
  await using backend = new Backend("one", undefined, { maxConcurrentStreams: 1000 });
  const chunk = message(new Uint8Array(700 * 1024));
  backend.handler = (request) => {
    if (!request.ended || request.stream.localEnded) return;
    request.answer(request.path.endsWith("Big") ? chunk : new Uint8Array(200_000));
  };
  await using stage = await Stage.start(
    config(ROUTES, { main: cluster([backend], { maxConnections: 1 }) }),
  );
  await stage.ready(1);
  const [slow, quick] = [await stage.client({ connectionWindow: 64 * 2 ** 20 }), await stage.client()];
  const calls = Array.from({ length: 60 }, () => {
    const call = slow.call("/pkg.Service/Big");
    call.reads = false;
    return call;
  });
  await until(() => calls.every(({ received }) => received > 200_000), "all of them are stuck");
  for (let i = 0; i < 3; i++) assertEquals((await quick.unary(METHOD)).received, 200_005);
  assertEquals(backend.connections.size, 1);
  for (const call of calls) call.readOn();
  for (const call of calls) await call.end();
});

Deno.test("3.7 a backend that reads nothing holds back its client, and nobody else", async () => {
  await using backend = new Backend("one");
  backend.handler = (request) => {
    if (request.path === "/pkg.Service/Big") request.reads = false;
    else if (request.ended && !request.stream.localEnded) request.answer("small");
  };
  await using stage = await Stage.start(config(ROUTES, { main: cluster([backend]) }));
  await stage.ready(1);
  const client = await stage.client();
  const big = client.call("/pkg.Service/Big", { body: ["x"], open: true });
  await until(() => backend.requests.length === 1, "it is there");
  const chunk = message(new Uint8Array(16 * 1024));
  for (let i = 0; i < 256; i++) big.stream.sendData(chunk, i === 255);
  await until(() => backend.requests[0]!.received > 200 * 1024, "the backend's window is full");
  for (let i = 0; i < 20; i++) assertEquals((await client.unary(METHOD)).messages, ["small"]);
  assert(big.stream.pendingBytes > 256 * chunk.length - 3 * 256 * 1024, `${big.stream.pendingBytes}`);
  const [request] = backend.requests;
  request!.readOn();
  backend.handler = (request) => {
    if (request.ended && !request.stream.localEnded) request.answer("all");
  };
  await big.end();
  assertEquals(request!.received, 256 * chunk.length + 6);
});

Deno.test("3.8 what is not gRPC is told so", async () => {
  await using backend = new Backend("one");
  await using stage = await Stage.start(config(ROUTES, { main: cluster([backend]) }));
  await stage.ready(1);
  const client = await stage.client();
  const { Received } = await import("./support/stage.ts");
  const ask = async (method: string, type?: string) => {
    const list = listOf([[":method", method], [":scheme", "http"], [":path", METHOD], [":authority", "x"]]);
    if (type !== undefined) list.append("content-type", type);
    const received = new Received();
    received.stream = client.http2.open(list, true, received)!;
    await received.end();
    return received.list!;
  };
  const get = await ask("GET", "application/grpc");
  assertEquals([get.get(":status"), get.get("allow")], ["405", "POST"]);
  for (const type of [undefined, "application/json", "application/grpcx", "application/grpc-web", "text/plain"]) {
    assertEquals((await ask("POST", type)).get(":status"), "415", type);
  }
  for (const type of ["application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"]) {
    assertEquals((await ask("POST", type)).get(":status"), "200", type);
  }
});

Deno.test("3.8 HTTP/1 is told that it is spoken to the wrong port", async () => {
  await using stage = await Stage.start(config([], {}));
  const conn = await Deno.connect({ ...stage.address });
  await conn.write(bytesOf("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  const answer = await new Response(conn.readable).text();
  assert(answer.startsWith("HTTP/1.1 505 "), answer);
  assert(answer.includes("\r\n\r\n"), answer);
});

Deno.test("3.9 the longest prefix wins, whatever the order", async () => {
  await using a = new Backend("a");
  await using b = new Backend("b");
  await using stage = await Stage.start(config([
    { prefix: "/pkg", cluster: "a" },
    { prefix: "/pkg.Service/Login", cluster: "b" },
    { prefix: "/pkg.Service", cluster: "a" },
  ], { a: cluster([a]), b: cluster([b]) }));
  await stage.ready(2);
  const client = await stage.client();
  assertEquals((await client.unary("/pkg.Service/LoginX")).messages, ["b"]);
  assertEquals((await client.unary("/pkg.Service/Logi")).messages, ["a"]);
  const none = await client.unary("/other.Service/X");
  assertEquals([none.status, none.text], ["12", "no route for /other.Service/X"]);
  assertEquals(none.list!.get(":status"), "200");
  assertEquals(none.list!.get("content-type"), "application/grpc");
});

Deno.test("3.9 a default cluster takes what no route does", async () => {
  await using a = new Backend("a");
  await using stage = await Stage.start(
    config([], { a: cluster([a]) }, { default: { action: "use_cluster", useCluster: "a" } }),
  );
  await stage.ready(1);
  assertEquals((await (await stage.client()).unary("/what/Ever")).messages, ["a"]);
});

Deno.test("3 a refusal percent-encodes its message, and ends a call whose client has more to say", async () => {
  await using stage = await Stage.start(config([], {}));
  const client = await stage.client();
  const call = client.call("/%\xc3\xa4/M", { open: true });
  await until(() => call.code !== undefined, "the stream is over");
  assertEquals(call.text, "no route for /%25%C3%A4/M");
  assertEquals(call.code, ERROR_CODE.NO_ERROR);
});

Deno.test("3.10 the gateway answers health checks itself, and watches", async () => {
  await using stage = await Stage.start(config([], {}));
  const client = await stage.client();
  const check = await client.unary("/grpc.health.v1.Health/Check", { body: [""] });
  assertEquals([check.messages, check.status], [["\x08\x01"], "0"]);
  const other = await client.unary("/grpc.health.v1.Health/Check", { body: ["\x0a\x01x"] });
  assertEquals(other.status, "5");
  const watch = client.call("/grpc.health.v1.Health/Watch", { body: [""] });
  await until(() => watch.messages.length === 1, "it says how it is");
  assertEquals(watch.messages, ["\x08\x01"]);
  const stopping = stage.gateway.stop();
  await until(() => watch.messages.length === 2, "it says that it drains");
  assertEquals(watch.messages[1], "\x08\x02");
  await stopping;
});

Deno.test("6.16 a header list above the limit is refused, and the connection lives on", async () => {
  await using backend = new Backend("one");
  const limits = { ...config([], {}).limits, maxHeaderList: 2048 };
  await using stage = await Stage.start(config(ROUTES, { main: cluster([backend]) }, { limits }));
  await stage.ready(1);
  const client = await stage.client();
  const big = await client.unary(METHOD, { headers: [["x", "y".repeat(2500)]] });
  assertEquals([big.status, big.text], ["8", "header list too large"]);
  assertEquals((await client.unary(METHOD)).messages, ["one"]);
});
