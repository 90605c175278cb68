/**
 * A simulated DRA in a process of its own, so that it costs whoever is measured nothing but its
 * share of the machine.
 * @module
 */
import type { DraSimulatorOptions } from "../../src/diameter/sim/dra.ts";

/** Where it listens, and its end. */
export interface DraProcess extends AsyncDisposable {
  readonly port: number;
}

/** Starts one; it ends with its standard input. */
export async function startDra(options: DraSimulatorOptions = {}): Promise<DraProcess> {
  const program = new URL("dra_process.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-net", program, JSON.stringify(options)],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  return {
    port: Number(new TextDecoder().decode(value)),
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      await reader.cancel();
      await child.status;
    },
  };
}
