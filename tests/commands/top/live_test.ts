import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { takeSnapshot } from "../../../src/commands/admin/snapshot.ts";
import { palette } from "../../../src/commands/cli/terminal.ts";
import type { Screen } from "../../../src/commands/top/full_screen.ts";
import { keysIn } from "../../../src/commands/top/keys.ts";
import { LiveView, MOST_APPS } from "../../../src/commands/top/live.ts";
import { AdminClient } from "../../../src/ops/admin/client.ts";
import { freePort } from "../../support/free_port.ts";
import { until } from "../../support/until.ts";
import { draRow, FakeDiameter, type FakeGateway, fakeGateway } from "../admin/fake_gateway.ts";

/** ms from one look to the next. */
const INTERVAL = 20;

/** A screen that remembers what it shows, and keys that a test presses. */
class FakeScreen implements Screen {
  columns = 80;
  rows = 24;
  lines: readonly string[] = [];
  forgotten = 0;
  readonly #keys = new TransformStream<string, string>();
  readonly #writer = this.#keys.writable.getWriter();

  get text(): string {
    return this.lines.join("\n");
  }

  draw(lines: readonly string[]): void {
    this.lines = lines;
  }

  forget(): void {
    this.forgotten++;
  }

  /** Types `text`; resolves when all of it was taken. */
  async type(text: string): Promise<void> {
    for (const key of keysIn(text)) await this.#writer.write(key);
  }

  async shows(text: string): Promise<void> {
    await until(() => this.text.includes(text), `the screen shows ${JSON.stringify(text)}`);
  }

  keys(): AsyncIterable<string> {
    return this.#keys.readable;
  }

  [Symbol.dispose](): void {}
}

/** A view of a gateway for as long as `body` runs, which is then quitted with `q`. */
async function watching(
  gateway: FakeGateway,
  body: (screen: FakeScreen, view: LiveView) => Promise<void>,
): Promise<void> {
  const client = new AdminClient({ url: gateway.url, timeout: 2_000 });
  const screen = new FakeScreen();
  const view = new LiveView(client, await takeSnapshot(client, MOST_APPS), INTERVAL, palette("stdout", false));
  const running = view.run(screen);
  try {
    await body(screen, view);
  } finally {
    await screen.type("q").catch(() => {});
    await running;
  }
}

Deno.test("the view shows rates of what happens from one look to the next", async () => {
  await using gateway = await fakeGateway();
  const { plane } = gateway;
  plane.passed = () => {
    const { statistics } = plane;
    plane.statistics = { ...statistics, total_requests: statistics.total_requests + 1_000_000 };
  };
  await watching(gateway, async (screen) => {
    await screen.shows("requests -/s");
    await until(() => /requests [\d,]{9,}\/s/.test(screen.text), "millions of requests/s");
    await screen.shows("█");
  });
});

Deno.test("a DRA is disabled, enabled, reconnected and given a weight from the keyboard", async () => {
  await using gateway = await fakeGateway();
  const { plane } = gateway;
  await watching(gateway, async (screen) => {
    await screen.type("jd");
    await screen.shows("Disable dra-west: a DPR, and no requests until it is enabled again? (y/n)");
    assertEquals(plane.done, []);
    await screen.type("y");
    await screen.shows("dra-west: disabled");
    await screen.type("ey");
    await screen.shows("dra-west: enabled");
    await screen.type("kry");
    await screen.shows("dra-east: reconnecting");
    await screen.type("w250\r");
    await screen.shows("dra-east: weight 250");
    assertEquals(plane.done, ["dra-west disable", "dra-west enable", "dra-east reconnect", "dra-east weight 250"]);
  });
});

Deno.test("what the gateway refuses is told, and the view goes on", async () => {
  await using gateway = await fakeGateway();
  await watching(gateway, async (screen) => {
    await screen.type("d");
    // It is taken out of the configuration while the question stands.
    gateway.plane.dras = [draRow("dra-new")];
    await screen.type("y");
    await screen.shows("no DRA is called dra-east");
    await screen.shows("> dra-new");
  });
});

Deno.test("events come as they happen", async () => {
  await using gateway = await fakeGateway();
  await watching(gateway, async (screen) => {
    await until(() => gateway.server.eventStreams === 1, "it listens");
    gateway.plane.events.tell("failover", { from: 1, to: 2 });
    await screen.shows("failover 1 -> 2");
  });
  await until(() => gateway.server.eventStreams === 0, "it listens no more");
});

Deno.test("a gateway that goes away is missed, and found again when it comes back", async () => {
  const plane = new FakeDiameter();
  const port = freePort();
  const first = await fakeGateway({ plane, port });
  await watching(first, async (screen) => {
    await until(() => first.server.eventStreams === 1, "it listens");
    await first.server.close();
    await screen.shows(`no answer from http://127.0.0.1:${port} for `);
    assertStringIncludes(screen.text, "connection refused");
    assertStringIncludes(screen.text, "> dra-east");
    await using again = await fakeGateway({ plane, port });
    await until(() => !screen.text.includes("no answer"), "it is found again");
    await until(() => again.server.eventStreams === 1, "it listens again");
    plane.events.tell("dra_up", { dra: "dra-west" });
    await screen.shows("dra up dra-west");
  });
});

Deno.test("a window of another size is drawn anew, in that size", async () => {
  await using gateway = await fakeGateway();
  await watching(gateway, async (screen, view) => {
    await until(() => screen.lines.length === 24, "it is drawn");
    screen.columns = 160;
    screen.rows = 10;
    view.redraw();
    assertEquals([screen.lines.length, screen.forgotten], [10, 1]);
    assertStringIncludes(screen.text, "BYTES FROM");
    await screen.type("\x0c");
    await until(() => screen.forgotten === 2, "Ctrl-L draws everything");
  });
});

Deno.test("a defect while drawing ends the view with it, instead of the program with the terminal still taken", async () => {
  await using gateway = await fakeGateway();
  const told = assertRejects(() =>
    watching(gateway, async (screen, view) => {
      screen.draw = () => {
        throw new TypeError("no such line");
      };
      view.redraw();
      await until(() => gateway.server.eventStreams === 0, "it has ended");
    }), TypeError);
  assertEquals((await told).message, "no such line");
});

Deno.test("a window that was closed ends the view", async () => {
  await using gateway = await fakeGateway();
  await watching(gateway, async (screen) => {
    const gone = Promise.withResolvers<void>();
    screen.draw = () => {
      gone.resolve();
      throw new Error("Input/output error (os error 5)");
    };
    await gone.promise;
    await until(() => gateway.server.eventStreams === 0, "it has ended");
  });
});
