/**
 * Members of rooms that were asked about not long ago. PURE.
 * @module
 */

/** Members that are kept at most; when there are more, all are asked about again. */
const MOST = 500_000;

/** A question that is under way; see {@link MemberMemory.question}. */
export type Question = number;

/** Remembers a yes for a while. `now` is always ms of one clock that never goes back. */
export class MemberMemory {
  /** How long, in ms; changes hold for what is kept already. */
  ttl: number;
  /** When each was seen to be a member. */
  readonly #rooms = new Map<string, Map<string, number>>();
  #size = 0;
  #forgettings = 0;

  constructor(ttl: number) {
    this.ttl = ttl;
  }

  /** Members that are kept. */
  get size(): number {
    return this.#size;
  }

  has(roomId: string, profileId: string, now: number): boolean {
    const members = this.#rooms.get(roomId);
    const seenAt = members?.get(profileId);
    if (seenAt === undefined) return false;
    if (now - seenAt < this.ttl) return true;
    this.#drop(roomId, profileId);
    return false;
  }

  /** Begins a question: what is forgotten before its answer is there is not remembered by it. */
  question(): Question {
    return this.#forgettings;
  }

  /** Takes a yes. */
  keep(question: Question, roomId: string, profileId: string, now: number): void {
    if (question !== this.#forgettings || this.ttl <= 0) return;
    if (this.#size >= MOST) {
      this.#rooms.clear();
      this.#size = 0;
    }
    let members = this.#rooms.get(roomId);
    if (members === undefined) this.#rooms.set(roomId, members = new Map());
    if (!members.has(profileId)) this.#size++;
    members.set(profileId, now);
  }

  /** Forgets a member; all of the room without a `profileId`. */
  forget(roomId: string, profileId?: string): void {
    this.#forgettings++;
    if (profileId !== undefined) return this.#drop(roomId, profileId);
    this.#size -= this.#rooms.get(roomId)?.size ?? 0;
    this.#rooms.delete(roomId);
  }

  #drop(roomId: string, profileId: string): void {
    const members = this.#rooms.get(roomId);
    if (members === undefined || !members.delete(profileId)) return;
    this.#size--;
    if (members.size === 0) this.#rooms.delete(roomId);
  }
}
