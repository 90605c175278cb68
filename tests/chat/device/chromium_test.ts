import { assertEquals } from "@std/assert";
import { encoded } from "../../../src/chat/proto/mod.ts";
import { BROWSER, openBrowser } from "../../dashboard/browser.ts";
import { interopTest } from "../../interop/programs.ts";
import { FakeHost, scene } from "./fake_host.ts";

/**
 * What a page does: `port` is the gateway's. Sentences, so that nothing of this program is in them.
 */
const TALK = (port: number) =>
  `new Promise((resolve) => {
    const socket = new WebSocket("ws://127.0.0.1:${port}/ws?device_id=d1", ["chat.v1.json", "bearer.abc"]);
    const seen = [];
    socket.onopen = () => socket.send(JSON.stringify({ id: "1".repeat(500), ping: {} }));
    socket.onmessage = ({ data }) => seen.push(data.length);
    socket.onclose = ({ code, reason }) => resolve([socket.protocol, socket.extensions !== "", seen, code, reason]);
  })`;

const CALL = (port: number) =>
  `fetch("http://127.0.0.1:${port}/chat.v1.ChatService/SendEvent", {
    method: "POST",
    headers: { "content-type": "application/json", "connect-protocol-version": "1", authorization: "Bearer abc", "x-device-id": "d1" },
    body: JSON.stringify({ idempotencyKey: "k" }),
  }).then(async (response) => [response.status, await response.text()], (error) => error.name)`;

function play(host: FakeHost): void {
  host.onOpen = (session) =>
    session.onMessage = ({ id }) => {
      session.transport.send(encoded({ replyTo: id, payload: { case: "pong", value: {} } }));
      session.transport.close(4005);
    };
}

interopTest(
  "pages in Chromium talk over WebSocket and call, those of other origins only when allowed",
  BROWSER,
  async () => {
    await using browser = await openBrowser();
    await scene({ compression: true }, async (host, port) => {
      play(host);
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${port}/healthz`);
      const length = 500 + `{"replyTo":"","pong":{}}`.length;
      const reason = "replaced by a newer connection of the device";
      assertEquals(await page.evaluate(TALK(port)), ["chat.v1.json", true, [length], 4005, reason]);
      assertEquals(host.handshakes.map(({ token, deviceId }) => [token, deviceId]), [["abc", "d1"]]);
      assertEquals(await page.evaluate(CALL(port)), [200, `{"idempotencyKey":"k"}`]);

      // From here, that page is one of another origin.
      await scene({ allowedOrigins: [`http://127.0.0.1:${port}`] }, async (other, otherPort) => {
        play(other);
        assertEquals(await page.evaluate(TALK(otherPort)), ["chat.v1.json", false, [length], 4005, reason]);
        assertEquals(await page.evaluate(CALL(otherPort)), [200, `{"idempotencyKey":"k"}`]);
      });
      await scene({}, async (other, otherPort) => {
        assertEquals(await page.evaluate(TALK(otherPort)), ["", false, [], 1006, ""]);
        assertEquals(await page.evaluate(CALL(otherPort)), "TypeError");
        assertEquals([other.handshakes.length, other.calls.length], [0, 0]);
      });
      await page.close();
    });
  },
);
