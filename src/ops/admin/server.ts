/**
 * The admin interface: one HTTP listener over the process and its planes. Whoever does not want it
 * does not load it: `await import("../ops/admin/server.ts")`.
 * @module
 */
import type { Endpoint } from "../../net/connection.ts";
import type { TlsServerFiles } from "../../net/tls_listener.ts";
import { application } from "./application.ts";
import { EventHub } from "./event_hub.ts";
import type { AdminHost } from "./host.ts";
import { listenHttp } from "./http_listener.ts";
import { descriptionRoute } from "./openapi.ts";
import { ADMIN_LIMITS, type AdminAccess, type AdminOptions } from "./options.ts";
import type { AdminPlane } from "./plane.ts";
import type { Route } from "./route.ts";
import { assetRoutes, PLACEHOLDER } from "./routes/assets.ts";
import { configRoutes } from "./routes/config.ts";
import { drainRoute } from "./routes/drain.ts";
import { eventsRoute } from "./routes/events.ts";
import { healthRoutes } from "./routes/health.ts";
import { loggingRoutes } from "./routes/logging.ts";
import { metricsRoute } from "./routes/metrics.ts";
import { statusRoute } from "./routes/status.ts";

export { AdminListenError } from "./http_listener.ts";

/** A running admin interface. */
export interface AdminServer extends AsyncDisposable {
  /** With the real port where 0 was asked for. */
  readonly address: Endpoint;
  /** Where a browser finds it; without a slash at the end. */
  readonly url: string;
  /** Connections at the moment. */
  readonly connections: number;
  /** Readers of events at the moment. */
  readonly eventStreams: number;
  /** Changes who may ask, for requests to come. */
  configure(access: AdminAccess): void;
  /**
   * Reads the certificates again, for connections to come; without TLS it does nothing.
   * @throws Error when one cannot be read; the old ones stay in force
   */
  reloadCertificates(files: TlsServerFiles): Promise<void>;
  /** Ends it, event streams and all; answers under way get half a second. */
  close(): Promise<void>;
}

/**
 * Listens, and answers from then on.
 * @throws AdminListenError when the address cannot be had; its `isTaken` says whether another
 * program has it
 * @throws Error when a certificate cannot be read, or two routes are the same
 */
export async function startAdmin(
  options: AdminOptions,
  host: AdminHost,
  planes: readonly AdminPlane[],
): Promise<AdminServer> {
  const limits = { ...ADMIN_LIMITS, ...options.limits };
  const hub = new EventHub(limits, Date.now().toString(36));
  let access: AdminAccess = options;
  const fetch = application({
    routes: allRoutes(options, host, planes, hub),
    access: () => access,
    listen: options.listen.hostname,
    bodyBytes: limits.bodyBytes,
    log: host.log,
  });
  const listener = await listenHttp(options.listen, options.tls, limits, fetch);
  const sources = [host, ...planes].flatMap(({ events }) => events?.listen((event) => hub.tell(event)) ?? []);
  let closed: Promise<void> | undefined;
  const close = () =>
    closed ??= (async () => {
      for (const source of sources) source[Symbol.dispose]();
      hub[Symbol.dispose]();
      await listener.close();
    })();
  const { hostname, port } = listener.address;
  return {
    address: listener.address,
    url: `${options.tls === undefined ? "http" : "https"}://${
      hostname.includes(":") ? `[${hostname}]` : hostname
    }:${port}`,
    get connections() {
      return listener.connections;
    },
    get eventStreams() {
      return hub.readers;
    },
    configure: (next) => void (access = next),
    reloadCertificates: (files) => listener.reloadCertificates(files),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Everything there is, the description of it last. */
function allRoutes(
  { assets = PLACEHOLDER }: AdminOptions,
  host: AdminHost,
  planes: readonly AdminPlane[],
  hub: EventHub,
): Route[] {
  const kinds = Object.assign({}, host.events?.kinds, ...planes.map(({ events }) => events?.kinds));
  const routes = [
    ...healthRoutes(planes),
    metricsRoute([host, ...planes]),
    statusRoute(host, planes),
    ...configRoutes(host),
    ...loggingRoutes(host),
    drainRoute(host),
    eventsRoute(hub, kinds),
    ...planes.flatMap((plane) => plane.routes),
    ...assetRoutes(assets),
  ];
  return [...routes, descriptionRoute(host.version, routes)];
}
