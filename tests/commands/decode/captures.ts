import { encodeMessage, type MessageInput } from "../../../src/diameter/wire/codec.ts";
import { pcapHeader, pcapRecord } from "../../../src/ops/capture/pcap_writer.ts";
import { concat, segment } from "../../ops/capture/frames.ts";
import { type Outcome, runMain } from "../run_main.ts";

/** 2024-05-01T12:00:00Z, in nanoseconds. */
export const NOON = 1714564800_000000000n;

/** A message of a capture. */
export interface Sent {
  readonly message: MessageInput;
  /** Milliseconds after noon. */
  readonly at: number;
}

/** A capture of one TCP connection: requests go to port 3868, answers come back. */
export function capture(...sent: readonly Sent[]): Uint8Array<ArrayBuffer> {
  const next = { there: 1, back: 1 };
  return concat(
    pcapHeader(),
    ...sent.map(({ message, at }) => {
      const bytes = encodeMessage(message);
      const way = bytes[4]! >= 0x80 ? "there" : "back";
      const packet = segment(next[way], bytes, { back: way === "back" });
      next[way] += bytes.length;
      return pcapRecord(NOON + BigInt(Math.round(at * 1e6)), packet);
    }),
  );
}

/** An equipment check of a session, with its identifiers. */
export function ecr(session: string, id: number, imei = "35209900176148"): MessageInput {
  return {
    command: "ECR",
    hopByHop: id,
    endToEnd: id,
    avps: {
      "Session-Id": session,
      "Origin-Host": "mme1",
      "Terminal-Information": { "IMEI": imei },
      "User-Name": "001010123456789",
    },
  };
}

/** The answer to it. */
export function eca(session: string, id: number, result = 2001): MessageInput {
  return {
    command: "ECA",
    hopByHop: id,
    endToEnd: id,
    avps: { "Session-Id": session, "Result-Code": result, "Origin-Host": "eir1" },
  };
}

/** Two sessions, the second refused, and a request that nobody answers. */
export const THREE = capture(
  { message: ecr("mme1;1", 1), at: 0 },
  { message: ecr("mme1;2", 2, "49015420323751"), at: 1 },
  { message: eca("mme1;2", 2, 5012), at: 3.5 },
  { message: eca("mme1;1", 1), at: 10 },
  { message: ecr("mme1;3", 3), at: 2000 },
);

/** Runs `decode` with a file of that content. */
export async function decode(content: Uint8Array, ...flags: string[]): Promise<Outcome> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, content);
    return await runMain(["decode", path, ...flags]);
  } finally {
    await Deno.remove(path);
  }
}
