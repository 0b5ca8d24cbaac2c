import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { evalFhirPathTyped, toTypedValue } from '@medplum/core';
import { compile } from '../../src/validate/fhirpath/compile.js';
import { loadDataTypes } from '../../src/validate/definitions.js';
import { modelOf } from '../../src/validate/model.js';
import { isValid, validate } from '../../src/validate/structure.js';
import { goldens } from '../support/golden.js';

const patient = (more: object): object => ({ resourceType: 'Patient', ...more });
const observation = (more: object): object => ({
  ...{ resourceType: 'Observation', status: 'final', code: { text: 'x' } },
  ...more,
});
const div = (inner: string, attributes = ' xmlns="http://www.w3.org/1999/xhtml"'): object =>
  patient({ text: { status: 'generated', div: `<div${attributes}>${inner}</div>` } });
const attachment = (more: object): object => patient({ photo: [more] });
const contained = (inner: object, more: object = {}): object =>
  patient({ contained: [{ resourceType: 'Organization', id: 'o', name: 'x', ...inner }], ...more });
const within = { managingOrganization: { reference: '#o' } };
const timing = (repeat: object): object => observation({ effectiveTiming: { repeat } });
const UCUM = 'http://unitsofmeasure.org';

describe('validate: rules of R4 beyond structure', () => {
  const cases: [rule: string, good: readonly object[], bad: readonly (readonly [object, string])[]][] = [
    [
      'required bindings',
      [patient({ gender: 'female' }), patient({ link: [{ other: { reference: 'Patient/x' }, type: 'seealso' }] })],
      [
        [patient({ gender: 'fmale' }), 'Patient.gender'],
        [patient({ gender: 'Female' }), 'Patient.gender'],
        [patient({ name: [{ use: 'usual' }, { use: 'nope' }] }), 'Patient.name[1].use'],
        [observation({ status: 'done' }), 'Observation.status'],
        [observation({ valueQuantity: { value: 1, comparator: '=' } }), 'Observation.valueQuantity.comparator'],
        [
          {
            resourceType: 'AllergyIntolerance',
            patient: { reference: 'Patient/x' },
            clinicalStatus: { coding: [{ code: 'x' }] },
          },
          'AllergyIntolerance.clinicalStatus',
        ],
      ],
    ],
    [
      'invariants of data types',
      [
        patient({ name: [{ period: { start: '2020', end: '2020-05' } }] }),
        patient({ name: [{ period: { start: '2020-05-01', end: '2020-05-01' } }] }),
        observation({ valueQuantity: { value: 1, code: 'kg', system: UCUM } }),
        observation({ valueRange: { low: { value: 1 }, high: { value: 2 } } }),
        observation({ valueRange: { low: { value: 3, unit: 'g' }, high: { value: 2, unit: 'kg' } } }),
        observation({ valueRatio: { numerator: { value: 1 }, denominator: { value: 2 } } }),
        timing({ duration: 1, durationUnit: 'h' }),
      ],
      [
        [patient({ name: [{ period: { start: '2021', end: '2020' } }] }), 'Patient.name[0].period'],
        [patient({ name: [{ period: { start: '2020-05-02', end: '2020-05-01' } }] }), 'Patient.name[0].period'],
        [observation({ valueQuantity: { value: 1, code: 'kg' } }), 'Observation.valueQuantity'],
        [observation({ valueRange: { low: { value: 3 }, high: { value: 2 } } }), 'Observation.valueRange'],
        [observation({ valueRatio: { numerator: { value: 1 } } }), 'Observation.valueRatio'],
        [patient({ telecom: [{ value: '1' }] }), 'Patient.telecom[0]'],
        [attachment({ data: 'aGk=' }), 'Patient.photo[0]'],
        [timing({ duration: 1 }), 'Observation.effectiveTiming.repeat'],
        [timing({ duration: -1, durationUnit: 'h' }), 'Observation.effectiveTiming.repeat'],
        [timing({ offset: 1, when: ['C'] }), 'Observation.effectiveTiming.repeat'],
        [timing({ timeOfDay: ['10:00:00'], when: ['C'] }), 'Observation.effectiveTiming.repeat'],
      ],
    ],
    [
      'invariants of resources',
      [
        observation({ dataAbsentReason: { text: 'x' } }),
        { resourceType: 'Organization', name: 'x' },
        { resourceType: 'Organization', _name: { extension: [{ url: 'urn:x', valueCode: 'unknown' }] } },
        observation({
          valueInteger: 1,
          component: [{ code: { coding: [{ code: 'b' }] } }],
          code: { coding: [{ code: 'a' }] },
        }),
      ],
      [
        [observation({ dataAbsentReason: { text: 'x' }, valueString: 'y' }), 'Observation'],
        [observation({ referenceRange: [{ age: { low: { value: 1 } } }] }), 'Observation.referenceRange[0]'],
        [
          observation({
            valueInteger: 1,
            component: [{ code: { coding: [{ code: 'a' }] } }],
            code: { coding: [{ code: 'a' }] },
          }),
          'Observation',
        ],
        [{ resourceType: 'Organization', active: true }, 'Organization'],
        [{ resourceType: 'Organization', name: 'x', telecom: [{ use: 'home' }] }, 'Organization.telecom[0]'],
        [patient({ contact: [{ gender: 'male' }] }), 'Patient.contact[0]'],
        [
          { resourceType: 'Bundle', type: 'searchset', entry: [{ link: [{ relation: 'x', url: 'urn:x' }] }] },
          'Bundle.entry[0]',
        ],
        [{ resourceType: 'Bundle', type: 'batch', total: 1 }, 'Bundle'],
        [{ resourceType: 'Parameters', parameter: [{ name: 'x' }] }, 'Parameters.parameter[0]'],
      ],
    ],
    [
      'references and what is contained',
      [
        contained({}, within),
        contained({ extension: [{ url: 'urn:x', valueReference: { reference: '#' } }] }),
        observation({ subject: { type: 'Patient', display: 'x' } }),
        observation({ subject: { reference: 'https://other.example/Medication/x/_history' } }),
      ],
      [
        [patient(within), 'Patient.managingOrganization'],
        [contained({}), 'Patient.contained[0]'],
        [contained({ meta: { versionId: '1' } }, within), 'Patient'],
        [contained({ contained: [{ resourceType: 'Organization', id: 'i', name: 'x' }] }, within), 'Patient'],
        [contained({}, { ...within, generalPractitioner: [{ reference: '#no' }] }), 'Patient.generalPractitioner[0]'],
        [patient({ contained: [{ resourceType: 'Location', id: 'o' }], ...within }), 'Patient.managingOrganization'],
        [observation({ subject: { type: 'Medication', display: 'x' } }), 'Observation.subject'],
        [observation({ subject: { reference: 'https://other.example/fhir/Medication/x' } }), 'Observation.subject'],
        [observation({ encounter: { reference: 'Patient?identifier=x' } }), 'Observation.encounter'],
        [observation({ subject: { reference: 'x' } }), 'Observation.subject'],
        [observation({ subject: { reference: 'patient/x' } }), 'Observation.subject'],
        [observation({ subject: { reference: '/Patient/x' } }), 'Observation.subject'],
        [observation({ subject: { reference: 'Patients/x' } }), 'Observation.subject'],
        [observation({ subject: { reference: 'Patient/a_b' } }), 'Observation.subject'],
      ],
    ],
    [
      'narratives',
      [
        div('x'),
        div('<p class="a">x &amp; y &#160;</p><br/><img src="#pic" alt=""/><!-- c --><a href="http://x.example">y</a>'),
        div('x', ' xmlns=\'http://www.w3.org/1999/xhtml\' lang="en"'),
        div('<a href="x?a=1&amp;b=2">&#9; &#x1F600; &#10;]]</a> <!-- - > --><!---->'),
      ],
      [
        ...[
          '',
          '  ',
          '<script>x</script>',
          '<p onclick="x">x</p>',
          '<b>x',
          'x</b>',
          '<b>x</i>',
          '<iframe src="x"/>',
          'a < b',
          'a & b',
          'a &b; &c',
          'a ]]> b',
          'a <!-- b -- c -->',
          'a <!-- b --->',
          'a\u0001b',
          'a\uffffb',
          'a\ud800b',
          'a &#0; b',
          'a &#x1F; b',
          'a &#xD800; b',
          '<p class="a" class="b">x</p>',
          '<a href="x?a=1&b=2">x</a>',
          '<b title="&">x</b>',
        ].map((inner) => [div(inner), 'Patient.text.div'] as const),
        [div('<a href="javascript:x">x</a>'), 'Patient.text.div'],
        [div('<a href=" java&#115;cript:x">x</a>'), 'Patient.text.div'],
        [div('<p style="background: url(javascript:x)">x</p>'), 'Patient.text.div'],
        [div('x', ''), 'Patient.text.div'],
        [patient({ text: { status: 'generated', div: 'x' } }), 'Patient.text.div'],
        [
          patient({ text: { status: 'generated', div: '<p xmlns="http://www.w3.org/1999/xhtml">x</p>' } }),
          'Patient.text.div',
        ],
      ],
    ],
    [
      'media types and empty elements',
      [
        attachment({ contentType: 'text/plain; charset=utf-8', data: 'aGk=' }),
        attachment({ contentType: 'text/plain', data: 'AAAA'.repeat(1_000_000) }),
        patient({ birthDate: '2000', _birthDate: { id: 'x' } }),
      ],
      [
        [attachment({ contentType: 'nothing', data: 'aGk=' }), 'Patient.photo[0].contentType'],
        [patient({ name: [{ id: 'x' }] }), 'Patient.name[0]'],
        [patient({ _birthDate: {} }), 'Patient.birthDate'],
        [patient({ birthDate: '2000', _birthDate: {} }), 'Patient.birthDate'],
        [patient({ birthDate: '2000', _birthDate: null }), 'Patient.birthDate'],
        [patient({ _birthDate: { id: 'x' } }), 'Patient.birthDate'],
      ],
    ],
  ];
  for (const [rule, good, bad] of cases)
    it(`REST 21: ${rule}`, () => {
      for (const each of good) assert.deepEqual(validate(each), [], JSON.stringify(each));
      for (const [each, path] of bad) {
        const issues = validate(each);
        assert.equal(isValid(issues), false, JSON.stringify(each));
        const paths = issues.flatMap(({ expression }) => expression ?? []);
        assert.ok(paths.includes(path), `${path} is among ${paths.join(', ')}: ${JSON.stringify(each)}`);
      }
    });

  it('REST 21: nothing of what a narrative says is slow to refuse', () => {
    const long = [
      '<'.repeat(50_000),
      '<p '.repeat(20_000),
      '<p a="'.repeat(20_000),
      '<!--'.repeat(20_000),
      '&'.repeat(50_000),
    ];
    const started = performance.now();
    for (const each of long) assert.equal(isValid(validate(div(each))), false);
    assert.ok(performance.now() - started < 2000);
  });

  it('says once what an element and its type have both', () => {
    assert.equal(validate(patient({ contact: [{ gender: 'male' }] })).length, 1);
  });

  it('every invariant of R4 is compiled, but for a few of types that are not served', () => {
    const types = readdirSync('dist/definitions/types').map((name) => name.replace('.json', ''));
    const left = new Set<string>();
    const names = types.flatMap((type) => {
      const schema = JSON.parse(readFileSync(`dist/definitions/types/${type}.json`, 'utf8')).schema;
      return [type, ...schema.innerTypes.map(({ name }: any) => name as string)];
    });
    for (const name of names) {
      const model = modelOf(name as string);
      for (const { key, expression } of [
        ...(model?.constraints ?? []),
        ...[...(model?.members.values() ?? [])].flatMap(({ constraints }) => constraints),
      ])
        if (!compile(expression)) left.add(key);
    }
    assert.deepEqual([...left].sort(), ['csd-1', 'ctm-1', 'que-7', 'ras-2', 'sdf-8a']);
  });

  it('an invariant says of a resource what the library says, but where that is wrong', () => {
    loadDataTypes();
    for (const golden of goldens) {
      const resource = JSON.parse(golden.text('http://fhir.example'));
      for (const { key, expression } of modelOf(resource.resourceType as string)?.constraints ?? []) {
        if (key === 'obs-7') continue;
        const ours = compile(expression)?.(resource, { resource, root: resource });
        const typed = toTypedValue(resource);
        const theirs = evalFhirPathTyped(expression, [typed], { '%resource': typed }).map(({ value }) => value);
        assert.deepEqual(ours, theirs, `${key} of ${golden.text('').slice(0, 80)}`);
      }
    }
  });
});
