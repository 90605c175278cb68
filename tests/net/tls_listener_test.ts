import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect } from "node:tls";
import type { Connection } from "../../src/net/connection.ts";
import { connectTls } from "../../src/net/tls.ts";
import { listenTls, type TlsListener } from "../../src/net/tls_listener.ts";
import { Authority, type Certificate } from "../interop/certificates.ts";
import { interopTest, program } from "../interop/programs.ts";
import { until } from "../support/until.ts";

const OPTIONS = { timeout: 5_000, noDelay: true };

/** A listener on loopback, with what it accepted. */
async function withListener(
  files: Certificate,
  play: (listener: TlsListener, accepted: Connection[]) => Promise<void>,
): Promise<void> {
  const accepted: Connection[] = [];
  const listener = await listenTls(
    { hostname: "127.0.0.1", port: 0 },
    { ...files, clientCa: "" },
    { noDelay: true, handshakeTimeout: 500 },
    (connection) => accepted.push(connection),
  );
  try {
    await play(listener, accepted);
  } finally {
    listener.close();
    for (const connection of accepted) connection.close();
  }
}

/** A test with a certificate for localhost. */
function certified(name: string, body: (certificate: Certificate, directory: string) => Promise<void>): void {
  interopTest(name, [program("openssl", "openssl")], async () => {
    const directory = await Deno.makeTempDir({ prefix: "diam-gw-tls-" });
    try {
      await body(await (await Authority.create(directory)).sign("localhost"), directory);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

const trusting = (ca: string) => ({ ca, cert: "", key: "", serverName: "localhost" });

certified(
  "a connection is there before its handshake, with its address, and its bytes come after it",
  async (files) => {
    await withListener(files, async (listener, accepted) => {
      const plain = await Deno.connect(listener.address);
      await until(() => accepted.length === 1, "it is accepted");
      const [silent] = accepted;
      assertEquals(silent!.remote.port, (plain.localAddr as Deno.NetAddr).port);
      assertEquals(silent!.tls, { names: [], established: false });
      const client = await connectTls(listener.address, trusting(files.ca), OPTIONS);
      await until(() => accepted.length === 2, "the next one is accepted");
      const connection = accepted[1]!;
      await client.write(new TextEncoder().encode("hello"));
      const into = new Uint8Array(10);
      assertEquals(await connection.read(into), 5);
      assertEquals(connection.tls?.established, true);
      client.close();
      assertEquals(await connection.read(into), null);
      assertEquals(connection.leftSilently, false);
      plain.close();
      await assertRejects(() => silent!.read(into), Error, "before the handshake was done");
      assertEquals(silent!.leftSilently, true);
    });
  },
);

certified("a handshake that is not finished in time fails the read, and was no silent end", async (files) => {
  await withListener(files, async (listener, accepted) => {
    const plain = await Deno.connect(listener.address);
    await plain.write(new Uint8Array([22, 3, 1, 2, 0, 1, 0]));
    await until(() => accepted.length === 1, "it is accepted");
    await assertRejects(() => accepted[0]!.read(new Uint8Array(10)), Error, "TLS");
    assertEquals(accepted[0]!.leftSilently, false);
    plain.close();
  });
});

certified("TLS 1.1 is not spoken, 1.2 and 1.3 are", async (files) => {
  await withListener(files, async (listener) => {
    for (const [version, spoken] of [["TLSv1.1", false], ["TLSv1.2", true], ["TLSv1.3", true]] as const) {
      const { hostname: host, port } = listener.address;
      const ended = Promise.withResolvers<boolean>();
      try {
        const ca = await Deno.readTextFile(files.ca);
        const options = { host, port, servername: "localhost", ca, minVersion: version, maxVersion: version };
        const socket = connect(options, () => ended.resolve(socket.getProtocol() === version));
        socket.on("error", () => ended.resolve(false));
        assertEquals(await ended.promise, spoken, version);
        socket.destroy();
      } catch (error) {
        // A client that does not know the version any more.
        assert(!spoken, String(error));
      }
    }
  });
});

certified(
  "certificates that are read again are shown from then on; files of no use change nothing",
  async (files, directory) => {
    const elsewhere = await Deno.makeTempDir({ prefix: "diam-gw-tls-" });
    try {
      const renewed = await (await Authority.create(elsewhere)).sign("localhost");
      const shows = async (listener: TlsListener, ca: string) => {
        try {
          (await connectTls(listener.address, trusting(ca), OPTIONS)).close();
          return true;
        } catch {
          return false;
        }
      };
      await withListener(files, async (listener) => {
        assertEquals([await shows(listener, files.ca), await shows(listener, renewed.ca)], [true, false]);
        await Deno.copyFile(renewed.cert, files.cert);
        await Deno.copyFile(renewed.key, files.key);
        await listener.reload();
        assertEquals([await shows(listener, files.ca), await shows(listener, renewed.ca)], [false, true]);
        await Deno.writeTextFile(files.key, "-----BEGIN nonsense");
        await assertRejects(() => listener.reload(), Error, files.key);
        const block = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        await Deno.writeTextFile(files.key, block);
        await assertRejects(() => listener.reload(), Error, files.key);
        const other = await (await Authority.create(directory)).sign("other");
        await Deno.copyFile(other.key, files.key);
        await assertRejects(() => listener.reload(), Error, "is not the key of the certificate");
        await Deno.remove(files.cert);
        await assertRejects(() => listener.reload(), Error, files.cert);
        assertEquals(await shows(listener, renewed.ca), true);
      });
    } finally {
      await Deno.remove(elsewhere, { recursive: true });
    }
  },
);

certified(
  "of two writes shortly after each other the second one does not wait for news of the first",
  async (files) => {
    await withListener(files, async (listener, accepted) => {
      const client = await connectTls(listener.address, trusting(files.ca), OPTIONS);
      await until(() => accepted.length === 1, "it is accepted");
      const connection = accepted[0]!;
      const into = new Uint8Array(100);
      const waits: number[] = [];
      for (let i = 0; i < 20; i++) {
        await client.write(new Uint8Array(1));
        await connection.read(into);
        const began = performance.now();
        for (let n = 0; n < 2; n++) await connection.write(new Uint8Array(50));
        for (let count = 0; count < 100;) count += (await client.read(into))!;
        waits.push(performance.now() - began);
      }
      client.close();
      // With Nagle's algorithm it is 40, the time after which Linux acknowledges at the latest.
      assert(waits.toSorted((a, b) => a - b)[10]! < 30, `ms: ${waits.map(Math.round)}`);
    });
  },
);

certified("connections that come while certificates are read again are all served", async (files) => {
  await withListener(files, async (listener, accepted) => {
    const { port } = listener.address;
    const ca = await Deno.readTextFile(files.ca);
    const opens = async () => {
      const client = await Deno.connectTls({ hostname: "localhost", port, caCerts: [ca] });
      await client.handshake();
      client.close();
    };
    const first = Array.from({ length: 50 }, opens);
    await Promise.all([listener.reload(), listener.reload(), ...first]);
    await Promise.all(Array.from({ length: 10 }, opens));
    await until(() => accepted.length === 60, "all are accepted");
  });
});

certified(
  "a connection that is closed before its handshake is over has its descriptor closed, though the other end holds it",
  async (files) => {
    await withListener(files, async (listener, accepted) => {
      const silent = await Deno.connect(listener.address);
      await until(() => accepted.length === 1, "it is accepted");
      accepted[0]!.close();
      assertEquals(await silent.read(new Uint8Array(1)).catch(() => null), null);
      silent.close();
    });
  },
);

certified("both ends know what they agreed to speak; a server that agrees on nothing is refused", async (files) => {
  const accepted: Connection[] = [];
  const options = { noDelay: true, handshakeTimeout: 2_000 };
  const address = { hostname: "127.0.0.1", port: 0 };
  const take = (connection: Connection) => {
    accepted.push(connection);
    connection.read(new Uint8Array(10)).catch(() => {});
  };
  const listener = await listenTls(address, { ...files, clientCa: "", protocol: "h2" }, options, take);
  const plain = await listenTls(address, { ...files, clientCa: "" }, options, take);
  try {
    const client = await connectTls(listener.address, { ...trusting(files.ca), protocol: "h2" }, OPTIONS);
    assertEquals(client.tls?.protocol, "h2");
    await until(() => accepted[0]?.tls?.established === true, "the handshake is done");
    assertEquals(accepted[0]!.tls?.protocol, "h2");
    client.close();
    const silent = await connectTls(listener.address, trusting(files.ca), OPTIONS);
    assertEquals(silent.tls?.protocol, undefined);
    silent.close();
    const other = { ...trusting(files.ca), protocol: "spdy" };
    await assertRejects(() => connectTls(listener.address, other, OPTIONS), Error);
    await assertRejects(
      () => connectTls(plain.address, { ...trusting(files.ca), protocol: "h2" }, OPTIONS),
      Error,
      "TLS: expected the server to agree on h2 (ALPN), it chose nothing",
    );
  } finally {
    listener.close();
    plain.close();
    for (const connection of accepted) connection.close();
  }
});

certified(
  "what was written arrives before the end of a direction, and the other one can still be read",
  async (files) => {
    await withListener(files, async (listener, accepted) => {
      const client = await connectTls(listener.address, trusting(files.ca), OPTIONS);
      await until(() => accepted.length === 1, "it is accepted");
      const [server] = accepted;
      await server!.write(new Uint8Array(5));
      server!.closeWrite!();
      const into = new Uint8Array(10);
      assertEquals(await client.read(into), 5);
      assertEquals(await client.read(into), null);
      client.close();
      assertEquals(await server!.read(into), null);
    });
  },
);
