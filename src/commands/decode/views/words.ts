/**
 * What the views say alike.
 *
 * PURE.
 * @module
 */
import { isRequest, responseTime, type Result, type Seen } from "../seen.ts";
import { formatTime } from "../time_text.ts";

/** Frame, time and way of a message; nothing for one that is in no capture. */
export function whereText({ captured }: Seen): string[] {
  if (captured === undefined) return [];
  const { frame, time, source, destination } = captured;
  return [String(frame), formatTime(time) ?? "-", `${source} -> ${destination}`];
}

/** `answers frame 1 after 1.000 ms`; nothing where the request was not seen, or has no frame. */
export function answersText(seen: Seen): string[] {
  if (isRequest(seen.message) || seen.request?.frame === undefined) return [];
  const time = responseTime(seen);
  return [`answers frame ${seen.request.frame}${time === undefined ? "" : ` after ${milliseconds(time)}`}`];
}

/** `1.234 ms`. */
export function milliseconds(time: number): string {
  return `${time.toFixed(3)} ms`;
}

/** `2001 DIAMETER_SUCCESS`. */
export function resultText({ code, name }: Result): string {
  return name === undefined ? String(code) : `${code} ${name}`;
}
