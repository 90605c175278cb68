/**
 * An admin interface on a port of its own, over fakes.
 * @module
 */
import type { AdminOptions } from "../../../src/ops/admin/options.ts";
import { type AdminServer, startAdmin } from "../../../src/ops/admin/server.ts";
import { FakeHost, FakePlane } from "./fakes.ts";
import { ask, type Asked, type RawAnswer } from "./raw_http.ts";

/** What a test holds. */
export interface Rig extends AsyncDisposable {
  readonly server: AdminServer;
  readonly host: FakeHost;
  readonly plane: FakePlane;
  readonly planes: readonly FakePlane[];
  ask(path: string, asked?: Asked): Promise<RawAnswer>;
}

/** Starts one. */
export async function rig(
  options: Partial<AdminOptions> = {},
  planes: readonly FakePlane[] = [new FakePlane()],
  host = new FakeHost(),
): Promise<Rig> {
  const all = { listen: { hostname: "127.0.0.1", port: 0 }, token: "", hosts: [], ...options };
  const server = await startAdmin(all, host, planes);
  const [plane = new FakePlane()] = planes;
  return {
    server,
    host,
    plane,
    planes,
    ask: (path, asked = {}) => ask(server.address, { path, ...asked }),
    [Symbol.asyncDispose]: () => server.close(),
  };
}
