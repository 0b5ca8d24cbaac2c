/** A figure and what it must reach: at least (`>=`) or at most (`<=`). */
export interface Row {
  readonly name: string;
  /** Null where it was not measured. */
  readonly value: number | null;
  /** Empty where the figure is only reported. */
  readonly bar: string;
  readonly stretch: string;
  readonly met: boolean;
}

/** What a figure is called and must reach. A figure without a bar only explains another one. */
export interface Bar {
  readonly name: string;
  readonly bar?: `${'>=' | '<='} ${number}`;
  readonly stretch?: `${'>=' | '<='} ${number}`;
}

export function rowOf({ name, ...limits }: Bar, measured: number | undefined): Row {
  const bar: string = limits.bar ?? '';
  const { stretch = bar } = limits;
  const value = measured === undefined ? null : Number(measured.toPrecision(3));
  // What is rounded up to a bar has not reached it.
  return { name, value, bar, stretch, met: measured !== undefined && reaches(measured, bar) };
}

function reaches(value: number, bar: string): boolean {
  if (bar === '') return true;
  const limit = Number(bar.slice(3));
  return bar.startsWith('>=') ? value >= limit : value <= limit;
}

export function table(rows: readonly Row[]): string {
  const lines = linesOf(rows);
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...lines.map((line) => (line[column] as string).length)));
  return lines
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at] as number))
        .join(' | ')
        .trimEnd(),
    )
    .join('\n');
}

/** The same to be pasted, under the day, the version of Node and the number of rows that it was measured with. */
export function markdown(rows: readonly Row[], measured: { observations: number; at: Date }): string {
  const [head = [], ...lines] = linesOf(rows);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const day = measured.at.toISOString().slice(0, 10);
  return [
    `Measured on ${day} with Node ${process.versions.node} and ${String(measured.observations)} observations.`,
    '',
    line(head),
    line(head.map(() => '---')),
    ...lines.map(line),
  ].join('\n');
}

function linesOf(rows: readonly Row[]): string[][] {
  return [
    ['name', 'value', 'bar', 'stretch', 'met'],
    ...rows.map(({ name, value, bar, stretch, met }) => [
      name,
      value === null ? 'not measured' : String(value),
      bar,
      stretch,
      !met ? 'NO' : bar === '' ? '' : reaches(value ?? NaN, stretch) ? 'stretch' : 'yes',
    ]),
  ];
}
