/**
 * The list of a discoverer: what it says, and what has changed in it. PURE.
 * @module
 */
import { isIp } from "../ops/config/address.ts";
import type { Instance } from "./parts.ts";

/** A list, and what of it could not be used. */
export interface Listed {
  readonly instances: readonly Instance[];
  /** A sentence for each entry that is left out. */
  readonly skipped: readonly string[];
}

/** The answer is not one. */
export class ListError extends Error {
  override name = "ListError";
}

/**
 * Reads `{"instances": [{"instance_id", "ipv4", "port"}, ...]}`.
 * @throws ListError when it is something else as a whole
 */
export function readInstances(answer: unknown): Listed {
  const entries = member(answer, "instances");
  if (!Array.isArray(entries)) throw new ListError('expected {"instances": [...]}');
  const instances = new Map<string, Instance>();
  const skipped: string[] = [];
  for (const [i, entry] of entries.entries()) {
    const id = member(entry, "instance_id");
    const ipv4 = member(entry, "ipv4");
    const port = member(entry, "port");
    const reject = (message: string) => skipped.push(`instances[${i}]: ${message}`);
    if (typeof id !== "string" || id === "") reject(`expected text as instance_id, got ${shown(id)}`);
    else if (instances.has(id)) reject(`${shown(id)} is listed twice`);
    else if (typeof ipv4 !== "string" || ipv4.includes(":") || !isIp(ipv4)) {
      reject(`expected an IPv4 address as ipv4 of ${shown(id)}, got ${shown(ipv4)}`);
    } else if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 65_535) {
      reject(`expected a port 1..65535 as port of ${shown(id)}, got ${shown(port)}`);
    } else instances.set(id, { id, hostname: ipv4, port });
  }
  return { instances: [...instances.values()], skipped };
}

/** What differs between two lists. */
export interface ListDiff {
  readonly added: readonly Instance[];
  /** As they were. */
  readonly removed: readonly Instance[];
  /** Those with another address, as they are now. */
  readonly changed: readonly Instance[];
}

/** From one list to the next. */
export function diffInstances(before: Iterable<Instance>, now: readonly Instance[]): ListDiff {
  const left = new Map([...before].map((instance) => [instance.id, instance]));
  const added: Instance[] = [];
  const changed: Instance[] = [];
  for (const instance of now) {
    const old = left.get(instance.id);
    if (old === undefined) added.push(instance);
    else if (old.hostname !== instance.hostname || old.port !== instance.port) changed.push(instance);
    left.delete(instance.id);
  }
  return { added, removed: [...left.values()], changed };
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

/** Short, whatever somebody sends. */
function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
