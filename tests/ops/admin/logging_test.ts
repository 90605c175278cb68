import { assertEquals } from "@std/assert";
import { type Rig, rig } from "./rig.ts";

const put = async (admin: Rig, body: unknown, query = "") =>
  await admin.ask(`/api/v1/logging${query}`, { method: "PUT", body: JSON.stringify(body) });

Deno.test("what the log writes is shown and changed, and what is not named stays", async () => {
  await using admin = await rig();
  const before = { level: "info", requests: false, responses: false, for: null };
  assertEquals((await admin.ask("/api/v1/logging")).json(), before);
  assertEquals((await put(admin, { level: "debug" })).json(), { ...before, level: "debug" });
  assertEquals((await put(admin, { requests: true })).json(), { ...before, level: "debug", requests: true });
  assertEquals((await put(admin, before)).json(), before);
});

Deno.test("for a while: in the body, or in the query", async () => {
  await using admin = await rig();
  assertEquals((await put(admin, { level: "debug", for: "10m" })).json()["for"], "10m");
  assertEquals((await put(admin, { level: "debug" }, "?for=90s")).json()["for"], "90s");
  assertEquals((await admin.ask("/api/v1/logging?for=1s")).status, 400);
});

Deno.test("a level that is none, or a key that is unknown, is 422 and changes nothing", async () => {
  await using admin = await rig();
  const wrong = [{ level: "loud" }, { requests: "yes" }, { colour: "red" }, { level: "debug", for: "soon" }, []];
  for (const body of wrong) assertEquals((await put(admin, body)).status, 422, JSON.stringify(body));
  assertEquals(admin.host.state.level, "info");
});
