/**
 * YAML from people: read, or one sentence why not and where.
 * @module
 */
import { parse } from "@std/yaml";
import { isMapping } from "./path.ts";

/** Nodes that a document may have with every alias written out, and how deep they may lie. */
const MOST_NODES = 100_000;
const MOST_LEVELS = 100;

/** Text that is no YAML, or more of it than anybody writes. Places count from 1, where known. */
export class YamlError extends Error {
  override name = "YamlError";
  constructor(message: string, readonly line?: number, readonly column?: number) {
    super(message);
  }

  /** The message with its place behind it. */
  get located(): string {
    return this.line === undefined ? this.message : `${this.message} (line ${this.line}, column ${this.column})`;
  }
}

/**
 * Parses one document. Aliases are shared, not copied, in what it returns; that they could be
 * copied was checked: 500 bytes of aliases to aliases stand for more nodes than there is memory.
 * @throws {YamlError}
 */
export function parseYaml(text: string): unknown {
  let tree: unknown;
  try {
    tree = parse(text);
  } catch (error) {
    throw explain(error, text);
  }
  checkSize(tree);
  return tree;
}

function explain(error: unknown, text: string): unknown {
  if (!(error instanceof Error)) return error;
  // The parser calls itself for each level, and so runs out of stack.
  if (error instanceof RangeError) return new YamlError(`nested more than ${MOST_LEVELS} levels deep`);
  // "Cannot read block: bad indentation at line 2, column 3:\n   b: 2\n   ^".
  const [, reason = error.message, line, column] = /^(.*) at line (\d+), column (\d+)/s.exec(error.message) ?? [];
  if (line === undefined) return new YamlError(`not valid YAML: ${inWords(reason)}`);
  const before = text.split("\n")[Number(line) - 1]?.slice(0, Number(column) - 1) ?? "";
  const sentence = before.endsWith("$")
    ? "within {} and [], put ${...} into quotes: YAML takes its brace for one of its own"
    : `not valid YAML: ${inWords(reason)}`;
  return new YamlError(sentence, Number(line), Number(column));
}

/** What the parser says of mistakes that people make, in their words. */
function inWords(reason: string): string {
  if (reason.includes("duplicated key")) return "this key is there already";
  if (reason.includes("more than 1 document")) return "a second document begins here (---), and only one is read";
  return reason.replaceAll(/\s+/g, " ");
}

/** Walks the tree as if every alias were a copy, and stops at the limit. Keeps nothing of it. */
function checkSize(tree: unknown): void {
  const waiting: { node: unknown; level: number }[] = [{ node: tree, level: 0 }];
  for (let nodes = 1, next; (next = waiting.pop()) !== undefined;) {
    const { node, level } = next;
    const below = Array.isArray(node) ? node : isMapping(node) ? Object.values(node) : [];
    nodes += below.length;
    if (nodes > MOST_NODES) throw new YamlError(`more than ${MOST_NODES} values, aliases (*name) written out`);
    if (level > MOST_LEVELS) {
      throw new YamlError(`nested more than ${MOST_LEVELS} levels deep, aliases (*name) written out`);
    }
    for (const child of below) waiting.push({ node: child, level: level + 1 });
  }
}
