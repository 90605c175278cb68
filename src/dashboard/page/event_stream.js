// @ts-check
/// <reference lib="dom" />
/**
 * Server-sent events. The browser's own reader cannot ask for what was before it came, nor hear
 * kinds that it was not told of.
 * @module
 */
/** @import { GatewayEvent } from "./types.d.ts" */

/** ms until it asks again when the stream ended, unless the stream says otherwise. */
const COME_BACK = 2_000;

/** ms without a byte after which the stream is taken for dead: there is a comment every 15 s. */
const SILENCE = 40_000;

/** No id of any event: whoever has seen this one is told all that is kept. */
const FROM_THE_BEGINNING = "0";

/**
 * Reads for ever.
 * @param {string} path
 * @param {(event: GatewayEvent) => void} take
 */
export async function readEvents(path, take) {
  let last = FROM_THE_BEGINNING;
  let pause = COME_BACK;
  for (;;) {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE);
    try {
      const response = await fetch(path, {
        headers: { "last-event-id": last, accept: "text/event-stream" },
        cache: "no-store",
        signal: silence.signal,
      });
      if (response.ok && response.body !== null) {
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        let text = "";
        for (let read = await reader.read(); !read.done; read = await reader.read()) {
          clearTimeout(timer);
          timer = setTimeout(() => silence.abort(), SILENCE);
          const frames = (text + read.value).split("\n\n");
          text = frames.pop() ?? "";
          for (const frame of frames) {
            const { id, data, retry } = parseFrame(frame);
            // What was before the page was opened is not missed.
            const isFirst = last === FROM_THE_BEGINNING;
            if (id !== undefined) last = id;
            if (retry !== undefined) pause = retry;
            if (data !== undefined && !(isFirst && data.kind === "gap")) take(data);
          }
        }
      }
    } catch {
      // Lost, refused or silent: all the same, it asks again.
    }
    clearTimeout(timer);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/**
 * @param {string} frame
 * @returns {{ id?: string, data?: GatewayEvent, retry?: number }}
 */
export function parseFrame(frame) {
  /** @type {{ id?: string, data?: GatewayEvent, retry?: number }} */
  const parsed = {};
  for (const line of frame.split("\n")) {
    const [, field = "", value = ""] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (field === "id") parsed.id = value;
    if (field === "retry" && /^\d+$/.test(value)) parsed.retry = Number(value);
    if (field === "data") parsed.data = JSON.parse(value);
  }
  return parsed;
}
