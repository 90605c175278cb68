/**
 * Where calls begin: what a request is, which route it takes, and whether it may.
 * @module
 */
import { ERROR_CODE, type HeaderList, type Http2Stream, type StreamListener } from "../http2/mod.ts";
import type { TokenAuthorization } from "./authorization.ts";
import { Call, type CallFacts, type CallOwner } from "./call.ts";
import type { CallCore } from "./call_core.ts";
import { HEALTH } from "../rpc/health_message.ts";
import type { HealthService } from "./health_service.ts";
import type { RouteMeters } from "./meters.ts";
import type { HeaderProcessor, Refusal } from "./parts.ts";
import { GatewayRefusal, isGrpc, noRoute, NOT_GRPC, REFUSAL } from "./refusals.ts";
import type { Route } from "./route_entry.ts";
import type { RouteTable } from "./routes.ts";
import { parseTimeout } from "../rpc/timeout.ts";

/**
 * The routes in force. Another object after each reload: what was found out by the old one ends.
 */
export interface Plan {
  readonly routes: RouteTable<Route>;
  /** Of calls that no route matches. */
  readonly otherwise: Route | undefined;
  /** Answers health checks that no route matches. */
  readonly healthService: HealthService | undefined;
}

/** What calls that have no route are counted by, and who is told of parts that fail. */
export interface CallsParts {
  readonly core: CallCore;
  readonly plan: Plan;
  readonly unrouted: RouteMeters;
  readonly partFailed: (part: string, error: unknown) => void;
}

/** What is known of a request from its headers alone; stays with the list. */
interface Known extends CallFacts {
  readonly plan: Plan;
  readonly route: Route | undefined;
  /** Answers it, where no backend does. */
  readonly notGrpc: HeaderList | undefined;
  readonly refusal: GatewayRefusal | undefined;
  readonly health: boolean;
  /** ms since 1970 until which it is let in without a look at its token. */
  letInUntil: number;
}

/** Makes calls of requests. */
export class Calls {
  readonly #core: CallCore;
  readonly #unrouted: RouteMeters;
  readonly #partFailed: CallsParts["partFailed"];
  #plan: Plan;

  constructor({ core, plan, unrouted, partFailed }: CallsParts) {
    this.#core = core;
    this.#plan = plan;
    this.#unrouted = unrouted;
    this.#partFailed = partFailed;
  }

  /** Routes calls that come from now on by another plan. */
  configure(plan: Plan): void {
    this.#plan = plan;
  }

  /**
   * Takes a request.
   * @returns who handles its stream
   */
  begin(owner: CallOwner, stream: Http2Stream, list: HeaderList, end: boolean): StreamListener {
    const memo = list.memo as Known | undefined;
    const known = memo !== undefined && memo.plan === this.#plan ? memo : this.#study(list);
    const { route } = known;
    if (route === undefined) return this.#answer(owner, stream, known, end);
    const call = new Call(this.#core, owner, route, stream, list, end, known);
    if (known.refusal !== undefined) call.refuse(known.refusal);
    else if (route.processors.length === 0 || Date.now() < known.letInUntil) call.go();
    else if (route.authorization !== undefined) this.#authorize(call, route.authorization, known);
    else this.#process(call, route.processors, 0);
    return call;
  }

  /** Answers what never becomes a call to a backend. */
  #answer(owner: CallOwner, stream: Http2Stream, known: Known, end: boolean): StreamListener {
    if (known.notGrpc !== undefined) stream.sendHeaders(known.notGrpc, true);
    else if (known.health) return this.#plan.healthService!.serve(owner, stream, known.path, this.#unrouted);
    else {
      this.#unrouted.opened();
      this.#unrouted.refused(known.refusal!);
      stream.sendHeaders(known.refusal!.trailersOnly, true);
    }
    if (!end) stream.reset(ERROR_CODE.NO_ERROR);
    return DEAF;
  }

  #study(list: HeaderList): Known {
    const plan = this.#plan;
    const path = list.get(":path") ?? "";
    const timeoutText = list.tooLarge ? undefined : list.get("grpc-timeout");
    const timeout = timeoutText === undefined ? Infinity : parseTimeout(timeoutText);
    const facts = {
      plan,
      path,
      timeout: timeout ?? Infinity,
      resolution: timeoutText === undefined ? 0 : parseTimeout(`1${timeoutText.slice(-1)}`) ?? 0,
    };
    const nothing = {
      ...facts,
      route: undefined,
      notGrpc: undefined,
      refusal: undefined,
      health: false,
      letInUntil: 0,
    };
    let known: Known;
    if (list.tooLarge) known = { ...nothing, refusal: REFUSAL.headersTooLarge };
    else if (list.get(":method") !== "POST") known = { ...nothing, notGrpc: NOT_GRPC.method };
    else if (!isGrpc(list.get("content-type"))) known = { ...nothing, notGrpc: NOT_GRPC.contentType };
    else {
      const found = plan.routes.find(path);
      const health = found === undefined && plan.healthService !== undefined && path.startsWith(HEALTH.service);
      const route = health ? undefined : found ?? plan.otherwise;
      const refusal = timeout === undefined
        ? REFUSAL.badTimeout
        : route === undefined && !health
        ? noRoute(textOf(path))
        : undefined;
      known = { ...nothing, route, refusal, health: health && refusal === undefined };
    }
    list.memo = known;
    return known;
  }

  /** Asks the authorization alone, and remembers with the list for how long its answer holds. */
  #authorize(call: Call, authorization: TokenAuthorization, known: Known): void {
    const said = authorization.judge(call.list);
    if (said instanceof Promise) {
      said.then((refusal) => refusal === undefined ? call.go("later") : call.refuse(refusal))
        .catch((error) => this.#failed(call, error));
      return;
    }
    if (said !== undefined) return call.refuse(said);
    known.letInUntil = authorization.goodUntil(call.list);
    call.go();
  }

  /** Asks the processors from `nth` on, one after the other. */
  #process(call: Call, processors: readonly HeaderProcessor[], nth: number): void {
    for (let i = nth; i < processors.length; i++) {
      let said: Refusal | void | Promise<Refusal | void>;
      try {
        said = processors[i]!.process(call);
      } catch (error) {
        return this.#failed(call, error);
      }
      if (said instanceof Promise) {
        said.then((later) => {
          if (later !== undefined) call.refuse(refusalOf(later));
          else if (i + 1 < processors.length) this.#process(call, processors, i + 1);
          else call.go("later");
        }).catch((error) => this.#failed(call, error));
        return;
      }
      if (said !== undefined) return call.refuse(refusalOf(said));
    }
    if (nth > 0) call.go("later");
    else call.go();
  }

  #failed(call: Call, error: unknown): void {
    this.#partFailed("processor", error);
    call.refuse(REFUSAL.partFailed);
  }
}

/** The session of the built-in authorization is told apart by the metrics. */
function refusalOf(refusal: Refusal): GatewayRefusal {
  return refusal instanceof GatewayRefusal ? refusal : new GatewayRefusal(refusal.code, refusal.message, "part");
}

/** Octets of a header as the text that they mean. */
function textOf(octets: string): string {
  return new TextDecoder().decode(Uint8Array.from(octets, (octet) => octet.charCodeAt(0)));
}

/** Of a stream that has its answer. */
const DEAF: StreamListener = {
  headers() {},
  data() {},
  trailers() {},
  reset() {},
  drained() {},
};
