/**
 * Dictionaries that a command line names.
 * @module
 */
import { DictionaryError, specificationsFrom } from "../../diameter/wire/dictionary/custom.ts";
import type { Dictionary } from "../../diameter/wire/dictionary/dictionary.ts";
import { standardDictionary } from "../../diameter/wire/dictionary/standard.ts";
import { FileError, readTextFile } from "../../net/read_file.ts";
import { parseYaml, YamlError } from "../../ops/config/yaml.ts";
import { UsageError } from "../cli/command.ts";

/**
 * The dictionary that comes with the program, with those of `files` before it.
 * @throws UsageError of `command`, FileError
 */
export async function loadDictionary(files: readonly string[], command: string): Promise<Dictionary> {
  const specifications = [];
  for (const file of files) {
    try {
      specifications.push(...specificationsFrom(parseYaml(await readTextFile(file))));
    } catch (error) {
      if (error instanceof FileError) throw error;
      const problems = error instanceof DictionaryError
        ? error.problems
        : [error instanceof YamlError ? error.located : String((error as Error).message)];
      throw new UsageError(problems.map((problem) => `${file}: ${problem}`), command);
    }
  }
  return specifications.length === 0 ? standardDictionary() : standardDictionary().extendedBy(...specifications);
}
