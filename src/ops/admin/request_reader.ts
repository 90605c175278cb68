/**
 * Reading what a request carries, by the description of its route.
 * @module
 */
import type { IncomingMessage } from "node:http";
import type * as z from "zod";
import { nearest } from "../config/nearest.ts";
import { formatPath } from "../config/path.ts";
import { badRequest, type Fault, notFound, Problem, unprocessable } from "./problem.ts";
import type { BodySpec, Shape } from "./route.ts";

/** The parameters of a path. @throws Problem 404: nothing can have such a name */
export function readPath(shape: Shape, given: Readonly<Record<string, string>>): Record<string, unknown> {
  return readAll(shape, (name) => given[name], (name, why) => notFound(`${name}: ${why}`));
}

/** The parameters of a query. @throws Problem 400 naming the parameter */
export function readQuery(shape: Shape, given: URLSearchParams): Record<string, unknown> {
  const refuse = (parameter: string, why: string) => badRequest(`${parameter}: ${why}`, { parameter });
  for (const name of given.keys()) {
    if (!Object.hasOwn(shape, name)) throw refuse(name, unknownParameter(name, Object.keys(shape)));
    if (given.getAll(name).length > 1) throw refuse(name, "expected once");
  }
  return readAll(shape, (name) => given.get(name) ?? undefined, refuse);
}

function unknownParameter(name: string, known: readonly string[]): string {
  if (known.length === 0) return "unknown query parameter; this path takes none";
  const near = nearest(name, known);
  return `unknown query parameter; ${
    near === undefined ? `this path takes ${known.join(", ")}` : `did you mean "${near}"?`
  }`;
}

function readAll(
  shape: Shape,
  given: (name: string) => string | undefined,
  refuse: (name: string, why: string) => Problem,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(shape)) {
    const read = schema.safeParse(given(name));
    if (!read.success) throw refuse(name, read.error.issues[0]?.message ?? "malformed");
    if (read.data !== undefined) values[name] = read.data;
  }
  return values;
}

/**
 * The body of `incoming`, which may have `most` bytes.
 * @throws Problem 413 as soon as that is known, without waiting for the rest
 */
export function readBody(incoming: IncomingMessage, most: number): Promise<Uint8Array<ArrayBuffer>> {
  checkLength(incoming, most);
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const settle = () => {
      incoming.off("data", onData).off("end", onEnd).off("error", onGone).off("close", onGone);
      incoming.pause();
    };
    const onData = (chunk: Uint8Array) => {
      length += chunk.length;
      chunks.push(chunk);
      if (length <= most) return;
      settle();
      reject(tooLarge(most));
    };
    const onEnd = () => {
      settle();
      const body = new Uint8Array(length);
      let at = 0;
      for (const chunk of chunks) {
        body.set(chunk, at);
        at += chunk.length;
      }
      resolve(body);
    };
    const onGone = () => {
      settle();
      reject(badRequest("the body ended before its end"));
    };
    incoming.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
  });
}

/** @throws Problem 413 when the head says that the body will have more than `most` bytes */
export function checkLength(incoming: IncomingMessage, most: number): void {
  if (Number(incoming.headers["content-length"] ?? 0) > most) throw tooLarge(most);
}

function tooLarge(most: number): Problem {
  return new Problem(413, `the body is larger than ${most} bytes`);
}

/** What a body says: JSON as its schema reads it, or bytes where a route takes them. */
export interface ReadBody {
  readonly body: unknown;
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * Reads `bytes` by `spec`. Where either form may come it is JSON when the type says so, or when it
 * begins like an object: no message of ours does, and who sends one with curl names no type.
 * @throws Problem 400 for what is no JSON, 422 (or what the route says) for JSON that does not fit
 */
export function parseBody(
  spec: BodySpec<z.ZodType>,
  bytes: Uint8Array<ArrayBuffer>,
  type: string | undefined,
): ReadBody {
  if (spec.bytes !== undefined && bytes.length > 0 && !isJson(bytes, type)) return { body: undefined, bytes };
  const read = spec.json.safeParse(bytes.length === 0 ? undefined : jsonOf(bytes));
  if (read.success) return { body: read.data, bytes: undefined };
  if (bytes.length === 0) throw badRequest("expected a body in JSON, got none");
  const faults = read.error.issues.map(faultOf);
  const why = "the body does not have the form that is described";
  if (spec.misfit === undefined) throw unprocessable(why, faults);
  throw badRequest(`${why}: ${faults.map(({ detail }) => detail).join("; ")}`, { errors: faults });
}

function isJson(bytes: Uint8Array, type: string | undefined): boolean {
  if (type?.split(";")[0]?.trim().toLowerCase().endsWith("json")) return true;
  return bytes.find((byte) => byte !== 0x20 && (byte < 0x09 || byte > 0x0d)) === "{".charCodeAt(0);
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw badRequest(`expected a body in JSON: ${error instanceof Error ? error.message : error}`);
  }
}

function faultOf(issue: z.core.$ZodIssue): Fault {
  const path = formatPath(issue.path.map((part) => typeof part === "number" ? part : String(part)));
  return { detail: path === "" ? issue.message : `${path}: ${issue.message}`, ...(path === "" ? {} : { path }) };
}
