import { assertEquals } from "@std/assert";
import { unprocessable } from "../../../src/ops/admin/problem.ts";
import { rig } from "./rig.ts";

Deno.test("the configuration comes with its tag", async () => {
  await using admin = await rig();
  const answer = await admin.ask("/api/v1/config");
  assertEquals(answer.header("etag"), '"ab12"');
  assertEquals(answer.json(), { gateway: { origin_host: "gw.example.net" }, admin: { token: "********" } });
});

Deno.test("a reload is passed on, and tells what changed", async () => {
  await using admin = await rig();
  const answer = await admin.ask("/api/v1/config/reload", { method: "POST" });
  assertEquals([answer.status, answer.json()], [200, {
    changes: [{ path: "dra_pool.dras[dra-1].weight", from: 100, to: null }],
    needs_restart: ["gateway.workers"],
    applied: true,
  }]);
  await admin.ask("/api/v1/config/reload?dry_run=true", { method: "POST" });
  assertEquals(admin.host.reloads, [{ dryRun: false }, { dryRun: true }]);
});

Deno.test("a reload to be confirmed says until when; another one meanwhile is 409; confirmed twice is 409", async () => {
  await using admin = await rig();
  const reload = await admin.ask("/api/v1/config/reload?confirm=60s", { method: "POST" });
  const left = Date.parse(String(reload.json()["confirm_by"])) - Date.now();
  assertEquals(left > 30_000 && left <= 60_000, true);
  assertEquals(admin.host.reloads, [{ dryRun: false, confirm: 60_000 }]);
  assertEquals((await admin.ask("/api/v1/config/reload", { method: "POST" })).status, 409);
  const confirm = () => admin.ask("/api/v1/config/confirm", { method: "POST" });
  assertEquals((await confirm()).json(), { confirmed: true });
  const again = await confirm();
  assertEquals([again.status, again.header("content-type")], [409, "application/problem+json"]);
});

Deno.test("a reload with If-Match goes only over the configuration that is meant", async () => {
  await using admin = await rig();
  const reload = async (tag: string) =>
    (await admin.ask("/api/v1/config/reload", { method: "POST", headers: { "if-match": tag } })).status;
  assertEquals(await reload('"ab12"'), 200);
  assertEquals(await reload('"other", "ab12"'), 200);
  assertEquals(await reload("*"), 200);
  assertEquals(await reload('"other"'), 412);
  assertEquals(await reload('W/"ab12"'), 412);
  assertEquals(await reload("ab12"), 412);
});

Deno.test("a bad file is 422 with every error", async () => {
  await using admin = await rig();
  const errors = [{ detail: "gw.yaml: dra_pool.dras[1].port: expected a port 1..65535, got 70000" }, {
    detail: "another",
  }];
  admin.host.reload = () => Promise.reject(unprocessable("the file is bad; nothing changed", errors));
  const answer = await admin.ask("/api/v1/config/reload", { method: "POST" });
  assertEquals([answer.status, answer.json()["errors"]], [422, errors]);
});
