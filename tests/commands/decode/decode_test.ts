import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { encodeMessage } from "../../../src/diameter/wire/codec.ts";
import { formatHex } from "../../../src/diameter/wire/data_format.ts";
import { MessageBuilder } from "../../../src/diameter/wire/message_builder.ts";
import { pcapHeader, pcapRecord } from "../../../src/ops/capture/pcap_writer.ts";
import { pcapngHeader, pcapngPacket } from "../../../src/ops/capture/pcapng_writer.ts";
import { TCP_FLAG } from "../../../src/ops/capture/tcp_segment.ts";
import { tcpPacket } from "../../../src/ops/capture/tcp_packet.ts";
import { A, B, concat, ipv4, sctp, segment, SYN } from "../../ops/capture/frames.ts";
import { TUNNELS, UNREADABLE } from "../../ops/capture/tunnels.ts";
import { type Outcome, runMain } from "../run_main.ts";

const MAIN = new URL("../../../src/main.ts", import.meta.url).pathname;
const TIME = 1714564800_123456000n;

const ecr = encodeMessage({
  command: "ECR",
  hopByHop: 1,
  endToEnd: 2,
  avps: {
    "Session-Id": "mme;1;2",
    "Auth-Session-State": "NO_STATE_MAINTAINED",
    "Terminal-Information": { "IMEI": "35209900176148" },
    "Origin-Host": "mme1",
  },
});
const eca = encodeMessage({
  command: "ECA",
  hopByHop: 1,
  endToEnd: 2,
  avps: { "Session-Id": "mme;1;2", "Result-Code": 2001, "Equipment-Status": 0, "CC-Total-Octets": 2n ** 63n },
});
const ECR_LINE = "3GPP-ME-Identity-Check-Request (ECR)  flags RP  application 3GPP S13/S13' (16777252)  " +
  "hop-by-hop 0x00000001  end-to-end 0x00000002  100 bytes";
const ECR_AVPS = `
  Session-Id(263) M  "mme;1;2"
  Auth-Session-State(277) M  NO_STATE_MAINTAINED (1)
  Terminal-Information(1401) [3GPP] VM
    IMEI(1402) [3GPP] VM  "35209900176148"
  Origin-Host(264) M  "mme1"
`;

const pcap = (...packets: readonly Uint8Array[]) =>
  concat(pcapHeader(), ...packets.map((packet, i) => pcapRecord(TIME + BigInt(i) * 1_000_000n, packet)));

async function withFile<T>(content: Uint8Array | string, use: (path: string) => Promise<T>): Promise<T> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    return await use(path);
  } finally {
    await Deno.remove(path);
  }
}

/** Runs `decode` with a file of that content. */
function decodeFile(content: Uint8Array | string, ...flags: string[]): Promise<Outcome> {
  return withFile(content, (path) => runMain(["decode", path, ...flags]));
}

Deno.test("decode shows the messages of a capture as text", async () => {
  const { code, stdout, stderr } = await decodeFile(pcap(segment(1, ecr), segment(1, eca, { back: true })));
  assertEquals([code, stderr], [0, ""]);
  assertEquals(
    stdout,
    `1  2024-05-01T12:00:00.123456Z  10.0.0.1:40000 -> 10.0.0.2:3868  ${ECR_LINE}${ECR_AVPS}` +
      "2  2024-05-01T12:00:00.124456Z  10.0.0.2:3868 -> 10.0.0.1:40000  3GPP-ME-Identity-Check-Answer (ECA)  flags P  " +
      `application 3GPP S13/S13' (16777252)  hop-by-hop 0x00000001  end-to-end 0x00000002  80 bytes  answers frame 1 after 1.000 ms
  Session-Id(263) M  "mme;1;2"
  Result-Code(268) M  DIAMETER_SUCCESS (2001)
  Equipment-Status(1445) [3GPP] VM  WHITELISTED (0)
  CC-Total-Octets(421) M  9223372036854775808
`,
  );
});

Deno.test("decode --json gives a script one array", async () => {
  const { code, stdout } = await decodeFile(pcap(segment(1, ecr), segment(1, eca, { back: true })), "--json");
  const [first, second, ...others] = JSON.parse(stdout);
  assertEquals([code, others.length], [0, 0]);
  const { avps, ...head } = first;
  assertEquals(head, {
    frame: 1,
    time: "2024-05-01T12:00:00.123456Z",
    transport: "tcp",
    source: "10.0.0.1:40000",
    destination: "10.0.0.2:3868",
    name: "3GPP-ME-Identity-Check-Request",
    abbreviation: "ECR",
    version: 1,
    length: 100,
    flags: { request: true, proxiable: true, error: false, retransmitted: false },
    command: 324,
    application: 16777252,
    application_name: "3GPP S13/S13'",
    hop_by_hop: 1,
    end_to_end: 2,
    problems: [],
    unusual: [],
  });
  assertEquals(avps[1], {
    name: "Auth-Session-State",
    code: 277,
    vendor: 0,
    flags: { vendor: false, mandatory: true, protected: false },
    type: "Enumerated",
    offset: 36,
    value: 1,
    value_name: "NO_STATE_MAINTAINED",
  });
  assertEquals([avps[2].name, avps[2].avps[0].value], ["Terminal-Information", "35209900176148"]);
  assertEquals(second.avps[3].value, "9223372036854775808");
});

Deno.test("decode understands hexadecimal digits, as one argument or several, and from standard input", async () => {
  const digits = formatHex(ecr);
  for (
    const args of [[digits], digits.match(/.{8}/g)!, [`0x${digits.toUpperCase()}`], [digits.match(/../g)!.join(":")]]
  ) {
    const { code, stdout, stderr } = await runMain(["decode", ...args]);
    assertEquals([code, stdout, stderr], [0, ECR_LINE + ECR_AVPS, ""]);
  }
});

Deno.test("decode reads a dump, digits, a capture and plain messages from files and standard input", async () => {
  const dump = [0, 16, 32, 48, 64, 80, 96].map((at) =>
    `${at.toString(16).padStart(8, "0")}: ${
      formatHex(ecr.subarray(at, at + 16)).match(/.{4}/g)!.join(" ").padEnd(39)
    }  ...`
  ).join("\n");
  for (const content of [dump, formatHex(ecr), ecr]) {
    assertEquals((await decodeFile(content)).stdout, ECR_LINE + ECR_AVPS);
  }
  const zipped = new Blob([pcap(segment(1, ecr))]).stream().pipeThrough(new CompressionStream("gzip"));
  assertStringIncludes((await decodeFile(new Uint8Array(await new Response(zipped).arrayBuffer()))).stdout, ECR_LINE);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", MAIN, "decode", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(dump));
  await writer.close();
  const { code, stdout } = await child.output();
  assertEquals([code, new TextDecoder().decode(stdout)], [0, ECR_LINE + ECR_AVPS]);
});

Deno.test("decode puts split messages, several in one segment, retransmissions and disorder right", async () => {
  const stream = concat(ecr, ecr, ecr);
  const cut = (from: number, to: number) => segment(100 + from, stream.subarray(from, to));
  const { code, stdout, stderr } = await decodeFile(
    pcap(segment(99, "", SYN), cut(0, 10), cut(150, 290), cut(10, 150), cut(0, 100), cut(280, 300)),
    "--json",
  );
  assertEquals([code, stderr], [0, ""]);
  assertEquals(JSON.parse(stdout).map(({ frame, length }: { frame: number; length: number }) => [frame, length]), [
    [4, 100],
    [3, 100],
    [6, 100],
  ]);
});

Deno.test("decode goes on behind a gap and says what was lost", async () => {
  const { code, stdout, stderr } = await decodeFile(
    pcap(segment(99, "", SYN), segment(100, ecr.subarray(0, 50)), segment(160, concat(ecr.subarray(60), ecr))),
    "--json",
  );
  assertEquals([code, JSON.parse(stdout).length], [0, 1]);
  assertEquals(stderr.split("\n"), [
    "frame 2: 10.0.0.1:40000 -> 10.0.0.2:3868: 50 bytes belong to a message that was not captured whole",
    "frame 3: 10.0.0.1:40000 -> 10.0.0.2:3868: 40 bytes belong to a message that was not captured whole",
    "",
  ]);
});

Deno.test("decode reads Diameter over SCTP", async () => {
  const packet = (chunks: Parameters<typeof sctp>[1]) => ipv4(132, sctp(7, chunks));
  const { code, stdout, stderr } = await decodeFile(
    pcap(
      packet([[1, 3, ecr], [2, 2, ecr.subarray(0, 30)]]),
      packet([[3, 1, ecr.subarray(30)], [4, 3, ecr, 0], [5, 3, "other", 99], [6, 3, "secret", 47]]),
    ),
    "--json",
  );
  assertEquals(code, 0);
  assertEquals(JSON.parse(stdout).map((m: { frame: number; transport: string }) => [m.frame, m.transport]), [
    [1, "sctp"],
    [2, "sctp"],
    [2, "sctp"],
  ]);
  assertStringIncludes(stderr, "is encrypted (DTLS)");
});

Deno.test("decode reads SCTP messages whatever their payload protocol says, and names what it leaves out", async () => {
  const swapped = 0x2e000000;
  const file = pcap(
    ipv4(132, sctp(7, [[1, 3, ecr, swapped], [2, 3, "\x17\xfe\xfd", 47], [3, 3, ecr, 47], [4, 3, ecr, 99]])),
    ipv4(132, sctp(7, [[5, 3, "other", 99], [6, 3, "other", 99], [7, 3, "\x17\xfe\xfd", 0x2f000000], [8, 3, ecr, 46]])),
    ipv4(132, sctp(8, [[1, 3, ecr, swapped], [2, 3, "other", 99]], 5000)),
  );
  const { code, stdout, stderr } = await decodeFile(file, "--json");
  assertEquals([code, JSON.parse(stdout).map(({ frame }: { frame: number }) => frame)], [0, [1, 1, 1, 2, 3]]);
  const route = "10.0.0.1:40000 -> 10.0.0.2:3868";
  assertEquals(stderr.trimEnd().split("\n"), [
    `${route}: left out: what is encrypted (DTLS) (2, the first in frame 1)`,
    `${route}: left out: messages of payload protocol 99 (2, the first in frame 2)`,
  ]);
  const ported = await decodeFile(file, "--json", "--port", "5000");
  assertEquals(JSON.parse(ported.stdout).map(({ frame }: { frame: number }) => frame), [3]);
});

Deno.test("decode reads mirrored traffic, and names with its count what it cannot read", async () => {
  const packets = TUNNELS.map(({ wrap }, i) => wrap(segment(1 + i * ecr.length, ecr)));
  const unreadable = UNREADABLE.map(({ packet }) => packet);
  const { code, stdout, stderr } = await decodeFile(pcap(...packets, ...unreadable, ...unreadable), "--json");
  assertEquals([code, JSON.parse(stdout).length], [0, TUNNELS.length]);
  const said = UNREADABLE.map(({ name }, i) => `left out: ${name} (2, the first in frame ${TUNNELS.length + i + 1})`);
  assertEquals(stderr.trimEnd().split("\n"), said);
});

Deno.test("decode says what there is in a capture without any message, and only there", async () => {
  const udp = ipv4(17, new Uint8Array(30));
  const without = await decodeFile(pcap(udp, udp));
  assertEquals([without.code, without.stderr.split("\n")], [1, [
    "there are packets of UDP (2, the first in frame 1)",
    "there is no Diameter message in it; for a capture of another port, give --port N",
    "",
  ]]);
  const withOne = await decodeFile(pcap(udp, segment(1, ecr)));
  assertEquals([withOne.code, withOne.stderr], [0, ""]);
});

Deno.test("decode shows what has a time that no calendar has, and says so", async () => {
  const file = concat(pcapngHeader(), pcapngPacket(TIME, segment(1, ecr)), pcapngPacket(TIME, segment(101, ecr)));
  // The time of the last packet: units of a nanosecond become seconds, and there are many of them.
  const resolution = file.findIndex((octet, i) =>
    octet === 9 && file[i + 1] === 0 && file[i + 2] === 1 && file[i + 3] === 0
  );
  file[resolution + 4] = 0;
  const text = await decodeFile(file);
  assertEquals(text.code, 0);
  assertEquals(text.stdout.split("\n").filter((line) => line.includes("ECR")), [
    `1  -  10.0.0.1:40000 -> 10.0.0.2:3868  ${ECR_LINE}`,
    `2  -  10.0.0.1:40000 -> 10.0.0.2:3868  ${ECR_LINE}`,
  ]);
  assertEquals(text.stderr, "2 messages have a time that no calendar has; it is left out\n");
  const json = await decodeFile(file, "--json");
  assertEquals(JSON.parse(json.stdout).map(({ time }: { time: unknown }) => time), [null, null]);
});

/** A packet from one port to another. */
function between(sourcePort: number, destinationPort: number, data: Uint8Array): Uint8Array {
  return tcpPacket({ source: A, destination: B, sourcePort, destinationPort, sequence: 1, flags: TCP_FLAG.ack, data });
}

Deno.test("decode finds Diameter on any port, and with --port on that one alone", async () => {
  const http = new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n");
  const file = pcap(between(1, 3870, ecr), between(2, 80, http), between(3, 5000, eca), between(4, 3868, ecr));
  const frames = ({ stdout }: Outcome) => JSON.parse(stdout).map(({ frame }: { frame: number }) => frame);
  assertEquals(frames(await decodeFile(file, "--json")), [1, 3, 4]);
  assertEquals(frames(await decodeFile(file, "--json", "--port", "5000", "--port=3870")), [1, 3]);
  const wrong = await decodeFile(file, "--json", "--port", "80");
  assertEquals([wrong.code, wrong.stdout], [1, "[]\n"]);
});

Deno.test("decode points at what is malformed and exits 1", async () => {
  const bytes = new MessageBuilder({ flags: 0x40, command: 324, application: 16777252, hopByHop: 1, endToEnd: 2 })
    .octets(268, new Uint8Array([1])).octets(99, new Uint8Array([0xde, 0xad]), { vendor: 4242 })
    .octets(25, new Uint8Array([0, 1])).unsigned32(268, 2001).finish();
  bytes[bytes.length - 5] = 44;
  const text = await runMain(["decode", formatHex(bytes)]);
  assertEquals(text.code, 1);
  assertEquals(text.stdout.split("\n").slice(1), [
    "  Result-Code(268) M  0x01  <- malformed at byte 20: Unsigned32 takes 4 bytes, got 1",
    "  AVP(99) [vendor 4242] VM  0xdead",
    "  Class(25) M  0x0001",
    "  Result-Code(268) M  0x000007d1  <- malformed at byte 60: length 44 reaches past the end, 12 bytes are left",
    "",
  ]);
  const json = await runMain(["decode", "--json", formatHex(bytes)]);
  const [message] = JSON.parse(json.stdout);
  assertEquals(json.code, 1);
  assertEquals(message.problems.map(({ offset }: { offset: number }) => offset), [20, 60]);
  assertEquals([message.avps[0].hex, message.avps[0].error], ["01", "Unsigned32 takes 4 bytes, got 1"]);
  assertEquals([message.avps[1].name, message.avps[1].type, message.avps[1].hex], [null, null, "dead"]);
});

Deno.test("decode shows a value of unusual form, says so, and exits 0", async () => {
  const bytes = encodeMessage({
    command: "ULA",
    avps: { "Redirect-Host": "aaa://dra", "Host-IP-Address": new Uint8Array([10, 0, 0, 1]), "MSISDN": "0x947121f3" },
  });
  bytes.set(new TextEncoder().encode("dra:38688"), 28);
  const text = await runMain(["decode", formatHex(bytes)]);
  assertEquals([text.code, text.stderr], [0, ""]);
  assertEquals(text.stdout.split("\n").slice(1), [
    '  Redirect-Host(292) M  "dra:38688"  <- unusual at byte 20: expected aaa:// or aaas://, and a host, got "dra:38688"',
    "  Host-IP-Address(257) M  10.0.0.1 (without its address family)",
    "  MSISDN(701) [3GPP] VM  4917123 (0x947121f3)",
    "",
  ]);
  const json = await runMain(["decode", "--json", formatHex(bytes)]);
  const [{ problems, unusual, avps: [host, address, msisdn] }] = JSON.parse(json.stdout);
  assertEquals([json.code, problems], [0, []]);
  assertEquals(unusual, [{
    offset: 20,
    message: 'AVP Redirect-Host (292) at byte 20: expected aaa:// or aaas://, and a host, got "dra:38688"',
  }]);
  assertEquals([host.value, host.unusual, host.error], [
    "dra:38688",
    'expected aaa:// or aaas://, and a host, got "dra:38688"',
    undefined,
  ]);
  assertEquals([address.value, address.hex], ["10.0.0.1 (without its address family)", "0a000001"]);
  assertEquals([msisdn.value, msisdn.hex], ["4917123", "947121f3"]);
});

Deno.test("decode says why it goes no deeper into groups, which is no fault of the message", async () => {
  const depth = 40;
  const bytes = new Uint8Array(20 + depth * 8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x01000000 | bytes.length);
  view.setUint32(4, 0x80000118);
  for (let i = 0; i < depth; i++) {
    view.setUint32(20 + 8 * i, 443);
    view.setUint32(24 + 8 * i, 0x40000000 | (8 * (depth - i)));
  }
  const { code, stdout } = await runMain(["decode", formatHex(bytes)]);
  assertEquals(code, 0);
  assertMatch(stdout, /<- unusual at byte 276: groups are nested more than 32 deep: what is deeper is not read\n$/);
});

const malformed: [string, string, RegExp][] = [
  [
    "a message that is cut off",
    formatHex(ecr.subarray(0, 90)),
    /header {2}<- malformed: length 100 is more than the 90/,
  ],
  ["another version", formatHex(ecr.with(0, 2)), /header {2}<- malformed: version 2 is not 1/],
  ["bytes behind a message", formatHex(ecr) + "0100", /2 bytes at byte 100 are fewer than the 20/],
  ["a few bytes", "010000", /3 bytes at byte 0 are fewer than the 20/],
  ["a length below the header", "01000004" + "0".repeat(32), /malformed: length 4 is below 20/],
];
for (const [name, digits, says] of malformed) {
  Deno.test(`decode does not choke on ${name}`, async () => {
    const { code, stdout, stderr } = await runMain(["decode", digits]);
    assertEquals(code, 1);
    assertMatch(stdout + stderr, says);
    assert(!stderr.includes("    at "), stderr);
  });
}

Deno.test("decode tells foreign bytes, TLS and a file that is cut off from messages", async () => {
  const noise = await decodeFile(pcap(segment(99, "", SYN), segment(100, "this is no Diameter"), segment(119, ecr)));
  assertEquals(noise.code, 1);
  assertStringIncludes(noise.stderr, "frame 2: 10.0.0.1:40000 -> 10.0.0.2:3868: 19 bytes are no Diameter message");
  assertStringIncludes(noise.stdout, ECR_LINE);
  const tls = await decodeFile(pcap(segment(1, new Uint8Array([0x16, 3, 1, 0, 5]))));
  assertStringIncludes(tls.stderr, "is encrypted (TLS)");
  const cut = await decodeFile(pcap(segment(1, ecr), segment(101, ecr)).slice(0, -1));
  assertEquals(cut.code, 1);
  assertStringIncludes(cut.stdout, ECR_LINE);
  assertStringIncludes(cut.stderr, "the last record is cut off");
});

Deno.test("decode does not take the middle of a message for TLS", async () => {
  const large = new MessageBuilder({ flags: 0x80, command: 280, application: 0, hopByHop: 1, endToEnd: 2 })
    .octets(281, new Uint8Array([...new Array(72).fill(0x41), 0x16, 3, 1, 0, 5, 0, 0, 0])).finish();
  const at = large.indexOf(0x16);
  const file = pcap(segment(1, large.subarray(0, at)), segment(1 + at, concat(large.subarray(at), ecr)));
  const { code, stdout, stderr } = await decodeFile(file, "--json");
  assertEquals([code, JSON.parse(stdout).length, stderr], [0, 2, ""]);
});

Deno.test("decode of a compressed file that is cut off shows what is before, and says so", async () => {
  const content = concat(
    pcap(segment(1, ecr)),
    ...Array.from({ length: 400 }, (_, i) => pcapRecord(TIME, ipv4(1, new Uint8Array([i, i * 7, i >> 3])))),
  );
  const zipped = new Blob([content as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream("gzip"));
  const whole = new Uint8Array(await new Response(zipped).arrayBuffer());
  const { code, stdout, stderr } = await decodeFile(whole.subarray(0, whole.length - 20));
  assertEquals(code, 1);
  assertStringIncludes(stdout, ECR_LINE);
  assertMatch(stderr, /^Cannot read the capture at byte \d+: it cannot be unpacked: .*\n$/);
});

Deno.test("decode escapes what a terminal would obey", async () => {
  const bytes = encodeMessage({ command: "DWR", avps: { "Error-Message": "\x1b[2J\u009b1m\u202egnp" } });
  const { stdout } = await runMain(["decode", formatHex(bytes)]);
  assertStringIncludes(stdout, String.raw`Error-Message(281) -  "\u001b[2J\u009b1m\u202egnp"`);
});

Deno.test("decode reads pcapng", async () => {
  const file = concat(
    pcapngHeader({ interfaceName: "gateway" }),
    pcapngPacket(TIME + 1n, segment(1, ecr), "route: dra-1"),
  );
  const { stdout } = await decodeFile(file);
  assertStringIncludes(stdout, `1  2024-05-01T12:00:00.123456001Z  10.0.0.1:40000 -> 10.0.0.2:3868  ${ECR_LINE}`);
});

Deno.test("decode takes a user's dictionary", async () => {
  const yaml =
    "vendor: {id: 4242, name: Example}\navps: [{code: 99, name: Mood, type: Enumerated, values: {0: GOOD}}]\n";
  await withFile(yaml, async (path) => {
    const bytes = new MessageBuilder({ flags: 0, command: 324, application: 0, hopByHop: 0, endToEnd: 0 })
      .unsigned32(99, 0, { vendor: 4242 }).finish();
    const { code, stdout } = await runMain(["decode", formatHex(bytes), "--dictionary", path]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, "Mood(99) [Example] VM  GOOD (0)");
  });
  await withFile("avps: [{code: x}]\nvendors: 1\n", async (path) => {
    const { code, stderr } = await runMain(["decode", "00", "--dictionary", path]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, `${path}: avps[0].code: expected a whole number 0..4294967295, got "x"`);
    assertStringIncludes(stderr, `${path}: vendors: unknown key`);
  });
});

const usage: [string, string[], string][] = [
  ["nothing", [], "expected decode FILE.pcap|FILE.pcapng|HEX|-"],
  ["a file that is not there", ["no-such-file"], "cannot read no-such-file: no such file\n"],
  ["digits with others between them", ["00", "zz"], 'expected a file, or hexadecimal digits in pairs, got "00 zz"'],
  ["half a byte", ["010"], 'got "010"'],
  ["a directory", ["/"], "cannot read /: it is a directory\n"],
  ["a bad port", ["00", "--port", "70000"], '--port: expected a port 1..65535, got "70000"'],
  ["port 0", ["00", "--port", "0"], '--port: expected a port 1..65535, got "0"'],
  ["a port of hexadecimal digits", ["00", "--port", "0xf1c"], 'got "0xf1c"'],
  ["a port that is empty", ["00", "--port="], 'got ""'],
  ["a port without a capture", ["00", "--port", "3868"], "--port: only a capture has ports, and this is none"],
  ["a time without a capture", ["00", "--to", "2024-05-01"], "--to: only a capture has times, and this is none"],
  ["a ladder without a capture", ["00", "--ladder"], "--ladder: only a capture says who sent what, and this is none"],
  ["a dictionary that is missing", ["00", "--dictionary", "/nowhere.yaml"], "/nowhere.yaml: "],
  ["JSON that is neither on nor off", ["00", "--json=perhaps"], '--json: expected true or false, got "perhaps"'],
  ["an unknown flag", ["00", "--jsno"], "did you mean --json?"],
];
for (const [name, args, says] of usage) {
  Deno.test(`decode with ${name} is bad usage`, async () => {
    const { code, stdout, stderr } = await runMain(["decode", ...args]);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, says);
  });
}

const NEITHER: [content: string | Uint8Array<ArrayBuffer>, got: string][] = [
  ["", "nothing"],
  ["01 00 0g", '"g" among them'],
  ["01000", "an odd number of digits, 5"],
  [new Uint8Array([0x7f, 0x45, 0xff, 0xfe, 0]), "bytes that are neither"],
];
for (const [content, got] of NEITHER) {
  Deno.test(`decode of a file that is neither a capture nor digits says what it is: ${got}`, async () => {
    const { code, stderr } = await decodeFile(content);
    assertEquals(code, 2);
    assertStringIncludes(stderr, `expected a pcap or pcapng capture, or hexadecimal digits in pairs, got ${got}\n`);
  });
}

Deno.test("decode advises another port only where that could help", async () => {
  const digits = await decodeFile("0100");
  const cut = await decodeFile(new Uint8Array([0xd4, 0xc3, 0xb2, 0xa1]));
  for (const { code, stderr } of [digits, cut]) {
    assertEquals(code, 1);
    assertStringIncludes(stderr, "there is no Diameter message in it\n");
  }
});
