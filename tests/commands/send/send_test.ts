import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Gateway } from "../../../src/diameter/relay/gateway.ts";
import { DEFAULT_OPTIONS } from "../../../src/diameter/relay/core/options.ts";
import { DraSimulator, type DraSimulatorOptions } from "../../../src/diameter/sim/dra.ts";
import { EquipmentTable } from "../../../src/diameter/sim/equipment.ts";
import { encodeMessage } from "../../../src/diameter/wire/codec.ts";
import { COMMAND } from "../../../src/diameter/wire/command_codes.ts";
import { formatHex } from "../../../src/diameter/wire/data_format.ts";
import { pcapHeader, pcapRecord } from "../../../src/ops/capture/pcap_writer.ts";
import { segment } from "../../ops/capture/frames.ts";
import { freePort } from "../../support/free_port.ts";
import { answer, cea, peerAnswer, peerRequest, RawMessage, request } from "../../support/raw_message.ts";
import { RawListener } from "../../support/raw_peer.ts";
import { until } from "../../support/until.ts";
import { type Outcome, runMain } from "../run_main.ts";

const MAIN = new URL("../../../src/main.ts", import.meta.url).pathname;

const EQUIPMENT = new EquipmentTable([
  ["35209900176148", "blacklisted"],
  ["490154203237518", "greylisted"],
  ["111111111111119", "unknown"],
]);

/** A simulated DRA, and what it was asked, for as long as `body` runs. */
async function withDra(
  options: DraSimulatorOptions,
  body: (peer: string, asked: RawMessage[], dra: DraSimulator) => Promise<void>,
): Promise<void> {
  const dra = new DraSimulator(options);
  const { hostname, port } = dra.start();
  const asked: RawMessage[] = [];
  dra.onRequest((message) => asked.push(new RawMessage(message)));
  try {
    await body(`${hostname}:${port}`, asked, dra);
  } finally {
    dra.kill();
  }
}

/** A scripted peer for as long as `body` runs. */
async function withListener(body: (listener: RawListener, peer: string) => Promise<void>): Promise<void> {
  const listener = new RawListener({ host: "dra.example.net", realm: "example.net" });
  try {
    await body(listener, `127.0.0.1:${listener.port}`);
  } finally {
    await listener.close();
  }
}

/** Runs the program with `stdin`. */
async function runWithInput(args: readonly string[], stdin: string | Uint8Array): Promise<Outcome> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", MAIN, ...args],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin);
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

const s13 = (peer: string, imei: string, ...more: string[]) =>
  runMain(["send", "s13", "--peer", peer, "--imei", imei, ...more]);

Deno.test("send s13 shows the decoded answer, and says the status", async () => {
  await withDra({ equipment: EQUIPMENT }, async (peer, asked, dra) => {
    const { code, stdout, stderr } = await s13(peer, "35209900176148");
    const [head, ...lines] = stdout.split("\n");
    assertStringIncludes(head!, "3GPP-ME-Identity-Check-Answer (ECA)  flags P  application 3GPP S13");
    assert(lines.includes("  Result-Code(268) M  DIAMETER_SUCCESS (2001)"), stdout);
    assert(lines.includes("  Equipment-Status(1445) [3GPP] VM  BLACKLISTED (1)"), stdout);
    assertMatch(stderr, /^IMEI 35209900176148 is blacklisted \(\d+\.\d ms\)\n$/);
    assertEquals(code, 0);
    const [ecr] = asked;
    assertStringIncludes(head!, `hop-by-hop 0x${ecr!.hopByHop.toString(16).padStart(8, "0")}`);
    // The realm is the one that the peer names, and it takes leave.
    assertEquals([ecr!.text(283), ecr!.find(293)], ["core.example.net", undefined]);
    await until(() => dra.openConnections === 0, "the connection is closed");
  });
});

Deno.test("send s13 warns of a check digit that is wrong, and asks all the same", async () => {
  await withDra({ equipment: EQUIPMENT }, async (peer, asked) => {
    const { code, stderr } = await s13(peer, "352099001761482");
    assertEquals([code, asked.length], [0, 1]);
    assertStringIncludes(stderr, "warning: the check digit of IMEI 352099001761482 would be 1: is a digit mistyped?\n");
    assertEquals((await s13(peer, "352099001761481")).stderr.includes("warning"), false);
  });
});

Deno.test("send prints no control character that a peer sent", async () => {
  const evil = "a\x1b[2J\x9b2J\x07\r\nforged \u202e";
  await withListener(async (listener, peer) => {
    for (
      const args of [["s13", "--imei", "35209900176148"], ["s13", "--imei", "35209900176148", "--json"], ["hex", HEX]]
    ) {
      const running = runMain(["send", ...args, "--peer", peer]);
      const connection = await listener.open();
      const asked = await connection.nextRequest();
      await connection.send(answer(asked, { resultCode: 5012, more: (builder) => builder.text(281, evil) }));
      await connection.answerPeerRequest(COMMAND.disconnectPeer);
      const { stdout, stderr } = await running;
      // deno-lint-ignore no-control-regex
      assertEquals(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.exec(stdout + stderr), null, args.join(" "));
      assertEquals(/^forged/m.test(stdout + stderr), false);
    }
  });
});

Deno.test("send s13 --json shows one object, with what every flag says in the request", async () => {
  await withDra({ equipment: EQUIPMENT }, async (peer, asked) => {
    const flags = "--software-version 42 --user-name 001010000000001 --destination-realm epc.example.org " +
      "--destination-host eir.epc.example.org --origin-host mme.example.org --origin-realm example.org --json";
    const { code, stdout } = await s13(peer, "490154203237518", ...flags.split(" "));
    const eca = JSON.parse(stdout);
    const status = eca.avps.find((avp: { code: number }) => avp.code === 1445);
    assertEquals([code, eca.abbreviation, status.value_name], [0, "ECA", "GREYLISTED"]);
    const [ecr] = asked;
    assertEquals([ecr!.text(264), ecr!.text(296)], ["mme.example.org", "example.org"]);
    assertEquals([ecr!.text(283), ecr!.text(293), ecr!.text(1)], [
      "epc.example.org",
      "eir.epc.example.org",
      "001010000000001",
    ]);
    assertStringIncludes(new TextDecoder().decode(ecr!.find(1401, 10415)!.data), "42");
  });
});

Deno.test("send s13 of a device that is unknown, or any other error, ends with 1 and says so", async () => {
  await withDra({ equipment: EQUIPMENT }, async (peer, _, dra) => {
    const unknown = await s13(peer, "111111111111119");
    assertEquals(unknown.code, 1);
    assertStringIncludes(unknown.stdout, "DIAMETER_ERROR_EQUIPMENT_UNKNOWN (5422)");
    assertEquals(
      unknown.stderr,
      "The equipment with IMEI 111111111111119 is unknown: DIAMETER_ERROR_EQUIPMENT_UNKNOWN (5422)\n",
    );
    dra.setFaults({ busyEvery: 1 });
    const busy = await s13(peer, "35209900176148");
    assertEquals(busy.code, 1);
    assertStringIncludes(busy.stdout, "flags PE");
    assertStringIncludes(busy.stderr, "The equipment check was answered with DIAMETER_TOO_BUSY (3004)");
  });
});

Deno.test("send s13 takes an IMEISV apart", async () => {
  await withDra({}, async (peer, asked) => {
    assertEquals((await s13(peer, "3520990017614807")).code, 0);
    const terminal = new TextDecoder().decode(asked[0]!.find(1401, 10415)!.data);
    assertMatch(terminal, /35209900176148[^0-9].*07/s);
  });
});

Deno.test("send s13 goes through a gateway, and shows the gateway's own answer when no DRA is there", async () => {
  await withDra({ equipment: EQUIPMENT }, async (peer, asked, dra) => {
    const gateway = new Gateway({
      ...DEFAULT_OPTIONS,
      drainTimeout: 0,
      server: { ...DEFAULT_OPTIONS.server, listen: [{ hostname: "127.0.0.1", port: 0 }] },
      draPool: {
        ...DEFAULT_OPTIONS.draPool,
        dras: [{
          name: "dra",
          host: "127.0.0.1",
          port: Number(peer.split(":")[1]),
          priority: 1,
          weight: 1,
          originHost: "",
          bind: "",
        }],
      },
    });
    await gateway.start();
    try {
      await until(() => gateway.statistics.active_dras === 1, "the DRA is usable");
      const address = `127.0.0.1:${gateway.addresses[0]!.port}`;
      const through = await s13(address, "35209900176148", "--destination-realm", "core.example.net");
      assertEquals(through.code, 0);
      assertStringIncludes(through.stderr, "is blacklisted");
      assertEquals(asked[0]!.texts(282), ["diam-gw-send.localdomain"]);
      dra.kill();
      await until(() => gateway.statistics.active_dras === 0, "the DRA is gone");
      const alone = await s13(address, "35209900176148");
      assertEquals(alone.code, 1);
      assertStringIncludes(alone.stderr, "DIAMETER_UNABLE_TO_DELIVER (3002)");
    } finally {
      await gateway.stop();
    }
  });
});

Deno.test("send says why there is no answer, and what may be done about it", async () => {
  await withListener(async (listener, peer) => {
    const refusing = s13(peer, "35209900176148");
    const first = await listener.accept();
    const cer = await first.nextRequest(COMMAND.capabilitiesExchange);
    await first.send(cea(listener.identity, cer, 3010, (builder) => builder.text(281, "who are you?")));
    assertEquals(await refusing, {
      code: 1,
      stdout: "",
      stderr:
        `Cannot exchange capabilities with ${peer}: the CEA refuses with 3010 DIAMETER_UNKNOWN_PEER (who are you?); ` +
        "it has to know diam-gw-send.localdomain, or --origin-host has to name whom it knows\n",
    });

    const silent = s13(peer, "35209900176148", "--timeout", "500ms");
    const second = await listener.accept();
    await second.nextRequest(COMMAND.capabilitiesExchange);
    assertEquals(
      (await silent).stderr,
      `Cannot exchange capabilities with ${peer}: no CEA in time (--timeout 500ms); is it a Diameter peer?\n`,
    );

    const unanswered = s13(peer, "35209900176148", "--timeout", "500ms");
    const third = await listener.open();
    await third.nextRequest();
    await third.answerPeerRequest(COMMAND.disconnectPeer);
    const late = await unanswered;
    assertEquals([late.code, late.stderr], [1, `No answer from ${peer} in time (--timeout 500ms)\n`]);

    const lost = s13(peer, "35209900176148");
    const fourth = await listener.open();
    await fourth.nextRequest();
    await fourth.close();
    assertStringIncludes((await lost).stderr, `The connection to ${peer} is closed: the peer closed it`);
  });
});

Deno.test("send to where nobody listens, or to a DRA without S13, ends with 1", async () => {
  const nobody = await s13(`127.0.0.1:${freePort()}`, "35209900176148");
  assertEquals([nobody.code, nobody.stdout], [1, ""]);
  assertStringIncludes(nobody.stderr, "refused");
  assertStringIncludes(nobody.stderr, "does a Diameter peer listen there?");
  await withDra({ applications: [{ id: 4 }] }, async (peer) => {
    const foreign = await s13(peer, "35209900176148");
    assertEquals(foreign.code, 1);
    assertStringIncludes(foreign.stderr, "5010 DIAMETER_NO_COMMON_APPLICATION");
  });
});

const HEX = formatHex(request({ hopByHop: 0x11223344, endToEnd: 7 }));

Deno.test("send hex sends messages one behind the other, under fresh ids unless --keep-ids", async () => {
  await withDra({}, async (peer, asked) => {
    const fresh = await runMain(["send", "hex", HEX, "--peer", peer]);
    assertEquals([fresh.code, fresh.stderr], [0, ""]);
    assertStringIncludes(fresh.stdout, "Result-Code(268) M  DIAMETER_SUCCESS (2001)");
    assertEquals([asked[0]!.hopByHop === 0x11223344, asked[0]!.endToEnd], [false, 7]);
    const kept = await runMain([
      "send",
      "hex",
      HEX.slice(0, 10),
      HEX.slice(10) + HEX,
      "--peer",
      peer,
      "--keep-ids",
      "--json",
    ]);
    const answers = JSON.parse(kept.stdout);
    assertEquals(answers.map((one: { hop_by_hop: number }) => one.hop_by_hop), [0x11223344, 0x11223344]);
    assertEquals(asked.slice(1).map((one) => one.hopByHop), [0x11223344, 0x11223344]);
  });
});

Deno.test("send hex - reads standard input, and an error answer ends it with 1", async () => {
  await withDra({ faults: { busyEvery: 2 } }, async (peer, asked) => {
    const { code, stdout, stderr } = await runWithInput(["send", "hex", "-", "--peer", peer], `${HEX}\n${HEX}`);
    assertEquals([code, stderr, asked.length], [1, "answered with DIAMETER_TOO_BUSY (3004)\n", 2]);
    assertStringIncludes(stdout, "flags PE");
    const raw = await runWithInput(["send", "hex", "-", "--peer", peer], request());
    assertEquals([raw.code, asked.length], [0, 3]);
  });
});

Deno.test("send hex advertises the applications of its messages, or those it is told", async () => {
  await withListener(async (listener, peer) => {
    for (const [more, expected] of [[[], [258, 260]], [["--application", "16777251:10415"], [260]]] as const) {
      const ccr = formatHex(encodeMessage({ command: "CCR", avps: {} }));
      const run = runMain(["send", "hex", HEX + ccr, "--peer", peer, ...more]);
      const dra = await listener.accept();
      const cer = await dra.acceptCapabilities();
      assertEquals(cer.codes.filter((code) => code === 258 || code === 260).toSorted(), [...expected]);
      for (let i = 0; i < 2; i++) await dra.send(answer(await dra.next("a request")));
      await dra.answerPeerRequest(COMMAND.disconnectPeer);
      assertEquals((await run).code, 0);
    }
  });
});

Deno.test("send hex --no-cer sends anything as it is, and shows whatever comes back", async () => {
  await withListener(async (listener, peer) => {
    const identity = { host: "a.example.net", realm: "example.net" };
    const run = runMain(["send", "hex", formatHex(peerRequest(identity)), "--peer", peer, "--no-cer"]);
    const dra = await listener.accept();
    const dwr = await dra.nextRequest(COMMAND.deviceWatchdog);
    await dra.send(request(), peerAnswer(listener.identity, dwr));
    const { code, stdout, stderr } = await run;
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "3GPP-ME-Identity-Check-Request");
    assertStringIncludes(stdout, "Device-Watchdog-Answer");
    await dra.nextEnd();

    const silent = runMain(["send", "hex", "00", "--peer", peer, "--no-cer", "--timeout", "600ms", "--json"]);
    await listener.accept();
    assertEquals(await silent, {
      code: 1,
      stdout: "[]\n",
      stderr: "the peer closed the connection, or fell silent, before every answer was there\n",
    });
  });
});

/** A file of that content for as long as `body` runs. */
async function withFile(content: Uint8Array | string, body: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    await body(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("send file sends the requests of a capture, and nothing else of it", async () => {
  const ecr = request({ session: "captured" });
  const packets = [
    segment(1, peerRequest({ host: "a", realm: "b" })),
    segment(1 + peerRequest({ host: "a", realm: "b" }).length, ecr),
    segment(1, answer(new RawMessage(ecr)), { back: true }),
  ];
  const capture = [pcapHeader(), ...packets.map((packet, i) => pcapRecord(BigInt(i), packet))];
  await withDra({}, async (peer, asked) => {
    await withFile(await new Blob(capture).bytes(), async (path) => {
      const { code, stdout, stderr } = await runMain(["send", "file", path, "--peer", peer]);
      assertEquals([code, stderr], [0, `${path}: 2 answers, CER, DWR and DPR are not sent\n`]);
      assertStringIncludes(stdout, '"captured"');
      assertEquals(asked.length, 1);
    });
    for (const content of [HEX, request()]) {
      await withFile(content, async (path) => {
        assertEquals((await runMain(["send", "file", path, "--peer", peer])).code, 0);
      });
    }
    assertEquals(asked.length, 3);
  });
});

const AT = ["--peer", "127.0.0.1:1"];
const WRONG: [args: string[], ...problems: string[]][] = [
  [["s13"], "--peer: missing; give --peer HOST:PORT", "--imei: missing; give --imei IMEI"],
  [
    ["s13", "--peer", "nowhere:", "--imei", "123", "--software-version", "1", "--origin-host", "a b"],
    '--origin-host: expected a host or realm name in ASCII, got "a b": it has the octet 0x20 at 1',
    '--peer: expected HOST:PORT, got "nowhere:"',
    "--imei: expected 14 digits",
    "--software-version: expected 2 digits",
  ],
  [["hex", "xyz", ...AT], "expected hexadecimal digits in pairs"],
  [["hex", "010000", ...AT], "3 bytes at byte 0 are fewer than the 20 of a message's header"],
  [["hex", formatHex(peerRequest({ host: "a", realm: "b" })), ...AT], "command 280 is the connection's own business"],
  [["hex", HEX.replace("c0000144", "40000144"), ...AT], "the message is an answer"],
  [["hex", `02${HEX.slice(2)}`, ...AT], "the message has version 2"],
];

for (const [args, ...problems] of WRONG) {
  Deno.test(`bad usage of send is explained: ${args.join(" ").slice(0, 60)}`, async () => {
    const { code, stdout, stderr } = await runMain(["send", ...args]);
    assertEquals([code, stdout], [2, ""]);
    for (const problem of problems) assertStringIncludes(stderr, problem);
    assertStringIncludes(stderr, `Try diam-gw send ${args[0]} --help\n`);
  });
}
