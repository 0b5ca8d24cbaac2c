import { lookup } from 'node:dns/promises';
import { request as requestHttp, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isLoopback, isPublic } from './addresses.js';

/** Why a URL was not fetched. */
export type OutboundFault =
  | 'it is not a URL'
  | 'it is not https'
  | 'it has a user or a password'
  | 'its address is not public'
  | 'its host is not one that the organization allows'
  | 'its name has no address'
  | 'it cannot be reached'
  | 'it took too long'
  | 'it redirects'
  | 'its answer is compressed'
  | 'its answer is too long'
  | 'its answer ended early';

/** Why somebody else's URL was not fetched. The text is for the operator, never for whoever chose the URL. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError';
  constructor(
    readonly fault: OutboundFault,
    options?: ErrorOptions,
  ) {
    super(fault, options);
  }
}

export interface OutboundOptions {
  /** Development: http and loopback addresses are allowed too. */
  readonly allowLoopback: boolean;
  /** The only hosts that are allowed; without it, any that is public. */
  readonly hosts?: readonly string[] | undefined;
  /** Every address of a host name. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

export interface Fetched {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What is asked for, where it is more than a small JSON document. */
export interface Asking {
  /** Sent beside those of our own. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly mostBytes?: number;
  /** For all of it: the name, the connection and the last byte. */
  readonly mostMilliseconds?: number;
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

/** What is sent: its headers are ours, or those by which the receiver knows us. */
export interface Sending {
  readonly method?: 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly milliseconds?: number;
  /** Gives it up before its time. */
  readonly signal?: AbortSignal;
}

const MAX_BYTES = 65_536;
const MAX_MILLISECONDS = 3000;
/** Time for a receiver to take what is sent. */
const SEND_MILLISECONDS = 10_000;

/**
 * GETs a URL that somebody else chose, so that it reaches nothing that only this machine can reach: https, public
 * addresses, and the address that was checked is the one that is connected to. Redirects are not followed, proxies of
 * the environment are not used, and bytes and time are limited. Errors: OutboundError.
 */
export async function safeFetch(url: string, options: OutboundOptions, asking: Asking = {}): Promise<Fetched> {
  const { headers, mostBytes = MAX_BYTES, mostMilliseconds = MAX_MILLISECONDS, signal } = asking;
  return reach(url, options, within(mostMilliseconds, signal), async (target, address, ended) => {
    const response = await send(target, address, ended, {
      method: 'GET',
      headers: { Accept: 'application/json', ...headers },
    });
    try {
      return await read(response, mostBytes);
    } catch (error) {
      if (error instanceof OutboundError || ended.aborted) throw error;
      throw new OutboundError('its answer ended early', { cause: error });
    }
  });
}

/**
 * Sends to a URL that somebody else chose, under the same rules. What is answered beside the status and Retry-After is
 * not read: nobody could be shown it. Errors: OutboundError.
 */
export async function safePost(
  url: string,
  { method = 'POST', headers, body, milliseconds = SEND_MILLISECONDS, signal }: Sending,
  options: OutboundOptions,
): Promise<Omit<Fetched, 'body'>> {
  const sized = { ...headers, 'Content-Length': String(Buffer.byteLength(body)) };
  return reach(url, options, within(milliseconds, signal), async (target, address, ended) => {
    const response = await send(target, address, ended, { method, headers: sized, body });
    response.destroy();
    const status = response.statusCode ?? 0;
    if (status >= 300 && status < 400) throw new OutboundError('it redirects');
    return { status, headers: response.headers };
  });
}

function within(milliseconds: number, signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(milliseconds);
  return signal ? AbortSignal.any([timeout, signal]) : timeout;
}

async function reach<T>(
  url: string,
  options: OutboundOptions,
  signal: AbortSignal,
  ask: (target: URL, address: string, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const target = allowedUrl(url, options);
  try {
    const address = await Promise.race([addressOf(target, options), aborted(signal)]);
    return await ask(target, address, signal);
  } catch (error) {
    if (error instanceof OutboundError) throw error;
    throw new OutboundError(signal.aborted ? 'it took too long' : 'it cannot be reached', { cause: error });
  }
}

/** What can be said of a URL before it is fetched: when it is registered, say. Errors: OutboundError. */
export function allowedUrl(text: string, { allowLoopback, hosts }: OutboundOptions): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw new OutboundError('it is not a URL');
  if (url.protocol !== 'https:' && !(allowLoopback && url.protocol === 'http:'))
    throw new OutboundError('it is not https');
  if (url.username !== '' || url.password !== '') throw new OutboundError('it has a user or a password');
  const host = hostOf(url);
  if (hosts && !hosts.includes(host)) throw new OutboundError('its host is not one that the organization allows');
  if (isIP(host) !== 0) checkAddress(url, host, allowLoopback);
  return url;
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

function checkAddress({ protocol }: URL, address: string, allowLoopback: boolean): void {
  if (allowLoopback && isLoopback(address)) return;
  // http is for the own machine alone, whatever its name resolves to.
  if (protocol !== 'https:' || !isPublic(address)) throw new OutboundError('its address is not public');
}

/** The address to connect to; every answer of the resolver must be allowed, so that none is reached by chance. */
async function addressOf(url: URL, { allowLoopback, resolve = resolveAll }: OutboundOptions): Promise<string> {
  const host = hostOf(url);
  const addresses = isIP(host) === 0 ? await resolve(host) : [host];
  for (const address of addresses) checkAddress(url, address, allowLoopback);
  const [first] = addresses;
  if (first === undefined) throw new OutboundError('its name has no address');
  return first;
}

const resolveAll = async (host: string): Promise<string[]> =>
  (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address);

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(new OutboundError('it took too long'))),
  );

interface Request {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

function send(url: URL, address: string, signal: AbortSignal, request: Request): Promise<IncomingMessage> {
  // Asked again, the resolver could answer otherwise: the connection takes the address that was checked.
  const pinned: LookupFunction = (_host, { all }, done) => {
    const family = isIP(address);
    if (all) done(null, [{ address, family }]);
    else done(null, address, family);
  };
  return new Promise((resolve, reject) => {
    const begin = url.protocol === 'https:' ? requestHttps : requestHttp;
    const { method, body } = request;
    const headers = { ...request.headers, 'Accept-Encoding': 'identity', 'User-Agent': 'portico' };
    // A connection of its own: one of a pool could belong to another address of the same name.
    begin(url, { method, agent: false, lookup: pinned, signal, headers, maxHeaderSize: 16_384 })
      .once('response', resolve)
      .once('error', reject)
      .end(body);
  });
}

async function read(response: IncomingMessage, mostBytes: number): Promise<Fetched> {
  const status = response.statusCode ?? 0;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    if (status >= 300 && status < 400) throw new OutboundError('it redirects');
    if ((response.headers['content-encoding'] ?? 'identity') !== 'identity')
      throw new OutboundError('its answer is compressed');
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > mostBytes) throw new OutboundError('its answer is too long');
      chunks.push(chunk);
    }
  } finally {
    response.destroy();
  }
  return { status, headers: response.headers, body: Buffer.concat(chunks) };
}
