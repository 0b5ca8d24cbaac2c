import type { Extension, Identifier, Patient, PatientContact } from '@medplum/fhirtypes';
import { concept, hl7 } from '../channel/codes.js';
import type { Channel, ChannelIdentifier } from './channel.js';
import { numberOf, type Place } from './place.js';
import { kindOf } from './rules.js';

const GENDERS: ReadonlySet<string> = new Set(['male', 'female', 'other', 'unknown']);
const ABSENT: Extension = {
  url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason',
  valueCode: 'unknown',
};

/** The patient of a channel over what is known of them: what it does not say, it does not take away. */
export function toPatient(place: Place, channel: Channel, id: string, known: Patient | undefined): Patient {
  const { birthDate, gender, contacts } = channel;
  const identifier = mergedIdentifiers(known?.identifier, identifiersOf(place, channel));
  return {
    ...known,
    resourceType: 'Patient',
    id,
    ...(identifier.length > 0 && { identifier }),
    name: namesOf(channel, known),
    // Of an age no birth date is made: it would be wrong by up to a year, and look as if somebody had said it.
    ...(birthDate !== undefined && { birthDate }),
    ...(gender !== undefined && GENDERS.has(gender) && { gender: gender as NonNullable<Patient['gender']> }),
    ...(contacts.length > 0 && { contact: contacts.map(contactOf) }),
  };
}

function namesOf({ firstName, lastName }: Channel, known: Patient | undefined): NonNullable<Patient['name']> {
  const before = known?.name?.find(({ use }) => use === 'official') ?? known?.name?.[0];
  const family = lastName ?? before?.family;
  const { given, _given } = (before ?? {}) as { given?: unknown; _given?: unknown };
  const name = {
    use: 'official' as const,
    // Somebody without a known name has one all the same: US Core wants a family name, or why it is absent.
    ...(family === undefined ? { _family: { extension: [ABSENT] } } : { family }),
    // A name may have places for extensions alone: these go along.
    ...(firstName === undefined
      ? { ...(given !== undefined && { given }), ...(_given !== undefined && { _given }) }
      : { given: [firstName] }),
  };
  return [name, ...(known?.name ?? []).filter((each) => each !== before)] as NonNullable<Patient['name']>;
}

/** The record number, and wristbands and the like, each kind of number under a system of its own. */
function identifiersOf(place: Place, channel: Channel): Identifier[] {
  const { base, integration } = place;
  const { rules } = integration;
  const mrn = numberOf(place, channel, 'mrn');
  const record: Identifier[] = mrn
    ? [
        {
          use: 'usual',
          type: concept('Medical record number', hl7('v2-0203', 'MR', 'Medical record number')),
          system: rules.mrnSystem,
          value: mrn.value,
        },
      ]
    : [];
  const others = channel.identifiers.filter((each) => kindOf(rules, each) === undefined);
  return [...record, ...others.map((each) => otherOf(`${base}/ids/pulsara`, each))];
}

const otherOf = (systems: string, { name, category, value }: ChannelIdentifier): Identifier => ({
  type: concept(name === '' ? 'Identifier' : name),
  system: `${systems}/${slug(`${category} ${name}`)}`,
  value,
});

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '') || 'other';

/** One of each system: that of the channel, where it has one. */
export function mergedIdentifiers(known: readonly Identifier[] | undefined, sent: readonly Identifier[]): Identifier[] {
  const systems = new Set(sent.map(({ system }) => system));
  return [...sent, ...(known ?? []).filter(({ system }) => !systems.has(system))];
}

const contactOf = ({ name, relationship, phone }: Channel['contacts'][number]): PatientContact => ({
  ...(relationship !== undefined && { relationship: [concept(relationship)] }),
  name: { text: name },
  ...(phone !== undefined && { telecom: [{ system: 'phone', value: phone }] }),
});
