/**
 * Completions for fish 3 and later.
 * @module
 */
import type { Entry, FlagEntry } from "./table.ts";

/** The script. */
export function fish(entries: readonly Entry[]): string {
  const paths = entries.slice(1).map(({ path }) => quoted(` ${path}`)).join(" ");
  return `# Completions of diam-gw for fish; made by "diam-gw completion fish".
function __diam_gw_at
    set -l at ''
    for word in (commandline -opc)[2..-1]
        if contains -- "$at $word" ${paths}
            set at "$at $word"
        end
    end
    test "$at" = "$argv[1]"
end
complete -c diam-gw -f
${entries.flatMap(lines).join("\n")}
`;
}

function lines({ path, words, flags, takesFiles }: Entry): string[] {
  const when = `complete -c diam-gw -n ${quoted(`__diam_gw_at ${quoted(path === "" ? "" : ` ${path}`)}`)}`;
  return [
    ...words.map(({ word, help }) => `${when} -a ${word}${help === "" ? "" : ` -d ${quoted(help)}`}`),
    ...flags.map((flag) => `${when} ${flagWords(flag)}`),
    ...(takesFiles ? [`${when} -F`] : []),
  ];
}

function flagWords({ name, short, help, value }: FlagEntry): string {
  const form = `-l ${name}${short === undefined ? "" : ` -s ${short}`} -d ${quoted(help)}`;
  if (value === undefined) return form;
  return `${form} ${value === "file" ? "-r -F" : value === "unknown" ? "-x" : `-x -a ${quoted(value.join(" "))}`}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, (special) => `\\${special}`)}'`;
}
