import { assert, assertEquals, assertMatch } from "@std/assert";
import { encodeMessage } from "../../src/diameter/wire/codec.ts";
import { MessageBuilder } from "../../src/diameter/wire/message_builder.ts";
import { LINK_TYPE } from "../../src/ops/capture/link_layer.ts";
import { pcapHeader, pcapRecord } from "../../src/ops/capture/pcap_writer.ts";
import { TCP_FLAG } from "../../src/ops/capture/tcp_segment.ts";
import { tcpPacket } from "../../src/ops/capture/tcp_packet.ts";
import { A, B, concat, ipv4, sctp } from "../ops/capture/frames.ts";
import { until } from "../support/until.ts";

const MAIN = new URL("../../src/main.ts", import.meta.url).pathname;
const TIME = 1714564800_000000000n;
const message = encodeMessage({ command: "DWR", avps: { "Origin-Host": "mme.example.net" } });
const NOTHING = new Uint8Array();

/** A record with a segment to port 3868. */
function tcp(sourcePort: number, sequence: number, data: Uint8Array, flags: number = TCP_FLAG.ack): Uint8Array {
  const ends = { source: A, destination: B, sourcePort: sourcePort & 0xffff, destinationPort: 3868 };
  return pcapRecord(TIME, tcpPacket({ ...ends, sequence: sequence >>> 0, flags, data }));
}

/** The same from one of many addresses. */
function tcpFrom(nth: number, data: Uint8Array, flags?: number): Uint8Array {
  const record = tcp(nth, 1, data, flags);
  record.set([nth >>> 16, 7], 16 + 12);
  return record;
}

/** Records, between two messages that must be found. */
function between(count: number, make: (nth: number) => Uint8Array): Uint8Array<ArrayBuffer> {
  const parts = [pcapHeader(), tcp(50000, 1, message)];
  for (let nth = 0; nth < count; nth++) parts.push(make(nth));
  parts.push(tcp(50001, 1, message));
  // A call takes no more arguments than the stack has room for.
  const some = 10_000;
  const groups = Array.from(
    { length: Math.ceil(parts.length / some) },
    (_, i) => parts.slice(i * some, (i + 1) * some),
  );
  return concat(...groups.map((group) => concat(...group)));
}

async function gzip(parts: Iterable<Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer>> {
  const packed = ReadableStream.from(parts).pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

const fragments = Array.from({ length: 50 }, () => new Uint8Array(1));
const large = new MessageBuilder({ flags: 0x80, command: 280, application: 0, hopByHop: 1, endToEnd: 2 })
  .octets(281, new Uint8Array(1_000_000)).finish();
const malformed = new MessageBuilder({ flags: 0x80, command: 280, application: 0, hopByHop: 1, endToEnd: 2 });
for (let i = 0; i < 7000; i++) malformed.octets(268, NOTHING);
const malformedMessage = malformed.finish();

interface Attack {
  readonly name: string;
  readonly file: () => Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>;
  readonly code: number;
  /** Messages that are shown. */
  readonly messages: number;
  /** What is said of what is not. */
  readonly says: RegExp;
  /** Peak of resident memory, in MB, and processor time, in seconds. */
  readonly most: { readonly memory: number; readonly cpu: number };
}

const attacks: Attack[] = [
  {
    name: "a compressed file that unpacks to a thousand times its size",
    file: () => {
      const zeros = new Uint8Array(1 << 20);
      return gzip(
        [pcapHeader(), tcp(50000, 1, message), ...Array.from({ length: 400 }, () => zeros)] as Uint8Array<
          ArrayBuffer
        >[],
      );
    },
    code: 1,
    messages: 1,
    says: /unpacks to more than 100 times its size; the rest is left out\n$/,
    most: { memory: 500, cpu: 20 },
  },
  {
    name: "packets of no length",
    file: () => between(500_000, () => pcapRecord(TIME, NOTHING)),
    code: 0,
    messages: 2,
    says: /^$/,
    most: { memory: 500, cpu: 20 },
  },
  {
    name: "fragments of SCTP messages that have no beginning",
    file: () =>
      between(12_000, (nth) =>
        pcapRecord(
          TIME,
          ipv4(132, sctp(7, fragments.map((data, i): [number, number, Uint8Array] => [nth * 50 + i, 0, data]))),
        )),
    code: 0,
    messages: 2,
    says: /^left out: SCTP fragments of messages that did not become whole \(600000, the first in frame 2\)\n$/,
    most: { memory: 550, cpu: 20 },
  },
  {
    name: "connections that are opened and never used",
    file: () => between(200_000, (nth) => tcpFrom(nth, NOTHING, TCP_FLAG.syn)),
    code: 0,
    messages: 2,
    says: /^left out: conversations that were quiet while 16384 others were not, from then on \(183618, /,
    most: { memory: 600, cpu: 30 },
  },
  {
    name: "beginnings of messages that never end",
    file: () => between(100_000, (nth) => tcpFrom(nth, message.subarray(0, 28))),
    code: 0,
    messages: 2,
    says: /28 bytes belong to a message that was not captured whole\n[^]*99000 more lines like these are not shown/,
    most: { memory: 600, cpu: 30 },
  },
  {
    name: "a message of a megabyte, octet by octet",
    file: () =>
      between(
        300_000,
        (nth) => nth === 0 ? tcp(7, 0, NOTHING, TCP_FLAG.syn) : tcp(7, nth, large.subarray(nth - 1, nth)),
      ),
    code: 0,
    messages: 2,
    says: /^frame 3: 10.0.0.1:7 -> 10.0.0.2:3868: 299999 bytes belong to a message that was not captured whole\n$/,
    most: { memory: 500, cpu: 10 },
  },
  {
    name: "AVPs of which every one is malformed",
    file: () => between(60, (nth) => tcp(7, 1 + nth * malformedMessage.length, malformedMessage)),
    code: 1,
    messages: 62,
    says: /^$/,
    most: { memory: 600, cpu: 10 },
  },
  {
    name: "segments with a hole before each",
    file: () => between(100_000, (nth) => tcp(7, 1 + nth * 3, new Uint8Array(2))),
    code: 0,
    messages: 2,
    says: /more lines like these are not shown/,
    most: { memory: 500, cpu: 20 },
  },
];

/** Runs `decode` on a file, and watches what it takes. */
async function decode(file: Uint8Array) {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, file);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-all", MAIN, "decode", path],
      env: { NO_COLOR: "1" },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let ended = false;
    const output = child.output().finally(() => ended = true);
    const most = { memory: 0, cpu: 0 };
    await until(
      () => {
        Object.assign(most, usageOf(child.pid) ?? {});
        return ended;
      },
      "it ends",
      120_000,
    );
    const { code, stdout, stderr } = await output;
    return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr), most };
  } finally {
    await Deno.remove(path);
  }
}

/**
 * Peak memory in MB and processor seconds of a process; undefined when it has ended, or where
 * nobody says.
 */
function usageOf(pid: number): { memory: number; cpu: number } | undefined {
  try {
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /s, "").split(" ");
    return peak === undefined
      ? undefined
      : { memory: Number(peak) / 1024, cpu: (Number(stat[11]) + Number(stat[12])) / 100 };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

for (const { name, file, code, messages, says, most } of attacks) {
  Deno.test(`a capture of ${name} is decoded within bounds`, async () => {
    const seen = await decode(await file());
    assertEquals([seen.code, seen.stdout.match(/^\d+ {2}/gm)?.length], [code, messages], seen.stderr.slice(0, 500));
    assertMatch(seen.stderr, says);
    assert(seen.most.memory <= most.memory, `it took ${seen.most.memory} MB`);
    assert(seen.most.cpu <= most.cpu, `it took ${seen.most.cpu} s`);
  });
}

Deno.test("a capture of unknown link types says so once for each, with their count", async () => {
  const file = concat(pcapHeader(LINK_TYPE.raw), pcapRecord(TIME, NOTHING));
  new DataView(file.buffer).setUint32(20, 200, true);
  const { code, stderr } = await decode(file);
  assertEquals(code, 1);
  assertMatch(stderr, /^left out: packets of link type 200, which is not known \(1, the first in frame 1\)\n/);
});
