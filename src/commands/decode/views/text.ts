/**
 * Messages as text: a line for each, and below it its AVPs.
 * @module
 */
import type { Dictionary } from "../../../diameter/wire/dictionary/dictionary.ts";
import { describeAvps, describeMessage } from "../../../diameter/wire/message_text.ts";
import { palette, print } from "../../cli/terminal.ts";
import type { Seen, View } from "../seen.ts";
import { answersText, whereText } from "./words.ts";

/** Prints every message at once. */
export class TextView implements View {
  readonly #palette = palette("stdout");

  constructor(readonly dictionary: Dictionary) {}

  show(seen: Seen): void {
    const { bold, red, yellow } = this.#palette;
    const { message } = seen;
    const head = [...whereText(seen), describeMessage(message), ...answersText(seen)].join("  ");
    const lines = describeAvps(message.avps, this.dictionary).map((line) =>
      line.includes("  <- malformed at byte ")
        ? red(line)
        : line.includes("  <- unusual at byte ")
        ? yellow(line)
        : line
    );
    const ofHeader = message.problems.filter(({ offset }) => offset === 0);
    print([bold(head), ...ofHeader.map(({ reason }) => red(`  header  <- malformed: ${reason}`)), ...lines].join("\n"));
  }

  end(): void {}
}
