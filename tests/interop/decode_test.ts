import { assertEquals } from "@std/assert";
import { capture, decode, eca, ecr } from "../commands/decode/captures.ts";
import { interopTest } from "./programs.ts";
import { TSHARK } from "./tshark.ts";

/** Answers in another order than requests, with three results, and some that never come. */
const MIXED = capture(
  ...Array.from({ length: 300 }, (_, i) => [
    { message: ecr(`mme1;${i}`, i), at: i * 10 },
    ...(i % 7 === 3
      ? []
      : [{ message: eca(`mme1;${i}`, i, [2001, 5012, 3004][i % 3]), at: i * 10 + 1 + (i * 37) % 50 }]),
  ]).flat().sort((a, b) => a.at - b.at),
);

/** Fields of each message as tshark has them. */
async function fieldsOf(content: Uint8Array, ...fields: string[]): Promise<string[][]> {
  const file = await Deno.makeTempFile({ suffix: ".pcap" });
  try {
    await Deno.writeFile(file, content);
    const args = [
      "-r",
      file,
      "-n",
      "-2",
      "-Y",
      "diameter",
      "-T",
      "fields",
      ...fields.flatMap((field) => ["-e", field]),
    ];
    const { code, stdout, stderr } = await new Deno.Command("tshark", { args }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout).trimEnd().split("\n").map((line) => line.split("\t"));
  } finally {
    await Deno.remove(file);
  }
}

interface SeenJson {
  readonly frame: number;
  readonly request_frame?: number;
  readonly response_ms?: number;
}

interface StatsJson {
  readonly requests: number;
  readonly unanswered: number;
  readonly results: readonly { readonly result: number; readonly count: number }[];
}

interopTest("decode --stats counts what tshark counts", TSHARK, async () => {
  const rows = await fieldsOf(MIXED, "diameter.flags.request", "diameter.Result-Code", "diameter.answer_in");
  const requests = rows.filter(([isRequest]) => isRequest === "1" || isRequest === "True");
  const counts = new Map<number, number>();
  for (const [, result] of rows) if (result !== "") counts.set(Number(result), (counts.get(Number(result)) ?? 0) + 1);
  const { stdout } = await decode(MIXED, "--stats", "--json");
  const [stats]: StatsJson[] = JSON.parse(stdout);
  assertEquals(stats?.requests, requests.length);
  assertEquals(stats?.unanswered, requests.filter(([, , answer]) => answer === undefined || answer === "").length);
  assertEquals(new Map(stats?.results.map(({ result, count }) => [result, count])), new Map([...counts].sort()));
});

interopTest("decode pairs what tshark pairs, with the same response times", TSHARK, async () => {
  const rows = await fieldsOf(MIXED, "frame.number", "diameter.answer_to", "diameter.resp_time");
  const { stdout } = await decode(MIXED, "--json");
  const seen: SeenJson[] = JSON.parse(stdout);
  assertEquals(
    seen.map(({ frame, request_frame }) => [frame, request_frame]),
    rows.map((
      [frame, request],
    ) => [Number(frame), request === undefined || request === "" ? undefined : Number(request)]),
  );
  for (const [i, { response_ms }] of seen.entries()) {
    if (response_ms !== undefined) assertEquals(response_ms.toFixed(3), (Number(rows[i]?.[2]) * 1000).toFixed(3));
  }
});
