/**
 * What the chat plane's part of the admin interface takes and answers, as schemas.
 * @module
 */
import * as z from "zod";
import { ID_SYNTAX, isId } from "../auth/ids.ts";

const count = z.int();
const TRANSPORT = z.enum(["websocket", "grpc", "connect", "grpcweb"]);
const id = () => z.string().refine(isId, { error: `expected ${ID_SYNTAX}` });

/** Everything at a glance. */
export const STATUS = z.object({
  gateway_id: z.string(),
  state: z.string(),
  connections: count,
  transports: z.record(TRANSPORT, count),
  closes: z.record(z.string(), count),
  rooms: count,
  subscriptions: count,
  published: count,
  deliveries: count,
  slow_consumers: count,
  core: z.object({ uri: z.string(), breaker: z.enum(["closed", "half-open", "open"]) }),
  cache: z.object({ uri: z.string(), up: z.boolean() }),
});

/** One connection of a device. */
export const CONNECTION = z.object({
  profile_id: z.string(),
  device_id: z.string(),
  transport: TRANSPORT,
  encoding: z.enum(["json", "proto"]),
  remote: z.string(),
  connected_at: z.iso.datetime(),
  last_active: z.iso.datetime(),
  room_ids: z.array(z.string()),
  queue_bytes: count,
  messages_in: count,
  messages_out: count,
});

const ROOM_MEMBERS = { room_id: z.string(), epoch: z.string(), offset: count, local: count };

/** A room with members here. */
export const ROOM = z.object(ROOM_MEMBERS);

/** A room, over all gateways. */
export const ROOM_DEVICES = z.object({
  ...ROOM_MEMBERS,
  devices: z.array(z.object({ profile_id: z.string(), device_id: z.string(), gateway_id: z.string() })),
});

/** Events to publish. */
export const PUBLISH = z.strictObject({
  events: z.array(z.strictObject({
    room_id: id(),
    type: z.string(),
    payload: z.record(z.string(), z.json()),
    id: z.string().min(1).max(256).optional(),
    sender_id: id().optional(),
  })),
});

/** Where they have their places. */
export const PUBLISHED = z.object({
  events: z.array(z.object({ room_id: z.string(), id: z.string(), offset: count })),
});

/** Whose connections are closed. */
export const DISCONNECT = z.strictObject({ profile_id: id(), device_id: id().optional() });

/** How many were. */
export const DISCONNECTED = z.object({ disconnected: count });

/** Who is taken out of which room. */
export const UNSUBSCRIBE = z.strictObject({ room_id: id(), profile_id: id() });
