import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Capabilities } from "../../../../src/diameter/peer/capabilities.ts";
import type { Peer } from "../../../../src/diameter/peer/peer.ts";
import { ConnectionTable } from "../../../../src/diameter/relay/core/connection_table.ts";
import { RelayPeer } from "../../../../src/diameter/relay/core/relay_peer.ts";

/** A connection without a connection: neither the table nor the Route-Record looks at it. */
function relayPeer(originHost = "app.example.net"): RelayPeer {
  return new RelayPeer({} as Peer, { originHost } as Capabilities, undefined);
}

Deno.test("R7 the Route-Record of a peer is its identity as an AVP, padded", () => {
  fc.assert(fc.property(fc.string({ minLength: 1, maxLength: 300, unit: "grapheme-ascii" }), (name) => {
    const { routeRecord, routeRecordLength } = relayPeer(name);
    assertEquals(routeRecordLength, (8 + name.length + 3) & ~3);
    assertEquals([...routeRecord.bytes.subarray(0, 8)], [
      ...[0, 0, 1, 26, 0x40, 0],
      ...[(8 + name.length) >> 8, (8 + name.length) & 0xff],
    ]);
    assertEquals(new TextDecoder().decode(routeRecord.bytes.subarray(8, 8 + name.length)), name);
    assert(routeRecord.bytes.subarray(8 + name.length, routeRecordLength).every((octet) => octet === 0));
  }));
});

Deno.test("N2 a key finds its connection as long as it is open, and nobody after that, whoever comes", () => {
  const step = fc.record({ add: fc.boolean(), which: fc.nat() });
  fc.assert(fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
    const table = new ConnectionTable();
    const open = new Map<number, RelayPeer>();
    const closed: number[] = [];
    for (const { add, which } of steps) {
      if (add || open.size === 0) {
        const peer = relayPeer();
        table.add(peer);
        assert(peer.key !== 0);
        assert(!open.has(peer.key) && !closed.includes(peer.key), `key ${peer.key} was given before`);
        open.set(peer.key, peer);
      } else {
        const [key, peer] = [...open][which % open.size]!;
        table.remove(peer);
        table.remove(peer);
        open.delete(key);
        closed.push(key);
      }
    }
    for (const [key, peer] of open) assert(table.get(key) === peer);
    for (const key of closed) assertEquals(table.get(key), undefined);
    assertEquals(new Set(table), new Set(open.values()));
    assertEquals(table.get(0), undefined);
  }));
});

Deno.test("N2 a key survives the 32 bits that a transaction keeps of it", () => {
  const table = new ConnectionTable();
  const stored = new Int32Array(1);
  for (let i = 0; i < 70_000; i++) {
    const peer = relayPeer();
    table.add(peer);
    stored[0] = peer.key;
    if (i % 1000 === 0) assert(table.get(stored[0]!) === peer);
    table.remove(peer);
  }
});

Deno.test("as many connections as there are keys can be open, also after some were closed, and one more is refused", () => {
  const table = new ConnectionTable();
  const peers = Array.from({ length: ConnectionTable.capacity }, () => relayPeer());
  for (const peer of peers) table.add(peer);
  assertThrows(() => table.add(relayPeer()), RangeError, "65535 are open");
  // Fewer than are usually left alone for a while.
  for (const peer of peers.slice(0, 10)) {
    table.remove(peer);
    const next = relayPeer();
    table.add(next);
    assert(table.get(next.key) === next && table.get(peer.key) === undefined);
  }
});
