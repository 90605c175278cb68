/**
 * Waiting that can be cut short.
 * @module
 */

/** Resolves after so many milliseconds, or as soon as `signal` fires. Leaves no timer behind. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) return Promise.resolve();
  const timer = setTimeout(end, milliseconds);
  signal.addEventListener("abort", end, { once: true });
  function end() {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
    resolve();
  }
  return promise;
}
