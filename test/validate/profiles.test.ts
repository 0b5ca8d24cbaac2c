import type { StructureDefinition } from '@medplum/fhirtypes';
import assert from 'node:assert/strict';
import { ConfigurationError } from '../../src/outcome.js';
import { loadProfiles } from '../../src/validate/packages.js';
import { Packages } from '../../src/validate/profile/known.js';
import { isValid, validate } from '../../src/validate/structure.js';
import { BORN, born, conformance, GRADED, GRADES, MOOD, SNOMED } from '../support/profile.js';

const coded = (code: string, system = GRADES): object => ({ coding: [{ system, code }] });
const one = { code: coded('a'), valueInteger: 1 };
const observation = (more: object): object => ({
  ...{ resourceType: 'Observation', meta: { profile: [GRADED] }, status: 'final', code: coded('404684003', SNOMED) },
  ...{ category: [coded('x', 'urn:oid:2.999'), coded('graded')], component: [one] },
  ...more,
});
const to = (reference: string): object => ({ reference });
const moody = (more: object): object => ({ resourceType: 'Patient', extension: [{ url: MOOD, ...more }] });
const containing = (patient: object): object =>
  observation({ contained: [{ resourceType: 'Patient', id: 'p', ...patient }], subject: to('#p') });

/** About these patients. */
const about = (...patients: object[]): object =>
  observation({
    focus: patients.map((_, index) => to(`#p${String(index)}`)),
    contained: patients.map((each, index) => ({ resourceType: 'Patient', id: `p${String(index)}`, ...each })),
  });

/** Three observations, each about the next. */
const circle = (more: object): object =>
  observation({
    focus: [to('#a')],
    contained: [
      { ...observation({ focus: [to('#b')] }), id: 'a' },
      { ...observation({ focus: [to('#a')], ...more }), id: 'b' },
    ],
  });

describe('validate: profiles of a package', () => {
  const profiles = new Packages(conformance);

  const good: [string, object][] = [
    ['what has all of it', observation({})],
    ['a code of a code system of the package', observation({ valueCodeableConcept: coded('b') })],
    ['a code of a value set that is imported', observation({ valueCodeableConcept: coded('260385009', SNOMED) })],
    [
      'one code of several',
      observation({
        valueCodeableConcept: {
          coding: [
            { system: 'urn:oid:2.999', code: 'x' },
            { system: GRADES, code: 'a' },
          ],
        },
      }),
    ],
    [
      'an amount whose unit is of the value set',
      observation({ valueQuantity: { value: 1, system: GRADES, code: 'a' } }),
    ],
    [
      'an extension in the place of a code',
      observation({ valueCodeableConcept: { extension: [{ url: 'urn:x', valueCode: 'y' }] } }),
    ],
    ['a code of a filter that cannot be expanded', observation({ code: coded('x', 'urn:oid:2.999') })],
    ['a text where the most is bounded', observation({ bodySite: { text: 'arm' } })],
    ['a code that is not of an extensible value set', observation({ method: coded('x', 'urn:oid:2.999') })],
    ['an invariant that cannot be evaluated', observation({ note: [{ text: 'Fine' }] })],
    ['what is contained and has the profile', containing({ birthDate: '2000' })],
    ['a reference by the type of its target', observation({ subject: to('Patient/x') })],
    [
      'a slice by the type of a target, once',
      observation({ performer: [to('Practitioner/x'), to('Organization/x'), to('Organization/y')] }),
    ],
    [
      'a slice by what exists, once',
      observation({ hasMember: [{ ...to('Observation/x'), display: 'x' }, to('Observation/y')] }),
    ],
    ['what is contained and refers to each other, in a circle', circle({})],
    ['slices in their order', observation({ component: [one, { ...one, code: coded('b') }] })],
    ['a slice by the profile of what is contained, once', about({ birthDate: '2000' })],
    ['an extension as it is defined', moody({ valueCode: 'a' })],
    ['a profile of another version', { resourceType: 'Patient', meta: { profile: [`${BORN}|7`] }, birthDate: '2000' }],
  ];
  for (const [what, resource] of good)
    it(`REST 21: takes ${what}`, () => assert.deepEqual(validate(resource, profiles), []));

  const bad: [string, object, string][] = [
    ['a code that is not of the value set', observation({ status: 'preliminary' }), 'Observation.status'],
    [
      'a concept of the wrong code',
      observation({ valueCodeableConcept: coded('c') }),
      'Observation.valueCodeableConcept',
    ],
    [
      'a concept of the wrong system',
      observation({ valueCodeableConcept: coded('a', SNOMED) }),
      'Observation.valueCodeableConcept',
    ],
    [
      'a code that is left out',
      observation({ valueCodeableConcept: coded('old') }),
      'Observation.valueCodeableConcept',
    ],
    [
      'a text where a code is required',
      observation({ valueCodeableConcept: { text: 'a' } }),
      'Observation.valueCodeableConcept',
    ],
    [
      'an amount in the wrong unit',
      observation({ valueQuantity: { value: 1, system: GRADES, code: 'c' } }),
      'Observation.valueQuantity',
    ],
    ['a code beyond the most', observation({ bodySite: coded('c') }), 'Observation.bodySite'],
    ['a type that is left out', observation({ valueString: 'x' }), 'Observation.valueString'],
    ['a slice that is missing', observation({ category: [coded('x')] }), 'Observation.category'],
    ['a slice twice', observation({ category: [coded('graded'), coded('graded')] }), 'Observation.category'],
    [
      'a slice by the type of a target, twice',
      observation({ performer: [to('Practitioner/x'), to('Practitioner/y')] }),
      'Observation.performer',
    ],
    [
      'a slice by what exists, twice',
      observation({ hasMember: ['x', 'y'].map((display) => ({ ...to(`Observation/${display}`), display })) }),
      'Observation.hasMember',
    ],
    [
      'what is of no slice of a closed list',
      observation({ component: [one, { ...one, code: coded('letter') }] }),
      'Observation.component[1]',
    ],
    [
      'a type that a slice leaves out',
      observation({
        component: [{ ...one, valueInteger: undefined, valueString: 'x' }].map(
          (each) => JSON.parse(JSON.stringify(each)) as object,
        ),
      }),
      'Observation.component[0].valueString',
    ],
    ['an element that is left out', observation({ derivedFrom: [to('Observation/x')] }), 'Observation.derivedFrom'],
    ['a text that is too long', observation({ note: [{ text: 'A' }, { text: 'Abcdef' }] }), 'Observation.note[1].text'],
    ['what breaks an invariant', observation({ note: [{ text: 'a' }] }), 'Observation.note[0].text'],
    ['a reference to another type', observation({ subject: to('Group/x') }), 'Observation.subject'],
    ['what is contained without the profile', containing({}), 'Observation.subject'],
    [
      'what is contained and claims a profile',
      {
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'x' },
        subject: to('#p'),
        contained: [{ resourceType: 'Patient', id: 'p', meta: { profile: [BORN] } }],
      },
      'Observation.contained[0].birthDate',
    ],
    [
      'a circle of which one has not the profile',
      circle({ status: 'preliminary' }),
      'Observation.focus[0] Observation.contained[0].focus[0] Observation.contained[1].status Observation.contained[1].focus[0]',
    ],
    [
      'an extension twice whose definition is elsewhere',
      observation({ extension: ['x', 'y'].map((valueString) => ({ url: 'urn:oid:2.999.14', valueString })) }),
      'Observation.extension',
    ],
    [
      'a slice before what it comes after',
      observation({ component: [{ ...one, code: coded('b') }, one] }),
      'Observation.component[1]',
    ],
    [
      'a slice by the profile of what is contained, twice',
      about({ birthDate: '2000' }, { birthDate: '2001' }),
      'Observation.focus',
    ],
    ['an extension of the wrong type', moody({ valueString: 'a' }), 'Patient.extension[0].valueString'],
    ['an extension of the wrong code', moody({ valueCode: 'c' }), 'Patient.extension[0].valueCode'],
    [
      'an extension without its value',
      moody({ extension: [{ url: 'a', valueCode: 'a' }] }),
      'Patient.extension[0].extension Patient.extension[0].value',
    ],
    [
      'an extension deep inside',
      { resourceType: 'Patient', _birthDate: { extension: [{ url: MOOD, valueCode: 'c' }] } },
      'Patient.birthDate.extension[0].valueCode',
    ],
    [
      'an extension that does not modify as one that does',
      { resourceType: 'Patient', modifierExtension: [{ url: MOOD, valueCode: 'a' }] },
      'Patient.modifierExtension[0]',
    ],
    ['a profile of another type', { resourceType: 'Patient', meta: { profile: [GRADED] } }, 'Patient.meta.profile[0]'],
  ];
  for (const [what, resource, path] of bad)
    it(`REST 21: refuses ${what}`, () => {
      const issues = validate(resource, profiles);
      assert.equal(isValid(issues), false);
      assert.equal([...new Set(issues.flatMap(({ expression }) => expression ?? ['']))].join(' '), path);
    });

  it('REST 29: says what could not be checked, and what only should be', () => {
    const asked = observation({
      ...{ meta: { profile: [GRADED, 'urn:oid:2.999.404'] }, method: coded('x', 'urn:oid:2.999') },
      note: [{ text: 'A' }],
    });
    const told = validate(asked, profiles, [], 'everything').map(
      ({ severity, code, expression = [] }) => `${severity} ${code} ${expression.join()}`,
    );
    assert.deepEqual(told.sort(), [
      'information not-found Observation.meta.profile[1]',
      'information not-supported Observation.code',
      'information not-supported Observation.note[0].text',
      'warning code-invalid Observation.method',
      'warning invariant Observation.note[0].text',
    ]);
  });

  it('reads the value sets of a package: whole systems, filters by hierarchy, imports and exclusions', () => {
    const codes = (name: string): string[] | undefined => {
      const found = profiles.codesOf(`${GRADES}.${name}`);
      return (
        found && [...found].flatMap(([system, list]) => [...(list as Set<string>)].map((code) => `${system}|${code}`))
      );
    };
    assert.deepEqual(
      codes('letters'),
      ['letter', 'a', 'b'].map((code) => `${GRADES}|${code}`),
    );
    assert.deepEqual(codes('all'), [
      ...['graded', 'letter', 'a', 'b'].map((code) => `${GRADES}|${code}`),
      `${SNOMED}|260385009`,
    ]);
    assert.deepEqual([codes('filtered'), codes('none')], [undefined, undefined]);
    const units = profiles.codesOf('http://hl7.org/fhir/ValueSet/ucum-units')?.get('http://unitsofmeasure.org');
    assert.deepEqual(
      ['mg', '[IU]', '{drops}', 'mgg'].map((code) => units?.has(code)),
      [true, true, true, false],
    );
  });

  it('reads a package of value sets alone, none of its examples, and refuses one that says nothing', async () => {
    const [valueSet] = conformance.filter(({ resourceType }) => resourceType === 'ValueSet');
    const reading = (folder: string) =>
      loadProfiles(['x.tgz'], async function* () {
        await Promise.resolve();
        yield {
          origin: `x.tgz/${folder}/ValueSet-x.json`,
          text: JSON.stringify({ ...valueSet, url: `${GRADES}.status` }),
        };
      });
    assert.equal((await reading('package')).has(BORN), false);
    await assert.rejects(reading('package/example'), ConfigurationError);
  });

  it('a value set that imports itself has no codes', () => {
    const url = 'urn:oid:2.999.13';
    const circle = {
      resourceType: 'ValueSet',
      url,
      status: 'active',
      compose: { include: [{ valueSet: [url] }] },
    } as const;
    assert.equal(new Packages([circle as never]).codesOf(url), undefined);
  });

  it('a profile whose snapshot is none refuses nobody, and who asks is told', () => {
    const broken = {
      ...born,
      snapshot: { element: [{ id: 'Patient.x.y', path: 'Patient.x.y' }] },
    } as StructureDefinition;
    const claiming = { resourceType: 'Patient', meta: { profile: [BORN] } };
    const [issue, ...more] = validate(claiming, new Packages([broken]));
    assert.equal(issue?.severity, 'warning');
    assert.deepEqual(more, []);
  });
});
