import type { Issue } from '../outcome.js';
import { vitalSigns, type VitalSign } from './definitions.js';

/**
 * The vital signs of R4: https://hl7.org/fhir/R4/observation-vitalsigns.html. An Observation with one of their codes is
 * one, whatever profile it claims.
 */
export function impliedVitalSigns(resource: Members): readonly VitalSign[] {
  if (resource['resourceType'] !== 'Observation') return [];
  const codes = codesIn(resource['code'], LOINC);
  return codes.length === 0 ? [] : vitalSigns().filter(({ code }) => code !== undefined && codes.includes(code));
}

export const vitalSignOf = (url: string): VitalSign | undefined => vitalSigns().find((each) => each.url === url);

type Members = Readonly<Record<string, unknown>>;

const LOINC = 'http://loinc.org';
const UCUM = 'http://unitsofmeasure.org';
const CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';

/** What an Observation that is R4 lacks as a vital sign. */
export function vitalSignIssues(resource: Members, sign: VitalSign, at = 'Observation'): Issue[] {
  const issues: Issue[] = [];
  const name = sign.url.slice(sign.url.lastIndexOf('/') + 1);
  const fault = (isFault: boolean, text: string, path: string): void => {
    if (isFault)
      issues.push({ severity: 'error', code: 'structure', text: `${text} (${name})`, expression: [`${at}${path}`] });
  };
  const { category, subject, effectiveDateTime, effectivePeriod, component, hasMember } = resource as Readonly<
    Record<string, Members[] & Members & string>
  >;
  const isVital = (category ?? []).some((each) => codesIn(each, CATEGORY).includes('vital-signs'));
  fault(!isVital, 'A vital sign has the category vital-signs', '.category');
  const { code, units, components } = sign;
  const isOther = code !== undefined && !codesIn(resource['code'], LOINC).includes(code);
  fault(isOther, 'The code is not that of the profile', '.code');
  fault(subject === undefined, 'A vital sign has a subject', '.subject');
  const isTimed = effectiveDateTime !== undefined || effectivePeriod !== undefined || '_effectiveDateTime' in resource;
  fault(!isTimed, 'A vital sign has a time', '.effective');
  const isVague = effectiveDateTime !== undefined && effectiveDateTime.length < 8;
  fault(isVague, 'The time of a vital sign is precise to the day (vs-1)', '.effective');
  const says = hasAnswer(resource) || component !== undefined || hasMember !== undefined;
  fault(!says, 'A vital sign has a value, or says why it has none (vs-2)', '');
  fault(sign.hasMembers && hasMember === undefined, 'It consists of other observations', '.hasMember');
  const value = valueOf(resource);
  fault(!sign.hasValue && value !== undefined, 'It has no value of its own', '.value');
  if (units) issues.push(...quantityIssues(value, units, `${at}.value`, name));
  fault(sign.isMeasured && value === undefined, 'It has a value', '.value');
  for (const [index, each] of (component ?? []).entries())
    fault(!hasAnswer(each), 'A component has a value, or says why (vs-3)', `.component[${String(index)}]`);
  for (const wanted of components) {
    const found = [...(component ?? []).entries()].filter(([, each]) =>
      codesIn(each['code'], LOINC).includes(wanted.code),
    );
    fault(found.length !== 1, `It has one component of the code ${wanted.code}`, '.component');
    for (const [index, each] of found)
      issues.push(...quantityIssues(valueOf(each), wanted.units, `${at}.component[${String(index)}].value`, name));
  }
  return issues;
}

const hasAnswer = (value: Members): boolean => valueOf(value) !== undefined || value['dataAbsentReason'] !== undefined;

/** The value, and the member that it is. */
function valueOf(resource: Members): readonly [member: string, value: unknown] | undefined {
  const member = Object.keys(resource).find((key) => /^_?value[A-Z]/.test(key));
  return member === undefined ? undefined : [member, resource[member]];
}

function quantityIssues(
  found: readonly [member: string, value: unknown] | undefined,
  units: readonly string[],
  path: string,
  name: string,
): Issue[] {
  if (!found) return [];
  const [member, value] = found;
  const { value: number, unit, system, code } = (value ?? {}) as Members;
  const isRight = member === 'valueQuantity' && typeof number === 'number' && unit !== undefined && system === UCUM;
  if (isRight && units.includes(code as string)) return [];
  const text = `The value is a quantity with its unit in words and as a code of UCUM: ${units.join(' or ')} (${name})`;
  return [{ severity: 'error', code: 'structure', text, expression: [path] }];
}

function codesIn(concept: unknown, of: string): string[] {
  const { coding } = (concept ?? {}) as { coding?: readonly { system?: string; code?: string }[] };
  return (coding ?? []).flatMap(({ system, code }) => (system === of && code !== undefined ? [code] : []));
}
