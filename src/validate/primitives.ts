import { tryGetDataType, type InternalSchemaElement } from '@medplum/core';
import { interval } from '../define/dates.js';
import type { Issue } from '../outcome.js';
import { resourceNames } from './definitions.js';

/** Rules of the primitive types that the structure's own check leaves open: https://hl7.org/fhir/R4/datatypes.html#primitive */
const rules: Readonly<Record<string, (value: never) => string | undefined>> = {
  id: (value: string) => (/^[A-Za-z0-9\-.]{1,64}$/.test(value) ? undefined : 'is not an id'),
  date: (value: string) => (dayOf(value) ? undefined : 'is not a date of the calendar'),
  dateTime: (value: string) => (dateTimeOf(value) ? undefined : 'is not a dateTime: a time needs seconds and a zone'),
  instant: (value: string) => (value.length >= 20 && dateTimeOf(value) ? undefined : 'is not an instant'),
  integer: (value: number) => wholeNumber(value, -(2 ** 31)),
  unsignedInt: (value: number) => wholeNumber(value, 0),
  positiveInt: (value: number) => wholeNumber(value, 1),
};

const dayOf = (value: string): boolean => !value.includes('T') && interval(value) !== undefined;
const dateTimeOf = (value: string): boolean =>
  interval(value) !== undefined && (!value.includes('T') || /T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value));
const wholeNumber = (value: number, least: number): string | undefined =>
  Number.isInteger(value) && value >= least && value <= 2 ** 31 - 1 ? undefined : 'is out of range';

/** What no database and no client can be trusted with: control characters, and halves of surrogate pairs. */
// These are the characters that must not occur.
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;

/** Walks a resource along its definition. The text of an issue never quotes the value. */
export function checkPrimitives(resource: Readonly<Record<string, unknown>>): Issue[] {
  const issues: Issue[] = [];
  walk(resource, resource['resourceType'] as string, resource['resourceType'] as string, issues);
  return issues;
}

const issue = (text: string, path: string): Issue => ({ severity: 'error', code: 'value', text, expression: [path] });

function walk(value: Readonly<Record<string, unknown>>, type: string, path: string, issues: Issue[]): void {
  const elements = elementsOf(type);
  const isResource = resourceNames().has(type);
  for (const [member, inner] of Object.entries(value)) {
    const name = member.startsWith('_') ? member.slice(1) : member;
    // The definitions give a resource's id the type of an element's id, which is any string.
    const code = name === 'id' && isResource ? 'id' : elements && typeOf(elements, name);
    const at = `${path}.${name}`;
    if (Array.isArray(inner)) {
      if (inner.length === 0) issues.push(issue('A list is empty: an absent element is left out', at));
      inner.forEach((item, index) => check(item, member, code, `${at}[${String(index)}]`, issues));
    } else check(inner, member, code, at, issues);
  }
}

function check(value: unknown, member: string, code: string | undefined, path: string, issues: Issue[]): void {
  if (typeof value === 'string') {
    if (value === '') issues.push(issue('A string is empty: an absent element is left out', path));
    if (control.test(value) || !value.isWellFormed())
      issues.push(issue('A string holds control characters, or half of a surrogate pair', path));
  }
  if (typeof value === 'object' && value !== null) {
    if (Object.keys(value).length === 0) issues.push(issue('An object is empty: an absent element is left out', path));
    const { resourceType } = value as { resourceType?: string };
    const type = member.startsWith('_') ? 'Element' : code === 'Resource' ? (resourceType ?? '') : (code ?? '');
    walk(value as Readonly<Record<string, unknown>>, type, path, issues);
    return;
  }
  const rule = code === undefined || value === null || member.startsWith('_') ? undefined : rules[code];
  const wrong = rule?.(value as never);
  if (wrong !== undefined) issues.push(issue(`The value ${wrong}`, path));
}

function elementsOf(type: string): Readonly<Record<string, InternalSchemaElement>> | undefined {
  return tryGetDataType(type)?.elements;
}

/** The type of a member; of a choice, the one that its name ends in. */
function typeOf(elements: Readonly<Record<string, InternalSchemaElement>>, name: string): string | undefined {
  const exact = elements[name];
  if (exact) return exact.type[0]?.code;
  for (const [key, element] of Object.entries(elements)) {
    if (!key.endsWith('[x]') || !name.startsWith(key.slice(0, -3))) continue;
    const suffix = name.slice(key.length - 3);
    const type = element.type.find(({ code }) => code.charAt(0).toUpperCase() + code.slice(1) === suffix);
    if (type) return type.code;
  }
  return undefined;
}
