/**
 * Text as lines.
 * @module
 */

/** Chunks of text in, whole lines out, without their ends. */
export class TextLineStream extends TransformStream<string, string> {
  constructor() {
    let kept = "";
    super({
      transform(chunk, controller) {
        const lines = (kept + chunk).split("\n");
        kept = lines.pop()!;
        for (const line of lines) controller.enqueue(line);
      },
      flush(controller) {
        if (kept !== "") controller.enqueue(kept);
      },
    });
  }
}
