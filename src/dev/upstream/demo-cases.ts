import { recordNumber } from '../demo/patients.js';
import { people, type Person } from '../demo/people.js';
import type { UpstreamChannel, UpstreamIdentifier } from './channel.js';

/** A case of the demo: what it is when it arrives, the number that is entered, and what it becomes. */
export interface DemoCase {
  readonly says: string;
  readonly channel: UpstreamChannel;
  readonly identifier: UpstreamIdentifier;
  readonly later?: Partial<UpstreamChannel>;
}

const ENTITIES = [
  { entity_id: 'valley-ems', role: 'ems' },
  { entity_id: 'riverside', role: 'hospital' },
];

/** Three cases that arrive now: somebody known, somebody whom nobody knows, and somebody with another one's number. */
export function demoCases(now: number): DemoCase[] {
  const at = (minutes: number): string => new Date(now + minutes * 60_000).toISOString().replace(/\.\d+Z$/, 'Z');
  const [first, second] = people.filter(({ tenants, born }) => born !== undefined && tenants.includes('org_riverside'));
  if (!first || !second) throw new Error('the demo has patients');
  const id = (which: string): string => `demo-${now.toString(36)}-${which}`;
  const common = {
    status: 'active' as const,
    started_at: at(-18),
    method_of_arrival: 'INBOUND_EMS' as const,
    destination: 'Riverside Hospital',
    unit: 'Medic 3',
    entities: ENTITIES,
    identifiers: [],
    timeline: [
      { event: 'first-contact', at: at(-18) },
      { event: 'at-patient', at: at(-14) },
      { event: 'ems-scene-departure', at: at(-3) },
      { event: 'ed-arrival', at: null },
    ],
  };
  const vitals = [
    { at: at(-12), heart_rate: 96, systolic: 172, diastolic: 94, respiratory_rate: 18, oxygen_saturation: 95 },
    { at: at(-4), heart_rate: 91, systolic: 164, diastolic: 90, respiratory_rate: 16, oxygen_saturation: 97 },
  ];
  const mrn = (value: string): UpstreamIdentifier => ({ id: 'cfg-1', name: 'Hospital MRN', category: 'MRN', value });
  const stroke = { patient_type: 'Stroke', chief_complaint: 'Sudden weakness of the left arm', condition: 'red' };
  return [
    {
      says: 'A stroke arrives whose record number is known: the case is filed under its patient.',
      channel: {
        ...{ ...common, ...stroke, id: id('1'), ...nameOf(first), vital_signs: vitals },
        acuity: { label: 'Critical' },
        team_messages: [
          { id: 'm-1', sent_at: at(-5), sender: 'Charge nurse', text: 'CT is clear, go straight through' },
        ],
      },
      identifier: mrn(recordNumber(first, 'org_riverside')),
      later: {
        status: 'stopped',
        stopped_at: at(2),
        vital_signs: [...vitals, { at: at(1), heart_rate: 84, systolic: 150, diastolic: 85, oxygen_saturation: 98 }],
      },
    },
    {
      says: 'Somebody whom nobody knows arrives: a patient without a name, with an age and no birth date.',
      channel: {
        ...{ ...common, id: id('2'), patient_type: 'Trauma', chief_complaint: 'Struck by a car' },
        ...{ first_name: null, first_name_unknown: true, last_name: null, last_name_unknown: true },
        ...{ age: 40, age_unit: 'years', gender: 'male', vital_signs: vitals.slice(0, 1) },
      },
      identifier: mrn(`TEMP-${now.toString(36)}`),
    },
    {
      says: 'A case arrives with the record number of somebody else: it is held until a manager decides.',
      channel: {
        ...{ ...common, id: id('3'), patient_type: 'General', chief_complaint: 'Shortness of breath' },
        ...{ first_name: 'Wilma', last_name: 'Oakes', dob: '1949-11-30', gender: 'female', vital_signs: vitals },
      },
      identifier: mrn(recordNumber(second, 'org_riverside')),
    },
  ];
}

const nameOf = ({ given, family, born, gender }: Person) => ({
  first_name: given,
  last_name: family,
  dob: born ?? null,
  gender,
});
