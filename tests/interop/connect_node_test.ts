import { assert, assertEquals } from "@std/assert";
import { fromBinary, fromJson, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import { CoreForwarder } from "../../src/chat/core/core_forwarder.ts";
import type { CoreAnswer, Forwarder } from "../../src/chat/core/forwarder.ts";
import { CoreServer } from "../../src/chat/sim/core_server.ts";
import { bytes, callOf, OPTIONS, text, told } from "../chat/core/scene.ts";
import { miniature } from "../chat/sim/miniature.ts";
import { until } from "../support/until.ts";
import { Child, temporaryDirectory } from "./child.ts";
import { interopTest, program } from "./programs.ts";

const NODE = program("node", "nodejs");
const { input, output } = miniature().methods[0]!;

type Said = Readonly<Record<string, unknown>>;

/** A process of Node with connect-node. */
class Peer implements AsyncDisposable {
  readonly #child: Child;

  constructor(script: string, cwd: string) {
    this.#child = new Child("node", "node", { args: [script], cwd });
  }

  async ask(command: Said): Promise<Said> {
    const { mark } = this.#child;
    await this.#child.write(JSON.stringify(command));
    return JSON.parse(await this.#child.line(/^\{/, 30_000, mark)) as Said;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stop();
  }
}

async function bundled(directory: string): Promise<string> {
  const script = `${directory}/peer.mjs`;
  const source = new URL("connect_node_peer.ts", import.meta.url).pathname;
  const args = ["bundle", "--quiet", "--platform", "deno", source, "-o", script];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  assert(success, new TextDecoder().decode(stderr));
  return script;
}

/** `{"id":...}` of the answer, or what failed. */
function roomOf(answer: CoreAnswer, encoding: "json" | "proto"): unknown {
  if ("error" in answer) return told(answer);
  const json = encoding === "json" ? JSON.parse(text(answer.body)) : toJson(output, fromBinary(output, answer.body));
  return (json as { room: unknown }).room;
}

const bodyOf = (request: Said, encoding: "json" | "proto") =>
  encoding === "json"
    ? bytes(JSON.stringify(request))
    : toBinary(input, fromJson(input, request as JsonValue)) as Uint8Array<ArrayBuffer>;

async function forwarded(peer: Peer, forwarder: Forwarder): Promise<void> {
  for (const encoding of ["json", "proto"] as const) {
    const call = (name: string, more = {}) =>
      forwarder.forward(callOf({
        method: "CreateRoom",
        encoding,
        body: bodyOf({ id: "r1", name }, encoding),
        headers: { "x-tenant": "t-1", "x-profile-id": "root" },
        ...more,
      }));
    const answer = await call("ä");
    assertEquals(roomOf(answer, encoding), { id: "r1", name: "ä" });
    assertEquals([answer.headers?.["x-cost"], answer.headers?.["trailer-x-sum"]], ["3", "9"]);
    const seen = (await peer.ask({ command: "seen" }))["seen"] as Record<string, string>;
    assertEquals([seen["x-profile-id"], seen["x-tenant"], seen["x-gateway-id"]], ["ann", "t-1", "g-1"]);
    assert(Number(seen["left"]) > 9_000, seen["left"]);

    const failed = await call("fail");
    assert("error" in failed);
    const { code, message, details } = failed.error;
    assertEquals([code, message, details?.length], ["failed_precondition", "geht nicht", 1]);
    assertEquals(details![0]!.type, "chat.v1.CreateRoomRequest");
    assertEquals(toJson(input, fromBinary(input, details![0]!.value)), { id: "why" });

    const { cancelled } = await peer.ask({ command: "seen" });
    const late = await call("hang", { timeoutMs: 50 });
    assertEquals(told(late), "deadline_exceeded: the chat service has not answered in time");
    await until(async () => {
      return Number((await peer.ask({ command: "seen" }))["cancelled"]) > Number(cancelled);
    }, "the core has heard that nobody waits");

    const unknown = await call("x", { method: "PinEvent" });
    assertEquals(told(unknown).split(":")[0], "unimplemented");
  }
}

interopTest("F1 to F5: connect-node as the core, over Connect and over gRPC", [NODE], async (t) => {
  await using directory = await temporaryDirectory();
  await using peer = new Peer(await bundled(directory.path), directory.path);
  const ports = await peer.ask({ command: "ports" });
  for (const scheme of ["http", "grpc"]) {
    await t.step(scheme, async () => {
      const forwarder = await CoreForwarder.create({ ...OPTIONS, uri: `${scheme}://127.0.0.1:${ports[scheme]}` });
      try {
        await forwarded(peer, forwarder);
      } finally {
        await forwarder.close();
      }
    });
  }
});

interopTest("connect-node as a client of the small core, in every protocol", [NODE], async () => {
  await using directory = await temporaryDirectory();
  await using peer = new Peer(await bundled(directory.path), directory.path);
  const core = await CoreServer.start({ listen: { hostname: "127.0.0.1", port: 0 }, service: miniature() });
  const base = `http://127.0.0.1:${core.address.port}`;
  try {
    for (const [transport, binary] of [["connect", false], ["connect", true], ["grpc", true]] as const) {
      const request = { id: `${transport}-${binary}`, name: "One" };
      const ask = (profile: string) => peer.ask({ command: "call", transport, binary, base, request, profile });
      const first = await ask("ann");
      assertEquals(first["answer"], request, JSON.stringify(first));
      assertEquals(await ask("ann"), { code: "AlreadyExists", message: `there is a room ${request.id}` });
      assertEquals((await ask(""))["code"], "Unauthenticated");
    }
    core.service.behaviour = { delay: 5_000, failRate: 0, failMethods: [] };
    const call = { command: "call", transport: "grpc", base, request: { id: "late" }, profile: "ann", timeoutMs: 50 };
    assertEquals((await peer.ask(call))["code"], "DeadlineExceeded");
  } finally {
    await core.stop();
  }
});
