import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { inNetwork } from "../../src/net/ip_network.ts";

for (
  const [network, address, expected] of [
    ["", "192.0.2.1", true],
    ["", "2001:db8::1", true],
    ["10.0.1.5", "10.0.1.5", true],
    ["10.0.1.5", "10.0.1.6", false],
    ["10.0.0.0/8", "10.255.0.1", true],
    ["10.0.0.0/8", "11.0.0.1", false],
    // A network is named by any address in it.
    ["10.1.2.3/8", "10.200.0.1", true],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["192.0.2.0/31", "192.0.2.1", true],
    ["192.0.2.0/31", "192.0.2.2", false],
    ["010.0.0.0/8", "10.1.2.3", true],
    ["2001:db8::/32", "2001:db8:ffff::1", true],
    ["2001:db8::/32", "2001:db9::1", false],
    ["2001:DB8::1", "2001:db8:0:0:0:0:0:1", true],
    ["::/0", "2001:db8::1", true],
    ["::/0", "192.0.2.1", false],
    ["fe80::/10", "fe80::1%eth0", true],
    ["fe80::1%eth0", "fe80::1", true],
    // IPv4 inside IPv6, as sockets that serve both show it.
    ["10.0.0.0/8", "::ffff:10.1.2.3", true],
    ["10.0.0.0/8", "::ffff:a01:203", true],
    ["::ffff:10.0.0.1", "10.0.0.1", true],
    ["::ffff:10.0.0.0/104", "10.1.2.3", true],
    ["::ffff:10.0.0.0/104", "11.1.2.3", false],
    ["::ffff:0:0/96", "203.0.113.9", true],
    // What is no network, or no address.
    ["10.0.0.0/33", "10.0.0.0", false],
    ["10.0.0.0/", "10.0.0.0", false],
    ["10.0.0.0/x", "10.0.0.0", false],
    ["10.0.0.0/-1", "10.0.0.0", false],
    ["10.0.0.0/8/8", "10.0.0.0", false],
    ["2001:db8::/129", "2001:db8::", false],
    ["10.0.0", "10.0.0.0", false],
    ["10", "0.0.0.10", false],
    ["0x0a000001", "10.0.0.1", false],
    ["10.0.0.256", "10.0.0.0", false],
    ["localhost", "127.0.0.1", false],
    ["10.0.0.0/8", "somewhere", false],
    ["10.0.0.0/8", "", false],
  ] as const
) {
  Deno.test(`${address || "no address"} ${expected ? "lies" : "does not lie"} in ${network || "everywhere"}`, () => {
    assertEquals(inNetwork(network, address), expected);
  });
}

Deno.test("an IPv4 network holds exactly the addresses that share its first bits", () => {
  const octets = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 });
  const bitsOf = (address: number[]) => address.map((octet) => octet.toString(2).padStart(8, "0")).join("");
  fc.assert(
    fc.property(octets, octets, fc.nat(32), fc.nat(32), (base, other, length, shared) => {
      // Two random addresses share hardly a bit: the second one takes some of the first.
      const bits = bitsOf(base).slice(0, shared) + bitsOf(other).slice(shared);
      const address = [0, 8, 16, 24].map((at) => parseInt(bits.slice(at, at + 8), 2));
      const expected = bitsOf(base).slice(0, length) === bits.slice(0, length);
      assertEquals(inNetwork(`${base.join(".")}/${length}`, address.join(".")), expected);
    }),
  );
});
