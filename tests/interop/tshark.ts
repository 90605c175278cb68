import { pcapHeader, pcapRecord } from "../../src/ops/capture/pcap_writer.ts";
import { TCP_FLAG } from "../../src/ops/capture/tcp_segment.ts";
import { tcpPacket } from "../../src/ops/capture/tcp_packet.ts";
import { program } from "./programs.ts";

/** What a test with tshark needs. */
export const TSHARK = [program("tshark", "tshark")];

/** An AVP as tshark sees it. */
export interface SeenAvp {
  readonly code: number;
  readonly name: string;
  readonly length: number;
  /** V, M and P, or a hyphen for each. */
  readonly flags: string;
  readonly value: string;
}

/**
 * A message as tshark sees it: its AVPs in their order, groups before what they hold, and what is
 * wrong with it.
 */
export interface SeenMessage {
  readonly command: number;
  readonly application: number;
  readonly avps: readonly SeenAvp[];
  readonly complaints: readonly string[];
}

const AVP_LINE = /^ *AVP: (.*?)\((\d+)\) l=(\d+) f=(...)(?: vnd=\S+)?(?: val=(.*))?$/;
const COMPLAINT = /Malformed|Expert Info|Unknown AVP|unable to decode|Wrong length/i;

/** Messages as a pcap file of one TCP stream, a packet for each. */
export function captureOf(messages: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let sequence = 1;
  const ends = { source: new Uint8Array([10, 0, 0, 1]), destination: new Uint8Array([10, 0, 0, 2]) };
  const records = messages.map((data, i) => {
    const packet = tcpPacket({
      ...ends,
      sourcePort: 40000,
      destinationPort: 3868,
      sequence,
      flags: TCP_FLAG.ack,
      data,
    });
    sequence += data.length;
    return pcapRecord(1714564800_000000000n + BigInt(i), packet);
  });
  return new Uint8Array([pcapHeader(), ...records].flatMap((part) => [...part]));
}

/** Has tshark take the messages apart. */
export async function dissect(messages: readonly Uint8Array[]): Promise<SeenMessage[]> {
  return (await dissectText(messages)).map(readMessage);
}

/** The same as tshark's own text, one for each message. */
export async function dissectText(messages: readonly Uint8Array[]): Promise<string[]> {
  return await dissectCapture(captureOf(messages));
}

/** What tshark says of each frame of a capture. */
export async function dissectCapture(capture: Uint8Array): Promise<string[]> {
  const file = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    await Deno.writeFile(file, capture);
    const command = new Deno.Command("tshark", {
      args: ["-r", file, "-n", "-O", "diameter"],
      env: { TZ: "UTC", LC_ALL: "C.UTF-8" },
    });
    const { code, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    if (code !== 0) throw new Error(`tshark ended with ${code}: ${decoder.decode(stderr)}`);
    return decoder.decode(stdout).split(/^Frame \d+:/m).slice(1);
  } finally {
    await Deno.remove(file);
  }
}

function readMessage(text: string): SeenMessage {
  const lines = text.split("\n");
  return {
    command: Number(/Command Code: .*\((\d+)\)/.exec(text)?.[1]),
    application: Number(/ApplicationId: .*\((\d+)\)/.exec(text)?.[1]),
    avps: lines.map((line) => AVP_LINE.exec(line)).filter((match) => match !== null).map((match) => ({
      name: match[1]!,
      code: Number(match[2]),
      length: Number(match[3]),
      flags: match[4]!,
      value: match[5] ?? "",
    })),
    complaints: lines.filter((line) => COMPLAINT.test(line)).map((line) => line.trim()),
  };
}
