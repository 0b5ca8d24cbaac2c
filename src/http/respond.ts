import type { Context } from 'koa';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { corsHeaders } from './cors.js';
import type { FhirResponse } from './fhir-request.js';
import type { Format } from './negotiate.js';
import { pretty } from './pretty.js';
import type { Handled } from './request-log.js';
import { endOfTurn } from './turn.js';

/** Below this, compressing costs more than it saves. */
const GZIP_BYTES = 1400;
const compress = promisify(gzip);

const JSON_TYPE = 'application/fhir+json; charset=utf-8';
const XML_TYPE = 'application/fhir+xml; charset=utf-8';

/**
 * Writes headers and body at once: Koa's own way sets each header by itself, which costs more.
 * What is sent is somebody's health, so nothing keeps it.
 */
export async function respond(ctx: Context, response: FhirResponse, format: Format, handled: Handled): Promise<void> {
  const { status, headers, body } = response;
  const { req, res } = ctx;
  const sent = ['X-Content-Type-Options', 'nosniff', 'X-Request-Id', handled.requestId];
  sent.push('Vary', 'Accept, Accept-Encoding, Authorization, Origin');
  if (headers?.['Cache-Control'] === undefined) sent.push('Cache-Control', 'no-store');
  if (handled.limit) sent.push(...handled.limit);
  if (headers) for (const name in headers) sent.push(name, headers[name] as string);
  if (req.headers.origin !== undefined)
    for (const [name, value] of Object.entries(corsHeaders(handled.access, req.headers.origin))) sent.push(name, value);
  let bytes: string | Buffer = '';
  if (typeof body === 'string') {
    sent.push('Content-Type', format.isXml ? XML_TYPE : JSON_TYPE);
    // A browser shows XML, and the XHTML in it as a page: nothing in it may run.
    if (format.isXml) sent.push('Content-Security-Policy', "default-src 'none'; sandbox");
    bytes = format.pretty && !format.isXml ? pretty(body) : body;
    if (bytes.length >= GZIP_BYTES && acceptsGzip(req.headers['accept-encoding'])) {
      bytes = await compress(bytes);
      sent.push('Content-Encoding', 'gzip');
    }
  } else if (body !== undefined) {
    sent.push('Content-Type', body.contentType);
    bytes = body.bytes;
  }
  const length = Buffer.byteLength(bytes);
  if (status !== 204 && status !== 304) sent.push('Content-Length', String(length));
  ctx.respond = false;
  res.writeHead(status, sent);
  // As many bytes as characters is ASCII, which Node writes without encoding it.
  const encoding = length === bytes.length ? 'latin1' : 'utf8';
  endOfTurn(() => (req.method === 'HEAD' ? res.end() : res.end(bytes, encoding)));
}

const acceptsGzip = (encodings: string | string[] | undefined): boolean =>
  encodings !== undefined && /(^|[,\s])gzip(?!\s*;\s*q=0(\.0+)?($|[,\s]))/i.test(String(encodings));
