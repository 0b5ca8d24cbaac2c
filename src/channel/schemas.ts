import { extendZodWithOpenApi } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { faultOf } from '../validate/primitives.js';
import { ARRIVALS, CATEGORIES, EVENTS, PATIENT_TYPES } from './codes.js';

/** What may be sent to the native API. OpenAPI is made from these, so that it says what is checked and nothing else. */
extendZodWithOpenApi(z);

const keys = <const T extends Record<string, unknown>>(of: T) => Object.keys(of) as [keyof T & string];

/** What is accepted here is written as FHIR: its own rule decides. */
const fits = (type: string) => (value: string) => faultOf(value, type) === undefined;

const text = (most: number, example?: string) =>
  z
    .string()
    .trim()
    .min(1)
    .max(most)
    .regex(/^(?:\P{Cc}|[\n\t])*$/u, 'has control characters')
    .refine(fits('string'), 'has characters that FHIR does not have')
    .openapi(example === undefined ? {} : { example });

const dateTime = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)$/, 'must be a time with seconds and a zone')
  .refine(fits('dateTime'), 'is no time of the calendar')
  .openapi({ format: 'date-time', example: '2026-03-01T14:05:00-06:00' });

const date = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d$/, 'must be a date: YYYY-MM-DD')
  .refine(fits('date'), 'is no day of the calendar')
  .openapi({ format: 'date', example: '1958-07-14' });

const between = (low: number, high: number) => z.number().min(low).max(high);
const measure = <const U extends [string, ...string[]]>(units: U, high: number) =>
  z.strictObject({ value: z.number().positive().max(high), unit: z.enum(units) });

export const identifier = z
  .strictObject({
    name: text(100, 'Hospital MRN'),
    category: z.enum(keys(CATEGORIES)),
    value: text(200, '4410207'),
  })
  .openapi('NewIdentifier');

const readings = {
  heart_rate: between(0, 400).optional(),
  systolic: between(0, 400).optional(),
  diastolic: between(0, 300).optional(),
  respiratory_rate: between(0, 150).optional(),
  oxygen_saturation: between(0, 100).optional(),
  oxygen_flow: between(0, 100).optional().openapi({ description: 'Liters a minute; only with oxygen_saturation' }),
  temperature: z.strictObject({ value: between(10, 120), unit: z.enum(['Cel', 'degF']) }).optional(),
  coma_scale: z.int().min(3).max(15).optional(),
  pain: z.int().min(0).max(10).optional(),
  height: measure(['cm', 'in'], 300).optional(),
  weight: measure(['kg', 'lb'], 1500).optional(),
};

export const vitalSigns = z
  .strictObject({ at: dateTime, ...readings })
  .refine((set) => Object.values(set).filter((value) => value !== undefined).length > 1, 'has no value but its time')
  .refine((set) => set.oxygen_flow === undefined || set.oxygen_saturation !== undefined, {
    path: ['oxygen_flow'],
    message: 'needs oxygen_saturation',
  })
  .openapi('NewVitalSigns');

export const message = z
  .strictObject({
    text: text(2000, 'CT is clear, go straight through'),
    sender: text(100, 'Charge nurse'),
    sent_at: dateTime.optional().openapi({ description: 'Now, where it is left out' }),
    urgent: z.boolean().optional(),
  })
  .openapi('NewMessage');

const label = z.strictObject({
  name: text(100, 'Stroke alert'),
  type: text(100).optional(),
  visibility: z.enum(['public', 'private']).openapi({
    description: 'A private label is for the entity that sets it; the other entities of the channel never see it',
  }),
});

export const channel = z
  .strictObject({
    method_of_arrival: z.enum(keys(ARRIVALS)),
    patient_type: z.enum(keys(PATIENT_TYPES)),
    first_name: text(100).optional(),
    first_name_unknown: z.boolean().optional(),
    last_name: text(100).optional(),
    last_name_unknown: z.boolean().optional(),
    dob: date.optional(),
    age: z.int().min(0).max(150).optional().openapi({ description: 'Without a birth date; none is made of it' }),
    age_unit: z.enum(['years', 'months', 'days']).optional(),
    gender: z.enum(['male', 'female', 'other', 'unknown']).optional(),
    height: readings.height,
    weight: readings.weight,
    chief_complaint: text(255).optional(),
    condition: z.enum(['green', 'yellow', 'red', 'black']).optional(),
    acuity: z
      .strictObject({ label: text(100, 'Critical'), nemsis: text(40).refine(fits('code'), 'is no code').optional() })
      .optional(),
    destination: text(200).optional(),
    unit: text(100, 'Medic 7').optional(),
    room: text(100, 'Trauma 2').optional(),
    entities: z
      .array(
        z.strictObject({ entity_id: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/), role: z.enum(['ems', 'hospital']) }),
      )
      .max(20)
      .optional()
      .openapi({ description: 'Other organizations on the channel: each has a channel of its own with the same id' }),
    identifiers: z.array(identifier).max(50).optional(),
    labels: z.array(label).max(50).optional(),
    contacts: z
      .array(z.strictObject({ name: text(100), relationship: text(100).optional(), phone: text(50).optional() }))
      .max(10)
      .optional(),
    timeline: z
      .array(z.strictObject({ event: z.enum(keys(EVENTS)), at: dateTime }))
      .max(50)
      .optional(),
    vital_signs: z.array(vitalSigns).max(100).optional(),
  })
  .superRefine((value, context) => {
    const missing = (path: string, why: string): void =>
      context.addIssue({ code: 'custom', path: [path], message: why });
    for (const name of ['first_name', 'last_name'] as const) {
      if ((value[name] === undefined) !== (value[`${name}_unknown`] === true))
        missing(name, `is needed, or ${name}_unknown, and not both`);
    }
    const contact = value.timeline?.some(({ event }) => event === 'first-contact');
    if (value.method_of_arrival === 'INBOUND_EMS' && !contact) missing('timeline', 'needs first-contact');
    if (value.patient_type === 'General' && value.chief_complaint === undefined)
      missing('chief_complaint', 'is needed for the patient type General');
    if ((value.age === undefined) !== (value.age_unit === undefined)) missing('age_unit', 'is needed with age');
  })
  .openapi('NewPatientChannel');

export const listQuery = z.strictObject({
  status: z.enum(['active', 'stopped']).optional(),
  from: z.union([date, dateTime]).optional().openapi({ description: 'Cases that were under way then or later' }),
  to: z.union([date, dateTime]).optional().openapi({ description: 'Cases that began before' }),
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'must be a whole number')
    .transform(Number)
    .refine((count) => count >= 1 && count <= 100, 'must be 1 to 100')
    .optional()
    .openapi({ type: 'integer', minimum: 1, maximum: 100, default: 20 }),
  cursor: z.string().max(4000).optional().openapi({ description: 'From `next` of the page before' }),
});

export type NewChannel = z.infer<typeof channel>;
export type NewIdentifier = z.infer<typeof identifier>;
export type NewMessage = z.infer<typeof message>;

const nullable = (schema: z.ZodType) => schema.nullable();
const word = z.string();

/** What an answer says; nothing of it is checked, it is for those who read. */
const line = {
  id: word,
  status: z.enum(['active', 'stopped']),
  started_at: nullable(dateTime),
  stopped_at: nullable(dateTime),
  method_of_arrival: nullable(z.enum(keys(ARRIVALS))),
  patient_type: nullable(word),
  first_name: nullable(word),
  first_name_unknown: z.boolean(),
  last_name: nullable(word),
  last_name_unknown: z.boolean(),
  dob: nullable(date),
  gender: nullable(word),
};

const channelLine = z.object(line).openapi('PatientChannelLine');

export const channelAnswer = z
  .object({
    ...line,
    age: nullable(z.int()),
    age_unit: nullable(word),
    chief_complaint: nullable(word),
    condition: nullable(word),
    acuity: nullable(z.object({ label: word, nemsis: nullable(word) })),
    destination: nullable(word),
    unit: nullable(word),
    room: nullable(word),
    entities: z.array(z.object({ entity_id: word, role: word })),
    identifiers: z.array(z.object({ id: word, name: word, category: z.enum(keys(CATEGORIES)), value: word })),
    labels: z.array(z.object({ name: word, type: nullable(word), visibility: word, entity_id: word })),
    contacts: z.array(z.object({ name: word, relationship: nullable(word), phone: nullable(word) })),
    timeline: z.array(z.object({ event: word, at: dateTime })),
    vital_signs: z.array(z.object({ at: dateTime, ...readings })),
    labs: z.array(
      z.object({
        at: nullable(dateTime),
        test: word,
        value: word,
        unit: nullable(word),
        reference_range: nullable(word),
        flag: nullable(word),
      }),
    ),
  })
  .openapi('PatientChannel');

export const page = z
  .object({ patient_channels: z.array(channelLine), next: nullable(word) })
  .openapi('PatientChannelPage');

export const made = z.object({ id: word }).openapi('Made');

export const fault = z.object({ error: word, code: word, requestId: word }).openapi('Error');
