/**
 * A process and planes that record what they are asked, with every path that the program will have.
 * @module
 */
import * as z from "zod";
import type { AdminHost, EffectiveConfig, LogSettings, LogState, ReloadRequest } from "../../../src/ops/admin/host.ts";
import * as parameter from "../../../src/ops/admin/parameter.ts";
import { page, PAGING } from "../../../src/ops/admin/paging.ts";
import type { AdminEvent, AdminPlane, EventSource, Readiness } from "../../../src/ops/admin/plane.ts";
import { conflict, forbidden, notFound, preconditionFailed, unprocessable } from "../../../src/ops/admin/problem.ts";
import { content, json, type Reply, type Route, route } from "../../../src/ops/admin/route.ts";
import type { LogFields, Logger } from "../../../src/ops/log/logger.ts";

/** Lines that were logged. */
export class FakeLog implements Logger {
  readonly lines: { readonly level: string; readonly event: string; readonly message: string }[] = [];
  debug = this.#line("debug");
  info = this.#line("info");
  warning = this.#line("warning");
  error = this.#line("error");
  enabled = () => true;

  #line(level: string): (event: string, message: string, fields?: LogFields) => void {
    return (event, message) => void this.lines.push({ level, event, message });
  }
}

/** Events that a test tells. */
export class FakeEvents implements EventSource {
  readonly listeners = new Set<(event: AdminEvent) => void>();
  constructor(readonly kinds: Readonly<Record<string, string>>) {}

  listen(listener: (event: AdminEvent) => void): Disposable {
    this.listeners.add(listener);
    return { [Symbol.dispose]: () => void this.listeners.delete(listener) };
  }

  tell(kind: string, members: Readonly<Record<string, unknown>> = {}): void {
    for (const listener of this.listeners) listener({ at: new Date().toISOString(), kind, ...members });
  }
}

/** The process. */
export class FakeHost implements AdminHost {
  readonly version = "1.2.3";
  readonly startedAt = new Date(Date.now() - 5_000);
  readonly log = new FakeLog();
  readonly events = new FakeEvents({ config: "The configuration was read again." });
  readonly reloads: ReloadRequest[] = [];
  sha256 = "ab12";
  isPending = false;
  drained = 0;
  state: LogState = { level: "info", requests: false, responses: false, until: null };
  metricsText: () => AsyncIterable<string> = async function* () {
    yield "process_start_time_seconds 1\n";
  };

  config(): EffectiveConfig {
    return {
      tree: { gateway: { origin_host: "gw.example.net" }, admin: { token: "********" } },
      sha256: this.sha256,
      loadedAt: new Date(),
      fileDiffers: false,
      confirmBy: null,
    };
  }

  reload(request: ReloadRequest) {
    this.reloads.push(request);
    if (request.ifMatch !== undefined && !request.ifMatch.includes(this.sha256)) {
      return Promise.reject(preconditionFailed("the configuration in force is another one"));
    }
    if (this.isPending) return Promise.reject(conflict("a reload waits to be confirmed"));
    const until = request.confirm === undefined ? {} : { confirmBy: new Date(Date.now() + request.confirm) };
    this.isPending = request.confirm !== undefined;
    const changes = [{ path: "dra_pool.dras[dra-1].weight", from: 100, to: undefined }];
    return Promise.resolve({ changes, needsRestart: ["gateway.workers"], applied: !request.dryRun, ...until });
  }

  confirm() {
    if (!this.isPending) return Promise.reject(conflict("nothing waits to be confirmed"));
    this.isPending = false;
    return Promise.resolve();
  }

  logging() {
    return this.state;
  }

  setLogging(change: Partial<LogSettings>, duration: number | undefined) {
    this.state = { ...this.state, ...change, until: duration === undefined ? null : new Date(Date.now() + duration) };
    return this.state;
  }

  drain() {
    this.drained++;
    return Promise.resolve();
  }

  metrics() {
    return this.metricsText();
  }
}

/** A plane with a few paths of each kind, and faults on demand. */
export class FakePlane implements AdminPlane {
  current: Readiness = { state: "ready", ready: true };
  readonly events = new FakeEvents({ peer_up: "A DRA is usable.", peer_down: "A DRA is not usable any more." });
  readonly routes: readonly Route[];
  readonly weights: [string, number][] = [];
  readonly explained: unknown[] = [];
  readonly signals: AbortSignal[] = [];
  apps = Array.from({ length: 25 }, (_, nth) => ({ id: nth + 1, origin_host: `app${nth + 1}.example.net` }));
  status = {
    shape: { origin_host: z.string(), statistics: z.object({ total_requests: z.int() }) },
    read: () => ({ origin_host: "gw.example.net", statistics: { total_requests: 7 } }),
  };

  constructor(readonly name = "diameter") {
    this.routes = name === "diameter" ? diameterRoutes(this) : [];
  }

  readiness(): Readiness {
    return this.current;
  }

  async *metrics(): AsyncGenerator<string> {
    yield `diamgw_${this.name}_requests_total 1\n`;
    await Promise.resolve();
    yield `diamgw_${this.name}_answers_total 1\n`;
  }
}

const dra = z.object({ name: z.string(), state: z.enum(["OPEN", "DISCONNECTED"]), weight: z.int().optional() });
const app = z.object({ id: z.int(), origin_host: z.string() });
const name = parameter.text("Of a configured DRA");
const anything = z.looseObject({});
const done = { description: "Done.", schema: anything };
const filters = {
  session: parameter.text("A Session-Id").optional(),
  app: parameter.text("An Origin-Host").optional(),
  dra: parameter.text("A DRA").optional(),
  code: parameter.integer(0, 2 ** 32 - 1, "A Result-Code").optional(),
};

function diameterRoutes(plane: FakePlane): Route[] {
  const found = (wanted: string) => {
    if (wanted !== "dra-1") throw notFound(`no DRA is called ${wanted}`);
    return { name: wanted, state: "OPEN" as const };
  };
  const action = (what: string) =>
    route({
      method: "POST",
      path: `/api/v1/dras/{name}/${what}`,
      summary: what,
      parameters: { name },
      answer: { description: "The DRA.", schema: dra },
      handle: ({ parameters }) => json(found(parameters.name)),
    });
  return [
    route({
      method: "GET",
      path: "/api/v1/dras",
      summary: "All DRAs",
      query: PAGING,
      answer: { description: "In the order of the file.", schema: z.array(dra) },
      handle: (call) => page(call, [found("dra-1")], () => 0),
    }),
    route({
      method: "GET",
      path: "/api/v1/dras/{name}",
      summary: "One DRA",
      parameters: { name },
      answer: { description: "The DRA.", schema: dra },
      handle: ({ parameters }) => json(found(parameters.name)),
    }),
    ...["disable", "enable", "reconnect", "breaker/reset"].map(action),
    route({
      method: "POST",
      path: "/api/v1/dras/{name}/weight",
      summary: "Another weight until the next reload",
      parameters: { name },
      query: { value: parameter.integer(0, 65_535, "The weight") },
      answer: { description: "The DRA.", schema: dra },
      handle({ parameters, query }) {
        plane.weights.push([parameters.name, query.value]);
        return json({ ...found(parameters.name), weight: query.value });
      },
    }),
    route({
      method: "GET",
      path: "/api/v1/apps",
      summary: "All Logic Apps",
      query: PAGING,
      answer: { description: "By id.", schema: z.array(app) },
      handle: (call) => page(call, plane.apps, ({ id }) => id),
    }),
    route({
      method: "GET",
      path: "/api/v1/errors",
      summary: "Malformed or refused messages",
      query: PAGING,
      answer: { description: "Newest first.", schema: z.array(anything) },
      handle: (call) => page(call, [{ nth: 9 }, { nth: 8 }, { nth: 7 }], ({ nth }) => -nth),
    }),
    route({
      method: "GET",
      path: "/api/v1/transactions",
      summary: "Recent transactions",
      query: { ...PAGING, ...filters },
      answer: { description: "Newest first.", schema: z.array(anything) },
      handle: (call) => page(call, [call.query].filter(({ app }) => app !== "nobody"), () => 1),
    }),
    route({
      method: "GET",
      path: "/api/v1/capture.pcapng",
      summary: "The same as a capture",
      query: { ...PAGING, ...filters, mask: parameter.choice(["none", "subscriber"], "What is masked").optional() },
      answer: { description: "A pcapng file.", type: "application/x-pcapng" },
      problems: [403],
      handle({ query }) {
        if (query.mask === "none") throw forbidden("mask may only be stricter than admin.mask, which is subscriber");
        return content("application/x-pcapng", pieces());
      },
    }),
    route({
      method: "POST",
      path: "/api/v1/explain",
      isRoutine: true,
      summary: "Which way a request would go",
      body: {
        json: z.object({ hex: z.string().regex(/^[0-9a-f]*$/i), app: z.string().optional() }),
        bytes: { type: "application/octet-stream", description: "A Diameter message" },
      },
      answer: { description: "The way, and why.", schema: anything },
      handle({ body, bytes }) {
        plane.explained.push(bytes ?? body);
        if (bytes === undefined && body.hex === "") throw unprocessable("no message", [{ detail: "it is empty" }]);
        return json({ bytes: bytes?.length ?? null });
      },
    }),
    ...["/api/v1/overload", "/api/v1/sessions", "/api/v1/chat/status", "/api/v1/chat/connections", "/api/v1/chat/rooms"]
      .map((path) => route({ method: "GET", path, summary: path, answer: done, handle: () => json({}) })),
    ...(["GET", "DELETE"] as const).map((method) =>
      route({
        method,
        path: "/api/v1/sessions/{session}",
        summary: "One binding",
        parameters: { session: parameter.text("A Session-Id, percent-encoded") },
        answer: done,
        handle: ({ parameters }) => json({ session: parameters.session }),
      })
    ),
    route({
      method: "POST",
      path: "/api/v1/grpc/clusters/{name}/instances/{id}/disable",
      summary: "No new calls",
      parameters: { name, id: parameter.text("Of an instance") },
      answer: done,
      handle: ({ parameters }) => json({ ...parameters }),
    }),
    route({
      method: "POST",
      path: "/api/v1/chat/publish",
      isRoutine: true,
      summary: "Publish events",
      body: { json: z.object({ events: z.array(z.object({ room_id: z.string(), type: z.string() })) }) },
      answer: done,
      handle: ({ body }) => json({ events: body.events.length }),
    }),
    route({
      method: "GET",
      path: "/api/v1/waiting",
      summary: "Answers when the other side has gone",
      answer: done,
      handle({ signal }) {
        plane.signals.push(signal);
        const { promise, resolve } = Promise.withResolvers<Reply>();
        signal.addEventListener("abort", () => resolve(json({})));
        return promise;
      },
    }),
    route({
      method: "GET",
      path: "/api/v1/broken",
      summary: "Throws",
      answer: done,
      handle() {
        throw new Error("the secret is 4711");
      },
    }),
  ];
}

async function* pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let nth = 0; nth < 3; nth++) {
    await Promise.resolve();
    yield new Uint8Array([0x0a, 0x0d, 0x0d, 0x0a]);
  }
}
