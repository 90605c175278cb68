/**
 * `decode`: what do these messages say?
 * @module
 */
import type { Dictionary } from "../../diameter/wire/dictionary/dictionary.ts";
import { type DecodedMessage, decodeMessage } from "../../diameter/wire/decode_message.ts";
import { maskSubscriber } from "../../diameter/wire/masking.ts";
import { DIAMETER_PORT } from "../../diameter/wire/ports.ts";
import { defineCommand, EXIT, UsageError } from "../cli/command.ts";
import { type Finding, messagesInBytes, messagesInCapture } from "../messages/input.ts";
import { loadDictionary } from "../messages/dictionary.ts";
import { openMessages } from "../messages/source.ts";
import { Interruption } from "../cli/signals.ts";
import { printError } from "../cli/terminal.ts";
import { Pairing } from "./pairing.ts";
import type { Test, View } from "./seen.ts";
import { selectionOf } from "./selection.ts";
import { formatTime } from "./time_text.ts";
import { viewOf } from "./views/view_of.ts";

const HIGHEST_PORT = 65535;
/** Remarks of one kind that are printed; the others are counted. */
const MOST_LINES = 1000;

/** Flags that ask for what only a capture has. */
const CAPTURE_ONLY = [
  ["port", "has ports"],
  ["from", "has times"],
  ["to", "has times"],
  ["follow", "can be followed"],
  ["ladder", "says who sent what"],
  ["mermaid", "says who sent what"],
] as const;

/** Decodes captures and hexadecimal digits. */
export default defineCommand({
  name: "decode",
  summary: "show Diameter messages as text, JSON, counts or a diagram",
  arguments: "FILE.pcap|FILE.pcapng|HEX|- [flags]",
  description: `
Reads a capture (pcap or pcapng, also with gzip), hexadecimal digits, or a dump as xxd, hexdump -C and
Wireshark make it; "-" is standard input. TCP streams are put together, SCTP is understood, IP
fragments and TLS are not. Traffic that a switch mirrors or a network tunnels is looked into: VLAN,
MPLS, IP in IP, GRE, ERSPAN, VXLAN, Geneve, GTP-U. What had to be left out is counted on stderr.
Without --port, port ${DIAMETER_PORT} is decoded, and whatever else begins like a Diameter message. A capture
may be of any size; a compressed one is unpacked to at most 64 MiB and 100 times its size. An answer
names the frame of its request, and the time since then; the last 65536 open requests are remembered.

Flags that select look at each message by itself: all that are given must hold, and of values of the
same flag one. --avp compares with the value, with its name (Auth-Session-State=STATE_MAINTAINED),
with what octets say, or with their hexadecimal digits.

--json writes one array. Each message has frame, time, transport, source and destination (captures
only), name, abbreviation, version, length, flags, command, application, application_name,
hop_by_hop, end_to_end, avps, problems and unusual; an answer whose request is in the capture has
request_frame and response_ms. Each AVP has name, code, vendor, flags, type, offset, and value with
value_name, avps (a group) or hex; error where it is malformed, unusual where its value is not as its
specification has it. 64-bit numbers are text; octets are what they say where their form is known
(telephone numbers, PLMN identities, locations, time zones), with hex beside it, else hexadecimal
digits. With --stats it is an array of commands with requests, unanswered and results, each with
count, p50_ms, p99_ms and max_ms; percentiles are within 1 %, and what takes over 214 s counts as that.
--ndjson has the same messages, each in one line. --csv has what is in the header, the session, the
hosts, the result and the response time.

A pipe is shown as it comes, and so is what is written to a file that --follow names. The first
SIGINT or SIGTERM ends either, and counts and ladders are printed then.

--mask shows identities, numbers, equipment, addresses, credentials and keys as stars and zeros, and
what is behind a length that cannot be true; names of nodes, sessions and AVPs of your own dictionary
stay. Flags that select look at what was there before.

A ladder names the ends of connections as they named themselves in CER and CEA, else by address and
port; it has at most 1000 messages and 40 ends, so select a session.

Exit code 1 means that something was malformed, or that there was no message, or none that the flags
ask for. What is only unusual, such as a DiameterURI without aaa://, is told and changes no exit code.`,
  positionals: { least: 1, most: Infinity },
  flags: {
    json: { kind: "boolean", help: "as JSON, one array" },
    ndjson: { kind: "boolean", help: "as JSON, one line a message, at once" },
    csv: { kind: "boolean", help: "as comma-separated values, one line a message, with a head" },
    summary: { kind: "boolean", help: "one line a message" },
    stats: { kind: "boolean", help: "counts and response times of each command and result; with --json, too" },
    ladder: { kind: "boolean", help: "a sequence diagram: who sent what to whom, and when" },
    mermaid: { kind: "boolean", help: "the same for Mermaid" },
    session: { kind: "list", placeholder: "ID", help: "only messages of this Session-Id" },
    command: { kind: "list", placeholder: "NAME|CODE", help: "only this command: ECR, ECA, or EC for both" },
    application: { kind: "list", placeholder: "NAME|ID", help: "only of this application" },
    result: { kind: "list", placeholder: "NAME|CODE|Nxxx", help: "only answers with this result, or of a class: 5xxx" },
    avp: { kind: "list", placeholder: "NAME[=VALUE]", help: "only with this AVP, in groups too, as its name or V:C" },
    peer: { kind: "list", placeholder: "HOST[:PORT]", help: "only from or to this address, or Diameter identity" },
    from: { kind: "string", placeholder: "TIME", help: "only from this time on: 2024-05-01T12:00:00Z" },
    to: { kind: "string", placeholder: "TIME", help: "only up to this time" },
    follow: { kind: "boolean", help: "wait for more at the end of a capture, until SIGINT or SIGTERM" },
    mask: { kind: "boolean", help: "make what tells of a subscriber unreadable: numbers, addresses, keys" },
    port: { kind: "list", placeholder: "N", help: "decode only what goes to or comes from port N" },
    dictionary: { kind: "list", placeholder: "FILE", help: "a dictionary of your own, YAML or JSON" },
  },
  examples: [
    ["decode trace.pcapng", "every message in a capture"],
    ["decode trace.pcapng --summary", "one line a message, answers with their response time"],
    ["decode trace.pcap --result 5xxx --command ECA --summary", "equipment checks that were refused"],
    ["decode trace.pcap --stats", "how many of each, and p50 and p99 of the response times"],
    ["decode trace.pcap --session 'mme1;1;2' --ladder", "one session as a sequence diagram"],
    ["decode trace.pcap --mask > for-the-vendor.txt", "without what tells of subscribers"],
    ["decode trace.pcap --csv > trace.csv", "for a spreadsheet"],
    ["decode trace.pcap --avp IMEI=35209900176148", "what one equipment was asked about"],
    ["decode trace.pcap --port 3870 --json", "those of port 3870, for a script"],
    ["decode 01000014 80000118 00000000 00000001 00000002", "digits from a log"],
    ["decode trace.pcap --follow --summary", "a capture that is still being written"],
    ["decode - --stats < <(tcpdump -U -w - port 3868)", "counts of live traffic, printed at Ctrl-C"],
    ["decode - < dump.txt", "a dump from standard input"],
  ],
  async run(flags, positionals) {
    const { port, dictionary: files } = flags;
    const ports = port.map(readPort);
    const dictionary = await loadDictionary(files, "decode");
    const view = viewOf(flags, dictionary);
    const { test, problems } = selectionOf(flags, dictionary);
    if (problems.length > 0) throw new UsageError(problems, "decode");
    const isPipe = positionals.length === 1 && positionals[0] === "-";
    if (flags.follow && isPipe) {
      throw new UsageError(["--follow: a pipe is shown as it comes; only a file can be followed"], "decode");
    }
    // Whoever counts or draws until it is told to stop wants to see the result.
    using interruption = flags.follow || (isPipe && !Deno.stdin.isTerminal()) ? new Interruption() : undefined;
    const signal = interruption?.signal;
    const input = await openMessages(positionals, "decode", signal && { signal, follow: flags.follow });
    if (input.kind === "messages") {
      const asked = CAPTURE_ONLY.find(([name]) => isGiven(flags[name]));
      if (asked !== undefined) {
        throw new UsageError([`--${asked[0]}: only a capture ${asked[1]}, and this is none`], "decode");
      }
    }
    const findings = input.kind === "capture"
      ? messagesInCapture(input.pieces, ports, signal)
      : messagesInBytes(input.bytes);
    const code = await walk(findings, { dictionary, view, test, isMasked: flags.mask });
    view.end();
    return code;
  },
});

function isGiven(value: string | boolean | readonly string[] | undefined): boolean {
  return typeof value === "object" ? value.length > 0 : value !== undefined && value !== false;
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= HIGHEST_PORT) return port;
  throw new UsageError([`--port: expected a port 1..${HIGHEST_PORT}, got ${JSON.stringify(text)}`], "decode");
}

type Findings = Iterable<Finding> | AsyncIterable<Finding>;

/** What becomes of messages. */
interface Way {
  readonly dictionary: Dictionary;
  readonly view: View;
  /** Which ones are shown; all where it is undefined. */
  readonly test: Test | undefined;
  /** What tells of a subscriber is shown as stars and zeros. */
  readonly isMasked: boolean;
}

/** The bytes themselves stay: they may be a part of what is read later. */
function maskedMessage(bytes: Uint8Array, dictionary: Dictionary): DecodedMessage {
  const copy = bytes.slice();
  maskSubscriber(copy);
  return decodeMessage(copy, dictionary);
}

/**
 * Shows the messages that are asked for; remarks and faults go to stderr. Returns the exit code.
 */
async function walk(
  findings: Findings,
  { dictionary, view, test, isMasked }: Way,
): Promise<number> {
  const pairing = new Pairing();
  const told = { message: 0, fault: 0, remark: 0, summary: 0, other: 0 };
  const others: string[] = [];
  let problems = 0;
  let shown = 0;
  let timeless = 0;
  for await (const finding of findings) {
    told[finding.kind]++;
    if (finding.kind === "other") {
      others.push(finding.text);
      continue;
    }
    if (finding.kind !== "message") {
      if (told[finding.kind] <= MOST_LINES) printError(finding.text);
      continue;
    }
    const message = decodeMessage(finding.bytes, dictionary);
    const { captured } = finding;
    const seen = { message, captured, request: pairing.see(message.header, captured) };
    view.notice?.(seen);
    if (test?.(seen) === false) continue;
    shown++;
    problems += message.problems.length;
    if (captured?.time !== undefined && formatTime(captured.time) === undefined) timeless++;
    view.show(isMasked ? { ...seen, message: maskedMessage(finding.bytes, dictionary) } : seen);
  }
  for (const kind of ["fault", "remark", "summary"] as const) {
    if (told[kind] > MOST_LINES) printError(`${told[kind] - MOST_LINES} more lines like these are not shown`);
  }
  if (timeless > 0) printError(`${timeless} messages have a time that no calendar has; it is left out`);
  if (told.message === 0) {
    for (const text of others) printError(text);
    // Another port is no help where the file itself is broken, and only a capture has ports.
    const advice = Symbol.asyncIterator in findings && told.fault === 0
      ? "; for a capture of another port, give --port N"
      : "";
    printError(`there is no Diameter message in it${advice}`);
  }
  if (told.message > 0 && shown === 0) {
    printError(`none of the messages, ${told.message} in all, is what the flags ask for`);
  }
  return shown > 0 && told.fault + problems === 0 ? EXIT.done : EXIT.failed;
}
