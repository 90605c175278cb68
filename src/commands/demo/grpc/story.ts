/**
 * The story of the demo: sessions call all the time, one instance dies under them, and comes back.
 * @module
 */
import type { GrpcClient } from "../../../rpc/client.ts";
import { ECHO_REQUEST, ECHO_RESPONSE, EVENT, METHOD, SUBSCRIBE_REQUEST } from "../../../grpc/sim/my_service.ts";
import { STATUS, statusName } from "../../../rpc/status.ts";
import { pause } from "../../../net/pause.ts";
import { type Session, Stack, type StackOptions } from "./stack.ts";

/** ms that all of it lasts. */
export const DEFAULT_DURATION = 12_000;
/** The shortest that shows everything. */
export const SHORTEST = 4_000;

const SESSIONS = 30;
/** Sessions that also keep a stream open. */
const STREAMS = 9;
const CLIENTS = 3;
const STREAM_INTERVAL = 50;
const STREAM_EVENTS = 10;
/** ms between two calls of a session. */
const PACE = 5;

/** How it is played. */
export interface StoryOptions {
  readonly duration: number;
  readonly say: (line: string) => void;
  /** Ends it early. */
  readonly signal: AbortSignal;
  readonly watch?: StackOptions["watch"];
}

/** What came of it. */
export interface StoryResult {
  calls: number;
  answered: number;
  /** Calls that ended with anything but OK. */
  lost: number;
  /** Answers of somebody else, or out of order. */
  wrong: number;
  /** Calls that the gateway took to another instance after the first had failed. */
  transferred: number;
}

/** Plays it. @throws Error when it cannot even begin */
export async function playStory({ duration, say, signal, watch }: StoryOptions): Promise<StoryResult> {
  await using stack = await Stack.start(watch === undefined ? {} : { watch });
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => stack.connect()));
  const clientOf = (i: number) => clients[i % CLIENTS]!;
  const sessions = await Promise.all(Array.from({ length: SESSIONS }, (_, i) => stack.login(clientOf(i))));
  say(`${SESSIONS} sessions have logged in through the gateway at 127.0.0.1:${stack.address.port}`);
  const crowd = new Crowd();
  const end = new AbortController();
  const stop = () => end.abort();
  signal.addEventListener("abort", stop, { once: true });
  const tell = (what: string) => say(`${what}: ${crowd.summary()}`);
  const running = sessions.flatMap((session, i) => [
    crowd.keepCalling(clientOf(i), session, end.signal),
    ...(i < STREAMS ? [crowd.keepStreaming(clientOf(i), session, end.signal)] : []),
  ]);
  const part = Math.floor(duration / 4);
  await pause(part, signal);
  tell("every session on its instance");
  const victim = crowd.busiest();
  await stack.kill(victim);
  say(`${victim} is killed`);
  await pause(part, signal);
  tell("its sessions and streams go on elsewhere");
  stack.startInstance(victim);
  say(`${victim} is back`);
  await pause(part, signal);
  const late = signal.aborted ? [] : await Promise.all(Array.from({ length: 6 }, (_, i) => stack.login(clientOf(i))));
  running.push(...late.map((session, i) => crowd.keepCalling(clientOf(i), session, end.signal)));
  await pause(part, signal);
  tell("new sessions are spread over all three again");
  stop();
  await Promise.all(running);
  signal.removeEventListener("abort", stop);
  const { retriesTotal: retries, transfersTotal: transfers } = await stack.gateway.status();
  if (crowd.firstLoss !== undefined) say(`the first lost call: ${crowd.firstLoss}`);
  return { ...crowd.result, transferred: retries + transfers };
}

/** Everybody who calls. */
class Crowd {
  readonly result: StoryResult = { calls: 0, answered: 0, lost: 0, wrong: 0, transferred: 0 };
  readonly #sessionsAt = new Map<string, Set<string>>();
  readonly #instanceOf = new Map<string, string>();
  #moved = 0;
  /** What the first lost call ended with. */
  firstLoss: string | undefined;

  /** Calls one after the other until `signal` fires. */
  async keepCalling(client: GrpcClient, { id, metadata }: Session, signal: AbortSignal): Promise<void> {
    for (let i = 0; !signal.aborted; i++) {
      const text = `${id} ${i}`;
      const { status, message, messages: [answer] } = await this.#counted(
        client.call(METHOD.echo, ECHO_REQUEST.encode({ text }), { metadata }),
      );
      if (status !== STATUS.OK || answer === undefined) {
        this.#lose(status, message);
      } else {
        const echo = ECHO_RESPONSE.decode(answer);
        if (echo.text !== text || echo.sessionId !== id) this.result.wrong++;
        this.#seen(id, echo.instanceId);
      }
      await pause(PACE, signal);
    }
  }

  /** Subscribes again and again until `signal` fires. */
  async keepStreaming(client: GrpcClient, { metadata }: Session, signal: AbortSignal): Promise<void> {
    const request = SUBSCRIBE_REQUEST.encode({ intervalMs: STREAM_INTERVAL, count: STREAM_EVENTS });
    while (!signal.aborted) {
      let last = 0;
      const onMessage = (message: Uint8Array) => {
        const { number } = EVENT.decode(message);
        // A stream that was taken over begins again at 1.
        if (number !== last + 1 && number !== 1) this.result.wrong++;
        last = number;
      };
      const { status, message } = await this.#counted(client.call(METHOD.subscribe, request, { metadata, onMessage }));
      if (status !== STATUS.OK) this.#lose(status, message);
      else if (last !== STREAM_EVENTS) this.result.wrong++;
    }
  }

  /** The instance with most sessions. */
  busiest(): string {
    return [...this.#sessionsAt].reduce((a, b) => b[1].size > a[1].size ? b : a)[0];
  }

  summary(): string {
    const { calls, lost } = this.result;
    const at = [...this.#sessionsAt].sort().map(([id, sessions]) => `${id} ${sessions.size}`).join(", ");
    return `${calls} calls, ${lost} lost; sessions at ${at}; moved ${this.#moved}`;
  }

  async #counted<T>(call: Promise<T>): Promise<T> {
    this.result.calls++;
    const result = await call;
    this.result.answered++;
    return result;
  }

  #lose(status: number, message: string): void {
    this.result.lost++;
    this.result.answered--;
    this.firstLoss ??= `${statusName(String(status))}: ${message}`;
  }

  #seen(session: string, instance: string): void {
    const before = this.#instanceOf.get(session);
    if (before === instance) return;
    if (before !== undefined) {
      this.#moved++;
      this.#sessionsAt.get(before)?.delete(session);
    }
    this.#instanceOf.set(session, instance);
    let sessions = this.#sessionsAt.get(instance);
    if (sessions === undefined) this.#sessionsAt.set(instance, sessions = new Set());
    sessions.add(session);
  }
}
