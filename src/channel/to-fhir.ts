import type { Communication, Encounter, Extension, Identifier, Observation, Patient } from '@medplum/fhirtypes';
import { categoryOf, nameOf, AGE } from './channel.js';
import { ARRIVALS, CATEGORIES, coding, concept, extensionUrl, hl7, loinc, PATIENT_TYPES, quantity } from './codes.js';
import type { NewChannel, NewIdentifier, NewMessage } from './schemas.js';
import { findingsOf, type VitalSet } from './vital-signs.js';

/** Where a case is written to. */
export interface Place {
  readonly base: string;
  /** The entity that sends: its organization. */
  readonly entity: string;
  /** All entities of the channel. */
  readonly entities: readonly { readonly entity_id: string; readonly role: string }[];
}

const SYSTEMS = { MRN: 'mrn', CSN: 'csn', WRISTBAND: 'wristband', OTHER: 'other' } as const;

/** Another kind of number of the same entity is another system: the same value of both means nothing. */
export function identifierOf({ base, entity }: Place, { name, category, value }: NewIdentifier): Identifier {
  const kind = category === 'OTHER' ? `other-${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}` : SYSTEMS[category];
  const code = CATEGORIES[category];
  const display = code === 'MR' ? 'Medical record number' : 'Visit number';
  return {
    type: concept(name, ...(code === undefined ? [] : [hl7('v2-0203', code, display)])),
    system: `${base}/ids/${entity}/${kind}`,
    value,
  };
}

/** The number of the visit belongs to the encounter, all others to the patient. */
export const isOfVisit = ({ category }: NewIdentifier): boolean => category === 'CSN';

/**
 * With the value of a number that is there already by its name and category replaced, or with one more. A number belongs
 * to the entity that its system names: another entity's is never replaced, nor one that the organization `of` the record
 * has from elsewhere, unless it is the sender itself.
 */
export function withIdentifier(
  identifiers: readonly Identifier[] | undefined,
  place: Place,
  sent: NewIdentifier,
  of: string,
): Identifier[] {
  const own = identifierOf(place, sent).system;
  const isSender = of === place.entity;
  const isTheirs = ({ system = '' }: Identifier): boolean =>
    system === own || (isSender && !system.startsWith(`${place.base}/ids/`));
  const known = (identifiers ?? []).findIndex(
    (each) => categoryOf(each) === sent.category && nameOf(each) === sent.name && isTheirs(each),
  );
  if (known < 0) return [...(identifiers ?? []), identifierOf(place, sent)];
  return (identifiers ?? []).map((each, index) => (index === known ? { ...each, value: sent.value } : each));
}

export function patientOf(place: Place, sent: NewChannel, id: string): Patient {
  const { first_name: first, last_name: last } = sent;
  const absent = [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' as const }];
  const identifiers = (sent.identifiers ?? []).filter((each) => !isOfVisit(each));
  const contacts = (sent.contacts ?? []).map(({ name, relationship, phone }) => ({
    ...(relationship !== undefined && { relationship: [concept(relationship)] }),
    name: { text: name },
    ...(phone !== undefined && { telecom: [{ system: 'phone' as const, value: phone }] }),
  }));
  return {
    resourceType: 'Patient',
    id,
    ...(identifiers.length > 0 && { identifier: identifiers.map((each) => identifierOf(place, each)) }),
    name: [
      {
        use: 'official',
        ...(last === undefined ? { _family: { extension: absent } } : { family: last }),
        ...(first !== undefined && { given: [first] }),
      },
    ] as NonNullable<Patient['name']>,
    ...(sent.gender !== undefined && { gender: sent.gender }),
    ...(sent.dob !== undefined && { birthDate: sent.dob }),
    ...(contacts.length > 0 && { contact: contacts }),
  };
}

export function encounterOf(place: Place, sent: NewChannel, id: string, patient: string, now: string): Encounter {
  const { base, entity } = place;
  const arrival = ARRIVALS[sent.method_of_arrival];
  const { text } = arrival;
  const began = sent.timeline?.find(({ event }) => event === 'first-contact')?.at ?? now;
  const visits = (sent.identifiers ?? []).filter(isOfVisit);
  const located = (code: 've' | 'ro', display: string, said: string | undefined) =>
    said === undefined
      ? []
      : [{ location: { display: said }, physicalType: concept(display, hl7('location-physical-type', code, display)) }];
  const locations = [...located('ve', 'Vehicle', sent.unit), ...located('ro', 'Room', sent.room)];
  return {
    resourceType: 'Encounter',
    id,
    extension: extensionsOf(place, sent),
    ...(visits.length > 0 && { identifier: visits.map((each) => identifierOf(place, each)) }),
    status: 'in-progress',
    class: hl7('v3-ActCode', arrival.code, arrival.display),
    type: [
      concept(
        sent.patient_type,
        coding(`${base}/CodeSystem/patient-type`, PATIENT_TYPES[sent.patient_type], sent.patient_type),
      ),
    ],
    ...(sent.acuity && { priority: priorityOf(base, sent.acuity) }),
    subject: { reference: `Patient/${patient}` },
    period: { start: began },
    ...(sent.chief_complaint !== undefined && { reasonCode: [concept(sent.chief_complaint)] }),
    hospitalization: {
      origin: { identifier: { system: `${base}/ids/entity`, value: entity } },
      admitSource: concept(text, coding(`${base}/CodeSystem/method-of-arrival`, sent.method_of_arrival, text)),
      ...(sent.destination !== undefined && { destination: { display: sent.destination } }),
    },
    ...(locations.length > 0 && { location: locations }),
  };
}

const priorityOf = (base: string, { label, nemsis }: NonNullable<NewChannel['acuity']>) =>
  concept(label, ...(nemsis === undefined ? [] : [coding(`${base}/CodeSystem/nemsis-acuity`, nemsis)]));

function extensionsOf({ base, entity, entities }: Place, sent: NewChannel): Extension[] {
  const url = (name: string): string => extensionUrl(base, name);
  const parts = (name: string, ...extension: Extension[]): Extension => ({ url: url(name), extension });
  const said = (part: string, value: string | undefined): Extension[] =>
    value === undefined ? [] : [{ url: part, valueString: value }];
  return [
    ...(sent.timeline ?? []).map(({ event, at }) =>
      parts('channel-timeline', { url: 'event', valueCode: event }, { url: 'at', valueDateTime: at }),
    ),
    ...entities.map(({ entity_id: id, role }) =>
      parts('channel-entity', { url: 'entity', valueString: id }, { url: 'role', valueCode: role }),
    ),
    ...(sent.condition === undefined ? [] : [{ url: url('channel-condition'), valueCode: sent.condition }]),
    ...(sent.labels ?? []).map(({ name, type, visibility }) =>
      parts(
        'channel-label',
        { url: 'name', valueString: name },
        ...said('type', type),
        { url: 'visibility', valueCode: visibility },
        ...said('entity', entity),
      ),
    ),
  ];
}

/** What was measured: the sets, height and weight, and an age without a birth date. */
export function observationsOf(sent: NewChannel, now: string): Omit<Observation, 'id'>[] {
  const { height, weight, age, age_unit: unit = 'years' } = sent;
  const size = { at: now, height, weight };
  const found = [...(sent.vital_signs ?? []), size].flatMap((set) => vitalsOf(set));
  if (age === undefined) return found;
  const code = { years: 'a', months: 'mo', days: 'd' }[unit];
  const aged = { code: concept('Age', loinc(AGE)), valueQuantity: quantity(age, unit, code) };
  return [...found, { resourceType: 'Observation', status: 'final', ...aged, effectiveDateTime: now }];
}

export const vitalsOf = (set: VitalSet): Omit<Observation, 'id'>[] =>
  findingsOf(set).map((finding) => ({
    resourceType: 'Observation',
    status: 'final',
    ...finding,
    effectiveDateTime: set.at,
  }));

/** What ties it to its case. */
export const tied = <T extends Observation | Communication>(resource: T, encounter: string, patient: string): T => ({
  ...resource,
  subject: { reference: `Patient/${patient}` },
  encounter: { reference: `Encounter/${encounter}` },
});

export function messageOf(sent: NewMessage, header: string, now: string): Communication {
  const category = sent.urgent === true ? 'alert' : 'notification';
  return {
    resourceType: 'Communication',
    status: 'completed',
    category: [
      concept(
        sent.urgent === true ? 'Alert' : 'Notification',
        hl7('communication-category', category, sent.urgent === true ? 'Alert' : 'Notification'),
      ),
    ],
    priority: sent.urgent === true ? 'urgent' : 'routine',
    partOf: [{ reference: `Communication/${header}` }],
    sent: sent.sent_at ?? now,
    sender: { display: sent.sender },
    payload: [{ contentString: sent.text }],
  };
}

/** The thread of a channel: its messages are parts of it. */
export const threadOf = (): Communication => ({
  resourceType: 'Communication',
  status: 'completed',
  category: [concept('Notification', hl7('communication-category', 'notification', 'Notification'))],
  topic: concept('Team messages'),
});
