import { assertEquals, assertStringIncludes } from "@std/assert";
import { EventLog } from "../../../src/ops/admin/event_log.ts";
import { until } from "../../support/until.ts";
import { readSome, send } from "./raw_http.ts";
import { type Rig, rig } from "./rig.ts";

const MARK = "\nevent: ";

/** A reader of events that keeps what came. */
class EventReader implements Disposable {
  text = "";
  /** How many events came, whatever was done with the text since. */
  received = 0;
  isOver = false;
  readonly #conn: Deno.Conn;
  /** Too short for a mark: one that is cut in two is still found, and none twice. */
  #tail = "";

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
    void this.#read();
  }

  static async open(admin: Rig, last?: string): Promise<EventReader> {
    const conn = await Deno.connect(admin.server.address);
    const resume = last === undefined ? "" : `Last-Event-ID: ${last}\r\n`;
    await send(conn, `GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n${resume}\r\n`);
    const reader = new EventReader(conn);
    await until(() => reader.text.includes(": events follow"), "the stream begins");
    return reader;
  }

  /** Ids and kinds, as they came. */
  get events(): { id: string; kind: string; data: Record<string, unknown> }[] {
    return [...this.text.matchAll(/id: (.*)\nevent: (.*)\ndata: (.*)\n\n/g)]
      .map(([, id = "", kind = "", data = ""]) => ({ id, kind, data: JSON.parse(data) }));
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const text = await readSome(this.#conn);
        this.text += text;
        const seen = this.#tail + text;
        this.received += seen.split(MARK).length - 1;
        this.#tail = seen.slice(1 - MARK.length);
      }
    } catch {
      this.isOver = true;
    }
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

const kinds = (reader: EventReader) => reader.events.map(({ kind }) => kind);

Deno.test("several readers see the events of the process and of the plane as they happen", async () => {
  await using admin = await rig();
  using one = await EventReader.open(admin);
  using two = await EventReader.open(admin);
  assertStringIncludes(one.text, "content-type: text/event-stream\r\n");
  assertStringIncludes(one.text, "cache-control: no-store\r\n");
  admin.plane.events.tell("peer_up", { dra: "dra-1" });
  admin.host.events.tell("config", { applied: true });
  for (const reader of [one, two]) {
    await until(() => reader.events.length === 2, "both events came");
    assertEquals(kinds(reader), ["peer_up", "config"]);
    const [first] = reader.events;
    assertEquals([first?.data["kind"], first?.data["dra"], typeof first?.data["at"]], ["peer_up", "dra-1", "string"]);
  }
  assertEquals(one.events, two.events);
  assertEquals(new Set(one.events.map(({ id }) => id)).size, 2);
});

Deno.test("a reader who comes back with Last-Event-ID gets what it missed, and nothing twice", async () => {
  await using admin = await rig();
  admin.plane.events.tell("peer_up", { nth: 1 });
  let last: string;
  {
    using reader = await EventReader.open(admin, "nonsense");
    await until(() => reader.events.length === 2, "all that is kept came");
    assertEquals(kinds(reader), ["gap", "peer_up"]);
    last = reader.events[1]!.id;
  }
  await until(() => admin.server.eventStreams === 0, "the reader is gone");
  admin.plane.events.tell("peer_down", { nth: 2 });
  admin.plane.events.tell("peer_up", { nth: 3 });
  using again = await EventReader.open(admin, last);
  admin.plane.events.tell("peer_down", { nth: 4 });
  await until(() => again.events.length === 3, "the rest came");
  assertEquals(again.events.map(({ data }) => data["nth"]), [2, 3, 4]);
});

Deno.test("a reader without Last-Event-ID begins with now", async () => {
  await using admin = await rig();
  admin.plane.events.tell("peer_up");
  using reader = await EventReader.open(admin);
  admin.plane.events.tell("peer_down");
  await until(() => reader.events.length === 1, "the event came");
  assertEquals(kinds(reader), ["peer_down"]);
});

Deno.test("when more was missed than is kept, a gap is told before the rest", () => {
  const log = new EventLog("e", 3, 10_000);
  const events = (last: string) =>
    log.after(last, "2026-01-01T00:00:00Z").map((frame) => /id: (.*)\nevent: (.*)\n/.exec(frame)!.slice(1).join(" "));
  assertEquals(events("e-0"), []);
  for (let nth = 1; nth <= 5; nth++) log.add({ at: "", kind: "peer_up" });
  const kept = ["e-3 peer_up", "e-4 peer_up", "e-5 peer_up"];
  assertEquals(events("e-5"), []);
  assertEquals(events("e-3"), kept.slice(1));
  assertEquals(events("e-2"), kept);
  for (const last of ["e-1", "e-6", "other-4", "e-", "", "e-4x"]) {
    assertEquals(events(last), ["e-2 gap", ...kept], last);
  }
});

Deno.test("few long events are kept where many short ones would be", () => {
  const log = new EventLog("e", 1_000, 10_000);
  const kept = () => log.after("e-0", "").length - 1;
  for (let nth = 0; nth < 20; nth++) log.add({ at: "", kind: "peer_up", text: "x".repeat(2_000) });
  assertEquals(kept(), 4);
  log.add({ at: "", kind: "peer_up", text: "x".repeat(20_000) });
  assertEquals(kept(), 0);
  log.add({ at: "", kind: "peer_up" });
  assertEquals(kept(), 1);
});

Deno.test("a silent stream gets a comment in time", async () => {
  await using admin = await rig({ limits: { heartbeat: 20 } });
  using reader = await EventReader.open(admin);
  await until(() => reader.text.split(": still here\n\n").length > 3, "comments came");
  assertEquals(reader.events, []);
});

Deno.test("the time between two comments is below 15 s", async () => {
  const { ADMIN_LIMITS } = await import("../../../src/ops/admin/options.ts");
  assertEquals(ADMIN_LIMITS.heartbeat < 15_000, true);
});

Deno.test("one reader too many is 503, and may come when another has gone", async () => {
  await using admin = await rig({ limits: { eventStreams: 2 } });
  using _one = await EventReader.open(admin);
  {
    using _two = await EventReader.open(admin);
    const refused = await admin.ask("/api/v1/events");
    assertEquals([refused.status, refused.header("content-type")], [503, "application/problem+json"]);
    assertEquals(Number(refused.header("retry-after")) > 0, true);
    assertEquals((await admin.ask("/healthz")).status, 200);
  }
  await until(() => admin.server.eventStreams === 1, "one has gone");
  using _three = await EventReader.open(admin);
});

Deno.test("a reader of events that goes away is no failure", async () => {
  await using admin = await rig();
  {
    using _waiting = await EventReader.open(admin);
    using told = await EventReader.open(admin);
    admin.plane.events.tell("peer_up");
    await until(() => told.events.length === 1, "the event came");
  }
  await until(() => admin.server.eventStreams === 0, "both have gone");
  admin.plane.events.tell("peer_down");
  assertEquals(admin.host.log.lines.filter(({ level }) => level === "error"), []);
});

Deno.test("a reader that does not read is let go, and costs no other reader an event", async () => {
  await using admin = await rig({ limits: { eventStreamBytes: 1_000_000 } });
  using conn = await Deno.connect(admin.server.address);
  await send(conn, "GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  await until(() => admin.server.eventStreams === 1, "it is connected");
  using good = await EventReader.open(admin);
  const text = "x".repeat(100_000);
  let told = 0;
  // The buffers of the system are some megabytes deep.
  await until(
    async () => {
      admin.plane.events.tell("peer_up", { text });
      told++;
      await until(() => good.received === told, "the good one has it");
      good.text = "";
      return admin.server.eventStreams === 1;
    },
    "the one that does not read is let go",
    30_000,
  );
  await until(() => admin.server.connections === 1, "its connection is gone");
  assertEquals(good.isOver, false);
});

Deno.test("the end of the interface is the end of every stream", async () => {
  const admin = await rig();
  using one = await EventReader.open(admin);
  using two = await EventReader.open(admin);
  const before = performance.now();
  await admin.server.close();
  await until(() => one.isOver && two.isOver, "both ended");
  assertEquals(performance.now() - before < 2_000, true);
  assertEquals([admin.plane.events.listeners.size, admin.host.events.listeners.size], [0, 0]);
});
