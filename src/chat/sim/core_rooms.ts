/**
 * A small chat service in memory: rooms, members with roles, history, and who may do what. PURE.
 *
 * Its requests and answers are proto3 JSON. Errors are SimErrors.
 * @module
 */
import { flagOf, invalid, type Json, listOf, numberOf, objectOf, SimError, textOf, textsOf } from "./json.ts";

/** What it is given of the world. */
export interface CoreWorld {
  /** The present moment (RFC 3339). */
  time(): string;
  /** Something that was never given before. */
  newId(): string;
}

const ROLES = ["owner", "moderator", "member"];
/** Of a page: where nothing is said, and at most. */
const [PAGE, MOST] = [50, 500];
/** Answers that are kept for a request that comes again. */
const MOST_KEYS = 10_000;
/** Events of a room; the oldest go. */
const MOST_EVENTS = 100_000;

interface Member {
  roles: readonly string[];
  readonly joinedAt: string;
}

interface Room {
  readonly id: string;
  name: string;
  topic: string;
  readonly isPrivate: boolean;
  metadata: Json | undefined;
  readonly members: Map<string, Member>;
  /** Oldest first. */
  readonly events: Json[];
  readonly eventById: Map<string, Json>;
  /** Events that went before the first of them. */
  dropped: number;
}

type Method = (request: Json, profile: string) => Json;

/** All of it. */
export class CoreRooms {
  readonly #world: CoreWorld;
  readonly #rooms = new Map<string, Room>();
  /** By profile, a line break, and its idempotency key. */
  readonly #answers = new Map<string, Json>();
  readonly #methods: Readonly<Record<string, Method>> = {
    SendEvent: (request, profile) => this.#sendEvent(request, profile),
    GetHistory: (request, profile) => this.#getHistory(request, profile),
    CreateRoom: (request, profile) => this.#createRoom(request, profile),
    SearchRooms: (request, profile) => this.#searchRooms(request, profile),
    UpdateRoom: (request, profile) => this.#updateRoom(request, profile),
    DeleteRoom: (request, profile) => this.#deleteRoom(request, profile),
    AddRoomSubscriptions: (request, profile) => this.#addMembers(request, profile),
    RemoveRoomSubscriptions: (request, profile) => this.#removeMembers(request, profile),
    UpdateSubscriptionRole: (request, profile) => this.#updateRole(request, profile),
    SearchRoomSubscriptions: (request, profile) => this.#searchMembers(request, profile),
  };

  constructor(world: CoreWorld) {
    this.#world = world;
  }

  /**
   * Serves one call.
   * @param profile who calls
   * @throws SimError
   */
  call(method: string, request: Json, profile: string): Json {
    const serve = Object.hasOwn(this.#methods, method) ? this.#methods[method] : undefined;
    if (serve === undefined) throw new SimError("unimplemented", `unknown method ${method}`);
    if (profile === "") throw new SimError("unauthenticated", "expected x-profile-id to say who calls");
    return serve(request, profile);
  }

  #sendEvent(request: Json, profile: string): Json {
    const key = textOf(request, "idempotencyKey");
    const name = `${profile}\n${key}`;
    const known = key === "" ? undefined : this.#answers.get(name);
    if (known !== undefined) return known;
    const events = listOf(request, "events");
    if (events.length === 0) throw invalid("events", "at least one");
    // All of them or none: nothing is stored before all are judged.
    const stored = events.map((event) => this.#stored(event, profile));
    const answer = { events: stored.map(({ room, event }) => this.#store(room, event)) };
    if (key === "") return answer;
    this.#answers.set(name, answer);
    if (this.#answers.size > MOST_KEYS) this.#answers.delete(this.#answers.keys().next().value!);
    return answer;
  }

  #stored(event: Json, profile: string): { readonly room: Room; readonly event: Json } {
    const room = this.#room(textOf(event, "roomId"));
    this.#member(room, profile);
    const [id, parentId] = [textOf(event, "id"), textOf(event, "parentId")];
    if (parentId !== "" && !room.eventById.has(parentId)) throw new SimError("not_found", `no event ${parentId}`);
    const payload = objectOf(event, "payload");
    return {
      room,
      event: {
        id: id === "" ? this.#world.newId() : id,
        roomId: room.id,
        senderId: profile,
        type: textOf(event, "type"),
        ...(payload === undefined ? {} : { payload }),
        sentAt: this.#world.time(),
        ...(parentId === "" ? {} : { parentId }),
      },
    };
  }

  /** An event that is there stays as it is, and is the answer. */
  #store(room: Room, event: Json): Json {
    const id = event["id"] as string;
    const there = room.eventById.get(id);
    if (there !== undefined) return there;
    room.events.push(event);
    room.eventById.set(id, event);
    if (room.events.length > MOST_EVENTS) {
      room.eventById.delete(room.events.shift()!["id"] as string);
      room.dropped++;
    }
    return event;
  }

  /** A cursor is the number of the next event of the room. */
  #getHistory(request: Json, profile: string): Json {
    const room = this.#room(textOf(request, "roomId"));
    this.#member(room, profile);
    const { events, dropped } = room;
    const [limit, cursor] = [limitOf(request), textOf(request, "cursor")];
    const at = cursor === "" ? undefined : numberOf({ cursor }, "cursor") - dropped;
    if (flagOf(request, "forward")) {
      const from = Math.max(0, at ?? 0);
      const page = events.slice(from, from + limit);
      const next = from + page.length;
      return { events: page, nextCursor: next < events.length ? String(next + dropped) : "" };
    }
    const end = Math.max(0, Math.min(events.length, (at ?? events.length - 1) + 1));
    const page = events.slice(Math.max(0, end - limit), end).reverse();
    const next = end - page.length - 1;
    return { events: page, nextCursor: next >= 0 ? String(next + dropped) : "" };
  }

  #createRoom(request: Json, profile: string): Json {
    const id = textOf(request, "id") || this.#world.newId();
    if (!/^[A-Za-z0-9._~@+=|/-]{1,128}$/.test(id)) throw invalid("id", "the id of a room");
    if (this.#rooms.has(id)) throw new SimError("already_exists", `there is a room ${id}`);
    const members = new Map<string, Member>([[profile, { roles: ["owner"], joinedAt: this.#world.time() }]]);
    for (const one of listOf(request, "members")) {
      const [name, member] = this.#newMember(one);
      if (name !== profile) members.set(name, member);
    }
    const room: Room = {
      id,
      name: textOf(request, "name"),
      topic: textOf(request, "topic"),
      isPrivate: flagOf(request, "private"),
      metadata: objectOf(request, "metadata"),
      members,
      events: [],
      eventById: new Map(),
      dropped: 0,
    };
    this.#rooms.set(id, room);
    return { room: shown(room) };
  }

  #searchRooms(request: Json, profile: string): Json {
    const [query, wanted] = [textOf(request, "query").toLowerCase(), textOf(request, "profileId")];
    if (wanted !== "" && wanted !== profile) throw denied("rooms of others are not told");
    const found = [...this.#rooms.values()].filter((room) =>
      (room.members.has(profile) || (wanted === "" && !room.isPrivate)) &&
      (query === "" || `${room.id}\n${room.name}\n${room.topic}`.toLowerCase().includes(query))
    );
    const { page, nextCursor } = paged(found, ({ id }) => id, request);
    return { rooms: page.map(shown), nextCursor };
  }

  #updateRoom(request: Json, profile: string): Json {
    const room = this.#room(textOf(request, "roomId"));
    this.#mustBe(room, profile, "owner", "moderator");
    const [name, topic, metadata] = [textOf(request, "name"), textOf(request, "topic"), objectOf(request, "metadata")];
    if (name !== "") room.name = name;
    if (topic !== "") room.topic = topic;
    if (metadata !== undefined) room.metadata = metadata;
    return { room: shown(room) };
  }

  #deleteRoom(request: Json, profile: string): Json {
    const room = this.#room(textOf(request, "roomId"));
    this.#mustBe(room, profile, "owner");
    this.#rooms.delete(room.id);
    return {};
  }

  /** Whoever is no moderator may come into a room that is not private, as a plain member. */
  #addMembers(request: Json, profile: string): Json {
    const room = this.#room(textOf(request, "roomId"));
    const added = listOf(request, "members").map((one) => this.#newMember(one));
    if (added.length === 0) throw invalid("members", "at least one");
    const roles = room.members.get(profile)?.roles ?? [];
    const comesAlone = !room.isPrivate && added.every(([name, { roles }]) => name === profile && roles[0] === "member");
    if (!comesAlone && !isAny(roles, "owner", "moderator")) throw denied(`${profile} may not add members`);
    if (!isAny(roles, "owner") && added.some(([, { roles }]) => isAny(roles, "owner"))) {
      throw denied("only an owner makes owners");
    }
    return {
      subscriptions: added.map(([name, member]) => {
        // Whoever is there keeps what it is: roles have a method of their own.
        const kept = room.members.get(name) ?? member;
        room.members.set(name, kept);
        return subscription(room, name, kept);
      }),
    };
  }

  #removeMembers(request: Json, profile: string): Json {
    const room = this.#room(textOf(request, "roomId"));
    const names = new Set(textsOf(request, "profileIds"));
    if (names.size === 0) throw invalid("profileIds", "at least one");
    const roles = room.members.get(profile)?.roles ?? [];
    for (const name of names) {
      const other = room.members.get(name);
      const may = name === profile || isAny(roles, "owner") ||
        (isAny(roles, "moderator") && !isAny(other?.roles ?? [], "owner"));
      if (!may) throw denied(`${profile} may not remove ${name}`);
    }
    const left = [...room.members].some(([name, { roles }]) => !names.has(name) && isAny(roles, "owner"));
    if (!left) throw new SimError("failed_precondition", "a room keeps an owner: delete it, or make another one first");
    for (const name of names) room.members.delete(name);
    return {};
  }

  #updateRole(request: Json, profile: string): Json {
    const room = this.#room(textOf(request, "roomId"));
    this.#mustBe(room, profile, "owner");
    const name = textOf(request, "profileId");
    const member = room.members.get(name);
    if (member === undefined) throw new SimError("not_found", `${name} is no member of ${room.id}`);
    const roles = rolesOf(request);
    const left = [...room.members].some(([other, { roles }]) => other !== name && isAny(roles, "owner"));
    if (!left && !isAny(roles, "owner")) throw new SimError("failed_precondition", "a room keeps an owner");
    member.roles = roles;
    return { subscription: subscription(room, name, member) };
  }

  /** Whoever is no member is told of a private room only that it is none itself. */
  #searchMembers(request: Json, profile: string): Json {
    const room = this.#room(textOf(request, "roomId"));
    const wanted = textOf(request, "profileId");
    if (wanted !== profile && room.isPrivate) this.#member(room, profile);
    const found = wanted === "" ? [...room.members] : [...room.members].filter(([name]) => name === wanted);
    const { page, nextCursor } = paged(found, ([name]) => name, request);
    return { subscriptions: page.map(([name, member]) => subscription(room, name, member)), nextCursor };
  }

  #newMember(one: Json): [name: string, member: Member] {
    const name = textOf(one, "profileId");
    if (name === "") throw invalid("members", "a profileId of each");
    return [name, { roles: rolesOf(one), joinedAt: this.#world.time() }];
  }

  #room(id: string): Room {
    if (id === "") throw invalid("roomId", "the id of a room");
    const room = this.#rooms.get(id);
    if (room === undefined) throw new SimError("not_found", `no room ${id}`);
    return room;
  }

  #member(room: Room, profile: string): Member {
    const member = room.members.get(profile);
    if (member === undefined) throw denied(`${profile} is no member of ${room.id}`);
    return member;
  }

  #mustBe(room: Room, profile: string, ...roles: readonly string[]): void {
    if (!isAny(this.#member(room, profile).roles, ...roles)) throw denied(`${profile} must be ${roles.join(" or ")}`);
  }
}

function denied(message: string): SimError {
  return new SimError("permission_denied", message);
}

function isAny(roles: readonly string[], ...wanted: readonly string[]): boolean {
  return roles.some((role) => wanted.includes(role));
}

function rolesOf(from: Json): readonly string[] {
  const roles = textsOf(from, "roles");
  if (roles.some((role) => !ROLES.includes(role))) throw invalid("roles", ROLES.join(", "));
  return roles.length === 0 ? ["member"] : roles;
}

function limitOf(request: Json): number {
  return Math.min(MOST, numberOf(request, "limit") || PAGE);
}

/** A cursor is the name that the page before ended with. */
function paged<T>(all: readonly T[], nameOf: (one: T) => string, request: Json) {
  const [cursor, limit] = [textOf(request, "cursor"), limitOf(request)];
  const named = all.map((one) => ({ one, name: nameOf(one) })).filter(({ name }) => name > cursor)
    .sort((a, b) => a.name < b.name ? -1 : 1);
  const page = named.slice(0, limit);
  return { page: page.map(({ one }) => one), nextCursor: named.length > limit ? page.at(-1)!.name : "" };
}

function shown({ id, name, topic, isPrivate, metadata }: Room): Json {
  return { id, name, topic, private: isPrivate, ...(metadata === undefined ? {} : { metadata }) };
}

function subscription({ id }: Room, profileId: string, { roles, joinedAt }: Member): Json {
  return { roomId: id, profileId, roles, joinedAt };
}
