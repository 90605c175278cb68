/**
 * The chat plane's part of the admin interface. It sees a gateway's face, never its parts.
 * @module
 */
import * as z from "zod";
import { page, PAGING } from "../../ops/admin/paging.ts";
import * as parameter from "../../ops/admin/parameter.ts";
import type { AdminPlane, State } from "../../ops/admin/plane.ts";
import { notFound } from "../../ops/admin/problem.ts";
import { json, type Route, route } from "../../ops/admin/route.ts";
import type { Registry } from "../../ops/metrics/registry.ts";
import { scrape } from "../../ops/metrics/scrape.ts";
import type { ChatControl, ChatStatus, ConnectionStatus, RoomStatus } from "../control.ts";
import { eventsOf } from "./events.ts";
import * as schema from "./schemas.ts";

/** The plane of `gateway`, whose metrics are in `metrics`. */
export function chatPlane(gateway: ChatControl, metrics: Registry): AdminPlane {
  return {
    name: "chat",
    async readiness() {
      const { ready, state, reason, core, cache, issuer } = await gateway.status();
      return {
        state: stateOf(state, ready),
        ready,
        ...(reason === "" ? {} : { reason }),
        details: { core, cache, issuer },
      };
    },
    routes: [...listRoutes(gateway), ...actions(gateway)],
    events: eventsOf(gateway),
    async *metrics() {
      yield* scrape(metrics);
    },
    status: { shape: { chat: schema.STATUS }, read: async () => ({ chat: shownStatus(await gateway.status()) }) },
  };
}

function stateOf(state: ChatStatus["state"], ready: boolean): State {
  if (state === "ready") return ready ? "ready" : "degraded";
  return state === "starting" ? "starting" : "draining";
}

function listRoutes(gateway: ChatControl): Route[] {
  return [
    route({
      method: "GET",
      path: "/api/v1/chat/status",
      summary: "The chat gateway at a glance",
      answer: { description: "Counts of this gateway.", schema: schema.STATUS },
      handle: async () => json(shownStatus(await gateway.status())),
    }),
    route({
      method: "GET",
      path: "/api/v1/chat/connections",
      summary: "Connected devices",
      query: {
        ...PAGING,
        profile: parameter.text("Id of a profile").optional(),
        device: parameter.text("Id of a device").optional(),
        room: parameter.text("Id of a room").optional(),
      },
      answer: { description: "Connections to this gateway, the oldest first.", schema: z.array(schema.CONNECTION) },
      async handle(call) {
        const { profile, device, room } = call.query;
        const found = await gateway.connections({ profile, device, room });
        const sorted = found.sort((a, b) => a.number - b.number);
        const shown = new Map(sorted.map((each) => [shownConnection(each), each.number]));
        return page(call, shown.keys(), (each) => shown.get(each)!);
      },
    }),
    route({
      method: "GET",
      path: "/api/v1/chat/rooms",
      summary: "Rooms with members here",
      query: PAGING,
      answer: { description: "In the order of their ids.", schema: z.array(schema.ROOM) },
      async handle(call) {
        const rooms = (await gateway.rooms()).map(shownRoom).sort((a, b) => a.room_id < b.room_id ? -1 : 1);
        return page(call, rooms, ({ room_id }) => room_id);
      },
    }),
    route({
      method: "GET",
      path: "/api/v1/chat/rooms/{room}",
      summary: "A room, and the devices in it over all gateways",
      parameters: { room: parameter.text("Id of a room") },
      answer: { description: "The room.", schema: schema.ROOM_DEVICES },
      problems: [404],
      async handle({ parameters: { room: roomId } }) {
        const room = await gateway.room(roomId);
        if (room === undefined) throw notFound(`nobody is in the room ${JSON.stringify(roomId)}`);
        const devices = room.devices.map(({ profileId, deviceId, gatewayId }) => ({
          profile_id: profileId,
          device_id: deviceId,
          gateway_id: gatewayId,
        }));
        return json({ ...shownRoom(room), devices });
      },
    }),
  ];
}

function actions(gateway: ChatControl): Route[] {
  return [
    route({
      method: "POST",
      path: "/api/v1/chat/publish",
      isRoutine: true,
      summary: "Publish events",
      description:
        "To the members of their rooms, on all gateways; all of them, or none when one is wrong. An id that " +
        "was published in its room before is not delivered again.",
      body: { json: schema.PUBLISH },
      answer: { description: "Where each has its place; offset 0 while the cache is away.", schema: schema.PUBLISHED },
      async handle({ body: { events } }) {
        const published = await gateway.publish(events.map((event) => ({
          id: event.id ?? "",
          roomId: event.room_id,
          senderId: event.sender_id ?? "",
          type: event.type,
          payload: event.payload,
        })));
        return json({ events: published.map(({ roomId, id, offset }) => ({ room_id: roomId, id, offset })) });
      },
    }),
    route({
      method: "POST",
      path: "/api/v1/chat/disconnect",
      summary: "Close the connections of a profile, or of one device, on all gateways",
      body: { json: schema.DISCONNECT },
      answer: { description: "How many were closed, with 4010.", schema: schema.DISCONNECTED },
      async handle({ body: { profile_id, device_id } }) {
        return json({ disconnected: await gateway.disconnect(profile_id, device_id) });
      },
    }),
    route({
      method: "POST",
      path: "/api/v1/chat/unsubscribe",
      summary: "Take a profile out of a room, on all gateways",
      description: "Its devices get nothing of the room until they subscribe again, which the core must allow.",
      body: { json: schema.UNSUBSCRIBE },
      answer: { description: "All gateways know.", schema: schema.UNSUBSCRIBE },
      async handle({ body }) {
        await gateway.unsubscribe(body.room_id, body.profile_id);
        return json(body);
      },
    }),
  ];
}

function shownStatus(status: ChatStatus): z.output<typeof schema.STATUS> {
  const { gatewayId, state, connections, transports, closes, rooms, subscriptions } = status;
  const { published, deliveries, slowConsumers } = status;
  return {
    gateway_id: gatewayId,
    state,
    connections,
    transports: { ...transports },
    closes: { ...closes },
    rooms,
    subscriptions,
    published,
    deliveries,
    slow_consumers: slowConsumers,
    core: { uri: status.coreUri, breaker: status.core },
    cache: { uri: status.cacheUri, up: status.cache === "up" },
  };
}

function shownConnection(connection: ConnectionStatus) {
  return {
    profile_id: connection.profileId,
    device_id: connection.deviceId,
    transport: connection.transport,
    encoding: connection.encoding,
    remote: connection.remote,
    connected_at: new Date(connection.connectedAt).toISOString(),
    last_active: new Date(connection.lastActive).toISOString(),
    room_ids: connection.roomIds,
    queue_bytes: connection.queueBytes,
    messages_in: connection.messagesIn,
    messages_out: connection.messagesOut,
  };
}

function shownRoom({ roomId, epoch, offset, local }: RoomStatus) {
  return { room_id: roomId, epoch, offset, local };
}
