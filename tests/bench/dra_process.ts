/**
 * A simulated DRA as a process of its own: takes its options as JSON, prints its port, and ends
 * with its standard input.
 * @module
 */
import { DraSimulator, type DraSimulatorOptions } from "../../src/diameter/sim/dra.ts";

const dra = new DraSimulator(JSON.parse(Deno.args[0] ?? "{}") as DraSimulatorOptions);
console.log(dra.start().port);
await Deno.stdin.read(new Uint8Array(1));
dra.kill();
Deno.exit(0);
