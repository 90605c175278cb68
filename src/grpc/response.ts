/**
 * What a backend's header list says to a proxy; found out once for each list. PURE.
 * @module
 */
import { HeaderList } from "../http2/hpack/header_list.ts";
import { STATUS } from "../rpc/status.ts";

/** Facts of a response's headers or trailers. */
export interface ResponseFacts {
  /** What goes to the client: the same list, unless it has headers of a connection. */
  readonly list: HeaderList;
  /** The gRPC status that it means, 0 to 16. */
  readonly status: number;
  /** A response that is headers only, for a client that has its headers already. */
  readonly asTrailers: HeaderList;
}

/** They belong to one connection (RFC 9113 section 8.2.2). */
const OF_CONNECTION = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te"]);

/** HTTP statuses without grpc-status (gRPC's http-grpc-status-mapping). */
const BY_HTTP: Readonly<Record<string, number>> = {
  400: STATUS.INTERNAL,
  401: STATUS.UNAUTHENTICATED,
  403: STATUS.PERMISSION_DENIED,
  404: STATUS.UNIMPLEMENTED,
  429: STATUS.UNAVAILABLE,
  502: STATUS.UNAVAILABLE,
  503: STATUS.UNAVAILABLE,
  504: STATUS.UNAVAILABLE,
};

const HIGHEST_STATUS = 16;

class Facts implements ResponseFacts {
  readonly list: HeaderList;
  readonly status: number;
  #asTrailers: HeaderList | undefined;

  constructor(list: HeaderList) {
    this.list = list.names.some((name) => OF_CONNECTION.has(name))
      ? filtered(list, (name) => !OF_CONNECTION.has(name))
      : list;
    this.status = statusOf(list);
  }

  get asTrailers(): HeaderList {
    return this.#asTrailers ??= filtered(this.list, (name) => !name.startsWith(":") && name !== "content-type");
  }
}

/** The facts of `list`, which stay with it. */
export function responseFacts(list: HeaderList): ResponseFacts {
  return (list.memo ??= new Facts(list)) as Facts;
}

function statusOf(list: HeaderList): number {
  const text = list.get("grpc-status");
  if (text === undefined) return BY_HTTP[list.get(":status") ?? ""] ?? STATUS.UNKNOWN;
  const code = /^\d{1,2}$/.test(text) ? Number(text) : NaN;
  return code <= HIGHEST_STATUS ? code : STATUS.UNKNOWN;
}

function filtered(list: HeaderList, keeps: (name: string) => boolean): HeaderList {
  const kept = new HeaderList();
  for (let i = 0; i < list.names.length; i++) {
    const name = list.names[i]!;
    if (keeps(name)) kept.append(name, list.values[i]!, list.neverIndexed?.has(i) === true);
  }
  return kept;
}
