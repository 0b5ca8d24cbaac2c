import type { CodeSystem, CodeSystemConcept, ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';
import { createHash } from 'node:crypto';
import type { ExtensionShape } from '../define/elements/element.js';
import { etag, httpDate, isNotModified } from '../http/etag.js';
import type { Interaction } from '../http/fhir-request.js';
import { errorCodes, issueType } from '../outcome.js';
import { isPrimitive } from '../validate/primitives.js';
import { notFound, type Facade } from './facade.js';
import { parseShape, shaped } from './subset.js';

type Defined = Pick<Facade, 'registry' | 'base' | 'version' | 'released'>;

/** What our own canonical URLs name, by its path below the base: code systems, and extensions of the declarations. */
export function definitionsOf(facade: Defined): ReadonlyMap<string, string> {
  const all = [errorCodeSystem(facade), nativeCodeSystem(facade), auditCodeSystem(facade), ...extensionsOf(facade)];
  return new Map(all.map((each) => [`${each.resourceType}/${each.id as string}`, JSON.stringify(each)]));
}

export const readDefinition =
  (definitions: ReadonlyMap<string, string>): Interaction =>
  ({ type, id, params, headers }) => {
    const text = definitions.get(`${type}/${id}`);
    if (text === undefined) throw notFound();
    const body = shaped(type, text, parseShape({ type }, params));
    const version = createHash('sha1').update(text).digest('hex').slice(0, 16);
    const modified = Date.parse((JSON.parse(text) as { date: string }).date);
    const caching = {
      ETag: etag(version),
      'Last-Modified': httpDate(modified),
      'Cache-Control': 'public, max-age=300',
    };
    const isKnown = isNotModified(headers, version, modified);
    return Promise.resolve(isKnown ? { status: 304, headers: caching } : { status: 200, headers: caching, body });
  };

/** What every definition of ours begins with. */
const about = <T extends string>({ base, version, released }: Defined, resourceType: T, id: string) => ({
  ...{ resourceType, id, url: `${base}/${resourceType}/${id}`, version },
  name: id.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase()),
  status: 'active' as const,
  ...{ date: released, publisher: 'Portico' },
});

function codeSystem(
  facade: Defined,
  id: string,
  description: string,
  concept: readonly CodeSystemConcept[],
): CodeSystem {
  return {
    ...about(facade, 'CodeSystem', id),
    ...{ description, caseSensitive: true },
    content: concept.length > 0 ? 'complete' : 'not-present',
    ...(concept.length > 0 && { count: concept.length, concept: [...concept] }),
  };
}

const errorCodeSystem = (facade: Defined): CodeSystem =>
  codeSystem(
    facade,
    'error-code',
    'Why a request was refused, more exactly than the type of an issue says it',
    errorCodes.map((code) => ({ code, definition: `An issue of the type ${issueType(code)}` })),
  );

function nativeCodeSystem(facade: Defined): CodeSystem {
  const typesOf = new Map<string, string[]>();
  for (const { type, native } of facade.registry.all())
    for (const { name } of native) typesOf.set(name, [...(typesOf.get(name) ?? []), type]);
  const description = 'Which resource of the native system a resource is: its tag, and what native scopes open';
  const concepts = [...typesOf].sort(([a], [b]) => (a < b ? -1 : 1));
  return codeSystem(
    facade,
    'native-resource',
    description,
    concepts.map(([code, types]) => ({ code, definition: [...new Set(types)].join(', ') })),
  );
}

const auditCodeSystem = (facade: Defined): CodeSystem =>
  codeSystem(facade, 'audit-interaction', 'What the audit trail records beside the interactions of FHIR', []);

/** The extensions of our own that declarations give columns to. */
function extensionsOf(facade: Defined): StructureDefinition[] {
  return facade.registry.all().flatMap(({ type, extensions }) =>
    extensions
      .filter(({ url }) => url.startsWith('StructureDefinition/'))
      .map((shape): StructureDefinition => {
        const said = about(facade, 'StructureDefinition', shape.url.slice('StructureDefinition/'.length));
        return {
          ...said,
          ...{ fhirVersion: '4.0.1', kind: 'complex-type', abstract: false, type: 'Extension' },
          context: [{ type: 'element', expression: type }],
          baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Extension',
          derivation: 'constraint',
          differential: { element: elementsOf({ ...shape, url: said.url }, 'Extension', 'Extension') },
        };
      }),
  );
}

/** https://hl7.org/fhir/R4/defining-extensions.html: parts are slices of `extension`, told apart by their URL. */
function elementsOf({ url, repeats, value, parts }: ExtensionShape, id: string, path: string): ElementDefinition[] {
  const own: ElementDefinition = { id, path, min: 0, max: repeats ? '*' : '1' };
  const slices = parts.flatMap((part): ElementDefinition[] => {
    const [first, ...rest] = elementsOf(part, `${id}.extension:${part.url}`, `${path}.extension`);
    return [{ ...(first as ElementDefinition), sliceName: part.url }, ...rest];
  });
  const noParts: ElementDefinition[] = [{ id: `${id}.extension`, path: `${path}.extension`, max: '0' }];
  return [
    own,
    ...(parts.length > 0 ? slices : noParts),
    { id: `${id}.url`, path: `${path}.url`, fixedUri: url },
    {
      ...{ id: `${id}.value[x]`, path: `${path}.value[x]` },
      ...(value === undefined ? { max: '0' } : { type: [{ code: typeOf(value) }] }),
    },
  ];
}

/** `valueCode` is of the type `code`, and `valueReference` of the type `Reference`. */
function typeOf(member: string): string {
  const name = member.slice('value'.length);
  const primitive = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
  return isPrimitive(primitive) ? primitive : name;
}
