/**
 * `explain`: where a message would go, and why.
 * @module
 */
import { shownExplanation } from "../../diameter/admin/explanation.ts";
import { gatewayOptions } from "../../diameter/config.ts";
import { explainOffline, type Explanation } from "../../diameter/relay/explain.ts";
import { diameterConfig, readWholeConfig } from "../../host/config.ts";
import { AddressError, parseAddress } from "../../ops/config/address.ts";
import { configFileName } from "../../ops/config/mod.ts";
import { defineCommand, EXIT, UsageError } from "../cli/command.ts";
import { print, printError } from "../cli/terminal.ts";
import { requestsIn } from "./messages.ts";
import { explanationText } from "./text.ts";

const NAME = "explain";

/** Tells which route, pool and DRA a request would get. */
export default defineCommand({
  name: NAME,
  summary: "where a request would go, and why: route, pool, DRAs, or the answer",
  arguments: "[grpc] -c FILE [flags] HEX|FILE|-",
  description: `
Says which route of the configuration the request takes, and of those before it which condition failed and what was
there instead; then every DRA of the pool. Connects to nobody: each DRA counts as usable and takes every application,
unless --down names it. The message is given as hexadecimal digits or in a file, as bytes, digits or a capture, of which
the first request counts. "POST /api/v1/explain" tells the same of a gateway that runs. "explain grpc" is for calls.

Exit code 0; 1 when what --expect-route or --expect-dra expects is not so; 2 for bad input.`,
  flags: {
    config: { kind: "string", short: "c", once: true, placeholder: "FILE", help: "the configuration file" },
    json: { kind: "boolean", help: "the result as JSON, as /api/v1/explain answers it" },
    app: {
      kind: "string",
      placeholder: "HOST",
      help: "the Origin-Host of the Logic App's CER; that of the message if left out",
    },
    listener: { kind: "string", placeholder: "ADDR", help: "the address where the Logic App is connected" },
    down: { kind: "list", placeholder: "DRA", help: "this DRA is not usable" },
    "expect-route": { kind: "string", placeholder: "NAME", help: "fail unless this is the route" },
    "expect-dra": { kind: "string", placeholder: "NAME", help: "fail unless this DRA is among those asked first" },
  },
  positionals: { least: 1, most: Infinity },
  examples: [
    ["explain -c diam-gw.yaml request.hex", "where does it go, and why not elsewhere?"],
    ["explain -c diam-gw.yaml --down dra-1 --json 010000c8c0000144...", "and while dra-1 is down? For a script"],
    ["explain -c diam-gw.yaml --expect-route roaming request.bin", "a test of a routing table"],
  ],
  async run(flags, positionals) {
    const file = configFileName(flags.config);
    if (file === undefined) throw new UsageError(["--config: missing; give -c FILE, or set DIAM_GW_CONFIG"], NAME);
    const loaded = await readWholeConfig(file, [], ["diameter"]);
    if (!loaded.ok) {
      for (const line of [...loaded.errors, ...loaded.warnings]) printError(line);
      return EXIT.usage;
    }
    const options = gatewayOptions(diameterConfig(loaded.config)!);
    const dras = options.draPool.dras.map(({ name }) => name);
    const problems = flags.down.filter((name) => !dras.includes(name)).map((name) =>
      `--down: there is no DRA ${JSON.stringify(name)}; there are ${dras.join(", ")}`
    );
    const listener = flags.listener === undefined ? undefined : addressOf(flags.listener, problems);
    if (problems.length > 0) throw new UsageError(problems, NAME);
    const message = await requestsIn(positionals, NAME);
    const wish = {
      message,
      ...(flags.app === undefined ? {} : { app: flags.app }),
      ...(listener === undefined ? {} : { listener }),
    };
    let found: Explanation;
    try {
      found = await explainOffline(options, wish, flags.down);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new UsageError([error.message], NAME);
    }
    print(flags.json ? JSON.stringify(shownExplanation(found), undefined, 2) : explanationText(found));
    const unmet = unmetOf(found, flags["expect-route"], flags["expect-dra"]);
    for (const line of unmet) printError(line);
    return unmet.length === 0 ? EXIT.done : EXIT.failed;
  },
});

function addressOf(text: string, problems: string[]) {
  try {
    const { hostname, port } = parseAddress(text, { otherwise: 3868 });
    return { hostname, port };
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    problems.push(`--listener: ${error.message}`);
    return undefined;
  }
}

function unmetOf({ route, candidates }: Explanation, wantedRoute?: string, wantedDra?: string): string[] {
  const unmet: string[] = [];
  if (wantedRoute !== undefined && route !== wantedRoute) {
    unmet.push(`--expect-route: expected ${wantedRoute}, got ${route ?? "none"}`);
  }
  const first = candidates.filter(({ verdict }) => verdict === "candidate").map(({ dra }) => dra);
  if (wantedDra !== undefined && !first.includes(wantedDra)) {
    unmet.push(`--expect-dra: expected ${wantedDra}, got ${first.join(" or ") || "none"}`);
  }
  return unmet;
}
