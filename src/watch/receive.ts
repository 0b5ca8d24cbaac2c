import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { WatchError } from './ask.js';
import type { Watch } from './watch.js';

const MAX_BYTES = 65_536;
const TOLERANCE_SECONDS = 300;

export interface ReceiveOptions {
  readonly watch: Watch;
  /** The secret of the webhook. */
  readonly secret: string;
  readonly say: (line: string) => void;
}

/** Takes the webhooks of a Portico. One is answered when its summary lies where it belongs: until then it is sent again. */
export function receiving({ watch, secret, say }: ReceiveOptions) {
  const handle = async (request: IncomingMessage): Promise<number> => {
    if (request.method !== 'POST') return 405;
    const body = await bodyOf(request);
    if (!body) return 413;
    if (!isSigned(body, String(request.headers['portico-signature'] ?? ''), secret)) return 401;
    const channel = channelIn(body);
    if (channel === undefined) return 204;
    try {
      await watch.bring(channel);
      return 204;
    } catch (error) {
      if (!(error instanceof WatchError)) throw error;
      say(`${channel}: ${error.message}; it is sent again`);
      return 503;
    }
  };
  return createServer((request, response) => {
    const answer = (status: number): void => void response.writeHead(status).end();
    handle(request).then(answer, (error: unknown) => {
      say(error instanceof Error ? (error.stack ?? error.message) : String(error));
      answer(500);
    });
  });
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `t=<seconds>,v1=<hex>`, over the raw bytes, and not older than five minutes. */
function isSigned(body: Buffer, header: string, secret: string): boolean {
  const [first = '', ...all] = header.split(',');
  const at = /^t=(\d{1,12})$/.exec(first)?.[1];
  if (at === undefined || Math.abs(Date.now() / 1000 - Number(at)) > TOLERANCE_SECONDS) return false;
  const expected = createHmac('sha256', secret).update(`${at}.`).update(body).digest();
  return all.some((each) => {
    const given = Buffer.from(each.replace(/^v1=/, ''), 'hex');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

/** The channel of an event that may have brought a summary. */
function channelIn(body: Buffer): string | undefined {
  try {
    const event = JSON.parse(body.toString('utf8')) as {
      event?: unknown;
      data?: { patient_channel?: { id?: unknown } };
    };
    const id = event.data?.patient_channel?.id;
    const isTold =
      event.event === 'patient_channel.stopped' || /^document\.(created|updated)$/.test(String(event.event));
    return isTold && typeof id === 'string' && /^[A-Za-z0-9\-.]{1,64}$/.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}
