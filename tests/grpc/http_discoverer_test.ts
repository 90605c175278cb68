import { assertEquals, assertRejects } from "@std/assert";
import { HttpDiscoverer } from "../../src/grpc/http_discoverer.ts";

const never = new AbortController().signal;
const ONE = { instances: [{ instance_id: "a/b c", ipv4: "10.0.0.1", port: 5000 }] };

/** Serves with `answer` while `play` runs. */
async function discoverer(
  answer: (request: Request) => Response | Promise<Response>,
  play: (url: string) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  try {
    await play(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

async function using<T>(options: ConstructorParameters<typeof HttpDiscoverer>[0], play: (it: HttpDiscoverer) => T) {
  const it = new HttpDiscoverer(options);
  try {
    return await play(it);
  } finally {
    it.close();
  }
}

Deno.test("the list is asked for below the URL, whatever slashes it ends with", async () => {
  const asked: string[] = [];
  await discoverer((request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname}`);
    return Response.json(ONE);
  }, async (url) => {
    for (const base of [url, `${url}/`, `${url}/d//`]) {
      const list = await using({ url: base }, (it) => it.getInstances(never));
      assertEquals(list, [{ id: "a/b c", hostname: "10.0.0.1", port: 5000 }]);
    }
    assertEquals(asked, ["GET /v1/instances", "GET /v1/instances", "GET /d/v1/instances"]);
  });
});

Deno.test("an instance is unregistered by its id, whatever is in it", async () => {
  const asked: string[] = [];
  await discoverer((request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname}`);
    return new Response("gone", { status: 202 });
  }, async (url) => {
    await using({ url }, (it) => it.unregisterInstance("a/b c", never));
    assertEquals(asked, ["POST /v1/unregister/a%2Fb%20c"]);
  });
});

for (
  const [what, answer, reason] of [
    ["another status", () => new Response("no", { status: 503 }), "expected 200, got 503"],
    ["no content", () => new Response(null, { status: 204 }), "expected 200, got 204"],
    ["no JSON", () => new Response("<html>"), "the answer is not JSON"],
    ["no list", () => Response.json({ instances: {} }), 'expected {"instances": [...]}'],
  ] as const
) {
  Deno.test(`a discoverer that answers with ${what} has failed, and it is said how`, async () => {
    await discoverer(answer, async (url) => {
      await using({ url }, async (it) => {
        await assertRejects(() => it.getInstances(never), Error, `GET ${url}/v1/instances: ${reason}`);
      });
    });
  });
}

Deno.test("an unregistration that is refused is an error", async () => {
  await discoverer(() => new Response("?", { status: 404 }), async (url) => {
    await using({ url }, async (it) => {
      await assertRejects(() => it.unregisterInstance("a", never), Error, "/v1/unregister/a: expected 200, got 404");
    });
  });
});

Deno.test("a discoverer that does not answer has failed after the timeout", async () => {
  const answer = Promise.withResolvers<Response>();
  await discoverer(() => answer.promise, async (url) => {
    await using({ url, timeout: 50 }, async (it) => {
      await assertRejects(() => it.getInstances(never), Error, "no answer within 50 ms");
    });
    answer.resolve(new Response());
  });
});

Deno.test("whoever asked can stop waiting", async () => {
  const answer = Promise.withResolvers<Response>();
  await discoverer(() => answer.promise, async (url) => {
    const stop = new AbortController();
    await using({ url }, async (it) => {
      const asked = it.getInstances(stop.signal);
      stop.abort(new Error("stopped"));
      await assertRejects(() => asked, Error, "stopped");
    });
    answer.resolve(new Response());
  });
});

Deno.test("a discoverer that is not there is named", async () => {
  await using({ url: "http://127.0.0.1:1" }, async (it) => {
    await assertRejects(() => it.getInstances(never), Error, "GET http://127.0.0.1:1/v1/instances: ");
  });
});

Deno.test("entries that cannot be used are told when they change, not with each list", async () => {
  const bad = { instance_id: "x", ipv4: "nowhere", port: 1 };
  const lists = [[bad], [bad], [], [bad, bad]];
  await discoverer(() => Response.json({ instances: lists.shift() }), async (url) => {
    const told: (readonly string[])[] = [];
    await using({ url, skipped: (sentences) => void told.push(sentences) }, async (it) => {
      for (let i = 0; i < 4; i++) assertEquals(await it.getInstances(never), []);
    });
    assertEquals(told.map(({ length }) => length), [1, 2]);
  });
});
