import { assertEquals } from "@std/assert";
import { inTunnel } from "../../../src/ops/capture/tunnel.ts";
import { TUNNELS, UNREADABLE } from "./tunnels.ts";
import { readIp } from "../../../src/ops/capture/ip.ts";

for (const { name, wrap } of TUNNELS) {
  Deno.test(`the packet in ${name} is found`, () => {
    const inner = new Uint8Array([0x45, 1, 2, 3]);
    assertEquals(inTunnel(readIp(wrap(inner))!), inner);
  });
}

for (const { name, packet } of UNREADABLE) {
  Deno.test(`${name} are named, as they cannot be read`, () => {
    assertEquals(inTunnel(readIp(packet)!), name);
  });
}
