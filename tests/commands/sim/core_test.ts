import { assert, assertEquals, assertMatch } from "@std/assert";
import { TextLineStream } from "../../support/lines.ts";
import { runMain } from "../run_main.ts";

const MAIN = new URL("../../../src/main.ts", import.meta.url).pathname;

Deno.test("sim core says where it listens, serves, fails as it is told, and ends in peace", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-all",
      MAIN,
      "sim",
      "core",
      "--listen",
      "127.0.0.1:0",
      "--fail-methods",
      "SearchRooms,GetHistory",
    ],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
  try {
    const { value = "" } = await lines.read();
    assertMatch(value, /^listening on 127\.0\.0\.1:\d+$/);
    const ask = async (method: string) => {
      const url = `http://${value.slice("listening on ".length)}/chat.v1.ChatService/${method}`;
      const headers = { "content-type": "application/json", "x-profile-id": "ann" };
      const response = await fetch(url, { method: "POST", headers, body: '{"id":"r1"}' });
      return [response.status, (await response.json()).code];
    };
    assertEquals(await ask("CreateRoom"), [200, undefined]);
    assertEquals(await ask("CreateRoom"), [409, "already_exists"]);
    assertEquals(await ask("SearchRooms"), [503, "unavailable"]);
  } finally {
    child.kill("SIGTERM");
    while (!(await lines.read()).done);
    assertEquals((await child.status).code, 0);
  }
});

for (
  const [args, expected] of [
    [[], /--listen/],
    [["--listen", "127.0.0.1"], /--listen: expected HOST:PORT/],
    [["--listen", "127.0.0.1:0", "--fail", "2"], /--fail/],
    [["--listen", "127.0.0.1:0", "--fail-methods", "SendEvents"], /--fail-methods: expected methods such as SendEvent/],
  ] as const
) {
  Deno.test(`sim core ${args.join(" ")} is wrong, and it is said what`, async () => {
    const { code, stderr } = await runMain(["sim", "core", ...args]);
    assertEquals(code, 2);
    assert(expected.test(stderr), stderr);
  });
}
