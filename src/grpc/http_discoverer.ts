/**
 * A discoverer that is asked over HTTP.
 * @module
 */
import { reasonOf } from "../net/reason.ts";
import { readInstances } from "./instances.ts";
import type { Discoverer, Instance } from "./parts.ts";

/** What {@link HttpDiscoverer} is told. */
export interface HttpDiscovererOptions {
  /** Where it is, without `/v1`: `http://discoverer:8080`. */
  readonly url: string;
  /** ms that one request may take. */
  readonly timeout?: number;
  /** Told of entries that cannot be used, a sentence each, when they have changed. */
  readonly skipped?: (sentences: readonly string[]) => void;
}

/** Bytes of a list; there is no cluster of so many instances. */
const LONGEST_LIST = 16 * 2 ** 20;

/** `GET /v1/instances` and `POST /v1/unregister/{id}`. */
export class HttpDiscoverer implements Discoverer {
  readonly #base: string;
  readonly #timeout: number;
  readonly #skipped: (sentences: readonly string[]) => void;
  #skippedBefore = "";
  /** Its own connections, so that they end with it. */
  readonly #client = Deno.createHttpClient({});

  /** Asks nobody yet. */
  constructor({ url, timeout = 2_000, skipped = () => {} }: HttpDiscovererOptions) {
    this.#base = url.replace(/\/+$/, "");
    this.#timeout = timeout;
    this.#skipped = skipped;
  }

  async getInstances(signal: AbortSignal): Promise<Instance[]> {
    const { instances, skipped } = await this.#ask("GET", "/v1/instances", signal, async (response) => {
      const text = await readText(response);
      return readInstances(parsed(text));
    });
    const now = skipped.join("\n");
    // A list comes every few seconds: the same fault is told once.
    if (now !== this.#skippedBefore) {
      this.#skippedBefore = now;
      if (skipped.length > 0) this.#skipped(skipped);
    }
    return [...instances];
  }

  async unregisterInstance(id: string, signal: AbortSignal): Promise<void> {
    await this.#ask("POST", `/v1/unregister/${encodeURIComponent(id)}`, signal, (response) => response.body?.cancel());
  }

  /** Ends its connections. */
  close(): void {
    this.#client.close();
  }

  async #ask<T>(
    method: string,
    path: string,
    signal: AbortSignal,
    read: (response: Response) => T | Promise<T>,
  ): Promise<T> {
    const url = `${this.#base}${path}`;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error(`no answer within ${this.#timeout} ms`)), this.#timeout);
    try {
      const request = { method, signal: AbortSignal.any([signal, late.signal]), client: this.#client };
      const response = await fetch(url, request);
      if (!response.ok || (method === "GET" && response.status !== 200)) {
        await response.body?.cancel();
        throw new Error(`expected 200, got ${response.status}`);
      }
      return await read(response);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const reason = late.signal.aborted ? late.signal.reason : error;
      throw new Error(`${method} ${url}: ${reasonOf(reason)}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels the rest.
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > LONGEST_LIST) throw new Error(`the answer is longer than ${LONGEST_LIST} bytes`);
    chunks.push(chunk);
  }
  return await new Blob(chunks as Uint8Array<ArrayBuffer>[]).text();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("the answer is not JSON");
  }
}
