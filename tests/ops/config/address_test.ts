import { assertEquals, assertThrows } from "@std/assert";
import { AddressError, isHost, isIpRange, isLoopback, parseAddress } from "../../../src/ops/config/address.ts";

const parse = (text: string) => parseAddress(text, { otherwise: 3868 });

Deno.test("HOST:PORT is read for names, IPv4 and bracketed IPv6", () => {
  for (
    const [text, hostname, port] of [
      ["127.0.0.1:3868", "127.0.0.1", 3868],
      ["dra-1.example.com:1", "dra-1.example.com", 1],
      ["localhost:0", "localhost", 0],
      ["[::1]:3868", "::1", 3868],
      ["[::]:65535", "::", 65535],
      ["[::ffff:10.0.0.1]:3868", "::ffff:10.0.0.1", 3868],
    ] as const
  ) assertEquals(parse(text), { hostname, port, text });
});

Deno.test("a host without a port means the port of what listens there", () => {
  for (
    const [text, hostname, whole] of [
      ["10.0.0.1", "10.0.0.1", "10.0.0.1:3868"],
      ["dra-1.example.com", "dra-1.example.com", "dra-1.example.com:3868"],
      ["[::1]", "::1", "[::1]:3868"],
    ] as const
  ) assertEquals(parse(text), { hostname, port: 3868, text: whole });
  assertEquals(parseAddress("10.0.0.1", { otherwise: 5868 }).port, 5868);
});

Deno.test("what is not HOST:PORT is refused with the reason", () => {
  for (
    const [text, reason] of [
      ["x:", 'expected HOST:PORT, got "x:"'],
      ["3868", 'got "3868" (a port stands behind a host: 127.0.0.1:3868)'],
      ["::1", "an IPv6 address goes in brackets"],
      ["", 'expected HOST:PORT, got ""'],
      [":3868", 'expected HOST:PORT, got ":3868"'],
      ["::1:3868", "an IPv6 address goes in brackets"],
      ["[::1]x", "expected HOST:PORT"],
      ["10.0.0.300", 'expected a host name or an IPv4 address, got "10.0.0.300"'],
      ["[10.0.0.1]:3868", "expected an IPv6 address before the port"],
      ["10.0.0.300:3868", "expected a host name or an IPv4 address before the port"],
      ["a b:3868", "expected HOST:PORT"],
      ["h:70000", "expected a port 0..65535, got 70000"],
      ["h:-1", "expected a port 0..65535, got -1"],
      ["h:3868x", "expected a port 0..65535, got 3868x"],
    ] as const
  ) assertThrows(() => parse(text), AddressError, reason, text);
  assertThrows(() => parseAddress("h:0", { first: 1, otherwise: 1 }), AddressError, "expected a port 1..65535, got 0");
});

Deno.test("hosts are names and addresses, and digits with dots only if they are an address", () => {
  for (const good of ["a", "dra_1.example.com", "10.0.0.1", "::1", "fe80::1%eth0", "2001:db8::a"]) {
    assertEquals(isHost(good), true, good);
  }
  for (const bad of ["", "10.0.0.300", "10.0.0", "a..b", "-a", "a-", "a b", "ä.example", "[::1]", "12:34", ":::"]) {
    assertEquals(isHost(bad), false, bad);
  }
});

Deno.test("a range is an address with or without a prefix that fits its family", () => {
  for (const good of ["10.0.0.0/8", "10.0.0.1", "::/0", "2001:db8::/128", "0.0.0.0/0"]) {
    assertEquals(isIpRange(good), true, good);
  }
  for (const bad of ["10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/8/8", "example.com/8", ""]) {
    assertEquals(isIpRange(bad), false, bad);
  }
});

Deno.test("loopback is 127/8, ::1 in any spelling, and localhost", () => {
  for (const yes of ["127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1", "localhost"]) {
    assertEquals(isLoopback(yes), true, yes);
  }
  for (const no of ["0.0.0.0", "::", "10.0.0.1", "127.example.com", "gw.example.com"]) {
    assertEquals(isLoopback(no), false, no);
  }
});
