import { assert, assertEquals, assertMatch } from "@std/assert";
import { CoreServer } from "../../../src/chat/sim/core_server.ts";
import { DEFAULT_CHAT } from "../../../src/chat/config/options.ts";
import { ChatGateway } from "../../../src/chat/gateway.ts";
import { ChatService } from "../../../src/chat/proto/mod.ts";
import { endpointText } from "../../../src/net/connection.ts";
import { SECRET } from "../../chat/support/token.ts";
import { runMain } from "../run_main.ts";

const LOOPBACK = { hostname: "127.0.0.1", port: 0 };

/** A gateway before a core, both on loopback. */
async function withGateway(body: (http: string, grpc: string) => Promise<void>): Promise<void> {
  const core = await CoreServer.start({ listen: LOOPBACK, service: ChatService });
  const gateway = new ChatGateway({
    ...DEFAULT_CHAT,
    http: { ...DEFAULT_CHAT.http, listen: [LOOPBACK] },
    grpc: { ...DEFAULT_CHAT.grpc, listen: [LOOPBACK] },
    auth: { ...DEFAULT_CHAT.auth, secret: SECRET },
    core: { ...DEFAULT_CHAT.core, uri: endpointText(core.address) },
    drainSpread: 0,
  });
  await gateway.start();
  try {
    await body(endpointText(gateway.addressesOf("http")[0]!), endpointText(gateway.addressesOf("grpc")[0]!));
  } finally {
    await gateway.stop();
    await core.stop();
  }
}

for (const [transport, encoding] of [["websocket", "json"], ["websocket", "proto"], ["grpc", "proto"]]) {
  Deno.test(`sim devices over ${transport} in ${encoding} read every event of their rooms once, in order`, async () => {
    await withGateway(async (http, grpc) => {
      const args = ["sim", "devices", "--connect", `http://${http}`, "--secret", SECRET, "--json"];
      args.push("--devices", "12", "--rooms", "3", "--rate", "50", "--duration", "400ms");
      args.push("--transport", transport!, "--encoding", encoding!);
      const { code, stdout, stderr } = await runMain(transport === "grpc" ? [...args, "--grpc", grpc] : args);
      assertEquals([code, stderr], [0, ""]);
      const { events, failed, deliveries, lost, duplicated, out_of_order, misdelivered, latency_ms } = JSON.parse(
        stdout,
      );
      assert(events > 0);
      assertEquals(deliveries, events * 4);
      assertEquals([failed, lost, duplicated, out_of_order, misdelivered], [0, 0, 0, 0, 0]);
      assert(latency_ms.p50 <= latency_ms.p99);
    });
  });
}

Deno.test("sim devices makes a room with more members than a request has place for", async () => {
  await withGateway(async (http) => {
    const args = ["sim", "devices", "--connect", http, "--secret", SECRET, "--duration", "300ms"];
    const { code, stdout } = await runMain([...args, "--devices", "1200", "--rooms", "1", "--rate", "20"]);
    assertMatch(stdout, /\nevents [1-9]\d*, deliveries [1-9]\d*, recovered 0, lost 0, duplicated 0, out of order 0\n$/);
    assertEquals(code, 0);
  });
});

Deno.test("sim devices says what is missing when the gateway gives no tokens, or nobody is there", async () => {
  await withGateway(async (http) => {
    const { code, stderr } = await runMain(["sim", "devices", "--connect", http]);
    assertEquals(code, 1);
    assertMatch(stderr, /^--connect: .* gives no tokens \(it does not run with --dev\): give --secret\n$/);
  });
  const { code, stderr } = await runMain(["sim", "devices", "--connect", "127.0.0.1:1", "--secret", SECRET]);
  assertEquals(code, 1);
  assertMatch(stderr, /^--connect: no gateway answers at http:\/\/127\.0\.0\.1:1: /);
});

for (
  const [args, expected] of [
    [[], /--connect/],
    [["--connect", "ftp://x"], /--connect: expected http:\/\/HOST:PORT, got "ftp:\/\/x"/],
    [["--connect", "x:1", "--devices", "2", "--rooms", "3"], /--rooms: expected at most one for each device/],
    [["--connect", "x:1", "--grpc", "x:2"], /--grpc: has no effect without --transport grpc/],
  ] as const
) {
  Deno.test(`sim devices ${args.join(" ")} is wrong, and it is said what`, async () => {
    const { code, stderr } = await runMain(["sim", "devices", ...args]);
    assertEquals(code, 2);
    assert(expected.test(stderr), stderr);
  });
}
