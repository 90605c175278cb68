/**
 * Files that a person named: read, or one sentence why not, the same wherever it is told.
 * @module
 */

import { reasonOf } from "./reason.ts";

/** A file that cannot be read, and why: `cannot read gw.yaml: no such file`. */
export class FileError extends Error {
  override name = "FileError";

  /** @param missing there is nothing of that name */
  constructor(readonly file: string, reason: string, readonly missing: boolean, options?: ErrorOptions) {
    // A name with blanks, or none at all, would not be seen as one.
    super(`cannot read ${/^[\x21-\x7e]+$/.test(file) ? file : JSON.stringify(file)}: ${reason}`, options);
  }
}

/** The bytes of `file`. @throws FileError */
export function readFile(file: string): Promise<Uint8Array<ArrayBuffer>> {
  return explained(file, Deno.readFile(file));
}

/** The text of `file`, without a byte order mark. @throws FileError, also for what is no text */
export async function readTextFile(file: string): Promise<string> {
  const text = await explained(file, Deno.readTextFile(file));
  // UTF-16, as some editors save it, has one in every second octet.
  if (text.includes("\0")) throw new FileError(file, "it is no text in UTF-8", false);
  return text.replace(/^\uFEFF/, "");
}

/** The file, open for reading; the caller closes it. @throws FileError, also for a directory */
export async function openFile(file: string): Promise<Deno.FsFile> {
  const open = await explained(file, Deno.open(file));
  if (!(await open.stat()).isDirectory) return open;
  open.close();
  throw new FileError(file, "it is a directory", false);
}

async function explained<T>(file: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    const { reason, missing = false } = explain(error);
    throw new FileError(file, reason, missing, { cause: error });
  }
}

function explain(error: unknown): { readonly reason: string; readonly missing?: boolean } {
  const { NotFound, PermissionDenied, IsADirectory, NotADirectory } = Deno.errors;
  const text = error instanceof Error ? error.message : String(error);
  // Digits without end, which may be meant as such, make a name that no file can have.
  if (error instanceof NotFound || /name too long/i.test(text)) return { reason: "no such file", missing: true };
  if (error instanceof PermissionDenied) return { reason: "permission denied" };
  if (error instanceof IsADirectory) return { reason: "it is a directory" };
  if (error instanceof NotADirectory) return { reason: "a part of its path is no directory", missing: true };
  // "Is a directory (os error 21): readfile '.'" in the words of a person.
  if (/\(os error 21\)/.test(text)) return { reason: "it is a directory" };
  return { reason: reasonOf(error) };
}
