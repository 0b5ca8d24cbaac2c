import type { IncomingMessage } from 'node:http';

/** Why a body could not be read; each API says it in its own words. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
  constructor(
    readonly reason: 'type' | 'size' | 'encoding',
    text: string,
  ) {
    super(text);
  }
}

const FORM = 'application/x-www-form-urlencoded';

/** The fields of a form, in order. At most `limit` bytes are read. */
export async function readForm(request: IncomingMessage, limit: number): Promise<[name: string, value: string][]> {
  if (mediaType(request) !== FORM) throw new BodyError('type', `The body must be ${FORM}`);
  checkEncoding(request);
  const text = await readText(request, limit);
  return [...new URLSearchParams(text)];
}

/** Whether there is no body at all: https://www.rfc-editor.org/rfc/rfc9112#section-6.3 */
export const isEmpty = ({ headers }: IncomingMessage): boolean =>
  (headers['content-length'] ?? '0') === '0' && headers['transfer-encoding'] === undefined;

/** The media type without its parameters, in lower case; empty where there is none. */
export const mediaType = ({ headers }: IncomingMessage): string =>
  (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';

/** A text is UTF-8, and nothing is compressed: what it unpacks to has no limit. */
export function checkEncoding({ headers }: IncomingMessage): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8')
    throw new BodyError('encoding', 'The body must be in UTF-8');
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw new BodyError('encoding', 'The body must not be compressed');
}

export async function readText(request: IncomingMessage, limit: number): Promise<string> {
  return (await readBytes(request, limit)).toString('utf8');
}

export async function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  const chunks: Buffer[] = [];
  let size = 0;
  // Left early, the usual iterator closes the connection, and the client never learns why.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}

const tooLarge = (limit: number): BodyError => new BodyError('size', `The body is larger than ${String(limit)} bytes`);
