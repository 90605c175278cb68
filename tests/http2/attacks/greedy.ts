/**
 * An attacker that wants the server for himself: `greedy.ts PORT sends | takes OCTETS`. Sends
 * frames that are to be ignored, or takes answers that never end, as fast as can be, and ends when
 * it was so many octets. Says `begun` when it is.
 */
import { FRAME, FRAME_HEADER, PREFACE, writeFrameHeader } from "../../../src/http2/frame.ts";
import { headers, request, settings, settingsAck, windowUpdate } from "../raw_peer.ts";

const [port, what, octets] = Deno.args;
const most = Number(octets);
const conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
let moved = 0;

async function send(bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}
const joined = (parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

const hello = [PREFACE, settings([4, 0x7fffffff]), settingsAck, windowUpdate(0, 0x7fff0000 - 65_535)];
if (what === "sends") {
  // The server resets the stream for the window of 0, and ignores what then still comes.
  await send(joined([...hello, headers(1, request("/echo")), windowUpdate(1, 0)]));
  const drops = new Uint8Array((FRAME_HEADER + 1) * 6000);
  for (let at = 0; at < drops.length; at += FRAME_HEADER + 1) writeFrameHeader(drops, at, 1, FRAME.DATA, 0, 1);
  console.log("begun");
  for (; moved < most; moved += drops.length) await send(drops);
} else {
  const opened = Array.from({ length: 200 }, (_, nth) => headers(nth * 2 + 1, request("/large")));
  await send(joined([...hello, ...opened]));
  console.log("begun");
  for (const into = new Uint8Array(64 << 10); moved < most;) moved += (await conn.read(into)) ?? most;
}
conn.close();
