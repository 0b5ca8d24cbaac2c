import type { InternalSchemaElement } from '@medplum/core';
import {
  patientCompartment,
  searchDefinitionsOf,
  typeDefinition,
  type SearchDefinition,
} from '../../validate/definitions.js';
import { elementOf, type PlannedElement } from './elements.js';

/** What a new declaration will say, decided from the published definition of its type. */
export interface ResourcePlan {
  readonly type: string;
  /** Table and file, `care_plan` and `care-plan`. */
  readonly table: string;
  readonly file: string;
  readonly elements: readonly PlannedElement[];
  readonly search: readonly PlannedParam[];
  readonly patient: readonly string[] | 'shared' | 'none';
  readonly sort: readonly string[];
  /** Search parameters that need a hand: their kind cannot be answered without columns of their own. */
  readonly left: readonly string[];
}

export interface PlannedParam {
  readonly name: string;
  /** The elements that it is about. */
  readonly members: readonly string[];
  /** The declaration: `token(el.concept('code'))`. */
  readonly text: string;
  /** The words of the language that it uses. */
  readonly words: readonly string[];
  /** Columns that an index must serve. */
  readonly columns: readonly string[];
}

/** Data of the base and narrative, which the engine keeps for every type. */
const engineElements = new Set([
  'id',
  'meta',
  'implicitRules',
  'language',
  'text',
  'contained',
  'extension',
  'modifierExtension',
]);

/** Directories without patient data, which a patient's token may read too (SMART section 3). */
const shared = new Set([
  'Organization',
  'Location',
  'Practitioner',
  'PractitionerRole',
  'HealthcareService',
  'Medication',
]);

export function planResource(type: string): ResourcePlan | undefined {
  const definition = typeDefinition(type);
  if (definition?.schema.kind !== 'resource') return undefined;
  const members = Object.entries(definition.schema.elements).filter(([name]) => !engineElements.has(name));
  const possible = members.flatMap(([name, element]: [string, InternalSchemaElement]) => elementOf(name, element));
  const base = new Set(Object.keys(searchDefinitionsOf('Resource')));
  const published = Object.entries(searchDefinitionsOf(type)).filter(([name]) => !base.has(name));
  const answered = published.flatMap(([name, each]) => paramOf(type, name, each, possible) ?? []);
  const others = published.filter(([name]) => !answered.some((param) => param.name === name));
  // What is found by the overflow index alone must be kept whole: columns would hide it from there.
  const used = new Set(answered.flatMap((param) => param.members));
  const hidden = new Set(
    others.flatMap(([, each]) => memberNames(type, each.expression)).filter((name) => !used.has(name)),
  );
  const elements = possible.filter((each) => !hidden.has(each.member));
  const kept = others.flatMap(([name, each]) => keptOf(type, name, each, used) ?? []);
  const search = [...answered, ...kept].sort((one, other) => (one.name < other.name ? -1 : 1));
  const declared = new Set(search.map((each) => each.name));
  const patients = patientCompartment(type).filter((name) => declared.has(name));
  const dates = search.filter((each) => each.words.includes('date'));
  const table = type.replace(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
  return {
    ...{ type, table, file: table.replaceAll('_', '-'), elements, search },
    patient: patients.length > 0 ? patients : shared.has(type) ? 'shared' : 'none',
    sort: [...(dates[0] ? [`-${dates[0].name}`] : []), '_id', '_lastUpdated'],
    left: others.map(([name]) => name).filter((name) => !declared.has(name)),
  };
}

/**
 * The elements of the type itself that an expression names: `Condition.code`,
 * `Condition.subject.where(resolve() is Patient)`, `(Condition.onset as dateTime)`.
 */
function memberNames(type: string, expression: string): string[] {
  return [...expression.matchAll(new RegExp(`\\b${type}\\.(\\w+)`, 'g'))].map((match) => match[1] as string);
}

/** Whether the expression is about the elements as they are, and not about parts of them. */
function isWhole(type: string, expression: string): boolean {
  return expression.split(' | ').every((part) => {
    const text = part
      .replace(/\.where\(resolve\(\) is \w+\)$/, '')
      .replace(/\.as\(\w+\)$/, '')
      .replace(/^\((.*) as \w+\)$/, '$1');
    return new RegExp(`^${type}\\.\\w+$`).test(text);
  });
}

/** A parameter that columns answer: of one element, or of several as `either`. */
function paramOf(
  type: string,
  name: string,
  { type: kind, expression }: SearchDefinition,
  elements: readonly PlannedElement[],
): PlannedParam | undefined {
  const members = [...new Set(memberNames(type, expression))];
  const found = members.map((member) =>
    elements.find((each) => each.member === member && each.search[kind] !== undefined),
  );
  if (found.length === 0 || found.includes(undefined) || !isWhole(type, expression)) return undefined;
  const made = (found as PlannedElement[]).map(
    (each) => each.search[kind] as NonNullable<PlannedElement['search'][string]>,
  );
  const only = /where\(resolve\(\) is (\w+)\)/.exec(expression)?.[1];
  const texts = made.map(({ text }) => (only === undefined ? text : text.replace(/\)$/, `, { to: ['${only}'] })`)));
  return {
    ...{ name, members },
    text: texts.length === 1 ? (texts[0] as string) : `either(${texts.join(', ')})`,
    words: [...made.flatMap(({ words }) => words), ...(texts.length > 1 ? ['either'] : [])],
    columns: made.flatMap(({ columns }) => columns),
  };
}

function keptOf(
  type: string,
  name: string,
  definition: SearchDefinition,
  used: ReadonlySet<string>,
): PlannedParam | undefined {
  if (!['token', 'string', 'reference', 'uri'].includes(definition.type)) return undefined;
  if (memberNames(type, definition.expression).some((member) => used.has(member))) return undefined;
  return { name, members: [], text: `kept('${definition.type}')`, words: ['kept'], columns: [] };
}
