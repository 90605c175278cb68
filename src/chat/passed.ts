/**
 * What follows from calls that the core has accepted: events are published, and who is in a room or
 * no longer is told to all gateways.
 * @module
 */
import { type DescMessage, fromBinary, fromJson, type MessageShape } from "@bufbuild/protobuf";
import type { AcceptedCall } from "./core/forwarder.ts";
import type { Hub } from "./hub.ts";
import {
  AddRoomSubscriptionsRequestSchema,
  AddRoomSubscriptionsResponseSchema,
  CreateRoomRequestSchema,
  CreateRoomResponseSchema,
  DeleteRoomRequestSchema,
  type Encoding,
  RemoveRoomSubscriptionsRequestSchema,
  SendEventRequestSchema,
  SendEventResponseSchema,
} from "./proto/mod.ts";

/** What follows, by method; the answer to the device waits for it (B2). */
const CONSEQUENCES: Readonly<Record<string, (hub: Hub, call: AcceptedCall) => Promise<unknown>>> = {
  async SendEvent(hub, { encoding, answer }) {
    if (hub.config.core.publish !== "accepted") return;
    // In this order, one after the other: those of a room must keep it.
    for (const event of read(SendEventResponseSchema, encoding, answer).events) {
      if (event.roomId !== "") await hub.publish(event);
    }
  },
  RemoveRoomSubscriptions(hub, { encoding, request }) {
    const { roomId: room, profileIds: profiles } = read(RemoveRoomSubscriptionsRequestSchema, encoding, request);
    return hub.say({ kind: "removed", room, profiles }, true);
  },
  DeleteRoom(hub, { encoding, request }) {
    const { roomId: room } = read(DeleteRoomRequestSchema, encoding, request);
    return hub.say({ kind: "deleted", room }, true);
  },
  AddRoomSubscriptions(hub, { encoding, request, answer }) {
    const { roomId: room, members } = read(AddRoomSubscriptionsRequestSchema, encoding, request);
    const { subscriptions } = read(AddRoomSubscriptionsResponseSchema, encoding, answer);
    return added(hub, room, subscriptions.length > 0 ? subscriptions : members);
  },
  CreateRoom(hub, { encoding, caller, request, answer }) {
    const { members } = read(CreateRoomRequestSchema, encoding, request);
    const { room } = read(CreateRoomResponseSchema, encoding, answer);
    return added(hub, room?.id ?? "", [...members, caller]);
  },
};

/** See `ForwarderOptions.accepted`. */
export async function consequences(hub: Hub, call: AcceptedCall): Promise<void> {
  if (Object.hasOwn(CONSEQUENCES, call.method)) await CONSEQUENCES[call.method]!(hub, call);
}

/**
 * How many events a SendEvent has for each room; nothing for what cannot be read: that the core
 * tells.
 */
export function eventsPerRoom(encoding: Encoding, body: Uint8Array): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  try {
    for (const { roomId } of read(SendEventRequestSchema, encoding, body).events) {
      counts.set(roomId, (counts.get(roomId) ?? 0) + 1);
    }
  } catch {
    counts.clear();
  }
  return counts;
}

function added(hub: Hub, room: string, members: readonly { readonly profileId: string }[]): Promise<unknown> {
  if (room === "") return Promise.resolve();
  const profiles = [...new Set(members.map(({ profileId }) => profileId))];
  return hub.say({ kind: "added", room, profiles }, true);
}

const TEXT = new TextDecoder();

function read<D extends DescMessage>(schema: D, encoding: Encoding, bytes: Uint8Array): MessageShape<D> {
  if (encoding === "proto") return fromBinary(schema, bytes);
  const text = TEXT.decode(bytes);
  return fromJson(schema, text === "" ? {} : JSON.parse(text), { ignoreUnknownFields: true });
}
