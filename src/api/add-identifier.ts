import type { Encounter, Patient } from '@medplum/fhirtypes';
import { narrow } from '../access/narrow.js';
import { identifiersOf } from '../channel/channel.js';
import { identifier, type NewIdentifier } from '../channel/schemas.js';
import { isOfVisit, withIdentifier, type Place } from '../channel/to-fhir.js';
import { parseJson } from '../define/json.js';
import type { Narrowing } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import type { Planned } from '../store/write.js';
import { served, type Answer, type Ask } from './ask.js';
import { caseOf, patientOf } from './case.js';
import { checked } from './checked.js';
import { sharesOf, type Share } from './entities.js';
import { planOf, writable, write, type Change } from './write.js';

/**
 * A number of the patient or of the visit. One that is there by its name and category gets the new value: the same value
 * again changes nothing, and nobody is told of it (PULSARA 7).
 */
export async function addIdentifier(ask: Ask): Promise<Answer> {
  const sent = checked(identifier, (await ask.body()).whole);
  const narrowing = narrow(ask.access, served(ask, isOfVisit(sent) ? 'Encounter' : 'Patient'), 'u');
  return write(ask, sent, () => plan(ask, sent, narrowing));
}

async function plan(ask: Ask, sent: NewIdentifier, narrowing: Narrowing): Promise<Change> {
  const { encounter } = await caseOf(ask);
  const place: Place = { base: ask.facade.base, entity: ask.access.tenant, entities: [] };
  const own = await changed(ask, place, sent, { entity: ask.access.tenant, encounter, narrowing });
  const shares = await sharesOf(ask, encounter);
  const theirs = await Promise.all(shares.map((share) => changed(ask, place, sent, share)));
  const after = identifiersOf(own.encounter, own.patient);
  const found = after.find(
    ({ name, category, value }) => name === sent.name && category === sent.category && value === sent.value,
  );
  return {
    status: own.planned.outcome === 'unchanged' ? 200 : 201,
    body: { id: found?.id ?? '' },
    planned: [own.planned, ...theirs.map((each) => each.planned)],
    patients: [patientOf(encounter)].filter((each) => each !== undefined),
  };
}

interface Changed {
  readonly planned: Planned;
  readonly encounter: Encounter;
  readonly patient: Patient | undefined;
}

async function changed(
  ask: Ask,
  place: Place,
  sent: NewIdentifier,
  { entity, encounter, narrowing }: Pick<Share, 'entity' | 'encounter' | 'narrowing'>,
): Promise<Changed> {
  const { writer } = writable(ask);
  const [type, id] = isOfVisit(sent) ? (['Encounter', ask.id] as const) : (['Patient', patientOf(encounter)] as const);
  const resource = served(ask, type);
  const current = id === undefined ? undefined : await writer.current(resource, id, narrowing);
  if (id === undefined || !current?.entry)
    throw new OutcomeError(422, 'VALIDATION', 'The channel has no patient to whom this could belong');
  const { value, literals } = parseJson(current.entry.text);
  const before = value as Encounter | Patient;
  const after = { ...before, identifier: withIdentifier(before.identifier, place, sent, entity) };
  const planned = await planOf(ask, type, { resource: after, literals }, narrowing, id, current);
  return {
    planned,
    encounter: after.resourceType === 'Encounter' ? after : encounter,
    patient: after.resourceType === 'Patient' ? after : undefined,
  };
}
