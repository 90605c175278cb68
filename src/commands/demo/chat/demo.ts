/**
 * `demo chat`: no event is lost when a gateway dies.
 * @module
 */
import type { CrowdResult } from "../../../chat/sim/crowd.ts";
import { chatEventLog } from "../../../host/chat_event_log.ts";
import { grouped } from "../../../host/numbers.ts";
import { pause } from "../../../net/pause.ts";
import { createLogger } from "../../../ops/log/mod.ts";
import { defineCommand, EXIT } from "../../cli/command.ts";
import { Interruption } from "../../cli/signals.ts";
import { palette, print } from "../../cli/terminal.ts";
import { ChatStage } from "./stage.ts";

const ROOMS = 10;
const RATE = 60;
const DEFAULT_DURATION = 12_000;
/** Connecting, reconnecting and draining take this long, whatever the rest. */
const SHORTEST = 4_000;
/** ms that what must happen by itself may take. */
const PATIENCE = 10_000;

/** Shows what the chat plane is for, on this machine alone. */
export default defineCommand({
  name: "demo chat",
  summary: "show devices that recover when their gateway dies, on loopback; nothing to configure",
  arguments: "[--devices 300] [--duration 20s]",
  description: `
Starts an issuer of tokens, a small core, a cache, two gateways and devices in ${ROOMS} rooms, all in this process, on ports
of 127.0.0.1 that are free; most devices use WebSocket, some gRPC. Events flow. One gateway is cut off as if its host
had lost its power: its devices connect to the other one and get what they missed. It comes back, and the other one is
drained. A judge looks at every delivery: each member gets each event once, in order. The exit code is 1 otherwise.`,
  flags: {
    devices: { kind: "number", placeholder: "N", help: "devices", default: 300, least: ROOMS, most: 5_000 },
    duration: {
      kind: "duration",
      placeholder: "TIME",
      help: "how long all of it lasts; 12s unless given",
      least: SHORTEST,
    },
    log: {
      kind: "string",
      placeholder: "LEVEL",
      help: "the gateways' own log on stderr",
      choices: ["off", "debug", "info", "warning", "error"],
      default: "off",
    },
  },
  examples: [
    ["demo chat", "watch it"],
    ["demo chat --devices 1000 --duration 20s", "with more devices"],
  ],
  async run({ devices, duration = DEFAULT_DURATION, log: level }) {
    const log = level === "off" ? undefined : createLogger({ level });
    using interruption = new Interruption();
    try {
      await using stage = await ChatStage.start({
        devices,
        rooms: ROOMS,
        rate: RATE,
        ...(log === undefined ? {} : { watch: (gateway) => void gateway.on(chatEventLog(log, log, () => false)) }),
      });
      const complaint = await play(stage, devices, duration, interruption.signal);
      return conclude(stage.crowd.result(), complaint);
    } finally {
      await log?.close();
    }
  },
});

/** @returns what did not happen; undefined when all of it did */
async function play(stage: ChatStage, devices: number, duration: number, signal: AbortSignal) {
  const { crowd } = stage;
  const part = duration / 5;
  const everybody = async () => {
    const deadline = performance.now() + PATIENCE;
    while (crowd.live < devices && performance.now() < deadline && !signal.aborted) await pause(10, signal);
    return crowd.live === devices;
  };
  const tell = (what: string) =>
    print(`${what}: ${crowd.live} of ${devices} devices live, ${grouped(crowd.events)} events`);
  crowd.start();
  if (!await everybody()) return `only ${crowd.live} of ${devices} devices came in`;
  tell(`all are in their ${ROOMS} rooms`);
  crowd.talk();
  await pause(part, signal);
  stage.kill("gateway-a");
  print("gateway-a is cut off, without a word to anybody");
  const before = performance.now();
  // They notice before they come back.
  while (crowd.live === devices && performance.now() - before < part && !signal.aborted) await pause(1, signal);
  if (!await everybody()) return "not all devices came back";
  tell(`its devices are at gateway-b after ${Math.round(performance.now() - before)} ms`);
  await pause(part, signal);
  await stage.startGateway("gateway-a");
  print("gateway-a is back");
  await pause(part, signal);
  const drained = stage.drain("gateway-b");
  print("gateway-b drains: its devices are told to go elsewhere");
  await drained;
  if (!await everybody()) return "not all devices came back";
  tell("they are at gateway-a");
  await pause(part, signal);
  await crowd.hush();
  const deadline = performance.now() + PATIENCE;
  while (!crowd.isLevel && performance.now() < deadline) await pause(10, signal);
  return signal.aborted ? "interrupted before the end" : undefined;
}

function conclude(result: CrowdResult, complaint: string | undefined): number {
  const { bold, green, red } = palette("stdout");
  const { events, deliveries, recovered, lost, doubled, misordered, misdelivered, faults } = result;
  const isGood = lost + doubled + misordered + misdelivered === 0 && events > 0 && complaint === undefined;
  for (const fault of faults) print(red(fault));
  if (complaint !== undefined) print(red(`failed: ${complaint}`));
  const line = `events ${events}, deliveries ${deliveries}, recovered ${recovered}, lost ${lost}, ` +
    `duplicated ${doubled}, out of order ${misordered + misdelivered}`;
  print((isGood ? green : red)(bold(line)));
  return isGood ? EXIT.done : EXIT.failed;
}
