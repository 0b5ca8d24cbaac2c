import assert from 'node:assert/strict';
import { isValid, validate } from '../../src/validate/structure.js';

const observation = (more: object): object => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  ...more,
});
const extension = (member: string, value: unknown): object =>
  observation({ extension: [{ url: 'urn:x', [member]: value }] });

describe('validate/primitives', () => {
  const values: [member: string, good: readonly unknown[], bad: readonly unknown[]][] = [
    [
      'valueDate',
      ['2024', '2024-02', '2024-02-29'],
      ['2024-02-30', '2023-02-29', '2024-13', '0000', '2024-2-1', '2024-01-01T10:00:00Z', ''],
    ],
    [
      'valueDateTime',
      [
        '2024',
        '2024-02',
        '2024-02-29',
        '2024-02-29T10:00:00Z',
        '2024-02-29T10:00:00.123456+05:45',
        '2016-12-31T23:59:60Z',
      ],
      [
        '2024-02-30',
        '2024-02-29T10:00:00',
        '2024-02-29T10:00Z',
        '2024-02-29T24:00:00Z',
        '2024-02-29T10:00:00+15:00',
        '2024-02-30T10:00:00Z',
      ],
    ],
    [
      'valueInstant',
      ['2024-02-29T10:00:00Z', '2024-02-29T10:00:00.5-05:00'],
      ['2024', '2024-02-29', '2024-02-29T10:00:00', '2024-02-29T10:00Z', '2023-02-29T10:00:00Z'],
    ],
    ['valueTime', ['10:00:00', '23:59:59.999'], ['24:00:00', '10:00', '10:60:00']],
    ['valueInteger', [0, -1, 2147483647, -2147483648], [1.5, 2147483648, -2147483649, '1', 1e400]],
    ['valueUnsignedInt', [0, 2147483647], [-1, 2147483648]],
    ['valuePositiveInt', [1], [0, -1]],
    ['valueDecimal', [0, -1.5, 1e10], ['1.5', Infinity]],
    ['valueBoolean', [true, false], ['true', 1]],
    [
      'valueString',
      ['x', ' x', 'two\nlines\tand a tab', '\u{1F600}', 'café'],
      ['', '\u0000', 'a\u0008', '\ud800', 'x\udc00', 1],
    ],
    ['valueCode', ['a', 'a b'], [' a', 'a ', 'a  b', '']],
    [
      'valueUri',
      ['urn:oid:1.2', 'http://x.example/a?b=c', 'urn:uuid:6C1C4B9A-90c1-4d5e-8f0e-3a0d5a1f7b11', 'urn:x'],
      ['a b', '', 'urn:oid:1.02', 'urn:oid:1.2.', 'urn:oid:x', 'oid:1.2', 'urn:uuid:1', 'uuid:1'],
    ],
    ['valueCanonical', ['urn:oid:1.2|4.0#x', 'http://x.example/a|1'], ['urn:oid:x|1', 'a b']],
    ['valueUrl', ['http://x.example'], ['urn:uuid:x', 'a b']],
    ['valueOid', ['urn:oid:1.2'], ['urn:oid:3.1', 'urn:oid:1', '1.2']],
    ['valueUuid', ['urn:uuid:6c1c4b9a-90c1-4d5e-8f0e-3a0d5a1f7b11'], ['urn:uuid:6C1C4B9A-90C1-4D5E-8F0E-3A0D5A1F7B11']],
    ['valueBase64Binary', ['aGk=', 'aGk+', 'aGk=\n', 'aG k='], ['a', 'aGk', '!!!!']],
    ['valueId', ['a', 'A-1.b', 'x'.repeat(64)], ['', 'a b', 'a_b', 'x'.repeat(65), 'é']],
  ];
  for (const [member, good, bad] of values)
    describe(member, () => {
      for (const value of good)
        it(`takes ${JSON.stringify(value)}`, () => assert.deepEqual(validate(extension(member, value)), []));
      for (const value of bad)
        it(`refuses ${typeof value === 'number' ? String(value) : JSON.stringify(value)}`, () =>
          assert.equal(isValid(validate(extension(member, value))), false));
    });

  const faults: [string, object, string][] = [
    ['a language that is none', observation({ language: 'german or so' }), 'Observation.language'],
    [
      'the language of an attachment',
      { resourceType: 'Patient', photo: [{ url: 'urn:x', language: 'de_DE' }] },
      'Patient.photo[0].language',
    ],
    [
      'the language of a patient',
      {
        resourceType: 'Patient',
        communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'de_DE' }] } }],
      },
      'Patient.communication[0].language',
    ],
    [
      'a currency that is none',
      { resourceType: 'Patient', extension: [{ url: 'urn:x', valueMoney: { value: 1, currency: 'euro' } }] },
      'Patient.extension[0].valueMoney.currency',
    ],
    [
      'what is contained under one id',
      {
        ...{ resourceType: 'Patient', managingOrganization: { reference: '#o' } },
        contained: ['x', 'y'].map((name) => ({ resourceType: 'Organization', id: 'o', name })),
      },
      'Patient.contained[1].id',
    ],
    [
      'extensions of a URL that is an attribute in XML',
      {
        resourceType: 'Patient',
        extension: [{ _url: { extension: [{ url: 'urn:x', valueString: 'y' }] }, valueString: 'z' }],
      },
      'Patient.extension[0]._url',
    ],
    [
      'samples that are no numbers',
      observation({ valueSampledData: { origin: { value: 0 }, period: 1, dimensions: 1, data: '1  2' } }),
      'Observation.valueSampledData.data',
    ],
    [
      'an amount with a comparator where R4 has none',
      observation({ referenceRange: [{ low: { value: 1, comparator: '<' } }] }),
      'Observation.referenceRange[0].low',
    ],
    ['the id of a resource', observation({ id: 'a_b' }), 'Observation.id'],
    [
      'the id of a contained resource',
      observation({ contained: [{ resourceType: 'Organization', id: 'a b', name: 'x' }] }),
      'Observation.contained[0].id',
    ],
    ['an empty list', observation({ note: [] }), 'Observation.note'],
    ['an empty object', observation({ method: {} }), 'Observation.method'],
    [
      'an empty string in a list',
      observation({ category: [{ coding: [{ code: 'x' }, { display: '' }] }] }),
      'Observation.category[0].coding[1].display',
    ],
    [
      'a value of the calendar, deep inside',
      observation({ identifier: [{ value: 'x', period: { start: '2024-02-30' } }] }),
      'Observation.identifier[0].period.start',
    ],
    [
      'a value within an extension of a primitive',
      observation({ _status: { extension: [{ url: 'urn:x', valueDate: '2024-02-30' }] } }),
      'Observation.status.extension[0].valueDate',
    ],
    [
      'a value within a contained resource',
      observation({ contained: [{ resourceType: 'Patient', id: 'p', birthDate: '2024-02-30' }] }),
      'Observation.contained[0].birthDate',
    ],
  ];
  for (const [what, resource, path] of faults)
    it(`names the place of ${what}`, () => {
      const paths = validate(resource).flatMap(({ expression }) => expression ?? []);
      assert.ok(paths.includes(path), `${path} is among ${paths.join(', ')}`);
    });

  it('takes languages of BCP 47, and series of samples', () => {
    for (const language of ['de', 'de-CH-1996', 'zh-Hant-TW', 'sgn-BE-FR', 'x-own', 'en-u-ca-buddhist', 'es-419'])
      assert.deepEqual(validate(observation({ language })), [], language);
    const communication = [
      { language: { text: 'German' } },
      { language: { coding: [{ code: 'x' }, { system: 'urn:ietf:bcp:47', code: 'de' }] } },
    ];
    assert.deepEqual(validate({ resourceType: 'Patient', communication }), []);
    for (const data of ['1', '1 -2 .5 E U L', '0.1 1e-3', '12 '.repeat(50_000).trim()]) {
      const valueSampledData = { origin: { value: 0 }, period: 1, dimensions: 1, data };
      assert.deepEqual(validate(observation({ valueSampledData })), [], data.slice(0, 20));
    }
  });

  it('leaves the id of an element alone, which is any string', () =>
    assert.deepEqual(validate(observation({ method: { id: 'a b', text: 'x' } })), []));
});
