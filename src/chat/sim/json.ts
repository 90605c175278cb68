/**
 * Reading requests in proto3 JSON, whose senders may have written anything. PURE.
 * @module
 */
import type { ErrorCode } from "../../rpc/error.ts";

/** An object of JSON. */
export type Json = Readonly<Record<string, unknown>>;

/** The answer to a request that is not served. */
export class SimError extends Error {
  override name = "SimError";

  constructor(readonly code: ErrorCode, message: string) {
    super(message);
  }
}

/** What a request is wrong in: invalid_argument. */
export function invalid(field: string, expected: string): SimError {
  return new SimError("invalid_argument", `${field}: expected ${expected}`);
}

/** Whether it is an object. */
export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A string; "" when it is not there. @throws SimError */
export function textOf(from: Json, field: string): string {
  const value = fieldOf(from, field) ?? "";
  if (typeof value !== "string") throw invalid(field, "a string");
  return value;
}

/** A whole number; 0 when it is not there. @throws SimError */
export function numberOf(from: Json, field: string): number {
  const value = Number(fieldOf(from, field) ?? 0);
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) throw invalid(field, "a whole number");
  return value;
}

/** @throws SimError */
export function flagOf(from: Json, field: string): boolean {
  const value = fieldOf(from, field) ?? false;
  if (typeof value !== "boolean") throw invalid(field, "true or false");
  return value;
}

/** An object; undefined when it is not there. @throws SimError */
export function objectOf(from: Json, field: string): Json | undefined {
  const value = fieldOf(from, field) ?? undefined;
  if (value !== undefined && !isJson(value)) throw invalid(field, "an object");
  return value;
}

/** A list of objects; empty when it is not there. @throws SimError */
export function listOf(from: Json, field: string): readonly Json[] {
  const value = fieldOf(from, field) ?? [];
  if (!Array.isArray(value) || !value.every(isJson)) throw invalid(field, "a list of objects");
  return value;
}

/** A list of strings; empty when it is not there. @throws SimError */
export function textsOf(from: Json, field: string): readonly string[] {
  const value = fieldOf(from, field) ?? [];
  if (!Array.isArray(value) || !value.every((one) => typeof one === "string")) {
    throw invalid(field, "a list of strings");
  }
  return value;
}

/** Both spellings are read: `roomId` and `room_id`. */
function fieldOf(from: Json, field: string): unknown {
  return from[field] ?? from[field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
}
