import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { RedisUsers } from "../../../src/grpc/sim/redis_users.ts";
import { hashPassword, matches, MemoryUsers, StoreAway } from "../../../src/grpc/sim/users.ts";
import { interopTest } from "../../interop/programs.ts";
import { until } from "../../support/until.ts";
import { REDIS, startRedis } from "../../support/redis_server.ts";

Deno.test("a password is kept as scrypt says, never twice the same", async () => {
  const [one, two] = [await hashPassword("secret"), await hashPassword("secret")];
  assertMatch(one, /^scrypt\$16384\$8\$1\$[\w+/=]{24}\$[\w+/=]{44}$/);
  assert(one !== two);
  assertEquals([await matches("secret", one), await matches("Secret", one)], [true, false]);
  assertEquals([await matches("secret", "secret"), await matches("", null)], [false, false]);
});

Deno.test("users in memory log in with their own password alone", async () => {
  const users = new MemoryUsers();
  await users.add("ann", "one");
  await users.add("ann", "two");
  assertEquals(
    [await users.check("ann", "two"), await users.check("ann", "one"), await users.check("bob", "two")],
    [true, false, false],
  );
});

interopTest("users in Redis outlive the program, and its absence is told", [REDIS], async () => {
  const redis = await startRedis();
  const users = new RedisUsers(redis.url);
  try {
    await users.add("ann", "one");
    assertEquals([await users.check("ann", "one"), await users.check("bob", "one")], [true, false]);
    await redis.stop();
    await until(() => users.check("ann", "one").then(() => false, (error) => error instanceof StoreAway), "it is away");
    await using _again = await startRedis(redis.port);
    assertEquals(await users.check("ann", "one"), false); // Restarted empty.
  } finally {
    users.close();
    await redis.stop();
  }
});

interopTest("users cannot be added to a Redis that is not there", [REDIS], async () => {
  const users = new RedisUsers("redis://127.0.0.1:1/0");
  try {
    await assertRejects(() => users.add("ann", "one"), StoreAway);
    await assertRejects(() => users.check("ann", "one"), StoreAway);
  } finally {
    users.close();
  }
});
