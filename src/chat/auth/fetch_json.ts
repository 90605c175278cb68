/**
 * JSON over HTTP with bounds, as it is asked of an issuer.
 * @module
 */
import { reasonOf } from "../../net/reason.ts";

/** Bytes of an answer; no key set is so long. */
const LONGEST = 1024 * 1024;

/** One request. */
export interface JsonRequest {
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** ms until the whole answer must be there. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  readonly client: Deno.HttpClient;
}

/**
 * The object that is answered with 200.
 * @throws Error that names method and URL and tells what went wrong; never what was sent
 */
export async function fetchJson(url: string, request: JsonRequest): Promise<Readonly<Record<string, unknown>>> {
  const { method = "GET", headers = {}, body, timeout, signal, client } = request;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`no answer within ${timeout} ms`)), timeout);
  try {
    const response = await fetch(url, {
      method,
      headers: { accept: "application/json", ...headers },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.any([signal, late.signal]),
      client,
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`expected 200, got ${response.status}`);
    }
    return parsed(await readText(response));
  } catch (error) {
    const reason = late.signal.aborted ? late.signal.reason : error;
    throw new Error(`${method} ${withoutUser(url)}: ${reasonOf(reason)}`);
  } finally {
    clearTimeout(timer);
  }
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let [text, length] = ["", 0];
  // Leaving the loop cancels the rest.
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > LONGEST) throw new Error(`the answer is longer than ${LONGEST} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("the answer is not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("the answer is no object");
  return value as Readonly<Record<string, unknown>>;
}

/** A URL may hold a password. */
function withoutUser(url: string): string {
  return url.replace(/\/\/[^/@]*@/, "//");
}
