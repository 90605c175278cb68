/**
 * A route to a cluster of another kind, whose connections are somebody else's.
 * @module
 */
import type { HeaderList, Http2Stream, StreamListener } from "../http2/mod.ts";
import type { Place, Placed, StreamWaiter } from "./call_core.ts";
import type { BackendStream, ConnectionPool } from "./parts.ts";
import { type GatewayRefusal, REFUSAL } from "./refusals.ts";
import { Route, type RouteCommon } from "./route_entry.ts";

/** Nobody else limits how long a pool may think; an attempt has its own limit. */
const PATIENCE = Infinity;

/** Asks a pool for each attempt. */
export class PoolRoute extends Route {
  readonly #pool: ConnectionPool;

  constructor(parts: RouteCommon, pool: ConnectionPool) {
    super(parts);
    this.#pool = pool;
  }

  pick(call: Placed): Place | GatewayRefusal {
    const aborting = new AbortController();
    const tried = new Set<string>();
    for (const { id } of call.tried ?? []) if (id !== "") tried.add(id);
    try {
      return new PooledPlace(this.#pool.acquire(call, tried, aborting.signal), aborting);
    } catch (error) {
      this.partFailed("connection pool", error);
      return REFUSAL.partFailed;
    }
  }

  /** Only the pool knows. */
  untried(): number {
    return 1;
  }

  isBound(): boolean {
    return false;
  }

  streamReset(_call: Placed, place: Place): void {
    try {
      this.#pool.onBackendFailure(place.id, new Error("a stream was lost"));
    } catch (error) {
      this.partFailed("connection pool", error);
    }
  }
}

/** What a pool gives for one attempt. */
class PooledPlace implements Place {
  /** Of the instance, as soon as it is known. */
  id = "";
  inFlight = 0;
  calls = 0;
  readonly usable = true;
  readonly busy = false;
  readonly possible = false;
  readonly patience = PATIENCE;
  readonly #acquired: Promise<BackendStream>;
  readonly #aborting: AbortController;
  #stream: BackendStream | undefined;

  constructor(acquired: Promise<BackendStream>, aborting: AbortController) {
    this.#acquired = acquired;
    this.#aborting = aborting;
  }

  open(list: HeaderList, end: boolean, listener: StreamListener): Http2Stream | undefined {
    const stream = this.#stream;
    this.#stream = undefined;
    return stream?.open(list, end, listener);
  }

  wait(waiter: StreamWaiter): void {
    const failed = (error: unknown) => waiter.failed(error instanceof Error ? error : new Error(String(error)), false);
    Promise.resolve(this.#acquired).then((stream) => {
      this.#stream = stream;
      this.id = stream.instanceId;
      waiter.granted();
    }).catch(failed);
  }

  leave(): void {
    this.#aborting.abort();
  }
}
