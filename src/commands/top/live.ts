/**
 * The view as it lives: looks again and again, listens to events, and does what keys say.
 * @module
 */
import * as z from "zod";
import { type AdminClient, AdminClientError } from "../../ops/admin/client.ts";
import { type Snapshot, takeSnapshot } from "../admin/snapshot.ts";
import { isBrokenPipe, type Palette } from "../cli/terminal.ts";
import { type Action, type Control, FIRST_CONTROL, press } from "./control.ts";
import { eventLine } from "./events.ts";
import type { Screen } from "./full_screen.ts";
import { type Rates, ratesBetween } from "./rates.ts";
import { compose } from "./screen.ts";
import { type EventLine, type Lost, sortedDras } from "./view.ts";

/**
 * Logic Apps that are asked for; to ask for thousands each second would cost the gateway more than
 * it should.
 */
export const MOST_APPS = 500;
/** Events that are kept. */
const MOST_EVENTS = 200;
/** Rates that are kept: as many as the widest screen shows. */
const MOST_HISTORY = 500;
/** ms before events are asked for again. */
const EVENTS_AGAIN = 1_000;
/** ms for which what changes on the screen is collected. */
const FRAME = 40;
/**
 * Rates are taken over no less than this share of the interval: a look between two others says
 * little.
 */
const SHORTEST_SHARE = 0.5;

/** One view. */
export class LiveView {
  readonly #client: AdminClient;
  readonly #interval: number;
  readonly #colours: Palette;
  readonly #stop = new AbortController();
  #screen: Screen | undefined;
  #snapshot: Snapshot;
  /** The look that rates are taken from. */
  #before: Snapshot;
  #rates: Rates | undefined;
  #history: number[] = [];
  #events: EventLine[] = [];
  #lastEvent: string | undefined;
  #control: Control = FIRST_CONTROL;
  #lost: Lost | undefined;
  #frame: ReturnType<typeof setTimeout> | undefined;
  #wake: (() => void) | undefined;
  /** What drawing threw: it happens in timers and signal handlers, where nobody would catch it. */
  #defect: { readonly error: unknown } | undefined;

  /**
   * @param first what was seen before the screen was taken
   * @param interval ms from one look to the next
   */
  constructor(client: AdminClient, first: Snapshot, interval: number, colours: Palette) {
    this.#client = client;
    this.#snapshot = this.#before = first;
    this.#interval = interval;
    this.#colours = colours;
    this.#select();
  }

  /** Ends it. */
  readonly quit = (): void => {
    this.#stop.abort();
    this.#wake?.();
  };

  /** The window has another size, or the screen other contents. */
  readonly redraw = (): void => {
    this.#screen?.forget();
    this.#draw();
  };

  /** Shows it on `screen` until somebody quits. */
  async run(screen: Screen): Promise<void> {
    this.#screen = screen;
    this.#draw();
    // Nobody waits for a key that is never pressed.
    const keys = this.#readKeys(screen);
    try {
      await Promise.race([keys, Promise.all([this.#look(), this.#listen()])]);
    } finally {
      this.quit();
      if (this.#frame !== undefined) clearTimeout(this.#frame);
    }
    if (this.#defect !== undefined) throw this.#defect.error;
  }

  async #look(): Promise<void> {
    for (;;) {
      await this.#pause(this.#interval);
      if (this.#stop.signal.aborted) return;
      try {
        this.#take(await takeSnapshot(this.#client, MOST_APPS, this.#stop.signal));
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (!(error instanceof AdminClientError)) throw error;
        const reason = error.message.replace(`cannot ask the admin interface at ${this.#client.url}: `, "");
        this.#lost = { since: this.#lost?.since ?? Date.now(), reason };
      }
      this.#draw();
    }
  }

  #take(next: Snapshot): void {
    const isAgain = this.#lost !== undefined;
    this.#lost = undefined;
    const elapsed = next.at - this.#before.at;
    this.#snapshot = next;
    if (!isAgain && elapsed < this.#interval * SHORTEST_SHARE) return;
    this.#rates = ratesBetween(this.#before, next);
    this.#before = next;
    const requests = this.#rates.counters?.total_requests;
    if (requests !== undefined) this.#history = [...this.#history.slice(1 - MOST_HISTORY), requests];
    this.#select();
  }

  /** The DRA that keys act on stays the same while it is there. */
  #select(): void {
    const { dras } = this.#snapshot;
    if (dras.some(({ name }) => name === this.#control.selected)) return;
    this.#control = {
      ...this.#control,
      selected: sortedDras(this.#snapshot, this.#rates, this.#control.sort)[0]?.name,
    };
  }

  async #listen(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        for await (const frame of this.#client.events(signal, this.#lastEvent)) {
          if (frame.id !== "") this.#lastEvent = frame.id;
          const line = eventLine(frame, Date.now());
          if (line === undefined) continue;
          this.#events = [line, ...this.#events.slice(0, MOST_EVENTS - 1)];
          this.#drawSoon();
        }
      } catch (error) {
        // What keeps events away keeps everything away, and is told by who looks.
        if (!(error instanceof AdminClientError)) throw error;
      }
      await this.#pauseUnlessOver(EVENTS_AGAIN);
    }
  }

  async #readKeys(screen: Screen): Promise<void> {
    for await (const key of screen.keys()) {
      if (this.#stop.signal.aborted) return;
      const shown = sortedDras(this.#snapshot, this.#rates, this.#control.sort).map(({ name }) => name);
      const { control, action, isQuit, isRedraw } = press(this.#control, key, shown);
      if (isQuit) return;
      this.#control = control;
      if (isRedraw) screen.forget();
      this.#draw();
      if (action !== undefined) void this.#do(action).catch(this.#failed);
    }
    // Without a keyboard it is looked at until a signal comes.
    await new Promise<void>((resolve) => this.#stop.signal.addEventListener("abort", () => resolve()));
  }

  #failed: (error: unknown) => void = (error) => {
    this.#note(error instanceof Error ? error.message : String(error), true);
  };

  async #do(action: Action): Promise<void> {
    const { dra, verb } = action;
    this.#note(`${dra}: ${verb} ...`, false);
    const query = verb === "weight" ? `?value=${action.value}` : "";
    await this.#client.post(`/api/v1/dras/${encodeURIComponent(dra)}/${verb}${query}`, z.unknown());
    this.#note(`${dra}: ${verb === "weight" ? `weight ${action.value}` : DONE[verb]}`, false);
    this.#wake?.();
  }

  #note(text: string, isError: boolean): void {
    this.#control = { ...this.#control, note: { text, isError } };
    this.#draw();
  }

  #drawSoon(): void {
    this.#frame ??= setTimeout(() => this.#draw(), FRAME);
  }

  #draw(): void {
    if (this.#frame !== undefined) clearTimeout(this.#frame);
    this.#frame = undefined;
    const screen = this.#screen;
    if (screen === undefined || this.#stop.signal.aborted) return;
    const view = {
      url: this.#client.url,
      now: Date.now(),
      snapshot: this.#snapshot,
      rates: this.#lost === undefined ? this.#rates : undefined,
      history: this.#history,
      events: this.#events,
      control: this.#control,
      lost: this.#lost,
    };
    try {
      screen.draw(compose(view, screen.columns, screen.rows, this.#colours));
    } catch (error) {
      // Who would look at it has closed the window; else run() tells it, once the terminal is
      // given back.
      if (!isGone(error)) this.#defect ??= { error };
      this.quit();
    }
  }

  /** Until it is time to look, or something was done that is to be seen. */
  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stop.signal.aborted) return resolve();
      const timer = setTimeout(() => this.#wake?.(), milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }

  #pauseUnlessOver(milliseconds: number): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      signal.addEventListener("abort", done);
    });
  }
}

/** Whether a write or a look at the window failed because the terminal is gone. */
function isGone(error: unknown): boolean {
  return isBrokenPipe(error) || (error instanceof Error && /os error (5|9|25)\b/.test(error.message));
}

const DONE = { disable: "disabled", enable: "enabled", reconnect: "reconnecting" } as const;
