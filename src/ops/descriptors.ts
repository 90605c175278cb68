/**
 * How many files and connections the system lets this process have open at once.
 * @module
 */

/**
 * For files that are read now and then (certificates), name lookups, and connections that are just
 * being closed.
 */
const SPARE = 32;

/**
 * How many connections may be accepted so that everything else finds a descriptor. The limit
 * (`ulimit -n`) cannot be read without permission for everything, so descriptors are opened until
 * there are no more; that takes 0.1 s for 5,000.
 * @param wanted connections
 * @param others connections and listeners that are kept beside those accepted
 * @returns at most `wanted`, at least 1
 */
export function affordableConnections(wanted: number, others: number): number {
  const free = freeDescriptors(wanted + others + SPARE);
  return free === undefined ? wanted : Math.max(1, Math.min(wanted, free - others - SPARE));
}

/**
 * How many descriptors may still be opened, `most` if there are more; undefined where it cannot be
 * tried.
 */
function freeDescriptors(most: number): number | undefined {
  const open: Deno.FsFile[] = [];
  try {
    while (open.length < most) open.push(Deno.openSync("/dev/null"));
  } catch (error) {
    if ((error as { code?: string }).code !== "EMFILE" && open.length === 0) return undefined;
  } finally {
    for (const file of open) file.close();
  }
  return open.length;
}
