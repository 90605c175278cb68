/**
 * What the people in a room see of each other: typing, presence, signals.
 * @module
 */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { isId } from "./auth/ids.ts";
import type { Hub } from "./hub.ts";
import { ServerEventSchema, type Signal, type Typing } from "./proto/mod.ts";
import type { Connection } from "./connection.ts";
import type { StoreEvent } from "./store/mod.ts";

/** B5: tells the other members. @returns whether it was a member */
export function sayTyping(hub: Hub, session: Connection, { roomId, typing }: Typing, id: string): boolean {
  if (!session.rooms.isLive(roomId)) {
    session.refuse(id, "permission_denied", "not subscribed to the room", roomId);
    return false;
  }
  spread(hub, roomId, { case: "typing", value: { roomId, profileId: session.profileId, typing } });
  return true;
}

/** P1: who is in the room, over all gateways. */
export async function askPresence(hub: Hub, session: Connection, roomId: string, id: string): Promise<void> {
  if (!session.rooms.isLive(roomId)) {
    return session.refuse(id, "permission_denied", "not subscribed to the room", roomId);
  }
  const devices = await hub.store.devices(roomId);
  const members = new Map<string, string[]>();
  for (const { profileId, deviceId } of devices) {
    const deviceIds = members.get(profileId);
    if (deviceIds === undefined) members.set(profileId, [deviceId]);
    else deviceIds.push(deviceId);
  }
  session.tell({
    case: "presence",
    value: {
      roomId,
      count: members.size,
      members: [...members].map(([profileId, deviceIds]) => ({ profileId, deviceIds })),
    },
  }, id);
}

/** P3: to the devices of a profile that are in a room with the sender, on all gateways. */
export async function sendSignal(hub: Hub, session: Connection, signal: Signal, id: string): Promise<void> {
  const { profileId: to, deviceId: toDevice, kind: what, data } = signal;
  if (!isId(to)) return session.refuse(id, "invalid_argument", "signal.profile_id: expected the id of a profile");
  const rooms = session.rooms.live;
  const delivered = rooms.length === 0 ? 0 : await hub.questions.ask((nonce) =>
    hub.say({
      kind: "signal",
      asker: hub.gatewayId,
      nonce,
      to,
      toDevice,
      rooms,
      from: session.profileId,
      fromDevice: session.deviceId,
      what,
      ...(data === undefined ? {} : { data }),
    }, false)
  );
  if (delivered === 0) {
    return session.refuse(id, "permission_denied", "no device of that profile is in a room with you");
  }
  session.tell({ case: "signal", value: { profileId: to, deviceId: toDevice, kind: what, delivered } }, id);
}

/** P2: says who has come and gone, in rooms that are not too large. */
export function tellPresence(hub: Hub, { roomId, joined, left, profiles }: PresenceChange): void {
  if (profiles > hub.config.presence.eventsUpTo) return;
  for (const profile of joined) {
    spread(hub, roomId, { case: "presence", value: { roomId, count: profiles, joined: profile } });
  }
  for (const profile of left) {
    spread(hub, roomId, { case: "presence", value: { roomId, count: profiles, left: profile } });
  }
}

type PresenceChange = Extract<StoreEvent, { kind: "presence" }>;

function spread(
  hub: Hub,
  roomId: string,
  payload: NonNullable<MessageInitShape<typeof ServerEventSchema>["payload"]>,
): void {
  hub.store.spread(roomId, toBinary(ServerEventSchema, create(ServerEventSchema, { payload })));
}
