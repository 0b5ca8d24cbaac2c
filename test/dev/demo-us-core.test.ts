import assert from 'node:assert/strict';
import { demoData } from './demo-data.js';
import { observationProfiles } from '../../fhir/elements/us-core.js';
import { mustSupport } from './us-core-demands.js';

const IN_FORCE = ['partial', 'preliminary', 'final', 'amended', 'corrected', 'appended'];
const UNKNOWN = 'http://terminology.hl7.org/CodeSystem/data-absent-reason|unknown';

const codesOf = (concepts: any[] = []): string[] =>
  concepts.flatMap(({ coding = [] }) => coding.map(({ system, code }: any) => `${system}|${code}`));

/** What US Core asks of the data of a server; the numbers are the lines of its list of requirements. */
describe('USCORE: the demo data', function () {
  this.timeout(120_000);
  let all: any[];
  const of = (type: string): any[] => all.filter(({ resourceType }) => resourceType === type);
  const byProfile = (name: string): any[] =>
    all.filter(({ meta }) => meta?.profile?.some((url: string) => url.endsWith(`/us-core-${name}`)));
  const typesAt = (values: any[]): string[] => [
    ...new Set(values.flatMap((each) => (each?.reference ? [each.reference.split('/')[0]] : []))),
  ];

  before(async () => {
    all = (await demoData()).map(({ resource }) => resource);
  });

  it('USCORE 1, 13, 75, 87, 90, 91, 93, 94, 96, 97, 99, 111, 115: has every must-support element', () => {
    for (const [type, elements] of Object.entries(mustSupport)) {
      const found = new Set<string>();
      for (const each of of(type)) pathsOf(each, '', found);
      assert.deepEqual(
        elements.filter((element) => !found.has(element)),
        [],
        type,
      );
    }
  });

  it('USCORE: has each of the 22 profiles of Observation', () => {
    const claimed = new Set(of('Observation').flatMap(({ meta }) => meta?.profile ?? []));
    assert.equal(observationProfiles.length, 22);
    assert.deepEqual(
      observationProfiles.filter((url) => !claimed.has(url)),
      [],
    );
  });

  it('USCORE 105, 109: refers to what the profiles want referred to', () => {
    const wanted: [values: any[], types: string[]][] = [
      [of('DocumentReference').flatMap(({ author }) => author), ['Practitioner', 'Organization']],
      [of('DocumentReference').flatMap(({ context }) => context.encounter), ['Encounter']],
      [
        of('Encounter').flatMap(({ participant = [] }) => participant.map((each: any) => each.individual)),
        ['Practitioner'],
      ],
      [of('Encounter').flatMap(({ location = [] }) => location.map((each: any) => each.location)), ['Location']],
      [of('Encounter').map(({ serviceProvider }) => serviceProvider), ['Organization']],
      [byProfile('diagnosticreport-lab').flatMap(({ performer }) => performer), ['Organization', 'Practitioner']],
      [byProfile('diagnosticreport-lab').flatMap(({ result = [] }) => result), ['Observation']],
      [byProfile('diagnosticreport-note').flatMap(({ performer }) => performer), ['Organization', 'Practitioner']],
      [byProfile('diagnosticreport-note').map(({ encounter }) => encounter), ['Encounter']],
      [byProfile('observation-lab').map(({ specimen }) => specimen), ['Specimen']],
      [of('Location').map(({ managingOrganization }) => managingOrganization), ['Organization']],
      [of('PractitionerRole').map(({ practitioner }) => practitioner), ['Practitioner']],
      [of('PractitionerRole').flatMap(({ location = [] }) => location), ['Location']],
      [all.map(({ subject }) => subject).filter(Boolean), ['Patient']],
    ];
    for (const [values, types] of wanted) assert.deepEqual(typesAt(values).sort(), [...types].sort());
  });

  it('USCORE 206, 207, 208, 209, 210, 211, 212, 213, 365: has notes of the common types', () => {
    const types = new Set(codesOf(of('DocumentReference').map(({ type }) => type)));
    for (const code of ['11488-4', '18842-5', '34117-2', '28570-0', '11506-3', '18748-4', '11502-2', '11526-1'])
      assert.ok(types.has(`http://loinc.org|${code}`), code);
  });

  it('USCORE 214, 215, 216, 360: has reports of the three categories', () => {
    const categories = new Set(codesOf(of('DiagnosticReport').flatMap(({ category }) => category)));
    for (const code of ['LP29708-2', 'LP7839-6', 'LP29684-5'])
      assert.ok(categories.has(`http://loinc.org|${code}`), code);
  });

  it('USCORE 231, 356, 357: a report has its text, and says when it was true and when it was released', () => {
    for (const { id, status, effectiveDateTime, issued } of of('DiagnosticReport'))
      if (IN_FORCE.includes(status)) assert.ok(effectiveDateTime && issued, id);
    for (const { id, presentedForm } of byProfile('diagnosticreport-note')) assert.ok(presentedForm[0].data, id);
  });

  it('USCORE 368, 372, 373: a document has one content, with its bytes or their URL', () => {
    for (const { id, content } of of('DocumentReference')) {
      assert.equal(content.length, 1, id);
      assert.ok(content[0].attachment.data ?? content[0].attachment.url, id);
    }
  });

  it('USCORE 375, 379: an encounter says why, and where', () => {
    for (const { id, reasonCode, serviceProvider } of of('Encounter')) assert.ok(reasonCode && serviceProvider, id);
  });

  it('USCORE 44, 45, 425, 427, 450, 451: what has no value says why', () => {
    const isAbsent = ({ component, hasMember, dataAbsentReason, ...rest }: any): boolean =>
      !component && !hasMember && !dataAbsentReason && !Object.keys(rest).some((name) => name.startsWith('value'));
    assert.deepEqual(of('Observation').filter(isAbsent), []);
    const components = of('Observation').flatMap(({ component = [] }) => component);
    assert.deepEqual(components.filter(isAbsent), []);
    const reasons = byProfile('blood-pressure').flatMap(({ component }) =>
      codesOf(component.map((each: any) => each.dataAbsentReason).filter(Boolean)),
    );
    assert.ok(reasons.includes(UNKNOWN));
  });

  it('USCORE 39, 40, 41, 74, 78: what is not known is left out, or said to be unknown where it must be there', () => {
    const text = JSON.stringify(all.filter(({ resourceType }) => resourceType !== 'DocumentReference'));
    assert.doesNotMatch(text, /:(null|""|\[\]|\{\})[,}]/);
    const nameless = of('Patient').filter(({ name }) => name.some((each: any) => each._family));
    assert.ok(nameless.length > 0);
    for (const { name } of nameless)
      assert.deepEqual(name[0]._family.extension, [
        { url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' },
      ]);
  });

  it('USCORE 42, 43: where there are words and no code, there are the words', () => {
    const reasons = of('Encounter').flatMap(({ reasonCode }) => reasonCode);
    assert.ok(reasons.some(({ coding, text }) => coding === undefined && text));
  });

  it('USCORE 432, 433, 434: a job that is held has no end, and both it and its industry are known', () => {
    for (const { id, effectivePeriod, valueCodeableConcept, component } of byProfile('observation-occupation')) {
      assert.equal(effectivePeriod.end, undefined, id);
      assert.ok(valueCodeableConcept.text && component[0].valueCodeableConcept.text, id);
    }
  });

  it('USCORE 435, 436: a pregnancy and the wish for one are two profiles', () => {
    assert.ok(byProfile('observation-pregnancystatus').length > 0);
    assert.ok(byProfile('observation-pregnancyintent').length > 0);
  });

  it('USCORE 455: organizations and practitioners have a National Provider Identifier', () => {
    for (const type of ['Organization', 'Practitioner'])
      assert.ok(
        of(type).some(({ identifier }) =>
          identifier.some(
            (each: any) => each.system === 'http://hl7.org/fhir/sid/us-npi' && /^\d{10}$/.test(each.value),
          ),
        ),
        type,
      );
  });
});

function pathsOf(value: any, path: string, found: Set<string>): void {
  if (Array.isArray(value)) {
    value.forEach((item) => pathsOf(item, path, found));
    return;
  }
  found.add(path);
  if (typeof value !== 'object' || value === null) return;
  if (path.endsWith('extension')) found.add(`${path}:${String(value.url).split('/').at(-1)}`);
  for (const [name, inner] of Object.entries(value)) pathsOf(inner, path === '' ? name : `${path}.${name}`, found);
}
