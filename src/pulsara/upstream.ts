import { JobError } from '../jobs/retry.js';
import {
  OutboundError,
  safeFetch,
  type Fetched,
  type OutboundFault,
  type OutboundOptions,
} from '../outbound/safe-fetch.js';
import { readChannel, type Channel } from './channel.js';

/** Where an integration asks. */
export interface Upstream {
  /** What comes before `/api/v1`. */
  readonly url: string;
  readonly tokenHeader: string;
  readonly token: string;
  readonly outbound: OutboundOptions;
  readonly now: () => number;
}

const MEBIBYTE = 1024 * 1024;
const CHANNEL_BYTES = 2 * MEBIBYTE;
/** With photographs and electrocardiograms in it. */
const SUMMARY_BYTES = 32 * MEBIBYTE;
const MOST_MILLISECONDS = 20_000;
/** Who asks for more than this has forgotten us. */
const LONGEST_WAIT_SECONDS = 3600;

/** Of the connection, in words of the queue. */
const faults: Readonly<Record<OutboundFault, string>> = {
  'it is not a URL': 'upstream-url',
  'it is not https': 'upstream-url',
  'it has a user or a password': 'upstream-url',
  'its address is not public': 'upstream-address',
  'its host is not one that the organization allows': 'upstream-address',
  'its name has no address': 'upstream-unreachable',
  'it cannot be reached': 'upstream-unreachable',
  'it took too long': 'upstream-slow',
  'it redirects': 'upstream-redirects',
  'its answer is compressed': 'upstream-compressed',
  'its answer is too long': 'upstream-too-long',
  'its answer ended early': 'upstream-truncated',
};

/** The channel with the values of its identifiers. Errors: JobError. */
export async function fetchChannel(
  upstream: Upstream,
  id: string,
  signal: AbortSignal,
): Promise<{ readonly bytes: Buffer; readonly channel: Channel }> {
  const { body } = await ask(upstream, pathOf(id), 'application/json', { mostBytes: CHANNEL_BYTES, signal });
  const channel = readChannel(body);
  // Whatever went wrong there: the case of another patient is not filed as this one.
  if (channel.id !== id) throw new JobError('upstream-other-channel');
  return { bytes: body, channel };
}

/** The PSR of a channel: the whole of a PDF, or nothing. Errors: JobError. */
export async function fetchSummary(upstream: Upstream, id: string, signal: AbortSignal): Promise<Buffer> {
  const asking = { mostBytes: SUMMARY_BYTES, signal };
  const { body } = await ask(upstream, `${pathOf(id)}/summary`, 'application/pdf', asking);
  if (body.subarray(0, 5).toString('latin1') !== '%PDF-') throw new JobError('upstream-not-pdf');
  // A PDF ends with this mark, and some writers add a few bytes after it.
  if (!body.subarray(-1024).includes('%%EOF')) throw new JobError('upstream-truncated');
  return body;
}

/** No channel is called that. */
const NOBODY = 'portico-connection-test';

/** Whether the upstream answers and takes the token; if not, why. It is asked for a channel that does not exist. */
export async function probe(upstream: Upstream): Promise<string | undefined> {
  try {
    await fetchChannel(upstream, NOBODY, AbortSignal.timeout(MOST_MILLISECONDS));
    return undefined;
  } catch (error) {
    if (!(error instanceof JobError)) throw error;
    return error.reason === 'upstream-unknown-channel' ? undefined : error.reason;
  }
}

const pathOf = (id: string): string => `/api/v1/patient-channels/${encodeURIComponent(id)}`;

async function ask(
  { url, tokenHeader, token, outbound, now }: Upstream,
  path: string,
  accept: 'application/json' | 'application/pdf',
  limits: { mostBytes: number; signal: AbortSignal },
): Promise<Fetched> {
  const value = tokenHeader.toLowerCase() === 'authorization' ? `Bearer ${token}` : token;
  const headers = { Accept: accept, [tokenHeader]: value };
  const answer = await safeFetch(`${url}${path}`, outbound, {
    ...limits,
    headers,
    mostMilliseconds: MOST_MILLISECONDS,
  }).catch((error: unknown) => {
    throw error instanceof OutboundError ? new JobError(faults[error.fault], { cause: error }) : error;
  });
  if (answer.status !== 200) throw refused(answer, now());
  const [type] = (answer.headers['content-type'] ?? '').split(';');
  if (type?.trim().toLowerCase() !== accept) throw new JobError('upstream-wrong-type');
  return answer;
}

/** Whatever the reason, it is tried again: a token is mended, a channel that is too new appears. */
function refused({ status, headers }: Fetched, now: number): JobError {
  const notBefore = retryAfter(headers['retry-after'], now);
  return new JobError(reasonOf(status), { notBefore });
}

function reasonOf(status: number): string {
  if (status === 401 || status === 403) return 'upstream-refuses-token';
  if (status === 404 || status === 410) return 'upstream-unknown-channel';
  if (status === 429) return 'upstream-busy';
  return status >= 500 ? 'upstream-error' : 'upstream-refuses';
}

/** Seconds, or a date: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
function retryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const at = /^\d{1,9}$/.test(header) ? now + Number(header) * 1000 : Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.min(at, now + LONGEST_WAIT_SECONDS * 1000);
}
