/** Messages that were malformed or refused, as whoever looks for the reason finds them. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { cer, request } from "../support/raw_message.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { until } from "../support/until.ts";
import { RunningHost } from "./running_host.ts";

const IMSI = "001010123456789";

interface Shown {
  readonly peer: string;
  readonly result_code: number;
  readonly reason: string;
  readonly message: string;
  readonly header: { readonly command: number; readonly length: number };
  readonly hex: string;
}

async function refused(host: RunningHost): Promise<Shown[]> {
  const reply = await host.ask("/api/v1/errors");
  assertEquals(reply.status, 200, reply.text);
  return reply.json() as unknown as Shown[];
}

for (const mask of ["subscriber", "none"] as const) {
  Deno.test(`with admin.mask ${mask}, a refused message ${mask === "none" ? "shows" : "hides"} its subscriber`, async () => {
    await using host = await RunningHost.start({ admin: { mask } });
    const peer = await RawPeer.connect(host.address.port, { host: "app.example.net", realm: "example.net" });
    await peer.exchangeCapabilities();
    // The second one is longer than what is kept of it.
    for (const filler of ["", "x".repeat(400)]) {
      const sent = request({
        session: "s;1",
        destinationRealm: null,
        more: (builder) => void builder.text(AVP.userName, IMSI).text(AVP.productName, filler),
      });
      await peer.send(sent);
      await peer.nextAnswer();
      const [{ hex, header, reason }] = await refused(host) as [Shown];
      assertEquals([reason, header.length, hex.length / 2], [
        "no_destination",
        sent.length,
        Math.min(256, sent.length),
      ]);
      assertEquals(hex.includes(new TextEncoder().encode(IMSI).toHex()), mask === "none");
      assertStringIncludes(hex, new TextEncoder().encode("s;1").toHex());
      // Looking changes nothing.
      assertEquals((await refused(host))[0]?.hex, hex);
    }
    await peer.close();
  });
}

Deno.test("a CER that was refused is found there, with what was wrong with it", async () => {
  await using host = await RunningHost.start({ server: { allow: [{ origin_host: "*.apps.example.net" }] } });
  const strangers: [name: string, resultCode: number, why: string][] = [
    ["app.elsewhere.net", 3010, "server.allow"],
    ["gw.example.net", 3010, "gw.example.net"],
  ];
  for (const [name, resultCode, why] of strangers) {
    const peer = await RawPeer.connect(host.address.port, { host: name, realm: "example.net" });
    await peer.exchangeCapabilities();
    await peer.nextEnd();
    await until(async () => (await refused(host)).some(({ message }) => message.includes(why)), `${name} is told`);
    const [newest] = await refused(host);
    assertEquals([newest?.result_code, newest?.reason], [resultCode, "capabilities"]);
    assertEquals(newest?.header.command, COMMAND.capabilitiesExchange);
    assert(newest?.peer.startsWith("127.0.0.1:"), newest?.peer);
    await peer.close();
  }
  assertEquals((await refused(host)).length, strangers.length);
});

Deno.test("so is one that comes later, in another name than the first", async () => {
  await using host = await RunningHost.start({});
  const peer = await RawPeer.connect(host.address.port, { host: "app.example.net", realm: "example.net" });
  await peer.exchangeCapabilities();
  await peer.send(cer({ host: "other.example.net", realm: "example.net" }));
  await peer.nextEnd();
  const [{ peer: name, result_code: code, message }] = await refused(host) as [Shown];
  assertEquals([name, code], ["app.example.net", 0]);
  assertStringIncludes(message, "another identity");
  await peer.close();
});
