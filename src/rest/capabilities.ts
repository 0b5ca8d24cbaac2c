import type {
  CapabilityStatement,
  CapabilityStatementRestResource,
  CapabilityStatementRestResourceInteraction,
  CapabilityStatementRestResourceOperation,
  CapabilityStatementRestResourceSearchParam,
  CapabilityStatementRestSecurity,
  Extension,
} from '@medplum/fhirtypes';
import { modifiersOf, prefixes } from '../define/params.js';
import type { Interaction, Route } from '../http/fhir-request.js';
import { invalidParameter } from '../outcome.js';
import { chained, referring } from '../search/chain.js';
import { reasonsLeftOut, refusedParameters } from '../search/left-out.js';
import { targetsOf, type DeclaredParam, type RegisteredResource, type Registry } from '../registry.js';
import { BACKPORT } from '../subscriptions/terms.js';
import { topicsOf } from '../subscriptions/topics.js';
import type { Facade } from './facade.js';
import { offers } from './offers.js';
import { patchFormats } from './patch.js';
import { shaped, parseShape } from './subset.js';

type Stated = Pick<Facade, 'registry' | 'base' | 'oauthUris' | 'version' | 'released'> & { readonly own: unknown };

/** https://hl7.org/fhir/R4/http.html#capabilities: what the declarations and the table of interactions say, and nothing else. */
export const capabilities = (facade: Facade, routes: readonly Route[]): Interaction => {
  let text: string | undefined;
  return async ({ params }) => {
    const mode = params.find(([name]) => name === 'mode')?.[1] ?? 'full';
    if (!modes.includes(mode)) throw invalidParameter(`mode takes ${modes.join(', ')}`);
    const rest = params.filter(([name]) => name !== 'mode');
    text ??= JSON.stringify(capabilityStatement(facade, routes));
    const body = shaped('CapabilityStatement', text, parseShape({ type: 'CapabilityStatement' }, rest));
    return { status: 200, headers: { 'Cache-Control': 'public, max-age=300' }, body };
  };
};

/** A server may answer each of them with its whole statement: https://hl7.org/fhir/R4/http.html#capabilities */
const modes = ['full', 'normative', 'terminology'];

/** https://hl7.org/fhir/R4/capabilitystatement.html */
export function capabilityStatement(facade: Stated, routes: readonly Route[]): CapabilityStatement {
  const { base, registry, version, released } = facade;
  const guides = guidesOf(registry, routes);
  const resources = registry.all().map((resource) => stated(resource, facade, routes));
  const ofBinary = routes.filter(({ path }) => path.split('/')[0] === 'Binary').map(({ interaction }) => interaction);
  if (ofBinary.length > 0) resources.push(binary(ofBinary));
  resources.push(...definitionTypes(routes).map(definitions));
  const system = systemInteractions.filter((code) => routes.some(({ interaction }) => interaction === code));
  return {
    resourceType: 'CapabilityStatement',
    name: 'Portico',
    title: 'FHIR R4 API of Portico',
    status: 'active',
    date: released,
    publisher: 'Portico',
    kind: 'instance',
    ...(guides.length > 0 && { instantiates: guides.map(({ server }) => server) }),
    software: { name: 'Portico', version, releaseDate: released },
    implementation: { description: 'FHIR R4 as a view of relational tables', url: base },
    ...(guides.length > 0 && { implementationGuide: guides.map(({ guide }) => guide) }),
    fhirVersion: '4.0.1',
    format: ['json', 'xml', 'application/fhir+json', 'application/fhir+xml'],
    ...(routes.some(({ interaction }) => interaction === 'patch') && { patchFormat: patchFormats }),
    rest: [
      {
        mode: 'server',
        documentation: DOCUMENTATION,
        security: security(facade.oauthUris),
        ...(system.length > 0 && { interaction: system.map((code) => ({ code })) }),
        resource: resources.sort((a, b) => (a.type as string).localeCompare(b.type)),
        ...(routes.some((route) => route.path.startsWith('Patient/[id]/')) && { compartment: [PATIENT_COMPARTMENT] }),
      },
    ],
  };
}

const PATIENT_COMPARTMENT = 'http://hl7.org/fhir/CompartmentDefinition/patient';
const systemInteractions = ['transaction', 'batch', 'search-system', 'history-system'] as const;

const US_CORE = 'http://hl7.org/fhir/us/core/';
const SUBSCRIPTIONS = 'http://hl7.org/fhir/uv/subscriptions-backport/';

/** What is held of each guide is the profiles, searches and operations of its types that are served. */
function guidesOf(registry: Registry, routes: readonly Route[]): { server: string; guide: string }[] {
  const tells = routes.some(({ path }) => path === 'Subscription/[id]/$status');
  return [
    ...(isUsCore(registry.all()) ? [guideOf(US_CORE, 'us-core-server', 'hl7.fhir.us.core|6.1.0')] : []),
    ...(registry.get('Subscription') && tells
      ? [guideOf(SUBSCRIPTIONS, 'backport-subscription-server-r4', 'hl7.fhir.uv.subscriptions-backport|1.1.0')]
      : []),
  ];
}

const guideOf = (root: string, server: string, guide: string) => ({
  server: `${root}CapabilityStatement/${server}`,
  guide: `${root}ImplementationGuide/${guide}`,
});

/** A US Core server has US Core patients and at least one other profile of it. */
function isUsCore(resources: readonly RegisteredResource[]): boolean {
  const profiles = new Set(resources.flatMap((each) => each.profiles.filter((url) => url.startsWith(US_CORE))));
  return profiles.size > 1 && profiles.has(`${US_CORE}StructureDefinition/us-core-patient`);
}

const DOCUMENTATION =
  'What is listed works, and nothing else does: another interaction is 404 or 405, another search parameter, ' +
  'modifier, include or sort order is 400, unless the client asks for Prefer: handling=lenient. A search also takes ' +
  '_count, _elements, _include, _revinclude, _sort, _summary and _total, and reads take _elements and _summary. A ' +
  'reference parameter that says so is chained to the parameters of other types: subject:Patient.name, and any of ' +
  'them stands behind _has. At most three resources lie in a row, and a scope must allow to search each of their types. ' +
  `Of the parameters of all searches, ${Object.keys(refusedParameters).join(', ')} are not supported. ` +
  'Where rows belong to patients, :contains and :text need a patient, a reference, an id or a code beside them. ' +
  '_include and _revinclude take :iterate, which goes on twice from what was included. ' +
  'A search over several types takes the parameters that all of them have, includes nothing and is sorted by _lastUpdated.';

function security(uris: Facade['oauthUris']): CapabilityStatementRestSecurity {
  return {
    extension: [
      {
        url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
        extension: Object.entries(uris).map(([url, valueUri]) => ({ url, valueUri })),
      },
    ],
    cors: true,
    service: [
      {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/restful-security-service', code: 'SMART-on-FHIR' }],
        text: 'OAuth 2.0 with the scopes of SMART on FHIR; access tokens are sent as Authorization: Bearer',
      },
    ],
    description:
      'Every interaction but this one, and reading the definitions of this server, needs an access token with a SMART scope on the resource type',
  };
}

function stated(
  resource: RegisteredResource,
  facade: Stated,
  routes: readonly Route[],
): CapabilityStatementRestResource {
  const { type, source } = resource;
  const there = routes.filter(
    ({ path, needs, operation }) => !operation && path.startsWith('[type]') && (!needs || offers(resource, needs)),
  );
  const interactions = new Set(there.map((route) => route.interaction));
  const code = (each: string): CapabilityStatementRestResourceInteraction => ({
    code: each as CapabilityStatementRestResourceInteraction['code'],
  });
  const reversed = referring(facade.registry, resource);
  const has = reversed.length > 0 ? `_has takes ${reversed.join(', ')}` : undefined;
  const sort = `_sort takes ${resource.sort.map((key) => key.replace(/^-/, '')).join(', ')}`;
  const told = type === 'Subscription' ? TOLD : undefined;
  const said = [told, sort, has, reasonsLeftOut(resource)].filter((each) => each !== undefined);
  const operations = operationsOf(resource, routes);
  return {
    ...(type === 'Subscription' && { extension: topics(facade) }),
    type: type as NonNullable<CapabilityStatementRestResource['type']>,
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    ...(resource.profiles.length > 0 && { supportedProfile: [...resource.profiles] }),
    documentation: said.join('. '),
    interaction: [...interactions].map(code),
    versioning: source.version === undefined && source.updated === undefined ? 'no-version' : 'versioned',
    readHistory: source.version !== undefined && facade.own !== undefined,
    updateCreate: interactions.has('update') && resource.write?.create === true,
    conditionalCreate: interactions.has('create'),
    conditionalRead: source.updated === undefined ? 'not-match' : 'full-support',
    conditionalUpdate: interactions.has('update'),
    conditionalDelete: interactions.has('delete') ? 'single' : 'not-supported',
    // A reference by identifier is kept, and found by :identifier.
    referencePolicy: ['literal', 'logical'],
    ...(resource.include.length > 0 && {
      searchInclude: ['*', `${type}:*`, ...resource.include.map((name) => `${type}:${name}`)],
    }),
    ...(resource.revInclude.length > 0 && { searchRevInclude: revIncludes(resource.revInclude) }),
    searchParam: [...resource.params.values()]
      .map((declared) => searchParam(facade.registry, resource, declared))
      .sort(byName),
    ...(operations.length > 0 && { operation: operations }),
  };
}

/** What the topics are about: R4 has no resource that says it. */
const TOLD =
  'Topics, and criteria of R4, are about what is created or updated: a deletion is no event, and is seen in a history';

/** https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/StructureDefinition-capabilitystatement-subscriptiontopic-canonical.html */
const topics = ({ registry, base }: Stated): Extension[] =>
  topicsOf(registry, base).map(({ url }) => ({
    url: `${BACKPORT}capabilitystatement-subscriptiontopic-canonical`,
    valueCanonical: url,
  }));

/** Each once, whichever ways lead to it. */
function operationsOf(
  { type }: RegisteredResource,
  routes: readonly Route[],
): CapabilityStatementRestResourceOperation[] {
  const there = routes.filter(({ path }) => path.startsWith('[type]/') || path.startsWith(`${type}/`));
  const known = new Map(there.flatMap(({ operation }) => (operation ? [[operation.name, operation]] : [])));
  return [...known.values()].sort(byName);
}

/** Each of them, all of one source, and all. */
const revIncludes = (declared: readonly string[]): string[] => [
  '*',
  ...new Set(declared.map((each) => `${each.split(':')[0] as string}:*`)),
  ...declared,
];

function searchParam(
  registry: Registry,
  resource: RegisteredResource,
  declared: DeclaredParam,
): CapabilityStatementRestResourceSearchParam {
  const { name, param, definition } = declared;
  const modifiers = modifiersOf(param).map((each) => `:${each}`);
  const targets = targetsOf(resource, name);
  const types =
    definition.type === 'reference' ? `; refers to ${targets.length > 20 ? 'any type' : targets.join(', ')}` : '';
  const others = chained(registry, resource, name).map((other) => other.type);
  const chains = others.length > 0 ? `; chains to ${others.join(', ')}` : '';
  const ordered = definition.type === 'date' || definition.type === 'quantity';
  const before = ordered ? `; prefixes: ${prefixes.join(' ')}` : '';
  return {
    name,
    definition: definition.url,
    type: definition.type as NonNullable<CapabilityStatementRestResourceSearchParam['type']>,
    documentation: `Modifiers: ${modifiers.join(' ')}${before}${types}${chains}`,
  };
}

const byName = (a: { name?: string }, b: { name?: string }): number =>
  (a.name as string) < (b.name as string) ? -1 : 1;

/** The types of which there are definitions of ours alone. */
const definitionTypes = (routes: readonly Route[]): string[] =>
  routes.filter((each) => each.public && each.interaction === 'read').map(({ path }) => path.split('/')[0] as string);

const definitions = (type: string): CapabilityStatementRestResource => ({
  type: type as NonNullable<CapabilityStatementRestResource['type']>,
  profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
  documentation: 'What the canonical URLs of this server name, below its own base. Needs no token',
  interaction: [{ code: 'read' }],
  versioning: 'no-version',
  readHistory: false,
  updateCreate: false,
  conditionalCreate: false,
  conditionalRead: 'full-support',
  conditionalUpdate: false,
  conditionalDelete: 'not-supported',
});

const binary = (interactions: readonly Route['interaction'][]): CapabilityStatementRestResource => ({
  type: 'Binary',
  profile: 'http://hl7.org/fhir/StructureDefinition/Binary',
  documentation:
    'The bytes of an attachment, for whoever may read the resource that it belongs to; those that nothing attaches are ' +
    'for their sender, for a day. Bytes are never replaced: an update makes an id, or says again what is there',
  interaction: interactions.map((code) => ({ code: code as CapabilityStatementRestResourceInteraction['code'] })),
  versioning: 'versioned',
  readHistory: false,
  updateCreate: interactions.includes('update'),
  conditionalCreate: false,
  conditionalRead: 'full-support',
  conditionalUpdate: false,
  conditionalDelete: 'not-supported',
});
