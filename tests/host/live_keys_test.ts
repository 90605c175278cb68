import { assertEquals } from "@std/assert";
import { SECTIONS } from "../../src/host/config.ts";
import { liveKeys } from "../../src/ops/config/mod.ts";
import { interopTest, program } from "../interop/programs.ts";
import { GATEWAY_KEYS } from "./live/gateway_keys.ts";
import { POLICY_KEYS } from "./live/policy_keys.ts";
import { POOL_KEYS } from "./live/pool_keys.ts";
import { PROCESS_KEYS } from "./live/process_keys.ts";
import { QUEUE_KEYS } from "./live/queue_keys.ts";
import { SERVER_KEYS } from "./live/server_keys.ts";

const TABLE = [...GATEWAY_KEYS, ...SERVER_KEYS, ...POOL_KEYS, ...POLICY_KEYS, ...QUEUE_KEYS, ...PROCESS_KEYS];

Deno.test("a key that a reload is said to change is in the table of those that do, and no other", () => {
  assertEquals(TABLE.flatMap(({ keys }) => keys).toSorted(), liveKeys(SECTIONS).toSorted());
});

for (const { keys, seen, needsOpenssl, play } of TABLE) {
  interopTest(
    `a reload changes ${keys.join(", ")}: ${seen}`,
    needsOpenssl === true ? [program("openssl", "openssl")] : [],
    play,
  );
}
