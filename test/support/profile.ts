import type { StructureDefinition } from '@medplum/fhirtypes';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Conformance } from '../../src/validate/profile/known.js';

/** A patient of this profile has a birth date. */
export const BORN = 'urn:oid:2.16.840.1.113883.19.99';
/** An observation of this profile has a grade. */
export const GRADED = 'urn:oid:2.999.10';
export const MOOD = 'urn:oid:2.999.11';
export const GRADES = 'urn:oid:2.999.12';
export const SNOMED = 'http://snomed.info/sct';

const element = (id: string, more: object): object => ({
  ...{ id, path: id.replace(/:[^.]*/g, ''), min: 0, max: '1' },
  base: { path: id, min: 0, max: '1' },
  ...more,
});
const profile = (url: string, type: string, kind: string, elements: readonly object[]): StructureDefinition =>
  ({
    ...{ resourceType: 'StructureDefinition', url, name: 'Profile', status: 'active', kind, abstract: false },
    ...{ type, derivation: 'constraint', snapshot: { element: [element(type, { max: '*' }), ...elements] } },
  }) as unknown as StructureDefinition;
const valueSet = (url: string, include: readonly object[], exclude?: readonly object[]): Conformance =>
  ({ resourceType: 'ValueSet', url, status: 'active', compose: { include, exclude } }) as Conformance;
const bound = (valueSet: string, strength = 'required', more: object = {}): object => ({
  binding: { strength, valueSet, ...more },
});
const coded = (system: string, code: string): object => ({ coding: [{ system, code }] });

export const born = profile(BORN, 'Patient', 'resource', [
  element('Patient.id', { type: [{ code: 'id' }] }),
  element('Patient.meta', { type: [{ code: 'Meta' }] }),
  element('Patient.birthDate', { min: 1, type: [{ code: 'date' }] }),
]);

const concept = { type: [{ code: 'CodeableConcept' }] };
const sliced = (type: string, path: string, rules = 'open', ordered = false): object => ({
  ...{ max: '*', slicing: { discriminator: [{ type, path }], rules, ordered } },
});

/** One element of each kind that a profile may restrict. */
const graded = profile(GRADED, 'Observation', 'resource', [
  element('Observation.status', { min: 1, type: [{ code: 'code' }], ...bound(`${GRADES}.status|1`) }),
  element('Observation.category', { ...concept, ...sliced('pattern', '$this') }),
  element('Observation.category:graded', {
    ...{ ...concept, min: 1, patternCodeableConcept: coded(GRADES, 'graded') },
  }),
  element('Observation.code', { ...concept, min: 1, ...bound(`${GRADES}.filtered`) }),
  element('Observation.subject', { type: [{ code: 'Reference', targetProfile: [BORN] }] }),
  element('Observation.performer', { ...sliced('type', 'resolve()'), type: [{ code: 'Reference' }] }),
  element('Observation.performer:who', {
    type: [{ code: 'Reference', targetProfile: ['http://hl7.org/fhir/StructureDefinition/Practitioner'] }],
  }),
  element('Observation.value[x]', {
    ...{ type: [{ code: 'CodeableConcept' }, { code: 'Quantity' }], ...bound(`${GRADES}.all`) },
  }),
  element('Observation.bodySite', {
    ...concept,
    ...bound(`${GRADES}.filtered`, 'preferred', {
      extension: [
        {
          url: 'http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet',
          valueCanonical: `${GRADES}.all`,
        },
      ],
    }),
  }),
  element('Observation.method', { ...concept, ...bound(`${GRADES}.all`, 'extensible') }),
  element('Observation.note', { max: '*', type: [{ code: 'Annotation' }] }),
  element('Observation.note.text', {
    ...{ min: 1, type: [{ code: 'markdown' }], maxLength: 5 },
    constraint: [
      { key: 'own-1', severity: 'error', human: 'It begins in upper case', expression: "matches('^[A-Z].*')" },
      { key: 'own-2', severity: 'warning', human: 'It is not A', expression: "$this != 'A'" },
      { key: 'own-3', severity: 'error', human: 'It is what it is', expression: 'memberOf($this)' },
    ],
  }),
  element('Observation.focus', {
    ...{ ...sliced('profile', 'resolve()'), type: [{ code: 'Reference', targetProfile: [GRADED, BORN] }] },
  }),
  element('Observation.focus:born', { type: [{ code: 'Reference', targetProfile: [BORN] }] }),
  element('Observation.extension', { ...sliced('value', 'url'), type: [{ code: 'Extension' }] }),
  element('Observation.extension:elsewhere', { type: [{ code: 'Extension', profile: ['urn:oid:2.999.14'] }] }),
  element('Observation.hasMember', { ...sliced('exists', 'display'), type: [{ code: 'Reference' }] }),
  element('Observation.hasMember:named', { type: [{ code: 'Reference' }] }),
  element('Observation.hasMember:named.display', { min: 1, type: [{ code: 'string' }] }),
  element('Observation.derivedFrom', { max: '0', base: { min: 0, max: '*' }, type: [{ code: 'Reference' }] }),
  element('Observation.component', { ...sliced('value', 'code', 'closed', true), type: [{ code: 'BackboneElement' }] }),
  element('Observation.component:one', { min: 1, type: [{ code: 'BackboneElement' }] }),
  element('Observation.component:one.code', { ...concept, min: 1, fixedCodeableConcept: coded(GRADES, 'a') }),
  element('Observation.component:one.value[x]', { type: [{ code: 'integer' }] }),
  element('Observation.component:two', { type: [{ code: 'BackboneElement' }] }),
  element('Observation.component:two.code', { ...concept, min: 1, patternCodeableConcept: coded(GRADES, 'b') }),
]);

/** An extension of one code. */
const mood = profile(MOOD, 'Extension', 'complex-type', [
  element('Extension.extension', { max: '0', base: { min: 0, max: '*' }, type: [{ code: 'Extension' }] }),
  element('Extension.url', { min: 1, fixedUri: MOOD }),
  element('Extension.value[x]', { min: 1, type: [{ code: 'code' }], ...bound(`${GRADES}.all`) }),
]);

const vocabulary: readonly Conformance[] = [
  {
    ...{ resourceType: 'CodeSystem', url: GRADES, status: 'active', content: 'complete' },
    concept: [{ code: 'graded' }, { code: 'letter', concept: [{ code: 'a' }, { code: 'b' }] }, { code: 'old' }],
  },
  valueSet(
    `${GRADES}.all`,
    [{ system: GRADES }, { valueSet: [`${GRADES}.some`] }],
    [{ system: GRADES, concept: [{ code: 'old' }] }],
  ),
  valueSet(`${GRADES}.some`, [{ system: SNOMED, concept: [{ code: '260385009' }] }]),
  valueSet(`${GRADES}.letters`, [{ system: GRADES, filter: [{ property: 'concept', op: 'is-a', value: 'letter' }] }]),
  valueSet(`${GRADES}.status`, [
    { system: 'http://hl7.org/fhir/observation-status', concept: [{ code: 'final' }, { code: 'amended' }] },
  ]),
  valueSet(`${GRADES}.filtered`, [
    { system: SNOMED, filter: [{ property: 'concept', op: 'is-a', value: '404684003' }] },
  ]),
];

export const conformance: readonly Conformance[] = [born, graded, mood, ...vocabulary];

/** A FHIR package with these, as a folder. */
export function packageOfProfile(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'portico-package-'));
  for (const [index, each] of conformance.entries())
    writeFileSync(join(path, `${each.resourceType}-${String(index)}.json`), JSON.stringify(each));
  return { path, remove: () => rmSync(path, { recursive: true }) };
}
