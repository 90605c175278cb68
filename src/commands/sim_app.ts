/**
 * `sim app`: Logic Apps that load a gateway or a DRA, and check every answer.
 * @module
 */
import { AppSimulator } from "../diameter/sim/app.ts";
import { defineCommand, EXIT, UsageError } from "./command.ts";
import { LiveLine } from "./live_line.ts";
import { runLoad } from "./load.ts";
import { isFlawless, reportJson, reportText } from "./load_report.ts";
import { plural } from "./numbers.ts";
import { Interruption } from "./signals.ts";
import { FlagReader } from "./sim_flags.ts";
import { print } from "./terminal.ts";

const NAME = "sim app";

/** Runs simulated Logic Apps until they are done. */
export default defineCommand({
  name: NAME,
  summary: "Logic Apps that send requests and check every answer",
  arguments: "--connect HOST:PORT [load]",
  description: `
Opens the connections, sends requests, and ends with --duration, --requests, SIGTERM or SIGINT: the last answers are
awaited, every connection is left with DPR, and the result goes to stdout. Without --rate each connection has always
--window requests outstanding; with it they leave at that rate, each timed from when it was due.
Checked of each answer: ids, Session-Id, command, application, and that its AVPs can be read. The exit code is 1 when an answer was lost, came twice
or was wrong, and when a connection could not be opened.`,
  flags: {
    connect: { kind: "string", placeholder: "HOST:PORT", help: "the gateway or DRA", required: true },
    connections: {
      kind: "number",
      placeholder: "N",
      help: "Logic Apps, a connection each",
      default: 1,
      least: 1,
      most: 60_000,
    },
    window: {
      kind: "number",
      placeholder: "N",
      help: "most requests outstanding per connection; 64, with --rate up to 4096",
      least: 1,
      most: 16_384,
    },
    rate: { kind: "number", placeholder: "N", help: "requests per second, of all connections together", least: 1 },
    "relaxed-pacing": { kind: "boolean", help: "let a timer pace --rate: coarse, but spares a processor" },
    duration: { kind: "duration", placeholder: "TIME", help: "how long to send", least: 1 },
    requests: { kind: "number", placeholder: "N", help: "how many to send", least: 1 },
    warmup: { kind: "duration", placeholder: "TIME", help: "send so long before it counts", default: 0 },
    mix: { kind: "string", placeholder: "KIND=SHARE,..", help: "kinds of request: s13, s6a, ccr", default: "s13" },
    imei: { kind: "list", placeholder: "IMEI,..", help: "of the S13 requests, in turn" },
    "origin-host": {
      kind: "string",
      placeholder: "NAME",
      help: "of each connection; # is its number",
      default: "app-#.apps.example.net",
    },
    "origin-realm": { kind: "string", placeholder: "NAME", help: "its realm", default: "apps.example.net" },
    "destination-realm": { kind: "string", placeholder: "NAME", help: "where to", default: "core.example.net" },
    "destination-host": { kind: "string", placeholder: "NAME", help: "to whom there; left out otherwise" },
    applications: { kind: "list", placeholder: "ID[:VENDOR],..", help: "what the CER advertises; the mix otherwise" },
    timeout: {
      kind: "duration",
      placeholder: "TIME",
      help: "a request without an answer for so long is lost",
      default: 10_000,
      least: 1,
    },
    reconnect: { kind: "duration", placeholder: "TIME", help: "open lost connections again after so long", least: 1 },
    json: { kind: "boolean", help: "the result as JSON" },
  },
  examples: [
    ["sim app --connect 127.0.0.1:3868 --requests 1", "one request: is anybody there?"],
    ["sim app --connect 127.0.0.1:3868 --connections 10 --duration 10s", "as much as it takes"],
    ["sim app --connect 127.0.0.1:3868 --rate 2000 --duration 1m --json", "a steady rate, for a script"],
    ["sim app --connect 127.0.0.1:3868 --mix s13=8,s6a=1,ccr=1 --imei 490154203237518,356938035643809", "a mix"],
  ],
  async run(flags) {
    const reader = new FlagReader(NAME);
    const connect = reader.address("connect", flags.connect, 1);
    const applications = reader.applications("applications", flags.applications);
    const mix = reader.mix("mix", flags.mix);
    const imeis = reader.imeis("imei", flags.imei);
    if (flags["relaxed-pacing"] && flags.rate === undefined) {
      reader.reject("relaxed-pacing", "has no effect without --rate");
    }
    if (imeis !== undefined && mix.s13 === undefined) reader.reject("imei", "has no effect without s13 in --mix");
    reader.identity("origin-host", flags["origin-host"].replaceAll("#", String(flags.connections)));
    reader.identity("origin-realm", flags["origin-realm"]);
    reader.check();
    if (Object.keys(mix).length === 0) throw new UsageError(["--mix: expected at least one share above 0"], NAME);

    const live = new LiveLine("stderr");
    const apps = new AppSimulator({
      connect,
      connections: flags.connections,
      originHost: (index) => flags["origin-host"].replaceAll("#", String(index + 1)),
      originRealm: flags["origin-realm"],
      destinationRealm: flags["destination-realm"],
      destinationHost: flags["destination-host"] ?? "",
      mix,
      timeout: flags.timeout,
      pacing: flags["relaxed-pacing"] ? "relaxed" : "exact",
      notice: (text) => live.print(text),
      ...(flags.window === undefined ? {} : { window: flags.window }),
      ...(flags.rate === undefined ? {} : { rate: flags.rate }),
      ...(flags.reconnect === undefined ? {} : { reconnect: flags.reconnect }),
      ...(imeis === undefined ? {} : { imeis }),
      ...(applications === undefined ? {} : { applications }),
    });
    using interruption = new Interruption();
    try {
      await apps.start();
      live.print(`${plural(apps.openConnections, "connection")} to ${connect.text} open`);
      const { warmup, duration, requests } = flags;
      const { signal } = interruption;
      const report = await runLoad(apps, { warmup, duration, requests, signal }, live);
      print(
        flags.json
          ? JSON.stringify({
            connect: connect.text,
            connections: flags.connections,
            ...reportJson(report, apps.counters),
          })
          : reportText(report, apps.counters),
      );
    } finally {
      await apps.stop();
    }
    return isFlawless(apps.counters) ? EXIT.done : EXIT.failed;
  },
});
