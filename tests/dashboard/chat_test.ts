/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { assert, assertEquals } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { DevServices } from "../../src/commands/serve/chat_dev.ts";
import { Device } from "../chat/support/running.ts";
import { RunningHost } from "../host/running_host.ts";
import { interopTest } from "../interop/programs.ts";
import { until } from "../support/until.ts";
import { BROWSER, openBrowser, openPage } from "./browser.ts";
import { beyondTheEdge } from "./fits.ts";

const PATIENCE = 20_000;
/** More than go into one page. */
const ROOMS = Array.from({ length: 60 }, (_, nth) => `room-${String(nth).padStart(2, "0")}`);

/** A device that answers for itself: it says what it wants, and is told. */
async function connect(dev: DevServices, address: string, profile: string, deviceId: string): Promise<Device> {
  const device = new Device(`ws://${address}/ws`, ["chat.v1.json"]);
  await device.opened;
  device.say({ hello: { token: await dev.issuerServer.mint({ sub: profile }), deviceId } });
  await until(() => device.find("welcome") !== undefined, `${profile} is welcome`);
  return device;
}

async function call(device: Device, method: string, json: Readonly<Record<string, unknown>>): Promise<void> {
  const id = crypto.randomUUID();
  device.say({ id, call: { method, json } });
  const answer = () => device.told.find(({ replyTo }) => replyTo === id);
  await until(() => answer() !== undefined, `${method} is answered`);
  assertEquals(answer()!.error, undefined);
}

async function operate(browser: Browser): Promise<void> {
  await using dev = await DevServices.start();
  await using host = await RunningHost.start({
    chat: {
      http: { listen: ["127.0.0.1:0"] },
      grpc: { listen: [] },
      auth: { issuer: dev.issuer },
      core: { uri: dev.core, breaker: { failures: 1 } },
      rate_limit: { per_connection: 1_000 },
      max_connections_per_device: 2,
      drain_timeout: "200ms",
      drain_spread: "0s",
    },
  });
  const address = String(host.logged("chat_listening")[0]?.["address"]);
  const alice = await connect(dev, address, "alice", "phone");
  const bob = await connect(
    dev,
    address,
    "bob-with-a-rather-long-name.of.a.person@example.com",
    "tablet-in-the-kitchen",
  );
  for (const id of ROOMS) await call(alice, "CreateRoom", { id, name: id });
  const subscribe = (device: Device, ids: readonly string[]) =>
    device.say({ subscribe: { rooms: ids.map((roomId) => ({ roomId })) } });
  subscribe(alice, ROOMS);
  await call(alice, "AddRoomSubscriptions", {
    roomId: ROOMS[1],
    members: [{ profileId: "bob-with-a-rather-long-name.of.a.person@example.com", roles: ["member"] }],
  });
  subscribe(bob, [ROOMS[1]!]);
  await until(() => bob.find("subscribed") !== undefined, "bob is in his room");
  await until(() => alice.told.filter(({ subscribed }) => subscribed).length === ROOMS.length, "alice is in hers");

  const { hostname, port } = host.admin;
  await using open = await openPage(browser, `http://${hostname}:${port}`, { width: 1280 });
  const { page } = open;
  const reads = (text: string | RegExp) => page.getByText(text).first().waitFor();
  const tile = (name: string, text: string | RegExp) =>
    page.locator(`[data-tile="${name}"]`, { hasText: text }).waitFor();
  const row = (profile: string) => page.locator(`[data-profile="${profile}"]`);

  // What there is, and nothing of a plane that does not run.
  await tile("Devices", "2 WebSocket");
  await tile("Rooms", "61 subscriptions");
  await tile("Core", "answers");
  await tile("Cache", "mem://");
  await row("alice").getByText("phone").waitFor();
  for (const word of ["DRAs", "Transactions", "Capture", "Clusters"]) {
    assertEquals(await page.getByText(word, { exact: true }).first().isVisible(), false, word);
  }
  const loaded = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
  assert(loaded.some((name) => name.endsWith("/chat.js")));
  assertEquals(loaded.filter((name) => /diameter|grpc|uplot|dras|names\.json/.test(name)), []);

  // Events are seen to flow.
  let sent = 0;
  const talk = setInterval(() => {
    const event = { id: `e${sent++}`, roomId: ROOMS[1], senderId: "alice", type: "message", payload: {} };
    alice.say({ call: { method: "SendEvent", json: { events: [event] } } });
  }, 20);
  try {
    await tile("Published", /[1-9]\d*\/s/);
    await tile("Deliveries", /[1-9]\d*\/s/);
  } finally {
    clearInterval(talk);
  }

  // More rooms than one page has; and who is in one.
  const rooms = page.locator("#chat-rooms");
  await rooms.getByText("60, with members here; 1 to 50").waitFor();
  await rooms.getByRole("button", { name: "Next" }).click();
  await rooms.getByText("60, with members here; 51 to 60").waitFor();
  await rooms.locator('[data-room="room-59"]').waitFor();
  await rooms.getByRole("button", { name: "Previous" }).click();
  await rooms.getByRole("button", { name: "room-00" }).click();
  await reads("2 connections; of those that fit, 1 to 1");
  assertEquals(await page.locator("[data-profile]").count(), 1);
  await page.getByPlaceholder("Room").fill("");
  await fits(page, "busy");

  // One is sent away, and nobody before somebody has said yes.
  await row("alice").waitFor();
  await row("alice").getByRole("button", { name: "Disconnect alice (phone)" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Its device phone is closed with 4010").waitFor();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  assertEquals(alice.closed, undefined);
  await row("alice").getByRole("button", { name: "Disconnect alice (phone)" }).click();
  await dialog.getByRole("button", { name: "Disconnect" }).click();
  await reads("alice (phone) is disconnected.");
  assertEquals((await alice.gone()).code, 4010);
  await row("alice").waitFor({ state: "detached" });
  await tile("Slow consumers", "of 1 ended: 4010 1×");

  // The core dies.
  await dev.coreServer.stop();
  bob.say({ call: { method: "GetHistory", json: { roomId: ROOMS[1] } } });
  await tile("Core", "fails");
  await reads("The core does not answer: calls fail at once for a while");
  await fits(page, "core-away");
  assertEquals(open.faults, []);
  await bob.end();
}

/** Nobody has to scroll sideways. */
async function fits(page: Page, name: string): Promise<void> {
  const directory = Deno.env.get("DIAM_GW_SCREENSHOTS");
  for (const [width, colorScheme] of [[1280, "dark"], [1280, "light"], [400, "light"]] as const) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    await until(async () => (await beyondTheEdge(page)).length === 0, `everything fits ${width} pixels`, PATIENCE);
    if (directory === undefined) continue;
    const path = `${directory}/chat-${name}-${width}-${colorScheme}.png`;
    await Deno.writeFile(path, await page.screenshot({ fullPage: true }));
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

interopTest("a person operates a chat gateway with its dashboard in Chromium", BROWSER, async () => {
  const browser = await openBrowser();
  try {
    await operate(browser);
  } finally {
    await browser.close();
  }
});
