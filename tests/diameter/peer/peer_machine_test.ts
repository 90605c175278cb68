import { assertEquals } from "@std/assert";
import { type PeerAction, type PeerEvent, type PeerState, stepPeer } from "../../../src/diameter/peer/peer_machine.ts";

type Cell = readonly [PeerState, ...PeerAction[]];

const CLOSED: Cell = ["closed", "close"];

/**
 * RFC 6733 section 5.6, for connections that are dialled or accepted but never both: every state
 * with every event.
 */
const TABLE: Record<Exclude<PeerState, "closed">, Record<PeerEvent, Cell>> = {
  "wait-i-cea": {
    "cer-accepted": CLOSED,
    "cer-refused": CLOSED,
    "cea-accepted": ["open", "opened"],
    "cea-refused": CLOSED,
    dwr: CLOSED,
    dwa: CLOSED,
    dpr: CLOSED,
    dpa: CLOSED,
    message: CLOSED,
    timeout: CLOSED,
    stop: CLOSED,
    disconnected: CLOSED,
  },
  "wait-cer": {
    "cer-accepted": ["open", "send-cea", "opened"],
    "cer-refused": ["closed", "refuse", "close-when-written"],
    "cea-accepted": CLOSED,
    "cea-refused": CLOSED,
    dwr: CLOSED,
    dwa: CLOSED,
    dpr: CLOSED,
    dpa: CLOSED,
    message: CLOSED,
    timeout: CLOSED,
    stop: CLOSED,
    disconnected: CLOSED,
  },
  open: {
    "cer-accepted": ["open", "send-cea"],
    "cer-refused": CLOSED,
    "cea-accepted": ["open", "discard"],
    "cea-refused": ["open", "discard"],
    dwr: ["open", "send-dwa"],
    dwa: ["open", "watchdog-answered"],
    dpr: ["leaving", "send-dpa"],
    dpa: ["open", "discard"],
    message: ["open", "pass"],
    timeout: CLOSED,
    stop: ["closing", "send-dpr"],
    disconnected: CLOSED,
  },
  closing: {
    "cer-accepted": ["closing", "discard"],
    "cer-refused": CLOSED,
    "cea-accepted": ["closing", "discard"],
    "cea-refused": ["closing", "discard"],
    dwr: ["closing", "send-dwa"],
    dwa: ["closing", "watchdog-answered"],
    dpr: ["closing", "send-dpa"],
    dpa: ["closed", "close-when-written"],
    message: ["closing", "pass"],
    timeout: CLOSED,
    stop: ["closing", "discard"],
    disconnected: CLOSED,
  },
  leaving: {
    "cer-accepted": ["leaving", "discard"],
    "cer-refused": CLOSED,
    "cea-accepted": ["leaving", "discard"],
    "cea-refused": ["leaving", "discard"],
    dwr: ["leaving", "send-dwa"],
    dwa: ["leaving", "watchdog-answered"],
    dpr: ["leaving", "send-dpa"],
    dpa: ["leaving", "discard"],
    message: ["leaving", "pass"],
    timeout: CLOSED,
    stop: ["leaving", "discard"],
    disconnected: CLOSED,
  },
};

for (const [state, row] of Object.entries(TABLE) as [PeerState, Record<PeerEvent, Cell>][]) {
  Deno.test(`in ${state}, every event leads where RFC 6733 section 5.6 says`, () => {
    for (const [event, [to, ...actions]] of Object.entries(row) as [PeerEvent, Cell][]) {
      assertEquals(stepPeer(state, event), { state: to, actions }, event);
    }
  });
}

Deno.test("a closed connection stays closed, whatever comes", () => {
  for (const event of Object.keys(TABLE.open) as PeerEvent[]) {
    assertEquals(stepPeer("closed", event), { state: "closed", actions: ["discard"] }, event);
  }
});
