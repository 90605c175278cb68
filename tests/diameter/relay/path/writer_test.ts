import { assertEquals } from "@std/assert";
import { Budget } from "../../../../src/net/budget.ts";
import { OutQueue } from "../../../../src/net/out_queue.ts";
import { SegmentPool } from "../../../../src/net/segment.ts";
import type { Capabilities } from "../../../../src/diameter/peer/capabilities.ts";
import type { Peer } from "../../../../src/diameter/peer/peer.ts";
import { RelayPeer } from "../../../../src/diameter/relay/core/relay_peer.ts";
import { TransactionTable } from "../../../../src/diameter/relay/core/transactions.ts";
import { relayedLength, writeAgain, writeAnswer, writeRequest } from "../../../../src/diameter/relay/path/writer.ts";
import { AVP, AVP_FLAG } from "../../../../src/diameter/wire/avp_codes.ts";
import { FLAG, readHeader } from "../../../../src/diameter/wire/header.ts";
import { incoming } from "../../../support/incoming.ts";
import { answer, RawMessage, request } from "../../../support/raw_message.ts";

const PLAIN = FLAG.request | FLAG.proxiable;

/** A table, and queues whose messages are kept. */
class Desk {
  readonly pool = new SegmentPool(1 << 24);
  readonly table = new TransactionTable(this.pool, 7, 0, new Budget(1 << 24));
  readonly sent: RawMessage[] = [];
  readonly out = this.queue();

  queue(): OutQueue {
    const write = (bytes: Uint8Array) => {
      for (let at = 0; at < bytes.length;) {
        const { length } = readHeader(bytes, at);
        this.sent.push(new RawMessage(bytes.slice(at, at + length)));
        at += length;
      }
      return Promise.resolve(bytes.length);
    };
    return new OutQueue({ write }, this.pool, { limit: Infinity, failed: () => {} });
  }

  /** Relays `bytes` as a request of `originHost`, and comes back with its slot. */
  relays(originHost: string, bytes: Uint8Array, relay: boolean): number {
    const from = new RelayPeer({} as Peer, { originHost } as Capabilities, undefined);
    from.key = 5;
    const message = incoming(from, bytes, 16);
    const total = relayedLength(message, relay);
    const slot = writeRequest(message, this.out.reserve(total), this.table, relay, 0, 99);
    this.out.commit(total);
    return slot;
  }

  async flushed(): Promise<readonly RawMessage[]> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    return this.sent.splice(0);
  }
}

/** So long that its copy takes either way, short and in blocks. */
const BODIES = [0, 1, 300, 70_000];

for (const size of BODIES) {
  Deno.test(`R7 a relayed request with ${size} octets more is the same but for ids, length and one Route-Record`, async () => {
    for (const originHost of ["a.b", "ab.c", "abc.d", "abcd.e", "abcde.example.net"]) {
      const desk = new Desk();
      const bytes = request({ more: (builder) => builder.octets(999, new Uint8Array(size).fill(0xab)) });
      const slot = desk.relays(originHost, bytes, true);
      const [sent] = await desk.flushed();
      const was = new RawMessage(bytes);
      assertEquals(sent!.hopByHop, desk.table.idOf(slot) >>> 0);
      assertEquals([sent!.endToEnd, sent!.flags, sent!.command], [was.endToEnd, was.flags, was.command]);
      assertEquals(sent!.body.subarray(0, was.body.length), was.body);
      const { code, flags, data } = sent!.avps.at(-1)!;
      assertEquals([code, flags, new TextDecoder().decode(data)], [AVP.routeRecord, AVP_FLAG.mandatory, originHost]);
      assertEquals(sent!.bytes.length % 4, 0);
      assertEquals(sent!.bytes.length, sent!.header.length);
      desk.table.dispose();
    }
  });
}

Deno.test("P2 in transparent mode a request keeps every octet but its hop-by-hop id", async () => {
  const desk = new Desk();
  const bytes = request({ flags: PLAIN | FLAG.retransmitted | 1 });
  desk.relays("app.example.net", bytes, false);
  const [sent] = await desk.flushed();
  const expected = bytes.slice();
  new DataView(expected.buffer).setUint32(12, sent!.hopByHop);
  assertEquals(sent!.bytes, expected);
  desk.table.dispose();
});

for (
  const [name, flags, expected] of [
    ["T of a sender that retransmits stays", PLAIN | FLAG.retransmitted, PLAIN | FLAG.retransmitted],
    ["reserved bits are cleared", PLAIN | 0x0f, PLAIN],
    ["P that is clear stays clear", FLAG.request, FLAG.request],
  ] as const
) {
  Deno.test(`R10 a relayed request: ${name}`, async () => {
    const desk = new Desk();
    desk.relays("app.example.net", request({ flags }), true);
    assertEquals((await desk.flushed())[0]!.flags, expected);
    desk.table.dispose();
  });
}

Deno.test("an answer goes back under the requester's id, with reserved bits and T cleared, and nothing else changed", async () => {
  const desk = new Desk();
  const to = new RawMessage(request());
  const bytes = answer(to, { flags: FLAG.proxiable | FLAG.error | FLAG.retransmitted | 3, hopByHop: 1 });
  const from = new RelayPeer({} as Peer, { originHost: "dra.example.net" } as Capabilities, undefined);
  for (const relay of [true, false]) {
    writeAnswer(desk.out, incoming(from, bytes, 8), 0xfedcba98, relay);
  }
  const [relayed, transparent] = await desk.flushed();
  assertEquals([relayed!.hopByHop, relayed!.flags], [0xfedcba98, FLAG.proxiable | FLAG.error]);
  assertEquals([transparent!.hopByHop, transparent!.flags], [0xfedcba98, new RawMessage(bytes).flags]);
  assertEquals([relayed!.body, transparent!.body], [new RawMessage(bytes).body, new RawMessage(bytes).body]);
  desk.table.dispose();
});

for (const retransmitted of [true, false]) {
  Deno.test(`a request is sent again with T ${retransmitted ? "set" : "cleared"}, under a new id, for the same requester and deadline`, async () => {
    const desk = new Desk();
    const flags = retransmitted ? PLAIN : PLAIN | FLAG.retransmitted;
    const slot = desk.relays("app.example.net", request({ flags, hopByHop: 77, endToEnd: 78 }), true);
    const other = new TransactionTable(desk.pool, 9, 0, new Budget(1 << 24));
    const next = writeAgain(desk.table, slot, desk.out, other, retransmitted);
    const [first, again] = await desk.flushed();
    assertEquals(again!.body, first!.body);
    assertEquals([again!.hopByHop, again!.endToEnd], [other.idOf(next) >>> 0, 78]);
    assertEquals(again!.flags, retransmitted ? PLAIN | FLAG.retransmitted : PLAIN);
    assertEquals([other.requesterOf(next), other.hopByHopOf(next), other.deadlineOf(next)], [5, 77, 99]);
    desk.table.dispose();
    other.dispose();
  });
}
