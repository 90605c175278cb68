/**
 * `decode`: what do these messages say?
 * @module
 */
import { FileError, readTextFile } from "../net/read_file.ts";
import { DictionaryError, specificationsFrom } from "../diameter/wire/dictionary/custom.ts";
import type { Dictionary } from "../diameter/wire/dictionary/dictionary.ts";
import { standardDictionary } from "../diameter/wire/dictionary/standard.ts";
import { type DecodedMessage, decodeMessage } from "../diameter/wire/decode_message.ts";
import { messageJson } from "../diameter/wire/message_json.ts";
import { describeAvps, describeMessage } from "../diameter/wire/message_text.ts";
import { isCapture } from "../ops/capture/capture_file.ts";
import { parseYaml, YamlError } from "../ops/config/yaml.ts";
import { defineCommand, EXIT, UsageError } from "./command.ts";
import { type Captured, DIAMETER_PORT, type Finding, messagesInBytes, messagesInCapture } from "./decode_input.ts";
import { readMessages } from "./message_source.ts";
import { palette, print, printError } from "./terminal.ts";

const HIGHEST_PORT = 65535;

/** Decodes captures and hexadecimal digits. */
export default defineCommand({
  name: "decode",
  summary: "show Diameter messages as text or JSON",
  arguments: "FILE.pcap|FILE.pcapng|HEX|- [flags]",
  description: `
Reads a capture (pcap or pcapng, also with gzip), hexadecimal digits, or a dump as xxd, hexdump -C and
Wireshark make it; "-" is standard input. TCP streams are put together, SCTP is understood, IP
fragments and TLS are not. Without --port, port ${DIAMETER_PORT} is decoded, and whatever else begins like
a Diameter message.

--json writes one array. Each message has frame, time, transport, source and destination (captures
only), name, abbreviation, version, length, flags, command, application, application_name,
hop_by_hop, end_to_end, avps and problems. Each AVP has name, code, vendor, flags, type, offset, and
value with value_name, avps (a group) or hex; error where it is malformed. 64-bit numbers are
text, octets are hexadecimal digits.

Exit code 1 means that something was malformed, or that there was no message.`,
  positionals: { least: 1, most: Infinity },
  flags: {
    json: { kind: "boolean", help: "as JSON" },
    port: { kind: "list", placeholder: "N", help: "decode only what goes to or comes from port N" },
    dictionary: { kind: "list", placeholder: "FILE", help: "a dictionary of your own, YAML or JSON" },
  },
  examples: [
    ["decode trace.pcapng", "every message in a capture"],
    ["decode trace.pcap --port 3870 --json", "those of port 3870, for a script"],
    ["decode 01000014 80000118 00000000 00000001 00000002", "digits from a log"],
    ["decode - < dump.txt", "a dump from standard input"],
  ],
  async run({ json, port, dictionary: files }, positionals) {
    const ports = port.map(readPort);
    const dictionary = await loadDictionary(files);
    const input = await readMessages(positionals, "decode");
    const findings = isCapture(input) ? messagesInCapture(input, ports) : messagesInBytes(input);
    return json ? printJson(findings, dictionary) : printText(findings, dictionary);
  },
});

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= HIGHEST_PORT) return port;
  throw new UsageError([`--port: expected a port 1..${HIGHEST_PORT}, got ${JSON.stringify(text)}`], "decode");
}

async function loadDictionary(files: readonly string[]): Promise<Dictionary> {
  const specifications = [];
  for (const file of files) {
    try {
      specifications.push(...specificationsFrom(parseYaml(await readTextFile(file))));
    } catch (error) {
      if (error instanceof FileError) throw error;
      const problems = error instanceof DictionaryError
        ? error.problems
        : [error instanceof YamlError ? error.located : String((error as Error).message)];
      throw new UsageError(problems.map((problem) => `${file}: ${problem}`), "decode");
    }
  }
  return specifications.length === 0 ? standardDictionary() : standardDictionary().extendedBy(...specifications);
}

function printText(findings: Iterable<Finding>, dictionary: Dictionary): number {
  const { bold, red } = palette("stdout");
  return walk(findings, dictionary, (message, captured) => {
    const head = [...(captured === undefined ? [] : whereText(captured)), describeMessage(message)].join("  ");
    const lines = describeAvps(message.avps, dictionary)
      .map((line) => line.includes("  <- malformed at byte ") ? red(line) : line);
    const ofHeader = message.problems.filter(({ offset }) => offset === 0);
    print([bold(head), ...ofHeader.map(({ reason }) => red(`  header  <- malformed: ${reason}`)), ...lines].join("\n"));
  });
}

function printJson(findings: Iterable<Finding>, dictionary: Dictionary): number {
  // Written message by message: a capture may be large.
  let separator = "[\n";
  const code = walk(findings, dictionary, (message, captured) => {
    const where = captured === undefined ? {} : { ...captured, time: formatTime(captured.time) ?? null };
    print(separator + JSON.stringify({ ...where, ...messageJson(message) }));
    separator = ",\n";
  });
  print(separator === "[\n" ? "[]" : "]");
  return code;
}

/** Shows every message; remarks and faults go to stderr. Returns the exit code. */
function walk(
  findings: Iterable<Finding>,
  dictionary: Dictionary,
  show: (message: DecodedMessage, captured: Captured | undefined) => void,
): number {
  let messages = 0;
  let faults = 0;
  for (const finding of findings) {
    if (finding.kind !== "message") {
      printError(finding.text);
      if (finding.kind === "fault") faults++;
      continue;
    }
    const message = decodeMessage(finding.bytes, dictionary);
    messages++;
    faults += message.problems.length;
    show(message, finding.captured);
  }
  if (messages === 0) printError(`there is no Diameter message in it; for a capture of another port, give --port N`);
  return messages > 0 && faults === 0 ? EXIT.done : EXIT.failed;
}

function whereText({ frame, time, source, destination }: Captured): string[] {
  return [String(frame), formatTime(time) ?? "-", `${source} -> ${destination}`];
}

/** ISO 8601, in UTC, to the microsecond or, where that says more, to the nanosecond. */
function formatTime(time: bigint | undefined): string | undefined {
  if (time === undefined) return undefined;
  const second = 1_000_000_000n;
  const fraction = String(((time % second) + second) % second).padStart(9, "0");
  const whole = new Date(Number((time - BigInt(fraction)) / 1_000_000n)).toISOString().slice(0, -5);
  return `${whole}.${fraction.endsWith("000") ? fraction.slice(0, 6) : fraction}Z`;
}
