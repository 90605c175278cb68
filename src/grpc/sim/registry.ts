/**
 * The instances that a discoverer knows: who registered, and until when without a heartbeat.
 *
 * PURE.
 * @module
 */

/** One instance, as it registers and as the discoverer tells it. */
export interface Instance {
  /** Unique; whoever registers the same one again is the same. */
  readonly instance_id: string;
  /** Dotted decimal. */
  readonly ipv4: string;
  /** 1..65535. */
  readonly port: number;
}

/** Instances by their id. `now` is always ms of one clock. */
export class InstanceRegistry {
  readonly #ttl: number;
  readonly #instances = new Map<string, { readonly instance: Instance; expiresAt: number }>();

  /** @param ttl ms that an instance stays without a heartbeat */
  constructor(ttl: number) {
    this.#ttl = ttl;
  }

  /** Takes `instance`, or what has become of it. @returns whether it is new */
  register(instance: Instance, now: number): boolean {
    this.expire(now);
    const isNew = !this.#instances.has(instance.instance_id);
    this.#instances.set(instance.instance_id, { instance, expiresAt: now + this.#ttl });
    return isNew;
  }

  /** It lives. @returns false when nobody of that id is there */
  heartbeat(id: string, now: number): boolean {
    this.expire(now);
    const entry = this.#instances.get(id);
    if (entry !== undefined) entry.expiresAt = now + this.#ttl;
    return entry !== undefined;
  }

  /** It goes. @returns false when nobody of that id was there */
  unregister(id: string, now: number): boolean {
    this.expire(now);
    return this.#instances.delete(id);
  }

  /** Those who are there, ordered by id. */
  list(now: number): readonly Instance[] {
    this.expire(now);
    return [...this.#instances.values()].map(({ instance }) => instance)
      .sort((a, b) => a.instance_id < b.instance_id ? -1 : a.instance_id > b.instance_id ? 1 : 0);
  }

  /** Forgets those who were silent too long. @returns their ids */
  expire(now: number): readonly string[] {
    const gone = [...this.#instances].filter(([, { expiresAt }]) => expiresAt <= now).map(([id]) => id);
    for (const id of gone) this.#instances.delete(id);
    return gone;
  }
}
