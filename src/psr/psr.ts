import PDFDocument from 'pdfkit';
import { drawFooters, drawHeader, nameOf, TITLE } from './frame.js';
import { drawCase, drawEnd, drawLabs, drawMessages, drawPatient, drawScores, drawTimeline } from './sections.js';
import { Sheet } from './sheet.js';
import type { CaseSummary } from './summary.js';
import { drawVitals } from './vitals.js';

export type { CaseSummary } from './summary.js';

/**
 * The PSR of a case: a PDF of letter size, that a clinician can keep. The same summary gives the same bytes, so that a
 * hash of them tells whether there is anything new.
 */
export async function makePsr(summary: CaseSummary): Promise<Buffer> {
  const doc = new PDFDocument({
    size: 'LETTER',
    // Text is placed by hand; margins would make pdfkit break pages by itself.
    margin: 0,
    autoFirstPage: false,
    bufferPages: true,
    compress: true,
    pdfVersion: '1.7',
    lang: 'en-US',
    displayTitle: true,
    info: infoOf(summary),
  });
  const bytes = collect(doc);
  const sheet = new Sheet(doc, summary, drawHeader);
  drawPatient(sheet, summary);
  drawCase(sheet, summary);
  drawTimeline(sheet, summary);
  drawVitals(sheet, summary);
  drawLabs(sheet, summary);
  drawScores(sheet, summary);
  drawMessages(sheet, summary);
  drawEnd(sheet);
  drawFooters(sheet);
  doc.end();
  return bytes;
}

/** pdfkit makes the id of the file from all of this; without dates of ours it would take the time of day. */
function infoOf(summary: CaseSummary): PDFKit.DocumentInfo {
  const generatedAt = new Date(summary.generatedAt);
  return {
    Title: `${TITLE}: case ${summary.caseId}`,
    Subject: `${nameOf(summary)}, version ${String(summary.version)}`,
    Author: summary.organization,
    Creator: 'Portico',
    Producer: 'Portico',
    CreationDate: generatedAt,
    ModDate: generatedAt,
  };
}

function collect(doc: PDFKit.PDFDocument): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    doc.on('data', (chunk: Buffer) => chunks.push(chunk));
    doc.on('end', () => resolve(Buffer.concat(chunks)));
    doc.on('error', reject);
  });
}
