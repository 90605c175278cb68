/** Peers that say they are somebody else, or nobody. */
import { assert, assertEquals } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { Authority } from "../interop/certificates.ts";
import { interopTest, program } from "../interop/programs.ts";
import { avpOfVendorZero, cer } from "../support/raw_message.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { until } from "../support/until.ts";
import { Scene } from "./scene.ts";

const REALM = "example.net";

/** Names that nobody may have, and what each is answered; undefined: it is cut off. */
const FORGED: readonly (readonly [string, number | undefined])[] = [
  ["a".repeat(60_000), undefined],
  ["a".repeat(10_000), 5004],
  ["victim.example.net\0.evil.example.net", 5004],
  ["victim.example.net\r\n2026-01-01 00:00:00 INFO  all is well", 5004],
  ["\x1b[2J\x1b[1;1H", 5004],
  ["../../etc/passwd", 5004],
  ["victim.example.net.", 5004],
  ["\u00e9", 5004],
  ["", 5004],
  ["GW.example.net", 3010],
];

Deno.test("names that nobody may have are refused, each with one log line, and a polite Logic App notices nothing", async () => {
  await using scene = await Scene.start();
  const rounds = 5;
  for (let round = 0; round < rounds; round++) {
    for (const [host, code] of FORGED) {
      const peer = await RawPeer.connect(scene.address.port, { host: "a forger", realm: REALM });
      try {
        await peer.send(cer({ host, realm: REALM }));
        if (code !== undefined) assertEquals((await peer.nextAnswer(COMMAND.capabilitiesExchange)).resultCode, code);
        await peer.nextEnd();
      } finally {
        await peer.close();
      }
    }
  }
  await until(
    () => scene.gateway.logged("app_refused").length === rounds * FORGED.length,
    "every refusal has its line",
  );
  for (const { message } of scene.gateway.logged("app_refused")) assert(String(message).length < 400, String(message));
  const [polite, ...others] = scene.gateway.logged("app_up");
  assertEquals([polite!["app"], polite!["applications"]], ["polite.apps.example.net", "16777252 of vendor 10415"]);
  assertEquals(others, []);
  await scene.unharmed();
});

Deno.test("a CER that gives two names is known by the first, however each of them is written", async () => {
  await using scene = await Scene.start();
  const peer = await RawPeer.connect(scene.address.port, { host: "first.example.net", realm: REALM });
  try {
    await peer.send(
      cer(
        peer.identity,
        (builder) =>
          builder.text(AVP.originHost, "gw.example.net").raw(
            avpOfVendorZero(AVP.originHost, "polite.apps.example.net"),
          ),
      ),
    );
    assertEquals((await peer.nextAnswer(COMMAND.capabilitiesExchange)).resultCode, 2001);
    await until(() => scene.gateway.logged("app_up").length === 2, "it is told");
    assertEquals(scene.gateway.logged("app_up")[1]!["app"], "first.example.net");
  } finally {
    await peer.close();
  }
  await scene.unharmed();
});

interopTest(
  "with mutual TLS nobody gets in as a victim whose name stands in another's certificate",
  [program("openssl", "openssl")],
  async () => {
    const directory = await Deno.makeTempDir({ prefix: "diam-gw-forged-" });
    try {
      const authority = await Authority.create(directory);
      const { cert, key, ca } = await authority.sign("localhost");
      const victim = "victim.example.net";
      const forged = [
        await authority.sign("comma.example.net", [["DNS", `comma.example.net, DNS:${victim}`]]),
        await authority.sign("uri.example.net", [["DNS", "uri.example.net"], ["URI", `http://x/, DNS:${victim}`]]),
        await authority.sign(victim, [["DNS", "*.example.net"], ["URI", victim]]),
      ];
      const tls = { listen: "127.0.0.1:0", cert, key, client_ca: ca };
      await using scene = await Scene.start({ server: { tls } });
      await until(() => scene.gateway.addresses.length === 2, "both listeners are there");
      const connect = async (shown: { readonly cert: string; readonly key: string }) => {
        const conn = await Deno.connectTls({
          hostname: "localhost",
          port: scene.gateway.addresses[1]!.port,
          caCerts: [await Deno.readTextFile(ca)],
          cert: await Deno.readTextFile(shown.cert),
          key: await Deno.readTextFile(shown.key),
        });
        return new RawPeer(conn, { host: victim, realm: REALM });
      };
      for (const certificate of forged) {
        const peer = await connect(certificate);
        assertEquals((await peer.exchangeCapabilities()).resultCode, 3010);
        await peer.nextEnd();
        await peer.close();
      }
      const itself = await connect(await authority.sign("real.example.net", [["DNS", victim]]));
      assertEquals((await itself.exchangeCapabilities()).resultCode, 2001);
      await itself.close();
      await scene.unharmed();
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
);
