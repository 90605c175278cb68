/**
 * What Deno is told when it runs the program, in whatever form it is shipped.
 * The tasks in deno.json repeat these flags; a test holds them equal.
 * @module
 */

/**
 * What the program may do: the network for its peers, files for configuration, keys and captures,
 * the environment for `${VAR}` in the configuration, system facts for the host name and memory. It
 * starts no other programs and loads no libraries.
 */
export const PERMISSIONS = [
  "--no-prompt",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys",
] as const;

/**
 * `unstable` of deno.json, for where that file is not read: `net` lets several workers share one
 * port.
 */
export const UNSTABLE = ["--unstable-net"] as const;

/**
 * Flags of the engine. A task passes each as part of one `--v8-flags`.
 *
 * The young generation is kept small: the message path makes next to no garbage, so that a large
 * one is only memory (up to 30 MB of it). What a storm leaves behind is collected when the program
 * says so (src/host/sweeper.ts).
 */
export const V8_FLAGS: readonly string[] = ["--max-semi-space-size=4", "--expose-gc"];

/** All of them, for a command line without a configuration file. */
export const RUN_FLAGS: readonly string[] = [
  ...PERMISSIONS,
  ...UNSTABLE,
  ...(V8_FLAGS.length > 0 ? [`--v8-flags=${V8_FLAGS.join(",")}`] : []),
];
