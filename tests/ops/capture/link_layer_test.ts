import { assertEquals } from "@std/assert";
import { readIp } from "../../../src/ops/capture/ip.ts";
import { ipPacketOf, isKnownLinkType, LINK_TYPE } from "../../../src/ops/capture/link_layer.ts";
import { tcpPacket } from "../../../src/ops/capture/tcp_packet.ts";
import { A, A6, B, B6, concat, ipv4, segment } from "./frames.ts";

const IP = segment(1, "data");
const IP6 = segment(1, "data", { v6: true });
const MACS = new Array(12).fill(0xee);

const frames: [string, number, number[], Uint8Array][] = [
  ["Ethernet", LINK_TYPE.ethernet, [...MACS, 8, 0], IP],
  ["Ethernet with IPv6", LINK_TYPE.ethernet, [...MACS, 0x86, 0xdd], IP6],
  ["Ethernet with a VLAN tag", LINK_TYPE.ethernet, [...MACS, 0x81, 0, 0, 5, 8, 0], IP],
  ["Ethernet with two VLAN tags", LINK_TYPE.ethernet, [...MACS, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0], IP],
  ["Linux cooked, version 1", LINK_TYPE.linuxSll, [...new Array(14).fill(0xee), 8, 0], IP],
  [
    "Linux cooked, version 1, with a VLAN tag",
    LINK_TYPE.linuxSll,
    [...new Array(14).fill(0xee), 0x81, 0, 0, 5, 8, 0],
    IP,
  ],
  ["Linux cooked, version 2", LINK_TYPE.linuxSll2, [0x86, 0xdd, ...new Array(18).fill(0xee)], IP6],
  [
    "Linux cooked, version 2, with a VLAN tag",
    LINK_TYPE.linuxSll2,
    [0x81, 0, ...new Array(18).fill(0xee), 0, 5, 8, 0],
    IP,
  ],
  ["Ethernet with MPLS labels", LINK_TYPE.ethernet, [...MACS, 0x88, 0x47, 0, 1, 0, 64, 0, 2, 1, 64], IP],
  [
    "Ethernet with a pseudowire of MPLS",
    LINK_TYPE.ethernet,
    [...MACS, 0x88, 0x47, 0, 2, 1, 64, 0, 0, 0, 0, ...MACS, 0x86, 0xdd],
    IP6,
  ],
  ["Ethernet with PPPoE", LINK_TYPE.ethernet, [...MACS, 0x88, 0x64, 0x11, 0, 0, 1, 0, 66, 0, 0x21], IP],
  ["loopback, little-endian", LINK_TYPE.null, [2, 0, 0, 0], IP],
  ["loopback, big-endian", LINK_TYPE.null, [0, 0, 0, 30], IP6],
  ["OpenBSD loopback", LINK_TYPE.loop, [0, 0, 0, 24], IP6],
  ["raw IP", LINK_TYPE.raw, [], IP],
  ["raw IP of BSD", LINK_TYPE.rawBsd, [], IP],
  ["raw IPv6", LINK_TYPE.ipv6, [], IP6],
];
for (const [name, linkType, header, packet] of frames) {
  Deno.test(`the IP packet in a frame of ${name} is found`, () => {
    assertEquals(isKnownLinkType(linkType), true);
    assertEquals(ipPacketOf(linkType, new Uint8Array([...header, ...packet])), packet);
  });
}

const others: [string, number, number[]][] = [
  ["ARP", LINK_TYPE.ethernet, [...MACS, 8, 6, 0, 1]],
  ["a VLAN tag and nothing", LINK_TYPE.ethernet, [...MACS, 0x81, 0, 0, 5]],
  ["half an Ethernet header", LINK_TYPE.ethernet, [1, 2, 3]],
  ["half a cooked header", LINK_TYPE.linuxSll2, [8, 0, 0]],
  ["an unknown family", LINK_TYPE.null, [99, 0, 0, 0, 0x45]],
  ["an unknown link type", 147, [0x45]],
];
for (const [name, linkType, frame] of others) {
  Deno.test(`${name} holds no IP packet`, () => {
    assertEquals(ipPacketOf(linkType, new Uint8Array(frame)), undefined);
  });
}

const named: [string, number[], string][] = [
  ["MACsec", [...MACS, 0x88, 0xe5, 0, 0], "MACsec frames"],
  [
    "a pseudowire with something else",
    [...MACS, 0x88, 0x47, 0, 2, 1, 64, 0, 0, 0, 0, ...MACS, 8, 6],
    "MPLS pseudowires that carry no IP in Ethernet",
  ],
  ["MPLS with something else", [...MACS, 0x88, 0x47, 0, 2, 1, 64, 0x10], "MPLS packets that carry no IP"],
  [
    "VLAN tags without end",
    [...MACS, ...Array.from({ length: 99 }, () => [0x81, 0, 0, 5]).flat(), 8, 0],
    "packets with more than 32 headers within each other",
  ],
];
for (const [name, frame, called] of named) {
  Deno.test(`${name} is named, as it cannot be read`, () => {
    assertEquals(ipPacketOf(LINK_TYPE.ethernet, new Uint8Array(frame)), called);
  });
}

Deno.test("an IPv4 packet is taken apart, padding of the frame left out", () => {
  const packet = readIp(concat(IP, new Uint8Array(10)))!;
  assertEquals([packet.source, packet.destination, packet.protocol], [A, B, 6]);
  assertEquals([packet.data.length, packet.missing, packet.isFragment], [24, 0, false]);
});

Deno.test("IPv4 options are passed over", () => {
  const packet = concat(new Uint8Array([0x46]), IP.subarray(1, 20), new Uint8Array(4), IP.subarray(20));
  packet[3] = packet.length;
  assertEquals(readIp(packet)?.data, IP.subarray(20));
});

Deno.test("a length of zero is what the network card had not filled in yet", () => {
  assertEquals(readIp(IP.with(2, 0).with(3, 0))?.data, IP.subarray(20));
});

Deno.test("IPv4 fragments are told from whole packets", () => {
  assertEquals(readIp(ipv4(6, new Uint8Array(8), 0x2000))?.isFragment, true);
  assertEquals(readIp(ipv4(6, new Uint8Array(8), 0x0005))?.isFragment, true);
  assertEquals(readIp(ipv4(6, new Uint8Array(8), 0x4000))?.isFragment, false);
});

/** IPv6 with extension headers before the payload. */
function ipv6(first: number, extensions: readonly number[]): Uint8Array {
  const packet = concat(IP6.subarray(0, 40), new Uint8Array(extensions), IP6.subarray(40));
  packet[6] = first;
  packet[5] = packet.length - 40;
  return packet;
}

Deno.test("an IPv6 packet is taken apart, extension headers passed over", () => {
  const plain = readIp(IP6)!;
  assertEquals([plain.source, plain.destination, plain.protocol, plain.data], [A6, B6, 6, IP6.subarray(40)]);
  const hop = [60, 0, 0, 0, 0, 0, 0, 0];
  const destination = [51, 1, ...new Array(14).fill(0)];
  const authentication = [6, 4, ...new Array(22).fill(0)];
  const packet = readIp(ipv6(0, [...hop, ...destination, ...authentication]))!;
  assertEquals([packet.protocol, packet.data, packet.isFragment], [6, IP6.subarray(40), false]);
});

Deno.test("IPv6 fragments are told, and a fragment header around a whole packet is none", () => {
  assertEquals(readIp(ipv6(44, [6, 0, 0, 1, 0, 0, 0, 9]))?.isFragment, true);
  assertEquals(readIp(ipv6(44, [6, 0, 0, 8, 0, 0, 0, 9]))?.isFragment, true);
  const atomic = readIp(ipv6(44, [6, 0, 0, 0, 0, 0, 0, 9]))!;
  assertEquals([atomic.isFragment, atomic.data], [false, IP6.subarray(40)]);
});

Deno.test("what the capture did not keep is counted", () => {
  const large = tcpPacket({
    source: A,
    destination: B,
    sourcePort: 1,
    destinationPort: 2,
    sequence: 0,
    flags: 0,
    data: new Uint8Array(1000),
  });
  assertEquals(readIp(large.subarray(0, 96))?.missing, 944);
});

for (
  const [name, packet] of [
    ["nothing", new Uint8Array()],
    ["half a header", IP.subarray(0, 19)],
    ["a header length below 20", IP.with(0, 0x44)],
    ["a header length beyond the packet", IP.subarray(0, 24).with(0, 0x4f)],
    ["version 5", IP.with(0, 0x55)],
    ["half an IPv6 header", IP6.subarray(0, 39)],
    ["IPv6 extension headers without end", ipv6(0, [0, 255, 0, 0, 0, 0, 0, 0])],
  ] as const
) {
  Deno.test(`${name} is no IP packet`, () => {
    assertEquals(readIp(packet), undefined);
  });
}
