import assert from 'node:assert/strict';
import PDFDocument from 'pdfkit';
import { makePsr, type CaseSummary } from '../../src/psr/psr.js';
import { printable } from '../../src/psr/text.js';
import { readPages, textOf, type Piece } from '../support/pdf.js';

const at = (minutes: number): string => new Date(Date.UTC(2026, 2, 14, 14, 40 + minutes)).toISOString();

const empty: CaseSummary = {
  caseId: 'ch-0001',
  organization: 'Sample Hospital',
  status: 'Active',
  preliminary: true,
  generatedAt: at(60),
  version: 1,
  patient: {},
  timeline: [],
  vitals: [],
  labs: [],
  scores: [],
  messages: [],
};

const full: CaseSummary = {
  ...empty,
  status: 'Stopped',
  preliminary: false,
  version: 3,
  timeZone: 'America/Chicago',
  patient: {
    name: 'Sample, Patient',
    birthDate: '1950-01-02',
    sex: 'Female',
    mrn: '4410207',
    heightCentimeters: 170,
    weightKilograms: 70.5,
  },
  patientType: 'Stroke',
  chiefComplaint: 'Weakness of the right arm',
  acuity: 'Critical',
  methodOfArrival: 'Inbound EMS',
  timeline: [{ label: 'First contact', at: at(0) }, { label: 'Last known well' }, { label: 'Door time', at: at(65) }],
  vitals: Array.from({ length: 40 }, (_, index) => ({
    at: at(index * 5),
    heartRate: 80 + index,
    systolic: 180 - index,
    diastolic: 100,
    oxygenSaturation: 95,
    temperatureCelsius: 37,
  })),
  labs: [{ at: at(9), test: 'Troponin I', value: '1234.5', unit: 'ng/L', referenceRange: '0 - 14', flag: 'HH' }],
  scores: [{ at: at(9), score: 'NIH Stroke Scale', value: '14' }],
  messages: Array.from({ length: 30 }, (_, index) => ({
    at: at(index),
    sender: 'A. Sample',
    role: 'Paramedic',
    text: `Message ${String(index + 1)}. ${'Many words follow here. '.repeat(index)}`,
  })),
};

const read = async (summary: CaseSummary): Promise<Piece[][]> => readPages(await makePsr(summary));

/** Pieces that are printed over others or beyond the margins. */
function collisions(pages: readonly Piece[][]): string[] {
  const doc = new PDFDocument();
  const found: string[] = [];
  for (const page of pages) {
    const boxes = page.map((piece) => {
      const font = piece.bold ? 'Helvetica-Bold' : 'Helvetica';
      return { ...piece, end: piece.x + doc.font(font).fontSize(piece.size).widthOfString(piece.text) };
    });
    for (const [index, one] of boxes.entries()) {
      if (one.x < 20 || one.end > 592 || one.y < 15 || one.y > 780) found.push(`beyond: ${one.text}`);
      for (const other of boxes.slice(index + 1))
        if (Math.abs(one.y - other.y) < 5 && one.x < other.end - 0.5 && other.x < one.end - 0.5)
          found.push(`${one.text} / ${other.text}`);
    }
  }
  return found;
}

describe('psr', () => {
  it('is a PDF with a title, a language and an author', async () => {
    const text = (await makePsr(full)).toString('latin1');
    assert.match(text, /^%PDF-1\.7/);
    assert.match(text, /%%EOF\s*$/);
    for (const part of ['(Pulsara Summary Report: case ch-0001)', '/Lang (en-US)', '(Sample Hospital)'])
      assert.ok(text.includes(part), part);
  });

  it('is the same bytes for the same summary, and others for another', async () => {
    const [first, second] = [await makePsr(full), await makePsr(structuredClone(full))];
    assert.ok(first.equals(second));
    assert.ok(!first.equals(await makePsr({ ...full, version: 4 })));
  });

  it('says who the patient is, and what was measured, done and said', async () => {
    const text = textOf(await read(full));
    for (const part of [
      ...['Sample, Patient', '1950-01-02', '76 years', 'Female', '4410207', '170 cm (5 ft 7 in) / 70.5 kg (155.4 lb)'],
      ...['Stroke', 'Weakness of the right arm', 'Critical', 'Inbound EMS', 'Stopped'],
      // 14:40 UTC, in Chicago in March.
      ...['First contact', '2026-03-14 09:40', 'Last known well', '+1:05'],
      ...['180/100', '37.0 (98.6)', '1234.5 ng/L', 'HH', 'NIH Stroke Scale', 'Course of the vital signs'],
      ...['Heart rate (/min)', 'A. Sample', 'Paramedic', 'End of report', 'Time of day (America/Chicago)'],
    ])
      assert.ok(text.includes(part), part);
    for (const { text: message } of full.messages) assert.ok(text.includes(message.slice(0, 11).trim()), message);
  });

  it('names the patient and the case, and counts the pages, on every page', async () => {
    const pages = await read(full);
    assert.ok(pages.length > 2);
    for (const [index, page] of pages.entries()) {
      const texts = page.map((piece) => piece.text);
      for (const part of ['Sample, Patient', 'MRN 4410207', 'Case ch-0001', 'Confidential patient information'])
        assert.ok(texts.includes(part), `${part} on page ${String(index + 1)}`);
      assert.ok(texts.includes(`Page ${String(index + 1)} of ${String(pages.length)}`));
    }
  });

  it('prints nothing over anything, whatever is long', async () => {
    const long = 'Wolfeschlegelsteinhausenbergerdorff '.repeat(4);
    const longest: CaseSummary = {
      ...full,
      organization: long,
      chiefComplaint: long.repeat(4),
      patient: { ...full.patient, name: long, mrn: '0123456789'.repeat(6) },
      timeline: [{ label: long, at: at(1) }],
      labs: [{ at: at(1), test: long, value: long, unit: 'mmol/L', referenceRange: long, flag: 'HIGHEST' }],
      messages: [{ at: at(1), sender: long.replaceAll(' ', ''), role: long, text: `${long.repeat(60)}\n\nend` }],
    };
    for (const summary of [empty, full, longest]) assert.deepEqual(collisions(await read(summary)), []);
  });

  it('prints all of what is long, on as many pages as it takes', async () => {
    const words = Array.from({ length: 1000 }, (_, index) => `w${String(index)}e`);
    const word = Array.from({ length: 1500 }, (_, index) => `c${String(index)}o`).join('');
    const range = Array.from({ length: 40 }, (_, index) => `r${String(index)}a`);
    const longest: CaseSummary = {
      ...full,
      chiefComplaint: words.join(' '),
      origin: word,
      timeline: Array.from({ length: 100 }, (_, index) => ({
        label: `${range.join(' ')} t${String(index)}l`,
        at: at(index),
      })),
      labs: [{ at: at(1), test: range.join(' '), value: word, referenceRange: range.join(' '), flag: range.join(' ') }],
      scores: [{ at: at(1), score: range.join(' '), value: '1' }],
      messages: Array.from({ length: 200 }, (_, index) => ({
        at: at(index),
        sender: word.slice(0, 300),
        text: `m${String(index)}e ${word.slice(0, 400)}`,
      })),
    };
    const pages = await read(longest);
    assert.deepEqual(collisions(pages), []);
    const text = pages.map((page) => page.map((piece) => piece.text).join(' ')).join(' ');
    for (const each of words) assert.ok(text.includes(each), each);
    for (const each of range) assert.ok(text.split(`${each} `).length > 100 + 4, each);
    for (let index = 0; index < 200; index++) assert.ok(text.includes(`m${String(index)}e `));
    assert.doesNotMatch(text, /…/);
    for (const page of pages) for (const { y, text: line } of page) assert.ok(y > 15, line);
  });

  it('leaves no head of a table behind on a page without a row', async () => {
    for (let count = 1; count <= full.vitals.length; count++) {
      const pages = await read({ ...full, vitals: full.vitals.slice(0, count) });
      for (const page of pages) {
        const body = page.filter(({ y }) => y > 50).sort((a, b) => a.y - b.y);
        const lowest = body.filter(({ y }) => y < body[0]!.y + 1).map((piece) => piece.text);
        assert.ok(!lowest.includes('Message') && !lowest.includes('Team messages'), `${String(count)} sets of vitals`);
      }
    }
  });

  it('says of what is not known that it is not', async () => {
    const text = textOf(await read(empty));
    for (const part of ['Unknown patient', 'MRN Unknown', 'Birth date unknown', 'No events.', 'None recorded.'])
      assert.ok(text.includes(part), part);
    for (const part of ['No results.', 'No messages.', 'Active (this report is preliminary)', 'preliminary', 'UTC'])
      assert.ok(text.includes(part), part);
    assert.ok(!text.includes('Course of the vital signs'), 'no chart without values');
    assert.doesNotMatch(text, /undefined|NaN|null|Invalid/);
  });

  it('draws a chart from two times on, and none from one', async () => {
    const [one, two] = await Promise.all([1, 2].map((n) => read({ ...full, vitals: full.vitals.slice(0, n) })));
    assert.ok(!textOf(one!).includes('Course of the vital signs'));
    assert.ok(textOf(two!).includes('Course of the vital signs'));
  });

  it('transliterates what its fonts do not have, and marks what it cannot', async () => {
    assert.equal(printable('Zoë Müller-Ångström'), 'Zoë Müller-Ångström');
    assert.equal(printable('Ольга Иванова'), 'Olga Ivanova');
    assert.equal(printable('Łukasz Dvořák Ngô Thị'), 'Lukasz Dvorák Ngô Thi');
    assert.equal(printable('Γιώργος'), 'Giorgos');
    assert.equal(printable('5 μg ≥ 3'), '5 µg >= 3');
    const foreign = { ...empty, patient: { name: 'محمد שרה 漢字', mrn: '1' } };
    const text = textOf(await read(foreign));
    assert.match(text, /\?{4} \?{3} \?{2}/);
    assert.match(text, /A question mark stands for each character/);
    assert.doesNotMatch(textOf(await read(full)), /A question mark stands/);
  });
});
