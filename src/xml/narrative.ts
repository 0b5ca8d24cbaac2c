import { SaxesParser } from 'saxes';
import { numbered } from './entities.js';
import { content, sayable } from './escape.js';
import { XHTML } from './shape.js';

/**
 * The div of a narrative for XML, character for character: only what XML has no name for stands there by its number. What
 * is no XHTML at all, which only rows that others write can hold, is shown as the text that it is.
 */
export function narrativeToXml(div: string): string {
  const markup = sayable(numbered(div)).trim().replace(/\r/g, '&#13;');
  return isXhtml(markup) ? markup : `<div xmlns="${XHTML}">${content(div)}</div>`;
}

/** The narrative comes from a row, and must not end the element that it stands in. */
function isXhtml(markup: string): boolean {
  let depth = 0;
  let isDiv = true;
  const parser = new SaxesParser({ xmlns: true, position: false });
  const refuse = (): never => {
    throw new NoXhtml();
  };
  parser.on('error', refuse);
  parser.on('doctype', refuse);
  parser.on('xmldecl', refuse);
  parser.on('processinginstruction', refuse);
  parser.on('opentag', ({ local, uri }) => {
    if (depth++ === 0) isDiv = local === 'div' && uri === XHTML;
  });
  try {
    parser.write(markup).close();
  } catch (error) {
    if (error instanceof NoXhtml) return false;
    throw error;
  }
  return isDiv;
}

class NoXhtml extends Error {}
