/** Reads a PEM file. @throws Error that names the file and what was expected */
export async function readPem(file: string): Promise<string> {
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (error) {
    throw new Error(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  if (!text.includes("-----BEGIN ")) throw new Error(`${file} is no PEM file: expected -----BEGIN ...-----`);
  return text;
}
