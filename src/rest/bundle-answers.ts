import { STATUS_CODES } from 'node:http';
import { eventOf } from '../http/audited.js';
import type { FhirRequest, FhirResponse, Shown } from '../http/fhir-request.js';
import { outcomeOf } from '../http/operation-outcome.js';
import { OutcomeError } from '../outcome.js';
import type { ResponseEntry } from './bundle.js';
import type { BundleEntry } from './bundle-entries.js';
import { accessOf, type Facade } from './facade.js';

export interface AnsweredEntry {
  readonly entry: ResponseEntry;
  readonly shown: readonly Shown[];
  /** Of a write, which is done: its answer is to be fitted into what room is left. */
  readonly isDone?: boolean;
}

/** What the answers to the entries of one Bundle may still hold, in characters. */
export class Room {
  #left: number;

  constructor({ rows }: Facade) {
    this.#left = rows.mostCharacters / 2;
  }

  /** Errors: 400 `too-costly`, once there is none left. */
  check(): void {
    if (this.#left > 0) return;
    throw new OutcomeError(400, 'too-costly', 'The answers to the entries before are too long: ask for this one apart');
  }

  take({ entry: { resource = '' } }: AnsweredEntry): void {
    this.#left -= resource.length;
  }

  /** A write is done, whatever there is room for: without room it is answered as with `return=minimal`. */
  fit(answered: AnsweredEntry): AnsweredEntry {
    this.take(answered);
    if (this.#left >= 0) return answered;
    const { resource: _resource, fullUrl: _url, ...entry } = answered.entry;
    return { ...answered, entry };
  }
}

/** What is refused is told in its own entry. What nobody expected ends the whole. */
export async function alone(facade: Facade, read: () => BundleEntry, room: Room): Promise<AnsweredEntry> {
  try {
    const entry = read();
    const reads = entry.method === 'GET' || entry.method === 'HEAD' || entry.route.operation !== undefined;
    if (reads) room.check();
    const answered = await handled(facade, entry);
    if (!reads) return { ...answered, isDone: true };
    room.take(answered);
    return answered;
  } catch (error) {
    if (!(error instanceof OutcomeError) || error.status >= 500) throw error;
    const { status, headers } = error;
    return answerOf(facade, { status, headers, body: outcomeOf(error, facade.base) });
  }
}

/** Through the same interaction as by itself, and in the audit trail as by itself. */
async function handled(facade: Facade, { request, route, method }: BundleEntry): Promise<AnsweredEntry> {
  let response: FhirResponse;
  try {
    response = await route.handle(request);
  } catch (error) {
    if (error instanceof OutcomeError) await record(facade, request, { status: error.status });
    throw error;
  }
  if (!response.audited) await record(facade, request, response);
  const { body: _body, ...head } = response;
  return answerOf(facade, method === 'HEAD' ? head : response);
}

async function record({ trail, now }: Facade, request: FhirRequest, response: FhirResponse): Promise<void> {
  const { interaction, type, id, requestId } = request;
  await trail.record(eventOf(accessOf(request), { interaction, type, id }, response, requestId, now()));
}

export function answerOf({ base }: Facade, response: FhirResponse): AnsweredEntry {
  const { status, headers = {}, lastUpdated, body, shown = [] } = response;
  const { Location: location, ETag: etag, 'Last-Modified': modified } = headers;
  const text = typeof body === 'string' ? body : undefined;
  const isOutcome = text?.startsWith('{"resourceType":"OperationOutcome"') ?? false;
  const [only, ...more] = shown;
  const isOne = only && more.length === 0 && text?.startsWith(`{"resourceType":"${only.type}"`);
  return {
    shown,
    entry: {
      ...(isOne && { fullUrl: `${base}/${only.type}/${only.id}` }),
      ...(isOutcome ? { outcome: text } : { resource: text }),
      status: `${String(status)} ${STATUS_CODES[status] ?? ''}`.trim(),
      location,
      etag,
      // The same moment as in meta: https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.response.lastModified
      ...(modified !== undefined && { lastModified: new Date(lastUpdated ?? modified).toISOString() }),
    },
  };
}
