import type { Observation, ObservationComponent, ObservationReferenceRange, SampledData } from '@medplum/fhirtypes';
import {
  clinical,
  composite,
  date,
  defineResource,
  either,
  el,
  kept,
  quantity,
  reference,
  text,
  token,
  view,
  within,
  type columns,
} from '../src/define/index.js';
import { observationProfiles } from './elements/us-core.js';

interface Row
  extends
    columns.ClinicalRow,
    columns.Concept<
      'category' | 'code' | 'value_concept' | 'data_absent_reason' | 'interpretation' | 'body_site' | 'method'
    >,
    columns.Reference<'subject' | 'encounter' | 'performer' | 'specimen' | 'device'>,
    columns.DateTime<'effective'>,
    columns.Period<'effective'>,
    columns.SparseTime<'value_date'>,
    columns.Quantity<'value'>,
    columns.Canonical<'value'>,
    columns.Folded<'value_string' | 'value_concept_text'> {
  status: string;
  effective_type: string | null;
  issued: string | null;
  value_boolean: boolean | null;
  value_integer: number | null;
  value_time: string | null;
  value_date_type: string | null;
}

type ComponentRow = columns.Concept<'code' | 'value_concept' | 'data_absent_reason' | 'interpretation'> &
  columns.Quantity<'value'> &
  columns.Canonical<'value'> &
  Record<'value_string' | 'value_time' | 'value_date', string | null> & {
    value_boolean: boolean | null;
    value_integer: number | null;
  };

interface Children {
  identifiers: columns.IdentifierRow;
  components: ComponentRow;
  referenceRanges: columns.Quantity<'low' | 'high'> & columns.Concept<'type' | 'applies_to'> & { text: string | null };
  members: columns.Reference<'target'>;
  derivedFrom: columns.Reference<'target'>;
  measures: columns.Range<'range'> &
    columns.Ratio<'ratio'> &
    columns.Quantity<'origin'> &
    Record<'sample_period' | 'factor' | 'lower_limit' | 'upper_limit' | 'dimensions', number | null> & {
      data: string | null;
    };
}

const code = token(el.concept('code'));
const valueConcept = token(el.concept('value_concept'));
const value = el.quantity('value', { canonical: true });
const valueQuantity = quantity(value);
const valueString = text(el.folded('value_string'), el.foldedConcept('value_concept'));
const absent = token(el.concept('data_absent_reason'));

/** Vital signs, laboratory results, scores, social history: every value[x] of R4. */
export default defineResource<Observation, Row, Children>({
  type: 'Observation',
  profiles: observationProfiles,
  source: clinical('observation'),
  children: {
    identifiers: { table: 'observation_identifier', parent: 'parent_id', order: 'position' },
    components: { table: 'observation_component', parent: 'parent_id', order: 'position' },
    referenceRanges: { table: 'observation_reference_range', parent: 'parent_id', order: 'position' },
    members: { table: 'observation_member', parent: 'parent_id', order: 'position' },
    derivedFrom: { table: 'observation_derived_from', parent: 'parent_id', order: 'position' },
    measures: { table: 'observation_measure', parent: 'parent_id', order: 'position' },
  },
  patient: ['subject', 'performer'],
  native: [
    { name: 'vitals', when: { category: ['http://terminology.hl7.org/CodeSystem/observation-category|vital-signs'] } },
    { name: 'reports', when: { category: ['http://terminology.hl7.org/CodeSystem/observation-category|laboratory'] } },
    {
      name: 'histories',
      when: { category: ['http://terminology.hl7.org/CodeSystem/observation-category|social-history'] },
    },
  ],
  search: {
    'based-on': kept('reference'),
    category: token(el.concept('category')),
    code,
    'code-value-concept': composite(code, valueConcept),
    'code-value-date': composite(code, date(el.dateTime('value_date'))),
    'code-value-quantity': composite(code, valueQuantity),
    'code-value-string': composite(code, text(el.folded('value_string'))),
    'combo-code': either(code, within('components', code)),
    'combo-code-value-concept': either(
      composite(code, valueConcept),
      within('components', composite(code, valueConcept)),
    ),
    'combo-code-value-quantity': either(
      composite(code, valueQuantity),
      within('components', composite(code, valueQuantity)),
    ),
    'combo-data-absent-reason': either(absent, within('components', absent)),
    'combo-value-concept': either(valueConcept, within('components', valueConcept)),
    'combo-value-quantity': either(valueQuantity, within('components', valueQuantity)),
    'component-code': within('components', code),
    'component-code-value-concept': within('components', composite(code, valueConcept)),
    'component-code-value-quantity': within('components', composite(code, valueQuantity)),
    'component-data-absent-reason': within('components', absent),
    'component-value-concept': within('components', valueConcept),
    'component-value-quantity': within('components', valueQuantity),
    'data-absent-reason': absent,
    date: date(el.dateTime('effective')),
    'derived-from': within('derivedFrom', reference(el.reference('target'))),
    device: reference(el.reference('device')),
    encounter: reference(el.reference('encounter')),
    focus: kept('reference'),
    'has-member': within('members', reference(el.reference('target'))),
    identifier: within('identifiers', token(el.identifier())),
    method: token(el.concept('method')),
    'part-of': kept('reference'),
    patient: reference(el.reference('subject'), { to: ['Patient'] }),
    performer: reference(el.reference('performer')),
    specimen: reference(el.reference('specimen')),
    status: token(el.code('status'), { system: 'http://hl7.org/fhir/observation-status' }),
    subject: reference(el.reference('subject')),
    'value-concept': valueConcept,
    'value-date': date(el.dateTime('value_date')),
    'value-quantity': valueQuantity,
    'value-string': valueString,
  },
  sort: ['-date', '_id', '_lastUpdated', 'code', 'category', 'status', 'value-quantity'],
  granularScopes: ['category', 'code'],
  together: { dataAbsentReason: 'value', interpretation: 'value' },
  view: view<Observation, Row, Children>({
    identifier: el.list('identifiers', el.identifier()),
    status: el.code('status'),
    category: el.first(el.concept('category')),
    code: el.concept('code'),
    subject: el.reference('subject'),
    encounter: el.reference('encounter'),
    effectiveDateTime: el.when('effective_type', 'dateTime', el.dateTime('effective')),
    effectivePeriod: el.when('effective_type', 'Period', el.period('effective')),
    effectiveTiming: el.when('effective_type', 'Timing', el.timing('effective')),
    effectiveInstant: el.when('effective_type', 'instant', el.dateTime('effective')),
    issued: el.string('issued'),
    performer: el.first(el.reference('performer')),
    valueQuantity: value,
    valueCodeableConcept: el.foldedConcept('value_concept'),
    valueString: el.folded('value_string'),
    valueBoolean: el.boolean('value_boolean'),
    valueInteger: el.number('value_integer'),
    valueRange: el.only('measures', el.range('range')),
    valueRatio: el.only('measures', el.ratio('ratio')),
    valueSampledData: el.only(
      'measures',
      el.group<SampledData>()({
        origin: el.quantity('origin'),
        period: el.number('sample_period'),
        factor: el.number('factor'),
        lowerLimit: el.number('lower_limit'),
        upperLimit: el.number('upper_limit'),
        dimensions: el.number('dimensions'),
        data: el.string('data'),
      }),
    ),
    valueTime: el.string('value_time'),
    valueDateTime: el.when('value_date_type', 'dateTime', el.dateTime('value_date', { sparse: true })),
    valuePeriod: el.when('value_date_type', 'Period', el.period('value_date', { sparse: true })),
    dataAbsentReason: el.concept('data_absent_reason'),
    interpretation: el.first(el.concept('interpretation')),
    bodySite: el.concept('body_site'),
    method: el.concept('method'),
    specimen: el.reference('specimen'),
    device: el.reference('device'),
    referenceRange: el.list(
      'referenceRanges',
      el.group<ObservationReferenceRange>()({
        low: el.quantity('low'),
        high: el.quantity('high'),
        type: el.concept('type'),
        appliesTo: el.first(el.concept('applies_to')),
        text: el.string('text'),
      }),
    ),
    hasMember: el.list('members', el.reference('target')),
    derivedFrom: el.list('derivedFrom', el.reference('target')),
    component: el.list(
      'components',
      el.group<ObservationComponent>()({
        code: el.concept('code'),
        valueQuantity: value,
        valueCodeableConcept: el.concept('value_concept'),
        valueString: el.string('value_string'),
        valueBoolean: el.boolean('value_boolean'),
        valueInteger: el.number('value_integer'),
        valueTime: el.string('value_time'),
        valueDateTime: el.string('value_date'),
        dataAbsentReason: el.concept('data_absent_reason'),
        interpretation: el.first(el.concept('interpretation')),
      }),
    ),
  }),
  write: { create: true, update: true, delete: true },
});
