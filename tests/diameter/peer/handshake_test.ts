import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  capabilitiesAnswer,
  capabilitiesRequest,
  type LocalIdentity,
} from "../../../src/diameter/peer/capabilities.ts";
import { Handshake, refusedCer } from "../../../src/diameter/peer/handshake.ts";
import { RESULT } from "../../../src/diameter/wire/result_codes.ts";

const LOCAL: LocalIdentity = {
  originHost: "gw.example.net",
  originRealm: "example.net",
  productName: "diam-gw",
  vendorId: 42,
  originStateId: 1,
  applications: [],
};
const IDS = { hopByHop: 1, endToEnd: 2 };

function cerOf(originHost: string): Uint8Array {
  return capabilitiesRequest({ ...LOCAL, originHost }, "192.0.2.1", IDS);
}

function ceaOf(originHost: string, resultCode?: number): Uint8Array {
  const fault = resultCode === undefined ? undefined : { resultCode, reason: "not you" };
  return capabilitiesAnswer({ ...LOCAL, originHost }, "192.0.2.1", { ...IDS, flags: 0x80 }, fault);
}

Deno.test("a CER that is fine tells who the peer is before its owner says a word on it", () => {
  const handshake = new Handshake();
  const cer = cerOf("app.example.net");
  assertEquals(handshake.takeCer(cer, 0, cer.length, LOCAL, false), { event: "cer-accepted", reason: "" });
  assertEquals(handshake.capabilities?.originHost, "app.example.net");
});

Deno.test("a CER with our own identity is refused, and its reason is for a person", () => {
  const handshake = new Handshake();
  const cer = cerOf(LOCAL.originHost);
  const { event, reason, fault } = handshake.takeCer(cer, 0, cer.length, LOCAL, false);
  assertEquals([event, fault?.resultCode], ["cer-refused", RESULT.unknownPeer]);
  assertStringIncludes(reason, `its CER was refused with ${RESULT.unknownPeer}: Origin-Host ${LOCAL.originHost}`);
});

Deno.test("a CER that cannot be read says nothing of the peer", () => {
  const handshake = new Handshake();
  const cer = cerOf("app.example.net").subarray(0, 20);
  assertEquals(handshake.takeCer(cer, 0, cer.length, LOCAL, false).event, "cer-refused");
  assertEquals(handshake.capabilities, undefined);
});

Deno.test("an owner's word refuses a CER like any other fault, and no word admits it", () => {
  assertEquals(refusedCer(undefined).event, "cer-accepted");
  const fault = { resultCode: RESULT.unknownPeer, reason: "not on the list" };
  assertEquals(refusedCer(fault), {
    event: "cer-refused",
    reason: `its CER was refused with ${RESULT.unknownPeer}: not on the list`,
    fault,
  });
});

Deno.test("another CER is answered when it names the same node, in any case, and ends the connection when not", () => {
  const handshake = new Handshake();
  const first = cerOf("app.example.net");
  assertEquals(handshake.takeAnotherCer(first, 0, first.length).event, "cer-refused", "nobody was named yet");
  handshake.takeCer(first, 0, first.length, LOCAL, false);
  for (const [name, event] of [["APP.example.net", "cer-accepted"], ["other.example.net", "cer-refused"]] as const) {
    const again = cerOf(name);
    assertEquals(handshake.takeAnotherCer(again, 0, again.length).event, event);
  }
  assertEquals(handshake.capabilities?.originHost, "app.example.net");
});

Deno.test("a CEA with success opens the connection", () => {
  const handshake = new Handshake();
  const cea = ceaOf("dra.example.net");
  assertEquals(handshake.takeCea(cea, 0, cea.length, LOCAL, "dra.example.net"), { event: "cea-accepted", reason: "" });
  assertEquals([handshake.capabilities?.originHost, handshake.fault], ["dra.example.net", undefined]);
});

Deno.test("a CEA that refuses us is kept, for who wants to know its code", () => {
  const handshake = new Handshake();
  const cea = ceaOf("dra.example.net", RESULT.unknownPeer);
  assertEquals(handshake.takeCea(cea, 0, cea.length, LOCAL, "").event, "cea-refused");
  const { refused, resultCode, errorMessage } = handshake.fault!;
  assertEquals([refused, resultCode, errorMessage], [true, RESULT.unknownPeer, "not you"]);
  assertEquals(handshake.capabilities, undefined);
});

Deno.test("a CEA of another node than was dialled opens nothing", () => {
  const handshake = new Handshake();
  const cea = ceaOf("other.example.net");
  const { event, reason } = handshake.takeCea(cea, 0, cea.length, LOCAL, "dra.example.net");
  assertEquals(event, "cea-refused");
  assertStringIncludes(reason, "the CEA comes from other.example.net");
});
