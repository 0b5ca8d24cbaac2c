import type { Observation, Quantity } from '@medplum/fhirtypes';
import { Day } from '../layout.js';

/** One kind of measurement over time, oldest first. */
export interface Series {
  readonly name: string;
  readonly unit: string;
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

const MOST_POINTS = 30;
const [WIDTH, HEIGHT, EDGE] = [200, 72, 8];

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
 * A line between its least and its most, over the days of its first and its last point. The points have the same
 * distance whatever time is between them, because a year without a visit would squeeze the visits to nothing.
 */
export function Chart({ series: { name, unit, points } }: { series: Series }) {
  const last = points.at(-1);
  if (!last) return null;
  return (
    <figure class="chart">
      <figcaption>
        <bdi>{name}</bdi>
        <strong>
          {String(last.value)} <small>{unit}</small>
        </strong>
      </figcaption>
      {points.length > 1 ? (
        <Plot series={{ name, unit, points }} />
      ) : (
        <p class="hint">
          <Day at={last.at} />
        </p>
      )}
    </figure>
  );
}

function Plot({ series: { name, unit, points } }: { series: Series }) {
  const values = points.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const x = (index: number): number => round(EDGE + (index / (points.length - 1)) * (WIDTH - 2 * EDGE));
  // A value that never changes is a line in the middle.
  const y = (value: number): number =>
    round(HEIGHT - EDGE - (most === least ? 0.5 : (value - least) / (most - least)) * (HEIGHT - 2 * EDGE));
  const range = `${String(points.length)} values from ${String(least)} to ${String(most)} ${unit}`.trim();
  const axes = most === least ? [least] : [most, least];
  const [first, last] = [points[0]?.at ?? 0, points.at(-1)?.at ?? 0];
  return (
    <>
      <div class="plot">
        <div class="scale" aria-hidden="true">
          {axes.map((value) => (
            <span key={value}>{String(value)}</span>
          ))}
        </div>
        <svg viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT)}`} role="img" aria-label={`${name}: ${range}`}>
          {axes.map((value) => (
            <line key={value} class="axis" x1="0" x2={WIDTH} y1={y(value)} y2={y(value)} />
          ))}
          <polyline
            points={values.map((value, index) => `${String(x(index))},${String(y(value))}`).join(' ')}
            fill="none"
            stroke="currentColor"
            stroke-width="2"
            stroke-linejoin="round"
          />
          <circle cx={x(points.length - 1)} cy={y(values.at(-1) ?? 0)} r="3.5" fill="currentColor" />
        </svg>
      </div>
      <p class="days">
        <span>{dayBefore(first, last)}</span>
        <span>
          <Day at={last} />
        </span>
      </p>
    </>
  );
}

const dayMonth = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** The first of two days; its year is left out where it is that of the last, and all of it where it is the same day. */
function dayBefore(first: number, last: number) {
  const [one, other] = [new Date(first).toISOString(), new Date(last).toISOString()];
  if (one.slice(0, 10) === other.slice(0, 10)) return '';
  return one.slice(0, 4) === other.slice(0, 4) ? dayMonth.format(first) : <Day at={first} />;
}

const round = (value: number): number => Math.round(value * 10) / 10;
