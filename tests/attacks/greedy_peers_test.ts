/**
 * Peers that take all they can get: none of them costs a polite Logic App anything, and the process
 * does not grow with them.
 */
import { assert, assertStringIncludes } from "@std/assert";
import { AppSimulator } from "../../src/diameter/sim/app.ts";
import { answer, type RawMessage, type RawRequest, request } from "../support/raw_message.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { until } from "../support/until.ts";
import { FakeDra } from "../faults/fake_dra.ts";
import { Scene, type SceneOptions } from "./scene.ts";

const MB = 1e6;
const S13 = { id: 16777252, vendor: 10415 };
const GX = 16777238;

/** An AVP of so many bytes that nobody knows. */
const padded = (bytes: number, wish: RawRequest = {}) =>
  request({ ...wish, more: (b) => void b.octets(0xfffff0, new Uint8Array(bytes), { flags: 0 }) });

const longAnswer = (to: RawMessage, bytes: number, resultCode = 2001) =>
  answer(to, { resultCode, more: (b) => void b.octets(0xfffff0, new Uint8Array(bytes), { flags: 0 }) });

/** A Logic App of the attack, behind its capabilities exchange. */
async function attacker(scene: Scene, host: string): Promise<RawPeer> {
  const peer = await RawPeer.connect(scene.address.port, { host, realm: "apps.example.net" });
  peer.answersWatchdogs = true;
  await peer.exchangeCapabilities();
  return peer;
}

/** A scene with more DRAs behind its own, whose every answer the test decides. */
async function withFakes(
  fakes: readonly FakeDra[],
  options: SceneOptions,
  play: (scene: Scene) => Promise<void>,
): Promise<void> {
  try {
    await using scene = await Scene.start({ ...options, otherDras: fakes.map(({ port }) => port) });
    await play(scene);
  } finally {
    for (const fake of fakes) await fake.close();
  }
}

Deno.test("requests of 58 kB for a DRA that answers none fill what is that DRA's, and no other DRA is refused to anybody", async () => {
  const mute = new FakeDra({ host: "mute.core.example.net", request: () => {} });
  await withFakes([mute], {
    gateway: { memory_limit: "64MiB", request_timeout: "20s", answer_timeout: "20s" },
  }, async (scene) => {
    const before = await scene.gateway.sample();
    const greedy = await attacker(scene, "greedy.apps.example.net");
    const { requests } = scene.dras[0]!.counters;
    let sent = 0;
    const arrived = (count: number) => () => mute.requests + greedy.inbox.length >= count;
    // More than its part of the memory, and then what goes to the other DRA is answered by that.
    for (; sent < 1_500; sent += 10) {
      await greedy.send(
        ...Array.from({ length: 10 }, () => padded(58_000, { destinationHost: "mute.core.example.net" })),
      );
      // The DRA that answers has as much memory: it is to have no more waiting than it can read.
      await until(arrived(sent - 100), "most have arrived, or were answered", 20_000);
    }
    await until(arrived(sent), "each has arrived, or was answered", 20_000);
    assert(mute.requests < 400, `${mute.requests} of them are kept`);
    assert(scene.dras[0]!.counters.requests > requests);
    const after = await scene.gateway.sample();
    assert(after.memory < before.memory + 120 * MB, `memory went from ${before.memory} to ${after.memory} bytes`);
    await scene.unharmed();
    await greedy.close();
  });
});

Deno.test("a Logic App that answers no request of a DRA does not make the others unreachable", async () => {
  const results: Record<string, number> = {};
  const asker = new FakeDra({
    host: "asker.core.example.net",
    other: ({ resultCode }) => void (results[String(resultCode)] = (results[String(resultCode)] ?? 0) + 1),
  });
  await withFakes([asker], { gateway: { request_timeout: "20s" } }, async (scene) => {
    const mute = await attacker(scene, "mute.apps.example.net");
    const [wire] = asker.open;
    const many = Array.from({ length: 500 }, () => request({ destinationHost: "mute.apps.example.net" }));
    for (let sent = 0; sent < 20_000; sent += many.length) await wire!.send(...many);
    await until(() => (results["3004"] ?? 0) > 11_000, "what is too much is refused", 20_000);
    await until(() => mute.inbox.length + results["3004"]! === 20_000, "each has arrived, or was refused", 20_000);
    await wire!.send(...Array.from({ length: 50 }, () => request({ destinationHost: "polite.apps.example.net" })));
    await until(() => results["2001"] === 50, "the polite one is reached");
    await scene.unharmed();
    await mute.close();
  });
});

Deno.test("a Logic App that asks for 98 MB and reads nothing is let go at once, and costs no memory to speak of", async () => {
  const generous = new FakeDra({
    host: "generous.core.example.net",
    request: (message, wire) => void wire.send(longAnswer(message, 32_000)),
  });
  await withFakes([generous], { server: { send_queue_limit: "256KiB", write_timeout: "60s" } }, async (scene) => {
    const before = await scene.gateway.sample();
    const deaf = await attacker(scene, "deaf.apps.example.net");
    deaf.pause();
    await deaf.send(
      ...Array.from({ length: 3_000 }, () => request({ destinationHost: "generous.core.example.net" })),
    );
    const left = () => scene.gateway.logged("app_down").find(({ app }) => app === "deaf.apps.example.net");
    await until(() => left() !== undefined, "it is let go", 10_000);
    assertStringIncludes(String(left()!["reason"]), "did not read");
    const after = await scene.gateway.sample();
    assert(after.memory < before.memory + 60 * MB, `memory went from ${before.memory} to ${after.memory} bytes`);
    await until(() => (scene.gateway.statistics?.sessions_abandoned ?? 0) > 1_000, "its requests are abandoned");
    await scene.unharmed();
    await deaf.close();
  });
});

Deno.test("long error answers that are kept while another DRA is asked have an end", async () => {
  const failing = new FakeDra({
    host: "failing.core.example.net",
    request: (message, wire) => void wire.send(longAnswer(message, 60_000, 3004)),
  });
  const mute = new FakeDra({ host: "mute.core.example.net", request: () => {} });
  await withFakes([failing, mute], {
    dras: [{ applications: [S13] }],
    gateway: { memory_limit: "64MiB", request_timeout: "20s", answer_timeout: "20s" },
  }, async (scene) => {
    const before = await scene.gateway.sample();
    const greedy = await attacker(scene, "greedy.apps.example.net");
    let bytes = 0;
    let answered = 0;
    const count = 3_000;
    for (let sent = 0; sent < count; sent += 50) {
      await greedy.send(...Array.from({ length: 50 }, () => request({ application: GX })));
      await until(() => failing.requests >= sent, "the failing DRA is asked");
      for (const message of greedy.inbox.splice(0)) {
        answered++;
        bytes += message.bytes.length;
      }
    }
    assert(answered > 0 && bytes > answered * 1_000, "what cannot be kept is passed on, whole");
    const after = await scene.gateway.sample();
    assert(after.memory < before.memory + 100 * MB, `memory went from ${before.memory} to ${after.memory} bytes`);
    await scene.unharmed();
    await greedy.close();
  });
});

Deno.test("beside a Logic App that asks for more than its DRA can take, a polite one is served every time", async () => {
  await using scene = await Scene.start({
    dras: [{ faults: { delay: 50 } }],
    draPool: { max_in_flight: 64 },
    politeRate: 100,
  });
  const overrunning = new AppSimulator({
    connect: scene.address,
    originHost: () => "overrunning.apps.example.net",
    window: 400,
  });
  await overrunning.start();
  await overrunning.run({ duration: 3_000 });
  const refused = overrunning.counters.answered - overrunning.counters.success;
  assert(refused > 1_000, `only ${refused} of ${overrunning.counters.answered} were too many`);
  assert(overrunning.counters.success > 1_000, "and what the polite one leaves is its own");
  await scene.unharmed();
  await overrunning.stop();
});
