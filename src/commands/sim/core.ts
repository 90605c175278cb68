/**
 * `sim core`: the chat service behind a gateway.
 * @module
 */
import { CORE_METHODS } from "../../chat/core/methods.ts";
import { ChatService } from "../../chat/proto/mod.ts";
import { CoreServer } from "../../chat/sim/core_server.ts";
import { defineCommand } from "../cli/command.ts";
import { FlagReader } from "./flags.ts";
import { listenAddress, runService } from "./service.ts";

const NAME = "sim core";

/** Runs a core until it is told to stop. */
export default defineCommand({
  name: NAME,
  summary: "a small core chat service: rooms, members, roles, history, permissions",
  arguments: "--listen HOST:PORT [--delay 50ms] [--fail 0.1] [--fail-methods SendEvent,GetHistory]",
  description: `
Answers all methods of chat.v1.ChatService but Connect, as Connect over HTTP/1.1 and as gRPC over HTTP/2 on the same
port, with JSON and protobuf. Who calls is in the header x-profile-id, as a gateway sets it. It keeps everything in
memory. Whoever makes a room owns it; rooms that are not private can be joined by anybody.
With --fail some calls fail with "unavailable" (HTTP 503), with --fail-methods only those; all of those without --fail.
It says "listening on HOST:PORT" on stdout, and ends with SIGTERM or SIGINT.`,
  flags: {
    listen: { kind: "string", placeholder: "HOST:PORT", help: "where; port 0 takes a free one", required: true },
    delay: { kind: "duration", placeholder: "TIME", help: "every answer comes so much later" },
    fail: {
      kind: "number",
      placeholder: "RATE",
      help: "so many calls fail, 0 to 1",
      least: 0,
      most: 1,
      fraction: true,
    },
    "fail-methods": { kind: "list", placeholder: "A,B", help: "the methods that may fail; repeatable" },
  },
  examples: [
    ["sim core --listen 127.0.0.1:7010", "where serve chat looks for its core by default"],
    ["sim core --listen 127.0.0.1:7010 --fail 0.2 --fail-methods SendEvent", "every fifth SendEvent fails"],
  ],
  async run(flags) {
    const reader = new FlagReader(NAME);
    const listen = listenAddress(reader, "listen", flags.listen);
    const failMethods = flags["fail-methods"].flatMap((list) => list.split(",")).map((name) => name.trim());
    for (const name of failMethods) {
      if ((CORE_METHODS as readonly string[]).includes(name)) continue;
      reader.reject("fail-methods", `expected methods such as ${CORE_METHODS[0]}, got ${JSON.stringify(name)}`);
    }
    reader.check();
    const failRate = flags.fail ?? (failMethods.length > 0 ? 1 : 0);
    return await runService(
      listen,
      () => CoreServer.start({ listen, delay: flags.delay ?? 0, failRate, failMethods, service: ChatService }),
    );
  },
});
