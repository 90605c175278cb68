/**
 * The version of this program. deno.json is the only place where it is written down.
 * @module
 */
import config from "../deno.json" with { type: "json" };

/** The version as published, `MAJOR.MINOR.PATCH`. */
export const VERSION: string = config.version;
