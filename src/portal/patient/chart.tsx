import type { Observation, Quantity } from '@medplum/fhirtypes';

/** One kind of measurement over time, oldest first. */
export interface Series {
  readonly name: string;
  readonly unit: string;
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

const MOST_POINTS = 30;
const [WIDTH, HEIGHT, EDGE] = [240, 64, 6];

/** The measurements that can be drawn; those with two parts, like a blood pressure, are two series. */
export function seriesOf(observations: readonly Observation[]): Series[] {
  const found = new Map<string, { name: string; unit: string; points: { at: number; value: number }[] }>();
  for (const { code, valueQuantity, component = [], effectiveDateTime = '' } of observations) {
    const at = Date.parse(effectiveDateTime);
    const parts: [Observation['code'], Quantity | undefined][] = [
      [code, valueQuantity],
      ...component.map((each) => [each.code, each.valueQuantity] as [Observation['code'], Quantity | undefined]),
    ];
    for (const [what, quantity] of parts) {
      if (quantity?.value === undefined || Number.isNaN(at)) continue;
      const [name, unit] = [nameOf(what), quantity.unit ?? quantity.code ?? ''];
      const key = `${name} ${unit}`;
      const series = found.get(key) ?? { name, unit, points: [] };
      found.set(key, series);
      series.points.push({ at, value: quantity.value });
    }
  }
  return [...found.values()].map(({ points, ...more }) => ({
    ...more,
    points: points.sort((one, other) => one.at - other.at).slice(-MOST_POINTS),
  }));
}

const nameOf = (code: Observation['code'] | undefined): string =>
  code?.text ?? code?.coding?.find(({ display }) => display !== undefined)?.display ?? 'Measurement';

/** A line without axes: its last value and its range stand beside it as text. */
export function Chart({ series: { name, unit, points } }: { series: Series }) {
  const values = points.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const last = points.at(-1);
  const [from, to] = [points[0]?.at ?? 0, last?.at ?? 0];
  const x = (at: number): number => round(EDGE + ((at - from) / Math.max(to - from, 1)) * (WIDTH - 2 * EDGE));
  const y = (value: number): number =>
    round(HEIGHT - EDGE - ((value - least) / (most - least || 1)) * (HEIGHT - 2 * EDGE));
  const range = `${String(points.length)} values from ${String(least)} to ${String(most)} ${unit}`;
  return (
    <figure class="chart">
      <figcaption>
        <bdi>{name}</bdi>
        <strong>{`${String(last?.value)} ${unit}`}</strong>
      </figcaption>
      {points.length > 1 && (
        <svg viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT)}`} role="img" aria-label={`${name}: ${range}`}>
          <polyline
            points={points.map(({ at, value }) => `${String(x(at))},${String(y(value))}`).join(' ')}
            fill="none"
            stroke="currentColor"
            stroke-width="2"
            stroke-linejoin="round"
          />
          {last && <circle cx={x(last.at)} cy={y(last.value)} r="3.5" fill="currentColor" />}
        </svg>
      )}
      <p class="hint">{points.length > 1 ? range : 'One value'}</p>
    </figure>
  );
}

const round = (value: number): number => Math.round(value * 10) / 10;
