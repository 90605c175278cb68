/**
 * HTTP/1.1 on one connection, as much of it as a small service needs: requests with a body, one
 * after the other (RFC 9112).
 *
 * node:http would do, but not on a connection of which somebody has read the beginning.
 * @module
 */
import type { Connection } from "../../net/connection.ts";
import { Http1Error, type Http1Headers, Http1Input, http1Message } from "../../rpc/http1_input.ts";

/** A request, whole. */
export interface Http1Request {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: Http1Headers;
  /** Lent until the answer. */
  readonly body: Uint8Array;
}

/** Its answer. */
export interface Http1Response {
  readonly status: number;
  readonly headers?: Http1Headers;
  readonly body?: Uint8Array;
}

/** Bytes of the body of a request. */
const LONGEST_BODY = 16 * 1024 * 1024;
const NOTHING = new Uint8Array();
const CONTINUE = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");

/** Serves requests until either side ends; never rejects. */
export async function serveHttp1(
  connection: Connection,
  serve: (request: Http1Request) => Promise<Http1Response>,
): Promise<void> {
  const input = new Http1Input(connection);
  try {
    while (input.ahead > 0 || await input.wait()) {
      const { first, headers } = await input.head();
      const [, method, target] = /^([!#$%&'*+.^`|~\w-]+) (\/\S*) HTTP\/1\.1$/.exec(first) ?? [];
      if (method === undefined) throw new Http1Error(400, "no request of HTTP/1.1");
      if (headers["expect"]?.toLowerCase() === "100-continue") await write(connection, CONTINUE);
      const body = await input.body(headers, LONGEST_BODY) ?? NOTHING;
      const response = await serve({ method, path: target!.split("?", 1)[0]!, headers, body });
      const isLast = headers["connection"]?.toLowerCase() === "close";
      await write(connection, written(response, isLast));
      if (isLast) break;
    }
  } catch (error) {
    // Anything else is a connection that has ended.
    if (error instanceof Http1Error) await write(connection, written({ status: error.status }, true)).catch(() => {});
  }
  connection.close();
}

function written({ status, headers = {}, body = NOTHING }: Http1Response, isLast: boolean): Uint8Array {
  return http1Message(`HTTP/1.1 ${status} `, isLast ? { connection: "close", ...headers } : headers, body);
}

async function write(connection: Connection, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(at === 0 ? bytes : bytes.subarray(at));
}
