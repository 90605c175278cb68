/**
 * Numbers and states of a gateway as people read them.
 *
 * PURE.
 * @module
 */
import { formatAddress } from "../../ops/config/address.ts";
import { grouped } from "../../host/numbers.ts";
import type { DraRow } from "./shapes.ts";

/** A time span in its two greatest units: `42s`, `5m 3s`, `3d 4h`. */
export function ageText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3_600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days > 0) return `${days}d ${hours}h`;
  if (hours > 0) return `${hours}h ${minutes}m`;
  return minutes > 0 ? `${minutes}m ${whole % 60}s` : `${whole}s`;
}

/**
 * Milliseconds without their unit, with as many digits as count: `0.05`, `5.1`, `131`; `-` where
 * there are none.
 */
export function latencyText(value: number | null | undefined): string {
  if (value === null || value === undefined) return "-";
  return value >= 100 ? grouped(value) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** Whether requests go there, in a word. */
export function useText({ enabled, usable }: DraRow): string {
  return usable ? "yes" : enabled ? "no" : "off";
}

/** Where it is. */
export function addressText({ host, port }: DraRow): string {
  return formatAddress(host, port);
}

/** Its weight; a star behind one that differs from the configuration's. */
export function weightText({ weight, weight_overridden: isOverridden }: DraRow): string {
  return `${weight}${isOverridden === true ? "*" : ""}`;
}

/**
 * Why a DRA gets no requests; "" when it does, or when somebody wants it so and there is no more to
 * say.
 */
export function troubleText({ usable, enabled, reason, last_error: lastError }: DraRow): string {
  if (usable) return "";
  return reason || (enabled ? lastError : "") || "";
}
