/**
 * Tables that fit a given width: what matters least is left out first.
 *
 * PURE.
 * @module
 */

/** One column of a table. */
export interface Column<Row> {
  readonly title: string;
  /** Numbers stand to the right. */
  readonly align?: "right";
  /** The higher, the sooner it is left out; 0: it stays, and is cut at worst. */
  readonly rank: number;
  /** Characters at least, so that numbers that grow do not move what stands beside them. */
  readonly least?: number;
  /** Characters at most. */
  readonly most?: number;
  text(row: Row): string;
  /** The style of a cell; none if left out. */
  paint?(row: Row): ((text: string) => string) | undefined;
}

/** A table as lines. */
export interface TableLines {
  readonly head: string;
  /** One for each row. */
  readonly rows: readonly string[];
}

const GAP = "  ";

/** The lines of `rows`, none wider than `width`. */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
  isPainted: (row: Row) => boolean = () => true,
): TableLines {
  const cells = columns.map((column) => rows.map((row) => column.text(row)));
  const widths = columns.map(({ title, least = 0, most = Infinity }, i) =>
    Math.min(most, Math.max(title.length, least, ...cells[i]!.map(({ length }) => length)))
  );
  const shown = fitting(columns, widths, width);
  const line = (cell: (index: number) => string, paint: (index: number) => ((text: string) => string) | undefined) =>
    shown.map((index, nth) => {
      const text = cut(cell(index), widths[index]!);
      const isLast = nth === shown.length - 1;
      const aligned = columns[index]!.align === "right"
        ? text.padStart(widths[index]!)
        : isLast
        ? text
        : text.padEnd(widths[index]!);
      return paint(index)?.(aligned) ?? aligned;
    }).join(GAP);
  return {
    head: line((index) => columns[index]!.title, () => undefined),
    rows: rows.map((row, nth) =>
      line((index) => cells[index]![nth]!, (index) => isPainted(row) ? columns[index]!.paint?.(row) : undefined)
    ),
  };
}

/** Indexes of the columns that fit; `widths` of those that stay may be made smaller. */
function fitting<Row>(columns: readonly Column<Row>[], widths: number[], width: number): readonly number[] {
  let shown = columns.map((_, index) => index);
  const total = () => shown.reduce((sum, index) => sum + widths[index]!, GAP.length * (shown.length - 1));
  while (total() > width) {
    const least = shown.reduce((worst, index) => columns[index]!.rank >= columns[worst]!.rank ? index : worst);
    if (columns[least]!.rank > 0) {
      shown = shown.filter((index) => index !== least);
      continue;
    }
    const widest = shown.reduce((found, index) => widths[index]! > widths[found]! ? index : found);
    const wanted = widths[widest]! - (total() - width);
    widths[widest] = Math.max(1, wanted);
    if (wanted < 1) break;
  }
  return shown;
}

/** At most `width` characters; the last one shows that more stood there. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : width < 1 ? "" : `${text.slice(0, width - 1)}…`;
}
