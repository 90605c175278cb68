/**
 * Who may connect.
 * @module
 */
import { plainAddress } from "../../../net/connection.ts";

/** One rule: both parts must match. */
export interface AllowRule {
  /** A DiameterIdentity in which `*` stands for any characters. */
  readonly originHost: string;
  /** An address or a CIDR range; "" for anywhere. */
  readonly from: string;
}

/** Whether some rule lets `originHost` in from `address`; no rules at all let everybody in. */
export function allowed(rules: readonly AllowRule[], originHost: string, address: string): boolean {
  if (rules.length === 0) return true;
  return rules.some((rule) => matchesPattern(rule.originHost, originHost) && inNetwork(rule.from, address));
}

/** Whether `name` matches `pattern`, in any case (RFC 6733 section 4.3.1). */
export function matchesPattern(pattern: string, name: string): boolean {
  const parts = pattern.toLowerCase().split("*");
  const text = name.toLowerCase();
  if (parts.length === 1) return parts[0] === text;
  const first = parts[0]!;
  const last = parts.at(-1)!;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** Whether `address` lies in `network`: an address, or one with a prefix length. "" is everywhere. */
export function inNetwork(network: string, address: string): boolean {
  if (network === "") return true;
  const [base = "", prefix] = network.split("/");
  const a = addressBits(address);
  const b = addressBits(base);
  if (a === undefined || b === undefined || a.width !== b.width) return false;
  const length = prefix === undefined ? a.width : Number(prefix);
  const shift = BigInt(a.width - length);
  return a.value >> shift === b.value >> shift;
}

/** An address as a number; IPv4 inside IPv6 counts as IPv4. */
function addressBits(text: string): { readonly value: bigint; readonly width: 32 | 128 } | undefined {
  const plain = plainAddress(text.split("%")[0] ?? "");
  if (!plain.includes(":")) {
    const octets = plain.split(".");
    if (octets.length !== 4 || octets.some((octet) => !/^\d{1,3}$/.test(octet) || Number(octet) > 255)) {
      return undefined;
    }
    return { value: octets.reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n), width: 32 };
  }
  const [left = "", right] = plain.split("::");
  const groups = (part: string | undefined) => (part === undefined || part === "" ? [] : part.split(":"));
  const head = groups(left);
  const tail = groups(right);
  const zeros = right === undefined ? [] : Array<string>(Math.max(0, 8 - head.length - tail.length)).fill("0");
  const all = [...head, ...zeros, ...tail];
  if (all.length !== 8 || all.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return { value: all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n), width: 128 };
}
