import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Ledger } from "../../../../src/diameter/relay/core/ledger.ts";
import type { RelayPeer } from "../../../../src/diameter/relay/core/relay_peer.ts";

const requester = () => ({ inFlight: 0 }) as RelayPeer;

function bookOf(ledger: Ledger): number[] {
  const { created, completed, expired, rejected, abandoned, active } = ledger;
  return [created, completed, expired, rejected, abandoned, active];
}

Deno.test("each way for a transaction to end is booked in its own column", () => {
  const ledger = new Ledger();
  const [a, b] = [requester(), requester()];
  for (let i = 0; i < 4; i++) ledger.begun(a);
  ledger.begun(b);
  assertEquals([bookOf(ledger), a.inFlight, b.inFlight], [[5, 0, 0, 0, 0, 5], 4, 1]);
  ledger.ended(a, "completed");
  ledger.ended(a, "expired");
  ledger.ended(a, "rejected");
  assertEquals([bookOf(ledger), a.inFlight], [[5, 1, 1, 1, 0, 2], 1]);
  ledger.refused();
  ledger.vanished();
  assertEquals(bookOf(ledger), [7, 1, 1, 2, 1, 2]);
  ledger.left(a);
  ledger.left(b);
  assertEquals([bookOf(ledger), a.inFlight, b.inFlight], [[7, 1, 1, 2, 3, 0], 0, 0]);
});

Deno.test("whatever happens, what is active is what somebody waits for", () => {
  const step = fc.tuple(fc.nat(2), fc.constantFrom("begun", "completed", "expired", "rejected", "refused", "left"));
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const ledger = new Ledger();
    const peers = [requester(), requester(), requester()];
    for (const [nth, what] of steps) {
      const peer = peers[nth]!;
      if (what === "begun") ledger.begun(peer);
      else if (what === "refused") ledger.refused();
      else if (what === "left") ledger.left(peer);
      else if (peer.inFlight > 0) ledger.ended(peer, what as "completed" | "expired" | "rejected");
      assertEquals(ledger.active, peers.reduce((sum, { inFlight }) => sum + inFlight, 0));
    }
  }));
});
