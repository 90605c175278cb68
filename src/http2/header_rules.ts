/**
 * Whether a header section is what RFC 9113 sections 8.2 and 8.3 allow. PURE.
 *
 * Must not know what a request is for.
 * @module
 */
import type { HeaderList } from "./hpack/header_list.ts";

/** As what a list is judged. */
export type SectionKind = "request" | "response" | "request trailers" | "response trailers";

/** What was found out about a list; kept with it, because decoders share lists that repeat. */
export class HeaderFacts {
  /** What is wrong with it, as a clause; undefined when it stands. */
  fault: string | undefined = undefined;
  /** Its content-length; -1 without one. */
  contentLength = -1;
  /** The status of a response; 0 of anything else. */
  status = 0;

  constructor(readonly kind: SectionKind) {}
}

/** Judges `list` as `kind`. */
export function factsOf(list: HeaderList, kind: SectionKind): HeaderFacts {
  const known = list.checked;
  if (known instanceof HeaderFacts && known.kind === kind) return known;
  const facts = new HeaderFacts(kind);
  facts.fault = judge(list, facts);
  list.checked = facts;
  return facts;
}

/** Kinds of names that have a meaning here. */
const CONNECTION = 1;
const TE = 2;
const CONTENT_LENGTH = 3;
const METHOD = 4;
const SCHEME = 5;
const AUTHORITY = 6;
const PATH = 7;
const STATUS = 8;

const NAMES: ReadonlyMap<string, number> = new Map([
  ["connection", CONNECTION],
  ["keep-alive", CONNECTION],
  ["proxy-connection", CONNECTION],
  ["transfer-encoding", CONNECTION],
  ["upgrade", CONNECTION],
  ["te", TE],
  ["content-length", CONTENT_LENGTH],
  [":method", METHOD],
  [":scheme", SCHEME],
  [":authority", AUTHORITY],
  [":path", PATH],
  [":status", STATUS],
]);

function judge(list: HeaderList, facts: HeaderFacts): string | undefined {
  const { names, values } = list;
  const { kind } = facts;
  const request = kind === "request" || kind === "request trailers";
  if (list.malformed) return "a name or value holds octets that none may hold";
  /** Bits of the pseudo-header fields that were there. */
  let seen = 0;
  let regular = false;
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    const value = values[i]!;
    const is = NAMES.get(name);
    if (is !== undefined && is >= METHOD) {
      if (regular) return `${name} stands behind other fields`;
      if (kind !== (is === STATUS ? "response" : "request")) return `${name} has no place in a ${kind} section`;
      if ((seen & (1 << is)) !== 0) return `${name} comes twice`;
      seen |= 1 << is;
      if (is === STATUS) {
        if (!/^[1-9]\d\d$/.test(value)) return ":status is no status";
        facts.status = Number(value);
      }
      continue;
    }
    regular = true;
    if (is === undefined) {
      if (name.startsWith(":")) return `${JSON.stringify(name.slice(0, 40))} is no pseudo-header field`;
    } else if (is === CONNECTION) {
      // Of a response they are removed by whoever passes it on.
      if (request) return `${name} belongs to HTTP/1.1`;
    } else if (is === TE) {
      if (request && value.toLowerCase() !== "trailers") return "te may only say trailers";
    } else if (is === CONTENT_LENGTH) {
      const length = /^\d{1,15}$/.test(value) ? Number(value) : -1;
      if (length < 0 || (facts.contentLength >= 0 && facts.contentLength !== length)) {
        return "content-length is no length";
      }
      facts.contentLength = length;
    }
  }
  if (kind === "response") return facts.status === 0 ? ":status is missing" : undefined;
  return kind === "request" ? judgeTarget(list, seen) : undefined;
}

function judgeTarget(list: HeaderList, seen: number): string | undefined {
  if ((seen & (1 << METHOD)) === 0) return ":method is missing";
  const method = list.get(":method")!;
  if (method === "CONNECT") {
    if ((seen & ((1 << SCHEME) | (1 << PATH))) !== 0) return "CONNECT has neither :scheme nor :path";
    return (seen & (1 << AUTHORITY)) === 0 ? "CONNECT needs :authority" : undefined;
  }
  if (method === "") return ":method is empty";
  if ((seen & (1 << SCHEME)) === 0) return ":scheme is missing";
  if ((seen & (1 << PATH)) === 0) return ":path is missing";
  const path = list.get(":path")!;
  if (!path.startsWith("/") && !(path === "*" && method === "OPTIONS")) return ":path does not begin with /";
  return undefined;
}
