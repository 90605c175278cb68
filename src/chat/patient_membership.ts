/**
 * Questions to the core that wait for their turn. When a thousand devices come back at once, they
 * must not use up what the core takes at a time: a device that is refused a room for that reason
 * would be out of it.
 * @module
 */
import type { Caller, Membership } from "./core/forwarder.ts";

/** Part of the calls at a time that questions may be. */
const SHARE = 2;

/** See the module. */
export class PatientMembership implements Membership {
  readonly #membership: Membership;
  readonly #maxInFlight: () => number;
  #asking = 0;
  /** By profile, in turn: who asks much waits behind himself. */
  readonly #waiting = new Map<string, (() => void)[]>();

  /** @param maxInFlight calls to the core at a time */
  constructor(membership: Membership, maxInFlight: () => number) {
    this.#membership = membership;
    this.#maxInFlight = maxInFlight;
  }

  isMember(caller: Caller, roomId: string): boolean | Promise<boolean> {
    return this.#ask(caller, () => this.#membership.isMember(caller, roomId));
  }

  async roomsOf(caller: Caller, most: number): Promise<string[]> {
    return await this.#ask(caller, () => this.#membership.roomsOf(caller, most));
  }

  forget(roomId: string, profileId?: string): void {
    this.#membership.forget(roomId, profileId);
  }

  remember(ttl: number): void {
    this.#membership.remember(ttl);
  }

  #ask<T>({ profileId }: Caller, question: () => T | Promise<T>): T | Promise<T> {
    if (this.#asking < Math.max(1, this.#maxInFlight() / SHARE)) return this.#askNow(question);
    return new Promise((resolve, reject) => {
      const ask = () => {
        try {
          resolve(this.#askNow(question));
        } catch (error) {
          reject(error);
        }
      };
      const own = this.#waiting.get(profileId);
      if (own === undefined) this.#waiting.set(profileId, [ask]);
      else own.push(ask);
    });
  }

  /** What is remembered is given at once. */
  #askNow<T>(question: () => T | Promise<T>): T | Promise<T> {
    this.#asking++;
    let answer: T | Promise<T>;
    try {
      answer = question();
    } catch (error) {
      this.#answered();
      throw error;
    }
    if (answer instanceof Promise) return answer.finally(() => this.#answered());
    this.#answered();
    return answer;
  }

  #answered(): void {
    this.#asking--;
    const [first] = this.#waiting;
    if (first === undefined) return;
    const [profileId, asks] = first;
    this.#waiting.delete(profileId);
    const ask = asks.shift()!;
    // Behind all others.
    if (asks.length > 0) this.#waiting.set(profileId, asks);
    ask();
  }
}
