/** Peers that begin and do not end: each costs little, and not for ever. */
import { assertEquals } from "@std/assert";
import { FRAME, PREFACE } from "../../../src/http2/frame.ts";
import { until } from "../../support/until.ts";
import { frame, request, settings } from "../raw_peer.ts";
import { block } from "../raw_peer.ts";
import { attack, type Scene } from "./scene.ts";

const PEERS = 200;
const HANDSHAKE = { handshakeTimeout: 1000 };

async function allCutOff(scene: Scene): Promise<void> {
  await until(() => scene.violations.length === PEERS, "all are cut off", 20_000);
  assertEquals(new Set(scene.violations), new Set(["handshake"]));
  await until(async () => (await scene.memory()).connections === 1, "all are gone");
}

attack("200 connections that say nothing are cut off", async (scene) => {
  for (let nth = 0; nth < PEERS; nth++) await scene.attacker(null);
  await allCutOff(scene);
}, HANDSHAKE);

attack("200 connections that say their preface octet by octet are cut off", async (scene) => {
  const peers = [];
  for (let nth = 0; nth < PEERS; nth++) peers.push(await scene.attacker(null));
  const hello = Uint8Array.of(...PREFACE, ...settings([4, 100]));
  for (let at = 0; at < hello.length - 1 && scene.violations.length < PEERS; at++) {
    await Promise.all(peers.map((peer) => peer.send(hello.subarray(at, at + 1))));
    const before = scene.answered;
    await until(() => scene.answered > before + 10 || scene.violations.length === PEERS, "the healthy client goes on");
  }
  await allCutOff(scene);
}, HANDSHAKE);

attack("200 connections that stop behind the preface are cut off", async (scene) => {
  for (let nth = 0; nth < PEERS; nth++) await (await scene.attacker(null)).send(PREFACE);
  await allCutOff(scene);
}, HANDSHAKE);

attack("200 frames that come but for their last octet cost little", async (scene) => {
  for (let nth = 0; nth < PEERS; nth++) {
    const peer = await scene.attacker();
    const whole = frame(FRAME.HEADERS, 4, 1, [...block(request("/slow")), ...block([["x", "y".repeat(16_000)]])]);
    await peer.send(whole.subarray(0, whole.length - 1));
  }
  assertEquals((await scene.memory()).connections, PEERS + 1);
  assertEquals(scene.violations, []);
});

attack("200 peers that say nothing more are asked, and cut off without an answer", async (scene) => {
  for (let nth = 0; nth < PEERS; nth++) (await scene.attacker()).pause();
  await until(
    () => scene.ends.filter(({ closed }) => closed === "keepalive").length === PEERS,
    "all are cut off",
    20_000,
  );
  assertEquals(scene.violations, []);
}, { keepalive: { interval: 500, timeout: 500 } });
