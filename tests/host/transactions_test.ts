/**
 * Recent transactions over the admin interface of a running host: the list, one of them, and the
 * capture.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AVP } from "../../src/diameter/wire/avp_codes.ts";
import { interopTest } from "../interop/programs.ts";
import { dissectCapture, TSHARK } from "../interop/tshark.ts";
import type { RawAnswer } from "../ops/admin/raw_http.ts";
import { answer, RawMessage, request } from "../support/raw_message.ts";
import { RawListener, RawPeer } from "../support/raw_peer.ts";
import { until } from "../support/until.ts";
import { RunningHost } from "./running_host.ts";

const IMSI = "001010123456789";

interface Shown {
  readonly id: number;
  readonly app: string;
  readonly dra: string;
  readonly session_id: string;
  readonly result_code: number;
  readonly attempts: readonly { readonly dra: string; readonly outcome: string }[];
  readonly messages: readonly {
    readonly peer: string;
    readonly side: string;
    readonly sent: boolean;
    readonly hex: string;
    readonly decoded: { readonly name: string; readonly length: number; readonly avps: readonly unknown[] };
  }[];
}

/** A host between a Logic App and a DRA. */
class Scene implements AsyncDisposable {
  private constructor(
    readonly host: RunningHost,
    readonly listener: RawListener,
    readonly app: RawPeer,
    readonly dra: RawPeer,
  ) {}

  static async start(admin: Readonly<Record<string, unknown>> = {}): Promise<Scene> {
    const listener = new RawListener({ host: "dra-1.example.net", realm: "example.net" });
    const dras = [{ name: "dra-1", host: "127.0.0.1", port: listener.port }];
    const host = await RunningHost.start({ admin, dra_pool: { dpr_timeout: "500ms", dras } });
    const dra = await listener.open();
    await until(() => host.logged("dra_up").length > 0, "the DRA is up");
    const app = await RawPeer.connect(host.address.port, { host: "app.example.net", realm: "example.net" });
    await app.exchangeCapabilities();
    return new Scene(host, listener, app, dra);
  }

  /** One answered request; what of it was on the wire, in its order. */
  async exchange(session: string, resultCode = 2001): Promise<Uint8Array[]> {
    const sent = request({ session, more: (builder) => void builder.text(AVP.userName, IMSI) });
    await this.app.send(sent);
    const relayed = await this.dra.nextRequest();
    const reply = answer(relayed, { resultCode });
    await this.dra.send(reply);
    return [sent, relayed.bytes, reply, (await this.app.nextAnswer()).bytes];
  }

  /** Asks the admin interface. */
  get(path: string): Promise<RawAnswer> {
    return this.host.ask(`/api/v1/${path}`);
  }

  async list(query = ""): Promise<Shown[]> {
    const reply = await this.get(`transactions${query}`);
    assertEquals(reply.status, 200, reply.text);
    return reply.json() as unknown as Shown[];
  }

  async detail(id: number): Promise<Shown> {
    const reply = await this.get(`transactions/${id}`);
    assertEquals(reply.status, 200, reply.text);
    return reply.json() as unknown as Shown;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
    await this.listener.close();
    await this.host[Symbol.asyncDispose]();
  }
}

/** The capture as it came. */
async function capture({ host }: Scene, query = ""): Promise<Uint8Array> {
  const { hostname, port } = host.admin;
  const reply = await fetch(`http://${hostname}:${port}/api/v1/capture.pcapng${query}`);
  assertEquals([reply.status, reply.headers.get("content-type")], [200, "application/x-pcapng"]);
  return await reply.bytes();
}

Deno.test("transactions are listed newest first, by filters and in pages", async () => {
  await using scene = await Scene.start();
  for (let i = 1; i <= 3; i++) await scene.exchange(`s;${i}`, i === 2 ? 5012 : 2001);
  const sessions = async (query: string) => (await scene.list(query)).map(({ session_id: session }) => session);
  assertEquals(await sessions(""), ["s;3", "s;2", "s;1"]);
  assertEquals(await sessions("?session=s;1"), ["s;1"]);
  assertEquals(await sessions("?code=5012"), ["s;2"]);
  assertEquals(await sessions("?app=app.example.net&dra=dra-1&limit=1"), ["s;3"]);
  assertEquals(await sessions("?app=nobody"), []);
  const first = await scene.get("transactions?limit=2");
  const next = /^<\/api\/v1\/(.*)>; rel="next"$/.exec(first.header("link") ?? "")?.[1];
  assert(next !== undefined, `Link: ${first.header("link")}`);
  const second = await scene.get(next);
  assertEquals((second.json() as unknown as Shown[]).map(({ session_id: session }) => session), ["s;1"]);
  assertEquals([second.header("link"), second.header("x-sampled")], [undefined, undefined]);
  for (const query of ["cursor=x", "code=x", "limit=0", "application=1"]) {
    const refused = await scene.get(`transactions?${query}`);
    assertEquals([refused.status, refused.header("content-type")], [400, "application/problem+json"]);
    assertStringIncludes(refused.text, query.split("=")[0]!);
  }
});

Deno.test("one transaction has its messages, decoded, without what tells who the subscriber is", async () => {
  await using scene = await Scene.start();
  const wire = await scene.exchange("s;1");
  const [{ id }] = await scene.list() as [Shown];
  const { messages, attempts, app } = await scene.detail(id);
  assertEquals(attempts.map(({ dra, outcome }) => [dra, outcome]), [["dra-1", "answered"]]);
  assertEquals(messages.map(({ peer, side, sent }) => [peer, side, sent]), [
    [app, "app", false],
    ["dra-1", "dra", true],
    ["dra-1", "dra", false],
    [app, "app", true],
  ]);
  assertEquals(messages.map(({ decoded }) => decoded.length), wire.map(({ length }) => length));
  assertEquals(messages.map(({ hex }) => hex.length / 2), wire.map(({ length }) => length));
  assertEquals(messages[2]?.hex, wire[2]?.toHex());
  const shown = JSON.stringify(messages);
  for (const secret of [IMSI, new TextEncoder().encode(IMSI).toHex()]) assert(!shown.includes(secret), secret);
  assertStringIncludes(JSON.stringify(messages[0]?.decoded), "*".repeat(IMSI.length));
  for (const gone of [id + 1, "x"]) assertEquals((await scene.get(`transactions/${gone}`)).status, 404);
});

Deno.test("with nothing masked all is shown, and a capture may be stricter", async () => {
  await using scene = await Scene.start({ mask: "none" });
  const wire = await scene.exchange("s;1");
  const [{ id }] = await scene.list() as [Shown];
  assertEquals((await scene.detail(id)).messages.map(({ hex }) => hex), wire.map((bytes) => bytes.toHex()));
  const text = async (query?: string) => new TextDecoder("latin1").decode(await capture(scene, query));
  assertStringIncludes(await text(), IMSI);
  assertStringIncludes(await text("?mask=none"), IMSI);
  assert(!(await text("?mask=subscriber")).includes(IMSI));
});

Deno.test("a capture shows no more than admin.mask lets it", async () => {
  await using scene = await Scene.start();
  await scene.exchange("s;1");
  assert(!new TextDecoder("latin1").decode(await capture(scene)).includes(IMSI));
  const refused = await scene.get("capture.pcapng?mask=none");
  assertEquals(refused.status, 403);
  assertStringIncludes(refused.text, "admin.mask");
});

Deno.test("without bodies there are transactions, and no messages", async () => {
  await using scene = await Scene.start({ trace: { bodies: false } });
  await scene.exchange("s;1");
  const [{ id, result_code: code }] = await scene.list() as [Shown];
  assertEquals([code, (await scene.detail(id)).messages], [2001, []]);
});

Deno.test("with nothing recorded, who asks is told why", async () => {
  await using scene = await Scene.start({ trace: { max_bytes: 0 } });
  await scene.exchange("s;1");
  for (const path of ["transactions", "transactions/1", "capture.pcapng"]) {
    const reply = await scene.get(path);
    assertEquals(reply.status, 404);
    assertStringIncludes(reply.text, "admin.trace");
  }
});

interopTest("tshark reads the capture of a host as the Diameter messages that were on the wire", TSHARK, async () => {
  await using scene = await Scene.start({ mask: "none" });
  const wire = [...await scene.exchange("s;1"), ...await scene.exchange("s;2")];
  const frames = (await dissectCapture(await capture(scene))).filter((frame) => frame.includes("Diameter Protocol"));
  const ids = frames.map((frame) => Number(/Hop-by-Hop Identifier: (0x[0-9a-f]+)/.exec(frame)?.[1]));
  assertEquals(ids, wire.map((bytes) => new RawMessage(bytes).hopByHop));
  assertEquals(frames.filter((frame) => /Malformed|retransmission/i.test(frame)), []);
});
