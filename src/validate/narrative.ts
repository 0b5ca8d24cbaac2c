/**
 * The XHTML of a narrative: https://hl7.org/fhir/R4/narrative.html#xhtml. What a browser would run is refused, and not
 * taken out: the server does not rewrite what was sent.
 */
const elements: ReadonlySet<string> = new Set(
  (
    'a abbr acronym b big blockquote br caption cite code col colgroup dd del dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i ' +
    'img ins kbd li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt u ul var'
  ).split(' '),
);

const attributes: ReadonlySet<string> = new Set(
  (
    'abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char charoff charset ' +
    'cite class colspan compact coords dir frame headers height href hreflang hspace id lang longdesc name nowrap rel ' +
    'rev rowspan rules scope shape span src start style summary tabindex title type valign value vspace width xmlns ' +
    'xml:lang xml:space'
  ).split(' '),
);

const token = /<!--[^]*?-->|<(\/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|[^<]+|</y;
const attribute = /([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
/** In a link, or in a style of an old browser. */
const scripts = /^(javascript|vbscript):|:expression\(|url\(['"]?javascript:/;
const XMLNS = 'http://www.w3.org/1999/xhtml';

/** What no text of XML holds as it is (https://www.w3.org/TR/xml/#syntax), and no value of an attribute. */
const stray = /&(?!(#\d+|#x[\da-fA-F]+|\w+);)|\]\]>/;
/** Characters that XML does not have, as they are or by their numbers. */
const unsayable =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|&#(0*([0-8]|1[124-9]|2\d|3[01])|x0*([0-8bcef]|1[\da-f]|fff[ef]|d[89a-f]..));/i;

/** What is wrong with it; undefined where nothing is. */
export function narrativeFault(div: string): string | undefined {
  if (unsayable.test(div) || !div.isWellFormed()) return 'holds characters that XML does not have';
  const open: string[] = [];
  let hasContent = false;
  let roots = 0;
  token.lastIndex = 0;
  const end = div.trimEnd().length;
  while (token.lastIndex < end) {
    const match = token.exec(div);
    if (!match) return 'is not well-formed';
    const [whole, closing, name, rest, empty] = match;
    if (name === undefined) {
      const isComment = whole.startsWith('<!--');
      if (isComment ? /--/.test(whole.slice(4, -3).concat('-')) : whole === '<' || stray.test(whole))
        return 'is not well-formed';
      if (isComment || /\S/.test(whole)) {
        if (open.length === 0) return 'is not one div';
        if (!isComment) hasContent = true;
      }
      continue;
    }
    if (closing === '/') {
      if (open.pop() !== name || rest !== '') return 'is not well-formed';
      continue;
    }
    const fault = tagFault(name, rest ?? '', open.length === 0);
    if (fault !== undefined) return fault;
    if (open.length === 0 && ++roots > 1) return 'is not one div';
    if (name === 'img') hasContent = true;
    if (empty !== '/') open.push(name);
  }
  if (open.length > 0 || roots === 0) return 'is not well-formed';
  return hasContent ? undefined : 'has no content';
}

function tagFault(name: string, rest: string, isRoot: boolean): string | undefined {
  if (isRoot && name !== 'div') return 'is not one div';
  if (!elements.has(name)) return 'has an element that a narrative must not have';
  const seen = new Set<string>();
  for (const [, attributeName = '', double, simple] of rest.matchAll(attribute)) {
    if (!attributes.has(attributeName)) return 'has an attribute that a narrative must not have';
    const text = double ?? simple ?? '';
    if (seen.has(attributeName) || stray.test(text.replace(']]>', ''))) return 'is not well-formed';
    seen.add(attributeName);
    const value = text.replace(/\s/g, '').toLowerCase();
    if (attributeName === 'xmlns' && value !== XMLNS) return 'is not XHTML';
    if (scripts.test(decoded(value))) return 'has a link that runs a script';
  }
  return isRoot && !/\sxmlns\s*=/.test(rest) ? 'is not XHTML: the div needs its namespace' : undefined;
}

/** Characters by number, as a browser reads them. */
const decoded = (text: string): string =>
  text
    .replace(/&#(x?)([\da-f]+);/g, (_, hex: string, code: string) =>
      String.fromCodePoint(Math.min(parseInt(code, hex === '' ? 10 : 16) || 0, 0x10ffff)),
    )
    .replace(/[\s\u0000]/g, '');
