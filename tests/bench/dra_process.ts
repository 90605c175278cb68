/** A simulated DRA as a process of its own: prints its port, and ends with its standard input. */
import { DraSimulator } from "../../src/diameter/sim/dra.ts";

const dra = new DraSimulator();
console.log(dra.start().port);
await Deno.stdin.read(new Uint8Array(1));
dra.kill();
Deno.exit(0);
