import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DraSimulator } from "../../../src/diameter/sim/dra.ts";
import { COMMAND } from "../../../src/diameter/wire/command_codes.ts";
import { RESULT } from "../../../src/diameter/wire/result_codes.ts";
import { Authority } from "../../interop/certificates.ts";
import { temporaryDirectory } from "../../interop/child.ts";
import { rig } from "../../ops/admin/rig.ts";
import { freePort } from "../../support/free_port.ts";
import { answer, cea, peerAnswer, peerRequest, RawMessage, request } from "../../support/raw_message.ts";
import { RawListener, type RawPeer } from "../../support/raw_peer.ts";
import { until } from "../../support/until.ts";
import { type Outcome, runMain } from "../run_main.ts";

const DRA = { host: "dra.example.net", realm: "example.net", stateId: 1_700_000_000 } as const;

const ping = (target: string, ...flags: string[]) => runMain(["ping", target, "--interval", "1ms", ...flags]);

/** Pings a scripted peer, which `play` plays from the CER on. */
async function scripted(play: (peer: RawPeer) => Promise<void>, ...flags: string[]): Promise<Outcome> {
  const listener = new RawListener(DRA);
  try {
    const running = ping(`127.0.0.1:${listener.port}`, ...flags);
    await play(await listener.accept());
    return await running;
  } finally {
    await listener.close();
  }
}

/** Pings somebody who answers the first bytes with `reply`, and then closes or falls silent. */
async function stranger(reply: string | Uint8Array, stays: boolean, ...flags: string[]): Promise<Outcome> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const running = ping(`127.0.0.1:${listener.addr.port}`, ...flags);
  try {
    using conn = await listener.accept();
    await conn.read(new Uint8Array(1000));
    await conn.write(typeof reply === "string" ? new TextEncoder().encode(reply) : reply);
    if (stays) await conn.read(new Uint8Array(1000)).catch(() => {});
  } finally {
    listener.close();
  }
  return await running;
}

Deno.test("ping shows who a DRA is and how fast it answers, and takes its leave", async () => {
  const dra = new DraSimulator();
  const { hostname, port } = dra.start();
  try {
    const { code, stdout, stderr } = await ping(`${hostname}:${port}`);
    assertEquals([code, stderr], [0, ""]);
    const expected = [
      /^127\.0\.0\.1:\d+ is dra-1\.core\.example\.net$/,
      /^ {2}realm {12}core\.example\.net$/,
      /^ {2}product {10}diam-gw simulated DRA$/,
      /^ {2}vendor {11}3GPP \(10415\)$/,
      /^ {2}applications {5}Relay \(0xffffffff\)$/,
      /^ {19}3GPP S13\/S13' \(16777252\), vendor 3GPP \(10415\)$/,
      /^ {2}Origin-State-Id {2}\d+, as a time 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC$/,
      /^ {2}result {11}DIAMETER_SUCCESS \(2001\)$/,
      /^ {2}took {13}[\d.]+ ms to connect, [\d.]+ ms from CER to CEA$/,
      /^DWA 1: [\d.]+ ms$/,
      /^DWA 2: [\d.]+ ms$/,
      /^DWA 3: [\d.]+ ms$/,
      /^3 DWRs, 3 answered; round trip [\d.]+ ms at least, [\d.]+ ms on average, [\d.]+ ms at most$/,
    ];
    const lines = stdout.trimEnd().split("\n");
    assertEquals(lines.length, expected.length, stdout);
    expected.forEach((line, i) => assertMatch(lines[i]!, line));
    await until(() => dra.openConnections === 0, "the connection is closed");
  } finally {
    dra.kill();
  }
});

Deno.test("ping --json gives a script everything, under the identity that it was told", async () => {
  let cer: RawMessage | undefined;
  let dpr: RawMessage | undefined;
  const { code, stdout } = await scripted(
    async (peer) => {
      cer = await peer.acceptCapabilities();
      await peer.answerPeerRequest(COMMAND.deviceWatchdog);
      await peer.answerPeerRequest(COMMAND.deviceWatchdog);
      dpr = await peer.answerPeerRequest(COMMAND.disconnectPeer);
    },
    ...["--json", "--count", "2", "--origin-host", "gw1.example.net", "--origin-realm", "example.org"],
    ...["--application", "16777252:10415,3"],
  );
  const json = JSON.parse(stdout);
  assertEquals(code, 0);
  assertEquals([json.origin_host, json.origin_realm, json.origin_state_id], [DRA.host, DRA.realm, DRA.stateId]);
  assertEquals(json.applications, [{ id: 0xffffffff, vendor: 0, type: "auth", name: "Relay" }]);
  assertEquals([json.sent, json.answered, json.error, json.tls, json.result_code], [2, 2, null, false, 2001]);
  assertEquals(json.watchdogs.map((dwa: { result_code: number }) => dwa.result_code), [2001, 2001]);
  assert(json.round_trip_ms.min <= json.round_trip_ms.mean && json.round_trip_ms.mean <= json.round_trip_ms.max);
  assertEquals([cer!.text(264), cer!.text(296), cer!.number(259)], ["gw1.example.net", "example.org", undefined]);
  assertEquals(dpr!.number(273), 2);
});

const REFUSALS: [resultCode: number, says: string][] = [
  [RESULT.unknownPeer, "3010 DIAMETER_UNKNOWN_PEER (who?); it has to know diam-gw-ping.localdomain, or --origin-host"],
  [RESULT.noCommonApplication, "5010 DIAMETER_NO_COMMON_APPLICATION (who?); --application ID[:VENDOR] names"],
  [RESULT.noCommonSecurity, "5017 DIAMETER_NO_COMMON_SECURITY (who?); it wants TLS: give --tls"],
  [RESULT.tooBusy, "3004 DIAMETER_TOO_BUSY (who?)\n"],
];

for (const [resultCode, says] of REFUSALS) {
  Deno.test(`ping tells what a CEA with ${resultCode} asks for`, async () => {
    const { code, stdout, stderr } = await scripted(async (peer) => {
      const cer = await peer.nextRequest(COMMAND.capabilitiesExchange);
      await peer.send(cea(DRA, cer, resultCode, (builder) => builder.text(281, "who?")));
    });
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /^cannot exchange capabilities with 127\.0\.0\.1:\d+: the CEA refuses with /);
    assertStringIncludes(stderr, says);
  });
}

Deno.test("ping guesses who answers when it is no Diameter peer", async () => {
  const http = await stranger("HTTP/1.1 400 Bad Request\r\n\r\n", false);
  assertStringIncludes(http.stderr, "no Diameter message: they look like HTTP; is it the port of a Diameter peer?\n");
  const alert = await stranger(new Uint8Array([21, 3, 3, 0, 2, 2, 50]), true);
  assertStringIncludes(alert.stderr, "they look like TLS, and this connection is plain TCP; give --tls\n");
  const closed = await stranger("", false, "--json");
  assertStringIncludes(
    closed.stderr,
    "the peer closed the connection; it may not know diam-gw-ping.localdomain (--origin-host) or this address, or " +
      "want TLS (--tls): its log tells which\n",
  );
  assertEquals(JSON.parse(closed.stdout).error + "\n", closed.stderr);
  const silent = await stranger("", true, "--timeout", "600ms");
  assertStringIncludes(silent.stderr, "no CEA in time; is it a Diameter peer without TLS? (--timeout 600ms)\n");
  const plain = await stranger("HTTP/1.1 400 Bad Request\r\n\r\n", true, "--tls");
  assertStringIncludes(plain.stderr, "it does not speak TLS: leave out --tls\n");
  const reset = await stranger("", false, "--tls");
  assertStringIncludes(reset.stderr, "does it speak TLS on this port? a plain Diameter peer is asked without --tls\n");
  for (const { code } of [http, alert, closed, silent, plain, reset]) assertEquals(code, 1);
});

Deno.test("ping tells of a port where nobody listens, and of a name that nobody knows", async () => {
  const port = freePort();
  const [refused, unknown] = await Promise.all([ping(`127.0.0.1:${port}`), ping("dra.invalid")]);
  assertEquals([refused.code, unknown.code], [1, 1]);
  assertEquals(
    refused.stderr,
    `cannot connect to 127.0.0.1:${port}: connection refused; does a Diameter peer listen there?\n`,
  );
  assertMatch(unknown.stderr, /^cannot connect to dra\.invalid:3868: .*; is the name right\?\n$/);
});

Deno.test("ping over TLS: with the right authority and name it works, else it says which flag is missing", async () => {
  await using directory = await temporaryDirectory();
  const authority = await Authority.create(directory.path);
  const { cert, key, ca } = await authority.sign("dra.example.net");
  using listener = Deno.listenTls({
    ...{ hostname: "127.0.0.1", port: 0 },
    cert: await Deno.readTextFile(cert),
    key: await Deno.readTextFile(key),
  });
  const target = `127.0.0.1:${listener.addr.port}`;
  /** Accepts one connection, and plays the peer as far as it comes. */
  const serve = async () => {
    using conn = await listener.accept();
    const bytes = new Uint8Array(4096);
    try {
      for (;;) {
        const count = await conn.read(bytes);
        if (count === null) return;
        const asked = new RawMessage(bytes.slice(0, count));
        await conn.write(asked.command === COMMAND.capabilitiesExchange ? cea(DRA, asked) : peerAnswer(DRA, asked));
      }
    } catch {
      // The other end does not trust us.
    }
  };
  const asked = async (...flags: string[]) => (await Promise.all([ping(target, ...flags), serve()]))[0];
  const good = await asked("--ca", ca, "--server-name", "dra.example.net");
  assertEquals([good.code, good.stderr], [0, ""]);
  assertMatch(good.stdout, /^127\.0\.0\.1:\d+ over TLS is dra\.example\.net\n/);
  const unknown = await asked("--tls");
  assertStringIncludes(unknown.stderr, "--ca FILE names the authority to trust\n");
  const misnamed = await asked("--ca", ca);
  assertStringIncludes(
    misnamed.stderr,
    `--server-name NAME says which name it has, when it is not that of ${target}\n`,
  );
  const plain = await asked();
  assertStringIncludes(plain.stderr, "give --tls\n");
});

Deno.test("ping counts a DWR that nobody answers, says what came instead, and goes on", async () => {
  const { code, stdout, stderr } = await scripted(
    async (peer) => {
      await peer.acceptCapabilities();
      const first = await peer.nextRequest(COMMAND.deviceWatchdog);
      await peer.send(answer(first, { hopByHop: 7 }));
      await peer.answerPeerRequest(COMMAND.deviceWatchdog);
      const third = await peer.nextRequest(COMMAND.deviceWatchdog);
      await peer.send(answer(third, { resultCode: RESULT.tooBusy }));
      await peer.answerPeerRequest(COMMAND.disconnectPeer);
    },
    "--timeout",
    "300ms",
  );
  assertEquals(code, 1);
  assertEquals(
    stderr,
    "DWR 1: no DWA in time; its DWA carries another Hop-by-Hop Identifier than was asked with (--timeout)\n",
  );
  assertMatch(stdout, /\nDWA 2: [\d.]+ ms\nDWA 3: [\d.]+ ms, DIAMETER_TOO_BUSY \(3004\)\n3 DWRs, 2 answered; /);
});

Deno.test("ping answers its peer's watchdogs and requests, and tells why the peer took its leave", async () => {
  const { code, stderr } = await scripted(async (peer) => {
    await peer.acceptCapabilities();
    await peer.nextRequest(COMMAND.deviceWatchdog);
    await peer.send(peerRequest(DRA), request(), peerRequest(DRA, 1));
    assertEquals((await peer.nextAnswer(COMMAND.deviceWatchdog)).resultCode, RESULT.success);
    assertEquals((await peer.nextAnswer(COMMAND.meIdentityCheck)).resultCode, RESULT.unableToDeliver);
    assertEquals((await peer.nextAnswer(COMMAND.disconnectPeer)).resultCode, RESULT.success);
    await peer.close();
  });
  assertEquals(code, 1);
  assertMatch(stderr, /^lost 127\.0\.0\.1:\d+: the peer took leave with a DPR, Disconnect-Cause BUSY\n$/);
});

Deno.test("ping prints no control character that a peer sent", async () => {
  const evil = "a\x1b[2J\x9b2J\x07\r\nforged \u202e";
  const { stderr } = await scripted(async (peer) => {
    const cer = await peer.nextRequest(COMMAND.capabilitiesExchange);
    await peer.send(cea(DRA, cer, RESULT.unknownPeer, (builder) => builder.text(281, evil)));
  });
  // deno-lint-ignore no-control-regex
  assertEquals(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.exec(stderr), null);
  assertEquals(/^forged/m.test(stderr), false);
});

Deno.test("ping of an admin interface tells its version, its state and its round trips", async () => {
  await using admin = await rig({ token: "s3cret" });
  const url = admin.server.url;
  const asked = (...flags: string[]) =>
    runMain(["ping", url, "--interval", "1ms", "--count", "2", ...flags], { DIAM_GW_ADMIN_TOKEN: "s3cret" });
  const good = await asked();
  assertEquals([good.code, good.stderr], [0, ""]);
  assertMatch(good.stdout, /^http:\S+ is diam-gw 1\.2\.3 gw\.example\.net\nreadyz 1: [\d.]+ ms, ready\nreadyz 2: /);
  admin.plane.current = { state: "degraded", ready: false, reason: "no DRA is usable" };
  const bad = await asked("--json");
  const { ready, state, reason, answered } = JSON.parse(bad.stdout);
  assertEquals([bad.code, ready, state, reason, answered], [1, false, "degraded", "no DRA is usable", 2]);
  const without = await runMain(["ping", url]);
  assertEquals(without.code, 1);
  assertStringIncludes(without.stderr, "wants a token: set DIAM_GW_ADMIN_TOKEN, or give --token-file FILE\n");
});

const WRONG: [args: string[], stderr: string][] = [
  [[], "expected ping HOST[:PORT] | http://HOST:PORT [flags]\nTry diam-gw ping --help\n"],
  [["10.0.1.300"], 'expected a host name or an IPv4 address, got "10.0.1.300"\nTry diam-gw ping --help\n'],
  [["h", "--key", "k"], "--key: needs --cert FILE, the certificate that it belongs to\nTry diam-gw ping --help\n"],
  [["h", "--ca", "no/such"], "cannot read no/such: no such file\n"],
  [["h", "--origin-host", "ü"], '--origin-host: expected a host or realm name in ASCII, got "ü": it '],
  [["http://x/y"], "expected the address of an admin interface, such as http://127.0.0.1:9868, got http://x/y\nTry"],
];

for (const [args, stderr] of WRONG) {
  Deno.test(`bad usage of ping is explained on stderr and ends with 2: ${args.join(" ")}`, async () => {
    const outcome = await runMain(["ping", ...args]);
    assertEquals([outcome.code, outcome.stdout], [2, ""]);
    assert(outcome.stderr.startsWith(stderr), outcome.stderr);
  });
}
