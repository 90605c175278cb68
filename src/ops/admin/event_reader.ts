/**
 * Server-sent events as they come in (HTML standard, "Interpreting an event stream"), as far as
 * ours go.
 * @module
 */

/** One event. */
export interface AdminEventFrame {
  /** To go on behind it later. */
  readonly id: string;
  readonly kind: string;
  /** What stood in its data; not looked at. */
  readonly data: unknown;
}

/** Characters of one event; nothing of ours comes near. */
const LONGEST = 1024 * 1024;

/**
 * The events in `bytes`, without comments.
 * @throws Error for data that is no JSON, or has no end
 */
export async function* eventFrames(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<AdminEventFrame> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true });
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    if (rest.length > LONGEST) throw new Error(`an event is longer than ${LONGEST} characters`);
    for (const block of blocks) {
      const fields = new Map(
        block.split("\n").map((line) => /^(\w*):? ?(.*)$/s.exec(line)).map((m) => [m?.[1], m?.[2]]),
      );
      const data = fields.get("data");
      if (data === undefined) continue;
      yield { id: fields.get("id") ?? "", kind: fields.get("event") ?? "message", data: JSON.parse(data) };
    }
  }
}
