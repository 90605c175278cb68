/**
 * grpc.health.v1.Health of the device listeners.
 * @module
 */
import { HEALTH, healthResponse, MessageError, readHealthRequest, SERVING } from "../../../rpc/health_message.ts";
import { SERVICE } from "../service.ts";
import type { Patience } from "../patience.ts";
import type { Exchange } from "./exchange.ts";
import { endOf, enveloped, errorAnswer, type Protocol, protocolOf } from "./protocol.ts";
import { readUnary } from "./unary.ts";

/** More than any request has. */
const LONGEST_REQUEST = 4096;
const PREFIX = 5;

/** Says whether the gateway serves. */
export class HealthService {
  readonly #isServing: () => boolean;
  readonly #watchers = new Set<(last?: "last") => void>();

  readonly #bodies: Patience;

  /** @param bodies ends calls whose body does not come */
  constructor(isServing: () => boolean, bodies: Patience) {
    this.#isServing = isServing;
    this.#bodies = bodies;
  }

  /** Takes a call of a method below `HEALTH.service`. */
  enter(exchange: Exchange): void {
    const protocol = protocolOf(exchange.headers["content-type"]);
    const isFit = protocol !== undefined && protocol.encoding === "proto" &&
      (protocol.kind !== "grpc" || exchange.version === 2);
    if (exchange.method !== "POST" || !isFit) return exchange.answer(415, {}, "");
    void this.#serve(exchange, protocol);
  }

  /** Tells those who watch: it has changed. */
  changed(): void {
    for (const tell of this.#watchers) tell();
  }

  /** Ends all watches. */
  end(): void {
    for (const tell of [...this.#watchers]) tell("last");
  }

  async #serve(exchange: Exchange, protocol: Protocol): Promise<void> {
    const leaving = new AbortController();
    const body = await readUnary(exchange, protocol, LONGEST_REQUEST, this.#bodies, leaving);
    if (leaving.signal.aborted) return;
    if ("code" in body) return refuse(exchange, protocol, body);
    let service: string;
    try {
      service = readHealthRequest(enveloped(0, body.message));
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      return refuse(exchange, protocol, { code: "invalid_argument", message: error.message });
    }
    const isKnown = service === "" || service === SERVICE;
    if (exchange.path === HEALTH.check) {
      if (!isKnown) return refuse(exchange, protocol, { code: "not_found", message: `unknown service ${service}` });
      return this.#check(exchange, protocol);
    }
    if (exchange.path === HEALTH.watch && protocol.enveloped) {
      return this.#watch(exchange, protocol, isKnown, leaving.signal);
    }
    refuse(exchange, protocol, { code: "unimplemented", message: `no such method: ${exchange.path}` });
  }

  get #status(): number {
    return this.#isServing() ? SERVING.SERVING : SERVING.NOT_SERVING;
  }

  #check(exchange: Exchange, protocol: Protocol): void {
    const response = healthResponse(this.#status);
    const headers = { "content-type": protocol.contentType };
    if (!protocol.enveloped) return exchange.answer(200, headers, response.subarray(PREFIX));
    exchange.begin(200, headers);
    exchange.write(response);
    end(exchange, protocol, undefined);
  }

  #watch(exchange: Exchange, protocol: Protocol, isKnown: boolean, left: AbortSignal): void {
    let told = -1;
    const tell = (last?: "last") => {
      const status = isKnown ? this.#status : SERVING.SERVICE_UNKNOWN;
      if (status !== told) exchange.write(healthResponse(told = status));
      if (last === undefined) return;
      this.#watchers.delete(tell);
      end(exchange, protocol, { code: "unavailable", message: "gateway is shutting down" });
    };
    exchange.begin(200, { "content-type": protocol.contentType });
    tell();
    this.#watchers.add(tell);
    left.addEventListener("abort", () => this.#watchers.delete(tell));
  }
}

function refuse(exchange: Exchange, protocol: Protocol, error: Parameters<typeof errorAnswer>[1]): void {
  const { status, headers, body } = errorAnswer(protocol, error);
  exchange.answer(status, headers, body);
}

function end(exchange: Exchange, protocol: Protocol, error: Parameters<typeof endOf>[1]): void {
  const { body, trailers } = endOf(protocol, error);
  if (body !== undefined) exchange.write(body);
  exchange.end(trailers);
}
