/**
 * Stores whose listeners write down what they hear.
 * @module
 */
import type { Position, Recovery, RoomListener, Store, StoredEvent, StoreEvent } from "../../../src/chat/store/mod.ts";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

export const bytes = (text: string): Uint8Array => ENCODER.encode(text);
export const text = (body: Uint8Array): string => DECODER.decode(body);

/** An event whose body says its id. */
export const event = (id: string): { id: string; body: Uint8Array } => ({ id, body: bytes(`body of ${id}`) });

/** What the listener of a room heard: `ID@OFFSET`, `moved OFFSET`, `message TEXT`. */
export class Heard implements RoomListener {
  readonly lines: string[] = [];
  readonly events: StoredEvent[] = [];
  readonly moves: Position[] = [];

  event(event: StoredEvent): void {
    this.events.push(event);
    this.lines.push(`${event.id}@${event.offset}`);
  }

  moved(position: Position): void {
    this.moves.push(position);
    this.lines.push(`moved ${position.offset}`);
  }

  message(body: Uint8Array): void {
    this.lines.push(`message ${text(body)}`);
  }
}

/** Subscribes somebody who writes it down. */
export async function hear(store: Store, roomId: string): Promise<Heard> {
  const heard = new Heard();
  await store.subscribe(roomId, heard);
  return heard;
}

/** {@link Store.recover} as a promise. */
export function recover(store: Store, roomId: string, from: Position): Promise<Recovery> {
  return new Promise((resolve) => store.recover(roomId, from, resolve));
}

/** Recovered ids with offsets; "lost" when it did not recover. */
export async function missed(store: Store, roomId: string, from: Position): Promise<string> {
  const { recovered, events } = await recover(store, roomId, from);
  return recovered ? events.map(({ id, offset }) => `${id}@${offset}`).join(" ") : "lost";
}

/** What stores told. */
export class Told {
  readonly events: StoreEvent[] = [];
  readonly tell = (event: StoreEvent): void => void this.events.push(event);

  presence(): string[] {
    return this.events.flatMap((event) =>
      event.kind === "presence" ? [`${event.roomId} +${event.joined} -${event.left} =${event.profiles}`] : []
    );
  }

  kinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }
}
