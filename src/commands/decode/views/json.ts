/**
 * Messages as JSON: one array, or a line for each.
 * @module
 */
import { messageJson } from "../../../diameter/wire/message_json.ts";
import { print } from "../../cli/terminal.ts";
import { isRequest, responseTime, type Seen, type View } from "../seen.ts";
import { formatTime } from "../time_text.ts";

/** One array, written message by message: a capture may be large. */
export class JsonView implements View {
  #separator = "[\n";

  show(seen: Seen): void {
    print(this.#separator + jsonOf(seen));
    this.#separator = ",\n";
  }

  end(): void {
    print(this.#separator === "[\n" ? "[]" : "]");
  }
}

/** A line for each message, at once: for what reads a stream. */
export class JsonLinesView implements View {
  show(seen: Seen): void {
    print(jsonOf(seen));
  }

  end(): void {}
}

function jsonOf({ message, captured, ...rest }: Seen): string {
  const where = captured === undefined ? {} : { ...captured, time: formatTime(captured.time) ?? null };
  return JSON.stringify({ ...where, ...answered({ message, captured, ...rest }), ...messageJson(message) });
}

function answered(seen: Seen): { readonly request_frame?: number; readonly response_ms?: number } {
  if (isRequest(seen.message) || seen.request?.frame === undefined) return {};
  const time = responseTime(seen);
  return { request_frame: seen.request.frame, ...(time !== undefined && { response_ms: time }) };
}
