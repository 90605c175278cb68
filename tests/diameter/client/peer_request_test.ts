import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConnectionClosedError } from "../../../src/diameter/client/errors.ts";
import type { PeerRequest } from "../../../src/diameter/client/peer_request.ts";
import { encodeMessage } from "../../../src/diameter/wire/codec.ts";
import { COMMAND } from "../../../src/diameter/wire/command_codes.ts";
import type { MessageBuilder } from "../../../src/diameter/wire/message_builder.ts";
import { answer, peerRequest, RawMessage, request } from "../../support/raw_message.ts";
import { withPool } from "./support.ts";

const { test } = Deno;

/** The next request that the program reads. */
async function take(reader: ReadableStreamDefaultReader<PeerRequest>): Promise<PeerRequest> {
  const { value, done } = await reader.read();
  assert(!done);
  return value;
}

test("a request of the peer is read and answered, by names or as bytes", async () => {
  await withPool({}, async ({ pool, peers: [peer] }) => {
    const reader = pool.received.getReader();
    const asked = request({ hopByHop: 3, endToEnd: 4, session: "s;1;2" });
    await peer!.send(asked, asked);
    const first = await take(reader);
    assertEquals([first.peer, first.remote, first.answered], ["dra.core.example.net", pool.address, false]);
    assertEquals([first.header.command, first.decode().abbreviation], [324, "ECR"]);
    await first.answer({ avps: { "Session-Id": "s;1;2", "Result-Code": 2001, "Equipment-Status": 1 } });
    const second = await take(reader);
    await second.answer(encodeMessage({ command: "ECA", flags: { proxiable: false }, avps: { "Result-Code": 5012 } }));
    for (const resultCode of [2001, 5012]) {
      const reply = await peer!.nextAnswer();
      assertEquals([reply.hopByHop, reply.endToEnd, reply.flags, reply.resultCode], [3, 4, 0x40, resultCode]);
      assertEquals(reply.header.application, 16777252);
    }
    assert(first.answered && second.answered);
    assertEquals(pool.statistics.messagesReceived, 2);
  });
});

test("a request of the peer is refused with the request's Session-Id and our names", async () => {
  await withPool({}, async ({ pool, peers: [peer] }) => {
    const reader = pool.received.getReader();
    await peer!.send(request({ session: "s;1;2" }), request({ session: "s;1;3" }));
    await (await take(reader)).refuse(3004, "not now");
    await (await take(reader)).refuse(5030);
    const [busy, unknown] = [await peer!.nextAnswer(), await peer!.nextAnswer()];
    assertEquals([busy.flags, busy.text(263), busy.resultCode, busy.text(281)], [0x60, "s;1;2", 3004, "not now"]);
    assertEquals([busy.text(264), busy.text(296)], ["client.example.net", "example.net"]);
    assertEquals([unknown.flags, unknown.text(263), unknown.resultCode], [0x40, "s;1;3", 5030]);
  });
});

/** A Proxy-Info of the proxy at `host`. */
function proxyInfo(host: string): (builder: MessageBuilder) => void {
  return (builder) =>
    builder.group(284, (group) => group.text(280, host).octets(33, new TextEncoder().encode("state")));
}

test("an answer by names carries the Proxy-Info of its request, all of it, in its order", async () => {
  await withPool({}, async ({ pool, peers: [peer] }) => {
    const reader = pool.received.getReader();
    const proxied = request({
      more: (builder) => {
        proxyInfo("proxy-2.example.net")(builder);
        proxyInfo("a.example.net")(builder);
      },
    });
    await peer!.send(proxied, proxied, proxied);
    const avps = { "Result-Code": 2001, "Origin-Host": pool.originHost };
    await (await take(reader)).answer({ avps });
    const reply = await peer!.nextAnswer();
    assertEquals(reply.codes, [268, 264, 284, 284]);
    const before = new RawMessage(proxied).avps.filter(({ code }) => code === 284);
    assertEquals(reply.avps.slice(2), before);
    await (await take(reader)).refuse(5012);
    assertEquals((await peer!.nextAnswer()).avps.filter(({ code }) => code === 284), before);
    const own = { "Proxy-Host": "mine.example.net", "Proxy-State": "x" };
    await (await take(reader)).answer({ avps: { "Result-Code": 3004, "Proxy-Info": own }, error: true });
    const written = await peer!.nextAnswer();
    assertEquals([written.codes, written.flags], [[268, 284], 0x60]);
  });
});

test("a request with R and E is answered 3008, and the program never sees it", async () => {
  await withPool({}, async ({ pool, peers: [peer] }) => {
    const reader = pool.received.getReader();
    await peer!.send(request({ flags: 0xe0, session: "s;1;1" }), request({ session: "s;1;2" }));
    const reply = await peer!.nextAnswer();
    assertEquals([reply.resultCode, reply.flags, reply.text(263)], [3008, 0x60, "s;1;1"]);
    assertEquals(new RawMessage((await take(reader)).bytes).text(263), "s;1;2");
  });
});

test("a request is answered once, with an answer to it", async () => {
  await withPool({}, async ({ pool, peers: [peer] }) => {
    const reader = pool.received.getReader();
    await peer!.send(request());
    const asked = await take(reader);
    await assertRejects(() => asked.answer(request()), TypeError, "the R flag at byte 4 is set");
    const other = encodeMessage({ command: "CCA", avps: {} });
    await assertRejects(() => asked.answer(other), TypeError, "command 324 with an answer of command 272");
    await assertRejects(() => asked.answer({ avps: { "Result-Code": -1 } }), TypeError, "AVP Result-Code (268)");
    await assertRejects(() => asked.answer(new Uint8Array(7)), RangeError);
    await asked.answer({ avps: { "Result-Code": 2001 } });
    await assertRejects(() => asked.refuse(3004), TypeError, "twice");
    await peer!.nextAnswer();
    await peer!.nothingMore();
  });
});

test("an answer over a connection that is gone is rejected", async () => {
  await withPool({ reconnect: false }, async ({ pool, peers: [peer] }) => {
    const reader = pool.received.getReader();
    await peer!.send(request());
    const asked = await take(reader);
    const down = new Promise<void>((resolve) => pool.on((event) => event.kind === "down" && resolve()));
    await peer!.close();
    await down;
    await assertRejects(() => asked.answer({ avps: { "Result-Code": 2001 } }), ConnectionClosedError);
  });
});

test("while nobody asks for requests they are answered 3001, and own requests go on", async () => {
  await withPool({}, async ({ pool, peers: [peer] }) => {
    await peer!.send(request());
    assertEquals((await peer!.nextAnswer()).resultCode, 3001);
    const call = pool.request(request());
    await peer!.send(answer(await peer!.nextRequest()));
    assertEquals((await call).result?.code, 2001);
  });
});

test("requests that find no room are answered 3004, and answers still arrive", async () => {
  await withPool({ maxReceived: 2 }, async ({ pool, peers: [peer] }) => {
    const { received } = pool;
    const call = pool.request(request());
    const seen = await peer!.nextRequest();
    await peer!.send(request(), request(), request(), answer(seen));
    assertEquals((await peer!.nextAnswer()).resultCode, 3004);
    assertEquals((await call).result?.code, 2001);
    const reader = received.getReader();
    for (let i = 0; i < 2; i++) {
      await (await take(reader)).refuse(5012);
      assertEquals((await peer!.nextAnswer()).resultCode, 5012);
    }
  });
});

test("closing answers what was not read 3004 and ends the stream", async () => {
  await withPool({ dprTimeout: 5_000 }, async ({ pool, peers: [peer] }) => {
    const { received } = pool;
    const call = pool.request(request());
    const seen = await peer!.nextRequest();
    await peer!.send(request(), answer(seen));
    await call;
    const closing = pool.close();
    assertEquals((await peer!.nextAnswer()).resultCode, 3004);
    await peer!.answerPeerRequest(COMMAND.disconnectPeer);
    await closing;
    assertEquals((await received.getReader().read()).done, true);
  });
});

test("a stream that is cancelled takes no more", async () => {
  await withPool({}, async ({ pool, peers: [peer] }) => {
    await pool.received.cancel();
    await peer!.send(request());
    assertEquals((await peer!.nextAnswer()).resultCode, 3001);
  });
});

test("a request that comes after a DPR is answered 3004", async () => {
  await withPool({}, async ({ pool, peers: [peer], dra }) => {
    const { received } = pool;
    await peer!.send(peerRequest(dra.identity, 0), request());
    await peer!.nextAnswer(COMMAND.disconnectPeer);
    assertEquals((await peer!.nextAnswer()).resultCode, 3004);
    assertEquals(received.locked, false);
  });
});

test("a request with a broken AVP is answered 5014 with it", async () => {
  await withPool({}, async ({ pool, peers: [peer] }) => {
    const { received } = pool;
    await peer!.send(request({ more: (builder) => void builder.raw(new Uint8Array([0, 0, 1, 2, 0x40, 0, 0, 4])) }));
    const reply = await peer!.nextAnswer();
    assertEquals(reply.resultCode, 5014);
    assertEquals([...reply.find(279)!.data], [0, 0, 1, 2, 0x40, 0, 0, 12, 0, 0, 0, 0]);
    assertEquals(received.locked, false);
    assert(reply instanceof RawMessage);
  });
});
