import { assert, assertEquals } from "@std/assert";
import { CoreForwarder } from "../../../src/chat/core/core_forwarder.ts";
import type { Forwarder, ForwarderOptions } from "../../../src/chat/core/forwarder.ts";
import {
  DEFAULT_OPTIONS,
  type HeaderList,
  Http2Connection,
  Http2Node,
  type Http2Options,
} from "../../../src/http2/mod.ts";
import type { Connection } from "../../../src/net/connection.ts";
import { listenTcp } from "../../../src/net/listener.ts";
import { CallError, GrpcServer, type Method, ServerCall } from "../../../src/rpc/server.ts";
import { STATUS } from "../../../src/rpc/status.ts";
import { until } from "../../support/until.ts";
import { bytes, callOf, OPTIONS, told } from "./scene.ts";

const path = (method: string) => `/chat.v1.ChatService/${method}`;

/** Plays with a forwarder whose core has these methods. */
async function withCore(
  methods: Readonly<Record<string, Method>>,
  play: (forwarder: Forwarder, server: GrpcServer) => Promise<void>,
  options: Partial<ForwarderOptions> = {},
  http2: Partial<Http2Options> = {},
): Promise<void> {
  const named = Object.fromEntries(Object.entries(methods).map(([name, method]) => [path(name), method]));
  const server = new GrpcServer({ listen: { hostname: "127.0.0.1", port: 0 }, methods: () => named, http2 });
  const uri = `grpc://127.0.0.1:${server.address.port}`;
  const forwarder = await CoreForwarder.create({ ...OPTIONS, uri, ...options });
  try {
    await play(forwarder, server);
  } finally {
    await forwarder.close();
    await server.stop();
  }
}

/** Sends back what came. */
const echo: Method = async (request, call) => {
  await call.send(request);
  call.end();
};

Deno.test("F1, F2: frames are put on and taken off, the message is the same", async () => {
  let headers: HeaderList | undefined;
  const methods = {
    PinEvent: async (request: Uint8Array, call: ServerCall) => {
      headers = call.metadata;
      await echo(request, call);
    },
  };
  await withCore(methods, async (forwarder) => {
    for (
      const [encoding, body, type] of [
        ["proto", Uint8Array.of(10, 2, 0, 255, 250, 1, 0), "application/grpc"],
        ["json", bytes('{ "unknownField": 1 }'), "application/grpc+json"],
        ["proto", new Uint8Array(), "application/grpc"],
        ["proto", new Uint8Array(400_000).fill(9), "application/grpc"],
      ] as const
    ) {
      const answer = await forwarder.forward(callOf({ method: "PinEvent", encoding, body }));
      assert(!("error" in answer), told(answer));
      assertEquals(answer.body, body);
      assertEquals(headers?.get("content-type"), type);
    }
    assertEquals(headers?.get("x-profile-id"), "ann");
    assertEquals(headers?.get("authorization"), "Bearer t-ann");
    assertEquals(headers?.get("te"), "trailers");
    assert(/^\d+m$/.test(headers?.get("grpc-timeout") ?? ""), headers?.get("grpc-timeout"));
  });
});

Deno.test("F4: a status of gRPC becomes an error, with its message", async () => {
  const methods = {
    SendEvent: () => {
      throw new CallError(STATUS.FAILED_PRECONDITION, "geht nicht: 100 %");
    },
  };
  await withCore(methods, async (forwarder) => {
    assertEquals(told(await forwarder.forward(callOf())), "failed_precondition: geht nicht: 100 %");
    const unknown = await forwarder.forward(callOf({ method: "Nope" }));
    assertEquals(told(unknown), "unimplemented: unknown method /chat.v1.ChatService/Nope");
  });
});

Deno.test("F4: details of a status come along", async () => {
  const details = [{ type: "google.rpc.RetryInfo", value: Uint8Array.of(10, 2, 8, 1) }];
  const methods = {
    SendEvent: () => {
      throw new CallError(STATUS.RESOURCE_EXHAUSTED, "slow", details);
    },
  };
  await withCore(methods, async (forwarder) => {
    const answer = await forwarder.forward(callOf());
    assert("error" in answer);
    assertEquals(answer.error, { code: "resource_exhausted", message: "slow", details });
  });
});

Deno.test("F5, F11: a call that nobody waits for any more is reset at the core", async () => {
  let cancelled = 0;
  const methods = {
    SendEvent: (_: Uint8Array, call: ServerCall) => call.signal.addEventListener("abort", () => cancelled++),
  };
  await withCore(methods, async (forwarder, server) => {
    const device = new AbortController();
    const left = forwarder.forward(callOf({ signal: device.signal }));
    await until(() => server.calls === 1, "the core has the call");
    device.abort();
    assertEquals(told(await left), "canceled: the device has left");
    const late = await forwarder.forward(callOf({ timeoutMs: 30 }));
    assertEquals(told(late), "deadline_exceeded: the chat service has not answered in time");
    await until(() => cancelled === 2, "the core has heard of both");
  });
});

Deno.test("F6, F12: a connection that is lost fails a write and repeats a read, and the next call dials", async () => {
  const asked: string[] = [];
  const node = new Http2Node();
  const carriers: Connection[] = [];
  // Every other call kills its connection.
  const listener = listenTcp({ hostname: "127.0.0.1", port: 0 }, { noDelay: true }, (carrier) => {
    carriers.push(carrier);
    Http2Connection.server(carrier, node, DEFAULT_OPTIONS, {
      request: (stream, list) =>
        new ServerCall(stream, list, async (request, call) => {
          asked.push(list.get(":path")!.split("/")[2]!);
          if (asked.length % 2 === 1) carrier.close();
          else await echo(request, call);
        }),
      closed() {},
    });
  });
  const forwarder = await CoreForwarder.create({ ...OPTIONS, uri: `grpc://127.0.0.1:${listener.address.port}` });
  try {
    assertEquals(told(await forwarder.forward(callOf())), "unavailable: the chat service cannot be reached");
    assertEquals(told(await forwarder.forward(callOf())), "ok: {}");
    assertEquals(told(await forwarder.forward(callOf({ method: "GetHistory" }))), "ok: {}");
    assertEquals(asked, ["SendEvent", "SendEvent", "GetHistory", "GetHistory"]);
    assertEquals(carriers.length, 3);
  } finally {
    await forwarder.close();
    listener.close();
    for (const carrier of carriers) carrier.close();
    await until(() => node.size === 0, "all connections have ended");
  }
});

Deno.test("more calls than a connection has streams are served all the same", async () => {
  const methods = {
    SendEvent: async (request: Uint8Array, call: ServerCall) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      await echo(request, call);
    },
  };
  await withCore(
    methods,
    async (forwarder) => {
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, i) => forwarder.forward(callOf({ body: bytes(String(i)) }))),
      );
      for (const [i, answer] of answers.entries()) assertEquals(told(answer), `ok: ${i}`);
    },
    {},
    { maxConcurrentStreams: 3 },
  );
});

Deno.test("what is no gRPC is an error, whoever answers", async () => {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const status = Number(new URL(request.url).pathname.split("S").at(-1));
    return new Response("<html>", { status, headers: { "content-type": "text/html" } });
  });
  const forwarder = await CoreForwarder.create({ ...OPTIONS, uri: `grpc://127.0.0.1:${server.addr.port}` });
  try {
    for (
      const [method, expected] of [
        ["S200", 'internal: expected an answer of the chat service as application/grpc, got "text/html"'],
        ["S404", "unimplemented: the chat service answered with HTTP status 404"],
        ["S503", "unavailable: the chat service answered with HTTP status 503"],
      ] as const
    ) {
      assertEquals(told(await forwarder.forward(callOf({ method }))), expected);
    }
  } finally {
    await forwarder.close();
    await server.shutdown();
  }
});

Deno.test("an answer of no message, or of two, is an error", async () => {
  const methods = {
    None: (_: Uint8Array, call: ServerCall) => call.end(),
    Two: async (request: Uint8Array, call: ServerCall) => {
      await call.send(request);
      await echo(request, call);
    },
  };
  await withCore(methods, async (forwarder) => {
    for (const method of ["None", "Two"]) {
      assertEquals(told(await forwarder.forward(callOf({ method }))), "internal: expected exactly one message");
    }
  });
});
