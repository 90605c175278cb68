/**
 * `ping`: is there a Diameter peer, who is it, and how fast does it answer?
 * @module
 */
import { endpointText } from "../../net/connection.ts";
import type { TlsClientFiles } from "../../net/tls.ts";
import { isSuccessCode } from "../../diameter/wire/result_codes.ts";
import { VENDOR } from "../../diameter/wire/application_ids.ts";
import { DIAMETER_PORT, DIAMETER_TLS_PORT } from "../../diameter/wire/ports.ts";
import { AddressError, type ListenAddress, parseAddress } from "../../ops/config/address.ts";
import { CLIENT_FLAGS } from "../admin/flags.ts";
import { defineCommand, EXIT, UsageError } from "../cli/command.ts";
import type { FlagValues } from "../cli/flags.ts";
import { Interruption } from "../cli/signals.ts";
import { palette, print, printSentence } from "../cli/terminal.ts";
import { FlagReader } from "../sim/flags.ts";
import { pingAdmin } from "./admin.ts";
import { Exchange, ExchangeError } from "./exchange.ts";
import { type Asked, explain } from "./explain.ts";
import { greetingJson, greetingText, rounded, roundTrips, summaryText, tripsJson, watchdogText } from "./report.ts";

const NAME = "ping";

const FLAGS = {
  count: {
    kind: "number",
    short: "n",
    placeholder: "N",
    help: "DWR to send; 0: until interrupted",
    default: 3,
    least: 0,
  },
  interval: { kind: "duration", placeholder: "TIME", help: "from one to the next", default: 1_000, least: 0 },
  timeout: {
    kind: "duration",
    placeholder: "TIME",
    help: "for the connection and for each answer",
    default: 5_000,
    least: 1,
  },
  "origin-host": {
    kind: "string",
    placeholder: "NAME",
    help: "identity to ask under",
    default: "diam-gw-ping.localdomain",
  },
  "origin-realm": { kind: "string", placeholder: "REALM", help: "its realm", default: "localdomain" },
  application: {
    kind: "list",
    placeholder: "ID[:VENDOR],..",
    help: "what the CER advertises; Relay, which meets everything, unless given",
  },
  tls: { kind: "boolean", help: "TLS from the first byte; the port is then 5868 unless given" },
  ca: { ...CLIENT_FLAGS.ca, help: `${CLIENT_FLAGS.ca.help}; implies --tls` },
  cert: { kind: "string", placeholder: "FILE", help: "client certificate, PEM; implies --tls" },
  key: { kind: "string", placeholder: "FILE", help: "its key, PEM; in the file of the certificate unless given" },
  "server-name": {
    kind: "string",
    placeholder: "NAME",
    help: "name that its certificate must have; HOST unless given; implies --tls",
  },
  "token-file": CLIENT_FLAGS["token-file"],
  json: { kind: "boolean", help: "one object, when all is done" },
} as const;

type Flags = FlagValues<typeof FLAGS>;

/** Asks a peer, or an admin interface. */
export default defineCommand({
  name: NAME,
  summary: "ask a Diameter peer who it is, and how fast it answers",
  arguments: "HOST[:PORT] | http://HOST:PORT [flags]",
  description: `
Connects, exchanges capabilities (CER, CEA), shows what the peer says of itself, asks with watchdogs
(DWR) and shows the round trips, and takes leave (DPR). No application message is sent. A peer that
knows its clients by name wants --origin-host; ask under a name that no gateway is connected with,
because many peers let only one connection of a name live.

http:// or https:// is the admin interface of a gateway: its version, its state and round trips of
/readyz.

Exit code 0: every answer came and was a success (and the gateway is ready); 1: not so.

--json writes one object: remote, tls, origin_host, origin_realm, product_name, vendor_id,
vendor_name, origin_state_id, result_code, applications (id, vendor, type, name), connect_ms,
capabilities_ms, watchdogs (ms, result_code), sent, answered, round_trip_ms (min, mean, max; null
without any) and error (null, or what went wrong). Of a peer that cannot be reached there are peer and
error.`,
  positionals: { least: 1, most: 1 },
  flags: FLAGS,
  examples: [
    ["ping 10.0.1.100", "is it there, who is it, what does it serve?"],
    [
      "ping dra1.example.net:3868 --origin-host gw1.example.net --origin-realm example.net",
      "as a gateway that it knows",
    ],
    ["ping 10.0.1.100 --tls --ca ca.pem --cert gw.pem --key gw.key", "over mutual TLS, port 5868"],
    ["ping 127.0.0.1:3868 --count 100 --interval 10ms --json", "100 round trips, for a script"],
    ["ping http://127.0.0.1:9868", "the admin interface of a gateway"],
  ],
  async run(flags, [target = ""]) {
    using interruption = new Interruption();
    if (/^https?:\/\//i.test(target)) return await pingAdmin(target, flags, interruption);
    return await pingPeer(target, flags, interruption);
  },
});

async function pingPeer(target: string, flags: Flags, interruption: Interruption): Promise<number> {
  const tls = tlsOf(flags);
  const to = addressOf(target, tls !== undefined);
  const reader = new FlagReader(NAME);
  const local = localOf(flags, reader);
  reader.check();
  const asked: Asked = {
    peer: to.text,
    originHost: local.originHost,
    timeout: flags.timeout,
    isTls: tls !== undefined,
    hasCertificate: tls !== undefined && tls.cert !== "",
  };
  const { signal } = interruption;
  let exchange: Exchange;
  try {
    exchange = await Exchange.open({ to, local, timeout: flags.timeout, tls, signal });
  } catch (error) {
    if (signal.aborted) return EXIT.failed;
    if (!(error instanceof ExchangeError)) throw error;
    const sentence = explain(error, asked);
    if (flags.json) print(JSON.stringify({ peer: to.text, error: sentence }, undefined, 2));
    printSentence(sentence);
    return EXIT.failed;
  }
  const { capabilities, connectTime, capabilitiesTime } = exchange;
  const greeting = {
    remote: endpointText(exchange.remote),
    isTls: asked.isTls,
    capabilities,
    connectTime,
    capabilitiesTime,
  };
  const colours = palette("stdout");
  if (!flags.json) print(greetingText(greeting, colours));

  const watchdogs: { ms: number; result_code: number | null }[] = [];
  let sent = 0;
  let bad = 0;
  let failure: ExchangeError | undefined;
  while (failure === undefined && !signal.aborted && (flags.count === 0 || sent < flags.count)) {
    if (sent > 0) await interruption.wait(flags.interval);
    if (signal.aborted) break;
    sent++;
    try {
      const answer = await exchange.watchdog();
      watchdogs.push({ ms: rounded(answer.milliseconds), result_code: answer.resultCode ?? null });
      if (answer.resultCode === undefined || !isSuccessCode(answer.resultCode)) bad++;
      if (!flags.json) print(watchdogText(sent, answer, colours));
    } catch (error) {
      if (signal.aborted) {
        sent--;
        break;
      }
      if (!(error instanceof ExchangeError)) throw error;
      // A DWA that is late may be followed by one in time; a connection that is gone stays so.
      if (error.why === "silent") printSentence(`DWR ${sent}: ${error.message} (--timeout)`);
      else failure = error;
      bad++;
    }
  }
  failure ??= exchange.end;
  await exchange.leave();
  const sentence = failure === undefined ? undefined : explain(failure, asked);
  const trips = roundTrips(watchdogs.map(({ ms }) => ms));
  if (flags.json) {
    print(JSON.stringify(
      {
        ...greetingJson(greeting),
        watchdogs,
        sent,
        answered: watchdogs.length,
        round_trip_ms: tripsJson(trips),
        error: sentence ?? null,
      },
      undefined,
      2,
    ));
  } else print(summaryText("DWR", sent, watchdogs.length, trips));
  if (sentence !== undefined) printSentence(sentence);
  return bad === 0 && sentence === undefined ? EXIT.done : EXIT.failed;
}

function addressOf(target: string, isTls: boolean): ListenAddress {
  try {
    return parseAddress(target, { first: 1, otherwise: isTls ? DIAMETER_TLS_PORT : DIAMETER_PORT });
  } catch (error) {
    if (error instanceof AddressError) throw new UsageError([error.message], NAME);
    throw error;
  }
}

function tlsOf(
  { tls, ca = "", cert = "", key = "", "server-name": serverName = "" }: Flags,
): TlsClientFiles | undefined {
  if (key !== "" && cert === "") {
    throw new UsageError(["--key: needs --cert FILE, the certificate that it belongs to"], NAME);
  }
  return tls || ca !== "" || cert !== "" || serverName !== "" ? { ca, cert, key, serverName } : undefined;
}

function localOf(flags: Flags, reader: FlagReader) {
  const { "origin-host": originHost, "origin-realm": originRealm } = flags;
  reader.identity("origin-host", originHost);
  reader.identity("origin-realm", originRealm);
  return {
    originHost,
    originRealm,
    productName: "diam-gw",
    vendorId: VENDOR.threeGpp,
    originStateId: Math.floor(Date.now() / 1000),
    applications: reader.applications("application", flags.application) ?? [],
  };
}
