/**
 * Completions for zsh.
 * @module
 */
import { type Entry, type FlagEntry, quoted, type Word } from "./table.ts";

/** The script. */
export function zsh(entries: readonly Entry[]): string {
  const paths = entries.slice(1).map(({ path }) => `" ${path}"`).join(" | ");
  return `#compdef diam-gw
# Completions of diam-gw for zsh; made by "diam-gw completion zsh".
_diam_gw() {
  local at= i last=1
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
      ${paths}) at="$at \${words[i]}"; last=$i ;;
    esac
  done
  shift $((last - 1)) words
  ((CURRENT -= last - 1))
  case $at in
${entries.map(branch).join("")}  esac
}
if [ "$funcstack[1]" = _diam-gw ]; then _diam_gw "$@"; else compdef _diam_gw diam-gw; fi
`;
}

function branch({ path, words, flags, takesFiles }: Entry): string {
  const specs = flags.flatMap(flagSpecs);
  const word = words.length > 0 ? [quoted(`:command:((${words.map(wordSpec).join(" ")}))`)] : [];
  const files = takesFiles ? [quoted("*:file:_files")] : [];
  const lines = [...specs, ...word, ...files].map((spec) => ` \\\n        ${spec}`).join("");
  return `    ${quoted(path === "" ? "" : ` ${path}`)})\n      _arguments${lines}\n      ;;\n`;
}

function wordSpec({ word, help }: Word): string {
  return help === "" ? word : `${word}\\:"${escaped(help)}"`;
}

function flagSpecs({ name, short, help, repeatable, placeholder, value }: FlagEntry): string[] {
  const forms = [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];
  const after = value === undefined
    ? ""
    : `:${escaped(placeholder)}:${value === "file" ? "_files" : value === "unknown" ? " " : `(${value.join(" ")})`}`;
  const before = repeatable ? "*" : forms.length > 1 ? `(${forms.join(" ")})` : "";
  return forms.map((form) => quoted(`${before}${form}[${escaped(help)}]${after}`));
}

/** What its little language of descriptions would take for its own. */
function escaped(text: string): string {
  return text.replaceAll(/[\\[\]:"`$]/g, (special) => `\\${special}`);
}
