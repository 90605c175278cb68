/**
 * As much of a TypeScript scanner as the layering test needs: words, strings and signs, without
 * comments.
 * @module
 */

/** One token; the text of a string is what stands between its quotes. */
export interface Token {
  readonly kind: "word" | "string" | "sign";
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$]*/uy;
const NUMBER = /\d[\w.]*/y;
const SIGN = /\.\.\.|\?\.|=>|[^\s\w]/uy;
/** Words after which a slash begins a regular expression; after any other it divides. */
const BEFORE_EXPRESSION = new Set([
  "return",
  "typeof",
  "case",
  "of",
  "in",
  "void",
  "delete",
  "throw",
  "await",
  "yield",
]);

/**
 * The tokens of `source`, also those within `${}` of a template. Never throws: what is not
 * TypeScript gives odd tokens.
 */
export function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;

  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const text = pattern.exec(source)?.[0] ?? "";
    at += text.length;
    for (const char of text) if (char === "\n") line++;
    return text;
  };
  const slashBeginsExpression = (): boolean => {
    const last = tokens.at(-1);
    if (last === undefined) return true;
    if (last.kind === "sign") return ![")", "]", "}"].includes(last.text);
    return last.kind === "word" && BEFORE_EXPRESSION.has(last.text);
  };
  const template = (): void => {
    const from = line;
    let text = "";
    at++;
    while (at < source.length && source[at] !== "`") {
      if (source.startsWith("${", at)) {
        at += 2;
        scan("}");
        at++;
      } else {
        text += take(/\\[^]|[^]/y);
      }
    }
    at++;
    tokens.push({ kind: "string", text, line: from });
  };
  /** Scans until `end` stands where its counterpart was not opened, or the source ends. */
  const scan = (end: string): void => {
    let depth = 0;
    while (at < source.length) {
      const char = source[at] ?? "";
      if (take(/\s+/y) !== "" || take(/\/\/.*/y) !== "" || take(/\/\*[^]*?\*\//y) !== "") continue;
      const from = line;
      if (char === "`") {
        template();
      } else if (char === '"' || char === "'") {
        const quoted = take(char === '"' ? /"(?:\\[^]|[^"\\\n])*"?/y : /'(?:\\[^]|[^'\\\n])*'?/y);
        tokens.push({ kind: "string", text: quoted.slice(1, -1), line: from });
      } else if (char === "/" && slashBeginsExpression()) {
        take(/\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\/[a-z]*|\//y);
        tokens.push({ kind: "string", text: "", line: from });
      } else {
        const word = take(WORD) || take(NUMBER);
        if (word !== "") {
          tokens.push({ kind: "word", text: word, line: from });
          continue;
        }
        if (char === "{") depth++;
        if (char === "}" && --depth < 0 && end === "}") return;
        tokens.push({ kind: "sign", text: take(SIGN) || take(/[^]/y), line: from });
      }
    }
  };
  scan("");
  return tokens;
}

/**
 * An import of `specifier`, in whatever form: import, export from, import(), or a type's import().
 */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Nothing of it is there when the program runs. */
  readonly typeOnly: boolean;
}

/** Every module that the tokens import or export from. */
export function importsOf(tokens: readonly Token[]): Import[] {
  const imports: Import[] = [];
  for (const [i, token] of tokens.entries()) {
    if (token.kind !== "string") continue;
    const before = tokens[i - 1];
    const named = before?.kind === "word" && (before.text === "from" || before.text === "import");
    const called = before?.text === "(" && tokens[i - 2]?.kind === "word" && tokens[i - 2]?.text === "import";
    if (!named && !called) continue;
    imports.push({ specifier: token.text, line: token.line, typeOnly: named && isTypeOnly(tokens, i) });
  }
  return imports;
}

/** Whether the statement that ends in the specifier at `i` is `import type` or `export type`. */
function isTypeOnly(tokens: readonly Token[], i: number): boolean {
  let at = i - 1;
  while (at > 0 && !(tokens[at]!.kind === "word" && ["import", "export"].includes(tokens[at]!.text))) at--;
  return tokens[at + 1]?.text === "type";
}
