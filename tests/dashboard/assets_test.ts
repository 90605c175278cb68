import { assert, assertEquals, assertMatch } from "@std/assert";
import { dashboardAssets } from "../../src/dashboard/assets.ts";
import { chatPage } from "../../src/dashboard/chat.ts";
import { diameterPage } from "../../src/dashboard/diameter.ts";
import { grpcPage } from "../../src/dashboard/grpc.ts";
import type { Assets } from "../../src/ops/admin/options.ts";
import { rig } from "../ops/admin/rig.ts";

const PAGES = [[], [diameterPage()], [grpcPage()], [chatPage()], [diameterPage(), grpcPage(), chatPage()]];

for (const planes of PAGES) {
  const names = planes.map(({ name }) => name).join(" and ") || "no plane";
  Deno.test(`everything that the files of a page for ${names} name is there`, () => complete(dashboardAssets(planes)));
}

for (const plane of [grpcPage(), chatPage()]) {
  Deno.test(`a page for ${plane.name} alone carries nothing of Diameter but the words of its sections`, () => {
    const paths = Object.keys(dashboardAssets([plane]));
    assertEquals(paths.filter((path) => /diameter|dras|uplot|names\.json/.test(path)), []);
  });
}

function complete(assets: Assets): void {
  const paths = new Set(Object.keys(assets));
  const [main = ""] = [...paths].filter((path) => path.endsWith("/main.js"));
  const directory = main.slice(0, -"main.js".length);
  const page = String(assets["/"]?.body);
  const named = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = ""]) => path);
  assert(named.length >= 3);
  for (const path of named) assert(paths.has(path), `the page names ${path}`);
  for (const [path, { body, type }] of Object.entries(assets)) {
    if (!type.startsWith("text/javascript")) continue;
    for (const [, specifier = ""] of String(body).matchAll(/^import [^;]*?from "([^"]+)";/gm)) {
      assert(paths.has(new URL(specifier, `http://x${directory}`).pathname), `${path} names ${specifier}`);
    }
  }
}

Deno.test("the dashboard has no script and no style of its own inside the page, as its policy forbids them", () => {
  const page = String(dashboardAssets([diameterPage()])["/"]?.body);
  assertEquals(page.match(/<script(?![^>]* src=)|<style|\sstyle=|\son\w+=/g), null);
  assertEquals(page.match(/https?:/g), null);
});

Deno.test("a browser keeps the dashboard's files and asks for the page anew, so that it never mixes two versions", async () => {
  await using it = await rig({ assets: dashboardAssets([diameterPage()]), token: "secret" });
  const authorization = { authorization: "Bearer secret" };
  assertEquals((await it.ask("/")).status, 401);
  const page = await it.ask("/", { headers: authorization });
  assertEquals([page.status, page.header("cache-control")], [200, "no-cache"]);
  const path = /src="([^"]+main\.js)"/.exec(page.text)?.[1] ?? "";
  assertMatch(path, /^\/assets\/[0-9a-f]{12}\/main\.js$/);
  const script = await it.ask(path, { headers: authorization });
  assertEquals([script.status, script.header("cache-control")], [200, "private, max-age=31536000, immutable"]);
  assertMatch(String(script.header("content-type")), /^text\/javascript/);
});

Deno.test("the description of the interface lists the dashboard and not its single files", async () => {
  await using it = await rig({ assets: dashboardAssets([diameterPage()]) });
  const { paths } = (await it.ask("/api/v1/openapi.json")).json();
  assertEquals(Object.keys(paths as object).filter((path) => path === "/" || path.startsWith("/assets")), ["/"]);
});
