/**
 * Kinds of values that only the chat plane has.
 * @module
 */
import { isHost, parseAddress } from "../../ops/config/address.ts";
import * as leaf from "../../ops/config/leaves.ts";

/** `mem://`, `redis://[USER:PASSWORD@]HOST[:PORT][/DB]` or `rediss://...`. */
export type CacheUri = string;

/** Where the cache is. Its password is shown to nobody. */
export function cacheUri() {
  return leaf.uriWithPassword({
    expected: "mem://, redis://[USER:PASSWORD@]HOST:PORT[/DB] or rediss://...",
    isRight: (text) => {
      if (text === "mem://") return true;
      const url = URL.parse(text);
      if (url === null || !/^rediss?:$/.test(url.protocol) || !text.includes("://")) return false;
      return url.hostname !== "" && url.search + url.hash === "" && /^(\/\d*)?$/.test(url.pathname);
    },
  });
}

/** Where the core is: `HOST:PORT`, or a URL that says how it is spoken to. */
export function coreUri() {
  return leaf.dialled(leaf.leaf<string>({
    expected: "HOST:PORT, http(s)://HOST[:PORT] or grpc(s)://HOST:PORT",
    decode: (value) => {
      if (typeof value !== "string") return undefined;
      if (!value.includes("://")) {
        if (!/:\d+$/.test(value)) return undefined;
        parseAddress(value, { first: 1, otherwise: 0 });
        return value;
      }
      const url = URL.parse(value.replace(/^grpc(s?):/, "http$1:"));
      if (url === null || !/^(https?|grpcs?):\/\//.test(value)) return undefined;
      if (url.username + url.password + url.search + url.hash !== "" || url.port === "0") return undefined;
      if (!isHost(url.hostname.replace(/^\[(.*)\]$/, "$1"))) return undefined;
      if (value.startsWith("grpc") && url.pathname !== "/") return undefined;
      return value.replace(/\/+$/, "");
    },
  }));
}

/** An http or https URL, or "". */
export function url(example: string) {
  return leaf.dialled(leaf.leaf<string>({
    expected: `a URL such as ${example}`,
    decode: (value) => {
      if (value === "") return "";
      const url = typeof value === "string" ? URL.parse(value) : null;
      if (url === null || !/^https?:\/\//.test(String(value))) return undefined;
      return url.username + url.password + url.hash === "" ? String(value) : undefined;
    },
  }));
}

/** What a browser calls the page that it shows (RFC 6454), or `*` for any. */
export function origin() {
  return leaf.leaf<string>({
    expected: 'an origin such as https://chat.example.com, or "*"',
    decode: (value) => {
      if (value === "*") return value;
      const url = typeof value === "string" ? URL.parse(value) : null;
      if (url === null || url.host === "" || url.pathname.length > 1 || url.search + url.hash !== "") return undefined;
      // Those of browsers: lower case, and no port where it is the usual one.
      return url.origin === "null" ? String(value).replace(/\/$/, "").toLowerCase() : url.origin;
    },
  });
}

/** A network or an address. */
export function network() {
  const range = leaf.addressRange();
  return leaf.leaf<string>({
    expected: "an address or a network such as 10.0.0.0/8",
    decode: (value) => value === "" ? undefined : range.safeParse(value).data,
  });
}
