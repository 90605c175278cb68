/**
 * Messages as a sequence diagram, in text or for Mermaid.
 * @module
 */
import { AVP } from "../../../diameter/wire/avp_codes.ts";
import { COMMAND } from "../../../diameter/wire/command_codes.ts";
import { FLAG } from "../../../diameter/wire/header.ts";
import { escapeControls } from "../../../ops/log/escape_controls.ts";
import { cut } from "../../admin/columns.ts";
import { print, printError } from "../../cli/terminal.ts";
import { isRequest, responseTime, resultOf, type Seen, shortName, textOf, type View } from "../seen.ts";
import { milliseconds } from "./words.ts";

/** What a person can still read, and what may be kept of a capture without end. */
const MOST = { arrows: 1000, ends: 40, letters: 60, names: 10_000 } as const;

/** One message, from one end to another. */
export interface Arrow {
  readonly frame: number;
  /** Nanoseconds since 1970. */
  readonly time: bigint | undefined;
  readonly from: string;
  readonly to: string;
  readonly isRequest: boolean;
  /** `ECR`, or `ECA 2001`. */
  readonly label: string;
  /** Milliseconds since the request. */
  readonly took: number | undefined;
}

/** A diagram: who takes part, in the order of their first message, and the messages. */
export interface Ladder {
  readonly ends: readonly string[];
  readonly arrows: readonly Arrow[];
}

/** Draws at the end; what is too much for a diagram is counted. */
export class LadderView implements View {
  readonly #arrows: Arrow[] = [];
  /** What the ends of connections call themselves, by address and port. */
  readonly #names = new Map<string, string>();
  readonly #ends = new Set<string>();
  #more = 0;

  /** @param draw {@link ladderText} or {@link mermaidText} */
  constructor(readonly draw: (ladder: Ladder) => string) {}

  /** Only CER and CEA are about the connection; all others may come from behind the peer. */
  notice({ message, captured }: Seen): void {
    if (message.header.command !== COMMAND.capabilitiesExchange || captured === undefined) return;
    const name = textOf(message, AVP.originHost);
    if (name === undefined || this.#names.size >= MOST.names) return;
    this.#names.set(captured.source, cut(escapeControls(name), MOST.letters));
  }

  show(seen: Seen): void {
    const { message, captured } = seen;
    if (captured === undefined) return;
    const { frame, time, source, destination } = captured;
    const newEnds = [source, destination].filter((end) => !this.#ends.has(end));
    if (this.#arrows.length === MOST.arrows || this.#ends.size + newEnds.length > MOST.ends) return void this.#more++;
    for (const end of newEnds) this.#ends.add(end);
    const result = resultOf(message);
    const isRepeated = (message.header.flags & FLAG.retransmitted) !== 0;
    this.#arrows.push({
      frame,
      time,
      from: source,
      to: destination,
      isRequest: isRequest(message),
      label: shortName(message) + (result === undefined ? "" : ` ${result.code}`) + (isRepeated ? " (T)" : ""),
      took: responseTime(seen),
    });
  }

  end(): void {
    const name = (end: string) => this.#names.get(end) ?? end;
    const arrows = this.#arrows.map((arrow) => ({ ...arrow, from: name(arrow.from), to: name(arrow.to) }));
    if (arrows.length === 0) return;
    print(this.draw({ ends: [...new Set(arrows.flatMap(({ from, to }) => [from, to]))], arrows }));
    if (this.#more > 0) {
      printError(`${this.#more} more messages are not drawn; select some with --session, --peer, --from or --to`);
    }
  }
}

/** Frame and seconds to the left, response times to the right, a lane for each end between. */
export function ladderText({ ends, arrows }: Ladder): string {
  const width = Math.max(...ends.map(({ length }) => length + 2), ...arrows.map(({ label }) => label.length + 8));
  const frames = Math.max(5, ...arrows.map(({ frame }) => String(frame).length));
  const start = arrows[0]?.time;
  const seconds = arrows.map(({ time }) =>
    time === undefined || start === undefined ? "-" : (Number(time - start) / 1e9).toFixed(6)
  );
  const stamp = Math.max(7, ...seconds.map(({ length }) => length));
  const lines = arrows.map((arrow, i) => {
    const left = `${String(arrow.frame).padStart(frames)}  ${seconds[i]!.padStart(stamp)}  `;
    const took = arrow.took === undefined ? "" : `  ${milliseconds(arrow.took)}`;
    return left + rung(arrow, ends, width) + took;
  });
  const head = ends.map((end) => end.padEnd(width)).join("").trimEnd();
  return [`${"frame".padStart(frames)}  ${"seconds".padStart(stamp)}  ${head}`, ...lines].join("\n");
}

function rung({ from, to, label }: Arrow, ends: readonly string[], width: number): string {
  const lanes: string[] = Array.from({ length: (ends.length - 1) * width + 1 }, () => " ");
  for (let at = 0; at < lanes.length; at += width) lanes[at] = "|";
  const [start, end] = [ends.indexOf(from) * width, ends.indexOf(to) * width];
  if (start === end) return `${lanes.join("")}  ${label}, from ${from} to itself`;
  const [left, right] = [Math.min(start, end), Math.max(start, end)];
  lanes.fill("-", left + 1, right);
  lanes[start < end ? right - 1 : left + 1] = start < end ? ">" : "<";
  for (const [i, letter] of [...` ${label} `].entries()) lanes[left + 4 + i] = letter;
  return lanes.join("");
}

/** A `sequenceDiagram` of Mermaid. */
export function mermaidText({ ends, arrows }: Ladder): string {
  const id = (end: string) => `p${ends.indexOf(end)}`;
  return [
    "sequenceDiagram",
    ...ends.map((end) => `  participant ${id(end)} as ${mermaidWord(end)}`),
    ...arrows.map(({ from, to, isRequest, label, took }) => {
      const time = took === undefined ? "" : ` (${milliseconds(took)})`;
      return `  ${id(from)}${isRequest ? "->>" : "-->>"}${id(to)}: ${mermaidWord(label)}${time}`;
    }),
  ].join("\n");
}

/** Names come from strangers: what Mermaid would read as its own is written as its code. */
function mermaidWord(text: string): string {
  return text.replace(/[^\w .:()\[\]/-]/gu, (char) => `#${char.codePointAt(0)};`);
}
