/**
 * A message as the views of `decode` get it, and what they all ask of it.
 *
 * PURE.
 * @module
 */
import { AVP } from "../../diameter/wire/avp_codes.ts";
import type { DecodedAvp, DecodedMessage } from "../../diameter/wire/decode_message.ts";
import { FLAG } from "../../diameter/wire/header.ts";
import type { Captured } from "../messages/input.ts";
import type { Request } from "./pairing.ts";

/** A message, and where it was. */
export interface Seen {
  readonly message: DecodedMessage;
  /** Undefined for what is in no capture. */
  readonly captured?: Captured | undefined;
  /** The request that it is, or that it answers; undefined when that was not seen. */
  readonly request?: Request | undefined;
}

/** Whether a message is to be shown. */
export type Test = (seen: Seen) => boolean;

/** A way to show messages. */
export interface View {
  /** Gets every message, also those that are not to be shown. */
  notice?(seen: Seen): void;
  /** Shows, or keeps, the next message. */
  show(seen: Seen): void;
  /** There are no more. */
  end(): void;
}

/** Result-Code, or the code inside Experimental-Result. */
export interface Result {
  readonly code: number;
  readonly name?: string;
}

/** Whether it is a request. */
export function isRequest({ header }: DecodedMessage): boolean {
  return (header.flags & FLAG.request) !== 0;
}

/** `ECR`; the name where the dictionary has no abbreviation. */
export function shortName({ abbreviation, name }: DecodedMessage): string {
  return abbreviation ?? name;
}

/** What an answer says of its request; undefined where it says nothing (RFC 6733 section 7). */
export function resultOf({ avps }: DecodedMessage): Result | undefined {
  const plain = avpOf(avps, AVP.resultCode);
  const group = avpOf(avps, AVP.experimentalResult)?.avps ?? [];
  const found = plain ?? avpOf(group, AVP.experimentalResultCode);
  if (typeof found?.value !== "number") return undefined;
  return { code: found.value, ...(found.valueName !== undefined && { name: found.valueName }) };
}

/** The text of a top-level AVP of the base protocol. */
export function textOf({ avps }: DecodedMessage, code: number): string | undefined {
  const value = avpOf(avps, code)?.value;
  return typeof value === "string" ? value : undefined;
}

/** Milliseconds from the request to this answer; undefined where one of the times is not known. */
export function responseTime({ message, captured, request }: Seen): number | undefined {
  if (isRequest(message) || captured?.time === undefined || request?.time === undefined) return undefined;
  return Number(captured.time - request.time) / 1e6;
}

function avpOf(avps: readonly DecodedAvp[], wanted: number): DecodedAvp | undefined {
  return avps.find(({ code, vendor }) => code === wanted && vendor === 0);
}
