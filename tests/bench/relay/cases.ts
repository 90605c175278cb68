/**
 * What the relay is measured with.
 * @module
 */
import type { DraSimulatorOptions } from "../../../src/diameter/sim/dra.ts";

/** One load: so many connections, each with so many requests of `size` bytes outstanding. */
export interface LoadCase {
  readonly kind: "load";
  readonly name: string;
  readonly connections: number;
  readonly window: number;
  readonly size: number;
  /** Logic Apps come with TLS. */
  readonly tls?: boolean;
  readonly dra?: DraSimulatorOptions;
  /** Keys of `dra_pool`. */
  readonly draPool?: Record<string, unknown>;
  /** Other sections; a checkout that does not know them is measured without. */
  readonly policy?: Record<string, unknown>;
}

/** Connections that have said their CER and then nothing. */
export interface IdleCase {
  readonly kind: "idle";
  readonly name: string;
  readonly connections: number;
  readonly tls?: boolean;
  /** Each asks once before it falls silent. */
  readonly used?: boolean;
}

const load = (connections: number, window: number, size = 224): LoadCase => ({
  kind: "load",
  name: `${connections} x ${window}${size === 224 ? "" : `, ${size} bytes`}`,
  connections,
  window,
  size,
});

const PLAIN = { application: 16_777_252, command: 324 } as const;
const prefix = (i: number) => ({ path: "Session-Id", prefix: `app-x${i}` });

/** A hundred routes, of which none matches before all were tried. */
function routes(match: (i: number) => Record<string, unknown>): Record<string, unknown> {
  const pool = { pool: "default" };
  return { routing: { routes: Array.from({ length: 100 }, (_, i) => ({ name: `r${i}`, match: match(i), ...pool })) } };
}

/** All of them, in the order they run. */
export const CASES: readonly (LoadCase | IdleCase)[] = [
  load(10, 64),
  load(100, 64),
  load(640, 1),
  load(5000, 1),
  load(10, 64, 600),
  load(10, 64, 2048),
  load(10, 16, 32768),
  // The DRA takes 320 a millisecond at the most; what comes beyond that is refused.
  { ...load(10, 640), name: "refusing", dra: { faults: { delay: 20 } }, draPool: { max_in_flight: 64 } },
  {
    ...load(10, 64),
    name: "10 x 64, 100 routes",
    policy: routes((i) => ({ ...PLAIN, destination_realm: `core${i}.example.net` })),
  },
  { ...load(10, 64), name: "10 x 64, 100 routes by AVP", policy: routes((i) => ({ avps: [prefix(i)] })) },
  { ...load(10, 64), name: "10 x 64, TLS", tls: true },
  { ...load(1000, 1), name: "1000 x 1, TLS", tls: true },
  { kind: "idle", name: "idle", connections: 3000 },
  { kind: "idle", name: "idle, used once", connections: 3000, used: true },
  { kind: "idle", name: "idle TLS", connections: 1000, tls: true },
  { kind: "idle", name: "idle TLS, used once", connections: 1000, tls: true, used: true },
];
