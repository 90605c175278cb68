/**
 * Who may log in: names and passwords, kept as scrypt says.
 * @module
 */
import { Buffer } from "node:buffer";
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** Where users are kept. */
export interface UserStore {
  /** Adds a user, or gives one another password. @throws StoreAway */
  add(name: string, password: string): Promise<void>;
  /** Whether this is the password of that user. @throws StoreAway */
  check(name: string, password: string): Promise<boolean>;
  close(): void;
}

/** The store cannot be asked now. */
export class StoreAway extends Error {
  override name = "StoreAway";
}

/** Cost of a password: some 30 ms of one core, 16 MB (RFC 7914). */
const COST = { N: 16_384, r: 8, p: 1 } as const;
const KEY_BYTES = 32;
const SALT_BYTES = 16;

/** Users in memory. */
export class MemoryUsers implements UserStore {
  readonly #hashes = new Map<string, string>();

  async add(name: string, password: string): Promise<void> {
    this.#hashes.set(name, await hashPassword(password));
  }

  async check(name: string, password: string): Promise<boolean> {
    return await matches(password, this.#hashes.get(name));
  }

  close(): void {}
}

/** `scrypt$N$r$p$SALT$KEY`, both in base64. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt, COST);
  return ["scrypt", COST.N, COST.r, COST.p, salt.toString("base64"), key.toString("base64")].join("$");
}

/**
 * Whether `password` is the one that `hash` was made of. Takes its time for users that do not exist
 * too, so that nobody can tell these by it.
 */
export async function matches(password: string, hash: string | null | undefined): Promise<boolean> {
  const [, N, r, p, salt, key] = /^scrypt\$(\d+)\$(\d+)\$(\d+)\$([^$]+)\$([^$]+)$/.exec(hash ?? "") ?? [];
  if (salt === undefined || key === undefined) {
    await derive(password, randomBytes(SALT_BYTES), COST);
    return false;
  }
  const expected = Buffer.from(key, "base64");
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const derived = await derive(password, Buffer.from(salt, "base64"), cost, expected.length);
  return timingSafeEqual(derived, expected);
}

function derive(
  password: string,
  salt: Uint8Array,
  cost: { readonly N: number; readonly r: number; readonly p: number },
  length = KEY_BYTES,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, cost, (error, key) => error === null ? resolve(key) : reject(error));
  });
}
