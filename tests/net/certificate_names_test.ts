import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { dnsNamesOf } from "../../src/net/certificate_names.ts";

/** One DER value. */
function der(tag: number, ...content: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  const head = length < 0x80
    ? [tag, length]
    : length < 0x100
    ? [tag, 0x81, length]
    : [tag, 0x82, length >> 8, length & 0xff];
  return new Uint8Array([...head, ...content.flatMap((part) => [...part])]);
}

const ascii = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const dns = (name: string) => der(0x82, ascii(name));
const uri = (name: string) => der(0x86, ascii(name));
const address = der(0x87, [10, 0, 0, 1]);
const names = (...general: Uint8Array[]) => der(0x30, ...general);

const SUBJECT_ALT_NAME = der(0x06, [0x55, 0x1d, 0x11]);
const KEY_USAGE = der(0x30, der(0x06, [0x55, 0x1d, 0x0f]), der(0x01, [0xff]), der(0x04, der(0x03, [5, 0xa0])));

function extension(value: Uint8Array, critical = false): Uint8Array {
  return der(0x30, SUBJECT_ALT_NAME, ...(critical ? [der(0x01, [0xff])] : []), der(0x04, value));
}

/** A certificate with these extensions; with none given, without that part. */
function certificate(...extensions: Uint8Array[]): Uint8Array {
  const algorithm = der(0x30, der(0x06, [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]));
  return der(
    0x30,
    der(
      0x30,
      der(0xa0, der(0x02, [2])),
      der(0x02, [1]),
      algorithm,
      // The issuer's and the subject's names are never looked into, whatever they say.
      der(0x30, uri("DNS:issuer.example.net")),
      der(0x30, der(0x17, ascii("261128000000Z")), der(0x17, ascii("271128000000Z"))),
      der(0x30, dns("subject.example.net")),
      der(0x30, algorithm, der(0x03, [0, 4, 1, 2])),
      ...(extensions.length === 0 ? [] : [der(0xa3, der(0x30, ...extensions))]),
    ),
    algorithm,
    der(0x03, [0, 1, 2, 3]),
  );
}

const CASES: readonly (readonly [string, Uint8Array, readonly string[]])[] = [
  ["one name", certificate(extension(names(dns("app.example.net")))), ["app.example.net"]],
  ["case is kept", certificate(extension(names(dns("APP.Example.net")))), ["APP.Example.net"]],
  ["several names among others", certificate(extension(names(uri("x"), dns("a.net"), address, dns("b.net")))), [
    "a.net",
    "b.net",
  ]],
  ["a critical extension behind another", certificate(KEY_USAGE, extension(names(dns("a.net")), true)), ["a.net"]],
  ["a long list", certificate(extension(names(...Array.from({ length: 200 }, (_, i) => dns(`h${i}.net`))))), [
    ...Array.from({ length: 200 }, (_, i) => `h${i}.net`),
  ]],
  ["no extensions", certificate(), []],
  ["other extensions only", certificate(KEY_USAGE), []],
  ["an empty list", certificate(extension(names())), []],
  // What the text of all names joined by commas would make two names of.
  [
    "a comma inside a name",
    certificate(extension(names(dns("evil.example.net, DNS:victim.example.net")))),
    ["evil.example.net, DNS:victim.example.net"],
  ],
  ["a DNS name inside a URI", certificate(extension(names(uri("http://x/, DNS:victim.example.net")))), []],
  ["a NUL inside a name", certificate(extension(names(dns("victim.net\0.evil.net")))), ["victim.net\0.evil.net"]],
  ["octets beyond ASCII", certificate(extension(names(dns("\xe9.net")))), ["\xe9.net"]],
  // Malformed: nobody.
  ["two lists", certificate(extension(names(dns("a.net"))), extension(names(dns("b.net")))), []],
  ["octets behind the last name", certificate(extension(names(dns("a.net"), new Uint8Array([0x82])))), []],
  ["a name longer than the list", certificate(extension(names(new Uint8Array([0x82, 9, 0x61, 0x62])))), []],
  ["an indefinite length", certificate(extension(new Uint8Array([0x30, 0x80, 0x82, 1, 0x61, 0, 0]))), []],
  ["a length in more octets than needed", certificate(extension(new Uint8Array([0x30, 0x81, 3, 0x82, 1, 0x61]))), []],
  ["a length of four octets", certificate(extension(new Uint8Array([0x30, 0x84, 0, 0, 0, 3, 0x82, 1, 0x61]))), []],
  ["a tag of several octets", certificate(extension(names(new Uint8Array([0x9f, 0x82, 1, 0x61])))), []],
  ["a list that is a set", certificate(extension(der(0x31, dns("a.net")))), []],
  ["nothing at all", new Uint8Array(), []],
  ["text", ascii("-----BEGIN CERTIFICATE-----"), []],
];
for (const [what, bytes, expected] of CASES) {
  Deno.test(`the DNS names of a certificate: ${what}`, () => assertEquals(dnsNamesOf(bytes), expected));
}

Deno.test("a certificate that ends anywhere too early names nobody", () => {
  const whole = certificate(KEY_USAGE, extension(names(dns("a.net"))));
  for (let end = 0; end < whole.length; end++) assertEquals(dnsNamesOf(whole.subarray(0, end)), [], `${end}`);
});

Deno.test("whatever octets a certificate has, it is read in one pass and without an exception", () => {
  const whole = certificate(KEY_USAGE, extension(names(dns("a.net"), uri("b"), dns("c.net"))));
  const changes = fc.array(fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 })), { maxLength: 4 });
  fc.assert(
    fc.property(fc.oneof(changes, fc.uint8Array({ maxLength: 300 })), (wish) => {
      const bytes = wish instanceof Uint8Array ? wish : Uint8Array.from(whole);
      if (!(wish instanceof Uint8Array)) { for (const [at, to] of wish) bytes[at] = to; }
      for (const name of dnsNamesOf(bytes)) assertEquals(name.length <= bytes.length, true);
    }),
    { numRuns: 5_000 },
  );
});
