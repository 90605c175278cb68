/**
 * Who may connect: rules on names and addresses. PURE.
 * @module
 */
import type { AllowRule } from "../core/options.ts";

/** `inNetwork` of `net/ip_network.ts`, given to whoever needs it: see {@link namesNetworks}. */
export type InNetwork = (network: string, address: string) => boolean;

/** Whether some rule asks where a Logic App comes from: only then is {@link InNetwork} called. */
export function namesNetworks(rules: readonly AllowRule[]): boolean {
  return rules.some(({ from }) => from !== "");
}

/** Whether some rule lets `originHost` in from `address`; no rules at all let everybody in. */
export function allowed(
  rules: readonly AllowRule[],
  originHost: string,
  address: string,
  inNetwork: InNetwork,
): boolean {
  if (rules.length === 0) return true;
  return rules.some(({ originHost: pattern, from }) =>
    matchesPattern(pattern, originHost) && (from === "" || inNetwork(from, address))
  );
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
