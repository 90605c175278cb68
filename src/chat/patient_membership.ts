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
  readonly #waiting: (() => void)[] = [];

  /** @param maxInFlight calls to the core at a time */
  constructor(membership: Membership, maxInFlight: () => number) {
    this.#membership = membership;
    this.#maxInFlight = maxInFlight;
  }

  isMember(caller: Caller, roomId: string): boolean | Promise<boolean> {
    return this.#ask(() => this.#membership.isMember(caller, roomId));
  }

  async roomsOf(caller: Caller, most: number): Promise<string[]> {
    return await this.#ask(() => this.#membership.roomsOf(caller, most));
  }

  forget(roomId: string, profileId?: string): void {
    this.#membership.forget(roomId, profileId);
  }

  remember(ttl: number): void {
    this.#membership.remember(ttl);
  }

  #ask<T>(question: () => T | Promise<T>): T | Promise<T> {
    if (this.#asking < Math.max(1, this.#maxInFlight() / SHARE)) return this.#askNow(question);
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(this.#askNow(question));
        } catch (error) {
          reject(error);
        }
      });
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
    this.#waiting.shift()?.();
  }
}
