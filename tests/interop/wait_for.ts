/**
 * Waits for what `condition` returns, which is asked again and again until it is neither undefined
 * nor false.
 * @param what named in the error, as in "no DWR within 5000 ms"
 * @throws Error when it does not come within `timeout` milliseconds; `details` is asked for its end
 * then
 */
export async function waitFor<T>(
  what: string,
  condition: () => T | undefined | false,
  timeout = 5_000,
  details: () => string = () => "",
): Promise<T> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const result = condition();
    if (result !== undefined && result !== false) return result;
    if (performance.now() > deadline) throw new Error(`no ${what} within ${timeout} ms${details()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
