/**
 * A core and its clients made of connect-node, for Node in a process of its own. Bundled before it
 * is run; told what to do by lines of JSON on stdin, answers with lines of JSON on stdout.
 */
// deno-lint-ignore-file no-explicit-any
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import process from "node:process";
import { createInterface } from "node:readline";
import { miniature } from "../chat/sim/miniature.ts";

const service = miniature();
const { input, output } = service.methods[0]!;
const say = (value: unknown) => console.log(JSON.stringify(value));
let cancelled = 0;
let seen: Record<string, string> = {};

const adapter = connectNodeAdapter({
  routes(router) {
    router.service(service, {
      async createRoom(request: any, context: any) {
        seen = Object.fromEntries(context.requestHeader);
        seen["left"] = String(context.timeoutMs());
        context.responseHeader.set("x-cost", "3");
        context.responseTrailer.set("x-sum", "9");
        if (request.name === "fail") {
          const error = new ConnectError("geht nicht", Code.FailedPrecondition);
          error.details.push({ desc: input, value: { id: "why", name: "" } });
          throw error;
        }
        if (request.name === "hang") {
          await new Promise<void>((resolve) => context.signal.addEventListener("abort", () => resolve()));
          cancelled++;
        }
        return { room: { id: request.id, name: request.name } };
      },
    } as any);
  },
});
const portOf = (server: any) =>
  new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
const ports = {
  http: await portOf(createServer(adapter)),
  grpc: await portOf(createHttp2Server(adapter)),
};

async function call({ transport, binary, base, request, profile, timeoutMs }: any): Promise<unknown> {
  const made = transport === "grpc"
    ? createGrpcTransport({ baseUrl: base })
    : createConnectTransport({ baseUrl: base, httpVersion: "1.1", useBinaryFormat: binary });
  const client = createClient(service, made) as any;
  try {
    const headers = { "x-profile-id": profile };
    const answer = await client.createRoom(create(input, request), { headers, timeoutMs });
    return { answer: { id: answer.room.id, name: answer.room.name }, type: output.typeName };
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    return { code: Code[code], message: rawMessage };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (command.command === "ports") say(ports);
  else if (command.command === "seen") say({ seen, cancelled });
  else say(await call(command));
}
process.exit(0);
