/**
 * Calls of devices, to the core and back: deadlines, limits, the breaker, and the one second try
 * that a read may have.
 * @module
 */
import { type Alarm, type Clock, SYSTEM_CLOCK } from "../../net/clock.ts";
import type { RpcError } from "../../rpc/error.ts";
import { Breaker, type BreakerNews } from "./breaker.ts";
import { ConnectClient } from "./connect_client.ts";
import type { Cancel, CoreClient, CoreRequest, Outcome } from "./core_client.ts";
import { contentTypeOf, coreHeaders } from "./core_headers.ts";
import { parseCoreUri } from "./core_uri.ts";
import type { BreakerState, CoreAnswer, CoreCall, CoreLimits, Forwarder, ForwarderOptions } from "./forwarder.ts";
import { isMethodName, isRead, methodLabel } from "./methods.ts";

/** ms that a device which was refused for want of room should wait. */
const RETRY_AFTER = 1_000;

/** Forwards calls over one client. */
export class CoreForwarder implements Forwarder {
  readonly #client: CoreClient;
  readonly #options: ForwarderOptions;
  readonly #clock: Clock;
  readonly #breaker: Breaker;
  readonly #attempts = new Set<Attempt>();
  #limits: CoreLimits;
  /** What the last failure was. */
  #reason = "";
  #closed = false;

  constructor(client: CoreClient, options: ForwarderOptions, clock: Clock = SYSTEM_CLOCK) {
    this.#client = client;
    this.#options = options;
    this.#limits = options;
    this.#clock = clock;
    this.#breaker = new Breaker(options.breaker, (state) => options.breakerMoved?.(state, this.#reason));
  }

  /**
   * Connects to nobody yet.
   * @throws TypeError when `options.uri` is none
   */
  static async create(options: ForwarderOptions): Promise<CoreForwarder> {
    const address = parseCoreUri(options.uri);
    if (address === undefined) throw new TypeError(`expected HOST:PORT, http(s):// or grpc(s)://, got ${options.uri}`);
    if (address.protocol === "connect") return new CoreForwarder(new ConnectClient(address), options);
    const { GrpcCoreClient } = await import("./grpc_client.ts");
    return new CoreForwarder(new GrpcCoreClient(address), options);
  }

  get breaker(): BreakerState {
    return this.#breaker.state(this.#clock.now());
  }

  get inFlight(): number {
    return this.#attempts.size;
  }

  configure(limits: CoreLimits): void {
    this.#limits = limits;
    this.#breaker.configure(limits.breaker);
  }

  async forward(call: CoreCall): Promise<CoreAnswer> {
    const begun = this.#clock.now();
    const answer = await this.#forward(call, begun);
    const code = "error" in answer ? answer.error.code : "ok";
    if (code === "ok") await this.#accepted(call, answer);
    this.#options.answered?.(methodLabel(call.method), code, this.#clock.now() - begun);
    return answer;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const attempt of this.#attempts) attempt.giveUp(STOPPING, "nothing");
    await this.#client.close();
  }

  #forward(call: CoreCall, now: number): CoreAnswer | Promise<CoreAnswer> {
    const { method, signal, timeoutMs = Infinity } = call;
    if (!isMethodName(method)) return refusal("invalid_argument", "method: expected the name of a method");
    if (method === "Connect") return refusal("invalid_argument", "method: Connect is a stream and is not forwarded");
    if (this.#closed) return { error: STOPPING };
    if (signal?.aborted) return { error: CANCELED };
    const timeout = Math.min(timeoutMs, this.#limits.timeout);
    if (!(timeout > 0)) return { error: LATE };
    if (this.#attempts.size >= this.#limits.maxInFlight) {
      return refusal("resource_exhausted", "too many calls wait for the chat service", RETRY_AFTER);
    }
    const pass = this.#breaker.admit(now);
    if (pass === undefined) {
      const retryAfter = this.#breaker.retryAfter(now);
      return refusal("unavailable", "the chat service does not answer: it is not asked at the moment", retryAfter);
    }
    return new Promise((resolve) => {
      const attempt = new Attempt(this.#client, call, this.#options.gatewayId, this.#clock, (answer, news, reason) => {
        this.#attempts.delete(attempt);
        if (news === "failed") this.#reason = reason;
        pass.settle(news, this.#clock.now());
        resolve(answer);
      });
      this.#attempts.add(attempt);
      // A device that asks for less must not open the breaker for all others.
      attempt.begin(now + timeout, timeoutMs < this.#limits.timeout ? "nothing" : "failed");
    });
  }

  /** B2: before the sender's own answer. */
  async #accepted({ caller, method, encoding, body: request }: CoreCall, answer: CoreAnswer): Promise<void> {
    if (this.#options.accepted === undefined || "error" in answer) return;
    try {
      await this.#options.accepted({ caller, method, encoding, request, answer: answer.body });
    } catch (error) {
      this.#options.failed?.(error);
    }
  }
}

/** How a call ended, and what the breaker may learn from it. */
type AttemptEnd = (answer: CoreAnswer, news: BreakerNews, reason: string) => void;

/** One call under way. */
class Attempt {
  readonly #client: CoreClient;
  readonly #call: CoreCall;
  readonly #headers: Record<string, string>;
  readonly #clock: Clock;
  readonly #done: AttemptEnd;
  #deadline = 0;
  #alarm: Alarm | undefined;
  #cancel: Cancel = () => {};
  /** A second try may be made. */
  #mayRepeat: boolean;
  #settled = false;

  constructor(
    client: CoreClient,
    call: CoreCall,
    gatewayId: string,
    clock: Clock,
    done: AttemptEnd,
  ) {
    this.#client = client;
    this.#call = call;
    this.#headers = coreHeaders(call, gatewayId);
    this.#clock = clock;
    this.#done = done;
    this.#mayRepeat = isRead(call.method);
  }

  /** @param news what the breaker is told when the deadline passes */
  begin(deadline: number, news: "failed" | "nothing"): void {
    this.#deadline = deadline;
    this.#alarm = this.#clock.setTimeout(() => this.giveUp(LATE, news, true), deadline - this.#clock.now());
    this.#call.signal?.addEventListener("abort", this.#left, { once: true });
    this.#send();
  }

  /** Waits no more. */
  giveUp(error: RpcError, news: "failed" | "nothing", late = false): void {
    if (this.#settled) return;
    this.#cancel(late);
    this.#settle({ error }, news, error.message);
  }

  /** The device has left. */
  readonly #left = (): void => this.giveUp(CANCELED, "nothing");

  #send(): void {
    const { method, encoding, body } = this.#call;
    const timeoutMs = Math.max(1, Math.ceil(this.#deadline - this.#clock.now()));
    const contentType = contentTypeOf(this.#call);
    const request: CoreRequest = { method, encoding, contentType, body, headers: this.#headers, timeoutMs };
    try {
      this.#cancel = this.#client.send(request, this.#came);
    } catch {
      // A header that cannot be sent, for instance: the call's fault and not the core's.
      this.#settle(refusal("internal", "the call cannot be sent to the chat service"), "nothing");
    }
  }

  readonly #came = (outcome: Outcome): void => {
    if (this.#settled) return;
    if (!("error" in outcome)) return this.#settle(outcome, "answered");
    const { error, headers, failure, reason } = outcome;
    if (failure === "connection" && this.#mayRepeat) {
      this.#mayRepeat = false;
      return this.#send();
    }
    const answer = headers === undefined ? { error } : { error, headers };
    this.#settle(answer, failure === "none" ? "answered" : "failed", reason ?? error.message);
  };

  #settle(answer: CoreAnswer, news: BreakerNews, reason = ""): void {
    if (this.#settled) return;
    this.#settled = true;
    if (this.#alarm !== undefined) this.#clock.clearTimeout(this.#alarm);
    this.#call.signal?.removeEventListener("abort", this.#left);
    this.#done(answer, news, reason);
  }
}

const STOPPING: RpcError = { code: "unavailable", message: "the gateway is stopping" };
const CANCELED: RpcError = { code: "canceled", message: "the device has left" };
const LATE: RpcError = { code: "deadline_exceeded", message: "the chat service has not answered in time" };

function refusal(code: RpcError["code"], message: string, retryAfterMs = 0): CoreAnswer {
  return { error: retryAfterMs > 0 ? { code, message, retryAfterMs } : { code, message } };
}
