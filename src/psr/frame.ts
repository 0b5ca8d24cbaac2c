import { INK, PAGE, WIDTH, type Sheet } from './sheet.js';
import type { CaseSummary } from './summary.js';
import { ageOn } from './times.js';

export const TITLE = 'Pulsara Summary Report';
export const UNKNOWN = 'Unknown';

/** Heads every page: a sheet that got lost must still say whose it is. */
export function drawHeader(sheet: Sheet): void {
  const { summary } = sheet;
  sheet.put(summary.organization, PAGE.left, 34, WIDTH / 2, { size: 12, bold: true, color: INK.accent });
  sheet.put(TITLE, PAGE.left + WIDTH / 2, 34, WIDTH / 2, { size: 12, color: INK.accent, align: 'right' });
  sheet.rule(51, INK.accent, 1.2);

  sheet.doc.rect(PAGE.left, 57, WIDTH, 33).fill(INK.shade);
  const right = PAGE.right - 170;
  sheet.put(nameOf(summary), PAGE.left + 8, 62, right - PAGE.left - 16, { size: 11, bold: true });
  sheet.put(bannerOf(summary), PAGE.left + 8, 77, right - PAGE.left - 16, { size: 8.5, color: INK.faint });
  sheet.put(`MRN ${summary.patient.mrn ?? UNKNOWN}`, right, 62, 162, { bold: true, align: 'right' });
  sheet.put(`Case ${summary.caseId}`, right, 77, 162, { size: 8.5, color: INK.faint, align: 'right' });
}

export const nameOf = ({ patient }: CaseSummary): string => patient.name ?? 'Unknown patient';

export function ageOf({ patient, generatedAt }: CaseSummary): string | undefined {
  return patient.age ?? ageOn(patient.birthDate, generatedAt);
}

function bannerOf(summary: CaseSummary): string {
  const { birthDate, sex } = summary.patient;
  const age = ageOf(summary);
  const born = birthDate === undefined ? 'Birth date unknown' : `Born ${birthDate}`;
  return [born, age === undefined ? 'age unknown' : age, `sex ${(sex ?? UNKNOWN).toLowerCase()}`, summary.patientType]
    .filter((part) => part !== undefined)
    .join('  ·  ');
}

/** The pages are numbered when all of them are known. */
export function drawFooters(sheet: Sheet): void {
  const { doc, summary, timeZone } = sheet;
  const pages = doc.bufferedPageRange().count;
  const made = `Generated ${sheet.clock.dateTime(summary.generatedAt) ?? UNKNOWN}, version ${String(summary.version)}${
    summary.preliminary === true ? ', preliminary' : ''
  }. All times in ${timeZone}.`;
  for (let page = 0; page < pages; page++) {
    doc.switchToPage(page);
    sheet.rule(PAGE.bottom + 6);
    const y = PAGE.bottom + 11;
    sheet.put(made, PAGE.left, y, WIDTH - 150, { size: 7.5, color: INK.faint });
    sheet.put('Confidential patient information', PAGE.left, y + 10, WIDTH - 150, { size: 7.5, color: INK.faint });
    const number = `Page ${String(page + 1)} of ${String(pages)}`;
    sheet.put(number, PAGE.right - 140, y, 140, { size: 8, color: INK.faint, align: 'right' });
  }
}
