import { assert, assertEquals } from "@std/assert";
import { TokenCache } from "../../src/rpc/token_cache.ts";

Deno.test("the cache keeps what is in use, and never more than it may", () => {
  const cache = new TokenCache<number>(10);
  cache.set("used", 1);
  for (let i = 0; i < 1_000; i++) {
    cache.set(`t${i}`, i);
    assertEquals(cache.get("used"), 1);
    assert(cache.size <= 10, `${cache.size}`);
  }
  assertEquals([cache.get("t0"), cache.get("t999")], [undefined, 999]);
});

Deno.test("a token that is set again has its new value", () => {
  const cache = new TokenCache<number>(2);
  cache.set("a", 1);
  cache.set("a", 2);
  assertEquals([cache.get("a"), cache.size], [2, 1]);
});
