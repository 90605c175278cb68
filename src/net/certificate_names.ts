/**
 * The DNS names of a certificate, read from its DER (X.690) by the grammar of RFC 5280. PURE, and
 * for octets of strangers: every length is checked, nothing recurses, and the text of a name is
 * never taken apart.
 * @module
 */

/** Tags of X.690 and RFC 5280 that lie on the way to the names. */
const TAG = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  objectIdentifier: 0x06,
  sequence: 0x30,
  /** `[0] EXPLICIT Version` of TBSCertificate. */
  version: 0xa0,
  /** `[3] EXPLICIT Extensions` of TBSCertificate. */
  extensions: 0xa3,
  /** `[2] IMPLICIT IA5String`: a dNSName among GeneralNames. */
  dnsName: 0x82,
} as const;

/** 2.5.29.17, id-ce-subjectAltName (RFC 5280 section 4.2.1.6). */
const SUBJECT_ALT_NAME = [0x55, 0x1d, 0x11];

/**
 * Serial number to subjectPublicKeyInfo, as many as stand before what is optional (RFC 5280 section
 * 4.1).
 */
const FIELDS_BEFORE_OPTIONAL = 6;

/**
 * The dNSNames in the subjectAltName of a certificate, one character for each octet, in their order
 * and as they are written: a comma or a NUL is part of the name. Other kinds of GeneralName are
 * passed over.
 *
 * @param der the whole certificate
 * @returns none when it has none, and none when it is not a certificate in DER: who cannot be read
 * is nobody
 */
export function dnsNamesOf(der: Uint8Array): string[] {
  try {
    return readNames(der);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    return [];
  }
}

/** Octets that are not what the grammar wants. */
class DerError extends Error {}

/** One value: its tag, and where its content lies. */
interface Value {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** Values one behind the other, from one place to another. */
class Values {
  readonly #der: Uint8Array;
  #at: number;
  readonly #end: number;

  constructor(der: Uint8Array, { start, end }: Omit<Value, "tag">) {
    this.#der = der;
    this.#at = start;
    this.#end = end;
  }

  /** Tag of the next value; undefined at the end. */
  get tag(): number | undefined {
    return this.#at < this.#end ? this.#der[this.#at] : undefined;
  }

  /** The next value, which must have that tag when one is given. */
  next(tag?: number): Value {
    const found = this.#octet();
    // Tag numbers of several octets do not occur in a certificate.
    if ((found & 0x1f) === 0x1f || (tag !== undefined && found !== tag)) throw new DerError();
    const length = this.#length();
    const start = this.#at;
    if (length > this.#end - start) throw new DerError();
    this.#at = start + length;
    return { tag: found, start, end: start + length };
  }

  /**
   * Lengths have one form in DER, the shortest; the indefinite one is none (X.690 section 10.1).
   */
  #length(): number {
    const first = this.#octet();
    if (first < 0x80) return first;
    const octets = first & 0x7f;
    if (octets === 0 || octets > 3) throw new DerError();
    let length = 0;
    for (let i = 0; i < octets; i++) length = length * 0x100 + this.#octet();
    if (length < 0x80 || length < 0x100 ** (octets - 1)) throw new DerError();
    return length;
  }

  #octet(): number {
    if (this.#at >= this.#end) throw new DerError();
    return this.#der[this.#at++]!;
  }
}

function readNames(der: Uint8Array): string[] {
  const certificate = new Values(der, { start: 0, end: der.length }).next(TAG.sequence);
  const fields = new Values(der, new Values(der, certificate).next(TAG.sequence));
  if (fields.tag === TAG.version) fields.next();
  for (let i = 0; i < FIELDS_BEFORE_OPTIONAL; i++) fields.next();
  while (fields.tag !== undefined && fields.tag !== TAG.extensions) fields.next();
  if (fields.tag === undefined) return [];
  const extensions = new Values(der, new Values(der, fields.next()).next(TAG.sequence));
  let names: string[] | undefined;
  while (extensions.tag !== undefined) {
    const extension = new Values(der, extensions.next(TAG.sequence));
    const id = extension.next(TAG.objectIdentifier);
    if (extension.tag === TAG.boolean) extension.next();
    const value = extension.next(TAG.octetString);
    if (!isSubjectAltName(der, id)) continue;
    // Each extension occurs once (RFC 5280 section 4.2): whoever has two is not to choose which one
    // counts.
    if (names !== undefined) throw new DerError();
    names = namesIn(der, value);
  }
  return names ?? [];
}

function namesIn(der: Uint8Array, extension: Value): string[] {
  const names: string[] = [];
  const general = new Values(der, new Values(der, extension).next(TAG.sequence));
  while (general.tag !== undefined) {
    const name = general.next();
    if (name.tag === TAG.dnsName) names.push(textOf(der, name));
  }
  return names;
}

function isSubjectAltName(der: Uint8Array, { start, end }: Value): boolean {
  return end - start === SUBJECT_ALT_NAME.length && SUBJECT_ALT_NAME.every((octet, i) => der[start + i] === octet);
}

function textOf(der: Uint8Array, { start, end }: Value): string {
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(der[i]!);
  return text;
}
