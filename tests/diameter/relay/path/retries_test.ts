import { assertEquals, assertStringIncludes } from "@std/assert";
import { OutQueue } from "../../../../src/net/out_queue.ts";
import type { Capabilities } from "../../../../src/diameter/peer/capabilities.ts";
import type { Peer } from "../../../../src/diameter/peer/peer.ts";
import { RelayPeer } from "../../../../src/diameter/relay/core/relay_peer.ts";
import { TICK, ticksFor } from "../../../../src/diameter/relay/core/transactions.ts";
import type { DraLink } from "../../../../src/diameter/relay/dras/link.ts";
import { Refusals } from "../../../../src/diameter/relay/path/refusals.ts";
import { Duplicates } from "../../../../src/diameter/relay/path/duplicates.ts";
import { Retries } from "../../../../src/diameter/relay/path/retries.ts";
import { writeRequest } from "../../../../src/diameter/relay/path/writer.ts";
import { AVP } from "../../../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../../../src/diameter/wire/command_codes.ts";
import { FLAG, readHeader } from "../../../../src/diameter/wire/header.ts";
import { incoming } from "../../../support/incoming.ts";
import { answer, peerRequest, RawMessage, request } from "../../../support/raw_message.ts";
import { type Line, Scene, type SceneOptions, settled, TW } from "../dras/scene.ts";

const ECR = COMMAND.meIdentityCheck;
const REQUEST = FLAG.request | FLAG.proxiable;
const AGAIN = REQUEST | FLAG.retransmitted;
const TWO = [{}, { priority: 2 }] as const;
const ANSWER_TIMEOUT = 10_000;
const REQUEST_TIMEOUT = 25_000;
/** Deadlines are looked at in ticks: so much later at most. */
const SLACK = 2 * TICK;

/** A Logic App whose requests wait for DRAs, and what decides on further attempts. */
class Stage extends Scene {
  readonly refusals = new Refusals(this.runtime);
  readonly retries = new Retries(
    this.runtime,
    this.pool,
    { keys: undefined },
    new Duplicates(this.runtime, this.refusals),
    this.refusals,
  );
  /** Error answers that the Logic App got. */
  readonly refused: RawMessage[] = [];
  readonly app: RelayPeer;
  readonly #out: OutQueue;

  constructor(options: SceneOptions) {
    super({
      ...options,
      gateway: { answerTimeout: ANSWER_TIMEOUT, requestTimeout: REQUEST_TIMEOUT, ...options.gateway },
    });
    this.suspect = (link) => this.retries.suspect(link);
    this.lost = (link) => this.retries.lost(link);
    const write = (bytes: Uint8Array) => {
      for (let at = 0; at < bytes.length;) {
        const { length } = readHeader(bytes, at);
        this.refused.push(new RawMessage(bytes.slice(at, at + length)));
        at += length;
      }
      return Promise.resolve(bytes.length);
    };
    this.#out = new OutQueue({ write }, this.runtime.segments, { limit: Infinity, failed: () => {} });
    const peer = { out: this.#out } as unknown as Peer;
    this.app = new RelayPeer(peer, { originHost: "app.example.net" } as unknown as Capabilities, undefined);
    this.runtime.connections.add(this.app);
  }

  /** The app asks; the request goes to the first candidate. */
  async asks(message: Uint8Array = request()): Promise<void> {
    const { runtime } = this;
    const { answerTimeout, requestTimeout } = runtime.options;
    const link = this.pool.pick(this.pool.planFor(readHeader(message).application), "first") as DraLink;
    const { out } = link.relayPeer!.peer;
    const deadline = runtime.tick() + ticksFor(requestTimeout);
    const slot = writeRequest(incoming(this.app, message), out.reserve(message.length), link.table, false, 0, deadline);
    out.commit(message.length);
    link.table.wheel.arm(slot, runtime.tick() + ticksFor(answerTimeout));
    runtime.ledger.begun(this.app);
    await settled();
  }

  /** Lets time pass, and what waited for its end be looked at. */
  override async passes(milliseconds: number): Promise<void> {
    await super.passes(milliseconds);
    for (const link of this.pool.links()) {
      link.table.wheel.advance(this.runtime.tick(), (slot) => this.retries.expired(link, slot));
    }
    await settled();
  }

  /** DRA `index` answers with `error`; whether that is dealt with. */
  async errs(index: number, error: RawMessage): Promise<boolean> {
    const { bytes, hopByHop } = error;
    const link = this.link(index);
    const taken = this.retries.takeErrorAnswer(link, link.table.find(hopByHop), incoming(link.relayPeer!, bytes));
    await settled();
    return taken;
  }

  /** How many transactions wait, all attempts counted. */
  get waiting(): number {
    return this.pool.dras.reduce((sum, dra) => sum + dra.inFlight, 0);
  }
}

function stage(options: SceneOptions, play: (s: Stage, lines: Line[]) => Promise<void>): () => Promise<void> {
  return async () => {
    const s = new Stage(options);
    await play(s, await s.open());
    s.runtime.draining = true;
    for (const link of s.pool.links()) for (const slot of link.table.pending()) s.retries.forget(link, slot, 0);
    await s.finish();
  };
}

Deno.test(
  "D3 P6 after answer_timeout the next DRA is asked with T set, not a moment earlier, and the first one is listened to",
  stage({ dras: TWO }, async (s, [first, second]) => {
    await s.asks(request({ endToEnd: 42 }));
    assertEquals(first!.next(ECR).flags, REQUEST);
    await s.passes(ANSWER_TIMEOUT - 1);
    assertEquals(second!.inbox, [], "too early");
    await s.passes(1 + SLACK);
    const again = second!.next(ECR);
    assertEquals([again.flags, again.endToEnd], [AGAIN, 42]);
    assertEquals([s.waiting, s.app.inFlight], [2, 1]);
    assertEquals(s.dra(1).meters.retransmissions.timeout.value, 1);
  }),
);

Deno.test(
  "P6 when request_timeout is over, the timeout is answered with how often it was tried",
  stage({ dras: TWO }, async (s) => {
    await s.asks();
    await s.passes(ANSWER_TIMEOUT + SLACK);
    await s.passes(ANSWER_TIMEOUT);
    assertEquals(s.refused, []);
    await s.passes(REQUEST_TIMEOUT - 2 * ANSWER_TIMEOUT + SLACK);
    assertEquals(s.refused.map(({ resultCode }) => resultCode), [3002]);
    assertStringIncludes(s.refused[0]!.text(AVP.errorMessage)!, "timeout after 25000 ms, 2 attempts");
    assertEquals([s.waiting, s.app.inFlight, s.runtime.ledger.expired], [0, 0, 1]);
  }),
);

Deno.test(
  "P6 a retry never returns to a DRA that was asked before: after all were, it goes on waiting",
  stage({ dras: TWO, gateway: { maxAttempts: 9 } }, async (s, [first, second]) => {
    await s.asks();
    first!.next(ECR);
    await s.passes(ANSWER_TIMEOUT + SLACK);
    second!.next(ECR);
    await s.passes(ANSWER_TIMEOUT + SLACK);
    assertEquals([first!.inbox, second!.inbox, s.refused, s.waiting], [[], [], [], 2]);
  }),
);

Deno.test(
  "P6 P17 when the time is over, the last error that was received is passed on",
  stage({ dras: TWO }, async (s, [first, second]) => {
    await s.asks();
    const asked = first!.next(ECR);
    const error = new RawMessage(answer(asked, { resultCode: 3004, originHost: "busy.example.net" }));
    assertEquals(await s.errs(0, error), true);
    assertEquals(second!.next(ECR).flags, REQUEST, "nobody has it unanswered");
    await s.passes(ANSWER_TIMEOUT);
    await s.passes(REQUEST_TIMEOUT);
    assertEquals(s.refused.map(({ body }) => body), [error.body]);
    assertEquals([s.waiting, s.link(0).errors.used], [0, 0]);
  }),
);

/** Tw passes, in which only `line` says something. */
async function onlySays(s: Stage, line: Line): Promise<void> {
  await s.passes(TW - 1);
  await line.sends(peerRequest(line.identity));
  line.inbox.length = 0;
  await s.passes(1);
}

Deno.test(
  "W3 D1 what waits for a DRA that becomes SUSPECT goes to the next one, and both are listened to",
  stage({ dras: TWO, gateway: { answerTimeout: 300_000, requestTimeout: 300_000 } }, async (s, [first, second]) => {
    await onlySays(s, second!);
    await s.asks(request({ endToEnd: 41 }));
    await s.asks(request({ endToEnd: 42 }));
    await onlySays(s, second!);
    assertEquals(s.link().watchdog.state, "suspect");
    assertEquals(first!.closed, false);
    assertEquals(s.eventsOf("resent").map(({ count, reason }) => [count, reason]), [[2, "suspect"]]);
    assertEquals([s.link(0).table.size, s.link(1).table.size], [2, 2]);
  }),
);

Deno.test(
  "D1 what waits for a DRA that is lost goes to the next one with T set, in order",
  stage({ dras: TWO }, async (s, [first, second]) => {
    for (const endToEnd of [1, 2, 3]) await s.asks(request({ endToEnd }));
    await first!.ends();
    const again = [1, 2, 3].map(() => second!.next(ECR));
    assertEquals(again.map(({ endToEnd, flags }) => [endToEnd, flags]), [[1, AGAIN], [2, AGAIN], [3, AGAIN]]);
    assertEquals([s.link(0).table.size, s.link(1).table.size], [0, 3]);
    assertEquals(s.eventsOf("resent").map(({ count, reason }) => [count, reason]), [[3, "lost"]]);
  }),
);

Deno.test(
  "D2 what waits for a lost DRA when there is no other one is answered at once",
  stage({}, async (s, [first]) => {
    await s.asks();
    await first!.ends();
    assertEquals(s.refused.map(({ resultCode }) => resultCode), [3002]);
    assertStringIncludes(s.refused[0]!.text(AVP.errorMessage)!, "the connection to dra-1 was lost");
    assertEquals([s.waiting, s.app.inFlight, s.runtime.ledger.rejected], [0, 0, 1]);
  }),
);
