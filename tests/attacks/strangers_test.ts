/** Peers that never identify themselves. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { FLAG } from "../../src/diameter/wire/header.ts";
import { cer, patched, peerRequest, request } from "../support/raw_message.ts";
import { until } from "../support/until.ts";
import { Scene } from "./scene.ts";

const STRANGER = { host: "stranger.example.net", realm: "example.net" };
/** First byte of the flags, and of the length of the first AVP. */
const [FLAGS, FIRST_LENGTH] = [4, 27];

/**
 * Writes as much of `bytes` as the other end takes, then reads to the end.
 * @returns how many bytes came back
 */
async function exchange(port: number, bytes: Uint8Array): Promise<number> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const writing = (async () => {
    try {
      for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    } catch {
      // It was cut off.
    }
  })();
  let count = 0;
  try {
    const block = new Uint8Array(65_536);
    for (let read = await connection.read(block); read !== null; read = await connection.read(block)) count += read;
  } catch {
    // A reset is an end too.
  }
  await writing;
  connection.close();
  return count;
}

function repeated(message: Uint8Array, times: number): Uint8Array {
  const bytes = new Uint8Array(message.length * times);
  for (let i = 0; i < times; i++) bytes.set(message, i * message.length);
  return bytes;
}

Deno.test("strangers get no answer to anything but a CER, however much they send", async () => {
  await using scene = await Scene.start();
  const { port } = scene.address;
  const dwr = peerRequest(STRANGER);
  const dpr = peerRequest(STRANGER, 0);
  const bad = (message: Uint8Array) => patched(message, { [FLAGS]: message[FLAGS]! | FLAG.error });
  const broken = (message: Uint8Array) => patched(message, { [FIRST_LENGTH]: 3 });
  for (const message of [bad(dwr), bad(dpr), broken(dwr), broken(dpr), bad(request()), request(), dwr, dpr]) {
    const flood = repeated(message, 2_000);
    const answers = await Promise.all(Array.from({ length: 5 }, () => exchange(port, flood)));
    assertEquals(answers, [0, 0, 0, 0, 0]);
  }
  // A CER that is wrong is answered once, whatever stands behind it.
  for (const message of [bad(cer(STRANGER)), broken(cer(STRANGER))]) {
    const once = await exchange(port, message);
    assert(once > 0);
    assertEquals(await exchange(port, repeated(message, 2_000)), once);
  }
  assertEquals(scene.gateway.logged("app_up").length, 1);
  await scene.unharmed();
});

Deno.test("strangers cannot make the gateway keep more than 16 KiB each, whatever max_message_size says", async () => {
  await using scene = await Scene.start({ server: { max_message_size: "1MiB" } });
  const { port } = scene.address;
  const before = await scene.gateway.sample();
  const refused = () => scene.gateway.logged("app_refused");
  // Most of them are alike, and one line stands for many.
  const count = () => refused().reduce((sum, { repeated }) => sum + Number(repeated ?? 1), 0);
  const beginning = (length: number) => {
    const bytes = new Uint8Array(length - 4);
    bytes.set(patched(cer(STRANGER).slice(0, 20), { 1: length >> 16, 2: (length >> 8) & 0xff, 3: length & 0xff }));
    return bytes;
  };
  // All but the end of a message of 1 MiB: its announcement is enough, nobody waits for the rest.
  const long = beginning(0x100000);
  await Promise.all(Array.from({ length: 50 }, () => exchange(port, long)));
  await until(() => count() === 50, "all are refused");
  for (const { reason } of refused()) assertMatch(String(reason), /length/);
  // All but the end of one that a CER may be.
  const short = beginning(16_384);
  const held = await Promise.all(Array.from({ length: 400 }, () => Deno.connect({ hostname: "127.0.0.1", port })));
  try {
    for (const connection of held) {
      for (let at = 0; at < short.length;) at += await connection.write(short.subarray(at));
    }
    await until(async () => (await scene.gateway.sample()).openFiles >= before.openFiles + 400, "all are held");
    assertEquals(count(), 50);
    const after = await scene.gateway.sample();
    assert(after.memory < before.memory + 60e6, `memory went from ${before.memory} to ${after.memory} bytes`);
  } finally {
    for (const connection of held) connection.close();
  }
  await scene.unharmed();
});
