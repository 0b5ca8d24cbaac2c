import type { Encounter, Identifier, Patient } from '@medplum/fhirtypes';
import { createHash } from 'node:crypto';

/** An identifier of a channel. Its id stays when its value changes, and says nothing of it. */
export interface ChannelIdentifier {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly value: string;
}

/** A patient channel: one case of one patient, with the names that its system gives it. */
export interface Channel {
  readonly id: string;
  readonly status: 'active' | 'stopped';
  readonly stopped_at: string | null;
  readonly method_of_arrival: string | null;
  readonly patient_type: string | null;
  readonly first_name: string | null;
  readonly first_name_unknown: boolean;
  readonly last_name: string | null;
  readonly last_name_unknown: boolean;
  readonly dob: string | null;
  readonly gender: string | null;
  readonly chief_complaint: string | null;
  readonly identifiers: readonly ChannelIdentifier[];
  readonly timeline: readonly { readonly event: string; readonly at: string }[];
}

/** By the class of the encounter. */
const arrivals = new Map([
  ['FLD', 'INBOUND_EMS'],
  ['EMER', 'ED_PATIENT'],
  ['IMP', 'IN_PATIENT'],
]);

/** Of table 0203 of HL7 v2. */
const categories = new Map([
  ['MR', 'MRN'],
  ['VN', 'CSN'],
]);

const TIMELINE = /\/StructureDefinition\/channel-timeline$/;

/** The channel that an encounter is. Without its patient, which not every token opens, it says nothing of who it is. */
export function channelOf(encounter: Encounter, patient: Patient | undefined): Channel {
  const name = patient?.name?.find(({ use }) => use === 'official') ?? patient?.name?.[0];
  const [first, last] = [name?.given?.[0] ?? null, name?.family ?? null];
  const stopped = encounter.status === 'finished' || encounter.status === 'cancelled';
  return {
    id: encounter.id ?? '',
    status: stopped ? 'stopped' : 'active',
    stopped_at: stopped ? (encounter.period?.end ?? null) : null,
    method_of_arrival: arrivals.get(encounter.class.code ?? '') ?? null,
    patient_type: encounter.type?.[0]?.text ?? encounter.type?.[0]?.coding?.[0]?.display ?? null,
    first_name: first,
    first_name_unknown: patient !== undefined && first === null,
    last_name: last,
    last_name_unknown: patient !== undefined && last === null,
    dob: patient?.birthDate ?? null,
    gender: patient?.gender ?? null,
    chief_complaint: encounter.reasonCode?.[0]?.text ?? null,
    identifiers: identifiersOf(encounter.id ?? '', [...(patient?.identifier ?? []), ...(encounter.identifier ?? [])]),
    timeline: (encounter.extension ?? []).filter(({ url }) => TIMELINE.test(url)).flatMap(eventOf),
  };
}

function identifiersOf(channel: string, identifiers: readonly Identifier[]): ChannelIdentifier[] {
  const seen = new Map<string, number>();
  return identifiers.flatMap(({ type, system = '', value }) => {
    if (value === undefined) return [];
    const code = type?.coding?.[0]?.code ?? '';
    const kind = `${system} ${code}`;
    const ordinal = seen.get(kind) ?? 0;
    seen.set(kind, ordinal + 1);
    const id = createHash('sha256')
      .update(`${channel} ${kind} ${String(ordinal)}`)
      .digest('hex')
      .slice(0, 24);
    const name = type?.text ?? type?.coding?.[0]?.display ?? 'Identifier';
    return [{ id, name, category: categories.get(code) ?? 'OTHER', value }];
  });
}

function eventOf({ extension = [] }: NonNullable<Encounter['extension']>[number]): { event: string; at: string }[] {
  const event = extension.find(({ url }) => url === 'event')?.valueCode;
  const at = extension.find(({ url }) => url === 'at')?.valueDateTime;
  return event === undefined || at === undefined ? [] : [{ event, at }];
}
