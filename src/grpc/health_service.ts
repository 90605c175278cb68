/**
 * grpc.health.v1.Health, answered by the gateway itself.
 * @module
 */
import { ERROR_CODE, HeaderList, type Http2Stream, type StreamListener } from "../http2/mod.ts";
import { HEALTH, healthResponse, MessageError, readHealthRequest, SERVING } from "../rpc/health_message.ts";
import { STATUS, trailers, trailersOnly } from "../rpc/status.ts";
import type { CallOwner, OwnedCall } from "./call.ts";
import type { RouteMeters } from "./meters.ts";
import type { GatewayRefusal } from "./refusals.ts";

const HEADERS = new HeaderList().append(":status", "200").append("content-type", "application/grpc");
const OK = new HeaderList().append("grpc-status", "0");
/** More than any request has. */
const LONGEST_REQUEST = 4096;

/** Says whether the gateway serves. */
export class HealthService {
  #serving = true;
  readonly #watchers = new Set<HealthCall>();

  /** It does not serve any more: who watches is told. */
  drain(): void {
    if (!this.#serving) return;
    this.#serving = false;
    for (const watcher of this.#watchers) watcher.tell();
  }

  /** Answers a call. */
  serve(owner: CallOwner, stream: Http2Stream, path: string, meters: RouteMeters): StreamListener {
    meters.opened();
    return new HealthCall(owner, stream, path, meters, {
      status: () => this.#serving ? SERVING.SERVING : SERVING.NOT_SERVING,
      watches: this.#watchers,
    });
  }
}

/** What a call sees of the service. */
interface Watched {
  status(): number;
  readonly watches: Set<HealthCall>;
}

/** One call of it. */
class HealthCall implements StreamListener, OwnedCall {
  readonly #owner: CallOwner;
  readonly #stream: Http2Stream;
  readonly #path: string;
  readonly #meters: RouteMeters;
  readonly #of: Watched;
  #request = new Uint8Array(0);
  nth = 0;
  #isKnown = false;
  #over = false;

  constructor(owner: CallOwner, stream: Http2Stream, path: string, meters: RouteMeters, of: Watched) {
    this.#owner = owner;
    this.#stream = stream;
    this.#path = path;
    this.#meters = meters;
    this.#of = of;
    owner.begun(this);
    if (path !== HEALTH.check && path !== HEALTH.watch) {
      this.#end(STATUS.UNIMPLEMENTED, `the health service has no method ${path}`);
    }
  }

  headers(): void {}

  data(bytes: Uint8Array, end: boolean): void {
    this.#stream.consumed(bytes.length);
    if (this.#over) return;
    if (this.#request.length + bytes.length > LONGEST_REQUEST) {
      return this.#end(STATUS.INVALID_ARGUMENT, "the request is too long");
    }
    const whole = new Uint8Array(this.#request.length + bytes.length);
    whole.set(this.#request);
    whole.set(bytes, this.#request.length);
    this.#request = whole;
    if (end) this.#answer();
  }

  trailers(): void {
    if (!this.#over) this.#answer();
  }

  reset(): void {
    if (this.#over) return;
    this.#meters.cancelled();
    this.#settle();
  }

  drained(): void {}

  /** Tells how it is now, to one who watches. */
  tell(): void {
    const status = this.#isKnown ? this.#of.status() : SERVING.SERVICE_UNKNOWN;
    this.#stream.sendData(healthResponse(status), false);
  }

  refuse({ code, message }: GatewayRefusal): void {
    this.#end(code, message);
  }

  #end(code: number, message: string): void {
    if (this.#over) return;
    this.#meters.served(code);
    if (this.#of.watches.has(this)) this.#stream.sendTrailers(trailers(code, message));
    else this.#stream.sendHeaders(trailersOnly(code, message), true);
    this.#settle();
    if (!this.#stream.remoteEnded) this.#stream.reset(ERROR_CODE.NO_ERROR);
  }

  #answer(): void {
    let service: string;
    try {
      service = readHealthRequest(this.#request);
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      return this.#end(STATUS.INVALID_ARGUMENT, error.message);
    }
    this.#isKnown = service === "";
    if (this.#path === HEALTH.watch) {
      this.#of.watches.add(this);
      this.#stream.sendHeaders(HEADERS, false);
      return this.tell();
    }
    if (!this.#isKnown) return this.#end(STATUS.NOT_FOUND, `unknown service ${service}`);
    this.#stream.sendHeaders(HEADERS, false);
    this.#stream.sendData(healthResponse(this.#of.status()), false);
    this.#stream.sendTrailers(OK);
    this.#meters.served(STATUS.OK);
    this.#settle();
  }

  #settle(): void {
    this.#over = true;
    this.#of.watches.delete(this);
    this.#owner.ended(this);
  }
}
