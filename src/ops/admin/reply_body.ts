/**
 * Bodies of answers as streams, in pieces small enough that it can be seen whether their reader
 * reads.
 * @module
 */
import type { Chunks, Reply } from "./route.ts";

/** Bytes of a piece. */
const PIECE = 64 * 1024;

const encoder = new TextEncoder();

/** What goes into a `Response`, and how long it is when that is known. */
export interface ReplyBody {
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly length: number | undefined;
}

/**
 * The body of a reply. Its first piece is awaited, so that what fails at once can still be answered
 * as an error.
 * @param broken called when the rest cannot be had after a part may be on its way: the answer must
 * not end in order
 */
export async function replyBody(body: Reply["body"], broken: (error: unknown) => void): Promise<ReplyBody> {
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  if (!(bytes instanceof Uint8Array)) return { body: await streamOf(bytes, broken), length: undefined };
  return { body: bytes.length <= PIECE ? bytes : await streamOf(pieces(bytes), broken), length: bytes.length };
}

async function* pieces(bytes: Uint8Array<ArrayBuffer>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

/** Takes a chunk when there is room for one, and never before. */
async function streamOf(
  chunks: Chunks,
  broken: (error: unknown) => void,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const iterator = chunks[Symbol.asyncIterator]();
  let first: IteratorResult<string | Uint8Array<ArrayBuffer>> | undefined = await iterator.next();
  /** Its reader has gone: the stream is closed by then, and what still comes is for nobody. */
  let isLeft = false;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const { done, value } = first ?? await iterator.next();
        first = undefined;
        if (isLeft) return;
        if (done) controller.close();
        else controller.enqueue(typeof value === "string" ? encoder.encode(value) : value);
      } catch (error) {
        if (isLeft) return;
        broken(error);
        controller.close();
      }
    },
    // Not awaited: an iterator that waits for something ends when that has come.
    cancel() {
      isLeft = true;
      void Promise.resolve(iterator.return?.()).catch(() => {});
    },
  }, { highWaterMark: 0 });
}
