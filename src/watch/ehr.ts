import type { Bundle, DocumentReference, Patient } from '@medplum/fhirtypes';
import { createHash } from 'node:crypto';
import { ask, isOk, jsonOf, WatchError } from './ask.js';
import type { Summary, WatchedChannel } from './upstream.js';

const EHR = 'The EHR';
const DOCUMENT_SYSTEM = 'urn:ietf:rfc:3986';

/** The EHR: any FHIR R4 server that takes documents. */
export class Ehr {
  #token: { readonly text: string; readonly until: number } | undefined;

  constructor(
    private readonly base: string,
    /** `id:secret` of a client there; undefined where it asks for none. */
    private readonly client: string | undefined,
  ) {}

  /**
   * Files a summary, once however often it is tried: the document is known by its channel and its bytes. Undefined, and
   * nothing filed, where it cannot be said whose it is: a document in another's record is worse than one on a pile.
   */
  async file(channel: WatchedChannel, summary: Summary, replaces: string | undefined): Promise<string | undefined> {
    const patient = await this.#patientOf(channel);
    if (patient === undefined) return undefined;
    const value = `urn:uuid:${uuidOf(`${channel.id} ${summary.sha256}`)}`;
    const document = documentOf(channel, summary, { patient, value, replaces });
    const headers = { 'If-None-Exist': `identifier=${DOCUMENT_SYSTEM}|${value}`, Prefer: 'return=representation' };
    const made = await this.#ask<DocumentReference>('POST', 'DocumentReference', document, headers);
    const id = made.id ?? (await this.#found(value));
    if (replaces !== undefined && replaces !== id) await this.#supersede(replaces);
    return id;
  }

  /** The one patient with this number there; the name must be the same, and the birth date where both have one. */
  async #patientOf({ identifiers, last_name: family, dob }: WatchedChannel): Promise<string | undefined> {
    const mrn = identifiers.find(({ category }) => category === 'MRN')?.value;
    if (mrn === undefined || family === null) return undefined;
    const query = new URLSearchParams({ identifier: mrn.replace(/[\\,|$]/g, (each) => `\\${each}`) });
    const found = await this.#ask<Bundle<Patient>>('GET', `Patient?${query.toString()}`);
    const patients = (found.entry ?? []).flatMap(({ resource }) =>
      resource?.resourceType === 'Patient' ? [resource] : [],
    );
    const [only, ...others] = patients;
    if (!only?.id || others.length > 0) return undefined;
    const isNamed = (only.name ?? []).some((name) => plain(name.family) === plain(family));
    const isBorn = dob === null || only.birthDate === undefined || only.birthDate === dob;
    return isNamed && isBorn ? only.id : undefined;
  }

  async #found(value: string): Promise<string> {
    const query = new URLSearchParams({ identifier: `${DOCUMENT_SYSTEM}|${value}` });
    const found = await this.#ask<Bundle<DocumentReference>>('GET', `DocumentReference?${query.toString()}`);
    const id = found.entry?.[0]?.resource?.id;
    if (id === undefined) throw new WatchError('The EHR does not show what it took');
    return id;
  }

  async #supersede(id: string): Promise<void> {
    const before = await this.#ask<DocumentReference>('GET', `DocumentReference/${id}`);
    if (before.status === 'superseded') return;
    await this.#ask('PUT', `DocumentReference/${id}`, { ...before, status: 'superseded' });
  }

  async #ask<T>(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<T> {
    const token = await this.#bearer();
    const answer = await ask(EHR, `${this.base}/${path}`, {
      method,
      headers: {
        accept: 'application/fhir+json',
        ...(body && { 'content-type': 'application/fhir+json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const what = `${method} ${path.split(/[/?]/)[0] ?? ''}`;
    if (!isOk(answer)) throw new WatchError(`${EHR} answered ${String(answer.status)} to ${what}`);
    return (answer.bytes.length === 0 ? {} : jsonOf(EHR, answer)) as T;
  }

  /** By client credentials, at the token endpoint that the EHR names. */
  async #bearer(): Promise<string | undefined> {
    if (this.client === undefined) return undefined;
    if (this.#token && this.#token.until > Date.now()) return this.#token.text;
    const url = `${this.base}/.well-known/smart-configuration`;
    const known = jsonOf(EHR, await ask(EHR, url, { headers: { accept: 'application/json' } }));
    const { token_endpoint: endpoint } = known as { token_endpoint?: string };
    if (endpoint === undefined) throw new WatchError(`${EHR} does not name a token endpoint`);
    const answer = await ask(EHR, endpoint, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(this.client).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    if (!isOk(answer)) throw new WatchError(`${EHR} gave no token: it answered ${String(answer.status)}`);
    const { access_token: text, expires_in: seconds = 60 } = jsonOf(EHR, answer) as {
      access_token: string;
      expires_in?: number;
    };
    this.#token = { text, until: Date.now() + Math.max(0, seconds - 30) * 1000 };
    return text;
  }
}

const plain = (name: string | undefined): string => (name ?? '').normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

/** The same for the same text: a name of version 8 (RFC 9562). */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function documentOf(
  { id, status, started_at: start, stopped_at: end }: WatchedChannel,
  { bytes }: Summary,
  { patient, value, replaces }: { patient: string; value: string; replaces: string | undefined },
): DocumentReference {
  const category = 'http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category';
  const date = end ?? start;
  return {
    resourceType: 'DocumentReference',
    identifier: [{ system: DOCUMENT_SYSTEM, value }],
    status: 'current',
    docStatus: status === 'stopped' ? 'final' : 'preliminary',
    type: { coding: [{ system: 'http://loinc.org', code: '67796-3' }], text: 'Pulsara Summary Report' },
    category: [{ coding: [{ system: category, code: 'clinical-note', display: 'Clinical Note' }] }],
    subject: { reference: `Patient/${patient}` },
    ...(date !== null && { date }),
    ...(replaces !== undefined && {
      relatesTo: [{ code: 'replaces', target: { reference: `DocumentReference/${replaces}` } }],
    }),
    content: [
      {
        attachment: {
          contentType: 'application/pdf',
          data: bytes.toString('base64'),
          size: bytes.length,
          hash: createHash('sha1').update(bytes).digest('base64'),
          title: `Case ${id}.pdf`,
        },
      },
    ],
  };
}
