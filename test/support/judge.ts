import assert from 'node:assert/strict';
import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { NO_PROFILES, isValid, validateApart } from '../../src/validate/structure.js';
import { fromXml } from '../../src/xml/from-xml.js';

/** An answer of the FHIR API as it came over the wire, unzipped. */
export interface Heard {
  readonly method: string;
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

/**
 * What holds for every answer of the FHIR API: the right type, valid R4, no stack trace. Returns the body: a resource,
 * or the bytes of another type, or undefined where there is none.
 */
export function judge({ method, status, headers, bytes }: Heard): unknown {
  const type = headers.get('content-type') ?? '';
  const text = bytes.toString('utf8');
  assert.ok(headers.get('x-request-id'), 'every answer has a request id');
  if (method === 'HEAD' || status === 204 || status === 304) {
    assert.equal(text, '', `${String(status)} has no body`);
    return undefined;
  }
  if (status >= 400) assert.match(type, /^application\/fhir\+(json|xml); charset=utf-8$/, text);
  assert.doesNotMatch(text.slice(0, 10_000), /\bat .+\(.+:\d+:\d+\)|node_modules/, 'no stack trace');
  const isXml = type.startsWith('application/fhir+xml');
  if (!isXml && !type.startsWith('application/fhir+json')) return bytes;
  const body: unknown = JSON.parse(isXml ? fromXml(text, 1_000_000) : text);
  const { base, profile } = validateApart(body, NO_PROFILES);
  // What is left out of a part is not missing.
  const issues = text.includes('"code":"SUBSETTED"') ? base : [...base, ...profile];
  assert.ok(
    isValid(issues),
    `the answer is not valid R4: ${JSON.stringify(issues.filter((each) => each.severity === 'error').slice(0, 3))}`,
  );
  assert.doesNotMatch(text, /:(null|""|\[\]|\{\})[,}]/, 'no null, and nothing empty');
  if (status >= 400) assert.equal((body as { resourceType: string }).resourceType, 'OperationOutcome');
  return body;
}

export interface Eavesdropper {
  readonly url: string;
  /** What was asked, as `GET /fhir/R4/...`, since this was last called. Throws when an answer was found wanting. */
  heard(): string[];
  forwardTo(port: number): void;
  stop(): void;
}

/**
 * Sits between a foreign client and the server, and judges every answer that goes by: also those that a client asks
 * for by itself, and those whose bodies it keeps to itself.
 */
export async function eavesdrop(): Promise<Eavesdropper> {
  let asked: string[] = [];
  let faults: unknown[] = [];
  let port = 0;
  const server = createServer((request, response) => {
    const { method = 'GET', url = '', headers } = request;
    asked.push(`${method} ${url}`);
    const upstream = send({ port, method, path: url, headers }, (answer) => {
      void forward(answer, response, method, url).catch((fault: unknown) => faults.push(fault));
    });
    upstream.on('error', (error) => response.destroy(error));
    request.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return {
    url: `http://localhost:${String((server.address() as AddressInfo).port)}`,
    heard: () => {
      const [fault] = faults;
      const since = asked;
      faults = [];
      asked = [];
      if (fault !== undefined) throw fault as Error;
      return since;
    },
    forwardTo: (to) => (port = to),
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function forward(answer: IncomingMessage, response: ServerResponse, method: string, url: string): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  const sent = Buffer.concat(chunks);
  const { statusCode: status = 0, rawHeaders } = answer;
  response.writeHead(status, rawHeaders).end(sent);
  if (!url.startsWith('/fhir/R4')) return;
  const headers = new Headers(answer.headers as Record<string, string>);
  const bytes = headers.get('content-encoding') === 'gzip' ? gunzipSync(sent) : sent;
  judge({ method, status, headers, bytes });
}
