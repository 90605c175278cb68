import { assert, assertEquals } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { readHeader } from "../../src/diameter/wire/header.ts";
import { MessageBuilder } from "../../src/diameter/wire/message_builder.ts";
import { captureOf, type TracedConnection, TraceRing, transactionsOf } from "../../src/ops/trace/mod.ts";
import { Block } from "../../src/net/block.ts";
import { interopTest } from "./programs.ts";
import { TSHARK } from "./tshark.ts";

const PROXY_STATE = AVP.proxyState;
const CREDIT_CONTROL = { command: 272, application: 4 } as const;
const FIELDS = ["diameter.cmd.code", "diameter.flags.request", "diameter.hopbyhopid", "diameter.endtoendid"] as const;

function message(flags: number, hopByHop: number, endToEnd: number, session: string, filling: number) {
  return new MessageBuilder({ flags, ...CREDIT_CONTROL, hopByHop, endToEnd })
    .text(AVP.sessionId, session)
    .text(AVP.originHost, "node.example.com")
    .text(AVP.originRealm, "example.com")
    .octets(PROXY_STATE, new Uint8Array(filling))
    .finish();
}

function connection(ring: TraceRing, name: string, side: "app" | "dra", port: number, octets: readonly number[]) {
  const address = new Uint8Array(octets);
  return ring.opened({
    name,
    side,
    dialled: side === "dra",
    local: { address, port: side === "dra" ? port : 13_868 },
    remote: { address, port: side === "dra" ? 23_868 : port },
  });
}

interopTest(
  "tshark finds the recorded transactions in the capture, on other ports, IPv6, and above 64 KiB",
  TSHARK,
  async () => {
    const ring = new TraceRing({ maxBytes: 1 << 24, sample: "auto", bodies: true });
    const ipv6 = [...new Array<number>(15).fill(0), 1];
    const apps = [
      connection(ring, "app1.example.com", "app", 40_001, [127, 0, 0, 1]),
      connection(ring, "app2.example.com", "app", 40_001, ipv6),
    ];
    const dras = [
      connection(ring, "dra-1", "dra", 50_001, [127, 0, 0, 1]),
      connection(ring, "dra-2", "dra", 50_002, ipv6),
    ];
    // Flags: R and P; P.
    const [asks, answers] = [0xc0, 0x40];
    for (let nth = 1; nth <= 40; nth++) {
      const app: TracedConnection = apps[nth % 2]!;
      const dra: TracedConnection = dras[nth % 3 === 0 ? 1 : 0]!;
      const session = `app;${nth}`;
      const filling = nth % 10 === 0 ? 300_000 : 4;
      const all = (bytes: Uint8Array) => {
        const block = new Block(bytes.length);
        block.bytes.set(bytes);
        return { block, at: 0, end: bytes.length };
      };
      const now = nth * 1000;
      const came = message(asks, nth, 1000 + nth, session, filling);
      const handle = ring.begun({
        connection: app,
        now,
        ...readHeader(came),
        ...all(came),
        sessionStart: 28,
        sessionEnd: 28 + session.length,
      });
      ring.attempt(handle, dra, 5000 + nth, now + 10);
      ring.sent(handle, dra, now + 10, all(message(asks, 5000 + nth, 1000 + nth, session, filling)));
      ring.received(handle, dra, now + 200, all(message(answers, 5000 + nth, 1000 + nth, session, filling)));
      ring.sent(handle, app, now + 210, all(message(answers, nth, 1000 + nth, session, filling)));
      ring.ended(handle, now + 210, 2001, 0);
    }

    const { transactions } = await transactionsOf(ring, {});
    assertEquals(transactions.length, 40);
    const rows = await dissect(ring);
    const found = (isRequest: boolean, hopByHop: number | null, endToEnd: number) =>
      rows.filter(([code, request, hop, end]) =>
        code === "272" && (request === "1" || request === "True") === isRequest && Number(hop) === hopByHop &&
        Number(end) === endToEnd
      ).length;
    for (const { app_hop_by_hop, dra_hop_by_hop, end_to_end } of transactions) {
      const counts = [true, false].flatMap((isRequest) =>
        [app_hop_by_hop, dra_hop_by_hop].map((hop) => found(isRequest, hop, end_to_end))
      );
      assertEquals(counts, [1, 1, 1, 1], `transaction ${end_to_end}`);
    }
    assertEquals(rows.length, 160);
  },
);

/**
 * The fields of each Diameter message that tshark finds; it must not find anything wrong on the
 * way.
 */
async function dissect(ring: TraceRing): Promise<string[][]> {
  const file = await Deno.makeTempFile({ suffix: ".pcapng" });
  try {
    for await (const chunk of captureOf(ring, { port: 3868 })) await Deno.writeFile(file, chunk, { append: true });
    const wrong = await tshark(file, ["-Y", "_ws.malformed or tcp.analysis.flags or _ws.expert.severity >= 0x600000"]);
    assert(wrong.trim() === "", `tshark complains:\n${wrong}`);
    const options = ["-Y", "diameter", "-T", "fields", ...FIELDS.flatMap((field) => ["-e", field])];
    const text = await tshark(file, options);
    // Several messages may end in one packet: their fields are joined by commas.
    return text.trim().split("\n").flatMap((line) => {
      const columns = line.split("\t").map((column) => column.split(","));
      return columns[0]!.map((_, nth) => columns.map((column) => column[nth]!));
    });
  } finally {
    await Deno.remove(file);
  }
}

async function tshark(file: string, options: readonly string[]): Promise<string> {
  const command = new Deno.Command("tshark", {
    args: ["-r", file, "-n", ...options],
    env: { TZ: "UTC", LC_ALL: "C.UTF-8" },
  });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(`tshark ended with ${code}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}
