/**
 * A row of the table of live keys: what is changed in a running gateway, and how that is seen.
 * @module
 */
import { assertEquals } from "@std/assert";
import type { GatewayOptions } from "../../../src/diameter/relay/core/options.ts";
import { type Stage, stage, type StageOptions } from "../../compliance/stage.ts";
import { answer, type RawMessage, type RawRequest, request } from "../../support/raw_message.ts";
import type { RawPeer } from "../../support/raw_peer.ts";

/** Keys of the configuration, and a test that changes all of them. */
export interface Row {
  readonly keys: readonly string[];
  /** What an operator sees. */
  readonly seen: string;
  /** Left out where there are no certificates without it. */
  readonly needsOpenssl?: true;
  readonly play: () => Promise<void>;
}

/** What a change names; the rest stays. */
export interface Change {
  readonly gateway?: Partial<Omit<GatewayOptions, "server" | "draPool">>;
  readonly server?: Partial<GatewayOptions["server"]>;
  readonly draPool?: Partial<GatewayOptions["draPool"]>;
}

/** Puts `change` into force, as a reload does. */
export async function change(s: Stage, { gateway, server, draPool }: Change): Promise<void> {
  const now = s.gateway.runtime.options;
  await s.gateway.configure({
    ...now,
    ...gateway,
    server: { ...now.server, ...server },
    draPool: { ...now.draPool, ...draPool },
  });
}

/** The same for DRAs, by their place. */
export async function changeDras(s: Stage, ...changes: readonly Partial<GatewayOptions["draPool"]["dras"][0]>[]) {
  const { dras } = s.gateway.runtime.options.draPool;
  await change(s, { draPool: { dras: dras.map((dra, i) => ({ ...dra, ...changes[i] })) } });
}

/** A row about a gateway on a stage. */
export function row(keys: string, seen: string, options: StageOptions, play: (s: Stage) => Promise<void>): Row {
  return { keys: keys.split(" "), seen, play: stage(options, play) };
}

/** Sends a request and returns what its sender is answered without a DRA. */
export async function refused(app: RawPeer, wish: RawRequest = {}): Promise<RawMessage> {
  await app.send(request(wish));
  return await app.nextAnswer();
}

/** Has `dra` answer one request of `app` with that code, and tells what comes through. */
export async function answered(app: RawPeer, dra: RawPeer, resultCode = 2001): Promise<number | undefined> {
  await app.send(request());
  await dra.send(answer(await dra.nextRequest(), { resultCode }));
  return (await app.nextAnswer()).resultCode;
}

/** A request goes to `dra` and is answered there. */
export async function serves(app: RawPeer, dra: RawPeer): Promise<void> {
  assertEquals(await answered(app, dra), 2001);
}
