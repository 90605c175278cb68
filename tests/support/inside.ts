/**
 * The one place where tests reach into a gateway: everything else sees its face.
 * @module
 */
import type { AppDirectory } from "../../src/diameter/relay/apps/directory.ts";
import { assemble, type RelayParts } from "../../src/diameter/relay/assemble.ts";
import type { GatewayOptions } from "../../src/diameter/relay/core/options.ts";
import type { RelayRuntime } from "../../src/diameter/relay/core/runtime.ts";
import type { DraPool } from "../../src/diameter/relay/dras/pool.ts";
import { Gateway } from "../../src/diameter/relay/gateway.ts";

/** A gateway whose parts can be seen. */
export class InsideGateway extends Gateway {
  readonly parts: RelayParts;

  constructor(options: GatewayOptions, parts: RelayParts = assemble(options)) {
    super(options, parts);
    this.parts = parts;
  }

  get pool(): DraPool {
    return this.parts.pool;
  }
  get apps(): AppDirectory {
    return this.parts.apps;
  }
  get runtime(): RelayRuntime {
    return this.parts.runtime;
  }
}
