/**
 * Messages as comma-separated values (RFC 4180), a line each, with a head.
 * @module
 */
import { AVP } from "../../../diameter/wire/avp_codes.ts";
import { commandFlags } from "../../../diameter/wire/message_text.ts";
import { escapeControls } from "../../../ops/log/escape_controls.ts";
import { print } from "../../cli/terminal.ts";
import { isRequest, responseTime, resultOf, type Seen, shortName, textOf, type View } from "../seen.ts";
import { formatTime } from "../time_text.ts";

type Field = string | number | undefined;

const COLUMNS: Readonly<Record<string, (seen: Seen) => Field>> = {
  frame: ({ captured }) => captured?.frame,
  time: ({ captured }) => formatTime(captured?.time),
  transport: ({ captured }) => captured?.transport,
  source: ({ captured }) => captured?.source,
  destination: ({ captured }) => captured?.destination,
  name: ({ message }) => shortName(message),
  command: ({ message }) => message.header.command,
  flags: ({ message }) => commandFlags(message.header.flags),
  application: ({ message }) => message.header.application,
  application_name: ({ message }) => message.applicationName,
  hop_by_hop: ({ message }) => message.header.hopByHop,
  end_to_end: ({ message }) => message.header.endToEnd,
  length: ({ message }) => message.header.length,
  session_id: ({ message }) => textOf(message, AVP.sessionId),
  origin_host: ({ message }) => textOf(message, AVP.originHost),
  destination_host: ({ message }) => textOf(message, AVP.destinationHost),
  result: ({ message }) => resultOf(message)?.code,
  result_name: ({ message }) => resultOf(message)?.name,
  request_frame: ({ message, request }) => isRequest(message) ? undefined : request?.frame,
  response_ms: (seen) => responseTime(seen),
  problems: ({ message }) => message.problems.length,
};

/** Prints every message at once; the head comes before the first. */
export class CsvView implements View {
  #isBegun = false;

  show(seen: Seen): void {
    this.#begin();
    print(Object.values(COLUMNS).map((read) => field(read(seen))).join(","));
  }

  end(): void {
    this.#begin();
  }

  #begin(): void {
    if (!this.#isBegun) print(Object.keys(COLUMNS).join(","));
    this.#isBegun = true;
  }
}

function field(value: Field): string {
  const text = escapeControls(String(value ?? ""));
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
