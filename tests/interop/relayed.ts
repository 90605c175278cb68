/** What a relay may change, and what it must leave alone. */
import { assert, assertEquals } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { FLAG, HEADER_LENGTH } from "../../src/diameter/wire/header.ts";
import { MessageBuilder } from "../../src/diameter/wire/message_builder.ts";
import type { Message } from "./message.ts";
import type { Side, TappedConnection } from "./tap.ts";

/** AVPs of a message, as bytes. */
const body = (message: Message) => message.bytes.subarray(HEADER_LENGTH);

/**
 * `after` is `before` with another hop-by-hop id and one Route-Record of `peer` at its end, and
 * nothing else (R7 R9 A2).
 */
export function assertRelayedRequest(before: Message, after: Message, peer: string): void {
  const routeRecord = new MessageBuilder({ flags: 0, command: 0, application: 0, hopByHop: 0, endToEnd: 0 })
    .text(AVP.routeRecord, peer).finish().subarray(HEADER_LENGTH);
  const expected = new Uint8Array([...body(before), ...routeRecord]);
  assertEquals(body(after), expected);
  assertEquals(after.header, {
    ...before.header,
    length: before.header.length + routeRecord.length,
    hopByHop: after.header.hopByHop,
  });
  assert(after.header.hopByHop !== before.header.hopByHop);
}

/** `after` is `before` with another hop-by-hop id, and nothing else (N2 N4). */
export function assertRelayedAnswer(before: Message, after: Message): void {
  assertEquals(body(after), body(before));
  assertEquals(after.header, { ...before.header, hopByHop: after.header.hopByHop });
}

/**
 * All peer messages of one side carry its identity, and the same Origin-State-Id wherever they
 * carry one (C9 F11).
 */
export function assertSameIdentity(
  connection: TappedConnection,
  side: Side,
  identity: { readonly host: string; readonly realm: string },
): void {
  const own = connection.messages.filter(({ from, message }) => from === side && message.header.application === 0)
    .map(({ message }) => message);
  const states = new Set<number>();
  for (const message of own) {
    assertEquals(message.texts(AVP.originHost), [identity.host]);
    assertEquals(message.texts(AVP.originRealm), [identity.realm]);
    if (message.request) assertEquals(message.header.flags, FLAG.request);
    const state = message.number(AVP.originStateId);
    if (state !== undefined) states.add(state);
  }
  assert(own.length > 0);
  assert(states.size <= 1, `several Origin-State-Ids: ${[...states].join(", ")}`);
}
