/** Packets within packets, as switches, mirrors and mobile networks make them. */
import { concat, ipv4 } from "./frames.ts";

const raw = (...octets: number[]) => new Uint8Array(octets);
const MACS = new Array(12).fill(0xee);
const ethernet = (packet: Uint8Array) => concat(raw(...MACS, 8, 0), packet);
const udp = (port: number, data: Uint8Array) => {
  const length = 8 + data.length;
  return ipv4(17, concat(raw(0xc0, 0, port >> 8, port & 255, length >> 8, length & 255, 0, 0), data));
};
const gre = (header: number[], data: Uint8Array) => ipv4(47, concat(raw(...header), data));
const zeros = (count: number) => new Array<number>(count).fill(0);
const gtp = (flags: number, type: number, rest: number[], packet: Uint8Array) => {
  const length = rest.length + packet.length;
  return udp(2152, concat(raw(flags, type, length >> 8, length & 255, 0, 0, 0, 1, ...rest), packet));
};

/** Tunnels that are read, each around an IPv4 packet. */
export const TUNNELS: readonly { name: string; wrap: (packet: Uint8Array) => Uint8Array }[] = [
  { name: "IP in IP", wrap: (packet) => ipv4(4, packet) },
  { name: "GRE", wrap: (packet) => gre([0, 0, 8, 0], packet) },
  { name: "GRE with a key and sequence numbers", wrap: (packet) => gre([0x30, 0, 8, 0, ...zeros(8)], packet) },
  { name: "GRE with a checksum", wrap: (packet) => gre([0x80, 0, 8, 0, ...zeros(4)], packet) },
  { name: "Ethernet in GRE", wrap: (packet) => gre([0, 0, 0x65, 0x58], ethernet(packet)) },
  { name: "MPLS in GRE", wrap: (packet) => gre([0, 0, 0x88, 0x47, 0, 1, 1, 64], packet) },
  { name: "ERSPAN type I", wrap: (packet) => gre([0, 0, 0x88, 0xbe], ethernet(packet)) },
  {
    name: "ERSPAN type II",
    wrap: (packet) => gre([0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 1, 0, 1, 0, 0, 0, 0], ethernet(packet)),
  },
  {
    name: "ERSPAN type III",
    wrap: (packet) => gre([0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 1, 0, 1, ...zeros(8)], ethernet(packet)),
  },
  {
    name: "ERSPAN type III with a platform header",
    wrap: (packet) =>
      gre([0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 1, 0, 1, ...zeros(7), 1, ...zeros(8)], ethernet(packet)),
  },
  { name: "VXLAN", wrap: (packet) => udp(4789, concat(raw(8, 0, 0, 0, 0, 0, 5, 0), ethernet(packet))) },
  { name: "VXLAN-GPE", wrap: (packet) => udp(4790, concat(raw(12, 0, 0, 1, 0, 0, 5, 0), packet)) },
  {
    name: "Geneve with an option",
    wrap: (packet) => udp(6081, concat(raw(1, 0, 0x65, 0x58, 0, 0, 5, 0, 0, 0, 0, 0), ethernet(packet))),
  },
  { name: "MPLS in UDP", wrap: (packet) => udp(6635, concat(raw(0, 1, 1, 64), packet)) },
  { name: "MPLS in IP", wrap: (packet) => ipv4(137, concat(raw(0, 1, 1, 64), packet)) },
  { name: "Ethernet in IP", wrap: (packet) => ipv4(97, concat(raw(0x30, 0), ethernet(packet))) },
  { name: "GTP-U", wrap: (packet) => gtp(0x30, 255, [], packet) },
  { name: "GTP-U with a sequence number", wrap: (packet) => gtp(0x32, 255, [0, 1, 0, 0], packet) },
  {
    name: "GTP-U with an extension header",
    wrap: (packet) => gtp(0x34, 255, [0, 0, 0, 0x85, 1, 0x10, 9, 0], packet),
  },
];

/** Packets that carry others which cannot be read, and what they are called. */
export const UNREADABLE: readonly { name: string; packet: Uint8Array }[] = [
  { name: "encrypted packets (ESP)", packet: ipv4(50, new Uint8Array(40)) },
  { name: "GRE packets of PPTP", packet: gre([0x30, 1, 0x88, 0x0b, ...zeros(8)], new Uint8Array(9)) },
  { name: "GRE packets with a source route", packet: gre([0x40, 0, 8, 0], new Uint8Array(9)) },
  { name: "GRE packets of protocol type 0x0806", packet: gre([0, 0, 8, 6], new Uint8Array(9)) },
  {
    name: "ERSPAN packets of frame type 5",
    packet: gre([0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0x14, 0], new Uint8Array(9)),
  },
  { name: "GTP-U packets that carry no IP", packet: gtp(0x30, 255, [], new Uint8Array(20)) },
  { name: "Geneve packets of protocol type 0x1234", packet: udp(6081, raw(0, 0, 0x12, 0x34, 0, 0, 5, 0, 1, 2)) },
  { name: "VXLAN packets of next protocol 4", packet: udp(4790, raw(12, 0, 0, 4, 0, 0, 5, 0, 1, 2)) },
];
