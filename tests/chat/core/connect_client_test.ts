import { assert, assertEquals } from "@std/assert";
import { CoreForwarder } from "../../../src/chat/core/core_forwarder.ts";
import type { CoreCall, Forwarder, ForwarderOptions } from "../../../src/chat/core/forwarder.ts";
import { until } from "../../support/until.ts";
import { bytes, callOf, OPTIONS, text, told } from "./scene.ts";

/** Plays with a forwarder whose core answers with `answer`. */
async function withCore(
  answer: (request: Request) => Response | Promise<Response>,
  play: (forwarder: Forwarder, port: number) => Promise<void>,
  options: Partial<ForwarderOptions> = {},
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  const { port } = server.addr;
  const forwarder = await CoreForwarder.create({ ...OPTIONS, uri: `127.0.0.1:${port}`, ...options });
  try {
    await play(forwarder, port);
  } finally {
    await forwarder.close();
    await server.shutdown();
  }
}

/** A core of which the test writes every byte. */
async function withRawCore(
  serve: (connection: Deno.TcpConn, index: number) => Promise<void>,
  play: (forwarder: Forwarder) => Promise<void>,
  options: Partial<ForwarderOptions> = {},
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Deno.TcpConn[] = [];
  const accepting = (async () => {
    for await (const connection of listener) {
      const index = connections.push(connection) - 1;
      serve(connection, index).catch(() => {});
    }
  })();
  const forwarder = await CoreForwarder.create({
    ...OPTIONS,
    uri: `http://127.0.0.1:${listener.addr.port}`,
    ...options,
  });
  try {
    await play(forwarder);
  } finally {
    await forwarder.close();
    listener.close();
    await accepting;
    for (const connection of connections) {
      try {
        connection.close();
      } catch {
        // Closed by the test.
      }
    }
  }
}

const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

/** Reads until the head of a request has come. */
async function heard(connection: Deno.TcpConn): Promise<boolean> {
  const buffer = new Uint8Array(16_384);
  let came = "";
  while (!came.includes("\r\n\r\n{}")) {
    const count = await connection.read(buffer);
    if (count === null) return false;
    came += text(buffer.subarray(0, count));
  }
  return true;
}

const json = (value: unknown, status = 200) => Response.json(value, { status });

Deno.test("F1, F2: method, content type and body reach the core as they came, its answer comes back so", async () => {
  const seen: { path: string; type: string | null; body: Uint8Array; headers: Headers }[] = [];
  const odd = bytes('{"unknownField":[1,{"x":"ä"}],  "a":1}');
  await withCore(async (request) => {
    const { pathname: path } = new URL(request.url);
    const type = request.headers.get("content-type");
    seen.push({ path, type, body: await request.bytes(), headers: request.headers });
    return new Response(odd, { headers: { "content-type": type!, "x-cost": "3", "trailer-x-sum": "9" } });
  }, async (forwarder) => {
    const proto = Uint8Array.of(10, 2, 0, 255, 250, 1, 0);
    for (
      const [encoding, body, type] of [
        ["json", bytes('{ "events": [] , "newField":1}'), "application/json"],
        ["proto", proto, "application/proto"],
        ["json", new Uint8Array(), "application/json"],
        ["proto", new Uint8Array(300_000).fill(7), "application/proto"],
      ] as const
    ) {
      const answer = await forwarder.forward(callOf({ method: "PinEvent", encoding, body, timeoutMs: 1_500 }));
      assert(!("error" in answer), told(answer));
      assertEquals(answer.body, odd);
      assertEquals(answer.headers["x-cost"], "3");
      assertEquals(answer.headers["trailer-x-sum"], "9");
      const came = seen.at(-1)!;
      assertEquals([came.path, came.type], ["/chat.v1.ChatService/PinEvent", type]);
      assertEquals(came.body, body);
    }
    const { headers } = seen[0]!;
    assertEquals(headers.get("connect-protocol-version"), "1");
    const left = Number(headers.get("connect-timeout-ms"));
    assert(left > 0 && left <= 1_500, String(left));
    assertEquals(headers.get("x-profile-id"), "ann");
    assertEquals(headers.get("authorization"), "Bearer t-ann");
    assertEquals(headers.get("x-gateway-id"), "g-1");
  });
});

Deno.test("a path in core.uri goes before the service's", async () => {
  await withCore((request) => json([new URL(request.url).pathname]), async (_, port) => {
    const forwarder = await CoreForwarder.create({ ...OPTIONS, uri: `http://127.0.0.1:${port}/api/` });
    try {
      assertEquals(told(await forwarder.forward(callOf())), 'ok: ["/api/chat.v1.ChatService/SendEvent"]');
    } finally {
      await forwarder.close();
    }
  });
});

Deno.test("F4: the core's error comes as it said it: code, message, details", async () => {
  const details = [{ type: "google.rpc.RetryInfo", value: "CgIIAQ" }];
  await withCore(
    () => json({ code: "resource_exhausted", message: "später", details }, 429),
    async (forwarder) => {
      const answer = await forwarder.forward(callOf());
      assert("error" in answer);
      assertEquals(answer.error, {
        code: "resource_exhausted",
        message: "später",
        details: [{ type: "google.rpc.RetryInfo", value: Uint8Array.of(10, 2, 8, 1) }],
      });
    },
  );
});

for (
  const [what, response, expected] of [
    [
      "a proxy's 502",
      () => new Response("<html>", { status: 502 }),
      "unavailable: the chat service answered with HTTP status 502",
    ],
    ["404", () => new Response("no", { status: 404 }), "unimplemented: the chat service answered with HTTP status 404"],
    [
      "500 and JSON of its own",
      () => json({ error: "x" }, 500),
      "unknown: the chat service answered with HTTP status 500",
    ],
    [
      "a page where an answer should be",
      () => new Response("<html>", { headers: { "content-type": "text/html" } }),
      'internal: expected an answer of the chat service as application/json, got "text/html"',
    ],
    [
      "a compressed answer, which nobody asked for",
      () => new Response("x", { headers: { "content-type": "application/json", "content-encoding": "gzip" } }),
      "internal: expected an answer of the chat service as application/json, got a compressed one",
    ],
  ] as const
) {
  Deno.test(`F4: a core that answers with ${what} is an error that says so`, async () => {
    await withCore(response, async (forwarder) => assertEquals(told(await forwarder.forward(callOf())), expected));
  });
}

Deno.test("F4: when to come again, which a core says in HTTP, is passed on", async () => {
  await withCore(() => new Response("busy", { status: 503, headers: { "retry-after": "7" } }), async (forwarder) => {
    const answer = await forwarder.forward(callOf());
    assert("error" in answer && answer.error.retryAfterMs === 7_000);
  });
});

Deno.test("F5, F11: a call that nobody waits for any more is cancelled at the core", async () => {
  let [asked, cancelled] = [0, 0];
  await withRawCore(async (connection) => {
    await heard(connection);
    asked++;
    // Nothing more comes over it: it is closed.
    if (!await heard(connection)) cancelled++;
    connection.close();
  }, async (forwarder) => {
    const device = new AbortController();
    const left = forwarder.forward(callOf({ signal: device.signal }));
    await until(() => asked === 1, "the core has the call");
    device.abort();
    assertEquals(told(await left), "canceled: the device has left");
    const late = await forwarder.forward(callOf({ timeoutMs: 50 }));
    assertEquals(told(late), "deadline_exceeded: the chat service has not answered in time");
    await until(() => cancelled === 2, "the core has heard of both");
    assertEquals(forwarder.inFlight, 0);
  });
});

Deno.test("F6: a core that is not there is unavailable, and it is not said where it was looked for", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  for (const scheme of ["", "http://", "grpc://"]) {
    const forwarder = await CoreForwarder.create({ ...OPTIONS, uri: `${scheme}127.0.0.1:${port}` });
    try {
      for (const method of ["SendEvent", "GetHistory"]) {
        const answer = await forwarder.forward(callOf({ method }));
        assertEquals(told(answer), "unavailable: the chat service cannot be reached");
      }
    } finally {
      await forwarder.close();
    }
  }
});

for (
  const [what, said] of [
    ["nothing", ""],
    ["half a head", "HTTP/1.1 200 OK\r\ncontent-ty"],
    ["half a body", `${HEAD}content-length: 10\r\n\r\n[]`],
    ["half a chunk", `${HEAD}transfer-encoding: chunked\r\n\r\n5\r\n[`],
    ["no end of chunks", `${HEAD}transfer-encoding: chunked\r\n\r\n2\r\n[]\r\n`],
    ["no HTTP", "SSH-2.0-x\r\n\r\n"],
  ] as const
) {
  Deno.test(`F6, F12: a core that says ${what} and leaves is unavailable; a write went once, a read twice`, async () => {
    let served = 0;
    await withRawCore(async (connection) => {
      if (await heard(connection)) served++;
      await connection.write(bytes(said));
      connection.close();
    }, async (forwarder) => {
      const write = await forwarder.forward(callOf({ method: "SendEvent" }));
      assertEquals(told(write), "unavailable: the chat service cannot be reached");
      assertEquals(served, 1);
      const read = await forwarder.forward(callOf({ method: "GetHistory" }));
      assertEquals(told(read), "unavailable: the chat service cannot be reached");
      assertEquals(served, 3);
    });
  });
}

Deno.test("F12: a read whose connection the core had closed is answered over another one", async () => {
  const answer = bytes(`${HEAD}content-length: 2\r\n\r\n[]`);
  await withRawCore(async (connection, index) => {
    if (!await heard(connection)) return connection.close();
    await connection.write(answer);
    // The first connection takes one more request and dies with it.
    if (index === 0) {
      await heard(connection);
      connection.close();
    }
  }, async (forwarder) => {
    assertEquals(told(await forwarder.forward(callOf({ method: "GetHistory" }))), "ok: []");
    assertEquals(told(await forwarder.forward(callOf({ method: "GetHistory" }))), "ok: []");
  });
});

Deno.test("F12: a write over a connection that dies with it is not sent again over another one", async () => {
  const answer = bytes(`${HEAD}content-length: 2\r\n\r\n[]`);
  let asked = 0;
  await withRawCore(async (connection) => {
    while (await heard(connection)) {
      if (++asked === 2) break;
      await connection.write(answer);
    }
    connection.close();
  }, async (forwarder) => {
    assertEquals(told(await forwarder.forward(callOf())), "ok: []");
    assertEquals(told(await forwarder.forward(callOf())), "unavailable: the chat service cannot be reached");
    assertEquals(asked, 2);
    assertEquals(told(await forwarder.forward(callOf())), "ok: []");
  });
});

for (
  const [what, said, expected] of [
    [
      "in pieces",
      ["HTTP/1.1 200 O", "K\r\nContent-Type: application/json\r\nContent-Le", "ngth: 2\r\n\r", "\n[", "]"],
      "ok: []",
    ],
    ["in chunks", [`${HEAD}transfer-encoding: chunked\r\n\r\n1\r\n[\r\n1;x\r\n]\r\n0\r\nx-t: 1\r\n\r\n`], "ok: []"],
    ["up to the end", [`${HEAD}\r\n[]`], "ok: []"],
    ["in HTTP/1.0", ["HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n[]"], "ok: []"],
    ["after it said wait", [
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\na: b\r\n\r\n${HEAD}content-length: 2\r\n\r\n[]`,
    ], "ok: []"],
    ["without a word", ["HTTP/1.1 204\r\n\r\n"], "unknown: the chat service answered with HTTP status 204"],
  ] as const
) {
  Deno.test(`F2: a core that answers ${what} is understood, call after call`, async () => {
    await withRawCore(async (connection) => {
      while (await heard(connection)) {
        for (const [i, piece] of said.entries()) {
          // Else the system would join them.
          if (i > 0) await new Promise((resolve) => setTimeout(resolve, 1));
          await connection.write(bytes(piece));
        }
        if (what === "up to the end" || what === "in HTTP/1.0") break;
      }
      connection.close();
    }, async (forwarder) => {
      for (let i = 0; i < 3; i++) assertEquals(told(await forwarder.forward(callOf())), expected);
    });
  });
}

Deno.test("a core that closes what idles, or speaks unasked, is called over another connection", async () => {
  const ends: Deno.TcpConn[] = [];
  await withRawCore(async (connection) => {
    ends.push(connection);
    while (await heard(connection)) await connection.write(bytes(`${HEAD}content-length: 2\r\n\r\n[]`));
    connection.close();
  }, async (forwarder) => {
    for (const end of [() => ends[0]!.closeWrite(), () => ends[1]!.write(bytes("HTTP/1.1 200 OK\r\n"))]) {
      assertEquals(told(await forwarder.forward(callOf())), "ok: []");
      const { length } = ends;
      await end();
      // Seen when the client closes its own side.
      await until(() => isClosed(ends[length - 1]!), "the client has let it go");
    }
    assertEquals(told(await forwarder.forward(callOf())), "ok: []");
    assertEquals(ends.length, 3);
  });
});

/** The serving loop of the test has closed it. */
function isClosed(connection: Deno.TcpConn): boolean {
  try {
    connection.setNoDelay(true);
    return false;
  } catch {
    return true;
  }
}

Deno.test("connections to the core are used again, and closed at the end", async () => {
  const ports = new Set<number>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (_, { remoteAddr }) => {
    ports.add(remoteAddr.port);
    return json([]);
  });
  const forwarder = await CoreForwarder.create({ ...OPTIONS, uri: `127.0.0.1:${server.addr.port}` });
  for (let i = 0; i < 50; i++) assertEquals(told(await forwarder.forward(callOf())), "ok: []");
  assertEquals(ports.size, 1);
  await Promise.all(Array.from({ length: 20 }, () => forwarder.forward(callOf())));
  await forwarder.close();
  await server.shutdown();
});

Deno.test("an answer without an end is an error, and its memory is bounded", async () => {
  const endless = () => {
    const body = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024)) });
    return new Response(body, { headers: { "content-type": "application/json" } });
  };
  await withCore(endless, async (forwarder) => {
    assertEquals(told(await forwarder.forward(callOf())), "internal: the answer of the chat service is too long");
  });
});

Deno.test("a header that HTTP cannot carry is the call's own fault", async () => {
  await withCore(() => json([]), async (forwarder) => {
    const call: Partial<CoreCall> = { headers: { "x-bad": "a\r\nx-profile-id: root" } };
    assertEquals(told(await forwarder.forward(callOf(call))), "internal: the call cannot be sent to the chat service");
    assertEquals(forwarder.inFlight, 0);
  });
});
