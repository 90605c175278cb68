import { assertEquals } from "@std/assert";
import { encodeMessage } from "../../src/diameter/wire/codec.ts";
import { pcapHeader, pcapRecord } from "../../src/ops/capture/pcap_writer.ts";
import { captured, concat, readTransport, segment } from "../ops/capture/frames.ts";
import { TUNNELS } from "../ops/capture/tunnels.ts";
import { interopTest } from "./programs.ts";
import { dissectCapture, TSHARK } from "./tshark.ts";

interopTest("tshark finds the messages in the same tunnels as we do", TSHARK, async () => {
  const message = encodeMessage({ command: "DWR", avps: { "Origin-Host": "mme.example.net" } });
  const packets = TUNNELS.map(({ wrap }, i) => wrap(segment(1 + i * message.length, message)));
  const capture = concat(pcapHeader(), ...packets.map((packet, i) => pcapRecord(BigInt(i), packet)));
  const seen = await dissectCapture(capture);
  assertEquals(
    TUNNELS.map(({ name }, i) => [name, /AVP: Origin-Host.*val=mme\.example\.net/.test(seen[i]!)]),
    TUNNELS.map(({ name }, i) => {
      const [event] = readTransport(captured([packets[i]!]));
      return [name, event?.kind === "bytes" && event.bytes.length === message.length];
    }),
  );
});
