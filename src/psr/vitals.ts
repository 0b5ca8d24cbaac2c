import { drawChart, CHART_HEIGHT } from './chart.js';
import { drawHeading, drawList } from './sections.js';
import type { Sheet } from './sheet.js';
import type { CaseSummary, VitalSet } from './summary.js';
import { NONE, type Column } from './table.js';

export function drawVitals(sheet: Sheet, { vitals }: CaseSummary): void {
  drawList(sheet, 'Vital signs', columnsOf(sheet), vitals, 'None recorded.');
  const drawable = vitals.filter(({ at }) => !Number.isNaN(Date.parse(at)));
  if (new Set(drawable.map(({ at }) => Date.parse(at))).size < 2) return;
  drawHeading(sheet, 'Course of the vital signs', CHART_HEIGHT);
  drawChart(sheet, drawable);
}

function columnsOf(sheet: Sheet): Column<VitalSet>[] {
  const number = (title: string, share: number, text: (set: VitalSet) => string | undefined): Column<VitalSet> => ({
    title,
    share,
    align: 'right',
    text,
  });
  const whole = (value: number | undefined): string | undefined => (value === undefined ? undefined : String(value));
  return [
    { title: 'Time', share: 2.5, text: ({ at }) => sheet.clock.dateTime(at) },
    number('HR /min', 1.3, (set) => whole(set.heartRate)),
    number('BP mmHg', 1.6, pressure),
    number('RR /min', 1.3, (set) => whole(set.respiratoryRate)),
    number('SpO2 %', 1.3, (set) => whole(set.oxygenSaturation)),
    number('O2 L/min', 1.3, (set) => whole(set.oxygenLitersPerMinute)),
    number('Temp °C (°F)', 2.1, temperature),
    number('GCS', 0.9, (set) => whole(set.comaScale)),
    number('Pain', 0.9, (set) => whole(set.pain)),
  ];
}

/** By palpation there is a systolic pressure only. */
function pressure({ systolic, diastolic }: VitalSet): string | undefined {
  if (systolic === undefined && diastolic === undefined) return undefined;
  return [systolic, diastolic].map((value) => value ?? NONE).join('/');
}

function temperature({ temperatureCelsius: celsius }: VitalSet): string | undefined {
  return celsius === undefined ? undefined : `${celsius.toFixed(1)} (${(celsius * 1.8 + 32).toFixed(1)})`;
}
