import { INK, PAGE, WIDTH, type Sheet } from './sheet.js';
import type { VitalSet } from './summary.js';

export const CHART_HEIGHT = 168;
const MARGIN = { left: 30, right: 30, top: 22, bottom: 30 };

/** Told apart by marks and dashes as well as by colour: charts are printed and faxed in black. */
interface Series {
  readonly label: string;
  readonly color: string;
  readonly dash?: number;
  readonly scale: 'left' | 'right';
  value(set: VitalSet): number | undefined;
  mark(doc: PDFKit.PDFDocument, x: number, y: number): void;
}

const SERIES: readonly Series[] = [
  {
    label: 'Heart rate (/min)',
    color: '#b3261e',
    scale: 'left',
    value: ({ heartRate }) => heartRate,
    mark: (doc, x, y) => doc.circle(x, y, 2).fill(),
  },
  {
    label: 'Systolic (mmHg)',
    color: '#1d4e89',
    scale: 'left',
    value: ({ systolic }) => systolic,
    mark: (doc, x, y) => doc.polygon([x - 2.6, y - 2.2], [x + 2.6, y - 2.2], [x, y + 2.4]).fill(),
  },
  {
    label: 'Diastolic (mmHg)',
    color: '#4f86c6',
    scale: 'left',
    value: ({ diastolic }) => diastolic,
    mark: (doc, x, y) => doc.polygon([x - 2.6, y + 2.2], [x + 2.6, y + 2.2], [x, y - 2.4]).fill(),
  },
  {
    label: 'SpO2 (%, right axis)',
    color: '#2e7d32',
    dash: 3,
    scale: 'right',
    value: ({ oxygenSaturation }) => oxygenSaturation,
    mark: (doc, x, y) => doc.rect(x - 1.9, y - 1.9, 3.8, 3.8).fill(),
  },
];

interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  x(milliseconds: number): number;
  y(value: number, scale: Series['scale']): number;
}

/** Heart rate, blood pressure and oxygen saturation over time, drawn with lines. */
export function drawChart(sheet: Sheet, sets: readonly VitalSet[]): void {
  const sorted = [...sets].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const times = sorted.map(({ at }) => Date.parse(at));
  const [start = 0, end = 0] = [times[0], times.at(-1)];
  const left = { low: 0, high: roundUp(greatest(sorted, 'left', 160), 40) };
  const right = { low: Math.min(80, Math.floor(least(sorted, 'right', 80) / 10) * 10), high: 100 };
  const box = {
    left: PAGE.left + MARGIN.left,
    right: PAGE.left + WIDTH - MARGIN.right,
    top: sheet.y + MARGIN.top,
    bottom: sheet.y + CHART_HEIGHT - MARGIN.bottom,
  };
  const height = box.bottom - box.top;
  const frame: Frame = {
    ...box,
    x: (milliseconds) => box.left + ((milliseconds - start) / (end - start)) * (box.right - box.left),
    y: (value, scale) => {
      const { low, high } = scale === 'left' ? left : right;
      return box.bottom - ((value - low) / (high - low)) * height;
    },
  };
  drawLegend(sheet);
  drawGrid(sheet, frame, left, right);
  drawTimeAxis(sheet, frame, start, end);
  for (const series of SERIES) drawSeries(sheet.doc, frame, series, sorted);
  sheet.y += CHART_HEIGHT;
}

const valuesOf = (sets: readonly VitalSet[], scale: Series['scale']): number[] =>
  SERIES.filter((series) => series.scale === scale).flatMap((series) =>
    sets.map((set) => series.value(set)).filter((value) => value !== undefined),
  );
const greatest = (sets: readonly VitalSet[], scale: Series['scale'], atLeast: number): number =>
  Math.max(atLeast, ...valuesOf(sets, scale));
const least = (sets: readonly VitalSet[], scale: Series['scale'], atMost: number): number =>
  Math.min(atMost, ...valuesOf(sets, scale));
const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;

function drawLegend(sheet: Sheet): void {
  const width = (WIDTH - MARGIN.left - MARGIN.right) / SERIES.length;
  SERIES.forEach((series, index) => {
    const x = PAGE.left + MARGIN.left + index * width;
    const y = sheet.y + 8;
    drawLine(sheet.doc, series, [
      [x, y],
      [x + 16, y],
    ]);
    sheet.doc.fillColor(series.color);
    series.mark(sheet.doc, x + 8, y);
    sheet.put(series.label, x + 21, y - 4, width - 24, { size: 8 });
  });
}

interface Scale {
  readonly low: number;
  readonly high: number;
}

function drawGrid(sheet: Sheet, frame: Frame, left: Scale, right: Scale): void {
  const steps = 4;
  for (let step = 0; step <= steps; step++) {
    const y = frame.bottom - (step / steps) * (frame.bottom - frame.top);
    sheet.doc.moveTo(frame.left, y).lineTo(frame.right, y);
    sheet.doc.lineWidth(0.4).strokeColor(INK.line).stroke();
    const at = ({ low, high }: Scale): string => String(Math.round((low + (step / steps) * (high - low)) * 10) / 10);
    sheet.put(at(left), frame.left - 28, y - 4, 24, { size: 7.5, color: INK.faint, align: 'right' });
    sheet.put(at(right), frame.right + 5, y - 4, 24, { size: 7.5, color: INK.faint });
  }
}

const MINUTE = 60_000;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1440].map((minutes) => minutes * MINUTE);

function drawTimeAxis(sheet: Sheet, frame: Frame, start: number, end: number): void {
  const step = STEPS.find((each) => (end - start) / each <= 9) ?? roundUp((end - start) / 8, 1440 * MINUTE);
  for (let time = roundUp(start, step); time <= end; time += step) {
    const x = frame.x(time);
    sheet.doc.moveTo(x, frame.top).lineTo(x, frame.bottom + 3);
    sheet.doc.lineWidth(0.4).strokeColor(INK.line).stroke();
    sheet.put(sheet.clock.time(time), x - 15, frame.bottom + 5, 30, { size: 7.5, color: INK.faint, align: 'center' });
  }
  const axis = `Time of day (${sheet.timeZone})`;
  sheet.put(axis, frame.left, frame.bottom + 16, frame.right - frame.left, {
    size: 7.5,
    color: INK.faint,
    align: 'center',
  });
}

type Point = readonly [x: number, y: number];

function drawSeries(doc: PDFKit.PDFDocument, frame: Frame, series: Series, sets: readonly VitalSet[]): void {
  const points = sets.flatMap((set): Point[] => {
    const value = series.value(set);
    return value === undefined ? [] : [[frame.x(Date.parse(set.at)), frame.y(value, series.scale)]];
  });
  drawLine(doc, series, points);
  // Marks of a monitored patient would run together.
  if (points.length > 80) return;
  doc.fillColor(series.color);
  for (const [x, y] of points) series.mark(doc, x, y);
}

function drawLine(doc: PDFKit.PDFDocument, { color, dash }: Series, points: readonly Point[]): void {
  const [first, ...rest] = points;
  if (!first || rest.length === 0) return;
  doc.moveTo(...first);
  for (const point of rest) doc.lineTo(...point);
  if (dash !== undefined) doc.dash(dash, { space: 2 });
  doc.lineWidth(1.1).strokeColor(color).stroke();
  if (dash !== undefined) doc.undash();
}
