/**
 * Comments are wrapped by hand, which the formatter leaves alone, so a test has to look.
 * @module
 */

/** Columns of a comment line, its indentation included. */
export const COMMENT_WIDTH = 100;

const COMMENT = /^\s*(?:\/\/|\/\*\*?|\*)(?: (.*))?$/;
const FENCE = /^\s*\* ```/;

/**
 * The lines of `source`, from 1, that are a comment alone and too long. Code in an example may be
 * as long as code is, and what cannot be broken as long as it is: an address, a quotation of code.
 */
export function longComments(source: string): number[] {
  const found: number[] = [];
  let isExample = false;
  for (const [i, line] of source.split("\n").entries()) {
    if (FENCE.test(line)) isExample = !isExample;
    else if (!COMMENT.test(line)) isExample = false;
    else if (!isExample && line.length > COMMENT_WIDTH && canBreak(COMMENT.exec(line)![1] ?? "")) found.push(i + 1);
  }
  return found;
}

function canBreak(text: string): boolean {
  return text.replace(/^deno-lint-ignore .*/, "").replaceAll(/`[^`]*`/g, "_").trim().includes(" ");
}
