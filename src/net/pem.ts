import { readTextFile } from "./read_file.ts";

/** Reads a PEM file. @throws Error that names the file and what was expected */
export async function readPem(file: string): Promise<string> {
  const text = await readTextFile(file);
  if (!text.includes("-----BEGIN ")) throw new Error(`${file} is no PEM file: expected -----BEGIN ...-----`);
  return text;
}
