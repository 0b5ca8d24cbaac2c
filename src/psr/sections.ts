import { UNKNOWN, ageOf, nameOf } from './frame.js';
import { INK, PAGE, WIDTH, type Sheet } from './sheet.js';
import type { CaseSummary, LabLine, ScoreLine, TeamMessage, TimelineEvent } from './summary.js';
import { drawTable, HEADING, leastHeight, type Column } from './table.js';
import { elapsed } from './times.js';

/** A heading stays with the first lines below it. */
const COMPANY = 44;

export function drawHeading(sheet: Sheet, title: string, company = COMPANY): void {
  sheet.need(HEADING + company);
  sheet.y += 8;
  sheet.put(title, PAGE.left, sheet.y, WIDTH, { size: 11, bold: true, color: INK.accent });
  sheet.y += HEADING - 8;
}

/** A section that is empty says so, which is not the same as leaving it out. */
export function drawList<T>(
  sheet: Sheet,
  title: string,
  columns: readonly Column<T>[],
  rows: readonly T[],
  nothing: string,
): void {
  drawHeading(sheet, title, Math.max(COMPANY, leastHeight(sheet, columns, rows)));
  if (rows.length > 0) {
    drawTable(sheet, columns, rows);
    return;
  }
  sheet.put(nothing, PAGE.left + 4, sheet.y, WIDTH, { color: INK.faint });
  sheet.y += 14;
}

type Fact = readonly [label: string, value: string | undefined];

const LABEL = 86;
const LEADING = 11;
/** Lines that are kept together below a heading. */
const WHOLE = 8;

/** Facts side by side, as many as there are in a row; what no page holds goes on with the next. */
function drawFacts(sheet: Sheet, rows: readonly (readonly Fact[])[]): void {
  for (const facts of rows) {
    const width = WIDTH / facts.length;
    const cells = facts.map(([label, value], column) => {
      const known = value !== undefined && value !== '';
      const lines = sheet.wrap(known ? value : UNKNOWN, width - LABEL - 8);
      return { x: PAGE.left + 4 + column * width, label, lines, color: known ? INK.text : INK.faint };
    });
    const most = Math.max(...cells.map(({ lines }) => lines.length));
    sheet.need(Math.min(most, WHOLE) * LEADING + 3);
    for (const { x, label } of cells) sheet.put(label, x, sheet.y + 0.5, LABEL, { size: 8, color: INK.faint });
    for (let row = 0; row < most; row++) {
      sheet.need(LEADING);
      for (const { x, lines, color } of cells)
        if (row < lines.length) sheet.put(lines[row] ?? '', x + LABEL, sheet.y, width - LABEL, { color });
      sheet.y += LEADING;
    }
    sheet.y += 3;
  }
}

export function drawPatient(sheet: Sheet, summary: CaseSummary): void {
  const { patient } = summary;
  drawHeading(sheet, 'Patient');
  drawFacts(sheet, [
    [
      ['Name', nameOf(summary)],
      ['MRN', patient.mrn],
    ],
    [
      ['Birth date', patient.birthDate],
      ['Age', ageOf(summary)],
    ],
    [
      ['Sex', patient.sex],
      ['Height / weight', sizeOf(summary)],
    ],
  ]);
}

function sizeOf({ patient }: CaseSummary): string | undefined {
  const { heightCentimeters: height, weightKilograms: weight } = patient;
  if (height === undefined && weight === undefined) return undefined;
  const inches = Math.round((height ?? 0) / 2.54);
  const feet = `${String(Math.floor(inches / 12))} ft ${String(inches % 12)} in`;
  const tall = height === undefined ? UNKNOWN : `${rounded(height)} cm (${feet})`;
  const heavy = weight === undefined ? UNKNOWN : `${rounded(weight)} kg (${rounded(weight / 0.45359237)} lb)`;
  return `${tall} / ${heavy}`;
}

const rounded = (value: number): string => String(Math.round(value * 10) / 10);

export function drawCase(sheet: Sheet, summary: CaseSummary): void {
  const { unit, room } = summary;
  drawHeading(sheet, 'Case');
  drawFacts(sheet, [
    [
      ['Case', summary.caseId],
      ['Status', summary.preliminary === true ? `${summary.status} (this report is preliminary)` : summary.status],
    ],
    [
      ['Patient type', summary.patientType],
      ['Acuity', summary.acuity],
    ],
    [['Chief complaint', summary.chiefComplaint]],
    [
      ['Method of arrival', summary.methodOfArrival],
      ['ETA', sheet.clock.dateTime(summary.eta)],
    ],
    [
      ['Origin', summary.origin],
      ['Destination', summary.destination],
    ],
    [
      ['Unit', unit],
      ['Room', room],
    ],
  ]);
}

export function drawTimeline(sheet: Sheet, { timeline }: CaseSummary): void {
  const first = timeline.find(({ at }) => at !== undefined);
  const columns: readonly Column<TimelineEvent>[] = [
    { title: 'Event', share: 5, wraps: true, text: ({ label }) => label },
    { title: 'Time', share: 3, text: ({ at }) => sheet.clock.dateTime(at) },
    { title: 'Since the first event (h:mm)', share: 4, text: ({ at }) => elapsed(first?.at, at) },
  ];
  drawList(sheet, 'Timeline', columns, timeline, 'No events.');
}

export function drawLabs(sheet: Sheet, { labs }: CaseSummary): void {
  const style = ({ flag }: LabLine) => (isAlarming(flag) ? { bold: true, color: INK.alarm } : {});
  const columns: readonly Column<LabLine>[] = [
    { title: 'Time', share: 2.4, text: ({ at }) => sheet.clock.dateTime(at) },
    { title: 'Test', share: 4.2, wraps: true, text: ({ test }) => test },
    {
      title: 'Result',
      share: 3.4,
      wraps: true,
      text: ({ value, unit }) => [value, unit ?? ''].join(' ').trim(),
      style,
    },
    { title: 'Flag', share: 0.8, wraps: true, text: ({ flag }) => flag, style },
    { title: 'Reference range', share: 2.4, wraps: true, text: ({ referenceRange }) => referenceRange },
  ];
  drawList(sheet, 'Laboratory results', columns, labs, 'No results.');
}

const isAlarming = (flag: string | undefined): boolean => flag !== undefined && flag !== 'N' && flag !== 'NEG';

export function drawScores(sheet: Sheet, { scores }: CaseSummary): void {
  const columns: readonly Column<ScoreLine>[] = [
    { title: 'Time', share: 2.4, text: ({ at }) => sheet.clock.dateTime(at) },
    { title: 'Score', share: 4.2, wraps: true, text: ({ score }) => score },
    { title: 'Value', share: 6.6, wraps: true, text: ({ value }) => value },
  ];
  drawList(sheet, 'Scores and assessments', columns, scores, 'None recorded.');
}

export function drawMessages(sheet: Sheet, { messages }: CaseSummary): void {
  const columns: readonly Column<TeamMessage>[] = [
    { title: 'Time', share: 2.4, text: ({ at }) => sheet.clock.dateTime(at) },
    {
      title: 'From',
      share: 3.4,
      wraps: true,
      text: ({ sender, role }) => (role === undefined ? sender : `${sender}\n${role}`),
    },
    { title: 'Message', share: 7.4, wraps: true, text: ({ text }) => text },
  ];
  drawList(sheet, 'Team messages', columns, messages, 'No messages.');
}

/** Without it a reader cannot tell whether pages are missing. */
export function drawEnd(sheet: Sheet): void {
  sheet.need(34);
  sheet.y += 8;
  sheet.put('End of report', PAGE.left, sheet.y, WIDTH, { size: 8, color: INK.faint, align: 'center' });
  if (sheet.isLossy) {
    const note = 'A question mark stands for each character that the fonts of this document do not have.';
    sheet.put(note, PAGE.left, sheet.y + 11, WIDTH, { size: 8, color: INK.faint, align: 'center' });
  }
}
