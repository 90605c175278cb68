/**
 * The opening handshake of WebSocket, as far as it is text (RFC 6455 section 4.2). PURE.
 * @module
 */
import type { Encoding } from "../../proto/codec.ts";
import type { Headers } from "../host.ts";

/** What the client's half of a handshake comes to. */
export interface Upgrade {
  readonly encoding: Encoding;
  /** The subprotocol to name; undefined when the client offered none. */
  readonly protocol: string | undefined;
  /** A token that came as a subprotocol. */
  readonly token: string | undefined;
  /** The client can do permessage-deflate without a window of ours. */
  readonly offersDeflate: boolean;
}

/** Why it is none. */
export interface BadUpgrade {
  readonly status: 400 | 426;
  readonly message: string;
}

/** Subprotocols, the better known ones first. */
const PROTOCOLS: Readonly<Record<string, Encoding>> = { "chat.v1.json": "json", "chat.v1.proto": "proto" };
/** How a page, which cannot set headers, brings its token. */
const BEARER = "bearer.";

/** Reads a handshake; `Host` and the path are looked at elsewhere. */
export function readUpgrade(method: string, headers: Headers): Upgrade | BadUpgrade {
  if (method !== "GET") return bad("the WebSocket handshake is a GET");
  if (headers["sec-websocket-version"] !== "13") {
    return { status: 426, message: "expected Sec-WebSocket-Version 13" };
  }
  if (!/^[A-Za-z0-9+/]{22}==$/.test(headers["sec-websocket-key"] ?? "")) {
    return bad("expected a Sec-WebSocket-Key of 16 bytes in base64");
  }
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim()).filter(Boolean);
  const bearer = offered.find((name) => name.startsWith(BEARER));
  const names = offered.filter((name) => !name.startsWith(BEARER));
  const protocol = names.find((name) => Object.hasOwn(PROTOCOLS, name));
  if (protocol === undefined && names.length > 0) {
    return bad(`expected the subprotocol ${Object.keys(PROTOCOLS).join(" or ")}`);
  }
  return {
    encoding: protocol === undefined ? "json" : PROTOCOLS[protocol]!,
    protocol,
    token: bearer?.slice(BEARER.length),
    offersDeflate: offersDeflate(headers["sec-websocket-extensions"] ?? ""),
  };
}

function bad(message: string): BadUpgrade {
  return { status: 400, message };
}

/**
 * Whether one of the offers of permessage-deflate can be accepted as this side does it: no context
 * is taken over, and the window is the largest (RFC 7692 section 7.1).
 */
function offersDeflate(extensions: string): boolean {
  return extensions.split(",").some((offer) => {
    const [name, ...parameters] = offer.split(";").map((part) => part.trim().toLowerCase());
    return name === "permessage-deflate" &&
      parameters.every((parameter) =>
        /^(?:server_no_context_takeover|client_no_context_takeover|client_max_window_bits(?:\s*=\s*"?(?:[89]|1[0-5])"?)?|server_max_window_bits\s*=\s*"?15"?)$/
          .test(parameter)
      );
  });
}
