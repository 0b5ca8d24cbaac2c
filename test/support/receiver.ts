import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What was received, byte for byte. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: any;
}

export interface Receiver {
  readonly url: string;
  /** All of it, in order, whatever was answered. */
  readonly received: Received[];
  /** What it took. */
  readonly taken: Received[];
  /** A status, or what else to do with a request; 204 until it is set. */
  answer: (what: Received) => number | ((response: ServerResponse) => void);
  close(): Promise<void>;
}

/** The other side of a webhook or a subscription, on a real socket. */
export async function receiver(): Promise<Receiver> {
  const received: Received[] = [];
  const taken: Received[] = [];
  const server = createServer((request, response) => void take(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const made: Receiver = {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/hook`,
    ...{ received, taken },
    answer: () => 204,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    const what = { headers: request.headers, text, body: text === '' ? undefined : JSON.parse(text) };
    received.push(what);
    const answer = made.answer(what);
    if (typeof answer === 'function') {
      answer(response);
      return;
    }
    if (answer < 300) taken.push(what);
    response.writeHead(answer).end();
  }
  return made;
}
