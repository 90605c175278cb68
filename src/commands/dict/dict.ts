/**
 * `dict`: what is that name, or that number?
 * @module
 */
import type { Dictionary } from "../../diameter/wire/dictionary/dictionary.ts";
import type { MandatoryRule } from "../../diameter/wire/dictionary/specification.ts";
import { defineCommand, EXIT, PROGRAM } from "../cli/command.ts";
import { print, printSentence } from "../cli/terminal.ts";
import { loadDictionary } from "../messages/dictionary.ts";
import { type Entry, lookUp, nearestName } from "./lookup.ts";

const MANDATORY: Readonly<Record<MandatoryRule, string>> = { "M": "must", "-": "must not", "": "may" };

/** Looks names and codes up. */
export default defineCommand({
  name: "dict",
  summary: "look up an AVP, a command, an application or a result code",
  arguments: "NAME|CODE [flags]",
  description: `
What the dictionary has of exactly this name or code: AVPs, commands (also by their abbreviations),
applications, Result-Code and Experimental-Result-Code. Where nothing is called so, all with it in
their name. Capitals do not matter; a code may have its vendor before it, as in 10415:1402.

--json writes one array. Each entry has kind (avp, command, application, result), code and name; an
AVP vendor, vendor_name, type, m_flag (must, must not, may), values (number and name) and source; a
command request, answer, application and application_name; a result vendor and vendor_name.

Exit code 1 means that nothing was found.`,
  positionals: { least: 1, most: 1 },
  flags: {
    json: { kind: "boolean", help: "as JSON" },
    dictionary: { kind: "list", placeholder: "FILE", help: "a dictionary of your own, YAML or JSON" },
  },
  examples: [
    ["dict Result-Code", "an AVP, with its type and flags"],
    ["dict 5012", "a result code"],
    ["dict ECR", "a command by its abbreviation"],
    ["dict imei", "capitals do not matter"],
    ["dict visited --json", "all that have it in their name, for a script"],
  ],
  async run({ json, dictionary: files }, [text = ""]) {
    const dictionary = await loadDictionary(files, "dict");
    const found = text === "" ? [] : lookUp(text, dictionary);
    if (json) print(JSON.stringify(found.map((entry) => entryJson(entry, dictionary)), undefined, 2));
    if (found.length === 0) {
      const near = nearestName(text, dictionary);
      const hint = near === undefined ? "" : `; did you mean "${PROGRAM} dict ${near}"?`;
      printSentence(`nothing in the dictionary is ${JSON.stringify(text)}${hint}`);
      return EXIT.failed;
    }
    if (!json) print(found.flatMap((entry) => entryLines(entry, dictionary)).join("\n"));
    return EXIT.done;
  },
});

function entryLines(entry: Entry, dictionary: Dictionary): string[] {
  switch (entry.kind) {
    case "avp": {
      const { code, vendor, name, type, mandatory, values = {}, source } = entry.definition;
      const rule = MANDATORY[mandatory];
      return [
        `AVP ${name} (${code})${ofVendor(vendor, dictionary)}  ${type}  M ${rule} be set  ${source}`,
        ...Object.entries(values).map(([value, meaning]) => `  ${value}  ${meaning}`),
      ];
    }
    case "command": {
      const { code, name, abbreviation, application } = entry.definition;
      const owner = dictionary.applicationName(application);
      const of = owner === undefined ? String(application) : `${owner} (${application})`;
      return [`command ${name} (${code})  ${abbreviation}R, ${abbreviation}A  application ${of}`];
    }
    case "application":
      return [`application ${entry.name} (${entry.code})`];
    case "result":
      return [`result ${entry.name} (${entry.code})${ofVendor(entry.vendor, dictionary)}`];
  }
}

function ofVendor(vendor: number, dictionary: Dictionary): string {
  return vendor === 0 ? "" : `  vendor ${dictionary.vendorName(vendor) ?? "unknown"} (${vendor})`;
}

function entryJson(entry: Entry, dictionary: Dictionary) {
  switch (entry.kind) {
    case "avp": {
      const { code, vendor, name, type, mandatory, values = {}, source } = entry.definition;
      return {
        kind: entry.kind,
        code,
        name,
        vendor,
        vendor_name: dictionary.vendorName(vendor) ?? null,
        type,
        m_flag: MANDATORY[mandatory],
        values: Object.entries(values).map(([value, name]) => ({ value: Number(value), name })),
        source,
      };
    }
    case "command": {
      const { code, name, abbreviation, application } = entry.definition;
      return {
        kind: entry.kind,
        code,
        name,
        request: `${abbreviation}R`,
        answer: `${abbreviation}A`,
        application,
        application_name: dictionary.applicationName(application) ?? null,
      };
    }
    case "application":
      return entry;
    case "result":
      return { ...entry, vendor_name: dictionary.vendorName(entry.vendor) ?? null };
  }
}
