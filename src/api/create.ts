import type { Patient } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { insufficient, narrow, ofEntity, tryNarrow } from '../access/narrow.js';
import { channel, type NewChannel } from '../channel/schemas.js';
import {
  encounterOf,
  isOfVisit,
  identifierOf,
  observationsOf,
  patientOf,
  tied,
  type Place,
} from '../channel/to-fhir.js';
import { parseJson } from '../define/json.js';
import type { Narrowing } from '../define/request.js';
import { fold } from '../define/fold.js';
import type { RegisteredResource } from '../registry.js';
import { parse } from '../search/parse.js';
import { NOTHING, type Planned } from '../store/write.js';
import { served, type Answer, type Ask } from './ask.js';
import { checked } from './checked.js';
import { checkEntities } from './organizations.js';
import { PREFIX } from './table.js';
import { planOf, writable, write, type Change } from './write.js';

/** A channel with its patient and what was measured, for each of its entities: one row for each organization (PULSARA 3). */
export async function create(ask: Ask): Promise<Answer> {
  const { access } = ask;
  const { own } = writable(ask);
  const narrowings = {
    encounter: narrow(access, served(ask, 'Encounter'), 'c'),
    patient: narrow(access, served(ask, 'Patient'), 'c'),
    observation: narrow(access, served(ask, 'Observation'), 'c'),
  };
  const sent = checked(channel, (await ask.body()).whole);
  const others = (sent.entities ?? []).filter(({ entity_id: entity }) => entity !== access.tenant);
  await checkEntities(
    own,
    access.tenant,
    others.map(({ entity_id: entity }) => entity),
  );
  return write(ask, sent, () => plan(ask, sent, narrowings));
}

interface Narrowings {
  readonly encounter: Narrowing;
  readonly patient: Narrowing;
  readonly observation: Narrowing;
}

async function plan(ask: Ask, sent: NewChannel, narrowings: Narrowings): Promise<Change> {
  const { tenant } = ask.access;
  const named = sent.entities ?? [];
  const own = named.find(({ entity_id: entity }) => entity === tenant);
  const role = sent.method_of_arrival === 'INBOUND_EMS' ? 'ems' : 'hospital';
  const others = [...new Map(named.map((each) => [each.entity_id, each])).values()].filter(
    (each) => each !== own && each.entity_id !== tenant,
  );
  const place: Place = {
    base: ask.facade.base,
    entity: tenant,
    entities: [own ?? { entity_id: tenant, role }, ...others],
  };
  const ids = { channel: randomUUID(), patient: randomUUID() };
  const known = await knownPatient(ask, sent);
  const planned = await rowsOf(ask, place, sent, ids, narrowings, known);
  for (const { entity_id: entity } of others) {
    const narrowing = ofEntity(entity);
    const all = { encounter: narrowing, patient: narrowing, observation: narrowing };
    planned.push(...(await rowsOf(ask, place, withoutPrivate(sent), ids, all, undefined)));
  }
  const location = `${ask.facade.base.replace(/\/fhir\/R4$/, '')}${PREFIX}/patient-channels/${ids.channel}`;
  return { status: 201, body: { id: ids.channel }, location, planned, patients: [known?.id ?? ids.patient] };
}

/** A private label never reaches another entity's rows (PULSARA 12). */
const withoutPrivate = (sent: NewChannel): NewChannel => ({
  ...sent,
  labels: (sent.labels ?? []).filter(({ visibility }) => visibility === 'public'),
});

async function rowsOf(
  ask: Ask,
  place: Place,
  sent: NewChannel,
  ids: { readonly channel: string; readonly patient: string },
  narrowings: Narrowings,
  known: KnownPatient | undefined,
): Promise<Planned[]> {
  const now = new Date(ask.facade.now()).toISOString();
  const patient = known?.id ?? ids.patient;
  const save = saver(ask);
  return [
    ...(known
      ? await added(ask, place, sent, known)
      : [await save('Patient', patientOf(place, sent, patient), patient, narrowings.patient)]),
    await save('Encounter', encounterOf(place, sent, ids.channel, patient, now), ids.channel, narrowings.encounter),
    ...(await Promise.all(
      observationsOf(sent, now).map((each) =>
        save('Observation', tied(each, ids.channel, patient), randomUUID(), narrowings.observation),
      ),
    )),
  ];
}

/** Plans what is new. */
export const saver =
  (ask: Ask) =>
  (type: string, resource: object, id: string, narrowing: Narrowing): Promise<Planned> =>
    planOf(ask, type, { resource }, narrowing, id, NOTHING);

interface KnownPatient {
  readonly id: string;
  readonly patient: Patient;
}

/**
 * The patient of the organization that has this record number. One whose name or birth date is another is somebody else:
 * nothing is merged, and the case gets a patient of its own.
 */
async function knownPatient(ask: Ask, sent: NewChannel): Promise<KnownPatient | undefined> {
  const { access, facade } = ask;
  const patients = served(ask, 'Patient');
  const narrowing = tryNarrow(access, patients, ['s']);
  const value = sent.identifiers?.find(({ category }) => category === 'MRN')?.value;
  if (!narrowing || value === undefined) return undefined;
  const { entries } = await facade.rows.find(patients, byNumber(ask, patients, value), narrowing);
  const same = entries
    .map(({ id, text }) => ({ id, patient: JSON.parse(text) as Patient }))
    .filter(({ patient }) => hasNumber(patient, value) && agrees(patient, sent));
  return same.length === 1 ? same[0] : undefined;
}

function byNumber({ facade: { registry, base, now } }: Ask, patients: RegisteredResource, value: string) {
  const escaped = value.replace(/[\\,|$]/g, (each) => `\\${each}`);
  return parse(patients, [['identifier', escaped]], { registry, base, handling: 'strict', now: now() });
}

const hasNumber = ({ identifier }: Patient, value: string): boolean =>
  (identifier ?? []).some((each) => each.value === value && each.type?.coding?.some(({ code }) => code === 'MR'));

/** The name must be the same, and a birth date that both have. */
function agrees({ name, birthDate }: Patient, { first_name: first, last_name: last, dob }: NewChannel): boolean {
  if (first === undefined || last === undefined) return false;
  const isNamed = (name ?? []).some(
    (each) => fold(each.family ?? '') === fold(last) && fold(each.given?.[0] ?? '') === fold(first),
  );
  return isNamed && (dob === undefined || birthDate === undefined || dob === birthDate);
}

/** Numbers of a patient who is known that are new; of the record as it is now, whatever was found. */
async function added(ask: Ask, place: Place, sent: NewChannel, { id, patient }: KnownPatient): Promise<Planned[]> {
  const has = ({ identifier = [] }: Patient, value: string): boolean => identifier.some((each) => each.value === value);
  const wanted = (sent.identifiers ?? []).filter((each) => !isOfVisit(each) && !has(patient, each.value));
  if (wanted.length === 0) return [];
  const patients = served(ask, 'Patient');
  const narrowing = narrow(ask.access, patients, 'u');
  const { writer } = writable(ask);
  const current = await writer.current(patients, id, narrowing);
  if (!current.entry) throw insufficient(ask.access, [patients], 'u');
  const { value, literals } = parseJson(current.entry.text);
  const before = value as Patient;
  const more = wanted.filter((each) => !has(before, each.value)).map((each) => identifierOf(place, each));
  const resource = { ...before, identifier: [...(before.identifier ?? []), ...more] };
  return [await planOf(ask, 'Patient', { resource, literals }, narrowing, id, current)];
}
