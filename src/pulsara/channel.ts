import type { Measure, VitalSet } from '../channel/vital-signs.js';
import { JobError } from '../jobs/retry.js';
import { faultOf } from '../validate/primitives.js';
import { Members, type Lacking } from './members.js';

/** A channel as the upstream API tells it, as far as it is understood. What is unknown is absent. */
export interface Channel {
  readonly id: string;
  readonly stopped: boolean;
  readonly startedAt: string | undefined;
  readonly stoppedAt: string | undefined;
  readonly methodOfArrival: string | undefined;
  readonly patientType: string | undefined;
  readonly firstName: string | undefined;
  readonly lastName: string | undefined;
  readonly birthDate: string | undefined;
  readonly age: number | undefined;
  readonly ageUnit: string | undefined;
  readonly gender: string | undefined;
  readonly height: Measure<'cm' | 'in'> | undefined;
  readonly weight: Measure<'kg' | 'lb'> | undefined;
  readonly chiefComplaint: string | undefined;
  readonly condition: string | undefined;
  readonly acuity: { readonly label: string; readonly nemsis: string | undefined } | undefined;
  readonly destination: string | undefined;
  readonly unit: string | undefined;
  readonly room: string | undefined;
  readonly entities: readonly { readonly entity: string; readonly role: string }[];
  readonly identifiers: readonly ChannelIdentifier[];
  readonly labels: readonly Label[];
  readonly contacts: readonly Contact[];
  readonly timeline: readonly { readonly event: string; readonly at: string }[];
  readonly vitals: readonly VitalSet[];
  readonly labs: readonly Lab[];
  readonly messages: readonly Message[];
}

export interface ChannelIdentifier {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly value: string;
}

export interface Label {
  readonly name: string;
  readonly type: string | undefined;
  readonly private: boolean;
  readonly entity: string | undefined;
}

export interface Contact {
  readonly name: string;
  readonly relationship: string | undefined;
  readonly phone: string | undefined;
}

export interface Lab {
  readonly at: string | undefined;
  readonly test: string;
  readonly value: string;
  readonly unit: string | undefined;
  readonly range: string | undefined;
  readonly flag: string | undefined;
}

export interface Message {
  readonly id: string;
  readonly at: string | undefined;
  readonly sender: string;
  readonly text: string;
  readonly urgent: boolean;
}

/**
 * Reads the answer of the upstream API. A member that is not what it should be is left out rather than guessed at; a
 * channel without an id is none. Errors: JobError.
 */
export function readChannel(body: Buffer): Channel {
  const answer = Members.parse(body);
  const channel = answer?.object('patient_channel') ?? answer;
  const id = channel?.text('id');
  if (!channel || id === undefined) throw new JobError('upstream-not-a-channel');
  return {
    id,
    stopped: channel.text('status') === 'stopped',
    startedAt: timeIn(channel, 'started_at') ?? timeIn(channel, 'created_at'),
    stoppedAt: timeIn(channel, 'stopped_at'),
    methodOfArrival: channel.text('method_of_arrival'),
    patientType: channel.text('patient_type'),
    ...personIn(channel),
    height: measureIn(channel, 'height', { cm: 'cm', in: 'in', inches: 'in' }),
    weight: measureIn(channel, 'weight', { kg: 'kg', lb: 'lb', lbs: 'lb' }),
    chiefComplaint: channel.text('chief_complaint'),
    condition: channel.text('condition')?.toLowerCase(),
    acuity: acuityIn(channel),
    destination: channel.text('destination'),
    unit: channel.text('unit'),
    room: channel.text('room'),
    entities: channel.list<Channel['entities'][number]>('entities', ['entity', 'role'], (each) => ({
      entity: each.text('entity_id', 'id'),
      role: each.text('role'),
    })),
    identifiers: channel.list<ChannelIdentifier>('identifiers', ['id', 'value'], (each) => ({
      ...{ id: each.text('id'), value: each.text('value') },
      ...{ name: each.text('name') ?? '', category: each.text('category') ?? '' },
    })),
    labels: channel.list<Label>('labels', ['name'], (each) => ({
      ...{ name: each.text('name'), type: each.text('type'), entity: each.text('entity_id', 'entity') },
      // A label whose visibility is not understood is not shown to others.
      private: each.text('visibility')?.toLowerCase() !== 'public',
    })),
    contacts: channel.list<Contact>('contacts', ['name'], (each) => ({
      name: each.text('name'),
      relationship: each.text('relationship'),
      phone: each.text('phone'),
    })),
    timeline: channel.list<Channel['timeline'][number]>('timeline', ['event', 'at'], (each) => ({
      event: eventIn(each),
      at: timeIn(each, 'at'),
    })),
    vitals: channel.list<VitalSet>('vital_signs', ['at'], vitalsIn),
    labs: channel.list<Lab>('labs', ['test', 'value'], labIn),
    messages: channel.list<Message>('team_messages', ['id', 'text'], messageIn),
  };
}

type Person = Pick<Channel, 'firstName' | 'lastName' | 'birthDate' | 'age' | 'ageUnit' | 'gender'>;

function personIn(channel: Members): Person {
  const named = (name: 'first_name' | 'last_name'): string | undefined => {
    const text = channel.text(name);
    // The app's own word for it: nobody is called that.
    return channel.flag(`${name}_unknown`) || text?.toLowerCase() === 'unknown' ? undefined : text;
  };
  const born = channel.text('dob');
  const isDay = born !== undefined && /^\d{4}-\d\d-\d\d$/.test(born) && faultOf(born, 'date') === undefined;
  return {
    firstName: named('first_name'),
    lastName: named('last_name'),
    birthDate: isDay ? born : undefined,
    age: channel.number('age'),
    ageUnit: channel.text('age_unit')?.toLowerCase(),
    gender: channel.text('gender')?.toLowerCase(),
  };
}

function acuityIn(channel: Members): Channel['acuity'] {
  const acuity = channel.object('acuity');
  const label = acuity?.text('label');
  // A code has no white space but single blanks within.
  return label === undefined ? undefined : { label, nemsis: acuity?.text('nemsis')?.replace(/\s+/g, ' ') };
}

/** As the codes of the timeline are written: `EMS Scene Departure` is `ems-scene-departure`. */
const eventIn = (stamp: Members): string | undefined => {
  const event = stamp
    .text('event')
    ?.toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return event === '' ? undefined : event;
};

/** A time with a zone; without one it could be any of two dozen. */
function timeIn(members: Members, name: string): string | undefined {
  const text = members.text(name);
  const isTime = text !== undefined && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)$/.test(text);
  return isTime && faultOf(text, 'dateTime') === undefined ? text : undefined;
}

function measureIn<U extends string>(
  members: Members,
  name: string,
  units: Readonly<Record<string, U>>,
): Measure<U> | undefined {
  const measure = members.object(name);
  const value = measure?.number('value');
  const written = measure?.text('unit') ?? '';
  const unit = Object.hasOwn(units, written) ? units[written] : undefined;
  return value === undefined || unit === undefined ? undefined : { value, unit };
}

function vitalsIn(set: Members): Lacking<VitalSet> {
  return {
    at: timeIn(set, 'at'),
    heart_rate: set.number('heart_rate'),
    systolic: set.number('systolic'),
    diastolic: set.number('diastolic'),
    respiratory_rate: set.number('respiratory_rate'),
    oxygen_saturation: set.number('oxygen_saturation'),
    oxygen_flow: set.number('oxygen_flow'),
    temperature: measureIn(set, 'temperature', { Cel: 'Cel', degF: 'degF', celsius: 'Cel', fahrenheit: 'degF' }),
    coma_scale: set.number('coma_scale'),
    pain: set.number('pain'),
    height: measureIn(set, 'height', { cm: 'cm', in: 'in', inches: 'in' }),
    weight: measureIn(set, 'weight', { kg: 'kg', lb: 'lb', lbs: 'lb' }),
  };
}

const labIn = (lab: Members): Lacking<Lab> => ({
  at: timeIn(lab, 'at'),
  test: lab.text('test', 'name'),
  value: lab.text('value'),
  unit: lab.text('unit'),
  range: lab.text('reference_range'),
  flag: lab.text('flag'),
});

const messageIn = (message: Members): Lacking<Message> => ({
  id: message.text('id'),
  at: timeIn(message, 'sent_at') ?? timeIn(message, 'at'),
  sender: message.text('sender') ?? 'Unknown sender',
  text: message.text('text', 'body'),
  urgent: message.flag('urgent'),
});
