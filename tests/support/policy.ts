/**
 * Policy as a file has it, for tests.
 * @module
 */
import { assert } from "@std/assert";
import { DIAMETER_SECTIONS, gatewayOptions } from "../../src/diameter/config.ts";
import type { GatewayOptions } from "../../src/diameter/relay/core/options.ts";
import type { PolicyOptions } from "../../src/diameter/relay/core/policy_options.ts";
import { loadDictionary } from "../../src/diameter/relay/policy/loaded.ts";
import { loadConfig } from "../../src/ops/config/mod.ts";

const DRAS = `
dra_pool:
  dras: [{name: dra-1, host: h1}, {name: dra-2, host: h2}, {name: dra-3, host: h3}]
`;

/** What loading that file comes to; the DRAs dra-1 to dra-3 are there unless it has its own. */
export async function loadPolicy(text: string) {
  await loadDictionary();
  const whole = text.includes("dra_pool:") ? text : `${DRAS}${text}`;
  return loadConfig(DIAMETER_SECTIONS, { file: "gw.yaml", text: whole });
}

/** The options that it comes to. */
export async function optionsOf(text: string): Promise<GatewayOptions> {
  const loaded = await loadPolicy(text);
  assert(loaded.ok, loaded.errors.join("\n"));
  return gatewayOptions(loaded.config);
}

/** The sections `routing`, `limits` and `screening`, as a stage takes them. */
export async function policy(text: string): Promise<PolicyOptions> {
  const { routing, limits, screening } = await optionsOf(text);
  return { routing, limits, screening };
}
