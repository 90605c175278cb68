/**
 * What the flags of simulators and load have in common.
 * @module
 */
import { judgeIdentity } from "../../diameter/wire/identity.ts";
import type { AdvertisedApplication } from "../../diameter/peer/capabilities.ts";
import { LOAD_KINDS, type LoadKind } from "../../diameter/sim/load_messages.ts";
import { DIAMETER_PORT } from "../../diameter/wire/ports.ts";
import { AddressError, type ListenAddress, parseAddress } from "../../ops/config/address.ts";
import { UsageError } from "../cli/command.ts";

/**
 * Collects what is wrong with flags whose values have a form of their own; then all of it is told
 * at once.
 */
export class FlagReader {
  readonly #problems: string[] = [];
  readonly #command: string;

  constructor(command: string) {
    this.#command = command;
  }

  /** Something is wrong with `--flag`. */
  reject(flag: string, message: string): undefined {
    this.#problems.push(`--${flag}: ${message}`);
    return undefined;
  }

  /** Throws a UsageError when something was wrong. */
  check(): void {
    if (this.#problems.length > 0) throw new UsageError(this.#problems, this.#command);
  }

  /** A DiameterIdentity. */
  identity(flag: string, name: string): void {
    const fault = judgeIdentity(name);
    if (fault === undefined) return;
    this.reject(flag, `expected a host or realm name in ASCII, got ${JSON.stringify(name)}: it ${fault.reason}`);
  }

  /** `HOST:PORT` or `HOST`; the place is nonsense when it was rejected. */
  address(flag: string, text: string, first: 0 | 1 = 0): ListenAddress {
    try {
      return parseAddress(text, { first, otherwise: DIAMETER_PORT });
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      this.reject(flag, error.message);
      return { hostname: "", port: 0, text };
    }
  }

  /** `CODE`, or `VENDOR:CODE` for an Experimental-Result. */
  result(flag: string, text: string | undefined): { code: number; vendor: number } | undefined {
    if (text === undefined) return undefined;
    const match = /^(?:(\d{1,9}):)?(\d{1,9})$/.exec(text);
    if (match === null) return this.reject(flag, `expected CODE or VENDOR:CODE such as 10415:5422, got ${text}`);
    return { vendor: Number(match[1] ?? 0), code: Number(match[2]) };
  }

  /** `ID` or `ID:VENDOR`, several with commas between them. */
  applications(flag: string, lists: readonly string[]): AdvertisedApplication[] | undefined {
    if (lists.length === 0) return undefined;
    return lists.flatMap((list) => list.split(",")).flatMap((text) => {
      const match = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text.trim());
      if (match === null) {
        this.reject(flag, `expected ID or ID:VENDOR such as 16777252:10415, got ${JSON.stringify(text)}`);
        return [];
      }
      const id = Number(match[1]);
      return match[2] === undefined ? [{ id }] : [{ id, vendor: Number(match[2]) }];
    });
  }

  /** `s13=8,s6a=1`, or one kind alone. */
  mix(flag: string, text: string): Partial<Record<LoadKind, number>> {
    const mix: Partial<Record<LoadKind, number>> = {};
    for (const part of text.split(",")) {
      const [, name = "", share = "1"] = /^\s*(\w+)\s*(?:=\s*(\d{1,3})\s*)?$/.exec(part) ?? [];
      const kind = LOAD_KINDS.find((known) => known === name);
      if (kind === undefined) {
        this.reject(flag, `expected KIND=SHARE with a KIND of ${LOAD_KINDS.join(", ")}, got ${JSON.stringify(part)}`);
      } else if (Number(share) > 0) mix[kind] = Number(share);
    }
    return mix;
  }

  /** IMEIs, several with commas between them. */
  imeis(flag: string, lists: readonly string[]): string[] | undefined {
    if (lists.length === 0) return undefined;
    return lists.flatMap((list) => list.split(",")).map((text) => {
      const imei = text.trim();
      if (!/^\d{14,16}$/.test(imei)) this.reject(flag, `expected 14 to 16 digits, got ${JSON.stringify(imei)}`);
      return imei;
    });
  }
}
