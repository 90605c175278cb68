/**
 * Messages that a command line names: a file, standard input, or digits.
 * @module
 */
import { FileError, readFile } from "../net/read_file.ts";
import { looksLikeMessage } from "../diameter/wire/message_cutter.ts";
import { isCapture } from "../ops/capture/capture_file.ts";
import { parseHexText } from "../ops/capture/hex_text.ts";
import { UsageError } from "./command.ts";

/**
 * The bytes that `positionals` name, digits of which may be in several: a capture as it is, anything else as messages one behind the other.
 * @throws UsageError of `command`, FileError
 */
export async function readMessages(positionals: readonly string[], command: string): Promise<Uint8Array> {
  const [first = ""] = positionals;
  if (first === "-" && positionals.length === 1) return await readStandardInput(command);
  let missing: FileError | undefined;
  if (positionals.length === 1) {
    try {
      return await messagesOf(await readFile(first), first, command);
    } catch (error) {
      if (!(error instanceof FileError) || !error.missing) throw error;
      missing = error;
    }
  }
  const bytes = parseHexText(positionals.join(" "));
  if (bytes !== undefined) return bytes;
  if (missing !== undefined && !/^[\da-fx:\s]+$/i.test(first)) throw missing;
  const given = JSON.stringify(positionals.join(" "));
  throw new UsageError([`expected a file, or hexadecimal digits in pairs, got ${given}`], command);
}

/** The same from standard input. @throws UsageError of `command` */
export async function readStandardInput(command: string): Promise<Uint8Array> {
  const content = new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer());
  return await messagesOf(content, "standard input", command);
}

/** The same from the file `path`. @throws UsageError of `command`, FileError */
export async function readMessageFile(path: string, command: string): Promise<Uint8Array> {
  return await messagesOf(await readFile(path), path, command);
}

async function messagesOf(content: Uint8Array, name: string, command: string): Promise<Uint8Array> {
  const plain = isGzip(content) ? await gunzip(content, name, command) : content;
  if (isCapture(plain) || looksLikeMessage(plain) === true) return plain;
  const bytes = parseHexText(new TextDecoder().decode(plain));
  if (bytes !== undefined) return bytes;
  throw new UsageError([`${name}: expected a pcap or pcapng capture, or hexadecimal digits in pairs`], command);
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

async function gunzip(bytes: Uint8Array, name: string, command: string): Promise<Uint8Array> {
  try {
    const stream = new Blob([bytes.slice()]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (error) {
    throw new UsageError([`${name}: cannot be unpacked: ${(error as Error).message}`], command);
  }
}
