import type { Communication, Encounter, Observation, Patient } from '@medplum/fhirtypes';
import { narrow, tryNarrow } from '../access/narrow.js';
import { channelOf } from '../channel/channel.js';
import type { Narrowing } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import type { RegisteredResource } from '../registry.js';
import { parse } from '../search/parse.js';
import type { Entry } from '../store/render.js';
import { isId, noChannel, served, type Answer, type Ask } from './ask.js';

/** What belongs to one case, as far as the token opens it. */
export interface Case {
  readonly encounter: Encounter;
  readonly patient: Patient | undefined;
  readonly entries: readonly Entry[];
}

/** More of one case than anybody reads. */
const MOST = 2000;
const MOST_CHARACTERS = 16_000_000;
const PAGE = '500';

/** The encounter that is the channel, its patient and its observations, where the token opens those. */
export async function read(ask: Ask): Promise<Answer> {
  const { encounter, patient, entries } = await caseOf(ask);
  const observations = await ofCase<Observation>(ask, 'Observation');
  const shown = [...entries, ...(observations?.entries ?? [])];
  const body = channelOf(ask.access.tenant, encounter, patient, observations?.resources ?? []);
  return { status: 200, body, shown };
}

/** Errors: 403 without a scope for encounters, 404. */
export async function caseOf(ask: Ask): Promise<Case> {
  const { access, facade, id } = ask;
  const encounters = served(ask, 'Encounter');
  const narrowing = narrow(access, encounters, 'r');
  const found = isId(id) ? await facade.rows.read(encounters, id, narrowing) : undefined;
  if (!found) throw noChannel();
  const encounter = JSON.parse(found.text) as Encounter;
  const patients = served(ask, 'Patient');
  const opened = tryNarrow(access, patients, ['r']);
  const patientId = patientOf(encounter);
  const person = patientId !== undefined && opened ? await facade.rows.read(patients, patientId, opened) : undefined;
  const patient = person && (JSON.parse(person.text) as Patient);
  return { encounter, patient, entries: person ? [found, person] : [found] };
}

export const patientOf = ({ subject }: Encounter): string | undefined =>
  /^Patient\/([A-Za-z0-9\-.]{1,64})$/.exec(subject?.reference ?? '')?.[1];

export interface OfCase<T> {
  readonly resources: readonly T[];
  readonly entries: readonly Entry[];
}

/** Everything of a type that belongs to the case; undefined where no scope opens it. Errors: 422 for more than `MOST`. */
export async function ofCase<T extends Observation | Communication>(
  ask: Ask,
  type: T['resourceType'],
): Promise<OfCase<T> | undefined> {
  const resource = ask.facade.registry.get(type);
  const narrowing = resource && tryNarrow(ask.access, resource, ['s']);
  return resource && narrowing ? allOf<T>(ask, resource, narrowing) : undefined;
}

async function allOf<T>(ask: Ask, resource: RegisteredResource, narrowing: Narrowing): Promise<OfCase<T>> {
  const { registry, rows, base, now } = ask.facade;
  const pairs = [
    ['encounter', `Encounter/${ask.id}`],
    ['_count', PAGE],
    ['_sort', '_id'],
  ] as const;
  const search = parse(resource, pairs, { registry, base, handling: 'strict', now: now() });
  const entries: Entry[] = [];
  let characters = 0;
  for (let page = await rows.find(resource, search, narrowing); ;) {
    entries.push(...page.entries);
    characters += page.entries.reduce((sum, { text }) => sum + text.length, 0);
    // What is left out without a word would be missed in a summary.
    if (characters > MOST_CHARACTERS || (page.more && entries.length >= MOST))
      throw new OutcomeError(
        422,
        'too-costly',
        `The channel has more than ${String(MOST)} resources of a type, or very long ones`,
      );
    if (!page.more || !page.last) break;
    page = await rows.find(resource, search, narrowing, page.last);
  }
  return { entries, resources: entries.map(({ text }) => JSON.parse(text) as T) };
}
