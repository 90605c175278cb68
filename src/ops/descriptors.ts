/**
 * How many files and connections the system lets this process have open at once.
 * @module
 */

/** Descriptors that are open at the start, on Linux; elsewhere what a Deno process has at least. */
function openNow(): number {
  try {
    return [...Deno.readDirSync("/proc/self/fd")].length;
  } catch {
    return 32;
  }
}

/** The limit of open descriptors (`ulimit -n`); undefined where it cannot be told. Linux alone tells it. */
export function descriptorLimit(): number | undefined {
  try {
    return parseLimits(Deno.readTextFileSync("/proc/self/limits"));
  } catch {
    return undefined;
  }
}

/** The soft limit in the text of `/proc/self/limits`; undefined when there is none. */
export function parseLimits(text: string): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(text)?.[1];
  return soft === undefined ? undefined : Number(soft);
}

/** For files that are read now and then (certificates), name lookups, and connections that are just being closed. */
const SPARE = 32;

/**
 * How many connections may be accepted so that everything else finds a descriptor.
 * @param limit of the process @param others connections and listeners that are kept beside those accepted @param open what is open already
 */
export function affordableConnections(limit: number, others: number, open: number = openNow()): number {
  return Math.max(1, limit - open - others - SPARE);
}
