/**
 * Messages as one line each.
 * @module
 */
import { AVP } from "../../../diameter/wire/avp_codes.ts";
import { escapeControls } from "../../../ops/log/escape_controls.ts";
import { print } from "../../cli/terminal.ts";
import { resultOf, type Seen, shortName, textOf, type View } from "../seen.ts";
import { answersText, resultText, whereText } from "./words.ts";

/** Prints every message at once. */
export class SummaryView implements View {
  show(seen: Seen): void {
    print(escapeControls(summaryLine(seen)));
  }

  end(): void {}
}

/**
 * Where it was, what it is, its application, what it says of its request, and its session:
 * `2  2024-...  10.0.0.2:3868 -> 10.0.0.1:40000  ECA  3GPP S13/S13'  2001 DIAMETER_SUCCESS  ...`.
 */
function summaryLine(seen: Seen): string {
  const { message } = seen;
  const result = resultOf(message);
  const session = textOf(message, AVP.sessionId);
  return [
    ...whereText(seen),
    shortName(message),
    message.applicationName ?? `application ${message.header.application}`,
    ...(result === undefined ? [] : [resultText(result)]),
    ...answersText(seen),
    ...(session === undefined ? [] : [`session ${session}`]),
    ...(message.problems.length === 0 ? [] : [`malformed: ${message.problems[0]!.message}`]),
  ].join("  ");
}
