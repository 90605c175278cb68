/** Items C7, C12 and C14: TLS on both sides. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { FLAG } from "../../src/diameter/wire/header.ts";
import { Authority, type Certificate } from "../interop/certificates.ts";
import { interopTest, program } from "../interop/programs.ts";
import { answer, cer, request } from "../support/raw_message.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { until } from "../support/until.ts";
import { type Stage, stage, type StageOptions } from "./stage.ts";

const OPENSSL = [program("openssl", "openssl")];
const APP = "app.example.net";

/**
 * A test with an authority of its own; the gateway's certificate is for localhost, where the tests
 * connect to.
 */
function secure(name: string, play: (authority: Authority, gateway: Certificate) => Promise<void>): void {
  interopTest(name, OPENSSL, async () => {
    const directory = await Deno.makeTempDir({ prefix: "diam-gw-tls-" });
    try {
      const authority = await Authority.create(directory);
      await play(authority, await authority.sign("localhost"));
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

/** A gateway that listens with TLS alone. */
function listening({ cert, key, ca }: Certificate, asksForCertificates: boolean): StageOptions {
  const tls = { listen: [{ hostname: "127.0.0.1", port: 0 }], cert, key, clientCa: asksForCertificates ? ca : "" };
  return { server: { listen: [], tls } };
}

/** A TLS connection to the gateway that shows `certificate`, without a CER. */
async function connect(s: Stage, host: string, ca: string, certificate?: Certificate): Promise<RawPeer> {
  const conn = await Deno.connectTls({
    hostname: "localhost",
    port: s.port,
    caCerts: [await Deno.readTextFile(ca)],
    ...(certificate === undefined
      ? {}
      : { cert: await Deno.readTextFile(certificate.cert), key: await Deno.readTextFile(certificate.key) }),
  });
  return s.closesAtEnd(new RawPeer(conn, { host, realm: "example.net" }));
}

secure("C14 a Logic App is served over TLS when its certificate names it, in any case", async (authority, gateway) => {
  const certificate = await authority.sign(APP);
  await stage(listening(gateway, true), async (s) => {
    const app = await connect(s, "APP.example.net", gateway.ca, certificate);
    assertEquals((await app.exchangeCapabilities()).resultCode, 2001);
    await app.send(request());
    await s.dra.send(answer(await s.dra.nextRequest()));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
    await s.dra.send(request({ destinationHost: APP }));
    await app.send(answer(await app.nextRequest()));
    assertEquals((await s.dra.nextAnswer()).resultCode, 2001);
  })();
});

secure(
  "C14 C5 a Logic App whose certificate names another host is answered 3010, and closed",
  async (authority, gateway) => {
    const certificate = await authority.sign("other.example.net");
    await stage(listening(gateway, true), async (s) => {
      const app = await connect(s, APP, gateway.ca, certificate);
      const refusal = await app.exchangeCapabilities();
      assertEquals([refusal.resultCode, refusal.flags], [3010, FLAG.error]);
      assertStringIncludes(refusal.text(AVP.errorMessage)!, "other.example.net");
      await app.nextEnd();
    })();
  },
);

for (
  const [what, names] of [
    ["a DNS name with a comma and the victim's name in it", [["DNS", "evil.example.net, DNS:app.example.net"]]],
    ["a URI with a comma and the victim's name in it", [["DNS", "evil.example.net"], [
      "URI",
      "http://x/, DNS:app.example.net",
    ]]],
    ["the victim's name as a URI", [["URI", "app.example.net"]]],
    ["a wildcard", [["DNS", "*.example.net"]]],
  ] as const
) {
  secure(`C14 C5 a certificate that holds ${what} does not open as the victim`, async (authority, gateway) => {
    const certificate = await authority.sign("evil.example.net", names);
    await stage(listening(gateway, true), async (s) => {
      const app = await connect(s, APP, gateway.ca, certificate);
      assertEquals((await app.exchangeCapabilities()).resultCode, 3010);
      await app.nextEnd();
      assertEquals(s.gateway.apps.size, 0);
    })();
  });
}

secure("C14 a certificate with several names opens as any of them", async (authority, gateway) => {
  const names = [["URI", "http://x/"], ["DNS", "other.example.net"], ["DNS", "App.Example.NET"]] as const;
  const certificate = await authority.sign("several.example.net", names);
  await stage(listening(gateway, true), async (s) => {
    for (const host of [APP, "OTHER.example.net"]) {
      const app = await connect(s, host, gateway.ca, certificate);
      assertEquals((await app.exchangeCapabilities()).resultCode, 2001);
    }
  })();
});

secure(
  "C14 without a certificate, or with one of another authority, a Logic App gets no further than the handshake",
  async (_authority, gateway) => {
    const elsewhere = await Deno.makeTempDir({ prefix: "diam-gw-tls-" });
    try {
      const stranger = await (await Authority.create(elsewhere)).sign(APP);
      await stage(listening(gateway, true), async (s) => {
        for (const certificate of [undefined, stranger]) {
          const refused = s.eventsOf("app_refused").length;
          // With TLS 1.3 the client learns of it with its first read only.
          const app = await connect(s, APP, gateway.ca, certificate).catch(() => undefined);
          await app?.send(cer(app.identity)).catch(() => {});
          await app?.nextEnd();
          await until(() => s.eventsOf("app_refused").length > refused, "it is reported");
        }
        assertEquals(s.gateway.apps.size, 0);
      })();
    } finally {
      await Deno.remove(elsewhere, { recursive: true });
    }
  },
);

secure("C14 without client_ca no certificate is asked for", async (_authority, gateway) => {
  await stage(listening(gateway, false), async (s) => {
    const app = await connect(s, APP, gateway.ca);
    assertEquals((await app.exchangeCapabilities()).resultCode, 2001);
  })();
});

secure("C14 a plain connection to the TLS port is refused", async (_authority, gateway) => {
  await stage(listening(gateway, false), async (s) => {
    const app = await s.connect();
    await app.send(cer(app.identity)).catch(() => {});
    await until(() => app.ended, "it is closed");
    assertEquals(s.gateway.apps.size, 0);
  })();
});

secure("C7 over TLS a peer may insist on in-band TLS: it has it already", async (_authority, gateway) => {
  await stage(listening(gateway, false), async (s) => {
    const app = await connect(s, APP, gateway.ca);
    await app.send(cer(app.identity, (b) => b.unsigned32(AVP.inbandSecurityId, 1)));
    assertEquals((await app.nextAnswer(COMMAND.capabilitiesExchange)).resultCode, 2001);
  })();
});

/** A gateway whose only DRA listens with TLS, under a certificate for `host`. */
async function withSecureDra(
  certificate: Certificate,
  serverName: string,
  play: (s: Stage, listener: Deno.TlsListener) => Promise<void>,
): Promise<void> {
  const listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: await Deno.readTextFile(certificate.cert),
    key: await Deno.readTextFile(certificate.key),
  });
  try {
    const { port } = listener.addr as Deno.NetAddr;
    const tls = { ca: certificate.ca, cert: "", key: "", serverName };
    await stage({ dras: [{ port, tls }], open: false }, (s) => play(s, listener))();
  } finally {
    listener.close();
  }
}

secure("C14 a DRA is reached over TLS when its certificate names it", async (authority) => {
  await withSecureDra(await authority.sign("dra.example.net"), "dra.example.net", async (s, listener) => {
    const dra = s.closesAtEnd(new RawPeer(await listener.accept(), { host: "dra.example.net", realm: "example.net" }));
    await dra.acceptCapabilities();
    await s.usable();
    const app = await s.app();
    await app.send(request());
    await dra.send(answer(await dra.nextRequest()));
    assertEquals((await app.nextAnswer()).resultCode, 2001);
  });
});

secure("C14 a DRA whose certificate names another host gets no CER, and never one in clear text", async (authority) => {
  await withSecureDra(await authority.sign("dra.example.net"), "another.example.net", async (s, listener) => {
    for (let i = 0; i < 2; i++) {
      const conn = await listener.accept();
      const bytes = await conn.read(new Uint8Array(100)).catch(() => null);
      assertEquals(bytes, null);
      conn.close();
    }
    assertEquals(s.gateway.pool.dras[0]!.usable, false);
    await until(() => s.gateway.pool.dras[0]!.links[0]!.lastError !== "", "the reason is told");
    assert(/another\.example\.net|certificate/i.test(s.gateway.pool.dras[0]!.links[0]!.lastError));
  });
});

secure("C14 a DRA that is configured with TLS and speaks clear text is not used", async (authority) => {
  const { ca } = await authority.sign("dra.example.net");
  const tls = { ca, cert: "", key: "", serverName: "dra.example.net" };
  await stage({ dras: [{ tls }], open: false, draPool: { connectTimeout: 300 } }, async (s) => {
    await until(() => s.listeners[0]!.accepted.length > 0, "it was dialled");
    await until(() => s.gateway.pool.dras[0]!.links[0]!.lastError !== "", "it was given up", 10_000);
    assertEquals(s.gateway.pool.dras[0]!.usable, false);
  })();
});

const DRA = "dra.example.net";

/**
 * A DRA that is reached over TLS, or is not while nobody listens on its port, and a gateway that
 * listens with TLS alone.
 */
function secureDra(gateway: Certificate, asksForCertificates: boolean, serverName: string): StageOptions {
  const tls = { ca: gateway.ca, cert: "", key: "", serverName };
  return {
    ...listening(gateway, asksForCertificates),
    open: false,
    dras: [{ originHost: DRA, port: 1, tls }],
  };
}

for (const named of [DRA, "east.dra.example.net"]) {
  secure(
    `C12 C14 a DRA that dials us is served when its certificate names ${
      named === DRA ? "it" : "what it is dialled by"
    }`,
    async (authority, gateway) => {
      const certificate = await authority.sign(named);
      await stage(secureDra(gateway, true, "east.dra.example.net"), async (s) => {
        const dra = await connect(s, DRA, gateway.ca, certificate);
        assertEquals((await dra.exchangeCapabilities()).resultCode, 2001);
        await s.usable();
        await dra.send(request());
        assertEquals((await dra.nextAnswer()).resultCode, 3002);
        assertEquals(s.gateway.apps.size, 0);
      })();
    },
  );
}

secure(
  "C12 C14 whoever has a DRA's name and another certificate is answered 3010, and closed",
  async (authority, gateway) => {
    const certificate = await authority.sign(APP);
    await stage(secureDra(gateway, true, ""), async (s) => {
      const app = await connect(s, DRA, gateway.ca, certificate);
      const refusal = await app.exchangeCapabilities();
      assertEquals([refusal.resultCode, refusal.flags], [3010, FLAG.error]);
      assertStringIncludes(refusal.text(AVP.errorMessage)!, APP);
      await app.nextEnd();
      assertEquals(s.gateway.pool.dras[0]!.usable, false);
    })();
  },
);

secure(
  "C12 C14 a DRA that is trusted by its certificate is answered 3010 where none is asked for",
  async (_authority, gateway) => {
    const plain = { hostname: "127.0.0.1", port: 0 };
    const options = secureDra(gateway, true, "");
    await stage({ ...options, server: { ...options.server, listen: [plain] } }, async (s) => {
      const dra = await s.connect(DRA);
      const refusal = await dra.exchangeCapabilities();
      assertEquals(refusal.resultCode, 3010);
      assertStringIncludes(refusal.text(AVP.errorMessage)!, "server.tls.client_ca");
      await dra.nextEnd();
    })();
    await stage(secureDra(gateway, false, ""), async (s) => {
      const dra = await connect(s, DRA, gateway.ca);
      assertEquals((await dra.exchangeCapabilities()).resultCode, 3010);
      await dra.nextEnd();
    })();
  },
);
