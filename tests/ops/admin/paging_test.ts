import { assertEquals } from "@std/assert";
import { page } from "../../../src/ops/admin/paging.ts";
import { rig } from "./rig.ts";

const NEXT = /^<(.*)>; rel="next"$/;

Deno.test("the pages of a list, one after the other, are the list", async () => {
  await using admin = await rig();
  const seen: number[] = [];
  const sizes: number[] = [];
  for (let path: string | undefined = "/api/v1/apps?limit=10"; path !== undefined;) {
    const answer = await admin.ask(path);
    const apps = JSON.parse(answer.text) as { id: number }[];
    seen.push(...apps.map(({ id }) => id));
    sizes.push(apps.length);
    path = NEXT.exec(answer.header("link") ?? "")?.[1];
    // One that leaves meanwhile moves nobody to another page.
    admin.plane.apps = admin.plane.apps.filter(({ id }) => id !== 10);
  }
  assertEquals(sizes, [10, 10, 5]);
  assertEquals(seen, Array.from({ length: 25 }, (_, nth) => nth + 1));
});

Deno.test("a list without a limit comes whole", async () => {
  await using admin = await rig();
  const answer = await admin.ask("/api/v1/apps");
  assertEquals([JSON.parse(answer.text).length, answer.header("link")], [25, undefined]);
});

Deno.test("a page of the newest first goes on behind the oldest of it, and keeps the filters", async () => {
  await using admin = await rig();
  const answer = await admin.ask("/api/v1/errors?limit=2");
  assertEquals(JSON.parse(answer.text), [{ nth: 9 }, { nth: 8 }]);
  const next = NEXT.exec(answer.header("link") ?? "")?.[1] ?? "";
  assertEquals(next, "/api/v1/errors?limit=2&cursor=p-8");
  assertEquals(JSON.parse((await admin.ask(next)).text), [{ nth: 7 }]);
});

Deno.test("a list by name goes on behind a name, whatever is in it", () => {
  const rooms = ["a", "b & c", "tü", "z"];
  const ask = (target: string) => {
    const url = new URL(target, "http://localhost");
    const cursor = url.searchParams.get("cursor") ?? undefined;
    const { body, headers } = page({ query: { limit: 2, cursor }, target }, rooms, (room) => room);
    return { rooms: JSON.parse(String(body)), next: NEXT.exec(headers["link"] ?? "")?.[1] };
  };
  const first = ask("/api/v1/chat/rooms?limit=2");
  assertEquals(first.rooms, ["a", "b & c"]);
  assertEquals(ask(first.next!), { rooms: ["tü", "z"], next: undefined });
});

Deno.test("a list is read no further than its page goes", () => {
  let read = 0;
  function* endless() {
    for (let nth = 0;; nth++) {
      read++;
      yield nth;
    }
  }
  page({ query: { limit: 3 }, target: "/x?limit=3" }, endless(), (nth) => nth);
  assertEquals(read, 4);
});
