/**
 * The metadata of a call, to be looked at and changed. PURE.
 * @module
 */
import { HeaderList } from "../http2/hpack/header_list.ts";

/**
 * A view of a header list. The list itself is shared and stays as it is: the first change makes a
 * copy. Names are lower case; values are strings of one character per octet.
 */
export class Metadata {
  #list: HeaderList;
  #changed = false;

  /** A view of `list`, which stays as it is. */
  constructor(list: HeaderList) {
    this.#list = list;
  }

  /** What it comes to now; the list that it was made of as long as nothing was changed. */
  get list(): HeaderList {
    return this.#list;
  }

  /** The first value of that name. */
  get(name: string): string | undefined {
    return this.#list.get(name);
  }

  /** All values of that name, in order. */
  getAll(name: string): string[] {
    return this.#list.values.filter((_, i) => this.#list.names[i] === name);
  }

  /** Whether there is a value of that name. */
  has(name: string): boolean {
    return this.#list.has(name);
  }

  /** Adds a value behind all others. @throws TypeError when it cannot be in a header */
  append(name: string, value: string): void {
    check(name, value);
    if (!this.#changed) this.#copyWithout(undefined);
    this.#list.append(name, value);
  }

  /**
   * Puts one value in place of all of that name.
   * @throws TypeError when it cannot be in a header
   */
  set(name: string, value: string): void {
    check(name, value);
    this.#copyWithout(name);
    this.#list.append(name, value);
  }

  /** Removes all values of that name. @throws TypeError for a pseudo-header */
  delete(name: string): void {
    check(name, "");
    if (this.has(name)) this.#copyWithout(name);
  }

  /** Names and values, in order. */
  *[Symbol.iterator](): Generator<readonly [name: string, value: string]> {
    for (const [i, name] of this.#list.names.entries()) yield [name, this.#list.values[i]!];
  }

  #copyWithout(name: string | undefined): void {
    const copy = new HeaderList();
    for (const [i, kept] of this.#list.names.entries()) {
      if (kept !== name) copy.append(kept, this.#list.values[i]!, this.#list.neverIndexed?.has(i));
    }
    this.#list = copy;
    this.#changed = true;
  }
}

/** RFC 9113 8.2: pseudo-headers are not metadata, and names are lower case. */
function check(name: string, value: string): void {
  if (!/^[a-z0-9_.!#$%&'*+^`|~-]+$/.test(name)) {
    throw new TypeError(`expected a lower case header name, got ${JSON.stringify(name)}`);
  }
  if (/[^\t\x20-\x7e\x80-\xff]|^[ \t]|[ \t]$/.test(value)) {
    throw new TypeError(`the value of ${name} has characters that no header can have`);
  }
}
