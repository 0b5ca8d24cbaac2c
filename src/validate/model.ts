import { getAllDataTypes, type InternalSchemaElement, type InternalTypeSchema } from '@medplum/core';
import { codesOf, resourceNames, typeDefinition } from './definitions.js';
import { isLanguage, LANGUAGES } from './grammars.js';
import type { Codes } from './vocabulary.js';

/** A type as it is checked: what the definitions say of it, by the names that stand in JSON. */
export interface Model {
  readonly name: string;
  readonly isResource: boolean;
  readonly members: ReadonlyMap<string, Member>;
  readonly required: readonly Required[];
  readonly constraints: readonly Constraint[];
}

export interface Member {
  /** `value[x]` for `valueQuantity`. */
  readonly element: string;
  readonly type: string;
  readonly isPrimitive: boolean;
  readonly isArray: boolean;
  readonly max: number;
  readonly constraints: readonly Constraint[];
  /** The types that a reference may name; undefined for any. */
  readonly targets: ReadonlySet<string> | undefined;
  /** What a required binding allows, by code system. */
  readonly codes: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  /** What a code must be of where there is one: a value set that bounds a binding which is not required. */
  readonly most: Codes | undefined;
}

interface Required {
  readonly element: string;
  /** Any of which makes it present. */
  readonly members: readonly string[];
}

/** An invariant: https://hl7.org/fhir/R4/conformance-rules.html#constraints */
export interface Constraint {
  readonly key: string;
  readonly expression: string;
  readonly description: string;
}

const models = new Map<string, Model | undefined>();

/** The model of a resource or data type, or of a part of one; undefined where R4 has none of that name. */
export function modelOf(name: string): Model | undefined {
  if (!models.has(name)) {
    const definition = typeDefinition(name);
    // A part has been registered with the type that it is of.
    const schema = definition?.schema ?? (/^[A-Za-z]+$/.test(name) ? getAllDataTypes()[name] : undefined);
    models.set(name, schema && made(name, schema));
  }
  return models.get(name);
}

/** What the walk checks by itself, and better: that an element is not empty, and what an extension may hold. */
const walked: ReadonlySet<string> = new Set(['ele-1', 'ext-1', 'dom-3', 'ref-1', 'txt-1', 'txt-2']);

const constraintsOf = ({ constraints }: { constraints?: InternalSchemaElement['constraints'] }): Constraint[] =>
  (constraints ?? [])
    .filter(({ key, severity }) => severity === 'error' && !walked.has(key))
    .map(({ key, expression, description }) => ({ key, expression, description }));

function made(name: string, schema: InternalTypeSchema): Model {
  const isResource = resourceNames().has(name);
  const members = new Map<string, Member>();
  const required: Required[] = [];
  for (const [element, definition] of Object.entries(schema.elements)) {
    // Slices of a profile have no place in JSON.
    if (element.includes('.') || element.includes(':')) continue;
    const choice = element.endsWith('[x]') ? element.slice(0, -3) : undefined;
    const names: string[] = [];
    for (const type of definition.type) {
      const key = choice === undefined ? element : `${choice}${type.code.charAt(0).toUpperCase()}${type.code.slice(1)}`;
      names.push(key);
      members.set(key, memberOf(element, isResource && element === 'id' ? { ...type, code: 'id' } : type, definition));
    }
    if (definition.min > 0) required.push({ element, members: names });
  }
  return { name, isResource, members, required, constraints: constraintsOf(schema) };
}

const MEDIA_TYPES = 'http://hl7.org/fhir/ValueSet/mimetypes';
const CURRENCIES = 'http://hl7.org/fhir/ValueSet/currencies';
const ALL_LANGUAGES = 'http://hl7.org/fhir/ValueSet/all-languages';
const DEFINITIONS = 'http://hl7.org/fhir/StructureDefinition/';

/** https://hl7.org/fhir/R4/datatypes.html#SimpleQuantity: R4 has it as a profile of Quantity, and names it where it means it. */
const SIMPLE = { key: 'sqty-1', expression: 'comparator.empty()', description: 'An amount here has no comparator' };

const languages: Codes = new Map([[LANGUAGES, { has: isLanguage }]]);

const isOfLanguages = ({ binding }: InternalSchemaElement): boolean =>
  (binding?.extension ?? []).some(({ valueCanonical }) => valueCanonical === ALL_LANGUAGES);

/** The rule of a primitive whose binding, or whose description, is a grammar. */
function grammarOf(definition: InternalSchemaElement, type: string): string | undefined {
  const { valueSet = '' } = definition.binding ?? {};
  if (definition.path === 'SampledData.data') return 'samples';
  if (type !== 'code') return undefined;
  // The formats of a CapabilityStatement are bound to the same, and may be `json`.
  if (valueSet.startsWith(MEDIA_TYPES) && definition.path.endsWith('.contentType')) return 'mediaType';
  if (valueSet.startsWith(CURRENCIES)) return 'currency';
  return isOfLanguages(definition) ? 'languageTag' : undefined;
}

function memberOf(
  element: string,
  { code: type, targetProfile = [], profile = [] }: InternalSchemaElement['type'][number],
  definition: InternalSchemaElement,
): Member {
  const { valueSet = '', strength } = definition.binding ?? {};
  const isSimple = profile.includes(`${DEFINITIONS}SimpleQuantity`);
  const targets = targetProfile.map((url) => url.slice(DEFINITIONS.length));
  return {
    ...{
      element,
      type: grammarOf(definition, type) ?? type,
      isArray: definition.isArray === true,
      max: definition.max,
    },
    isPrimitive: /^[a-z]/.test(type),
    constraints: [...constraintsOf(definition), ...(isSimple ? [SIMPLE] : [])],
    most: isOfLanguages(definition) && type !== 'code' ? languages : undefined,
    targets: targets.length === 0 || targets.includes('Resource') ? undefined : new Set(targets),
    codes: strength === 'required' ? codesOf(valueSet) : undefined,
  };
}
