/**
 * What HTTP/2 forbids in names and values (RFC 9113 section 8.2.1). It is looked at here, because
 * here each string comes by once, and not once for each call that repeats it.
 * @module
 */

/** Whether the name has octets that none may have: controls, blanks, upper case, a late colon. */
export function isNameMalformed(name: string): boolean {
  if (name.length === 0 || name === ":") return true;
  for (let at = 0; at < name.length; at++) {
    const octet = name.charCodeAt(at);
    if (octet <= 0x20 || octet >= 0x7f || octet >= 0x41 && octet <= 0x5a || octet === 0x3a && at > 0) return true;
  }
  return false;
}

/** Whether the value has a NUL, CR or LF, or a blank at either end. */
export function isValueMalformed(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const octet = value.charCodeAt(at);
    if (octet === 0 || octet === 0x0a || octet === 0x0d) return true;
  }
  return value.length > 0 && (isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(value.length - 1)));
}

function isBlank(octet: number): boolean {
  return octet === 0x20 || octet === 0x09;
}
