/**
 * Long lists as JSON, without a pause that messages would notice.
 * @module
 */
import { type Pace, Turns } from "../metrics/turns.ts";

/** Elements that are written at once: some 10 microseconds of them. */
const AT_ONCE = 8;
/** Characters of a piece, about. */
const PIECE = 32 * 1024;

/** An array in JSON, piece by piece, in short turns. */
export async function* jsonInTurns(elements: readonly unknown[], pace?: Pace): AsyncGenerator<string> {
  const turns = new Turns(pace);
  let piece = "[";
  for (let at = 0; at < elements.length; at += AT_ONCE) {
    const some = JSON.stringify(elements.slice(at, at + AT_ONCE));
    piece += `${at === 0 ? "" : ","}${some.slice(1, -1)}`;
    if (piece.length >= PIECE) {
      yield piece;
      piece = "";
    }
    if (turns.isOver(AT_ONCE)) await turns.next();
  }
  yield `${piece}]`;
}
