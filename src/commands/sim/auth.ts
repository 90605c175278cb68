/**
 * `sim auth`: Login.
 * @module
 */
import { authMethods } from "../../grpc/sim/auth.ts";
import { GrpcServer } from "../../rpc/server.ts";
import { MemoryUsers, StoreAway, type UserStore } from "../../grpc/sim/users.ts";
import { defineCommand, EXIT } from "../cli/command.ts";
import { printError } from "../cli/terminal.ts";
import { FlagReader } from "./flags.ts";
import { listenAddress, runService } from "./service.ts";

const NAME = "sim auth";
const DEMO_USER = { name: "demo", password: "demo" };

/** Runs an auth service until it is told to stop. */
export default defineCommand({
  name: NAME,
  summary: "the auth service of the gRPC example: Login gives a session and a token",
  arguments: "--listen HOST:PORT [--user NAME:PASSWORD]... [--redis URL] [--token-life 1h]",
  description: `
Answers my_service.MyServiceAPI/Login with a fresh session id and a token for it (HS256, signed with the secret in the
environment variable JWT_SECRET, which must be there and be the gateway's too). Users are kept in memory, or in Redis
as hashes user:NAME whose "password" is made by scrypt; --user adds them. Without --user and --redis there is one user,
${DEMO_USER.name} with the password ${DEMO_USER.password}.
It says "listening on HOST:PORT" on stdout, and ends with SIGTERM or SIGINT.`,
  flags: {
    listen: { kind: "string", placeholder: "HOST:PORT", help: "where; port 0 takes a free one", required: true },
    user: { kind: "list", placeholder: "NAME:PASSWORD", help: "add this user; repeatable" },
    redis: { kind: "string", placeholder: "URL", help: "keep users there: redis://HOST:PORT/DB" },
    "token-life": {
      kind: "duration",
      placeholder: "TIME",
      help: "so long a token holds",
      default: 3_600_000,
      least: 1000,
    },
  },
  examples: [
    ["sim auth --listen 127.0.0.1:5001", "one user, demo:demo; JWT_SECRET in the environment"],
    ["sim auth --listen 127.0.0.1:5001 --user ann:secret --redis redis://127.0.0.1:6379/0", "users outlive it"],
  ],
  async run(flags) {
    const reader = new FlagReader(NAME);
    const listen = listenAddress(reader, "listen", flags.listen);
    const given = flags.user.map((text) => userOf(reader, text));
    if (flags.redis !== undefined && !/^rediss?:\/\/[^/]/.test(flags.redis)) {
      reader.reject("redis", `expected redis://HOST:PORT/DB, got ${JSON.stringify(flags.redis)}`);
    }
    reader.check();
    const secret = Deno.env.get("JWT_SECRET") ?? "";
    if (secret === "") {
      printError("environment: JWT_SECRET: expected the secret that signs tokens, got none");
      return EXIT.usage;
    }
    const isDemo = given.length === 0 && flags.redis === undefined;
    if (isDemo) printError(`warning: no --user: anybody can log in as ${DEMO_USER.name}:${DEMO_USER.password}`);
    const users = await userStore(flags.redis);
    try {
      for (const { name, password } of isDemo ? [DEMO_USER] : given) await users.add(name, password);
      return await runService(listen, () => {
        const methods = authMethods({ users, secret, tokenLife: flags["token-life"] });
        const server = new GrpcServer({ listen, methods: () => methods });
        return Promise.resolve({ address: server.address, stop: () => server.stop() });
      });
    } catch (error) {
      if (!(error instanceof StoreAway)) throw error;
      printError(`--user: the users cannot be added, because Redis is away: ${error.message}`);
      return EXIT.failed;
    } finally {
      users.close();
    }
  },
});

async function userStore(redis: string | undefined): Promise<UserStore> {
  if (redis === undefined) return new MemoryUsers();
  const { RedisUsers } = await import("../../grpc/sim/redis_users.ts");
  return new RedisUsers(redis);
}

function userOf(reader: FlagReader, text: string): { readonly name: string; readonly password: string } {
  const at = text.indexOf(":");
  if (at < 1 || at === text.length - 1) reader.reject("user", `expected NAME:PASSWORD, got ${JSON.stringify(text)}`);
  return { name: text.slice(0, at), password: text.slice(at + 1) };
}
