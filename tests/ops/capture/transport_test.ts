import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { LINK_TYPE } from "../../../src/ops/capture/link_layer.ts";
import { tcpPacket } from "../../../src/ops/capture/tcp_packet.ts";
import { Transport, type TransportEvent } from "../../../src/ops/capture/transport.ts";
import { A, A6, B, captured, concat, ipv4, readTransport, sctp, segment, SYN, text } from "./frames.ts";

const SCTP = 132;

/** Events in short: bytes and messages as text with the port they come from and the packet. */
function run(packets: readonly Uint8Array[], linkType?: number): string[] {
  return [...readTransport(captured(packets, linkType))].filter(({ kind }) => kind !== "end").map((event) => {
    switch (event.kind) {
      case "bytes":
        return `${event.flow.source.port}@${event.frame.number} ${text(event.bytes)}`;
      case "message":
        return `${event.flow.source.port}@${event.frame.number} [${text(event.bytes)}] ${event.payloadProtocol}`;
      case "gap":
        return `${event.flow.source.port} gap ${event.length}`;
      case "note":
      case "other":
        return event.text;
      case "end":
        return "end";
    }
  });
}

Deno.test("both directions of a TCP connection are streams of their own", () => {
  assertEquals(
    run([
      segment(99, "", SYN),
      segment(499, "", { ...SYN, back: true }),
      segment(100, "ab"),
      segment(500, "xy", { back: true }),
      segment(102, "cd"),
    ]),
    ["40000@3 ab", "3868@4 xy", "40000@5 cd"],
  );
});

Deno.test("IPv6 works as IPv4 does", () => {
  const [event] = readTransport(captured([segment(1, "ab", { v6: true })])) as Iterable<
    TransportEvent & { kind: "bytes" }
  >;
  assertEquals(event!.flow.source, { address: A6, port: 40000 });
  const [v4] = readTransport(captured([segment(1, "ab")])) as Iterable<TransportEvent & { kind: "bytes" }>;
  assertEquals(v4!.flow.source, { address: A, port: 40000 });
});

Deno.test("a bare ACK does not tell where the data begin", () => {
  assertEquals(run([segment(90, ""), segment(100, "ab")]), ["40000@2 ab"]);
});

Deno.test("whether the beginning was captured is known", () => {
  const fromStart = (packets: Uint8Array[]) =>
    [...readTransport(captured(packets))].flatMap((event) => event.kind === "bytes" ? [event.flow.fromStart] : []);
  assertEquals(fromStart([segment(9, "", SYN), segment(10, "a")]), [true]);
  assertEquals(fromStart([segment(10, "a")]), [false]);
});

Deno.test("gaps at the end of the capture are told before what follows them", () => {
  assertEquals(run([segment(1, "ab"), segment(9, "cd")]), ["40000@1 ab", "40000 gap 6", "40000@2 cd"]);
});

Deno.test("ports that are used again carry another stream", () => {
  assertEquals(
    run([segment(9, "", SYN), segment(10, "ab"), segment(20, "zz"), segment(5, "", SYN), segment(6, "cd")]),
    ["40000@2 ab", "40000 gap 8", "40000@3 zz", "40000@5 cd"],
  );
});

Deno.test("SCTP messages come out once, fragments put together, in any order", () => {
  assertEquals(
    run([
      ipv4(SCTP, sctp(1, [[10, 3, "whole"], [11, 2, "be"], [12, 0, "gin"]])),
      ipv4(SCTP, sctp(1, [[13, 1, "end"], [14, 3, "next", 0]])),
      ipv4(SCTP, sctp(1, [[13, 1, "end"], [10, 3, "whole"]])),
      ipv4(SCTP, sctp(1, [[17, 1, "c"], [15, 2, "a"], [16, 0, "b"]])),
      ipv4(SCTP, sctp(1, [[0xffffffff, 2, "wr"], [0, 1, "ap"]])),
    ]),
    ["40000@1 [whole] 46", "40000@2 [beginend] 46", "40000@2 [next] 0", "40000@4 [abc] 46", "40000@5 [wrap] 46"],
  );
});

Deno.test("associations are told apart by their tags", () => {
  assertEquals(
    run([
      ipv4(SCTP, sctp(1, [[10, 2, "a"]])),
      ipv4(SCTP, sctp(2, [[11, 1, "x"]])),
      ipv4(SCTP, sctp(1, [[11, 1, "b"]])),
    ]),
    ["40000@3 [ab] 46", "left out: SCTP fragments of messages that did not become whole (1, the first in frame 2)"],
  );
});

Deno.test("a damaged chunk ends its packet only", () => {
  const packet = sctp(1, [[10, 3, "whole"], [11, 3, "cut"]]);
  new DataView(packet.buffer).setUint16(12 + 24 + 2, 999);
  assertEquals(run([ipv4(SCTP, packet), ipv4(SCTP, sctp(1, [[12, 3, "next"]]))]), [
    "40000@1 [whole] 46",
    "40000@2 [next] 46",
  ]);
});

Deno.test("IP fragments, cut packets and unknown link types are noted", () => {
  assertEquals(run([ipv4(6, new Uint8Array(24), 0x2000)]), [
    "left out: IP fragments, which are not put together (1, the first in frame 1)",
  ]);
  assertEquals(run([segment(1, "abcd").subarray(0, 42)]), [
    "40000@1 ab",
    "left out: ends of packets that were not captured whole (1, the first in frame 1)",
  ]);
  assertEquals(run([segment(1, "abcd"), segment(1, "abcd")], 147), [
    "left out: packets of link type 147, which is not known (2, the first in frame 1)",
  ]);
});

Deno.test("what carries the packets of others is looked into, and named where it cannot be read", () => {
  const inner = segment(1, "ab");
  assertEquals(run([ipv4(4, ipv4(4, inner)), ipv4(47, concat(new Uint8Array([0, 0, 0x88, 0x0b]), inner))]), [
    "40000@1 ab",
    "left out: GRE packets of PPTP (1, the first in frame 2)",
  ]);
  const deep = Array.from({ length: 99 }).reduce<Uint8Array>((packet) => ipv4(4, packet), inner);
  assertEquals(run([deep]), ["left out: packets in more than 8 tunnels within each other (1, the first in frame 1)"]);
  assertEquals(run([ipv4(47, new Uint8Array(8), 0x2000)]), [
    "left out: IP fragments, which are not put together (1, the first in frame 1)",
  ]);
});

Deno.test("conversations that are quiet make room for others, and nothing that waits in them is lost", () => {
  const packets = [segment(1, "ab"), segment(9, "cd")];
  for (let i = 0; i < 16384; i++) {
    packets.push(
      tcpPacket({
        source: A,
        destination: B,
        sourcePort: i,
        destinationPort: 1,
        sequence: 0,
        flags: 2,
        data: new Uint8Array(),
      }),
    );
  }
  assertEquals(run(packets), [
    "40000@1 ab",
    "40000 gap 6",
    "40000@2 cd",
    "left out: conversations that were quiet while 16384 others were not, from then on (1, the first in frame 16386)",
  ]);
});

Deno.test("what waits in all conversations together is bounded", () => {
  const data = new Uint8Array(60000);
  let gaps = 0;
  const transport = new Transport();
  const packets: Uint8Array[] = [];
  for (let port = 1; port <= 150; port++) {
    packets.push(
      tcpPacket({
        source: A,
        destination: B,
        sourcePort: port,
        destinationPort: 1,
        sequence: 0,
        flags: 2,
        data: new Uint8Array(),
      }),
    );
    for (let i = 0; i < 16; i++) {
      packets.push(
        tcpPacket({
          source: A,
          destination: B,
          sourcePort: port,
          destinationPort: 1,
          sequence: 9 + i * data.length,
          flags: 16,
          data,
        }),
      );
    }
  }
  for (const packet of captured(packets)) {
    for (const { kind } of transport.take(packet)) if (kind === "gap") gaps++;
  }
  // 150 times 960,000 bytes do not fit into 64 MiB: those that came first did not wait to the end.
  assert(gaps > 70 && gaps < 90, `${gaps}`);
});

Deno.test("other protocols and broken headers are passed over", () => {
  assertEquals(run([ipv4(6, new Uint8Array(19)), ipv4(SCTP, new Uint8Array(5))]), []);
  assertEquals(
    run([ipv4(17, new Uint8Array(30)), ipv4(89, new Uint8Array(30)), new Uint8Array(), ipv4(17, new Uint8Array(30))]),
    [
      "there are packets of UDP (2, the first in frame 1)",
      "there are packets of IP protocol 89 (1, the first in frame 2)",
      "there are frames that carry no IP (1, the first in frame 3)",
    ],
  );
});

Deno.test("no bytes whatever make it fail", () => {
  const linkType = fc.constantFrom(...Object.values(LINK_TYPE));
  const packet = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.tuple(fc.constantFrom(6, SCTP), fc.uint8Array({ maxLength: 60 })).map(([protocol, data]) =>
      ipv4(protocol, data)
    ),
  );
  fc.assert(
    fc.property(linkType, fc.array(packet, { maxLength: 6 }), (linkType, packets) => {
      assert(run(packets, linkType).length < 100);
    }),
    { numRuns: 500 },
  );
});
