/**
 * Logic Apps over TLS that break off, do not read, or do not even speak TLS.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { Authority, type Certificate } from "../interop/certificates.ts";
import { interopTest, program } from "../interop/programs.ts";
import { answer } from "../support/raw_message.ts";
import { until } from "../support/until.ts";
import { Dice } from "./mutations.ts";
import { type Rig, type RigOptions, withRig } from "./rig.ts";
import { PADDING_AVP, TallyApp } from "./tally_app.ts";
import { WireEnd } from "./wire_end.ts";

const NONE = { connections: 0 } as const;
const MiB = 1024 * 1024;

/** A test with a rig whose second listener speaks TLS. */
function secureCell(
  name: string,
  options: RigOptions,
  body: (rig: Rig, connect: () => Promise<Deno.TlsConn>) => Promise<void>,
): void {
  interopTest(name, [program("openssl", "openssl")], async () => {
    const directory = await Deno.makeTempDir({ prefix: "diam-gw-tls-" });
    try {
      const certificate: Certificate = await (await Authority.create(directory)).sign("localhost");
      const { cert, key, ca } = certificate;
      const caCerts = [await Deno.readTextFile(ca)];
      const tls = { listen: [{ hostname: "127.0.0.1", port: 0 }], cert, key, clientCa: "" };
      await withRig({ ...options, server: { ...options.server, tls } }, (rig) => {
        const { port } = rig.gateway.addresses[1]!;
        return body(rig, () => Deno.connectTls({ hostname: "localhost", port, caCerts }));
      });
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

secureCell("a Logic App over TLS that stops reading is not read either, and gets everything when it goes on", {
  fakes: [{
    request: (message, wire) =>
      void wire.send(
        answer(message, { more: (builder) => builder.octets(PADDING_AVP, new Uint8Array(16_384), { flags: 0 }) }),
      ),
  }],
  apps: NONE,
  server: { sendQueueLimit: MiB, writeTimeout: 10_000 },
  // It is the Logic App that does not read: a DRA that is slow on a busy machine is not to refuse.
  draPool: { sendQueueLimit: 64 * MiB },
}, async (rig, connect) => {
  const app = await TallyApp.open(rig.gateway, "lazy.apps.example.net", await connect());
  app.wire.pause();
  const sent = app.ask(1_500, 16_384);
  await until(() => [...rig.gateway.apps].some(({ peer }) => peer.out.full), "its queue is full");
  assert(rig.accounts.peakBytes < 48 * MiB, `${rig.accounts.peakBytes} bytes were in use`);
  app.wire.resume();
  await sent;
  await app.allAnswered();
  assertEquals(app.results, { "2001": 1_500 });
  await app.close();
});

secureCell("Logic Apps over TLS that break off in the middle of everything", {
  dras: [{ faults: { delay: 5, delayJitter: 5 } }],
  apps: { connections: 2, window: 8 },
}, async (rig, connect) => {
  const dice = new Dice(11);
  const running = rig.apps.run({ requests: 2_000 });
  for (let i = 0; i < 30; i++) {
    const app = await TallyApp.open(rig.gateway, `app-${i}.tls.example.net`, await connect());
    void app.ask(1 + dice.below(40), dice.below(2_000));
    await until(() => app.answered >= dice.below(3), "some answers");
    await app.close();
  }
  await running;
  assertEquals(rig.results, { "2001": 2_000 });
  await until(() => rig.gateway.apps.size === 2, "they are gone");
});

secureCell(
  "what is no TLS, on the listener with TLS, ends there",
  { apps: { connections: 2, window: 8 } },
  async (rig) => {
    const dice = new Dice(12);
    const running = rig.apps.run({ requests: 2_000 });
    for (let i = 0; i < 20; i++) {
      const wire = await WireEnd.connect(rig.gateway.addresses[1]!.port, { message: () => {} });
      // A TLS record header of a length that never comes, or anything.
      await wire.send(dice.oneIn(2) ? new Uint8Array([22, 3, 1, 2, 0, 1, 0]) : dice.bytes(1 + dice.below(300)));
      if (dice.oneIn(2)) await wire.close();
      else {
        await until(() => wire.ended || i % 2 === 0, "it is thrown out");
        await wire.close();
      }
    }
    await running;
    assertEquals(rig.results, { "2001": 2_000 });
  },
);
