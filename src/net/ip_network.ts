/**
 * Which addresses a network holds. PURE.
 * @module
 */
import ipaddr from "ipaddr.js";

/** An address, and how many of the bits that were written to name it are left out. */
interface Read {
  readonly address: ipaddr.IPv4 | ipaddr.IPv6;
  readonly leftOut: 0 | 96;
}

/**
 * Whether `address` lies in `network`. An IPv4 address written inside IPv6 (`::ffff:10.0.0.1`)
 * counts as IPv4, in both; a zone (`%eth0`) says nothing about either.
 *
 * @param network an address, or one with a prefix length such as `10.0.0.0/8`; "" is everywhere,
 * and what is no network holds nothing
 */
export function inNetwork(network: string, address: string): boolean {
  if (network === "") return true;
  const [text = "", prefix, ...rest] = network.split("/");
  const base = read(text);
  const candidate = read(address)?.address;
  if (base === undefined || candidate === undefined || rest.length > 0) return false;
  if (base.address.kind() !== candidate.kind()) return false;
  const bits = candidate.kind() === "ipv4" ? 32 : 128;
  const length = prefix === undefined ? bits : lengthOf(prefix) - base.leftOut;
  return length >= 0 && length <= bits && candidate.match(base.address, length);
}

function read(text: string): Read | undefined {
  const plain = text.split("%")[0]!;
  if (!plain.includes(":")) {
    // The package would read octal numbers, and fewer than four parts: here they are four, decimal.
    const decimal = plain.replaceAll(/\b0+(?=\d)/g, "");
    if (!ipaddr.IPv4.isValidFourPartDecimal(decimal)) return undefined;
    return { address: ipaddr.IPv4.parse(decimal), leftOut: 0 };
  }
  if (!ipaddr.IPv6.isValid(plain)) return undefined;
  const address = ipaddr.IPv6.parse(plain);
  return address.isIPv4MappedAddress() ? { address: address.toIPv4Address(), leftOut: 96 } : { address, leftOut: 0 };
}

/** NaN, which no bound holds, when it is no number. */
function lengthOf(prefix: string): number {
  return /^\d{1,3}$/.test(prefix) ? Number(prefix) : NaN;
}
