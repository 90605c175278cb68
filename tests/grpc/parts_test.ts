/** Parts of the library's user that throw, never settle, or give nonsense fail their call alone. */
import { assert, assertEquals } from "@std/assert";
import type { ClusterOptions } from "../../src/grpc/config/options.ts";
import { type BackendStream, TokenError } from "../../src/grpc/parts.ts";
import { until } from "../support/until.ts";
import { Backend, cluster, config, dynamic, Stage } from "./support/stage.ts";

const METHOD = "/pkg.Service/Method";

Deno.test("8 a validator that throws or never settles fails its call alone", async () => {
  await using a = new Backend("a");
  await using stage = await Stage.start(
    config([{ prefix: "/pkg", authorization: "required" }], { main: cluster([a]) }),
    {
      tokenValidator: {
        validate(token, session) {
          if (token === "throws") throw new Error("a defect");
          if (token === "rejects") return Promise.reject(new TypeError("a defect"));
          if (token === "never") return new Promise(() => {});
          if (token !== "good") return Promise.reject(new TokenError("not this one"));
          return Promise.resolve({ session });
        },
      },
    },
  );
  await stage.ready(1);
  const client = await stage.client();
  const ask = async (token: string) => {
    const headers: [string, string][] = [["session-id", "s"], ["authorization", token], ["grpc-timeout", "300m"]];
    const { status, text } = await client.unary(METHOD, { headers });
    return [status, text];
  };
  const never = ask("never");
  assertEquals(await ask("throws"), ["13", "gateway error"]);
  assertEquals(await ask("rejects"), ["13", "gateway error"]);
  assertEquals(await ask("bad"), ["16", "missing or invalid token"]);
  assertEquals(await ask("good"), ["0", undefined]);
  assertEquals(await never, ["4", "deadline exceeded"]);
});

Deno.test("8 a discoverer that throws or never settles leaves its own cluster empty, and no other", async () => {
  await using a = new Backend("a");
  const nobody = { unregisterInstance: () => Promise.resolve() };
  const names = ["good", "throws", "rejects", "never", "nonsense"] as const;
  await using stage = await Stage.start(
    config(
      names.map((name) => ({ prefix: `/${name}`, cluster: name })),
      Object.fromEntries(names.map((name) => [name, dynamic({ discovererTimeout: 100 })])),
    ),
    {
      discoverers: {
        good: { getInstances: () => Promise.resolve([{ id: "a", ...a.address }]), ...nobody },
        throws: {
          getInstances() {
            throw new Error("a defect");
          },
          ...nobody,
        },
        rejects: { getInstances: () => Promise.reject(new Error("a defect")), ...nobody },
        never: { getInstances: () => new Promise(() => {}), ...nobody },
        nonsense: { getInstances: () => Promise.resolve(undefined as unknown as []), ...nobody },
      },
    },
  );
  await stage.ready(1);
  const client = await stage.client();
  assertEquals((await client.unary("/good/X")).messages, ["a"]);
  for (const name of names.slice(1)) assertEquals((await client.unary(`/${name}/X`)).status, "8", name);
  await until(
    () => new Set(stage.told("grpc_discoverer_failed").map(({ cluster }) => cluster)).size === 4,
    "all are told",
  );
  assertEquals((await client.unary("/good/X")).messages, ["a"]);
});

Deno.test("8 a cluster of another kind that throws, or gives nonsense, fails its calls alone", async () => {
  await using a = new Backend("a");
  const kinds = ["throws", "nonsense", "refuses"] as const;
  const pool = (kind: string) => ({
    acquire(): Promise<BackendStream> {
      if (kind === "throws") throw new Error("a defect");
      if (kind === "nonsense") return Promise.resolve(undefined as unknown as BackendStream);
      return Promise.resolve({ instanceId: "x", open: () => undefined });
    },
    onBackendFailure() {
      throw new Error("a defect");
    },
    close: () => Promise.reject(new Error("a defect")),
  });
  await using stage = await Stage.start(
    config(
      [{ prefix: "/pkg" }, ...kinds.map((kind) => ({ prefix: `/${kind}`, cluster: kind }))],
      {
        main: cluster([a]),
        ...Object.fromEntries(
          kinds.map((kind): [string, ClusterOptions] => [kind, { type: "custom", kind, options: {} }]),
        ),
      },
      { retry: { count: 1, attemptTimeout: 200, buffer: 1024, bufferTotal: 1024 } },
    ),
    { clusterTypes: Object.fromEntries(kinds.map((kind) => [kind, () => pool(kind)])) },
  );
  await stage.ready(1);
  const client = await stage.client();
  for (const kind of kinds) {
    const { status } = await client.unary(`/${kind}/X`);
    assert(status === "13" || status === "14", `${kind}: ${status}`);
    assertEquals((await client.unary(METHOD)).messages, ["a"]);
  }
});
