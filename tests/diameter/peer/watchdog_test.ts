import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  INITIAL_WATCHDOG,
  stepWatchdog,
  type Watchdog,
  type WatchdogAction,
  type WatchdogEvent,
  type WatchdogState,
} from "../../../src/diameter/peer/watchdog.ts";

/** One row: before, event, actions, after. `same`: pending and NumDWA stay as they were. */
interface Row {
  readonly items: string;
  readonly from: WatchdogState;
  readonly pending?: boolean;
  readonly numDwa?: number;
  readonly event: WatchdogEvent;
  readonly actions: readonly WatchdogAction[];
  readonly to: WatchdogState;
  readonly pendingAfter?: boolean;
  readonly numDwaAfter?: number;
}

/**
 * RFC 3539 section 3.4.1, row by row. AttemptOpen is the backoff's; SetWatchdog means nothing
 * without a connection.
 */
const TABLE: readonly Row[] = [
  {
    items: "W2",
    from: "okay",
    pending: true,
    event: "dwa",
    actions: ["set-watchdog"],
    to: "okay",
    pendingAfter: false,
  },
  { items: "W2", from: "okay", pending: false, event: "dwa", actions: ["set-watchdog"], to: "okay" },
  { items: "W2", from: "okay", pending: true, event: "non-dwa", actions: ["set-watchdog"], to: "okay" },
  { items: "W2", from: "okay", pending: false, event: "non-dwa", actions: ["set-watchdog"], to: "okay" },
  {
    items: "W4",
    from: "suspect",
    pending: true,
    event: "dwa",
    actions: ["failback", "set-watchdog"],
    to: "okay",
    pendingAfter: false,
  },
  { items: "W4", from: "suspect", pending: true, event: "non-dwa", actions: ["failback", "set-watchdog"], to: "okay" },
  {
    items: "W5",
    from: "reopen",
    pending: true,
    numDwa: 2,
    event: "dwa",
    actions: ["failback"],
    to: "okay",
    pendingAfter: false,
    numDwaAfter: 3,
  },
  {
    items: "W5",
    from: "reopen",
    pending: true,
    numDwa: 1,
    event: "dwa",
    actions: [],
    to: "reopen",
    pendingAfter: false,
    numDwaAfter: 2,
  },
  {
    items: "W5",
    from: "reopen",
    pending: true,
    numDwa: 0,
    event: "dwa",
    actions: [],
    to: "reopen",
    pendingAfter: false,
    numDwaAfter: 1,
  },
  {
    items: "W6",
    from: "reopen",
    pending: true,
    numDwa: -1,
    event: "dwa",
    actions: [],
    to: "reopen",
    pendingAfter: false,
    numDwaAfter: 0,
  },
  { items: "W5", from: "reopen", pending: true, event: "non-dwa", actions: ["throwaway"], to: "reopen" },
  { items: "W5", from: "reopen", pending: false, numDwa: 2, event: "non-dwa", actions: ["throwaway"], to: "reopen" },
  { items: "W10", from: "initial", event: "dwa", actions: ["throwaway"], to: "initial" },
  { items: "W10", from: "initial", event: "non-dwa", actions: ["throwaway"], to: "initial" },
  { items: "W10", from: "down", event: "dwa", actions: ["throwaway"], to: "down" },
  { items: "W10", from: "down", event: "non-dwa", actions: ["throwaway"], to: "down" },
  {
    items: "W2",
    from: "okay",
    pending: false,
    event: "timer",
    actions: ["send-watchdog", "set-watchdog"],
    to: "okay",
    pendingAfter: true,
  },
  {
    items: "W3",
    from: "okay",
    pending: true,
    event: "timer",
    actions: ["failover", "set-watchdog"],
    to: "suspect",
    pendingAfter: true,
  },
  { items: "W4", from: "suspect", pending: true, event: "timer", actions: ["close", "set-watchdog"], to: "down" },
  {
    items: "W6",
    from: "reopen",
    pending: false,
    numDwa: 1,
    event: "timer",
    actions: ["send-watchdog", "set-watchdog"],
    to: "reopen",
    pendingAfter: true,
  },
  {
    items: "W6",
    from: "reopen",
    pending: true,
    numDwa: 0,
    event: "timer",
    actions: ["set-watchdog"],
    to: "reopen",
    numDwaAfter: -1,
  },
  {
    items: "W6",
    from: "reopen",
    pending: true,
    numDwa: 2,
    event: "timer",
    actions: ["set-watchdog"],
    to: "reopen",
    numDwaAfter: -1,
  },
  {
    items: "W6",
    from: "reopen",
    pending: true,
    numDwa: -1,
    event: "timer",
    actions: ["close", "set-watchdog"],
    to: "down",
  },
  { items: "W10", from: "initial", event: "timer", actions: [], to: "initial" },
  { items: "W10", from: "down", event: "timer", actions: [], to: "down" },
  {
    items: "W5",
    from: "initial",
    event: "up",
    actions: ["set-watchdog", "failback"],
    to: "okay",
    pendingAfter: false,
  },
  {
    items: "W5",
    from: "down",
    numDwa: 3,
    event: "up",
    actions: ["send-watchdog", "set-watchdog"],
    to: "reopen",
    pendingAfter: true,
    numDwaAfter: 0,
  },
  {
    items: "W10",
    from: "okay",
    pending: true,
    event: "down",
    actions: ["close", "failover"],
    to: "down",
    pendingAfter: false,
  },
  { items: "W10", from: "suspect", pending: true, event: "down", actions: ["close"], to: "down", pendingAfter: false },
  {
    items: "W10",
    from: "reopen",
    pending: true,
    numDwa: 1,
    event: "down",
    actions: ["close"],
    to: "down",
    pendingAfter: false,
  },
  { items: "W10", from: "initial", event: "down", actions: [], to: "initial" },
  { items: "W10", from: "down", event: "down", actions: [], to: "down" },
];

for (const row of TABLE) {
  const { pending = false, numDwa = 0 } = row;
  const before = `${row.from.toUpperCase()}${pending ? ", Pending" : ""}${
    row.from === "reopen" ? `, NumDWA ${numDwa}` : ""
  }`;
  Deno.test(`${row.items} ${before}: ${row.event} leads to ${row.to.toUpperCase()} (${row.actions.join(", ") || "no action"})`, () => {
    const { watchdog, actions } = stepWatchdog({ state: row.from, pending, numDwa }, row.event);
    assertEquals(actions, row.actions);
    assertEquals(watchdog, {
      state: row.to,
      pending: row.pendingAfter ?? pending,
      numDwa: row.numDwaAfter ?? numDwa,
    });
  });
}

for (const state of ["initial", "okay", "suspect", "down", "reopen"] as const) {
  Deno.test(`W7 after a DPR of either side in ${state.toUpperCase()} the next connection is OKAY at once`, () => {
    const left = stepWatchdog({ state, pending: true, numDwa: 1 }, "left").watchdog;
    assertEquals(left, INITIAL_WATCHDOG);
    assertEquals(stepWatchdog(left, "up").watchdog.state, "okay");
  });
}

Deno.test("W5 with reopen_watchdogs 0 a lost peer is OKAY at once", () => {
  const { watchdog, actions } = stepWatchdog({ state: "down", pending: false, numDwa: 0 }, "up", 0);
  assertEquals(watchdog.state, "okay");
  assert(actions.includes("failback"));
});

for (const wanted of [1, 2, 3, 5]) {
  Deno.test(`W5 with reopen_watchdogs ${wanted} it takes as many DWAs to be OKAY again`, () => {
    let watchdog = stepWatchdog({ state: "down", pending: false, numDwa: 0 }, "up", wanted).watchdog;
    for (let received = 1; received <= wanted; received++) {
      assertEquals(watchdog.state, "reopen");
      watchdog = stepWatchdog(watchdog, "dwa", wanted).watchdog;
      if (received < wanted) watchdog = stepWatchdog(watchdog, "timer", wanted).watchdog;
    }
    assertEquals(watchdog.state, "okay");
  });
}

const events = fc.constantFrom<WatchdogEvent>("dwa", "non-dwa", "timer", "timer", "up", "down", "left");

/** Every walk that a real connection can take: messages and expiries only while it is up. */
function walk(
  all: readonly WatchdogEvent[],
  look: (before: Watchdog, event: WatchdogEvent, after: Watchdog, actions: readonly WatchdogAction[]) => void,
): void {
  let watchdog = INITIAL_WATCHDOG;
  let connected = false;
  for (const event of all) {
    if (event === "up" ? connected : !connected) continue;
    const { watchdog: after, actions } = stepWatchdog(watchdog, event);
    look(watchdog, event, after, actions);
    connected = event !== "down" && event !== "left" && !actions.includes("close");
    watchdog = after;
  }
}

Deno.test("W2 W9 whatever happens, a DWR is sent only when none is pending, and expiry alone never sends two in a row", () => {
  fc.assert(fc.property(fc.array(events, { maxLength: 200 }), (all) => {
    walk(all, (before, event, after, actions) => {
      if (!actions.includes("send-watchdog")) return;
      assert(after.pending);
      assert(event === "up" || !before.pending, "a DWR was repeated");
    });
  }));
});

Deno.test("W3 W4 whatever happens, OKAY is entered with Failback and left with Failover, unless somebody took leave", () => {
  fc.assert(fc.property(fc.array(events, { maxLength: 200 }), (all) => {
    walk(all, (before, event, after, actions) => {
      assertEquals(actions.includes("failback"), before.state !== "okay" && after.state === "okay");
      assertEquals(
        actions.includes("failover"),
        before.state === "okay" && after.state !== "okay" && event !== "left",
      );
    });
  }));
});

Deno.test("W4 whatever happens, at least two expiries without a message lie before a close", () => {
  fc.assert(fc.property(fc.array(events, { maxLength: 200 }), (all) => {
    let silent = 0;
    walk(all, (before, event, _after, actions) => {
      const heard = event === "dwa" || (event === "non-dwa" && before.state !== "reopen");
      if (event === "timer") silent++;
      else if (heard || event === "up") silent = 0;
      if (event === "timer" && actions.includes("close")) assert(silent >= 2, `closed after ${silent} expiries`);
    });
  }));
});

Deno.test("W5 W9 whatever happens, a peer that was lost is OKAY only after three DWAs on its new connection", () => {
  fc.assert(fc.property(fc.array(events, { maxLength: 200 }), (all) => {
    let answered = 0;
    walk(all, (before, event, after) => {
      if (event === "up") answered = 0;
      if (event === "dwa") answered++;
      if (before.state === "reopen" && after.state === "okay") assert(answered >= 3, `after ${answered} DWAs`);
    });
  }));
});
