import { assert, assertEquals } from "@std/assert";
import { APPLICATION, VENDOR } from "../../src/diameter/wire/application_ids.ts";
import { AVP, AVP_FLAG, DISCONNECT_CAUSE, INBAND_SECURITY } from "../../src/diameter/wire/avp_codes.ts";
import { COMMAND } from "../../src/diameter/wire/command_codes.ts";
import { FLAG, HEADER_LENGTH, OFFSET, viewOf } from "../../src/diameter/wire/header.ts";
import { MessageBuilder } from "../../src/diameter/wire/message_builder.ts";
import { RESULT, resultCodeName } from "../../src/diameter/wire/result_codes.ts";
import type { Message } from "./message.ts";
import { interopTest } from "./programs.ts";
import { draAt, GATEWAY, RunningGateway } from "./running_gateway.ts";
import { equipmentAnswer, equipmentRequest } from "./s13.ts";
import { ScriptedPeer, ScriptedServer } from "./scripted_peer.ts";
import { dissect, type SeenMessage, TSHARK } from "./tshark.ts";
import { waitFor } from "./wait_for.ts";

const APP = { host: "app.example.net", realm: "app.example.net" } as const;
const DRA = { host: "dra.example.net", realm: "dra.example.net" } as const;
const OTHER_DRA = { host: "dra-2.example.net", realm: "dra.example.net" } as const;
const HOME = "home.example.net";

/** AVPs that an error answer may carry, in the order of RFC 6733 section 7.2. */
const ERROR_ANSWER: readonly number[] = [
  AVP.sessionId,
  AVP.originHost,
  AVP.originRealm,
  AVP.resultCode,
  AVP.originStateId,
  AVP.errorMessage,
  AVP.errorReportingHost,
  AVP.failedAvp,
  AVP.proxyInfo,
];

/**
 * The smallest data of a string is none, which RFC 6733 section 7.5 asks for in Failed-AVP and
 * tshark remarks upon.
 */
const EMPTY = "[Expert Info (Warning/Undecoded): Data is empty]";

/** AVPs that must not have the M flag (RFC 6733 section 4.5). */
const NEVER_MANDATORY = ["Product-Name", "Error-Message", "Error-Reporting-Host", "Firmware-Revision"];

/** Has tshark read `messages`, which must be without fault, and returns what it sees. */
async function judge(messages: readonly Message[]): Promise<SeenMessage[]> {
  const seen = await dissect(messages.map((message) => message.bytes));
  assertEquals(seen.length, messages.length);
  seen.forEach((one, i) => {
    const { command, application } = messages[i]!.header;
    assertEquals({ command: one.command, application: one.application }, { command, application });
    const failed = one.avps.some(({ name }) => name === "Failed-AVP");
    const complaints = one.complaints.filter((complaint) => !(failed && complaint === EMPTY));
    assertEquals(complaints, [], `tshark finds fault with ${describe(one)}`);
    assert(one.avps.length >= messages[i]!.avps.length, `tshark misses AVPs of ${describe(one)}`);
    for (const avp of one.avps.filter(({ name }) => NEVER_MANDATORY.includes(name))) {
      assertEquals(avp.flags, "---", `flags of ${avp.name} in ${describe(one)}`);
    }
  });
  return seen;
}

function describe({ command, avps }: SeenMessage): string {
  return `command ${command}: ${avps.map(({ name, value }) => `${name}=${value}`).join(", ")}`;
}

/** Kinds of messages, as `CER` would be `257 request`. */
function kinds(messages: readonly Message[]): string[] {
  return [...new Set(messages.map(({ header, request }) => `${header.command} ${request ? "request" : "answer"}`))]
    .sort();
}

const value = (seen: SeenMessage, name: string) => seen.avps.find((avp) => avp.name === name)?.value;

/** An ECR of the Logic App, as `change` wants it. */
function request(
  app: ScriptedPeer,
  change: (bytes: Uint8Array<ArrayBuffer>, view: DataView) => void = () => {},
  options: { readonly destinationHost?: string } = {},
): Uint8Array<ArrayBuffer> {
  const bytes = equipmentRequest({
    sessionId: `${APP.host};1;2`,
    from: APP,
    destinationRealm: HOME,
    ids: app.nextIds(),
    ...options,
  });
  change(bytes, viewOf(bytes));
  return bytes;
}

/** A request of the Logic App made AVP by AVP. */
function built(
  app: ScriptedPeer,
  fill: (builder: MessageBuilder) => void,
  command: number = COMMAND.meIdentityCheck,
): Uint8Array<ArrayBuffer> {
  const base = command === COMMAND.meIdentityCheck;
  const builder = new MessageBuilder({
    flags: base ? FLAG.request | FLAG.proxiable : FLAG.request,
    command,
    application: base ? APPLICATION.s13 : APPLICATION.common,
    ...app.nextIds(),
  });
  builder.text(AVP.originHost, APP.host).text(AVP.originRealm, APP.realm);
  fill(builder);
  return builder.finish();
}

/** The message with its last AVP header, `tail`, that no message could have. */
function withTail(message: Uint8Array, tail: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array([...message, ...tail]);
  viewOf(bytes).setUint32(0, (message[0]! << 24) | bytes.length);
  return bytes;
}

interopTest(
  "tshark finds no fault with what the gateway says for itself to both sides (C3 F11 X1)",
  TSHARK,
  async () => {
    await using dra = new ScriptedServer(DRA);
    await using running = await RunningGateway.start([draAt(dra.port)]);
    await running.draIs("okay");
    await using app = await ScriptedPeer.open(running.port, APP);
    await using leaving = await ScriptedPeer.open(running.port, { host: "leaving.example.net", realm: APP.realm });
    for (const peer of [app, leaving, dra.peer!]) {
      await peer.send(peer.request(COMMAND.deviceWatchdog));
      await peer.take("DWA", (message) => message.is(COMMAND.deviceWatchdog, "answer"));
      await peer.take("DWR", (message) => message.is(COMMAND.deviceWatchdog, "request"));
    }
    await leaving.send(leaving.request(COMMAND.disconnectPeer));
    await leaving.take("DPA", (message) => message.is(COMMAND.disconnectPeer, "answer"));
    leaving.close();
    const departing = dra.peer!;
    await departing.send(departing.request(COMMAND.disconnectPeer));
    await departing.take("DPA", (message) => message.is(COMMAND.disconnectPeer, "answer"));
    departing.close();
    await waitFor("new connection to the DRA", () => dra.peers.length === 2 && dra.peer);
    await running.draIs("okay");
    await running.gateway.stop();
    await app.take("DPR", (message) => message.is(COMMAND.disconnectPeer, "request"));
    await dra.peers.at(-1)!.take("DPR", (message) => message.is(COMMAND.disconnectPeer, "request"));

    const toApps = [...app.received, ...leaving.received];
    assertEquals(kinds(toApps), ["257 answer", "280 answer", "280 request", "282 answer", "282 request"]);
    assertEquals(kinds(dra.received), ["257 request", "280 answer", "280 request", "282 answer", "282 request"]);
    for (const seen of await judge([...toApps, ...dra.received])) {
      assertEquals(value(seen, "Origin-Host"), GATEWAY.host);
      assertEquals(value(seen, "Origin-Realm"), GATEWAY.realm);
      const cause = value(seen, "Disconnect-Cause");
      if (cause !== undefined) assertEquals(cause, `REBOOTING (${DISCONNECT_CAUSE.rebooting})`);
      if (seen.command === COMMAND.capabilitiesExchange) {
        assertEquals(value(seen, "Host-IP-Address"), "127.0.0.1");
        assertEquals(value(seen, "Auth-Application-Id"), `Relay (${APPLICATION.relay})`);
      }
    }
  },
);

interopTest("tshark finds no fault with applications that are advertised by name (R13)", TSHARK, async () => {
  await using dra = new ScriptedServer(DRA);
  await using running = await RunningGateway.start([draAt(dra.port)], {
    gateway: {
      applications: [
        { id: APPLICATION.s13, vendor: VENDOR.threeGpp },
        { id: APPLICATION.creditControl },
        { id: APPLICATION.baseAccounting, accounting: true },
      ],
    },
  });
  await running.draIs("okay");
  await using app = await ScriptedPeer.open(running.port, APP);
  const capabilities = [...app.received, ...dra.received].filter(({ header }) =>
    header.command === COMMAND.capabilitiesExchange
  );
  assertEquals(kinds(capabilities), ["257 answer", "257 request"]);
  for (const seen of await judge(capabilities)) {
    const ids = seen.avps.filter(({ name }) => name.endsWith("-Application-Id") && !name.startsWith("Vendor"));
    assertEquals(ids.map(({ name, value }) => [name, /\((\d+)\)$/.exec(value)?.[1]]), [
      ["Auth-Application-Id", String(APPLICATION.s13)],
      ["Auth-Application-Id", String(APPLICATION.creditControl)],
      ["Acct-Application-Id", String(APPLICATION.baseAccounting)],
    ]);
  }
});

interopTest("tshark finds no fault with a CEA that refuses (C3 C4 C5 C7 C11)", TSHARK, async () => {
  await using running = await RunningGateway.start([], {
    gateway: { applications: [{ id: APPLICATION.s6a, vendor: VENDOR.threeGpp }] },
    server: {
      duplicateOriginHost: "reject",
      allow: [{ originHost: "*.example.net", from: "" }],
    },
  });
  const cer = (peer: ScriptedPeer, fill: (builder: MessageBuilder) => void, host: string = APP.host) => {
    const builder = new MessageBuilder({
      flags: FLAG.request,
      command: COMMAND.capabilitiesExchange,
      application: APPLICATION.common,
      ...peer.nextIds(),
    });
    builder.text(AVP.originHost, host).text(AVP.originRealm, APP.realm);
    fill(builder);
    return builder.finish();
  };
  const common = (builder: MessageBuilder, application: number = APPLICATION.s6a) =>
    builder.octets(AVP.hostIpAddress, new Uint8Array([0, 1, 127, 0, 0, 1])).unsigned32(AVP.vendorId, 0)
      .text(AVP.productName, "scripted", { flags: 0 }).unsigned32(AVP.authApplicationId, application);
  await using first = await ScriptedPeer.connect(running.port, APP);
  const accepted = await first.ask(cer(first, (builder) => common(builder)));
  assertEquals(accepted.number(AVP.resultCode), RESULT.success);

  const cases: readonly [code: number, (peer: ScriptedPeer) => Uint8Array][] = [
    [RESULT.noCommonApplication, (peer) => cer(peer, (builder) => common(builder, APPLICATION.s13))],
    [RESULT.missingAvp, (peer) => cer(peer, () => {})],
    [
      RESULT.noCommonSecurity,
      (peer) => cer(peer, (builder) => common(builder).unsigned32(AVP.inbandSecurityId, INBAND_SECURITY.tls)),
    ],
    [RESULT.unknownPeer, (peer) => cer(peer, (builder) => common(builder), "stranger.elsewhere.net")],
    [RESULT.electionLost, (peer) => cer(peer, (builder) => common(builder))],
    [
      RESULT.invalidAvpLength,
      (peer) => withTail(cer(peer, (builder) => common(builder)), [0, 0, 1, 10, 0x40, 0, 0, 4]),
    ],
  ];
  const answers: Message[] = [accepted];
  for (const [code, make] of cases) {
    await using peer = await ScriptedPeer.connect(running.port, APP);
    const answer = await peer.ask(make(peer));
    assertEquals(answer.number(AVP.resultCode), code);
    await waitFor(`end of the connection after ${code}`, () => peer.closed);
    answers.push(answer);
  }
  const seen = await judge(answers);
  assertEquals(
    seen.map((one) => value(one, "Result-Code")),
    [RESULT.success, ...cases.map(([code]) => code)].map((code) => `${resultCodeName(code)} (${code})`),
  );
});

interopTest(
  "tshark finds no fault with any error answer of the gateway (R1 R3 R5 A3 F4 F5 F8 F9)",
  TSHARK,
  async () => {
    await using dra = new ScriptedServer(DRA, (asked) => equipmentAnswer(asked, DRA));
    await using running = await RunningGateway.start([draAt(dra.port)], { gateway: { strictPBit: true } });
    await running.draIs("okay");
    const proxyInfo = (builder: MessageBuilder, host: string) =>
      builder.group(AVP.proxyInfo, (group) => group.text(AVP.proxyHost, host).text(AVP.proxyState, "state"));
    const dwr = (app: ScriptedPeer) => app.request(COMMAND.deviceWatchdog);
    const cases: readonly [what: string, code: number, (app: ScriptedPeer) => Uint8Array][] = [
      ["R and E", RESULT.invalidHeaderBits, (app) => request(app, (bytes) => bytes[4]! |= FLAG.error)],
      ["R and E in a DWR", RESULT.invalidHeaderBits, (app) => {
        const bytes = dwr(app);
        bytes[4]! |= FLAG.error;
        return bytes;
      }],
      ["P clear", RESULT.commandUnsupported, (app) => request(app, (bytes) => bytes[4]! &= ~FLAG.proxiable)],
      ["neither destination", RESULT.commandUnsupported, (app) => built(app, () => {})],
      [
        "application 0",
        RESULT.applicationUnsupported,
        (app) => request(app, (_, view) => view.setUint32(OFFSET.application, APPLICATION.common)),
      ],
      [
        "application Relay",
        RESULT.applicationUnsupported,
        (app) => request(app, (_, view) => view.setUint32(OFFSET.application, APPLICATION.relay)),
      ],
      [
        "for the gateway itself",
        RESULT.applicationUnsupported,
        (app) => request(app, undefined, { destinationHost: GATEWAY.host }),
      ],
      [
        "host without realm",
        RESULT.unableToDeliver,
        (app) => built(app, (builder) => builder.text(AVP.destinationHost, DRA.host)),
      ],
      [
        "an application that no DRA has",
        RESULT.unableToDeliver,
        (app) => request(app, (_, view) => view.setUint32(OFFSET.application, APPLICATION.creditControl)),
      ],
      ["a loop, behind two proxies", RESULT.loopDetected, (app) =>
        built(app, (builder) => {
          proxyInfo(builder.text(AVP.sessionId, "session"), "proxy-1.example.net");
          proxyInfo(builder.text(AVP.routeRecord, GATEWAY.host), "proxy-2.example.net");
        })],
      [
        "an AVP shorter than its header",
        RESULT.invalidAvpLength,
        (app) => withTail(request(app), [0, 0, 1, 8, AVP_FLAG.mandatory, 0, 0, 4]),
      ],
      ["an AVP of length 0", RESULT.invalidAvpLength, (app) => withTail(request(app), [0, 0, 1, 12, 0x40, 0, 0, 0])],
      [
        "an AVP beyond the end",
        RESULT.invalidAvpLength,
        (app) => withTail(request(app), [0, 0, 1, 21, AVP_FLAG.mandatory, 0, 1, 0, 1, 2, 3, 4]),
      ],
      [
        "a vendor's AVP shorter than its header",
        RESULT.invalidAvpLength,
        (app) =>
          withTail(request(app), [0, 0, 5, 0x7a, AVP_FLAG.vendor | AVP_FLAG.mandatory, 0, 0, 8, 0, 0, 0x28, 0xaf]),
      ],
      ["an AVP without all of its header", RESULT.invalidAvpLength, (app) => withTail(request(app), [0, 0, 1, 8])],
      ["a DWR with a broken AVP", RESULT.invalidAvpLength, (app) => withTail(dwr(app), [0, 0, 1, 22, 0x40, 0, 0, 200])],
      // These two end the connection.
      ["version 2", RESULT.unsupportedVersion, (app) => request(app, (bytes) => bytes[0] = 2)],
      ["a length of no multiple of 4", RESULT.invalidMessageLength, (app) => request(app, (bytes) => bytes[3]! += 1)],
    ];
    const answers: Message[] = [];
    for (const [what, code, make] of cases) {
      await using app = await ScriptedPeer.open(running.port, APP);
      const asked = make(app);
      const answer = await app.ask(asked).catch((error) => {
        throw new Error(`${what}: ${error.message}`);
      });
      assertEquals(answer.number(AVP.resultCode), code, what);
      answers.push(answer);
    }
    // A DRA's own requests are refused as well.
    const back = await dra.peer!.ask(equipmentRequest({
      sessionId: `${DRA.host};1;3`,
      from: DRA,
      destinationRealm: APP.realm,
      destinationHost: "nobody.example.net",
      ids: dra.peer!.nextIds(),
    }));
    const codes = [
      ...cases.map(([, code]) => code),
      RESULT.unableToDeliver,
    ];
    assertErrorAnswers(await judge([...answers, back]), [...answers, back], codes);
  },
);

interopTest(
  "tshark finds no fault with answers for the gateway's limits, to silence and in a drain",
  TSHARK,
  async () => {
    await using silent = new ScriptedServer(DRA);
    await using running = await RunningGateway.start([draAt(silent.port)], {
      gateway: { requestTimeout: 700, answerTimeout: 700, drainTimeout: 400, neverRetry: [COMMAND.meIdentityCheck] },
      server: { maxInFlight: 1 },
    });
    await using alone = await RunningGateway.start([], { server: { rateLimit: { requestsPerSecond: 1, burst: 1 } } });
    await running.draIs("okay");
    await using app = await ScriptedPeer.open(running.port, APP);
    const answers: Message[] = [];
    const codes: number[] = [];
    const expectAnswer = async (code: number, answering: Promise<Message>) => {
      answers.push(await answering);
      codes.push(code);
    };

    const first = app.ask(request(app));
    await expectAnswer(RESULT.tooBusy, app.ask(request(app)));
    await expectAnswer(RESULT.unableToDeliver, first);

    const lost = app.ask(request(app));
    await waitFor("second ECR at the DRA", () => silent.received.filter(isRequest).length === 2);
    silent.peer!.close();
    await expectAnswer(RESULT.unableToDeliver, lost);

    await using hasty = await ScriptedPeer.open(alone.port, APP);
    await expectAnswer(RESULT.unableToDeliver, hasty.ask(request(hasty)));
    await expectAnswer(RESULT.tooBusy, hasty.ask(request(hasty)));

    await running.draIs("okay");
    const pending = app.ask(request(app));
    await waitFor("third ECR at the DRA", () => silent.received.filter(isRequest).length === 3);
    const stopping = running.gateway.stop();
    await expectAnswer(RESULT.tooBusy, app.ask(request(app)));
    await expectAnswer(RESULT.unableToDeliver, pending);
    await stopping;

    assertEquals(answers.map((answer) => answer.number(AVP.resultCode)), codes);
    assertErrorAnswers(await judge(answers), answers, codes);
  },
);

interopTest(
  "tshark finds no fault with relayed requests, first and repeated, and relayed answers (R7 D1 N2)",
  TSHARK,
  async () => {
    await using silent = new ScriptedServer(DRA);
    await using second = new ScriptedServer(OTHER_DRA, (asked) => equipmentAnswer(asked, OTHER_DRA));
    await using running = await RunningGateway.start([
      draAt(silent.port),
      draAt(second.port, { name: "dra-2", priority: 2 }),
    ], { gateway: { answerTimeout: 200 } });
    await running.draIs("okay");
    await waitFor("second DRA", () => running.gateway.pool.dras[1]!.usable);
    await using app = await ScriptedPeer.open(running.port, APP, (asked) => equipmentAnswer(asked, APP));
    // Lengths of Route-Record with all paddings, and a large message.
    const answers: Message[] = [];
    for (const [i, host] of ["a", "ab", "abc", "abcd"].entries()) {
      const identity = { host, realm: APP.realm };
      await using peer = await ScriptedPeer.open(running.port, identity);
      const sessionId = `${host};${"x".repeat(i * 10_000)}`;
      answers.push(
        await peer.ask(equipmentRequest({ sessionId, from: identity, destinationRealm: HOME, ids: peer.nextIds() })),
      );
    }
    const reverse = await second.peer!.ask(equipmentRequest({
      sessionId: `${OTHER_DRA.host};1;4`,
      from: OTHER_DRA,
      destinationRealm: APP.realm,
      destinationHost: APP.host,
      ids: second.peer!.nextIds(),
    }));
    answers.push(reverse);
    const requests = [...silent.received, ...second.received, ...app.received].filter(isRequest);
    assertEquals(requests.length, 4 + 4 + 1);
    assertEquals(requests.map(({ header }) => (header.flags & FLAG.retransmitted) !== 0), [
      ...[false, false, false, false],
      ...[true, true, true, true],
      false,
    ]);
    const seen = await judge([...requests, ...answers]);
    assertEquals(
      seen.slice(0, requests.length).map((one) => one.avps.at(-1)).map((avp) => [avp?.name, avp?.value]),
      ["a", "ab", "abc", "abcd", "a", "ab", "abc", "abcd", OTHER_DRA.host].map((host) => ["Route-Record", host]),
    );
    for (const one of seen.slice(requests.length)) {
      assertEquals(value(one, "Equipment-Status"), "BLACKLISTED (1)");
      assertEquals(value(one, "Result-Code"), "DIAMETER_SUCCESS (2001)");
    }
  },
);

interopTest("tshark does find fault with a message that is wrong", TSHARK, async () => {
  const good = new MessageBuilder({
    flags: FLAG.request,
    command: COMMAND.deviceWatchdog,
    application: APPLICATION.common,
    hopByHop: 1,
    endToEnd: 2,
  }).text(AVP.originHost, APP.host).text(AVP.originRealm, APP.realm).finish();
  const short = good.slice();
  short[HEADER_LENGTH + 7] = 4;
  const unknown = good.slice();
  unknown[HEADER_LENGTH] = 0x7f;
  const beyond = good.slice();
  beyond[HEADER_LENGTH + 6] = 0x10;
  const seen = await dissect([good, short, unknown, beyond]);
  assertEquals(seen.map(({ complaints }) => complaints.length > 0), [false, true, true, true]);
});

function isRequest(message: Message): boolean {
  return message.is(COMMAND.meIdentityCheck, "request");
}

/** What tshark sees are error answers by RFC 6733 section 7.2, with these codes. */
function assertErrorAnswers(
  seen: readonly SeenMessage[],
  messages: readonly Message[],
  codes: readonly number[],
): void {
  assertEquals(seen.map((one) => value(one, "Result-Code")), codes.map((code) => `${resultCodeName(code)} (${code})`));
  seen.forEach((one, i) => {
    assertEquals(messages[i]!.header.flags & (FLAG.error | FLAG.request | FLAG.retransmitted), FLAG.error);
    assertEquals(value(one, "Origin-Host"), GATEWAY.host);
    const places = messages[i]!.codes.map((code) => ERROR_ANSWER.indexOf(code));
    assertEquals(places, places.toSorted((a, b) => a - b), `order of AVPs in ${describe(one)}`);
    assert(!places.includes(-1), `AVPs that no error answer has in ${describe(one)}`);
    assertEquals(value(one, "Failed-AVP") !== undefined, codes[i] === RESULT.invalidAvpLength, describe(one));
  });
}
