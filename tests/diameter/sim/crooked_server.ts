import { capabilitiesAnswer } from "../../../src/diameter/peer/capabilities.ts";
import { peerAnswer } from "../../../src/diameter/peer/peer_messages.ts";
import { readHeader } from "../../../src/diameter/wire/header.ts";

/** Turns a request into its answer, or into something that only looks like it. */
export type Crook = (answer: Uint8Array, view: DataView, count: number) => void;

const LOCAL = {
  originHost: "crook.example.net",
  originRealm: "example.net",
  productName: "crook",
  vendorId: 0,
  originStateId: 1,
  applications: [],
};

/**
 * A server that answers each request with the request itself, R cleared, after `crook` had its way
 * with it.
 */
export function crookedServer(crook: Crook): { readonly port: number; close(): Promise<void> } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const conn of listener) serving.push(serve(conn, crook));
  })();
  return {
    port: listener.addr.port,
    async close() {
      listener.close();
      await accepting.catch(() => {});
      await Promise.all(serving);
    },
  };
}

async function serve(conn: Deno.TcpConn, crook: Crook): Promise<void> {
  let pending = new Uint8Array();
  let count = 0;
  const into = new Uint8Array(65536);
  for (let read = await conn.read(into); read !== null; read = await conn.read(into)) {
    pending = new Uint8Array([...pending, ...into.subarray(0, read)]);
    while (pending.length >= 20) {
      const header = readHeader(pending);
      if (pending.length < header.length) break;
      const message = pending.slice(0, header.length);
      pending = pending.slice(header.length);
      if (header.command === 257) await conn.write(capabilitiesAnswer(LOCAL, "127.0.0.1", header));
      else if (header.command === 280 || header.command === 282) {
        await conn.write(peerAnswer(header.command, LOCAL, header));
      } else {
        message[4]! &= 0x7f;
        crook(message, new DataView(message.buffer), ++count);
        await conn.write(message);
      }
    }
  }
  conn.close();
}
