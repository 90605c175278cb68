import { assert, assertEquals } from "@std/assert";
import { DEFAULT_CHAT } from "../../src/chat/config/options.ts";
import { interopTest } from "../interop/programs.ts";
import { REDIS, startRedis } from "../support/redis_server.ts";
import { until } from "../support/until.ts";
import { FakeCore } from "./support/fakes.ts";
import { Judge } from "../../src/chat/sim/judge.ts";
import { Judged, Running } from "./support/running.ts";

const ROOMS = ["r0", "r1", "r2"];
const NAMES = Array.from({ length: 30 }, (_, nth) => `p${nth}`);

/** Everybody is in a room, and some in two. */
const roomsOf = (nth: number) => nth % 5 === 0 ? [ROOMS[nth % 3]!, ROOMS[(nth + 1) % 3]!] : [ROOMS[nth % 3]!];

function coreWithRooms(): FakeCore {
  const core = new FakeCore();
  for (const room of ROOMS) {
    core.room(room, ...NAMES.filter((_, nth) => roomsOf(nth).includes(room)));
  }
  return core;
}

interopTest(
  "B1, V1: two gateways on one Redis, one of them goes: every member reads every event once, in order",
  [REDIS],
  async () => {
    await using redis = await startRedis();
    const [judge, core] = [new Judge(), coreWithRooms()];
    const config = { cache: { ...DEFAULT_CHAT.cache, uri: redis.url } };
    await using one = await Running.start(config, { fakeCore: core });
    await using other = await Running.start(config, { fakeCore: core });
    const devices = NAMES.map((name, nth) => new Judged(name, roomsOf(nth), judge, [one, other]));
    await Promise.all(devices.map((device, nth) => device.connect(nth % 2)));
    const sent = Object.fromEntries(ROOMS.map((room) => [room, 0]));
    const send = (rounds: number) => {
      for (let round = 0; round < rounds; round++) {
        for (const device of devices) {
          if (!device.isLive) continue;
          const [room] = device.rooms as [string];
          device.send(room, `${device.name}-${room}-${sent[room]!++}`);
        }
      }
    };
    send(5);
    // Its devices go on at the other one, from where they were.
    const gone = one.gateway.drain();
    const moved = devices.filter((_, nth) => nth % 2 === 0);
    await until(() => moved.every(({ isLive }) => !isLive), "its devices are sent away");
    send(5);
    await Promise.all(moved.map((device) => device.connect(1)));
    send(5);
    await gone;
    const staying = devices.filter((_, nth) => nth % 2 === 1);
    await until(() => staying.every(({ sent, answered }) => sent === answered), "all is sent");
    await until(() => moved.every(({ answered }) => answered >= 5), "those who moved have sent all");
    const offsets = await offsetsOf(other, ROOMS);
    await until(
      () => devices.every((device) => device.rooms.every((room) => judge.lastOf(device.name, room) >= offsets[room]!)),
      "all have read everything",
    );
    for (const { name, rooms } of devices) for (const room of rooms) judge.mustHave(name, room, offsets[room]!);
    judge.assertFaultless();
    // What was under way when its gateway went was accepted or not.
    const sum = (of: (device: Judged) => number) => devices.reduce((sum, device) => sum + of(device), 0);
    const published = Object.values(offsets).reduce((sum, offset) => sum + offset, 0);
    assert(published >= sum(({ answered }) => answered) && published <= sum(({ sent }) => sent), `${published}`);
    for (const device of devices) await device.end();
  },
);

interopTest(
  "S4: Redis goes and comes back empty-handed or not: connections stay, own members read at once, nothing is doubled",
  [REDIS],
  async () => {
    const redis = await startRedis();
    const [judge, core] = [new Judge(), coreWithRooms()];
    const config = { cache: { ...DEFAULT_CHAT.cache, uri: redis.url } };
    await using one = await Running.start(config, { fakeCore: core });
    await using other = await Running.start(config, { fakeCore: core });
    const alice = new Judged("p0", ["r0"], judge, [one, other]);
    const bob = new Judged("p3", ["r0"], judge, [one, other]);
    await alice.connect(0);
    await bob.connect(1);
    alice.send("r0", "before");
    await until(() => bob.read.length === 1, "both gateways are one");
    redis.freeze();
    await until(async () => (await one.gateway.status()).cache === "down", "the outage is noticed", 20_000);
    const readyz = await fetch(`http://${one.address}/readyz`);
    assertEquals([readyz.status, (await readyz.json()).cache], [503, "down"]);
    alice.send("r0", "meanwhile");
    await until(() => alice.read.includes("r0 0 meanwhile"), "the own members have it at once");
    redis.thaw();
    await until(async () => (await one.gateway.status()).cache === "up", "Redis is back", 20_000);
    await until(() => bob.read.some((line) => line.endsWith("meanwhile")), "the others have it, too", 20_000);
    alice.send("r0", "after");
    await until(() => [alice, bob].every(({ read }) => read.some((line) => line.endsWith("after"))), "it goes on");
    for (const { read } of [alice, bob]) {
      assertEquals(read.map((line) => line.split(" ")[2]), ["before", "meanwhile", "after"]);
    }
    judge.assertFaultless();
    for (const device of [alice, bob]) await device.end();
    await redis.kill();
  },
);

/** Where rooms stand. */
async function offsetsOf({ gateway }: Running, rooms: readonly string[]) {
  const statuses = await gateway.rooms();
  return Object.fromEntries(rooms.map((id) => [id, statuses.find(({ roomId }) => roomId === id)!.offset]));
}
