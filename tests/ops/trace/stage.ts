/** A ring with two DRAs and a Logic App, and requests for it. */
import { Block } from "../../../src/net/block.ts";
import type {
  ConnectionFacts,
  Piece,
  TracedConnection,
  TracedRequest,
  TraceOptions,
} from "../../../src/ops/trace/record.ts";
import { TraceRing } from "../../../src/ops/trace/trace_ring.ts";

const encoder = new TextEncoder();
/** Bytes of other messages that lie before one. */
const BEFORE = 12;

/** What a test may say of a request. */
export interface RequestParts {
  readonly now: number;
  readonly connection?: TracedConnection;
  readonly hopByHop?: number;
  readonly endToEnd?: number;
  readonly session?: string;
  /** Bytes, at least those of the session id. */
  readonly size?: number;
}

/** `length` bytes that differ, in memory that holds other things before and behind them. */
export function piece(length: number, seed: number, at = BEFORE): Piece {
  const block = new Block((at + length + 7) & ~3);
  for (let i = 0; i < block.size; i++) block.bytes[i] = (i * 31 + seed) & 0xff;
  return { block, at, end: at + length };
}

/** The bytes of a piece. */
export function bytesIn({ block, at, end }: Piece): Uint8Array<ArrayBuffer> {
  return block.bytes.slice(at, end);
}

/** A connection of that name; Logic Apps dial us, and we dial DRAs. */
export function connectionFacts(name: string, side: "app" | "dra", nth: number): ConnectionFacts {
  return {
    name,
    side,
    dialled: side === "dra",
    local: { address: new Uint8Array([10, 0, 0, 1]), port: side === "dra" ? 40_000 + nth % 10_000 : 3868 },
    remote: { address: new Uint8Array([10, 0, 1, nth & 0xff]), port: side === "dra" ? 3868 : 50_000 + nth % 10_000 },
  };
}

export class TraceStage {
  /** The wall clock, which the test turns. */
  readonly clock = { wall: Date.parse("2026-01-02T03:04:05Z") };
  readonly ring: TraceRing;
  readonly app: TracedConnection;
  readonly east: TracedConnection;
  readonly west: TracedConnection;

  constructor(options: Partial<TraceOptions> = {}) {
    const whole = { maxBytes: 1 << 20, sample: "auto", bodies: true, ...options } as const;
    this.ring = new TraceRing(whole, () => this.clock.wall);
    this.app = this.ring.opened(connectionFacts("app1.example.com", "app", 1));
    this.east = this.ring.opened(connectionFacts("dra-east", "dra", 2));
    this.west = this.ring.opened(connectionFacts("dra-west", "dra", 3));
  }

  /**
   * Microseconds after the beginning, as the 32 bit clock of the message path has them; near its
   * end.
   */
  readonly at = (microseconds: number): number => (0xffff_ff00 + microseconds) | 0;

  readonly request = (parts: RequestParts): TracedRequest => {
    const session = encoder.encode(parts.session ?? "");
    const { block, at, end } = piece(Math.max(parts.size ?? 0, session.length), parts.endToEnd ?? 0);
    block.bytes.set(session, at);
    return {
      connection: parts.connection ?? this.app,
      now: parts.now,
      application: 16777252,
      command: 324,
      hopByHop: parts.hopByHop ?? 1,
      endToEnd: parts.endToEnd ?? 1,
      block,
      at,
      end,
      sessionStart: parts.session === undefined ? -1 : at,
      sessionEnd: parts.session === undefined ? -1 : at + session.length,
    };
  };
}
