/**
 * Ports that stay free while nobody listens on them yet, or for a while.
 * @module
 */

/**
 * Below what systems give to those who ask for any port (32768 and up on Linux): another test that
 * does so meanwhile cannot get one of these.
 */
const [LOWEST, HIGHEST] = [20_000, 32_767] as const;

/** A TCP port that nobody listens on, on any IPv4 address of this machine. */
export function freePort(): number {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST + 1));
    try {
      Deno.listen({ hostname: "0.0.0.0", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** An address of its own for a simulated DRA that a test ends and starts again. */
export function freeAddress(): { readonly hostname: string; readonly port: number } {
  return { hostname: "127.0.0.1", port: freePort() };
}
