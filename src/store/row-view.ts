import type { RowLike } from '../define/elements/element.js';

/**
 * Rows arrive as arrays, which is the cheapest the drivers have. A view gives an array the names of its columns by
 * getters on a prototype: nothing is copied, and only what is asked for is touched.
 */
export type RowView = new (values: readonly unknown[]) => RowLike;

/** A view of rows with these columns and, after them, child tables whose rows are JSON arrays of arrays. */
export function rowView(columns: readonly string[], children: readonly (readonly [string, RowView])[] = []): RowView {
  class View {
    constructor(readonly values: readonly unknown[]) {}
  }
  columns.forEach((name, index) =>
    Object.defineProperty(View.prototype, name, {
      get(this: View) {
        return this.values[index];
      },
    }),
  );
  children.forEach(([name, ChildView], index) =>
    Object.defineProperty(View.prototype, name, {
      get(this: View) {
        const cell = this.values[columns.length + index];
        // PostgreSQL's driver has parsed it already.
        const rows = (typeof cell === 'string' ? JSON.parse(cell) : cell) as unknown[][];
        return rows.map((row) => new ChildView(row));
      },
    }),
  );
  return View as unknown as RowView;
}
