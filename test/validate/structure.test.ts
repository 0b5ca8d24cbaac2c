import assert from 'node:assert/strict';
import { Packages } from '../../src/validate/profile/known.js';
import { isValid, validate } from '../../src/validate/structure.js';
import { BORN, born } from '../support/profile.js';

const patient = (more: object): object => ({ resourceType: 'Patient', ...more });
const observation = (more: object): object => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  ...more,
});

/** Paths of the errors. */
const errors = (resource: unknown): string[] =>
  validate(resource)
    .filter(({ severity }) => severity === 'error')
    .flatMap(({ expression }) => expression ?? ['']);

describe('validate/structure', () => {
  const good: [string, object][] = [
    ['what is required', observation({})],
    ['a choice', observation({ valueQuantity: { value: 1 } })],
    [
      'a primitive of which only extensions are known',
      patient({ _birthDate: { extension: [{ url: 'urn:x', valueString: 'y' }] } }),
    ],
    [
      'a list of primitives with gaps',
      patient({ name: [{ given: ['a', null], _given: [null, { extension: [{ url: 'urn:x', valueString: 'y' }] }] }] }),
    ],
    [
      'a contained resource',
      patient({
        contained: [{ resourceType: 'Organization', id: 'x', name: 'y' }],
        managingOrganization: { reference: '#x' },
      }),
    ],
    [
      'an extension that is named within another one',
      patient({ extension: [{ url: 'urn:x', extension: [{ url: 'y', valueString: 'z' }] }] }),
    ],
    ['a reference by its target', observation({ subject: { reference: 'Patient/1' } })],
    ['a reference to another server', observation({ subject: { reference: 'https://other.example/fhir/Patient/1' } })],
    [
      'a reference within a Bundle',
      observation({ subject: { reference: 'urn:uuid:6c1c4b9a-90c1-4d5e-8f0e-3a0d5a1f7b11' } }),
    ],
    ['a Bundle', { resourceType: 'Bundle', type: 'collection', entry: [{ resource: patient({}) }] }],
  ];
  for (const [what, resource] of good) it(`takes ${what}`, () => assert.deepEqual(validate(resource), []));

  const bad: [string, object, string][] = [
    ['an element that R4 does not have', patient({ shoe: 1 }), 'Patient.shoe'],
    ['an element in the wrong case', patient({ Gender: 'male' }), 'Patient.Gender'],
    ['an element that is missing', { resourceType: 'Observation', status: 'final' }, 'Observation.code'],
    ['one value where there is a list', patient({ name: { family: 'x' } }), 'Patient.name'],
    ['one value in a list of texts', patient({ name: [{ given: 'x' }] }), 'Patient.name[0].given'],
    ['a list where there is one value', patient({ gender: ['male'] }), 'Patient.gender'],
    ['a string for a boolean', patient({ active: 'true' }), 'Patient.active'],
    ['two types of one choice', observation({ valueString: 'a', valueInteger: 1 }), 'Observation.valueInteger'],
    ['a reference to a wrong type', observation({ subject: { reference: 'Medication/1' } }), 'Observation.subject'],
    ['null', patient({ birthDate: null }), 'Patient.birthDate'],
    ['null in a list', patient({ name: [null] }), 'Patient.name[0]'],
    [
      'null without the extension that it keeps the place for',
      patient({ name: [{ given: [null] }] }),
      'Patient.name[0].given[0]',
    ],
    [
      'an extension that is named by no URL',
      patient({ extension: [{ url: 'x', valueString: 'y' }] }),
      'Patient.extension[0]',
    ],
    ['an extension without a value', patient({ extension: [{ url: 'urn:x' }] }), 'Patient.extension[0]'],
    ['an extension without a url', patient({ extension: [{ valueString: 'x' }] }), 'Patient.extension[0].url'],
    [
      'a fault in a contained resource',
      patient({ contained: [{ resourceType: 'Organization', id: 'x', bogus: 1 }] }),
      'Patient.contained[0].bogus',
    ],
    [
      'a fault in an entry of a Bundle',
      { resourceType: 'Bundle', type: 'collection', entry: [{ resource: patient({ bogus: 1 }) }] },
      'Bundle.entry[0].resource.bogus',
    ],
    [
      'a contained resource of no type',
      patient({ contained: [{ resourceType: 'Nope', id: 'x' }] }),
      'Patient.contained[0]',
    ],
  ];
  for (const [what, resource, path] of bad)
    it(`refuses ${what}`, () => {
      const found = errors(resource);
      assert.ok(found.includes(path), `${path} is among ${found.join(', ')}`);
    });

  for (const nothing of [
    null,
    undefined,
    'Patient',
    1,
    [],
    [patient({})],
    {},
    { resourceType: 1 },
    { resourceType: 'patient' },
  ])
    it(`refuses ${nothing === undefined ? 'nothing' : JSON.stringify(nothing)}`, () =>
      assert.equal(isValid(validate(nothing)), false));

  for (const type of ['HumanName', 'Resource', 'DomainResource', '../Patient', '__proto__', 'constructor', 'string'])
    it(`refuses ${type}, which is no resource type`, () =>
      assert.equal(isValid(validate({ resourceType: type })), false));

  it('never quotes a value', () => {
    const secret = 'Lindqvist';
    const resources = [
      patient({ birthDate: secret, active: secret, gender: `${secret} `, multipleBirthInteger: secret }),
      observation({ subject: { reference: `Medication/${secret}` }, valueQuantity: { value: secret } }),
      patient({ id: `${secret} x`, name: secret, photo: [{ data: `${secret}!` }] }),
    ];
    for (const resource of resources) {
      const issues = validate(resource);
      assert.ok(!isValid(issues));
      assert.doesNotMatch(JSON.stringify(issues), new RegExp(secret));
    }
  });

  it('enforces a profile that is known where it is claimed, and nowhere else', () => {
    const profiles = new Packages([born]);
    const claims = (version = ''): object => ({ meta: { profile: [BORN + version] } });
    for (const version of ['', '|1.0.0']) {
      assert.equal(isValid(validate(patient(claims(version)), profiles)), false);
      assert.deepEqual(validate(patient({ ...claims(version), birthDate: '2000' }), profiles), []);
    }
    assert.deepEqual(validate(patient({}), profiles), []);
    assert.deepEqual(validate(patient(claims())), []);
  });
});
