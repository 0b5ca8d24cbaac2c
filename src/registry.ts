import { readdir } from 'node:fs/promises';
import type { Codes } from './define/codes.js';
import { kept, leafOf, type SearchParam } from './define/params.js';
import type { Declaration, IdCodec } from './define/resource.js';
import { code } from './installed.js';
import { ConfigurationError } from './outcome.js';
import {
  patientCompartment,
  searchDefinitionsOf,
  typeDefinition,
  type SearchDefinition,
} from './validate/definitions.js';

/** A declared search parameter beside its published definition. */
export interface DeclaredParam {
  readonly name: string;
  readonly param: SearchParam;
  readonly definition: SearchDefinition;
}

export interface RegisteredResource extends Declaration {
  readonly params: ReadonlyMap<string, DeclaredParam>;
  readonly include: readonly string[];
  readonly revInclude: readonly string[];
  /** The types that its rows say something of. */
  readonly subjects: readonly RegisteredResource[];
}

/** The engine's own way from a Binary to its owner: never read from a query string. */
export const ATTACHMENT = 'attachment:';

/** A search parameter that is known to exist. */
export function paramOf(resource: RegisteredResource, name: string): DeclaredParam {
  const declared = name === ATTACHMENT ? attachmentParam(resource) : resource.params.get(name);
  if (!declared) throw new Error(`${resource.type} has no search parameter ${name}`);
  return declared;
}

function attachmentParam({ attachments }: RegisteredResource): DeclaredParam | undefined {
  if (!attachments) return undefined;
  const { child, column } = attachments;
  const param = { kind: 'within', child, param: { kind: 'token', columns: { code: column } } } as const;
  return { name: ATTACHMENT, param, definition: { url: '', type: 'token', expression: '' } };
}

/** The native resource of every row, where the source has no column that says it. */
export function nativeOfAll({ source, native }: Declaration): string {
  const [first] = native;
  return source.native === undefined && first !== undefined && !first.when ? first.name : 'none';
}

/** What is served: every declaration, cross-checked. */
export interface Registry {
  readonly types: readonly string[];
  get(type: string): RegisteredResource | undefined;
  all(): readonly RegisteredResource[];
}

/** Loads every declaration in fhir/; views of the history only where there is one. */
export async function loadRegistry({ history = true } = {}): Promise<Registry> {
  const folder = new URL('fhir/', code);
  const files = (await readdir(folder)).filter((name) => /\.[jt]s$/.test(name) && !name.endsWith('.d.ts')).sort();
  const modules = await Promise.all(
    files.map(async (file) => (await import(new URL(file, folder).href)) as { default?: Declaration | Declaration[] }),
  );
  // One a file; the build puts them all into one.
  const declared = modules.flatMap((module) => module.default ?? []);
  return createRegistry(declared.filter(({ source }) => history || !source.history));
}

/** Cross-checks declarations and refuses them, naming every fault. */
export function createRegistry(declarations: readonly Declaration[]): Registry {
  const registered = new Map(declarations.map((declaration) => [declaration.type, register(declaration)]));
  for (const resource of registered.values()) relate(resource, registered);
  for (const declaration of declarations) {
    const resource = registered.get(declaration.type) as RegisteredResource;
    Object.assign(resource, includesOf(resource, declaration, [...registered.values()]));
  }
  const faults = [...registered.values()].flatMap((resource) =>
    faultsOf(resource, registered).map((fault) => `${resource.type}: ${fault}`),
  );
  const twice = declarations.filter(
    (one, index) => declarations.findIndex((other) => other.type === one.type) !== index,
  );
  faults.push(...twice.map((each) => `${each.type}: declared twice`));
  if (faults.length > 0) throw new ConfigurationError('The declarations in fhir/ are not sound', faults);
  const types = [...registered.keys()].sort();
  const all = types.map((type) => registered.get(type) as RegisteredResource);
  return { types, get: (type) => registered.get(type), all: () => all };
}

function register(declaration: Declaration): RegisteredResource {
  const published = searchDefinitionsOf(declaration.type);
  const params = new Map<string, DeclaredParam>();
  const add = (name: string, param: SearchParam): void => {
    const own = 'definition' in param ? param.definition : undefined;
    const definition = own ? { ...own, type: typeOf(param) } : published[name];
    if (!definition) return;
    // FHIRPath of one type: a parameter of every resource is written for none.
    const expression = definition.expression.replace(/^Resource\./, `${declaration.type}.`);
    params.set(name, { name, param, definition: { ...definition, expression } });
  };
  for (const [name, param] of Object.entries(engineParams(declaration))) add(name, param);
  for (const [name, param] of Object.entries(declaration.search)) add(name, param);
  return { ...declaration, include: [], revInclude: [], params, subjects: [] };
}

/**
 * What a declaration says of includes; else all references within a database: its own, of which what is not served adds
 * nothing, and those of others to it.
 */
function includesOf(
  resource: RegisteredResource,
  declared: Pick<Declaration, 'include' | 'revInclude'>,
  all: readonly RegisteredResource[],
): Pick<RegisteredResource, 'include' | 'revInclude'> {
  const { type, source } = resource;
  const namesOf = (each: RegisteredResource): string[] =>
    [...each.params.keys()].filter((name) => isReference(each, name)).sort();
  const others = all.filter((each) => !each.source.own && !source.own);
  const referring = others.flatMap((each) =>
    namesOf(each)
      .filter((name) => targetsOf(each, name).includes(type))
      .map((name) => `${each.type}:${name}`),
  );
  const about = resource.write ? all.filter(({ subjects }) => subjects.includes(resource)) : [];
  return {
    include: declared.include ?? (source.own ? [] : namesOf(resource)),
    revInclude: declared.revInclude
      ? [...declared.revInclude, ...about.map((each) => `${each.type}:${each.about as string}`)]
      : referring,
  };
}

/** What says something of other types is tied to those that are written here: only they have a history. */
function relate(resource: RegisteredResource, all: ReadonlyMap<string, RegisteredResource>): void {
  const { about } = resource;
  if (about === undefined) return;
  const subjects = targetsOf(resource, about)
    .map((target) => all.get(target))
    .filter((each) => each?.write !== undefined) as RegisteredResource[];
  Object.assign(resource, { subjects });
}

/** The code system of the names of native resources, which `meta.tag` shows. */
export const NATIVE_TAG = 'CodeSystem/native-resource';

/** What the engine itself answers for every type; what clients say in `meta`, where the source keeps it. */
function engineParams({ source }: Declaration): Record<string, SearchParam> {
  const { extra, profile, native } = source;
  return {
    ...(extra !== undefined && {
      _profile: profile === undefined ? kept('uri') : { kind: 'uri', columns: { uri: profile } },
      _security: kept('token'),
      _source: kept('uri'),
      _tag:
        native === undefined
          ? kept('token')
          : { kind: 'token', columns: { code: native }, own: { system: NATIVE_TAG, none: 'none' } },
    }),
    _id: { kind: 'token', columns: { code: source.id, ...(source.idCodec && { codes: codesOf(source.idCodec) }) } },
    ...(source.updated !== undefined && {
      _lastUpdated: { kind: 'date', columns: { start: source.updated }, stored: 'ms' } as const,
    }),
  };
}

/** Ids are translated like codes: `_id` takes those of FHIR. */
function codesOf(codec: IdCodec): Codes {
  return {
    pairs: [],
    toFhir: (stored) => (typeof stored === 'string' || typeof stored === 'number' ? codec.toFhir(stored) : undefined),
    toStored: (id) => [codec.toStored(id)].filter((stored) => stored !== undefined),
  };
}

function typeOf(param: SearchParam): string {
  const leaf = leafOf(param);
  return leaf.kind === 'kept' ? leaf.as : leaf.kind;
}

function faultsOf(resource: RegisteredResource, all: ReadonlyMap<string, RegisteredResource>): string[] {
  const { type, source, search, children } = resource;
  if (!typeDefinition(type)) return [`R4 has no resource type of this name`];
  const faults: string[] = [];
  for (const [name, param] of Object.entries(search)) faults.push(...paramFaults(resource, name, param, all));
  for (const key of resource.sort) faults.push(...sortFaults(resource, key));
  if (resource.about !== undefined && !isReference(resource, resource.about))
    faults.push(`about ${resource.about}: no reference parameter of this name`);
  for (const name of resource.include)
    if (!isReference(resource, name)) faults.push(`include ${name}: no reference parameter of this name`);
  for (const name of resource.granularScopes)
    if (resource.params.get(name)?.definition.type !== 'token')
      faults.push(`granularScopes ${name}: no token parameter of this name`);
  for (const entry of resource.revInclude) faults.push(...revIncludeFaults(type, entry, all));
  if (Array.isArray(resource.patient)) faults.push(...patientFaults(resource, resource.patient as readonly string[]));
  for (const profile of resource.profiles)
    if (!/^https?:\/\//.test(profile)) faults.push(`profile ${profile}: not an absolute URL`);
  for (const name of Object.keys(children))
    if (resource.columns.includes(name)) faults.push(`child ${name}: a column has this name too`);
  if (resource.attachments && !children[resource.attachments.child])
    faults.push(`attachments: no child ${resource.attachments.child}`);
  if (resource.write && !resource.fromFhir) faults.push('write: the view has no fromFhir');
  if (resource.write && source.tenant === 'single') faults.push('write: a source without a tenant column is only read');
  return faults;
}

function paramFaults(
  resource: RegisteredResource,
  name: string,
  param: SearchParam,
  all: ReadonlyMap<string, RegisteredResource>,
): string[] {
  const declared = resource.params.get(name);
  if (!declared) return [`search ${name}: R4 defines no such parameter, and no definition is given`];
  const faults: string[] = [];
  if (declared.definition.type !== typeOf(param))
    faults.push(`search ${name}: is declared ${typeOf(param)}, but R4 says ${declared.definition.type}`);
  for (const each of flatten(param)) {
    if (each.kind === 'within' && !resource.children[each.child]) faults.push(`search ${name}: no child ${each.child}`);
    if (each.kind !== 'reference' || each.external) continue;
    if ('id' in each.columns && (each.to ?? []).length !== 1)
      faults.push(`search ${name}: a column of ids needs the one type that it refers to`);
    if ('id' in each.columns)
      for (const target of each.to ?? [])
        if (!all.has(target))
          faults.push(`search ${name}: its target ${target} has no declaration and is not marked external`);
  }
  if (param.kind === 'kept' && resource.source.extra === undefined)
    faults.push(`search ${name}: the source keeps no extra, so nothing would be found`);
  return faults;
}

function flatten(param: SearchParam): SearchParam[] {
  if (param.kind === 'within') return [param, ...flatten(param.param)];
  if (param.kind === 'either' || param.kind === 'composite')
    return [param, ...(param.kind === 'either' ? param.params : param.parts).flatMap((each) => flatten(each))];
  return [param];
}

function sortFaults(resource: RegisteredResource, key: string): string[] {
  const name = key.replace(/^-/, '');
  if (resource.params.has(name))
    return sortColumn(resource, name) === undefined ? [`sort ${name}: answered by no column of the row itself`] : [];
  return [`sort ${name}: no such search parameter`];
}

/** The column that a parameter sorts by; a list of names is sorted by what `copy` put into the row. */
export function sortColumn(
  resource: Declaration & { params: RegisteredResource['params'] },
  name: string,
): string | undefined {
  const copied = `sort_${name}`;
  if (resource.columns.includes(copied)) return copied;
  const param = resource.params.get(name)?.param;
  switch (param?.kind) {
    case 'token':
      return param.columns.code;
    case 'date':
      return param.columns.start;
    case 'string':
      return param.columns[0]?.folded ?? param.columns[0]?.exact;
    case 'quantity':
      return param.columns.value;
    case 'uri':
      return param.columns.uri;
    default:
      return undefined;
  }
}

const isReference = (resource: RegisteredResource, name: string): boolean =>
  resource.params.get(name)?.definition.type === 'reference';

function revIncludeFaults(type: string, entry: string, all: ReadonlyMap<string, RegisteredResource>): string[] {
  const [source = '', name = ''] = entry.split(':');
  const from = all.get(source);
  if (!from) return [`revInclude ${entry}: ${source} has no declaration`];
  if (!isReference(from, name)) return [`revInclude ${entry}: ${source} has no reference parameter ${name}`];
  const targets = targetsOf(from, name);
  return targets.includes(type) ? [] : [`revInclude ${entry}: it refers to ${targets.join(', ')}, not to ${type}`];
}

function patientFaults(resource: RegisteredResource, names: readonly string[]): string[] {
  const faults = names
    .filter((name) => name !== '_id' && !isReference(resource, name))
    .map((name) => `patient ${name}: no reference parameter of this name`);
  if (resource.source.patient === undefined) faults.push('patient: the source names no patient column');
  const missing = patientCompartment(resource.type).filter((name) => name !== 'link' && !names.includes(name));
  if (resource.type !== 'Patient' && missing.length > 0)
    faults.push(`patient: the Patient compartment also has ${missing.join(', ')}`);
  return faults;
}

/** The types that a reference parameter may refer to. */
export function targetsOf(resource: RegisteredResource, name: string): readonly string[] {
  const declared = resource.params.get(name);
  if (!declared) return [];
  if (name === resource.about && resource.subjects.length > 0) return resource.subjects.map(({ type }) => type);
  const leaf = leafOf(declared.param);
  return (leaf.kind === 'reference' ? leaf.to : undefined) ?? declared.definition.target ?? [];
}
