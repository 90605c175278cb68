/**
 * Which regular expressions may be configured: those that everybody reads the same way, and that
 * cannot be made slow by what a peer sends. PURE.
 * @module
 */

/** Characters of an expression. */
export const LONGEST_PATTERN = 256;
/** Quantifiers without an upper bound in one expression. */
const MOST_UNBOUNDED = 2;
/** The most that a bounded quantifier may ask for. */
const MOST_REPEATED = 1000;

/** What stands behind a backslash and means something, besides punctuation. */
const ESCAPES = /^(?:[dDwWsSbBtnrfv]|x[0-9a-fA-F]{2}|[^A-Za-z0-9\s])/;
const QUANTIFIER = /^(?:[*+?]|\{(\d{1,4})(,(\d{0,4}))?\})\??/;

/** What is known of a group while it is being read. */
interface Group {
  hasQuantifier: boolean;
  hasAlternatives: boolean;
}

/** Why an expression is refused, as what follows it in a sentence; undefined when it is not. */
export function judgePattern(pattern: string): string | undefined {
  if (pattern.length > LONGEST_PATTERN) {
    return `has ${pattern.length} characters: expected at most ${LONGEST_PATTERN}`;
  }
  const groups: Group[] = [{ hasQuantifier: false, hasAlternatives: false }];
  let unbounded = 0;
  /** What a quantifier here would be for: nothing, one character, or a group that has ended. */
  let before: Group | "one" | "nothing" = "nothing";
  for (let at = 0; at < pattern.length;) {
    const rest = pattern.slice(at);
    const inside = groups.at(-1)!;
    const quantifier = QUANTIFIER.exec(rest);
    if (quantifier !== null) {
      if (before === "nothing") return `has nothing to repeat at ${shown(rest)}`;
      const [text, least, comma, most] = quantifier;
      if (Number(most || least || 0) > MOST_REPEATED) return `repeats more than ${MOST_REPEATED} times`;
      if (most && Number(most) < Number(least)) return `repeats ${text}: the second number is below the first`;
      if (before !== "one" && (before.hasQuantifier || before.hasAlternatives)) {
        return 'has a quantifier on a group that contains a quantifier or "|"';
      }
      const isUnbounded = text.startsWith("*") || text.startsWith("+") || (comma !== undefined && most === "");
      if (isUnbounded && ++unbounded > MOST_UNBOUNDED) {
        return `has more than ${MOST_UNBOUNDED} unbounded quantifiers ("*", "+" or "{n,}")`;
      }
      inside.hasQuantifier = true;
      before = "nothing";
      at += text.length;
      continue;
    }
    const char = rest[0]!;
    before = "one";
    if (char === "(") {
      if (/^\(\?<?[=!]/.test(rest)) return `has lookaround (${shown(rest)}), which is not matched in linear time`;
      if (rest[1] === "?" && rest[2] !== ":") return `has ${shown(rest)}: of groups with "?" there is only "(?:"`;
      groups.push({ hasQuantifier: false, hasAlternatives: false });
      before = "nothing";
      at += rest[1] === "?" ? 3 : 1;
    } else if (char === ")") {
      if (groups.length === 1) return 'has a ")" without its "("';
      groups.pop();
      const outside = groups.at(-1)!;
      outside.hasQuantifier ||= inside.hasQuantifier;
      outside.hasAlternatives ||= inside.hasAlternatives;
      before = inside;
      at++;
    } else if (char === "|") {
      inside.hasAlternatives = true;
      before = "nothing";
      at++;
    } else if (char === "[") {
      const length = classLength(rest);
      if (typeof length === "string") return length;
      at += length;
    } else if (char === "\\") {
      if (/^\\[1-9k]/.test(rest)) return `has a backreference (${shown(rest)}), which is not matched in linear time`;
      const escape = ESCAPES.exec(rest.slice(1));
      if (escape === null) return `has ${shown(rest)}, which means nothing here`;
      if (/^[bB]/.test(escape[0])) before = "nothing";
      at += 1 + escape[0].length;
    } else if (char === "{" || char === "}" || char === "]") {
      return `has a "${char}" that closes or repeats nothing: write "\\${char}" for the character`;
    } else {
      if (char === "^" || char === "$") before = "nothing";
      at++;
    }
  }
  return groups.length > 1 ? 'has a "(" without its ")"' : undefined;
}

/** Characters of the class that `rest` begins with, or what is wrong with it. */
function classLength(rest: string): number | string {
  let at = rest[1] === "^" ? 2 : 1;
  let last = "";
  const begin = at;
  while (at < rest.length) {
    const char = rest[at]!;
    if (char === "]" && at > begin) return at + 1;
    if (char === "[" || (char === "]" && at === begin)) return `has a "${char}" in a class: write "\\${char}"`;
    let one = char;
    if (char === "\\") {
      const escape = ESCAPES.exec(rest.slice(at + 1));
      if (escape === null || /^[bB]/.test(escape[0])) {
        return `has ${shown(rest.slice(at))} in a class, which means nothing here`;
      }
      at += escape[0].length;
      one = "";
    }
    if (char === "-" && last !== "" && at + 1 < rest.length && rest[at + 1] !== "]") {
      const next = rest[at + 1]!;
      if (next !== "\\" && next < last) return `has the class range ${last}-${next}: the end is before the beginning`;
    }
    last = one;
    at++;
  }
  return 'has a "[" without its "]"';
}

function shown(rest: string): string {
  return JSON.stringify(rest.slice(0, 4));
}
