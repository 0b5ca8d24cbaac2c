import { describeSearch } from './describe-search.js';
import { coded, observation, ucum } from './resources.js';

const value = (id: string, number: number, code = 'mg'): object =>
  observation(id, { valueQuantity: ucum(number, code) });

describeSearch(
  'search/quantity by implied precision',
  'Observation',
  [
    value('5.35', 5.35),
    value('5.40', 5.4),
    value('5.4499', 5.4499),
    value('5.45', 5.45),
    value('5.34999', 5.34999),
    value('100', 100),
    value('95', 95),
    value('105', 105),
    value('0', 0),
    value('negative', -5.4),
    value('small', 0.0054),
    observation('none', { valueString: '5.4' }),
  ],
  {
    'REST 38: a number stands for all that round to it': [
      ['value-quantity=5.4', '5.35 5.40 5.4499'],
      ['value-quantity=5.40', '5.40'],
      ['value-quantity=5.45', '5.4499 5.45'],
      ['value-quantity=5', '5.34999 5.35 5.40 5.4499 5.45'],
      ['value-quantity=-5.4', 'negative'],
      ['value-quantity=%2B5.40', '5.40'],
      ['value-quantity=100', '100'],
      ['value-quantity=1e2', '100 95'],
      ['value-quantity=1.00e2', '100'],
      ['value-quantity=5.40e-3', 'small'],
      ['value-quantity=0', '0 small'],
      ['value-quantity=5.4,100', '100 5.35 5.40 5.4499'],
    ],
    'REST 38: ne': [['value-quantity=ne5.4', '0 100 105 5.34999 5.45 95 negative small']],
    'REST 38: gt, lt, ge, le, sa and eb take the number as it is': [
      ['value-quantity=gt100', '105'],
      ['value-quantity=ge100', '100 105'],
      ['value-quantity=sa100', '105'],
      ['value-quantity=lt0', 'negative'],
      ['value-quantity=eb0', 'negative'],
      ['value-quantity=le0', '0 negative'],
      ['value-quantity=gt5.35&value-quantity=lt5.45', '5.40 5.4499'],
    ],
    'REST 38: ap is a tenth on either side, and at least the precision': [
      ['value-quantity=ap100', '100 105 95'],
      ['value-quantity=ap-5.4', 'negative'],
      ['value-quantity=ap0', '0 small'],
    ],
    'REST 38: what is no quantity is refused': [
      ['value-quantity=five', '400 invalid-parameter'],
      ['value-quantity=gt', '400 invalid-parameter'],
      ['value-quantity=5.4|mg', '400 invalid-parameter'],
      ['value-quantity=5.4|a|b|c', '400 invalid-parameter'],
      ['value-quantity=1e999', '400 invalid-parameter'],
      ['value-quantity=Infinity', '400 invalid-parameter'],
      ['value-quantity=0x10', '400 invalid-parameter'],
      ['value-quantity=~5', '400 invalid-parameter'],
      ['value-quantity=5.', '400 invalid-parameter'],
      ['value-quantity:exact=5', '400 unsupported-modifier'],
    ],
    'REST 38: :missing': [
      ['value-quantity:missing=true', 'none'],
      ['value-quantity=ne999:missing', '400 invalid-parameter'],
    ],
  },
);

describeSearch(
  'search/quantity by unit',
  'Observation',
  [
    value('ucum', 5, 'mg'),
    observation('unit', { valueQuantity: { value: 5, unit: 'mg' } }),
    observation('own', { valueQuantity: { value: 5, unit: 'milligram', system: 'urn:oid:1', code: 'mg' } }),
    value('other', 5, 'g'),
    value('pressure', 5, 'mm[Hg]'),
    observation('bare', { valueQuantity: { value: 5 } }),
  ],
  {
    'REST 38: the code with and without its system, and the unit as it is written': [
      ['value-quantity=5|http://unitsofmeasure.org|mg', 'ucum'],
      ['value-quantity=5||mg', 'own ucum unit'],
      ['value-quantity=5||milligram', 'own'],
      ['value-quantity=5|urn:oid:1|mg', 'own'],
      ['value-quantity=5|http://unitsofmeasure.org|mm[Hg]', 'pressure'],
      ['value-quantity=5||', 'bare other own pressure ucum unit'],
      ['value-quantity=gt4.9|http://unitsofmeasure.org|mg', 'other ucum'],
      ['value-quantity=ne4|http://unitsofmeasure.org|mg', 'other ucum'],
      ['value-quantity=5|http://unitsofmeasure.org|', '400 invalid-parameter'],
    ],
  },
);

const component = (code: string, number: number): object => ({
  code: coded('http://loinc.org', code),
  valueQuantity: ucum(number, 'mm[Hg]'),
});
const pressure = (id: string, systolic: number, diastolic: number): object =>
  observation(id, {
    code: coded('http://loinc.org', '55284-4'),
    component: [component('8480-6', systolic), component('8462-4', diastolic)],
  });

describeSearch(
  'search/composite',
  'Observation',
  [
    pressure('high', 150, 90),
    pressure('low', 110, 70),
    pressure('swapped', 120, 145),
    observation('rate', { valueQuantity: ucum(72, '/min') }),
    observation('second-code', {
      code: {
        coding: [
          { system: 'urn:oid:1', code: 'HR' },
          { system: 'http://loinc.org', code: '8893-0' },
        ],
      },
      valueQuantity: ucum(80, '/min'),
    }),
    observation('concept', { code: coded('urn:oid:1', 'a$b'), valueCodeableConcept: coded('urn:oid:2', 'yes,no') }),
  ],
  {
    'REST 38: both parts match in the same component; two parameters may match in different ones': [
      ['component-code-value-quantity=8480-6$gt140', 'high'],
      ['component-code=8480-6&component-value-quantity=gt140', 'high swapped'],
      ['component-code-value-quantity=http://loinc.org|8462-4$ge90|http://unitsofmeasure.org|mm[Hg]', 'high swapped'],
      ['component-code-value-quantity=8480-6$lt115,8462-4$gt140', 'low swapped'],
      ['combo-code-value-quantity=8480-6$gt140', 'high'],
      ['combo-code-value-quantity=8893-0$gt70', 'rate second-code'],
    ],
    'REST 38: a composite on a coding that has no column of its own': [
      ['code-value-quantity=8893-0$80', 'second-code'],
      ['code-value-quantity=HR$80', 'second-code'],
      ['code-value-quantity=HR$72', ''],
      ['code-value-quantity=8893-0$gt70||/min', 'rate second-code'],
    ],
    'REST 33: separators in the parts of a composite': [
      ['code-value-concept=a\\$b$yes\\,no', 'concept'],
      ['code-value-concept=urn:oid:1|a\\$b$urn:oid:2|yes\\,no', 'concept'],
      ['code-value-concept=a$b$yes', '400 invalid-parameter'],
      ['code-value-quantity=8893-0', '400 invalid-parameter'],
      ['code-value-quantity=8893-0$', '400 invalid-parameter'],
      ['code-value-quantity=$80', '400 invalid-parameter'],
      ['code-value-quantity:not=8893-0$80', '400 unsupported-modifier'],
    ],
    'REST 38: :missing': [
      ['component-code-value-quantity:missing=false', 'high low swapped'],
      ['code-value-quantity:missing=true', 'concept high low swapped'],
    ],
  },
);

describeSearch(
  'search/quantity in units that convert',
  'Observation',
  [
    value('5.4g', 5.4, 'g'),
    value('5400mg', 5400, 'mg'),
    value('5.44g', 5.44, 'g'),
    value('5.45g', 5.45, 'g'),
    value('5.4mmol', 5.4, 'mmol'),
    value('37Cel', 37, 'Cel'),
    value('98.6F', 98.6, '[degF]'),
    value('100Cel', 100, 'Cel'),
    value('7.4pH', 7.4, '[pH]'),
    value('7.0pH', 7, '[pH]'),
    value('5IU', 5, '[IU]'),
    value('5kIU', 0.005, 'k[IU]'),
    value('bad', 5.4, 'gramme'),
    observation('elsewhere', { valueQuantity: { value: 5.4, unit: 'g', system: 'urn:oid:1', code: 'g' } }),
    observation('twice', {
      code: coded('urn:oid:1', 'weight'),
      component: [
        { code: coded('urn:oid:1', 'w'), valueQuantity: ucum(2, 'kg') },
        { code: coded('urn:oid:1', 'w'), valueQuantity: ucum(9, 'g') },
      ],
    }),
    observation('second-code', {
      code: {
        coding: [
          { system: 'urn:oid:1', code: 'first' },
          { system: 'urn:oid:1', code: 'second' },
        ],
      },
      valueQuantity: ucum(3, '[in_i]'),
    }),
  ],
  {
    'REST 38: a unit of UCUM finds what it converts to, with the precision of the unit that was asked in': [
      ['value-quantity=0.0054|http://unitsofmeasure.org|kg', '5.44g 5.4g 5400mg'],
      ['value-quantity=5.4|http://unitsofmeasure.org|g', '5.44g 5.4g 5400mg'],
      ['value-quantity=5.40|http://unitsofmeasure.org|g', '5.4g 5400mg'],
      ['value-quantity=5400|http://unitsofmeasure.org|mg', '5.4g 5400mg'],
      ['value-quantity=5400000.0|http://unitsofmeasure.org|ug', '5.4g 5400mg'],
      ['value-quantity=gt0.0054|http://unitsofmeasure.org|kg', '5.44g 5.45g'],
      ['value-quantity=ge5400|http://unitsofmeasure.org|mg', '5.44g 5.45g 5.4g 5400mg'],
      ['value-quantity=ne5.4|http://unitsofmeasure.org|g', '5.45g'],
      ['value-quantity=lt1|http://unitsofmeasure.org|[lb_av]', '5.44g 5.45g 5.4g 5400mg'],
    ],
    'REST 38: amounts of substance are no masses': [
      ['value-quantity=5.4|http://unitsofmeasure.org|mmol', '5.4mmol'],
      ['value-quantity=0.0054|http://unitsofmeasure.org|mol', '5.4mmol'],
      ['value-quantity=gt0|http://unitsofmeasure.org|1', ''],
    ],
    'REST 38: scales with another zero': [
      ['value-quantity=98.6|http://unitsofmeasure.org|[degF]', '37Cel 98.6F'],
      ['value-quantity=37.0|http://unitsofmeasure.org|Cel', '37Cel 98.6F'],
      ['value-quantity=gt310.2|http://unitsofmeasure.org|K', '100Cel'],
    ],
    'REST 38: what does not convert is found in its own unit, as it is written': [
      ['value-quantity=gt7.1|http://unitsofmeasure.org|[pH]', '7.4pH'],
      ['value-quantity=5|http://unitsofmeasure.org|[IU]', '5IU'],
      ['value-quantity=5.4|http://unitsofmeasure.org|gramme', 'bad'],
      ['value-quantity=5.4|http://unitsofmeasure.org|gram', ''],
      [`value-quantity=5.4|http://unitsofmeasure.org|${'g'.repeat(200)}`, ''],
      [`value-quantity=5.4|http://unitsofmeasure.org|${'('.repeat(20)}${')'.repeat(20)}`, ''],
      ['value-quantity=5.4|urn:oid:1|g', 'elsewhere'],
      ['value-quantity=0.0054|urn:oid:1|kg', ''],
      ['value-quantity=5.4||g', '5.44g 5.4g elsewhere'],
    ],
    'REST 38: in components, in composites, and of a code that has no column': [
      ['component-value-quantity=2000|http://unitsofmeasure.org|g', 'twice'],
      ['component-code-value-quantity=w$9000|http://unitsofmeasure.org|mg', 'twice'],
      ['combo-value-quantity=gt1|http://unitsofmeasure.org|kg', 'twice'],
      ['code-value-quantity=second$7.62|http://unitsofmeasure.org|cm', 'second-code'],
    ],
  },
);
