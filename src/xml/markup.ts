import type { SaxesTagNS } from 'saxes';
import { attribute, content } from './escape.js';
import { XHTML } from './shape.js';

const XMLNS = 'http://www.w3.org/2000/xmlns/';

/**
 * A div as it goes by, for JSON, where it is a string with its own namespace and without prefixes. What is written so
 * already is kept character for character.
 */
export class Markup {
  #depth = 0;
  #isExact = true;
  #text = '';
  #start = 0;

  constructor(private readonly source: string) {}

  /** `end` is where the tag ends. Returns what is wrong with it. */
  open({ local, uri, prefix, attributes, isSelfClosing }: SaxesTagNS, end: number): string | undefined {
    if (uri !== XHTML) return 'has an element that is not XHTML';
    if (prefix !== '') this.#isExact = false;
    if (this.#depth++ === 0) {
      this.#start = this.source.lastIndexOf('<', end - 1);
      if (attributes['xmlns'] === undefined) this.#isExact = false;
    }
    let said = this.#depth === 1 ? ` xmlns="${XHTML}"` : '';
    for (const { uri: space, prefix: before, local: name, value } of Object.values(attributes)) {
      if (space === XMLNS) continue;
      if (before !== '' && before !== 'xml') return 'has an attribute that is not XHTML';
      said += ` ${before === '' ? '' : 'xml:'}${name}="${attribute(value)}"`;
    }
    this.#text += `<${local}${said}${isSelfClosing ? '/' : ''}>`;
    return undefined;
  }

  characters(text: string): void {
    this.#text += content(text);
  }

  /** JSON has no sections, and a browser would take them for comments. */
  section(text: string): void {
    this.#isExact = false;
    this.characters(text);
  }

  comment(text: string): void {
    this.#text += `<!--${text}-->`;
  }

  /** The whole, where it ends with this tag. */
  close({ local, isSelfClosing }: SaxesTagNS, end: number): string | undefined {
    if (!isSelfClosing) this.#text += `</${local}>`;
    if (--this.#depth > 0) return undefined;
    if (!this.#isExact) return this.#text;
    return this.source.slice(this.#start, end).replace(/&#(?:13|x0*[dD]);/g, '\r');
  }
}
