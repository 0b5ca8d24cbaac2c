import type { CaseSummary } from './summary.js';
import { MISSING, printable } from './text.js';
import { clockIn, type Clock } from './times.js';

/** Letter, in points. */
export const PAGE = { width: 612, height: 792, left: 40, right: 572, top: 100, bottom: 748 } as const;
export const WIDTH = PAGE.right - PAGE.left;

export const INK = {
  text: '#1a1a1a',
  faint: '#5c6570',
  line: '#c9ced6',
  shade: '#f0f3f7',
  accent: '#123b63',
  alarm: '#a3161b',
} as const;

export interface Style {
  readonly size?: number;
  readonly bold?: boolean;
  readonly color?: string;
  readonly align?: 'left' | 'right' | 'center';
}

const SIZE = 9;
/** No line of the paper has so many letters, whichever they are. */
const MOST_LETTERS = 1000;
const REGULAR = 'Helvetica';
const BOLD = 'Helvetica-Bold';

/** In parts of the font size; no more letters than Windows-1252 has. */
const widths = { regular: new Map<string, number>(), bold: new Map<string, number>() };

/** The paper and the pen: pages that all look alike, and a place on the current one. */
export class Sheet {
  y: number = PAGE.top;
  readonly clock: Clock;
  readonly timeZone: string;
  private hasMissing = false;

  constructor(
    readonly doc: PDFKit.PDFDocument,
    readonly summary: CaseSummary,
    private readonly drawHeader: (sheet: Sheet) => void,
  ) {
    this.timeZone = summary.timeZone ?? 'UTC';
    this.clock = clockIn(this.timeZone);
    this.addPage();
  }

  addPage(): void {
    this.doc.addPage();
    this.drawHeader(this);
    this.y = PAGE.top;
  }

  /** Goes to the next page unless so much room is left on this one. */
  need(height: number): void {
    if (this.y + height > PAGE.bottom) this.addPage();
  }

  /** Characters of the text were replaced that no transliteration has: the document must say what `?` means. */
  get isLossy(): boolean {
    return this.hasMissing;
  }

  printable(text: string): string {
    const printed = printable(text);
    if (!this.hasMissing && count(printed, MISSING) > count(text, MISSING)) this.hasMissing = true;
    return printed;
  }

  /** One line in a box of a width, cut off with an ellipsis where it is too long. */
  put(text: string, x: number, y: number, width: number, style: Style = {}): void {
    const { size = SIZE, bold = false, color = INK.text, align = 'left' } = style;
    const start = text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS)}…` : text;
    const line = this.fit(this.printable(start).replaceAll('\n', ' '), width, style);
    const textWidth = this.widthOf(line, style);
    const spare = align === 'left' ? 0 : align === 'center' ? (width - textWidth) / 2 : width - textWidth;
    this.doc.font(bold ? BOLD : REGULAR).fontSize(size);
    // With these two, pdfkit need not measure what has been measured.
    const measured = { lineBreak: false, textWidth, wordCount: 1 };
    this.doc.fillColor(color).text(line, x + spare, y, measured);
  }

  private fit(line: string, width: number, style: Style): string {
    if (this.fitting(line, width, style) === line.length) return line;
    return `${line.slice(0, this.fitting(line, width, style, '…'))}…`;
  }

  /** How many letters fit into a width, with something behind them. Only so many are looked at: a text may be long. */
  private fitting(line: string, width: number, { size = SIZE, bold = false }: Style, behind = ''): number {
    let used = this.widthOf(behind, { size: 1, bold });
    let count = 0;
    for (const letter of line) {
      used += this.letterWidth(letter, bold);
      if (used * size > width) break;
      count += letter.length;
    }
    return count;
  }

  /** The text in lines no wider than that; words that are wider are broken. */
  wrap(text: string, width: number, style: Style = {}): string[] {
    return this.printable(text)
      .split('\n')
      .flatMap((paragraph) => this.wrapParagraph(paragraph.trim(), width, style));
  }

  private wrapParagraph(paragraph: string, width: number, style: Style): string[] {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(/\s+/).flatMap((each) => this.breakWord(each, width, style))) {
      const longer = line === '' ? word : `${line} ${word}`;
      if (line !== '' && this.widthOf(longer, style) > width) {
        lines.push(line);
        line = word;
      } else line = longer;
    }
    return [...lines, line];
  }

  private breakWord(word: string, width: number, style: Style): string[] {
    const lines: string[] = [];
    let from = 0;
    for (;;) {
      const length = Math.max(this.fitting(word.slice(from), width, style), 1);
      if (from + length >= word.length) return [...lines, word.slice(from)];
      lines.push(word.slice(from, from + length));
      from += length;
    }
  }

  /** Without kerning, which costs most of the time of a page and would move a line by less than a hair. */
  private widthOf(line: string, { size = SIZE, bold = false }: Style): number {
    let width = 0;
    for (const letter of line) width += this.letterWidth(letter, bold);
    return width * size;
  }

  private letterWidth(letter: string, bold: boolean): number {
    const known = bold ? widths.bold : widths.regular;
    let width = known.get(letter);
    if (width === undefined) {
      width = this.doc
        .font(bold ? BOLD : REGULAR)
        .fontSize(1)
        .widthOfString(letter);
      known.set(letter, width);
    }
    return width;
  }

  rule(y: number, color: string = INK.line, width = 0.5): void {
    this.doc.moveTo(PAGE.left, y).lineTo(PAGE.right, y).lineWidth(width).strokeColor(color).stroke();
  }
}

const count = (text: string, part: string): number => text.split(part).length;
