import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Batch } from "../../../src/net/batch.ts";
import { Block } from "../../../src/net/block.ts";
import type { Connection } from "../../../src/net/connection.ts";
import { SegmentPool } from "../../../src/net/segment.ts";
import {
  type CapabilitiesFault,
  capabilitiesRequest,
  type LocalIdentity,
} from "../../../src/diameter/peer/capabilities.ts";
import { EndToEndIds } from "../../../src/diameter/peer/end_to_end_ids.ts";
import { Peer } from "../../../src/diameter/peer/peer.ts";
import type { PeerEnd } from "../../../src/diameter/peer/peer_end.ts";
import { peerGate, REFUSED } from "../../../src/diameter/peer/peer_gate.ts";
import { disconnectRequest, peerAnswer, watchdogRequest } from "../../../src/diameter/peer/peer_messages.ts";
import { WatchdogTimer } from "../../../src/diameter/peer/watchdog_timer.ts";
import { AVP } from "../../../src/diameter/wire/avp_codes.ts";
import { findAvp, unsigned32Of } from "../../../src/diameter/wire/avp.ts";
import { COMMAND } from "../../../src/diameter/wire/command_codes.ts";
import { FLAG, type Header, HEADER_LENGTH, readHeader } from "../../../src/diameter/wire/header.ts";
import { MessageBuilder } from "../../../src/diameter/wire/message_builder.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { patched } from "../../support/raw_message.ts";
import { until } from "../../support/until.ts";

const GATEWAY: LocalIdentity = {
  originHost: "gw.example.net",
  originRealm: "example.net",
  productName: "diam-gw",
  vendorId: 42,
  originStateId: 7,
  applications: [],
};
const APP: LocalIdentity = { ...GATEWAY, originHost: "app.example.net", originStateId: 8 };

let ids = 0;
const nextIds = () => ({ hopByHop: ++ids, endToEnd: ++ids });

/** A relayable message whose hop-by-hop id is its number. */
function message(number: number, flags: number = FLAG.request | FLAG.proxiable): Uint8Array {
  return new MessageBuilder({
    flags,
    command: COMMAND.meIdentityCheck,
    application: 16777252,
    hopByHop: number,
    endToEnd: number,
  }).text(AVP.sessionId, `app;${number}`).finish();
}
const dwr = () => watchdogRequest(APP, nextIds());
const dpr = (cause = 0) => disconnectRequest(APP, nextIds(), cause);
const cer = (local = APP) => capabilitiesRequest(local, "192.0.2.1", nextIds());

interface Passed {
  readonly number: number;
  readonly refused: boolean;
}

const ITS_DWA = "its DWA carries another Hop-by-Hop Identifier than the request";

/** The header alone of a request with `command`. */
function peerRequestHeader(command: number): Uint8Array {
  return new MessageBuilder({ flags: FLAG.request, command, application: 0, ...nextIds() }).finish();
}

interface SetupOptions {
  readonly dprTimeout?: number;
  readonly admit?: () => CapabilitiesFault | undefined | Promise<CapabilitiesFault | undefined>;
  readonly keep?: () => boolean;
  readonly reopenWatchdogs?: number;
}

/** A responder behind its gate, without a network. */
class Gate {
  readonly clock = new FakeClock();
  readonly passed: Passed[] = [];
  readonly written: { header: Header; bytes: Uint8Array }[] = [];
  readonly discarded: string[] = [];
  readonly batches = { given: 0, released: 0 };
  readonly peer: Peer;
  readonly watchdog: WatchdogTimer;
  connectionClosed = false;
  end: PeerEnd | undefined;
  readonly #writer: WritableStreamDefaultWriter<Batch>;
  readonly #finished: Promise<void>;

  constructor(
    { admit = () => undefined, keep = () => false, reopenWatchdogs = 0, dprTimeout = 10_000 }: SetupOptions = {},
  ) {
    const connection: Connection = {
      local: { hostname: "192.0.2.2", port: 3868 },
      remote: { hostname: "192.0.2.1", port: 40000 },
      tls: undefined,
      read: () => Promise.resolve(null),
      write: (bytes) => {
        for (let at = 0; at < bytes.length;) {
          const header = readHeader(bytes, at);
          this.written.push({ header, bytes: bytes.slice(at, at + header.length) });
          at += header.length;
        }
        return Promise.resolve(bytes.length);
      },
      close: () => this.connectionClosed = true,
    };
    this.watchdog = new WatchdogTimer(
      () => ({ interval: 30_000, jitter: 0, reopenWatchdogs }),
      {
        sendWatchdog: () => this.peer.sendWatchdog(),
        failover() {},
        failback() {},
        close: (reason) => this.peer.abort(reason),
      },
      this.clock,
    );
    this.peer = new Peer(
      connection,
      {
        segments: new SegmentPool(),
        clock: this.clock,
        random: () => 0,
        endToEndIds: new EndToEndIds(0, 0),
      },
      this.watchdog,
      {
        local: GATEWAY,
        role: "responder",
        capabilitiesTimeout: 10_000,
        dprTimeout,
        sendQueueLimit: 1 << 20,
        writeTimeout: 10_000,
      },
      {
        admit: () => admit(),
        opened() {},
        closed: (_, end) => this.end = end,
        discarded: (reason) => this.discarded.push(reason),
      },
    );
    const gate = peerGate(this.peer, (reason) => this.discarded.push(reason), keep);
    this.#writer = gate.writable.getWriter();
    this.#finished = gate.readable.pipeTo(
      new WritableStream({
        write: (batch) => {
          for (let at = batch.start; at < batch.end;) {
            const header = readHeader(batch.block.bytes, at);
            this.passed.push({ number: header.hopByHop, refused: batch.mark === REFUSED });
            at += header.length;
          }
          batch.release();
        },
      }),
    );
  }

  /** One read that held these messages, and perhaps a fault behind them. */
  async read(messages: readonly Uint8Array[], fault?: { kind: string; bytes: Uint8Array }): Promise<void> {
    const size = messages.reduce((sum, bytes) => sum + bytes.length, 0);
    const block = new Block(size);
    let at = 0;
    for (const bytes of messages) {
      block.bytes.set(bytes, at);
      at += bytes.length;
    }
    this.batches.given++;
    const batch = new Batch({ released: () => this.batches.released++ }, block, 0, size);
    batch.fault = fault;
    await this.#writer.write(batch);
  }

  async open(): Promise<void> {
    await this.read([cer()]);
    await until(() => this.written.length === 1, "the CEA is written");
    assertEquals(this.peer.open, true);
    this.written.length = 0;
  }

  get numbers(): number[] {
    return this.passed.map(({ number }) => number);
  }

  /** Commands of what was written, requests with a bang. */
  get commands(): string[] {
    return this.written.map(({ header }) => `${header.command}${(header.flags & FLAG.request) !== 0 ? "!" : ""}`);
  }

  resultCode(index: number): number | undefined {
    const { bytes } = this.written[index]!;
    const avp = findAvp(bytes, AVP.resultCode, HEADER_LENGTH, bytes.length);
    return avp === undefined ? undefined : unsigned32Of(bytes, avp);
  }

  /** Every batch that came was given back exactly once. */
  async finish(): Promise<void> {
    await this.#writer.close();
    await this.#finished;
    this.peer.abort("the test is over");
    assertEquals(this.batches.released, this.batches.given);
    assertEquals(this.clock.alarms, 0);
  }
}

Deno.test("X5 requests before a DPR in the same read are served, those behind it are refused", async () => {
  const gate = new Gate();
  await gate.open();
  await gate.read([message(1), message(2), dpr(), message(3), message(4, FLAG.proxiable)]);
  await gate.read([message(5)]);
  await until(() => gate.passed.length === 5, "all messages passed");
  assertEquals(gate.passed, [
    { number: 1, refused: false },
    { number: 2, refused: false },
    { number: 3, refused: true },
    { number: 4, refused: true },
    { number: 5, refused: true },
  ]);
  assertEquals(gate.commands, [`${COMMAND.disconnectPeer}`]);
  assertEquals(gate.peer.state, "leaving");
  await gate.finish();
});

Deno.test("X5 requests that come after our own DPR are refused, and DPA ends the connection", async () => {
  const gate = new Gate();
  await gate.open();
  void gate.peer.stop(0, "shutting down");
  await gate.read([message(1)]);
  await until(() => gate.passed.length === 1, "the message passed");
  assertEquals(gate.passed, [{ number: 1, refused: true }]);
  const { header } = gate.written[0]!;
  await gate.read([peerAnswer(COMMAND.disconnectPeer, APP, { ...header, flags: 0 })]);
  assertEquals(gate.end, { reason: "shutting down", kind: "left" });
  assertEquals(gate.connectionClosed, true);
  await gate.finish();
});

Deno.test("F10 X3 peer commands among others are taken out, and the others pass in their order", async () => {
  const kinds = fc.array(fc.constantFrom("message", "dwr", "cer", "stray-dwa", "stray-dpa"), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(kinds, fc.array(fc.nat({ max: 30 }), { maxLength: 4 }), async (kinds, cuts) => {
      const gate = new Gate();
      await gate.open();
      const messages = kinds.map((kind, i) => {
        if (kind === "message") return message(i);
        if (kind === "dwr") return dwr();
        if (kind === "cer") return cer();
        const command = kind === "stray-dwa" ? COMMAND.deviceWatchdog : COMMAND.disconnectPeer;
        return peerAnswer(command, APP, { hopByHop: 0, endToEnd: 0, flags: 0 });
      });
      const bounds = [0, ...cuts.map((cut) => Math.min(cut, messages.length)).sort((a, b) => a - b), messages.length];
      for (let i = 1; i < bounds.length; i++) await gate.read(messages.slice(bounds[i - 1], bounds[i]));
      const expected = kinds.flatMap((kind, i) => kind === "message" ? [i] : []);
      await until(() => gate.passed.length === expected.length, "all messages passed");
      assertEquals(gate.numbers, expected);
      assert(gate.passed.every(({ refused }) => !refused));
      const answered = kinds.filter((kind) => kind === "dwr" || kind === "cer");
      await until(() => gate.written.length === answered.length, "all are answered");
      assertEquals(gate.commands, answered.map((kind) => `${kind === "dwr" ? 280 : 257}`));
      assertEquals(gate.discarded.length, kinds.filter((kind) => kind.startsWith("stray")).length);
      await gate.finish();
    }),
    { numRuns: 50 },
  );
});

Deno.test("F1 a read that holds nothing but relayable messages passes as the batch it is", async () => {
  const gate = new Gate();
  await gate.open();
  await gate.read([message(1), message(2), message(3)]);
  await until(() => gate.passed.length === 3, "all messages passed");
  await gate.finish();
});

for (const [name, first] of [["a request", message(1)], ["a DWR", dwr()], ["a DPR", dpr()]] as const) {
  Deno.test(`C1 ${name} before the CER ends the connection, and what follows it is not looked at`, async () => {
    const gate = new Gate();
    await gate.read([first, cer(), message(2)]);
    assertEquals(gate.connectionClosed, true);
    assertEquals([gate.passed, gate.written], [[], []]);
    await gate.finish();
  });
}

for (const command of [COMMAND.deviceWatchdog, COMMAND.disconnectPeer]) {
  Deno.test(`C1 an answer ${command} before the CER ends the connection`, async () => {
    const gate = new Gate();
    await gate.read([peerAnswer(command, APP, { hopByHop: 0, endToEnd: 0, flags: 0 })]);
    assertEquals(gate.connectionClosed, true);
    await gate.finish();
  });
}

Deno.test("C1 what comes in the same read as the CER waits until the peer is admitted", async () => {
  const verdict = Promise.withResolvers<undefined>();
  const gate = new Gate({ admit: () => verdict.promise });
  const reading = gate.read([cer(), message(1)]);
  for (let i = 0; i < 20; i++) await Promise.resolve();
  assertEquals([gate.passed.length, gate.peer.state], [0, "wait-cer"]);
  verdict.resolve(undefined);
  await reading;
  await until(() => gate.passed.length === 1, "the message passed");
  assertEquals(gate.passed, [{ number: 1, refused: false }]);
  await gate.finish();
});

Deno.test("C5 a peer that is not admitted gets its CEA, and nothing behind its CER is served", async () => {
  const gate = new Gate({ admit: () => ({ resultCode: 3010, reason: "unknown peer" }) });
  await gate.read([cer(), message(1)]);
  await until(() => gate.connectionClosed, "the connection is closed");
  assertEquals(gate.commands, ["257"]);
  assertEquals(gate.resultCode(0), 3010);
  assertEquals(gate.passed, []);
  await gate.finish();
});

Deno.test("C13 a second CER with another identity ends the connection", async () => {
  const gate = new Gate();
  await gate.open();
  await gate.read([cer({ ...APP, originHost: "APP.example.net" })]);
  await until(() => gate.written.length === 1, "the CEA is written");
  assertEquals(gate.peer.open, true);
  await gate.read([cer({ ...APP, originHost: "other.example.net" })]);
  assertEquals(gate.connectionClosed, true);
  await gate.finish();
});

Deno.test("W2 W4 every message of an open connection is heard by the watchdog", async () => {
  for (const heard of [message(1), message(1, FLAG.proxiable), dwr(), cer()]) {
    const gate = new Gate();
    await gate.open();
    gate.clock.advance(60_000);
    assertEquals(gate.watchdog.state, "suspect");
    await gate.read([heard]);
    assertEquals(gate.watchdog.state, "okay");
    await gate.finish();
  }
});

/** A gate whose peer was lost once, so that its next connection is in REOPEN. */
async function reopening(keep: () => boolean): Promise<Gate> {
  const gate = new Gate({ keep, reopenWatchdogs: 3 });
  gate.watchdog.up();
  gate.watchdog.down();
  await gate.read([cer()]);
  await until(() => gate.written.length === 2, "CEA and DWR are written");
  assertEquals(gate.watchdog.state, "reopen");
  return gate;
}

Deno.test("W5 in REOPEN messages are thrown away until the last DWA, and those behind it in the same read are served", async () => {
  const gate = await reopening(() => false);
  const dwa = () => peerAnswer(COMMAND.deviceWatchdog, APP, { ...gate.written.at(-1)!.header, flags: 0 });
  await gate.read([message(1), dwa(), message(2)]);
  for (let i = 0; i < 2; i++) {
    const before = gate.written.length;
    gate.clock.advance(30_000);
    await until(() => gate.written.length > before, "the next DWR is written");
    await gate.read([message(3), dwa(), message(4 + i)]);
  }
  await until(() => gate.passed.length === 1, "the message passed");
  assertEquals(gate.numbers, [5]);
  assertEquals(gate.discarded.filter((reason) => reason === "reopen").length, 5);
  await gate.finish();
});

Deno.test("W5 each message that is thrown away in REOPEN is counted", async () => {
  const gate = await reopening(() => false);
  await gate.read([message(1), message(2), message(3)]);
  assertEquals(gate.discarded, ["reopen", "reopen", "reopen"]);
  assertEquals(gate.passed, []);
  await gate.finish();
});

Deno.test("W8 in REOPEN a DWR is answered; the last resort serves all the same", async () => {
  const gate = await reopening(() => true);
  await gate.read([dwr(), message(1)]);
  await until(() => gate.passed.length === 1 && gate.written.length === 3, "both are dealt with");
  assertEquals(gate.commands.at(-1), "280");
  assertEquals(gate.watchdog.state, "reopen");
  await gate.finish();
});

Deno.test("F5 a DWR with R and E set is answered 3008", async () => {
  const gate = new Gate();
  await gate.open();
  const bad = dwr();
  bad[4]! |= FLAG.error;
  await gate.read([bad]);
  await until(() => gate.written.length === 1, "it is answered");
  assertEquals(gate.resultCode(0), 3008);
  assertEquals(gate.peer.open, true);
  await gate.finish();
});

/** `message` with R and E set. */
function withError(message: Uint8Array): Uint8Array {
  const bad = Uint8Array.from(message);
  bad[4]! |= FLAG.error;
  return bad;
}

/** `message` whose first AVP has an impossible length. */
function broken(message: Uint8Array): Uint8Array {
  const bad = Uint8Array.from(message);
  bad[HEADER_LENGTH + 7] = 3;
  return bad;
}

for (
  const [name, first] of [
    ["a DWR with R and E", withError(dwr())],
    ["a DPR with R and E", withError(dpr())],
    ["a request with R and E", withError(message(1))],
    ["a DWR with an impossible AVP", broken(dwr())],
    ["a DPR with an impossible AVP", broken(dpr())],
  ] as const
) {
  Deno.test(`C1 a stranger that sends ${name} is answered nothing, and closed`, async () => {
    const gate = new Gate();
    await gate.read([first, first, cer()]);
    assertEquals(gate.connectionClosed, true);
    assertEquals([gate.passed, gate.written], [[], []]);
    await gate.finish();
  });
}

for (
  const [name, code, first] of [["R and E", 3008, withError(cer())], ["a broken AVP", 5014, broken(cer())]] as const
) {
  Deno.test(`C1 a CER with ${name} gets one answer, ${code}, and its connection ends`, async () => {
    const gate = new Gate();
    await gate.read([first, first, withError(dwr()), cer(), message(1)]);
    await until(() => gate.connectionClosed, "the connection is closed");
    assertEquals(gate.commands, ["257"]);
    assertEquals(gate.resultCode(0), code);
    assertEquals([gate.passed, gate.end?.reason.includes(String(code))], [[], true]);
    await gate.finish();
  });
}

Deno.test("C1 a stranger whose stream cannot be followed is told why only in answer to a CER", async () => {
  for (const [command, answers] of [[COMMAND.capabilitiesExchange, 1], [COMMAND.deviceWatchdog, 0]] as const) {
    const gate = new Gate();
    await gate.read([], { kind: "version", bytes: patched(peerRequestHeader(command), { 0: 2 }) });
    await until(() => gate.connectionClosed, "the connection is closed");
    assertEquals(gate.written.length, answers);
    await gate.finish();
  }
});

Deno.test("C1 before its CER a peer may send no message longer than 16 KiB, behind it as long as usual", async () => {
  const gate = new Gate();
  assertEquals([gate.peer.longestMessage(65_536), gate.peer.longestMessage(4_096)], [16_384, 4_096]);
  await gate.open();
  assertEquals(gate.peer.longestMessage(65_536), 65_536);
  await gate.finish();
});

Deno.test("W8 once either side takes its leave, no DWR is sent, and every DWR is answered", async () => {
  for (const leave of ["ours", "its"] as const) {
    const gate = new Gate({ dprTimeout: 600_000 });
    await gate.open();
    if (leave === "ours") void gate.peer.stop(0, "shutting down");
    else await gate.read([dpr()]);
    await until(() => gate.written.length === 1, "the leave is taken");
    gate.clock.advance(300_000);
    gate.peer.sendWatchdog();
    await gate.read([dwr()]);
    await until(() => gate.written.length === 2, "the DWR is answered");
    assertEquals(gate.commands, leave === "ours" ? ["282!", "280"] : ["282", "280"]);
    assertEquals(gate.peer.live, true);
    await gate.finish();
  }
});

for (
  const [name, then, reason] of [
    ["nobody answers", () => {}, "shutting down; no DPA in time"],
    [
      "a DPA with an identifier of its own comes",
      (gate: Gate) =>
        gate.read([peerAnswer(COMMAND.disconnectPeer, APP, { hopByHop: 0x01020304, endToEnd: 0, flags: 0 })]),
      "shutting down; its DPA carries another Hop-by-Hop Identifier than the request",
    ],
  ] as const
) {
  Deno.test(`X2 a leave to which ${name} ends with just that as its reason`, async () => {
    const gate = new Gate({ dprTimeout: 10_000 });
    await gate.open();
    void gate.peer.stop(0, "shutting down");
    await then(gate);
    gate.clock.advance(9_999);
    assertEquals(gate.end, undefined);
    gate.clock.advance(1);
    assertEquals(gate.end, { reason, kind: "left" });
    await gate.finish();
  });
}

Deno.test("X2 a connection that ends instead of a DPA says so", async () => {
  const gate = new Gate();
  await gate.open();
  void gate.peer.stop(0, "shutting down");
  gate.peer.abort("the peer closed the connection");
  assertEquals(gate.end?.reason, "shutting down; the peer closed the connection");
  await gate.finish();
});

Deno.test("N1 W4 a peer whose DWAs carry identifiers of their own is told that, and not that it was silent", async () => {
  const gate = new Gate();
  await gate.open();
  gate.clock.advance(30_000);
  await until(() => gate.commands.includes("280!"), "the DWR is written");
  await gate.read([peerAnswer(COMMAND.deviceWatchdog, APP, { hopByHop: 0x01020304, endToEnd: 0, flags: 0 })]);
  assertEquals(gate.discarded, ["unknown_answer"]);
  gate.clock.advance(30_000);
  assertEquals([gate.watchdog.state, gate.watchdog.complaint], ["suspect", ITS_DWA]);
  gate.clock.advance(30_000);
  assertEquals(gate.end?.reason, ITS_DWA);
  await gate.finish();
});

Deno.test("W4 a peer that sends nothing is told that it answered no watchdog", async () => {
  const gate = new Gate();
  await gate.open();
  gate.clock.advance(90_000);
  assertEquals(gate.end?.reason, "the peer answered no watchdog");
  await gate.finish();
});

Deno.test("A3 a DWR with an impossible AVP is answered 5014 with Failed-AVP", async () => {
  const gate = new Gate();
  await gate.open();
  const bad = dwr();
  bad[HEADER_LENGTH + 7] = 3;
  await gate.read([bad]);
  await until(() => gate.written.length === 1, "it is answered");
  assertEquals(gate.resultCode(0), 5014);
  const { bytes } = gate.written[0]!;
  assert(findAvp(bytes, AVP.failedAvp, HEADER_LENGTH, bytes.length) !== undefined);
  await gate.finish();
});

for (
  const { items, kind, header, code } of [
    { items: "F4", kind: "version", header: [2, 0, 0, 20, 0xc0, 0, 1, 68], code: 5011 },
    { items: "F3", kind: "alignment", header: [1, 0, 0, 21, 0xc0, 0, 1, 68], code: 5015 },
    { items: "F2", kind: "length", header: [1, 0, 0, 19, 0xc0, 0, 1, 68], code: undefined },
    { items: "F4", kind: "version", header: [2, 0, 0, 20, 0x40, 0, 1, 68], code: undefined },
    { items: "F3", kind: "alignment", header: [1, 0, 0, 21, 0x40, 0, 1, 68], code: undefined },
  ]
) {
  const what = (header[4]! & FLAG.request) !== 0 ? "request" : "answer";
  Deno.test(`${items} a ${what} with an impossible ${kind} ${code === undefined ? "ends the connection" : `is answered ${code}, then the connection ends`}`, async () => {
    const gate = new Gate();
    await gate.open();
    const bytes = new Uint8Array(HEADER_LENGTH);
    bytes.set(header);
    await gate.read([], { kind, bytes });
    await until(() => gate.connectionClosed, "the connection is closed");
    assertEquals(gate.written.length, code === undefined ? 0 : 1);
    if (code !== undefined) {
      assertEquals(gate.resultCode(0), code);
      assertEquals(gate.written[0]!.header.flags, FLAG.proxiable | FLAG.error);
    }
    assertEquals(gate.discarded, [`frame_${kind}`]);
    await gate.finish();
  });
}
