/**
 * A DRA that answers somehow, and sends what nobody asked for.
 * @module
 */
import { answer, cer, peerRequest, RawMessage, request } from "../support/raw_message.ts";
import type { FakeDra, FakeDraOptions } from "./fake_dra.ts";
import { type Dice, mutate } from "./mutations.ts";
import type { WireEnd } from "./wire_end.ts";

/** What makes a {@link FakeDra} hostile. */
export class HostileDra {
  /** Broken messages sent. */
  sent = 0;
  readonly #host: string;
  readonly #apps: readonly string[];
  #dice: Dice;
  readonly #delays = new Set<ReturnType<typeof setTimeout>>();

  /** @param apps Origin-Hosts of those that it sends requests to */
  constructor(host: string, apps: readonly string[], dice: Dice) {
    this.#host = host;
    this.#apps = apps;
    this.#dice = dice;
  }

  /** It throws these from now on. */
  set dice(dice: Dice) {
    this.#dice = dice;
  }

  /** What the fake DRA is made with. */
  get options(): FakeDraOptions {
    return {
      host: this.#host,
      request: (message, wire) => this.#answer(message, wire),
      greeting: (cea) => this.#dice.oneIn(6) ? this.#broken(cea) : cea,
    };
  }

  /** Sends something nobody asked for, now and then. */
  maybeStrike(dra: FakeDra): void {
    const dice = this.#dice;
    const [wire] = dra.open;
    if (wire === undefined || !dice.oneIn(3)) return;
    const { identity } = dra;
    const host = dice.pick(this.#apps);
    const base = dice.pick([
      () => request({ originHost: identity.host, destinationHost: host, application: 4, command: 258 }),
      () => request({ originHost: identity.host, destinationHost: host }),
      () => request({ originHost: identity.host }),
      () => peerRequest(identity),
      () => peerRequest(identity, dice.below(3)),
      () => cer(identity),
      () => answer(new RawMessage(request())),
    ])();
    void wire.send(this.#broken(base));
  }

  /** Nothing is sent later. */
  end(): void {
    for (const timer of this.#delays) clearTimeout(timer);
  }

  /** Answers one request somehow, or not at all. */
  #answer(message: RawMessage, wire: WireEnd): void {
    const dice = this.#dice;
    let good: Uint8Array;
    try {
      good = answer(message, { originHost: this.#host, resultCode: dice.pick([2001, 2001, 3002, 3004, 5012]) });
    } catch {
      // The request was broken itself.
      return;
    }
    switch (dice.below(6)) {
      case 0:
        return void wire.send(good);
      case 1:
        return void wire.send(good, good);
      case 2:
        return;
      case 3: {
        const timer = setTimeout(() => {
          this.#delays.delete(timer);
          void wire.send(good);
        }, dice.below(200));
        this.#delays.add(timer);
        return;
      }
      default:
        return void wire.send(this.#broken(good));
    }
  }

  #broken(message: Uint8Array): Uint8Array<ArrayBuffer> {
    this.sent++;
    return mutate(message, this.#dice).bytes;
  }
}
