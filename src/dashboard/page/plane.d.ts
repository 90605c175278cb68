/**
 * What a plane brings to the page. Its module fills sections of its own; `main.js` lists it.
 * @module
 */
import type { GatewayEvent, Status } from "./types.d.ts";

/** One plane. */
export interface Plane {
  /** What has to be there before the first look. */
  begin(): Promise<void>;
  /** Asks what is shown once a second. @throws ApiError */
  ask(): Promise<void>;
  /** Shows what was asked. @param now ms since 1970 */
  show(status: Status, now: number): void;
  /** Nobody answered. */
  lost(): void;
  /** Asks for long lists and shows them; once a second, while somebody looks. */
  lookAround(): Promise<void>;
  /** Something happened. */
  take(event: GatewayEvent): void;
  /** The theme is another one. */
  recolor(): void;
  /** Escape was pressed. @returns whether there was something to close */
  close(): boolean;
  /** A key was pressed, not while somebody types. @returns whether it means something */
  press(key: string): boolean;
  /** What a drain concerns: a sentence. */
  atStake(): string;
}
