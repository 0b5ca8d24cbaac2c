import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { OutcomeError } from '../outcome.js';
import { outcomeOf } from './operation-outcome.js';

/** What node refuses before there is a request: headers that are too long, or bytes that are not HTTP. */
export function clientError(base: string): (error: Error, socket: Duplex) => void {
  return (error, socket) => {
    const { code } = error as { code?: string };
    const { _httpMessage: answer } = socket as { _httpMessage?: ServerResponse };
    if (code === 'ECONNRESET' || !socket.writable || answer?.headersSent) {
      socket.destroy();
      return;
    }
    const [status, outcome] = refusalOf(code);
    const body = outcomeOf(outcome, base);
    socket.end(
      [
        `HTTP/1.1 ${status}`,
        'Content-Type: application/fhir+json; charset=utf-8',
        `Content-Length: ${String(Buffer.byteLength(body))}`,
        'Cache-Control: no-store',
        'Connection: close',
        '',
        body,
      ].join('\r\n'),
    );
  };
}

function refusalOf(code: string | undefined): [status: string, outcome: OutcomeError] {
  if (code === 'HPE_HEADER_OVERFLOW')
    return [
      '431 Request Header Fields Too Large',
      new OutcomeError(431, 'too-long', 'The URL and the headers are longer than 16 kB'),
    ];
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return ['408 Request Timeout', new OutcomeError(408, 'unavailable', 'The request did not arrive in time')];
  return ['400 Bad Request', new OutcomeError(400, 'invalid-header', 'This is not a sound HTTP request')];
}
