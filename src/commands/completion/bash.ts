/**
 * Completions for bash 4 and later, with or without its package of completions.
 * @module
 */
import { type Entry, quoted, type Value } from "./table.ts";

/** The script. */
export function bash(entries: readonly Entry[]): string {
  const paths = entries.slice(1).map(({ path }) => `"${` ${path}`}"`).join(" | ");
  return `# Completions of diam-gw for bash; made by "diam-gw completion bash".
_diam_gw() {
  local path= words= flags= files= i
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]}
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path \${COMP_WORDS[i]}" in
      ${paths}) path="$path \${COMP_WORDS[i]}" ;;
    esac
  done
  COMPREPLY=()
  case "$path:$prev" in
${entries.flatMap(values).join("")}  esac
  case $path in
${entries.map(branch).join("")}  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    if [[ $files ]]; then compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- "$cur")); fi
  fi
}
complete -F _diam_gw diam-gw
`;
}

function at(path: string): string {
  return path === "" ? "" : ` ${path}`;
}

function branch({ path, words, flags, takesFiles }: Entry): string {
  const names = flags.flatMap(({ name, short }) => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]);
  const said = [
    `words=${quoted(words.map(({ word }) => word).join(" "))}`,
    `flags=${quoted(names.join(" "))}`,
    ...(takesFiles ? ["files=yes"] : []),
  ];
  return `    ${quoted(at(path))}) ${said.join(" ")} ;;\n`;
}

function values({ path, flags }: Entry): string[] {
  return flags.flatMap(({ name, short, value }) => {
    if (value === undefined) return [];
    const before = [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];
    const patterns = before.map((flag) => quoted(`${at(path)}:${flag}`)).join(" | ");
    return [`    ${patterns}) ${reply(value)}return ;;\n`];
  });
}

function reply(value: Value): string {
  if (value === "unknown") return "";
  if (value === "file") return `compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); `;
  return `COMPREPLY=($(compgen -W ${quoted(value.join(" "))} -- "$cur")); `;
}
