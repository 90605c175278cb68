/**
 * What the connections of one gateway share. Passed to each of its parts; none keeps a copy of the
 * configuration, so that a reload holds for connections that are open.
 * @module
 */
import type { Clock } from "../net/clock.ts";
import type { TokenChecker } from "./auth/checker.ts";
import type { ChatConfig } from "./config/options.ts";
import type { Directory } from "./connection.ts";
import type { Word } from "./control_words.ts";
import type { Forwarder, Membership } from "./core/forwarder.ts";
import type { ChatEvent } from "./events.ts";
import type { NamedLimits } from "./limits.ts";
import type { Meters } from "./meters.ts";
import type { RoomEvent } from "./proto/mod.ts";
import type { Questions } from "./questions.ts";
import type { Rooms } from "./rooms.ts";
import type { Spans } from "./spans.ts";
import type { Published, Store } from "./store/mod.ts";

/** One gateway, as its parts see it. */
export interface Hub {
  readonly gatewayId: string;
  /** What is in force. */
  readonly config: ChatConfig;
  readonly clock: Clock;
  /** Milliseconds of Unix time. */
  readonly wall: () => number;
  readonly draining: boolean;
  readonly store: Store;
  readonly rooms: Rooms;
  readonly sessions: Directory;
  readonly checker: TokenChecker;
  readonly forwarder: Forwarder;
  readonly membership: Membership;
  readonly meters: Meters;
  readonly questions: Questions;
  /** By profile, and by room (L1). */
  readonly profileLimits: NamedLimits;
  readonly roomLimits: NamedLimits;
  /** Says something to all gateways. @returns those that hear it now */
  say(word: Word, keep: boolean): Promise<number>;
  /**
   * Gives an event its place in its room and spreads it (B1, B3). Fills in an id where there is
   * none.
   */
  publish(event: RoomEvent): Promise<Published & { readonly id: string }>;
  tell(event: ChatEvent): void;
  /** Undefined: nobody wants any. */
  readonly spans: Spans | undefined;
  /** Whether somebody wants `chat_request`. */
  readonly tellsRequests: boolean;
}
