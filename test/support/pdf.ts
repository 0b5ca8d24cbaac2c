import { inflateSync } from 'node:zlib';

/** A piece of text and where it stands: points from the left and the bottom of the page. */
export interface Piece {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly bold: boolean;
  readonly text: string;
}

/** The pieces of text of each page of a PDF that pdfkit made with the standard fonts. */
export function readPages(pdf: Buffer): Piece[][] {
  const source = pdf.toString('latin1');
  const streams = [...source.matchAll(/\/Filter \/FlateDecode\n>>\nstream\n/g)].map(({ index, 0: head }) => {
    const start = index + head.length;
    return inflateSync(pdf.subarray(start, source.indexOf('\nendstream', start))).toString('latin1');
  });
  return streams.filter((stream) => stream.includes('\nBT\n')).map(readPieces);
}

/** Windows-1252, which is what the standard fonts are written in. */
const decoder = new TextDecoder('windows-1252');

function readPieces(stream: string): Piece[] {
  return [...stream.matchAll(/\nBT\n([^]*?)\nET\n/g)].map(([, block = '']) => {
    const [, x, y] = /1 0 0 1 ([\d.-]+) ([\d.-]+) Tm/.exec(block) ?? [];
    const [, font, size] = /\/(F\d+) ([\d.]+) Tf/.exec(block) ?? [];
    const hex = [...block.matchAll(/<([0-9a-f]*)>/g)].map(([, digits]) => digits).join('');
    const text = decoder.decode(Buffer.from(hex, 'hex'));
    return { x: Number(x), y: Number(y), size: Number(size), bold: font === 'F2', text };
  });
}

export const textOf = (pages: readonly Piece[][]): string =>
  pages.map((page) => page.map((piece) => piece.text).join('\n')).join('\n');
