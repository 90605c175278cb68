/**
 * `explain grpc`: what would become of a call, and why.
 * @module
 */
import { type Read, readWholeConfig } from "../../host/config.ts";
import { configFileName } from "../../ops/config/mod.ts";
import { defineCommand, EXIT, UsageError } from "../cli/command.ts";
import { print, printError } from "../cli/terminal.ts";

const SECRET = ["grpc", "auth", "jwt_secret"];

/** Tells which route, cluster and instance a call would get. */
export default defineCommand({
  name: "explain grpc",
  summary: "what would become of a gRPC call: route, cluster, authorization, balancer",
  arguments: "-c FILE METHOD [--header NAME=VALUE]...",
  description: `
Says which route the longest prefix gives the method, and why not the others; which cluster it goes to, whether it needs
authorization, and who picks its instance. Connects to nobody, and needs no secret: a token is not verified.`,
  flags: {
    config: { kind: "string", short: "c", once: true, placeholder: "FILE", help: "the configuration file" },
    header: { kind: "list", placeholder: "NAME=VALUE", help: "metadata of the call" },
  },
  positionals: { least: 1, most: 1 },
  examples: [
    ["explain grpc -c gateway.yaml /my_service.MyServiceAPI/Login", "where does Login go?"],
    [
      "explain grpc -c gateway.yaml /my_service.MyServiceAPI/MyServiceEcho --header session-id=s-1",
      "and a call of a session?",
    ],
  ],
  async run({ config: flag, header }, [method = ""]) {
    const file = configFileName(flag ?? (Deno.env.get("CONFIG_PATH") || undefined));
    const problems: string[] = [];
    if (file === undefined) problems.push("--config: missing; give -c FILE");
    if (!/^\/[^/]+\/[^/]+$/.test(method)) {
      problems.push(
        `expected a full method name such as /my_service.MyServiceAPI/Login, got ${JSON.stringify(method)}`,
      );
    }
    const headers = header.map((text) => {
      const [, name = "", value = ""] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
      if (name === "") problems.push(`--header: expected NAME=VALUE, got ${JSON.stringify(text)}`);
      return [name.toLowerCase(), value] as const;
    });
    if (file === undefined || problems.length > 0) throw new UsageError(problems, "explain grpc");
    const loaded = await readWithoutSecret(file);
    if (!loaded.ok || loaded.config.grpc === undefined) {
      for (const line of [...loaded.errors, ...loaded.warnings]) printError(line);
      return EXIT.usage;
    }
    const { explainCall } = await import("../../grpc/explain.ts");
    print(explainCall(loaded.config.grpc, { method, headers }).lines.join("\n"));
    return EXIT.done;
  },
});

/** The secret may come from an environment that is not here. */
async function readWithoutSecret(file: string): Promise<Read> {
  const loaded = await readWholeConfig(file, [], ["grpc"]);
  const isSecret = loaded.reports.some(({ severity, path }) =>
    severity === "error" && path.slice(-2).join(".") === SECRET.slice(-2).join(".")
  );
  if (loaded.ok || !isSecret || loaded.isSet?.(SECRET.join(".")) === true) return loaded;
  return await readWholeConfig(file, [{ path: SECRET, value: "not known here", flag: "JWT_SECRET" }], ["grpc"]);
}
