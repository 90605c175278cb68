/**
 * Kinds of values that only this plane has.
 * @module
 */
import type { Endpoint } from "../../net/connection.ts";
import { formatAddress, parseAddress } from "../../ops/config/address.ts";
import * as leaf from "../../ops/config/leaves.ts";
import { section } from "../../ops/config/mapping.ts";
import type { KeepaliveOptions } from "./options.ts";

/** The name of a header as HTTP/2 spells it (RFC 9113 8.2). */
export function headerName({ optional = false } = {}) {
  return leaf.text(
    optional ? /^[a-z0-9!#$%&'*+.^_`|~-]*$/ : /^[a-z0-9!#$%&'*+.^_`|~-]+$/,
    "the name of a header in lower case, such as session-id",
  );
}

/** `HOST:PORT` of a backend, or "" for none. */
export function backendAddress() {
  return leaf.dialled(leaf.leaf<Endpoint | null>({
    expected: "HOST:PORT of a backend, such as 10.0.0.1:5001",
    decode: (value) => {
      if (value === "") return null;
      // There is no port that backends have.
      if (typeof value !== "string" || !/:\d+$/.test(value)) return undefined;
      const { hostname, port } = parseAddress(value, { first: 1, otherwise: 0 });
      return { hostname, port };
    },
    encode: (address) => address === null ? "" : formatAddress(address.hostname, address.port),
  }));
}

/** The URL of a discoverer without slashes at its end, or "". */
export function discovererUrl() {
  return leaf.dialled(leaf.leaf<string>({
    expected: "a URL such as http://discoverer:8080",
    decode: (value) => {
      if (value === "") return value;
      const url = typeof value === "string" ? URL.parse(value) : null;
      if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
      if (url.username + url.password + url.search + url.hash !== "") return undefined;
      return String(value).replace(/\/+$/, "");
    },
  }));
}

/** PING after silence; an interval of 0 is off. */
export function keepalive(defaults: KeepaliveOptions) {
  return section({ interval: leaf.duration(0), timeout: leaf.duration() }, defaults);
}
