import type { Patient } from '@medplum/fhirtypes';
import { narrow, type Access } from '../../access/narrow.js';
import type { Account } from '../../auth/accounts.js';
import { OutcomeError } from '../../outcome.js';
import type { Pairs } from '../../search/options.js';
import { parse } from '../../search/parse.js';
import type { RegisteredResource } from '../../registry.js';
import type { PortalOptions } from '../visit.js';

/** What enabling a patient needs to tell them from others, and nothing else of their record. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly birthDate: string;
  readonly gender: string;
}

/** Patients who are shown at once: who finds more says more of whom they look for. */
export const MOST_FOUND = 25;

/** Managing opens no clinical data: this reads who patients are, and `Person` is all that leaves. */
function toEnable({ scopes }: PortalOptions, { tenant, id: user }: Account): Access {
  const grants = scopes.grants(scopes.readCeiling('user/Patient.rs') ?? []);
  return { tenant, credential: '', kind: 'session', grants, user };
}

function patientsOf({ facade: { registry } }: PortalOptions): RegisteredResource {
  const patients = registry.get('Patient');
  if (!patients) throw new OutcomeError(404, 'unknown-type', 'Patients are not served here');
  return patients;
}

/** By parts of the name, a date of birth as YYYY-MM-DD, or the id. */
export async function findPeople(options: PortalOptions, account: Account, text: string): Promise<Person[]> {
  const { registry, rows, base, now } = options.facade;
  const resource = patientsOf(options);
  const words = text
    .split(/\s+/)
    .filter((word) => word !== '')
    .slice(0, 8);
  if (words.length === 0) return [];
  const pairs: Pairs = [...words.map(criterion), ['_count', String(MOST_FOUND)]];
  const request = parse(resource, pairs, { registry, base, handling: 'strict', now: now() });
  const { entries } = await rows.find(resource, request, narrow(toEnable(options, account), resource, 's'));
  const named = words.length === 1 ? await personOf(options, account, words[0] as string) : undefined;
  const people = entries.map((entry) => shown(JSON.parse(entry.text) as Patient));
  return named && !people.some(({ id }) => id === named.id) ? [named, ...people] : people;
}

const criterion = (word: string): [string, string] =>
  /^\d{4}-\d\d-\d\d$/.test(word) ? ['birthdate', word] : ['name', word.replace(/[\\,$|]/g, '\\$&')];

export async function personOf(options: PortalOptions, account: Account, id: string): Promise<Person | undefined> {
  if (!/^[A-Za-z0-9\-.]{1,64}$/.test(id)) return undefined;
  const resource = patientsOf(options);
  const narrowing = narrow(toEnable(options, account), resource, 'r');
  const entry = await options.facade.rows.read(resource, id, narrowing);
  return entry && shown(JSON.parse(entry.text) as Patient);
}

function shown({ id = '', name, birthDate = 'unknown', gender = 'unknown' }: Patient): Person {
  const official = name?.find(({ use }) => use === 'official') ?? name?.[0];
  const whole = official?.text ?? [...(official?.given ?? []), official?.family].filter(Boolean).join(' ');
  return { id, name: whole === '' ? 'Unknown' : whole, birthDate, gender };
}
