import assert from 'node:assert/strict';
import { isValid, NO_PROFILES, validate } from '../../src/validate/structure.js';

const LOINC = 'http://loinc.org';
const UCUM = 'http://unitsofmeasure.org';
const R4 = 'http://hl7.org/fhir/StructureDefinition/';
const loinc = (code: string): object => ({ coding: [{ system: LOINC, code }] });
const quantity = (value: number, code: string): object => ({ value, unit: code, system: UCUM, code });
const category = [
  { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] },
];

const vital = (code: string, more: object): any => ({
  ...{ resourceType: 'Observation', status: 'final', category, code: loinc(code) },
  ...{ subject: { reference: 'Patient/x' }, effectiveDateTime: '2024-02-29' },
  ...more,
});
const pressure = (...component: object[]): any => vital('85354-9', { component });
const systolic = { code: loinc('8480-6'), valueQuantity: quantity(120, 'mm[Hg]') };
const diastolic = { code: loinc('8462-4'), valueQuantity: quantity(80, 'mm[Hg]') };
const pulse = vital('8867-4', { valueQuantity: quantity(72, '/min') });
const without = (resource: any, ...names: string[]): any =>
  Object.fromEntries(Object.entries(resource as object).filter(([name]) => !names.includes(name)));

describe('validate/vital-signs', () => {
  const good: [string, object][] = [
    ['a pulse', pulse],
    ['a weight in pounds', vital('29463-7', { valueQuantity: quantity(150, '[lb_av]') })],
    ['a pulse that is not known', vital('8867-4', { dataAbsentReason: { text: 'refused' } })],
    ['a pulse over a time', { ...without(pulse, 'effectiveDateTime'), effectivePeriod: { start: '2024' } }],
    ['a blood pressure', pressure(systolic, diastolic)],
    [
      'a blood pressure of which one is not known',
      pressure(systolic, { code: loinc('8462-4'), dataAbsentReason: { text: 'x' } }),
    ],
    [
      'a blood pressure with a third component',
      pressure(systolic, diastolic, { code: loinc('8478-0'), valueInteger: 93 }),
    ],
    ['a panel', vital('85353-1', { hasMember: [{ reference: 'Observation/x' }] })],
    ['a code that is no vital sign', without(vital('2951-2', {}), 'category', 'subject', 'effectiveDateTime')],
    [
      'the code of another system',
      { ...without(pulse, 'subject'), code: { coding: [{ system: 'urn:x', code: '8867-4' }] } },
    ],
  ];
  for (const [what, resource] of good) it(`REST 21: takes ${what}`, () => assert.deepEqual(validate(resource), []));

  const bad: [string, object, string][] = [
    ['one without its category', without(pulse, 'category'), 'Observation.category'],
    ['one without a subject', without(pulse, 'subject'), 'Observation.subject'],
    ['one without a time', without(pulse, 'effectiveDateTime'), 'Observation.effective'],
    ['one of some time in a month', { ...pulse, effectiveDateTime: '2024-02' }, 'Observation.effective'],
    ['one without a value', without(pulse, 'valueQuantity'), 'Observation'],
    ['one in the wrong unit', vital('8867-4', { valueQuantity: quantity(72, '/h') }), 'Observation.value'],
    [
      'one whose unit has no code',
      vital('8867-4', { valueQuantity: { value: 72, unit: '/min' } }),
      'Observation.value',
    ],
    ['a value that is no quantity', vital('8867-4', { valueInteger: 72 }), 'Observation.value'],
    [
      'a second coding that is one',
      { ...pulse, code: { coding: [{ code: 'x' }, { system: LOINC, code: '8310-5' }] } },
      'Observation.value',
    ],
    ['a body mass index that is not known', vital('39156-5', { dataAbsentReason: { text: 'x' } }), 'Observation.value'],
    ['a blood pressure in one', vital('85354-9', { valueQuantity: quantity(120, 'mm[Hg]') }), 'Observation.value'],
    ['half of a blood pressure', pressure(systolic), 'Observation.component'],
    ['one half twice', pressure(systolic, diastolic, diastolic), 'Observation.component'],
    ['a component that says nothing', pressure(systolic, { code: loinc('8462-4') }), 'Observation.component[1]'],
    [
      'a pressure in the wrong unit',
      pressure(systolic, { ...diastolic, valueQuantity: quantity(80, 'kPa') }),
      'Observation.component[1].value',
    ],
    ['a panel of nothing', vital('85353-1', {}), 'Observation.hasMember'],
  ];
  for (const [what, resource, path] of bad)
    it(`REST 21: refuses ${what}`, () => {
      const issues = validate(resource);
      assert.equal(isValid(issues), false);
      const paths = issues.flatMap(({ expression }) => expression ?? []);
      assert.ok(paths.includes(path), `${path} is among ${paths.join(', ')}`);
    });

  it('REST 21: a profile of them is enforced where it is claimed or asked for, whatever the code', () => {
    const other = vital('2951-2', { valueInteger: 1 });
    assert.deepEqual(validate(other), []);
    const claiming = { ...other, meta: { profile: [`${R4}heartrate|4.0.1`] } };
    for (const issues of [validate(claiming), validate(other, NO_PROFILES, [`${R4}heartrate`])])
      assert.deepEqual(
        issues.flatMap(({ expression }) => expression ?? []),
        ['Observation.code', 'Observation.value'],
      );
    const base = without({ ...other, meta: { profile: [`${R4}vitalsigns`] } }, 'subject');
    assert.deepEqual(
      validate(base).flatMap(({ expression }) => expression ?? []),
      ['Observation.subject'],
    );
  });
});
