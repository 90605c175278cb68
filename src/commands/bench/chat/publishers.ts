/**
 * Devices that send the events of a measurement, and how members get into its room.
 * @module
 */
import { type FanoutMember, MARK, upgradeRequest } from "../../../chat/sim/fanout.ts";
import { type Line, openWebSocket, type Told } from "../../../chat/sim/line.ts";
import type { Endpoint } from "../../../net/connection.ts";

/** Of the text in each event. */
export const PAYLOAD_BYTES = 128;
/** So many that none comes near the limit of requests for a connection. */
const COUNT = 40;
const TEXT = MARK + "x".repeat(PAYLOAD_BYTES - MARK.length);

/** A member of `room` on a raw WebSocket. */
export function memberOf(room: string, token: string, device: string): FanoutMember {
  return {
    request: upgradeRequest(`/ws?device_id=${device}`, { "Authorization": `Bearer ${token}` }),
    greeting: [JSON.stringify({ hello: { rooms: [{ roomId: room }] } })],
    ready: '"subscribed"',
  };
}

/** They take turns. Each is a member of the room that reads nothing of it. */
export class Publishers {
  readonly #room: string;
  readonly #lines: Line[] = [];
  #next = 0;
  #fault: string | undefined;

  constructor(room: string) {
    this.#room = room;
  }

  /** Who must be members. */
  get profiles(): readonly string[] {
    return Array.from({ length: COUNT }, (_, index) => `${this.#room}-publisher-${index + 1}`);
  }

  /** @throws Error when one does not get in */
  async open(to: Endpoint, token: (profile: string) => Promise<string>): Promise<void> {
    await Promise.all(this.profiles.map(async (profile) => {
      const welcomed = Promise.withResolvers<void>();
      const line = await openWebSocket(to, "json", {
        told: ({ welcome, error }) => {
          if (welcome !== undefined) welcomed.resolve();
          if (error !== undefined) this.#fault ??= String((error as Told)["message"]);
        },
        closed: (code, reason) => welcomed.reject(new Error(`a publisher was sent away: ${code} ${reason}`)),
      });
      line.say({ hello: { token: await token(profile), deviceId: "bench" } });
      await welcomed.promise;
      this.#lines.push(line);
    }));
  }

  /** Sends one event. */
  publish(): void {
    const line = this.#lines[this.#next++ % this.#lines.length]!;
    const event = { roomId: this.#room, type: "m", payload: { text: TEXT } };
    line.say({ id: "1", call: { method: "SendEvent", json: { events: [event] } } });
  }

  /** @throws Error when an event was refused */
  check(): void {
    if (this.#fault !== undefined) throw new Error(`an event was refused: ${this.#fault}`);
  }

  close(): void {
    for (const line of this.#lines) line.close();
  }
}
