/**
 * A byte connection, whatever carries it.
 * @module
 */
import type { ByteWriter } from "./out_queue.ts";
import type { ByteReader } from "./tap.ts";

/** Where one end of a connection is. */
export interface Endpoint {
  /**
   * Textual IPv4 or IPv6 address; an IPv4 address that arrived over an IPv6 socket is written as
   * IPv4.
   */
  readonly hostname: string;
  /** TCP port. */
  readonly port: number;
}

/** TCP or TLS behind the same calls. */
export interface Connection extends ByteReader, ByteWriter {
  /** This end. */
  readonly local: Endpoint;
  /** The other end. */
  readonly remote: Endpoint;
  /** What TLS established, or is about to; undefined on plain TCP. */
  readonly tls: TlsFacts | undefined;
  /**
   * The other end closed or reset it before a single byte came, as health checks and port scans do.
   * Told by connections that were accepted.
   */
  readonly leftSilently?: boolean;
  /**
   * Ends this side's direction behind all that was written; the other one can still be read. Where
   * there is no such thing, {@link close} is all.
   */
  closeWrite?(): void;
  /** Closes both directions at once; pending reads and writes fail. Closing twice is harmless. */
  close(): void;
}

/** What is known of a TLS peer. */
export interface TlsFacts {
  /**
   * DNS names of the peer's certificate (subjectAltName), as it has them; empty when it showed
   * none.
   */
  readonly names: readonly string[];
  /** The handshake is done: before, there are no names yet. */
  readonly established: boolean;
  /** What both agreed to speak (ALPN, RFC 7301), such as `h2`; absent when nothing. */
  readonly protocol?: string;
}

/** `::ffff:a.b.c.d` as `a.b.c.d`, everything else as it is. */
export function plainAddress(hostname: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(hostname) ? hostname.slice(7) : hostname;
}

/** `host:port`, with brackets around IPv6. */
export function endpointText(endpoint: Endpoint): string {
  return endpoint.hostname.includes(":")
    ? `[${endpoint.hostname}]:${endpoint.port}`
    : `${endpoint.hostname}:${endpoint.port}`;
}
