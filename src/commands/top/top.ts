/**
 * `top`: what happens in a running gateway, as it happens.
 * @module
 */
import { type AdminClient, AdminClientError } from "../../ops/admin/client.ts";
import { ADMIN_FLAGS, adminClient } from "../admin/flags.ts";
import { type Snapshot, takeSnapshot } from "../admin/snapshot.ts";
import { defineCommand, EXIT, UsageError } from "../cli/command.ts";
import { HangUps, Interruption } from "../cli/signals.ts";
import { hasColour, isTerminal, palette, print, printSentence } from "../cli/terminal.ts";
import { FIRST_CONTROL } from "./control.ts";
import { hasScreen, openScreen } from "./full_screen.ts";
import { HELP } from "./help.ts";
import { LiveView, MOST_APPS } from "./live.ts";
import { onceJson } from "./once.ts";
import { ratesBetween } from "./rates.ts";
import { compose } from "./screen.ts";

const NAME = "top";

/** Columns of a frame that goes elsewhere than to a terminal. */
const USUAL_COLUMNS = 100;

/** A live view, or one frame of it. */
export default defineCommand({
  name: NAME,
  summary: "watch a running gateway: rates, peers, instances, events",
  description: `
Asks the admin interface of a gateway every second and shows what it says on the whole terminal, of
any size from 60 columns. Rates are differences of two looks. When the gateway does not answer, the
last numbers stay, with the reason above them, until it is back.

Keys:
${HELP.slice(0, HELP.findIndex(([key]) => key === "")).map(([key, does]) => `  ${key.padEnd(13)} ${does}`).join("\n")}

--once --json writes one object: ready, reason, seconds (between the two looks), status (as
/api/v1/status), rates (of its counters, each second; null when the gateway began anew in between),
dras and apps (as /api/v1/dras and /api/v1/apps, each with rates), more_apps, whether there are Logic
Apps beyond the first ${MOST_APPS}, clusters (as /api/v1/grpc/clusters) and calls_per_second of gRPC. Exit code 1: the gateway cannot be asked.`,
  flags: {
    ...ADMIN_FLAGS,
    interval: { kind: "duration", placeholder: "TIME", help: "from one look to the next", default: 1_000, least: 100 },
    once: { kind: "boolean", help: "look twice, show one frame as text, and end" },
    json: { kind: "boolean", help: "with --once: everything as one JSON object" },
  },
  examples: [
    ["top", "the gateway on this host"],
    ["top --admin https://gw1.example.net:9868 --ca ca.pem --token-file token", "another one"],
    ["top --once", "one frame, for a mail or a ticket"],
    ["top --once --json --interval 10s | jq .rates.total_requests", "requests/s over 10 s, for a script"],
  ],
  async run(flags) {
    if (flags.json && !flags.once) throw new UsageError(["--json: needs --once"], NAME);
    if (!flags.once && !hasScreen()) {
      throw new UsageError(["stdout is no terminal that can show it: give --once for one frame as text"], NAME);
    }
    const client = await adminClient(flags.admin, flags, NAME);
    using interruption = new Interruption();
    try {
      const first = await takeSnapshot(client, MOST_APPS, interruption.signal);
      if (flags.once) await once(client, first, flags, interruption);
      else await live(client, first, flags.interval, interruption);
    } catch (error) {
      if (interruption.signal.aborted) return EXIT.done;
      if (!(error instanceof AdminClientError)) throw error;
      printSentence(error.message);
      return EXIT.failed;
    }
    return EXIT.done;
  },
});

async function live(client: AdminClient, first: Snapshot, interval: number, { signal }: Interruption): Promise<void> {
  const view = new LiveView(client, first, interval, palette("stdout"));
  signal.addEventListener("abort", view.quit);
  using hangUps = new HangUps();
  hangUps.handle(view.quit);
  using screen = openScreen(view.redraw);
  await view.run(screen);
}

async function once(
  client: AdminClient,
  first: Snapshot,
  { interval, json }: { readonly interval: number; readonly json: boolean },
  interruption: Interruption,
): Promise<void> {
  await interruption.wait(interval);
  const snapshot = await takeSnapshot(client, MOST_APPS, interruption.signal);
  const rates = ratesBetween(first, snapshot);
  if (json) return print(JSON.stringify(onceJson(snapshot, rates), undefined, 2));
  const view = {
    url: client.url,
    now: Date.now(),
    snapshot,
    rates,
    history: [],
    events: [],
    control: FIRST_CONTROL,
    lost: undefined,
  };
  const columns = isTerminal("stdout") ? Deno.consoleSize().columns : USUAL_COLUMNS;
  print(compose(view, columns, Infinity, palette("stdout", hasColour("stdout"))).join("\n"));
}
