/**
 * Messages that a command line names: a file, standard input, or digits.
 * @module
 */
import { FileError, openFile } from "../../net/read_file.ts";
import { pause } from "../../net/pause.ts";
import { looksLikeMessage } from "../../diameter/wire/message_cutter.ts";
import { isCapture } from "../../ops/capture/capture_reader.ts";
import { insteadOfHexText, parseHexText } from "../../ops/capture/hex_text.ts";
import { CaptureError } from "../../ops/capture/packet.ts";
import { UsageError } from "../cli/command.ts";

/** What was named. */
export type MessageSource =
  /** A capture, read piece by piece: it may be larger than the memory. */
  | { readonly kind: "capture"; readonly pieces: AsyncIterable<Uint8Array> }
  /** Messages one behind the other. */
  | { readonly kind: "messages"; readonly bytes: Uint8Array };

type Pieces = AsyncGenerator<Uint8Array<ArrayBuffer>>;

/** Bytes that are read at once. */
const PIECE = 1 << 20;
/** Less room than this is not worth a read. */
const LEAST_READ = 1 << 16;
/** Milliseconds between looks at a file that is followed. */
const FOLLOW_INTERVAL = 100;
/** Compressed bytes that are unpacked at once: a thousand times as many come out at worst. */
const COMPRESSED_PIECE = 1 << 13;
/** What is no capture is read as a whole. */
const MOST_TEXT = 64 << 20;
/**
 * How much a compressed file may be unpacked to: captures shrink to a twentieth, and seldom to a
 * fiftieth.
 */
const UNPACKED = { least: 64 << 20, ratio: 100 } as const;

/** Reading what may have no end of its own. */
export interface Endless {
  /** Reads no further from the moment on at which it fires. */
  readonly signal: AbortSignal;
  /** Waits for more at the end of a file, which must be a capture. */
  readonly follow: boolean;
}

/**
 * What `positionals` name; digits may be in several.
 * @throws UsageError of `command`, FileError
 */
export async function openMessages(
  positionals: readonly string[],
  command: string,
  endless?: Endless,
): Promise<MessageSource> {
  const [first = ""] = positionals;
  if (first === "-" && positionals.length === 1) return await openStandardInput(command, endless);
  let missing: FileError | undefined;
  if (positionals.length === 1) {
    try {
      return await openMessageFile(first, command, endless);
    } catch (error) {
      if (!(error instanceof FileError) || !error.missing) throw error;
      missing = error;
    }
  }
  const bytes = parseHexText(positionals.join(" "));
  if (bytes !== undefined) return { kind: "messages", bytes };
  if (missing !== undefined && !/^[\da-fx:\s]+$/i.test(first)) throw missing;
  const given = JSON.stringify(positionals.join(" "));
  throw new UsageError([`expected a file, or hexadecimal digits in pairs, got ${given}`], command);
}

/** The same from standard input. @throws UsageError of `command` */
export async function openStandardInput(command: string, endless?: Endless): Promise<MessageSource> {
  return await sourceOf(piecesOf(Deno.stdin, endless), "standard input", command);
}

/** The same from the file `path`. @throws UsageError of `command`, FileError */
export async function openMessageFile(path: string, command: string, endless?: Endless): Promise<MessageSource> {
  return await sourceOf(piecesOf(await openFile(path), endless), path, command, endless?.follow);
}

async function sourceOf(raw: Pieces, name: string, command: string, follow = false): Promise<MessageSource> {
  try {
    const packed = await withBeginning(raw);
    const isPacked = isGzip(packed.beginning);
    const { beginning, pieces } = isPacked && !follow ? await withBeginning(unpacked(packed.pieces)) : packed;
    if (isCapture(beginning)) return { kind: "capture", pieces };
    if (follow) {
      await raw.return(undefined);
      const got = isPacked ? "a compressed file" : "something else";
      throw new UsageError([`${name}: expected a pcap or pcapng capture to follow, got ${got}`], command);
    }
    const bytes = await whole(pieces);
    if (bytes === undefined) {
      throw new UsageError([
        `${name}: this is no capture, and more than the ${MOST_TEXT >> 20} MiB that are read of text`,
      ], command);
    }
    if (looksLikeMessage(bytes) === true) return { kind: "messages", bytes };
    const text = new TextDecoder().decode(bytes);
    const digits = parseHexText(text);
    if (digits !== undefined) return { kind: "messages", bytes: digits };
    const got = insteadOfHexText(text);
    throw new UsageError(
      [`${name}: expected a pcap or pcapng capture, or hexadecimal digits in pairs, got ${got}`],
      command,
    );
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const reason = error instanceof CaptureError ? error.reason : `cannot be read: ${(error as Error).message}`;
    throw new UsageError([`${name}: ${reason}`], command);
  }
}

async function* piecesOf(
  file: { read(into: Uint8Array): Promise<number | null>; close(): void },
  endless?: Endless,
): Pieces {
  // Packets are views of what was read: nobody writes there again, and a pipe that brings little at
  // a time still fills a buffer.
  let buffer = new Uint8Array(PIECE);
  let at = 0;
  try {
    while (endless?.signal.aborted !== true) {
      if (buffer.length - at < LEAST_READ) [buffer, at] = [new Uint8Array(PIECE), 0];
      const read = file.read(buffer.subarray(at));
      const length = await (endless === undefined ? read : unlessAborted(read, endless.signal));
      if (length === undefined || (length === null && !endless?.follow)) return;
      if (length === null) {
        await pause(FOLLOW_INTERVAL, endless!.signal);
        continue;
      }
      yield buffer.subarray(at, at + length);
      at += length;
    }
  } finally {
    file.close();
  }
}

/** What `work` brings, or undefined at once when `signal` fires: a pipe may be silent for hours. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
  const end = () => resolve(undefined);
  signal.addEventListener("abort", end, { once: true });
  work.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
  return promise;
}

/** Pieces together with what they begin with, which is enough to tell what they are. */
async function withBeginning(pieces: Pieces): Promise<{ beginning: Uint8Array; pieces: Pieces }> {
  let beginning = new Uint8Array();
  for (;;) {
    const { done, value } = await pieces.next();
    if (done) break;
    beginning = beginning.length === 0 ? value : new Uint8Array([...beginning, ...value]);
    if (beginning.length >= 4) break;
  }
  return {
    beginning,
    pieces: (async function* () {
      if (beginning.length > 0) yield beginning;
      yield* pieces;
    })(),
  };
}

/** All of it; undefined when that is too much. */
async function whole(pieces: Pieces): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const all: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > MOST_TEXT) return undefined;
    all.push(piece);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of all) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * @throws CaptureError where it cannot be unpacked any further, or is more than any capture would
 * be
 */
async function* unpacked(pieces: Pieces): Pieces {
  let read = 0;
  let given = 0;
  async function* small(): Pieces {
    for await (const piece of pieces) {
      for (let at = 0; at < piece.length; at += COMPRESSED_PIECE) {
        const part = piece.subarray(at, at + COMPRESSED_PIECE);
        read += part.length;
        yield part;
      }
    }
  }
  try {
    for await (const piece of ReadableStream.from(small()).pipeThrough(new DecompressionStream("gzip"))) {
      given += piece.length;
      if (given > UNPACKED.least + UNPACKED.ratio * read) {
        throw new CaptureError(`it unpacks to more than ${UNPACKED.ratio} times its size; the rest is left out`, given);
      }
      yield piece;
    }
  } catch (error) {
    if (error instanceof CaptureError) throw error;
    throw new CaptureError(`it cannot be unpacked: ${(error as Error).message}`, given);
  }
}
