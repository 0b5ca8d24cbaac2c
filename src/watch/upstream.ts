import { createHash } from 'node:crypto';
import { ask, isOk, jsonOf, WatchError, type Answered } from './ask.js';

/** What is needed of a channel to file its summary. */
export interface WatchedChannel {
  readonly id: string;
  readonly status: 'active' | 'stopped';
  readonly started_at: string | null;
  readonly stopped_at: string | null;
  readonly last_name: string | null;
  readonly dob: string | null;
  readonly identifiers: readonly { readonly category: string; readonly value: string }[];
}

export interface Summary {
  readonly bytes: Buffer;
  readonly sha256: string;
}

/** Of channels, a hundred each; more are found by the next look. */
const PAGES = 50;
const MAX_PDF = 32 * 1024 * 1024;

/** The native API from which summaries come. */
export class Upstream {
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  /** The channels that were stopped and went on until then or later. */
  async stopped(since: Date): Promise<string[]> {
    const ids: string[] = [];
    const query = new URLSearchParams({ status: 'stopped', from: since.toISOString(), limit: '100' });
    let next: string | null = `/api/v1/patient-channels?${query.toString()}`;
    for (let page = 0; next !== null && page < PAGES; page++) {
      const body = jsonOf(this.url, await this.#get(next, 'application/json')) as {
        patient_channels: { id: string }[];
        next: string | null;
      };
      ids.push(...body.patient_channels.map(({ id }) => id));
      // Only what comes after the path: the token goes to no other server.
      next = body.next === null ? null : `/api/v1/patient-channels${new URL(body.next).search}`;
    }
    return ids;
  }

  async channel(id: string): Promise<WatchedChannel> {
    return jsonOf(this.url, await this.#get(`/api/v1/patient-channels/${id}`, 'application/json')) as WatchedChannel;
  }

  /** Undefined where it is the one that is known already. */
  async summary(id: string, known: string | undefined): Promise<Summary | undefined> {
    const path = `/api/v1/patient-channels/${id}/summary`;
    const answer = await this.#get(
      path,
      'application/pdf',
      known === undefined ? {} : { 'If-None-Match': `"${known}"` },
    );
    if (answer.status === 304) return undefined;
    const { bytes } = answer;
    const type = answer.headers.get('content-type') ?? '';
    if (
      !type.startsWith('application/pdf') ||
      bytes.subarray(0, 5).toString('latin1') !== '%PDF-' ||
      bytes.length > MAX_PDF
    )
      throw new WatchError(`${path} did not answer with a PDF`);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return sha256 === known ? undefined : { bytes, sha256 };
  }

  async #get(path: string, accept: string, more: Record<string, string> = {}): Promise<Answered> {
    const headers = { 'x-api-key': this.token, accept, ...more };
    const answer = await ask(this.url, `${this.url}${path}`, { headers });
    if (isOk(answer) || answer.status === 304) return answer;
    const hint = answer.status === 401 ? ': it does not take this token' : '';
    throw new WatchError(`${this.url} answered ${String(answer.status)}${hint}`);
  }
}
