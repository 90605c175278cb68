/**
 * Answering whoever reads the metrics, without making the messages wait.
 * @module
 */
import type { TextFormat } from "./family.ts";
import type { Registry } from "./registry.ts";

/** Milliseconds of work in one go: well below what a request may notice. */
const BUDGET = 2;
/** Characters of a chunk, about: what one write takes. */
const CHUNK = 32 * 1024;
/** Pieces between two looks at the clock, which costs as much as writing a few of them. */
const PIECES = 16;

/** Time for a scrape; tests bring their own. */
export interface Pace {
  /** Milliseconds. */
  now(): number;
  /** Resolves after everything else that is ready had its turn. */
  pause(): Promise<void>;
}

const PACE: Pace = {
  now: () => performance.now(),
  pause: () => new Promise((resolve) => setTimeout(resolve, 0)),
};

/** What the answer's Content-Type says. */
export const CONTENT_TYPE: Readonly<Record<TextFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/**
 * The text of all metrics in chunks. Between chunks the event loop gets its turn at the latest
 * after {@link BUDGET} milliseconds of work, so that a scrape of any length delays no message by
 * more. Values are those of the moment in which their line is written.
 */
export async function* scrape(
  registry: Registry,
  format: TextFormat = "prometheus",
  pace: Pace = PACE,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  await registry.refresh();
  const encoder = new TextEncoder();
  let text = "";
  let pieces = 0;
  let began = pace.now();
  for (const piece of registry.pieces(format)) {
    text += piece;
    const look = ++pieces % PIECES === 0;
    const isOver = look && pace.now() - began >= BUDGET;
    if (!isOver && text.length < CHUNK) continue;
    yield encoder.encode(text);
    text = "";
    if (!isOver && pace.now() - began < BUDGET) continue;
    await pace.pause();
    began = pace.now();
  }
  if (text !== "") yield encoder.encode(text);
}

/**
 * The format that an Accept header asks for. OpenMetrics only for those who name it and prefer it
 * to plain text; a header that nobody understands gets Prometheus' text, as a browser does.
 */
export function formatFor(accept: string | null | undefined): TextFormat {
  let open = 0;
  let plain = 0;
  for (const range of (accept ?? "").toLowerCase().split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    const given = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    const quality = given === undefined ? 1 : Number(given) || 0;
    if (type === "application/openmetrics-text") open = Math.max(open, quality);
    else if (["text/plain", "text/*", "*/*"].includes(type)) plain = Math.max(plain, quality);
  }
  return open > 0 && open >= plain ? "openmetrics" : "prometheus";
}
