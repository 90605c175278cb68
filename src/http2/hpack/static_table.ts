/**
 * Fields that both ends know from the start (RFC 7541 appendix A).
 * @module
 */

/** A field as the tables hold it. */
export interface TableEntry {
  readonly name: string;
  readonly value: string;
  /** Octets of name and value, and 32 (RFC 7541 section 4.1). */
  readonly size: number;
  /** It has octets that RFC 9113 section 8.2.1 forbids. */
  readonly malformed: boolean;
}

/** What each entry counts for beside its name and value (RFC 7541 section 4.1). */
export const ENTRY_OVERHEAD = 32;

const FIELDS = `
:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`;

/** By index: `STATIC_TABLE[1]` is `:authority`; there is no entry 0. */
export const STATIC_TABLE: readonly TableEntry[] = FIELDS.split("\n").map((line) => {
  const [, name = "", value = ""] = /^(\S*) ?(.*)$/.exec(line)!;
  return { name, value, size: name.length + value.length + ENTRY_OVERHEAD, malformed: false };
});

/** The index of the first entry of the dynamic table. */
export const FIRST_DYNAMIC = STATIC_TABLE.length;
