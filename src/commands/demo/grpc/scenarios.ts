/**
 * What the gRPC plane is for, as scenarios that hold or do not: each starts the whole example, and
 * looks at it as a client does.
 * @module
 */
import type { CallResult, GrpcClient } from "../../../rpc/client.ts";
import {
  ECHO_REQUEST,
  ECHO_RESPONSE,
  type EchoResponse,
  EVENT,
  LOGIN_REQUEST,
  METHOD,
  SHUTDOWN_RESPONSE,
  SUBSCRIBE_REQUEST,
  type SubscribedEvent,
} from "../../../grpc/sim/my_service.ts";
import { STATUS, statusName } from "../../../rpc/status.ts";
import { type Session, Stack, type StackOptions, USER } from "./stack.ts";

/** What a scenario has in hand. */
export interface Scene {
  readonly stack: Stack;
  readonly client: GrpcClient;
  /** Tells the person what was seen. */
  say(sentence: string): void;
}

/** One scenario. */
export interface Scenario {
  /** What it shows, in a few words. */
  readonly shows: string;
  readonly options?: StackOptions;
  /** @throws ScenarioFailed when it does not hold */
  play(scene: Scene): Promise<void>;
}

/** It does not hold; the message says what was expected, and what came. */
export class ScenarioFailed extends Error {
  override name = "ScenarioFailed";
}

/** All of them, by name. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  basic_workflow: {
    shows: "login, then a call with the session it gave",
    async play(scene) {
      const session = await scene.stack.login(scene.client);
      scene.say(`logged in as ${USER.username}: session ${session.id}`);
      const { text, instanceId, sessionId } = await echo(scene, session, "hello");
      expect([text, sessionId], ["hello", session.id], "the echo and its session");
      scene.say(`${instanceId} echoed "hello" for this session`);
    },
  },

  sticky_session: {
    shows: "calls of a session go to one instance, sessions to all of them",
    async play(scene) {
      const sessions = await Promise.all(Array.from({ length: 6 }, () => scene.stack.login(scene.client)));
      const used = new Set<string>();
      for (const session of sessions) {
        const seen = await instancesOf(scene, session, 10);
        expect(seen.size, 1, "instances that one session saw");
        for (const id of seen) used.add(id);
      }
      expect(used.size, 3, "instances that six sessions saw");
      scene.say(`6 sessions of 10 calls each: one instance each, ${[...used].sort().join(", ")} in all`);
    },
  },

  system_overload: {
    shows: "what an instance cannot take is refused at once, and the rest goes on",
    options: { maxInFlight: 2, delay: 100 },
    async play(scene) {
      const session = await scene.stack.login(scene.client);
      const results = await Promise.all(Array.from({ length: 10 }, () => callEcho(scene, session, "x")));
      const served = results.filter(({ status }) => status === STATUS.OK).length;
      expect(served, 2, "calls served at once by an instance that takes 2");
      for (const result of results) {
        if (result.status !== STATUS.OK) refused(result, STATUS.RESOURCE_EXHAUSTED, "all instances are busy");
      }
      scene.say(`10 calls at once for an instance that takes 2: ${served} served, ${10 - served} refused`);
      await echo(scene, session, "afterwards");
      scene.say("the next call is served");
    },
  },

  stream_subscription: {
    shows: "a stream of events, in order, from one instance",
    async play(scene) {
      const session = await scene.stack.login(scene.client);
      const events = await subscribe(scene, session, { intervalMs: 10, count: 20 });
      expect(events.map(({ number }) => number), Array.from({ length: 20 }, (_, i) => i + 1), "the events");
      expect(new Set(events.map(({ instanceId }) => instanceId)).size, 1, "instances that sent them");
      scene.say(`20 events in order from ${events[0]?.instanceId}`);
    },
  },

  login_errors: {
    shows: "a wrong login is refused by the service, in its own words",
    async play(scene) {
      const login = (username: string, password: string) =>
        scene.client.call(METHOD.login, LOGIN_REQUEST.encode({ username, password }));
      refused(await login(USER.username, "wrong"), STATUS.UNAUTHENTICATED, "wrong username or password");
      refused(await login("nobody", USER.password), STATUS.UNAUTHENTICATED, "wrong username or password");
      refused(await login("", USER.password), STATUS.INVALID_ARGUMENT, "username and password are required");
      refused(await login(USER.username, ""), STATUS.INVALID_ARGUMENT, "username and password are required");
      scene.say("wrong password, unknown user, empty name, empty password: each refused");
    },
  },

  myservice_auth_errors: {
    shows: "every method of the service needs session and token",
    async play(scene) {
      const { id } = await scene.stack.login(scene.client);
      for (const method of [METHOD.echo, METHOD.subscribe, METHOD.shutdown]) {
        refused(await scene.client.call(method, EMPTY), STATUS.UNAUTHENTICATED, "missing session-id");
        const without = await scene.client.call(method, EMPTY, { metadata: { "session-id": id } });
        refused(without, STATUS.UNAUTHENTICATED, "missing or invalid token");
      }
      scene.say("echo, subscribe and shutdown without session or token: each refused");
    },
  },

  session_transfer: {
    shows: "a session whose instance dies goes on elsewhere, a running stream too",
    async play(scene) {
      const session = await scene.stack.login(scene.client);
      const { instanceId: first } = await echo(scene, session, "before");
      const events: SubscribedEvent[] = [];
      const stream = subscribe(scene, session, { intervalMs: 20, count: 30 }, (event) => {
        events.push(event);
        if (events.length === 5) void scene.stack.kill(first);
      });
      await stream;
      scene.say(`${first} was killed while it streamed to this session`);
      const others = new Set(events.filter(({ instanceId }) => instanceId !== first).map((event) => event.instanceId));
      expect(others.size, 1, "instances that took the stream over");
      expect(events.at(-1)?.number, 30, "the last event of the stream");
      const [second] = others;
      const seen = await instancesOf(scene, session, 10);
      expect([...seen], [second], "the instance of the session afterwards");
      scene.say(`${second} took over the stream and the session`);
    },
  },

  gateway_error_unauthenticated: {
    shows: "the gateway refuses tokens that do not hold",
    async play(scene) {
      const [mine, other] = [await scene.stack.login(scene.client), await scene.stack.login(scene.client)];
      const { authorization = "" } = mine.metadata;
      const forged = [
        ["a token that is none", { ...mine.metadata, authorization: "Bearer not.a.token" }],
        ["a token whose signature was changed", {
          ...mine.metadata,
          authorization: `${authorization.slice(0, -3)}AAA`,
        }],
        ["a token of another session", { ...mine.metadata, "session-id": other.id }],
        ["a token without signature", { ...mine.metadata, authorization: `Bearer ${unsigned(mine.id)}` }],
      ] as const;
      for (const [what, metadata] of forged) {
        const result = await scene.client.call(METHOD.echo, EMPTY, { metadata });
        refused(result, STATUS.UNAUTHENTICATED, "missing or invalid token");
        scene.say(`${what}: refused`);
      }
    },
  },

  gateway_error_unavailable: {
    shows: "a service that is not there is UNAVAILABLE, and others are not touched",
    async play(scene) {
      const session = await scene.stack.login(scene.client);
      await scene.stack.stopAuth();
      const result = await scene.client.call(METHOD.login, LOGIN_REQUEST.encode(USER));
      refused(result, STATUS.UNAVAILABLE, "backend service unavailable");
      scene.say("the auth service is stopped: Login is UNAVAILABLE");
      await echo(scene, session, "still here");
      scene.say("calls of the other service go on");
    },
  },

  myservice_shutdown_errors: {
    shows: "instances that shut down leave, the last one too",
    async play(scene) {
      const session = await scene.stack.login(scene.client);
      refused(await scene.client.call(METHOD.shutdown, EMPTY), STATUS.UNAUTHENTICATED, "missing session-id");
      for (let left = 3; left > 0; left--) {
        const { metadata } = session;
        const result = await scene.client.call(METHOD.shutdown, EMPTY, { metadata });
        const { instanceId } = SHUTDOWN_RESPONSE.decode(served(result));
        scene.say(`${instanceId} was told to shut down`);
        await scene.stack.until(async () => !(await scene.stack.instanceIds()).includes(instanceId));
      }
      refused(await callEcho(scene, session, "x"), STATUS.RESOURCE_EXHAUSTED, "all instances are busy");
      scene.say("with none left a call is RESOURCE_EXHAUSTED");
    },
  },

  no_instances_available: {
    shows: "without an instance a call is refused at once; with one it is served",
    options: { instances: 0 },
    async play(scene) {
      const session = await scene.stack.login(scene.client);
      refused(await callEcho(scene, session, "x"), STATUS.RESOURCE_EXHAUSTED, "all instances are busy");
      scene.say("no instance is there: RESOURCE_EXHAUSTED");
      scene.stack.startInstance("instance-1");
      await scene.stack.until(async () => (await scene.stack.instanceIds()).length > 0);
      const { instanceId } = await echo(scene, session, "now");
      scene.say(`${instanceId} came, and serves`);
    },
  },
};

/** Plays one. @throws ScenarioFailed when it does not hold */
export async function playScenario(scenario: Scenario, say: (sentence: string) => void): Promise<void> {
  await using stack = await Stack.start(scenario.options);
  await scenario.play({ stack, client: await stack.connect(), say });
}

const EMPTY = new Uint8Array();

function callEcho({ client }: Scene, { metadata }: Session, text: string): Promise<CallResult> {
  return client.call(METHOD.echo, ECHO_REQUEST.encode({ text }), { metadata });
}

async function echo(scene: Scene, session: Session, text: string): Promise<EchoResponse> {
  return ECHO_RESPONSE.decode(served(await callEcho(scene, session, text)));
}

async function instancesOf(scene: Scene, session: Session, calls: number): Promise<Set<string>> {
  const seen = new Set<string>();
  for (let i = 0; i < calls; i++) seen.add((await echo(scene, session, `call ${i}`)).instanceId);
  return seen;
}

async function subscribe(
  { client }: Scene,
  { metadata }: Session,
  request: { readonly intervalMs: number; readonly count: number },
  onEvent: (event: SubscribedEvent) => void = () => {},
): Promise<SubscribedEvent[]> {
  const events: SubscribedEvent[] = [];
  const onMessage = (message: Uint8Array) => {
    const event = EVENT.decode(message);
    events.push(event);
    onEvent(event);
  };
  const result = await client.call(METHOD.subscribe, SUBSCRIBE_REQUEST.encode(request), { metadata, onMessage });
  expect([result.status, result.message], [STATUS.OK, ""], "the end of the stream");
  return events;
}

/** The one message of a call that went well. */
function served({ status, message, messages: [answer] }: CallResult): Uint8Array {
  expect([statusName(String(status)), message], ["OK", ""], "the status of a call");
  if (answer === undefined) throw new ScenarioFailed("the call went well, but brought no message");
  return answer;
}

function refused(result: CallResult, status: number, message: string): void {
  expect(
    [statusName(String(result.status)), result.message],
    [statusName(String(status)), message],
    "the status of a call",
  );
}

/** A token that says `alg: none`. */
function unsigned(sessionId: string): string {
  const part = (value: unknown) =>
    new TextEncoder().encode(JSON.stringify(value)).toBase64({ alphabet: "base64url", omitPadding: true });
  const exp = Math.floor(Date.now() / 1000) + 600;
  return `${part({ alg: "none", typ: "JWT" })}.${part({ session_id: sessionId, exp })}.`;
}

function expect(seen: unknown, expected: unknown, what: string): void {
  const [is, should] = [JSON.stringify(seen), JSON.stringify(expected)];
  if (is !== should) throw new ScenarioFailed(`${what}: expected ${should}, got ${is}`);
}
