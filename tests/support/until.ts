/**
 * Waiting for what must become true.
 * @module
 */

/**
 * Resolves when `condition` holds; looks again every few milliseconds.
 * @param what what is waited for, for the error message
 * @param timeout milliseconds
 * @throws Error when it does not hold in time
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeout = 5_000,
): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!await condition()) {
    if (performance.now() > deadline) throw new Error(`Waited ${timeout} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
