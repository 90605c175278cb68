/**
 * Messages that a command line names: a file, standard input, or digits.
 * @module
 */
import { looksLikeMessage } from "../diameter/wire/message_cutter.ts";
import { isCapture } from "../ops/capture/capture_file.ts";
import { parseHexText } from "../ops/capture/hex_text.ts";
import { UsageError } from "./command.ts";

/**
 * The bytes that `positionals` name, digits of which may be in several: a capture as it is, anything else as messages one behind the other.
 * @throws UsageError of `command`
 */
export async function readMessages(positionals: readonly string[], command: string): Promise<Uint8Array> {
  const [first = ""] = positionals;
  if (first === "-" && positionals.length === 1) return await readStandardInput(command);
  const content = positionals.length === 1 ? await readFile(first, command) : undefined;
  if (content !== undefined) return await messagesOf(content, first, command);
  const bytes = parseHexText(positionals.join(" "));
  if (bytes !== undefined) return bytes;
  const given = JSON.stringify(positionals.join(" "));
  throw new UsageError([`expected a file, or hexadecimal digits in pairs, got ${given}`], command);
}

/** The same from standard input. @throws UsageError of `command` */
export async function readStandardInput(command: string): Promise<Uint8Array> {
  const content = new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer());
  return await messagesOf(content, "standard input", command);
}

/** The same from the file `path`. @throws UsageError of `command`, also when there is no such file */
export async function readMessageFile(path: string, command: string): Promise<Uint8Array> {
  const content = await readFile(path, command);
  if (content === undefined) throw new UsageError([`${path}: there is no such file`], command);
  return await messagesOf(content, path, command);
}

async function messagesOf(content: Uint8Array, name: string, command: string): Promise<Uint8Array> {
  const plain = isGzip(content) ? await gunzip(content, name, command) : content;
  if (isCapture(plain) || looksLikeMessage(plain) === true) return plain;
  const bytes = parseHexText(new TextDecoder().decode(plain));
  if (bytes !== undefined) return bytes;
  throw new UsageError([`${name}: expected a pcap or pcapng capture, or hexadecimal digits in pairs`], command);
}

/** The content of a file; undefined when there is none of that name. */
async function readFile(path: string, command: string): Promise<Uint8Array | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    // Digits without end make a name that no file can have.
    if (error instanceof Deno.errors.NotFound || (error instanceof Error && /name too long/i.test(error.message))) {
      return undefined;
    }
    throw new UsageError([`${path}: cannot be read: ${(error as Error).message}`], command);
  }
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
