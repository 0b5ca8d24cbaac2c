import type { Encounter, Extension, Identifier, Observation, Patient } from '@medplum/fhirtypes';
import { createHash } from 'node:crypto';
import { ARRIVALS, CATEGORIES, named, part, type Category } from './codes.js';
import { isLab, resultOf, type Result } from './labs.js';
import { setsOf, type VitalSet } from './vital-signs.js';

/** An identifier of a channel. Its id stays when its value changes, and says nothing of it. */
export interface ChannelIdentifier {
  readonly id: string;
  readonly name: string;
  readonly category: Category;
  readonly value: string;
}

/** What a channel says in a list. */
export interface ChannelLine {
  readonly id: string;
  readonly status: 'active' | 'stopped';
  readonly started_at: string | null;
  readonly stopped_at: string | null;
  readonly method_of_arrival: string | null;
  readonly patient_type: string | null;
  readonly first_name: string | null;
  readonly first_name_unknown: boolean;
  readonly last_name: string | null;
  readonly last_name_unknown: boolean;
  readonly dob: string | null;
  readonly gender: string | null;
}

/** A patient channel: one case of one patient, with the names that its system gives it. */
export interface Channel extends ChannelLine {
  readonly age: number | null;
  readonly age_unit: string | null;
  readonly chief_complaint: string | null;
  readonly condition: string | null;
  readonly acuity: { readonly label: string; readonly nemsis: string | null } | null;
  readonly destination: string | null;
  readonly unit: string | null;
  readonly room: string | null;
  readonly entities: readonly Entity[];
  readonly identifiers: readonly ChannelIdentifier[];
  readonly labels: readonly Label[];
  readonly contacts: readonly Contact[];
  readonly timeline: readonly Stamp[];
  readonly vital_signs: readonly VitalSet[];
  readonly labs: readonly Result[];
}

export interface Entity {
  readonly entity_id: string;
  readonly role: string;
}

export interface Label {
  readonly name: string;
  readonly type: string | null;
  readonly visibility: 'public' | 'private';
  readonly entity_id: string;
}

export interface Contact {
  readonly name: string;
  readonly relationship: string | null;
  readonly phone: string | null;
}

export interface Stamp {
  readonly event: string;
  readonly at: string;
}

const categories = new Map(Object.entries(CATEGORIES).map(([category, code]) => [code, category as Category]));
const arrivals = new Map<string, string>(Object.entries(ARRIVALS).map(([name, { code }]) => [code, name]));
const AGE_UNITS = new Map([
  ['a', 'years'],
  ['mo', 'months'],
  ['d', 'days'],
]);
export const AGE = '30525-0';

/** The line of an encounter. Without its patient, which not every token opens, it says nothing of who it is. */
export function lineOf(encounter: Encounter, patient: Patient | undefined): ChannelLine {
  const name = patient?.name?.find(({ use }) => use === 'official') ?? patient?.name?.[0];
  const [first, last] = [name?.given?.[0] ?? null, name?.family ?? null];
  const stopped = encounter.status === 'finished' || encounter.status === 'cancelled';
  return {
    id: encounter.id ?? '',
    status: stopped ? 'stopped' : 'active',
    started_at: encounter.period?.start ?? null,
    stopped_at: stopped ? (encounter.period?.end ?? null) : null,
    method_of_arrival: arrivals.get(encounter.class.code ?? '') ?? null,
    patient_type: encounter.type?.[0]?.text ?? encounter.type?.[0]?.coding?.[0]?.display ?? null,
    first_name: first,
    first_name_unknown: patient !== undefined && first === null,
    last_name: last,
    last_name_unknown: patient !== undefined && last === null,
    dob: patient?.birthDate ?? null,
    gender: patient?.gender ?? null,
  };
}

/** The channel that an encounter is, for one of its entities: a private label is for the entity that set it alone. */
export function channelOf(
  entity: string,
  encounter: Encounter,
  patient: Patient | undefined,
  observations: readonly Observation[],
): Channel {
  const { sets, others } = setsOf(observations);
  const age = others.find(({ code }) => code.coding?.some((each) => each.code === AGE))?.valueQuantity;
  const place = (code: string): string | null =>
    encounter.location?.find(({ physicalType }) => physicalType?.coding?.[0]?.code === code)?.location.display ?? null;
  const { priority, hospitalization, reasonCode } = encounter;
  return {
    ...lineOf(encounter, patient),
    age: age?.value ?? null,
    age_unit: AGE_UNITS.get(age?.code ?? '') ?? null,
    chief_complaint: reasonCode?.[0]?.text ?? null,
    condition: named(encounter.extension, 'channel-condition')[0]?.valueCode ?? null,
    acuity: priority?.text === undefined ? null : { label: priority.text, nemsis: nemsisOf(encounter) },
    destination: hospitalization?.destination?.display ?? encounter.serviceProvider?.display ?? null,
    unit: place('ve'),
    room: place('ro'),
    entities: entitiesOf(encounter),
    identifiers: identifiersOf(encounter, patient),
    labels: named(encounter.extension, 'channel-label')
      .map(labelOf)
      .filter(({ visibility, entity_id: owner }) => visibility === 'public' || owner === entity),
    contacts: (patient?.contact ?? []).flatMap(contactOf),
    timeline: named(encounter.extension, 'channel-timeline').flatMap(stampOf),
    vital_signs: sets,
    labs: others.filter(isLab).map(resultOf),
  };
}

export const entitiesOf = ({ extension }: Encounter): Entity[] =>
  named(extension, 'channel-entity').map((each) => ({
    entity_id: part(each, 'entity')?.valueString ?? '',
    role: part(each, 'role')?.valueCode ?? '',
  }));

const nemsisOf = ({ priority }: Encounter): string | null =>
  priority?.coding?.find(({ system }) => system?.endsWith('/nemsis-acuity'))?.code ?? null;

const labelOf = (extension: Extension): Label => ({
  name: part(extension, 'name')?.valueString ?? '',
  type: part(extension, 'type')?.valueString ?? null,
  visibility: part(extension, 'visibility')?.valueCode === 'private' ? 'private' : 'public',
  entity_id: part(extension, 'entity')?.valueString ?? '',
});

function contactOf({ name, relationship, telecom }: NonNullable<Patient['contact']>[number]): Contact[] {
  const said = name?.text ?? [...(name?.given ?? []), name?.family].filter((each) => each !== undefined).join(' ');
  if (said === '') return [];
  return [{ name: said, relationship: relationship?.[0]?.text ?? null, phone: telecom?.[0]?.value ?? null }];
}

function stampOf(extension: Extension): Stamp[] {
  const event = part(extension, 'event')?.valueCode;
  const at = part(extension, 'at')?.valueDateTime;
  return event === undefined || at === undefined ? [] : [{ event, at }];
}

/** The identifiers of a channel: the patient's and the visit's. */
export function identifiersOf(encounter: Encounter, patient: Patient | undefined): ChannelIdentifier[] {
  const seen = new Map<string, number>();
  return [...(patient?.identifier ?? []), ...(encounter.identifier ?? [])].flatMap((identifier) => {
    const { type, system = '', value } = identifier;
    if (value === undefined) return [];
    const kind = `${system} ${type?.coding?.[0]?.code ?? ''}`;
    const ordinal = seen.get(kind) ?? 0;
    seen.set(kind, ordinal + 1);
    const id = createHash('sha256')
      .update(`${encounter.id ?? ''} ${kind} ${String(ordinal)}`)
      .digest('hex')
      .slice(0, 24);
    return [{ id, name: nameOf(identifier), category: categoryOf(identifier), value }];
  });
}

export function categoryOf({ type, system = '' }: Identifier): Category {
  const code = type?.coding?.[0]?.code;
  const known = code === undefined ? undefined : categories.get(code as 'MR');
  return known ?? (system.endsWith('/wristband') ? 'WRISTBAND' : 'OTHER');
}

export const nameOf = ({ type }: Identifier): string => type?.text ?? type?.coding?.[0]?.display ?? 'Identifier';
