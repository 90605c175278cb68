/** Peers that want the server for themselves. They do nothing that is forbidden. */
import { assert, assertEquals } from "@std/assert";
import { attack, type Scene } from "./scene.ts";

/** Octets that are moved. */
const SENT = 400 << 20;
const TAKEN = 1200 << 20;
/**
 * Calls that the healthy client must bring to an end meanwhile: a small part of what it has when
 * the server is fair, and more than when the greedy one is served for as long as it has more.
 */
const CALLS = 50;

async function besides(scene: Scene, what: "sends" | "takes", octets: number): Promise<void> {
  const program = new URL("greedy.ts", import.meta.url).pathname;
  const greedy = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-net", program, String(scene.port), what, String(octets)],
    stdout: "piped",
  }).spawn();
  const said = greedy.stdout.getReader();
  await said.read();
  const before = scene.answered;
  const { success } = await greedy.status;
  await said.cancel();
  assertEquals([success, scene.violations], [true, []]);
  const calls = scene.answered - before;
  if (Deno.env.get("ATTACK_FIGURES") === "1") console.log(`${calls} calls beside one who ${what}`);
  assert(calls >= CALLS, `the healthy client had ${calls} answers beside one who ${what} without end`);
}

attack("who sends without end leaves room for others", (scene) => besides(scene, "sends", SENT));
attack("who takes without end leaves room for others", (scene) => besides(scene, "takes", TAKEN), {}, {
  peak: 128 << 20,
});
