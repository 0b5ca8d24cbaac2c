import type { Observation, Quantity } from '@medplum/fhirtypes';
import { Day } from '../layout.js';

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
      const [name, unit] = [nameOf(what), unitOf(quantity)];
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

/** UCUM codes that people do not know: https://ucum.org/ucum */
const plainUnits: Readonly<Record<string, string>> = {
  ...{ Cel: '°C', '[degF]': '°F', 'mm[Hg]': 'mmHg', '/min': 'per minute', 'kg/m2': 'kg/m²' },
  ...{ '10*3/uL': '× 10³/µL', '10*9/L': '× 10⁹/L', '[in_i]': 'in', '[lb_av]': 'lb', '[pH]': '' },
};

/** A unit for people; what stands in braces is an annotation of UCUM and no unit. */
function unitOf({ unit, code }: Quantity): string {
  const given = unit ?? code ?? '';
  return (plainUnits[given] ?? given).replaceAll(/\{[^}]*\}/g, '').trim();
}

/**
 * A line without axes: its last value, its range and its days stand beside it as text. The points have the same
 * distance whatever time is between them, because a year without a visit would squeeze the visits to nothing.
 */
export function Chart({ series: { name, unit, points } }: { series: Series }) {
  const values = points.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return null;
  const x = (index: number): number => round(EDGE + (index / Math.max(points.length - 1, 1)) * (WIDTH - 2 * EDGE));
  // A value that never changes is a line in the middle.
  const y = (value: number): number =>
    round(HEIGHT - EDGE - (most === least ? 0.5 : (value - least) / (most - least)) * (HEIGHT - 2 * EDGE));
  const range = `${String(points.length)} values from ${String(least)} to ${String(most)} ${unit}`.trim();
  return (
    <figure class="chart">
      <figcaption>
        <bdi>{name}</bdi>
        <strong>
          {String(last.value)} <small>{unit}</small>
        </strong>
      </figcaption>
      {points.length > 1 && (
        <svg viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT)}`} role="img" aria-label={`${name}: ${range}`}>
          <polyline
            points={values.map((value, index) => `${String(x(index))},${String(y(value))}`).join(' ')}
            fill="none"
            stroke="currentColor"
            stroke-width="2"
            stroke-linejoin="round"
          />
          <circle cx={x(points.length - 1)} cy={y(last.value)} r="3.5" fill="currentColor" />
        </svg>
      )}
      <p class="hint">
        {points.length > 1 && (
          <>
            {range}
            <br />
            <Day at={first.at} />
            {' to '}
          </>
        )}
        <Day at={last.at} />
      </p>
    </figure>
  );
}

const round = (value: number): number => Math.round(value * 10) / 10;
