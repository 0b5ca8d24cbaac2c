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
    const line = this.fit(this.printable(text).replaceAll('\n', ' '), width, style);
    const textWidth = this.widthOf(line, style);
    const spare = align === 'left' ? 0 : align === 'center' ? (width - textWidth) / 2 : width - textWidth;
    this.doc.font(bold ? BOLD : REGULAR).fontSize(size);
    // With these two, pdfkit need not measure what has been measured.
    const measured = { lineBreak: false, textWidth, wordCount: 1 };
    this.doc.fillColor(color).text(line, x + spare, y, measured);
  }

  private fit(line: string, width: number, style: Style): string {
    if (this.widthOf(line, style) <= width) return line;
    let cut = line;
    while (cut !== '' && this.widthOf(`${cut}…`, style) > width) cut = cut.slice(0, -1);
    return `${cut}…`;
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
    let rest = word;
    while (this.widthOf(rest, style) > width && rest.length > 1) {
      let length = rest.length - 1;
      while (length > 1 && this.widthOf(rest.slice(0, length), style) > width) length--;
      lines.push(rest.slice(0, length));
      rest = rest.slice(length);
    }
    return [...lines, rest];
  }

  /** Without kerning, which costs most of the time of a page and would move a line by less than a hair. */
  private widthOf(line: string, { size = SIZE, bold = false }: Style): number {
    const known = bold ? widths.bold : widths.regular;
    let width = 0;
    for (const letter of line) {
      let one = known.get(letter);
      if (one === undefined) {
        one = this.doc
          .font(bold ? BOLD : REGULAR)
          .fontSize(1)
          .widthOfString(letter);
        known.set(letter, one);
      }
      width += one;
    }
    return width * size;
  }

  rule(y: number, color: string = INK.line, width = 0.5): void {
    this.doc.moveTo(PAGE.left, y).lineTo(PAGE.right, y).lineWidth(width).strokeColor(color).stroke();
  }
}

const count = (text: string, part: string): number => text.split(part).length;
