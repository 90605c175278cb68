/**
 * Where the core is. PURE.
 * @module
 */

/** A core's address, taken apart. */
export interface CoreAddress {
  readonly protocol: "connect" | "grpc";
  readonly tls: boolean;
  /** Without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** Goes before the service's path: "" or `/api`. */
  readonly prefix: string;
}

const SCHEMES: Readonly<Record<string, { readonly protocol: "connect" | "grpc"; readonly tls: boolean }>> = {
  http: { protocol: "connect", tls: false },
  https: { protocol: "connect", tls: true },
  grpc: { protocol: "grpc", tls: false },
  grpcs: { protocol: "grpc", tls: true },
};

/**
 * Reads `HOST:PORT`, `http(s)://HOST[:PORT][/PATH]` or `grpc(s)://HOST[:PORT]`.
 * @returns undefined when it is none of these
 */
export function parseCoreUri(uri: string): CoreAddress | undefined {
  const match = /^(?:([a-z]+):\/\/)?(\[[0-9A-Fa-f:.]+\]|[^:/?#@\s[\]]+)(?::(\d{1,5}))?(\/[^?#\s]*)?$/.exec(uri);
  if (match === null) return undefined;
  const [, name, host = "", digits, path = ""] = match;
  const scheme = Object.hasOwn(SCHEMES, name ?? "http") ? SCHEMES[name ?? "http"] : undefined;
  if (scheme === undefined || (name === undefined && (digits === undefined || path !== ""))) return undefined;
  const port = digits === undefined ? (scheme.tls ? 443 : 80) : Number(digits);
  if (port < 1 || port > 65_535) return undefined;
  return { ...scheme, hostname: host.replace(/^\[|\]$/g, ""), port, prefix: path.replace(/\/+$/, "") };
}
