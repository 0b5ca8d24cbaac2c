import type { Knex } from 'knex';
import { drop, shapes } from './shapes.js';

export async function up(knex: Knex): Promise<void> {
  const s = shapes(knex);
  await knex.schema.createTable('observation', (t) => {
    s.clinical(t);
    t.text('status').notNullable();
    s.concept(t, 'category', 'code');
    s.reference(t, 'subject', 'encounter', 'performer');
    t.text('effective_type');
    s.dateTime(t, 'effective');
    s.texts(t, 'effective_from', 'effective_to', 'issued');
    s.quantity(t, 'value');
    s.concept(t, 'value_concept');
    s.ordered(t, 'value_concept_text_fold');
    s.folded(t, 'value_string');
    t.boolean('value_boolean');
    t.integer('value_integer');
    t.text('value_time');
    t.text('value_date_type');
    s.texts(t, 'value_date', 'value_date_from', 'value_date_to');
    t.bigInteger('value_date_start');
    t.bigInteger('value_date_end');
    s.concept(t, 'data_absent_reason', 'interpretation', 'body_site', 'method');
    s.reference(t, 'specimen', 'device');
    // Every search ends in the default order, newest first, so every index does; with the version it answers alone.
    const order = ['effective_start', 'id', 'version'];
    s.index(t, 'observation_updated', ['updated_at', 'id']);
    s.index(t, 'observation_date', order);
    s.index(t, 'observation_patient', ['patient_id', ...order], 'patient_id');
    s.index(t, 'observation_subject', ['subject', ...order], 'subject');
    s.index(t, 'observation_subject_category', ['subject', 'category_code', ...order], 'subject');
    s.index(t, 'observation_subject_code', ['subject', 'code_code', ...order], 'subject');
    s.index(t, 'observation_category', ['category_code', ...order], 'category_code');
    s.index(t, 'observation_code', ['code_code', ...order], 'code_code');
    s.index(t, 'observation_status', ['status', ...order]);
    s.index(t, 'observation_encounter', ['encounter', ...order], 'encounter');
    s.index(t, 'observation_performer', ['performer', ...order], 'performer');
    s.index(t, 'observation_value', ['value_value', ...order], 'value_value');
    s.index(t, 'observation_value_concept', ['value_concept_code', ...order], 'value_concept_code');
    s.index(t, 'observation_value_string', ['value_string_fold', ...order], 'value_string_fold');
    s.index(t, 'observation_value_text', ['value_concept_text_fold', ...order], 'value_concept_text_fold');
    s.index(t, 'observation_value_date', ['value_date_start', ...order], 'value_date_start');
    s.index(t, 'observation_absent', ['data_absent_reason_code', ...order], 'data_absent_reason_code');
    s.index(t, 'observation_method', ['method_code', ...order], 'method_code');
    s.index(t, 'observation_specimen', ['specimen', ...order], 'specimen');
    s.index(t, 'observation_device', ['device', ...order], 'device');
  });
  await s.identifiers('observation_identifier', 'parent_id');
  await s.child('observation_component', 'parent_id', (t) => {
    s.concept(t, 'code');
    s.quantity(t, 'value');
    s.concept(t, 'value_concept');
    s.texts(t, 'value_string', 'value_time', 'value_date');
    t.boolean('value_boolean');
    t.integer('value_integer');
    s.concept(t, 'data_absent_reason', 'interpretation');
    s.index(t, 'observation_component_code', ['code_code', 'parent_id'], 'code_code');
    s.index(t, 'observation_component_value', ['value_value', 'parent_id'], 'value_value');
    s.index(t, 'observation_component_concept', ['value_concept_code', 'parent_id'], 'value_concept_code');
    s.index(t, 'observation_component_absent', ['data_absent_reason_code', 'parent_id'], 'data_absent_reason_code');
  });
  await s.child('observation_reference_range', 'parent_id', (t) => {
    s.quantity(t, 'low', 'high');
    s.concept(t, 'type', 'applies_to');
    t.text('text');
  });
  for (const link of ['member', 'derived_from'])
    await s.child(`observation_${link}`, 'parent_id', (t) => {
      s.reference(t, 'target');
      s.index(t, `observation_${link}_target`, ['target', 'parent_id'], 'target');
    });
  // The values that are rare and wide: Range, Ratio, SampledData. At most one row.
  await s.child('observation_measure', 'parent_id', (t) => {
    s.quantity(t, 'range_low', 'range_high', 'ratio_numerator', 'ratio_denominator', 'origin');
    t.double('sample_period');
    t.double('factor');
    t.double('lower_limit');
    t.double('upper_limit');
    t.integer('dimensions');
    t.text('data');
  });
}

export const down = (knex: Knex): Promise<void> =>
  drop(
    knex,
    'observation_measure',
    'observation_derived_from',
    'observation_member',
    'observation_reference_range',
    'observation_component',
    'observation_identifier',
    'observation',
  );
