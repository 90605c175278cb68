/**
 * Answering whoever reads the metrics, without making the messages wait.
 * @module
 */
import type { TextFormat } from "./family.ts";
import type { Registry } from "./registry.ts";
import { type Pace, Turns } from "./turns.ts";

/** Characters of a chunk, about: what one write takes. */
const CHUNK = 32 * 1024;
/** What the answer's Content-Type says. */
export const CONTENT_TYPE: Readonly<Record<TextFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/**
 * The text of all metrics in chunks. The event loop gets its turn every few milliseconds, so that a
 * scrape of any length delays no message by more. Values are those of the moment in which their
 * line is written.
 */
export async function* scrape(
  registry: Registry,
  format: TextFormat = "prometheus",
  pace?: Pace,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  await registry.refresh();
  const encoder = new TextEncoder();
  const turns = new Turns(pace);
  let text = "";
  for (const piece of registry.pieces(format)) {
    text += piece;
    const isOver = turns.isOver();
    if (!isOver && text.length < CHUNK) continue;
    yield encoder.encode(text);
    text = "";
    if (isOver) await turns.next();
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
