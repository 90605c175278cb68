/**
 * IP networks.
 * @module
 */
import { plainAddress } from "./connection.ts";

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
