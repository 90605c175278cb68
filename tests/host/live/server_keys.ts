/**
 * Live keys of the section `server`.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { connect as connectTls } from "node:tls";
import { COMMAND } from "../../../src/diameter/wire/command_codes.ts";
import { Authority } from "../../interop/certificates.ts";
import type { Stage } from "../../compliance/stage.ts";
import { stage } from "../../compliance/stage.ts";
import { freePort } from "../../support/free_port.ts";
import { request } from "../../support/raw_message.ts";
import { until } from "../../support/until.ts";
import { change, refused, type Row, row } from "./row.ts";

/** A CER, and the code of its CEA. */
async function tried(s: Stage, host = "app.example.net"): Promise<number | undefined> {
  return (await (await s.connect(host)).exchangeCapabilities()).resultCode;
}

const peers = (s: Stage) => Array.from(s.gateway.apps, ({ peer }) => peer);

/** All of them. */
export const SERVER_KEYS: readonly Row[] = [
  row("server.listen", "another address is listened on, the old one no more, and connections stay", {}, async (s) => {
    const app = await s.app();
    const [before] = s.gateway.addresses;
    const port = freePort();
    await change(s, { server: { listen: [{ hostname: "127.0.0.1", port }] } });
    assertEquals(s.port, port);
    const late = await Deno.connect(before!).then((conn) => conn.close(), () => "refused");
    assertEquals(late, "refused");
    await s.app("other.example.net");
    await app.nothingMore();
    // Anywhere is where it listens already, and more.
    await change(s, { server: { listen: [{ hostname: "0.0.0.0", port }] } });
    await s.app("third.example.net");
    await app.nothingMore();
  }),
  row("server.reuse_port", "another process may listen on the same port, and may not any more", {}, async (s) => {
    const app = await s.app();
    const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const listen = [{ hostname: "127.0.0.1", port: free.addr.port }];
    free.close();
    const beside = () => {
      try {
        Deno.listen({ ...listen[0]!, reusePort: true }).close();
        return "listens";
      } catch {
        return "refused";
      }
    };
    for (const [reusePort, expected] of [[false, "refused"], [true, "listens"], [false, "refused"]] as const) {
      await change(s, { server: { listen, reusePort } });
      assertEquals([s.gateway.addresses, beside()], [listen, expected]);
      await s.app(`${reusePort}.example.net`);
    }
    await app.nothingMore();
  }),
  {
    keys: ["server.tls.listen", "server.tls.cert", "server.tls.key", "server.tls.client_ca"],
    seen: "a listener with TLS opens, shows another certificate, asks for those of clients, and closes",
    needsOpenssl: true,
    async play() {
      const directory = await Deno.makeTempDir({ prefix: "diam-gw-live-" });
      const authority = await Authority.create(directory);
      const [one, two] = [await authority.sign("one.example.net"), await authority.sign("two.example.net")];
      try {
        await stage({}, async (s) => {
          const listen = [{ hostname: "127.0.0.1", port: 0 }];
          await change(s, { server: { tls: { listen, cert: one.cert, key: one.key, clientCa: "" } } });
          const { port } = s.gateway.addresses[1]!;
          assertEquals(await shownAt(port), "one.example.net");
          await change(s, { server: { tls: { listen, cert: two.cert, key: two.key, clientCa: "" } } });
          assertEquals([s.gateway.addresses[1]!.port, await shownAt(port)], [port, "two.example.net"]);
          await change(s, { server: { tls: { listen, cert: two.cert, key: two.key, clientCa: two.ca } } });
          assertEquals(await shownAt(port), "refused");
          const { tls: _, ...plain } = s.gateway.runtime.options.server;
          await s.gateway.configure({ ...s.gateway.runtime.options, server: plain });
          assertEquals(s.gateway.addresses.length, 1);
        })();
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  },
  row("server.max_connections", "one connection too many is closed", {}, async (s) => {
    await s.app();
    await change(s, { server: { maxConnections: 1 } });
    await (await s.connect("other.example.net")).nextEnd();
  }),
  row("server.capabilities_timeout", "whoever sends no CER is sent away sooner", {}, async (s) => {
    await change(s, { server: { capabilitiesTimeout: 50 } });
    await (await s.connect()).nextEnd();
  }),
  row(
    "server.watchdog_interval server.watchdog_jitter",
    "a Logic App that is connected already is asked sooner whether it lives",
    { server: { watchdogInterval: 600_000, watchdogJitter: 500_000 } },
    async (s) => {
      const app = await s.app();
      await change(s, { server: { watchdogInterval: 50, watchdogJitter: 5 } });
      await app.answerPeerRequest(COMMAND.deviceWatchdog);
    },
  ),
  row("server.max_message_size", "a longer message ends its connection", {}, async (s) => {
    const app = await s.app();
    await change(s, { server: { maxMessageSize: 64 } });
    await app.send(request());
    await app.nextEnd();
  }),
  row(
    "server.send_queue_limit server.write_timeout server.dpr_timeout",
    "connections that are there have it",
    {},
    async (s) => {
      await s.app();
      await change(s, { server: { sendQueueLimit: 4711, writeTimeout: 4712, dprTimeout: 413 } });
      const [peer] = peers(s);
      const { sendQueueLimit, writeTimeout, dprTimeout } = peer!.options;
      assertEquals([sendQueueLimit, peer!.out.limit, writeTimeout, dprTimeout], [4711, 4711, 4712, 413]);
      assertEquals(s.gateway.runtime.options.server.writeTimeout, 4712);
    },
  ),
  row(
    "server.tcp_nodelay dra_pool.tcp_nodelay",
    "connections to come are made without it",
    {},
    async (s) => {
      const probe = await Deno.connect(s.gateway.addresses[0]!);
      const prototype = Object.getPrototypeOf(probe) as Deno.TcpConn;
      probe.close();
      const original = prototype.setNoDelay;
      let calls = 0;
      prototype.setNoDelay = function (on) {
        calls++;
        return original.call(this, on);
      };
      try {
        for (const tcpNoDelay of [true, false]) {
          await change(s, { server: { tcpNoDelay }, draPool: { tcpNoDelay } });
          calls = 0;
          await s.app(`${tcpNoDelay}.example.net`);
          // The scripted peer sets it on its own end.
          assertEquals(calls, tcpNoDelay ? 2 : 1);
          calls = 0;
          await s.gateway.reconnect("dra-1");
          const left = s.listeners[0]!.accepted.at(-1)!;
          await until(() => left.inbox.length > 0, "its DPR came");
          await left.close();
          await s.reopened();
          assertEquals(calls, tcpNoDelay ? 2 : 1);
        }
      } finally {
        prototype.setNoDelay = original;
      }
    },
  ),
  row("server.duplicate_origin_host", "a second connection of an identity is refused", {}, async (s) => {
    await s.app();
    assertEquals(await tried(s), 2001);
    await change(s, { server: { duplicateOriginHost: "reject" } });
    assertEquals(await tried(s), 4003);
  }),
  row("server.allow[].origin_host server.allow[].from", "others are refused", {}, async (s) => {
    const allowed = async (originHost: string, from: string) => {
      await change(s, { server: { allow: [{ originHost, from }] } });
      return await tried(s);
    };
    assertEquals(await allowed("app.*", "127.0.0.0/8"), 2001);
    assertEquals(await allowed("other.*", "127.0.0.0/8"), 3010);
    assertEquals(await allowed("app.*", "10.0.0.0/8"), 3010);
  }),
  row(
    "server.rate_limit.requests_per_second server.rate_limit.burst",
    "requests beyond it are answered 3004",
    {},
    async (s) => {
      const app = await s.app();
      for (const burst of [1, 2]) {
        await change(s, { server: { rateLimit: { requestsPerSecond: 1, burst } } });
        await app.send(...Array.from({ length: burst }, () => request()));
        for (let i = 0; i < burst; i++) await s.dra.nextRequest();
        assertEquals((await refused(app)).resultCode, 3004);
      }
    },
  ),
  row("server.max_in_flight", "requests beyond it are answered 3004", {}, async (s) => {
    const app = await s.app();
    await change(s, { server: { maxInFlight: 1 } });
    await app.send(request());
    await s.dra.nextRequest();
    assertEquals((await refused(app)).resultCode, 3004);
  }),
];

/** The name in the certificate that is shown on that port; `refused` when no TLS comes about. */
async function shownAt(port: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false });
  let name = "";
  socket.on("secureConnect", () => {
    name = String(socket.getPeerCertificate().subject?.CN ?? "");
    // A server that misses a certificate says so after the handshake of TLS 1.3.
    socket.write(new Uint8Array(1));
    socket.setTimeout(200, () => resolve(name));
  });
  socket.on("error", () => resolve("refused"));
  socket.on("close", () => resolve("refused"));
  const shown = await promise;
  socket.destroy();
  assert(shown !== "");
  return shown;
}
