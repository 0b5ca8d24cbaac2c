import { SaxesParser, type SaxesTagNS, type XMLDecl } from 'saxes';
import { setImmediate } from 'node:timers/promises';
import { OutcomeError } from '../outcome.js';
import { Reader, type Fail } from './reader.js';

/**
 * The JSON text that a client would have sent for a resource in XML, with its decimals as they are written:
 * https://hl7.org/fhir/R4/xml.html. The parser knows no entities but the five of XML, and reads nothing from elsewhere;
 * what declares any is refused. `most` elements are read at the most. Errors: 400 `invalid-xml`, 413 `too-long`.
 */
export function fromXml(sent: Buffer | string, most: number): string {
  const { source, parser, reader } = opened(sent, most);
  parser.write(source).close();
  return written(reader.resource);
}

/** What the parser reads before others have their turn: a few milliseconds. */
const PORTION = 128 * 1024;

/** The same, for a server that others ask too: the bytes of a document may be 32 MiB. */
export async function fromXmlInTurns(sent: Buffer, most: number): Promise<string> {
  const { source, parser, reader } = opened(sent, most);
  for (let at = 0; at < source.length; at += PORTION) {
    if (at > 0) await setImmediate();
    parser.write(source.slice(at, at + PORTION));
  }
  parser.close();
  return written(reader.resource);
}

interface Opened {
  readonly source: string;
  readonly parser: SaxesParser<{ xmlns: true }>;
  readonly reader: Reader;
}

function opened(sent: Buffer | string, most: number): Opened {
  const text = typeof sent === 'string' ? sent.replace(/^\ufeff/, '') : decoded(sent);
  // https://www.w3.org/TR/xml/#sec-line-ends
  const source = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  const parser = new SaxesParser({ xmlns: true });
  const fail: Fail = (what, path) => {
    throw invalid(`Line ${String(parser.line)}: ${what}`, path);
  };
  const reader = new Reader({
    ...{ source, most, fail },
    begin: () => checkDeclaration(parser.xmlDecl, fail),
    position: () => parser.position,
  });
  parser.on('error', () => fail('This is not well-formed XML', reader.path));
  parser.on('doctype', () => fail('There must be no document type declaration'));
  parser.on('processinginstruction', () => fail('There must be no processing instruction'));
  parser.on('opentag', (tag: SaxesTagNS) => reader.open(tag));
  parser.on('closetag', (tag: SaxesTagNS) => reader.close(tag));
  parser.on('text', (characters) => reader.characters(characters));
  // A parser with a seventh handler is three times as slow: V8 keeps its properties in a table then.
  if (source.includes('<![CDATA[')) parser.on('cdata', (characters) => reader.section(characters));
  if (source.includes('<!--')) parser.on('comment', (comment) => reader.comment(comment));
  return { source, parser, reader };
}

/** Bytes that are no UTF-8 would be read as something else than was sent. */
function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new OutcomeError(400, 'invalid-xml', 'The body is not in UTF-8', { cause });
  }
}

function checkDeclaration({ version = '1.0', encoding = 'UTF-8' }: XMLDecl, fail: Fail): void {
  if (version !== '1.0') fail('The body must be XML 1.0');
  if (encoding.toLowerCase() !== 'utf-8') fail('The body must be in UTF-8, and say so');
}

/** Numbers are written as they were read: nothing else begins with their mark. */
const written = (resource: unknown): string => JSON.stringify(resource).replace(/"\\u0000([^"]*)"/g, '$1');

const invalid = (text: string, path: string | undefined): OutcomeError =>
  new OutcomeError(400, 'invalid-xml', text, path === undefined ? {} : { expression: [path] });
