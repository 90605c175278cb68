/**
 * The peer that `send` talks to, and how its answers are shown.
 * @module
 */
import { ConnectionPool } from "../../diameter/client/connection_pool.ts";
import { ConnectionClosedError, ConnectionFailedError, HandshakeFailedError } from "../../diameter/client/errors.ts";
import type { Message } from "../../diameter/client/message.ts";
import { resultText } from "../../diameter/client/s13_errors.ts";
import type { AdvertisedApplication } from "../../diameter/peer/capabilities.ts";
import { standardDictionary } from "../../diameter/wire/dictionary/standard.ts";
import { messageJson } from "../../diameter/wire/message_json.ts";
import { describeAvps, describeMessage } from "../../diameter/wire/message_text.ts";
import { RESULT } from "../../diameter/wire/result_codes.ts";
import type { ListenAddress } from "../../ops/config/address.ts";
import { formatDuration } from "../../ops/config/units.ts";
import { flagTable, type FlagValues } from "../cli/flags.ts";
import { FlagReader } from "../sim/flags.ts";
import { palette, print, printError } from "../cli/terminal.ts";

/** The flags that all of `send` have. */
export const PEER_FLAGS = flagTable({
  peer: { kind: "string", placeholder: "HOST:PORT", help: "whom to send to", required: true },
  "origin-host": {
    kind: "string",
    placeholder: "NAME",
    help: "identity to send from",
    default: "diam-gw-send.localdomain",
  },
  "origin-realm": { kind: "string", placeholder: "REALM", help: "its realm", default: "localdomain" },
  timeout: {
    kind: "duration",
    placeholder: "TIME",
    help: "for the connection, the capabilities exchange and each answer",
    default: 10_000,
    least: 1,
  },
  json: { kind: "boolean", help: "the answer as JSON" },
});

/** What those flags say. */
export interface PeerWish {
  readonly peer: ListenAddress;
  readonly originHost: string;
  readonly originRealm: string;
  readonly timeout: number;
}

/** Reads those flags; what is wrong with them goes to `reader`. */
export function peerWish(flags: FlagValues<typeof PEER_FLAGS>, reader: FlagReader): PeerWish {
  const names = { "origin-host": flags["origin-host"], "origin-realm": flags["origin-realm"] };
  for (const [flag, name] of Object.entries(names)) reader.identity(flag, name);
  return {
    peer: reader.address("peer", flags.peer, 1),
    originHost: flags["origin-host"],
    originRealm: flags["origin-realm"],
    timeout: flags.timeout,
  };
}

/** Why nothing came of it, in one line for stderr. */
export class SendError extends Error {
  override name = "SendError";
}

/**
 * Connects, exchanges capabilities, and takes leave when `use` is done.
 * @throws SendError that says what failed and what may be done about it
 */
export async function withPeer<T>(
  { peer, originHost, originRealm, timeout }: PeerWish,
  applications: readonly AdvertisedApplication[],
  use: (pool: ConnectionPool) => Promise<T>,
): Promise<T> {
  const pool = new ConnectionPool({
    host: peer.hostname,
    port: peer.port,
    connections: 1,
    originHost,
    originRealm,
    applications,
    reconnect: false,
    connectTimeout: timeout,
    capabilitiesTimeout: timeout,
    requestTimeout: timeout,
    dprTimeout: Math.min(timeout, 1_000),
  });
  try {
    await pool.start();
    return await use(pool);
  } catch (error) {
    throw explain(error, originHost, timeout);
  } finally {
    await pool.close();
  }
}

function explain(error: unknown, originHost: string, timeout: number): unknown {
  if (error instanceof ConnectionFailedError) {
    const said = error.message.replace(/ \(os error \d+\)/, "");
    return new SendError(/lookup/.test(said) ? said : `${said}; does a Diameter peer listen there?`);
  }
  if (error instanceof HandshakeFailedError) {
    if (error.resultCode === RESULT.unknownPeer) {
      return new SendError(
        `${error.message}; it has to know ${originHost}, or --origin-host has to name whom it knows`,
      );
    }
    if (error.resultCode === undefined && error.message.endsWith("no CEA in time")) {
      return new SendError(`${error.message} (--timeout ${formatDuration(timeout)}); is it a Diameter peer?`);
    }
    return new SendError(error.message);
  }
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return new SendError(`${error.message} (--timeout ${formatDuration(timeout)})`);
  }
  return error instanceof ConnectionClosedError ? new SendError(error.message) : error;
}

/** Shows a message on stdout as text. */
export function printMessage(message: Message): void {
  const { bold, red } = palette("stdout");
  const decoded = message.decode();
  const lines = describeAvps(decoded.avps, standardDictionary())
    .map((line) => line.includes("  <- malformed at byte ") ? red(line) : line);
  print([bold(describeMessage(decoded)), ...lines].join("\n"));
}

/** A message as a line of JSON. */
export function jsonOf(message: Message): string {
  return JSON.stringify(messageJson(message.decode()));
}

/** Says on stderr how an answer that is no success ended. */
export function printFailure(answer: Message): void {
  printError(answer.result === undefined ? "answered without a result" : `answered with ${resultText(answer.result)}`);
}
