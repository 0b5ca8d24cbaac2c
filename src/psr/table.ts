import { INK, PAGE, WIDTH, type Sheet, type Style } from './sheet.js';

/** Stands in a cell for what was not measured, or is not set. */
export const NONE = '–';

export interface Column<T> {
  readonly title: string;
  /** Share of the width that the shares of all columns divide. */
  readonly share: number;
  readonly align?: Style['align'];
  /** Long text takes several lines; otherwise it is cut off. */
  readonly wraps?: boolean;
  text(row: T): string | undefined;
  style?(row: T): Style;
}

const SIZE = 8.5;
const LINE = 10.5;
const PADDING = 2.5;
const HEAD = 15;
/** Height of a section's heading. */
export const HEADING = 24;

/** Draws a table over as many pages as it takes; every page repeats the head. */
export function drawTable<T>(sheet: Sheet, columns: readonly Column<T>[], rows: readonly T[]): void {
  const places = placesOf(columns);
  drawHead(sheet, places);
  rows.forEach((row, index) => drawRow(sheet, places, row, index % 2 === 1));
  sheet.rule(sheet.y);
  sheet.y += 4;
}

/** What a heading must have below it: a table's head without a row would be left behind on its page. */
export function leastHeight<T>(sheet: Sheet, columns: readonly Column<T>[], [first]: readonly T[]): number {
  if (first === undefined) return HEAD;
  const lines = linesOf(layOut(sheet, placesOf(columns), first));
  return HEAD + Math.min(lines, WHOLE) * LINE + 2 * PADDING;
}

interface Place<T> {
  readonly column: Column<T>;
  readonly x: number;
  readonly width: number;
}

const GAP = 4;

function placesOf<T>(columns: readonly Column<T>[]): Place<T>[] {
  const shares = columns.reduce((sum, { share }) => sum + share, 0);
  let next: number = PAGE.left;
  return columns.map((column) => {
    const x = next;
    next += (column.share / shares) * WIDTH;
    return { column, x: x + GAP, width: next - x - 2 * GAP };
  });
}

function drawHead<T>(sheet: Sheet, places: readonly Place<T>[]): void {
  for (const { column, x, width } of places)
    sheet.put(column.title, x, sheet.y + 4, width, {
      size: 7.5,
      bold: true,
      color: INK.faint,
      ...(column.align && { align: column.align }),
    });
  sheet.y += HEAD;
  sheet.rule(sheet.y, INK.faint, 0.7);
}

interface Cell {
  readonly x: number;
  readonly width: number;
  readonly style: Style;
  readonly lines: readonly string[];
}

function layOut<T>(sheet: Sheet, places: readonly Place<T>[], row: T): Cell[] {
  return places.map(({ column, x, width }) => {
    const style: Style = { size: SIZE, ...(column.align && { align: column.align }), ...column.style?.(row) };
    const text = column.text(row) ?? NONE;
    return { x, width, style, lines: column.wraps ? sheet.wrap(text, width, style) : [text] };
  });
}

const linesOf = (cells: readonly Cell[]): number => Math.max(...cells.map((cell) => cell.lines.length));

/** Lines that a page holds below a head and a heading. A row is kept whole, unless it has more. */
const WHOLE = Math.floor((PAGE.bottom - PAGE.top - HEADING - HEAD - 2 * PADDING) / LINE);

function drawRow<T>(sheet: Sheet, places: readonly Place<T>[], row: T, shaded: boolean): void {
  const cells = layOut(sheet, places, row);
  const lines = linesOf(cells);
  for (let first = 0; first < lines; first += WHOLE) {
    const height = Math.min(lines - first, WHOLE) * LINE + 2 * PADDING;
    if (sheet.y + height > PAGE.bottom) {
      sheet.rule(sheet.y);
      sheet.addPage();
      drawHead(sheet, places);
    }
    if (shaded) sheet.doc.rect(PAGE.left, sheet.y + 0.5, WIDTH, height - 0.5).fill('#f7f9fb');
    for (const { x, width, style, lines: all } of cells)
      all
        .slice(first, first + WHOLE)
        .forEach((line, index) => sheet.put(line, x, sheet.y + PADDING + 1 + index * LINE, width, style));
    sheet.y += height;
  }
}
