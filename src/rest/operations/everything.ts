import { narrow, tryNarrow, type Access } from '../../access/narrow.js';
import { interval } from '../../define/dates.js';
import { relative } from '../../define/elements/references.js';
import type { Criterion, Narrowing, Position, SearchRequest } from '../../define/request.js';
import type { FhirRequest } from '../../http/fhir-request.js';
import { invalidParameter, OutcomeError } from '../../outcome.js';
import type { RegisteredResource } from '../../registry.js';
import { inCompartment } from '../../search/compartment.js';
import type { Pairs, ParseOptions } from '../../search/options.js';
import { parse, parseTest } from '../../search/parse.js';
import { MOST_REFERENCES } from '../../store/fetch.js';
import { referencesIn } from '../../store/references.js';
import type { Entry } from '../../store/render.js';
import { shorterPage } from '../../store/shorter.js';
import { CURSOR, readCursor, writeCursor } from '../cursor.js';
import { accessOf, checkId, notFound, resourceOf, type Facade } from '../facade.js';
import { Gathering, type Included } from '../gathering.js';
import { lengthOf, searchBundle, searchUrl } from '../search-bundle.js';
import { valuesOf } from './input.js';
import type { Operation } from './operation.js';

const DEFAULT_COUNT = 100;
const MAX_COUNT = 500;

/** https://hl7.org/fhir/R4/patient-operation-everything.html */
export const everything: Operation = {
  name: 'everything',
  definition: 'http://hl7.org/fhir/OperationDefinition/Patient-everything',
  of: 'Patient',
  levels: ['type', 'instance'],
  byGet: ['type', 'instance'],
  documentation:
    'What belongs to the patient by the compartment, type by type, in pages, and what that refers to and belongs to no ' +
    'other patient. Without an id it is for the token of one patient. Needs the scope letter r on Patient, and shows of ' +
    'the other types those that are open to it. start and end are about the date by which a type is sorted; what has ' +
    'none is in. Bytes of documents are read by the URLs of their attachments',
  run: async (facade, request, { pairs }) => {
    const access = accessOf(request);
    const id = await patientOf(facade, request, access);
    const path = `Patient/${request.id === '' ? '' : `${id}/`}$everything`;
    const text = pairs.find(([name]) => name === CURSOR)?.[1];
    const cursor = text === undefined ? undefined : readCursor(facade.cursorKey, access, path, text);
    const asked = askedIn(cursor?.params ?? pairs);
    const parts = partsOf(facade, access, id, asked);
    const page = await pageOf(facade, parts, asked.count, cursor?.each);
    const more = await referredTo(facade, access, page.entries, asked.types);
    const self = searchUrl(facade.base, path, asked.used);
    const links: [string, string][] = [['self', self]];
    if (cursor || page.next) links.push(['first', self]);
    if (page.next) {
      const next = writeCursor(facade.cursorKey, access, path, { params: asked.used, each: page.next });
      links.push(['next', searchUrl(facade.base, path, [[CURSOR, next]])]);
    }
    const { entries } = page;
    const total = cursor || page.next ? undefined : entries.length;
    const search = { summary: 'false', elements: [], ignored: [] } as const;
    const body = searchBundle(facade, { search, links, total, entries, more });
    return { status: 200, body, shown: [...entries, ...more.entries] };
  },
};

/** Errors: 404 where the token does not open the patient; 400 where it does not say which one is meant. */
async function patientOf(facade: Facade, request: FhirRequest, access: Access): Promise<string> {
  const patients = resourceOf(facade, 'Patient');
  const narrowing = narrow(access, patients, 'r');
  const id = request.id === '' ? access.patient : request.id;
  if (id === undefined)
    throw new OutcomeError(400, 'too-costly', 'The record of one patient at a time: Patient/[id]/$everything');
  checkId(id);
  if (!(await facade.rows.read(patients, id, narrowing))) throw notFound();
  return id;
}

interface Asked {
  readonly start: string | undefined;
  readonly end: string | undefined;
  readonly since: string | undefined;
  /** Undefined for all. */
  readonly types: ReadonlySet<string> | undefined;
  readonly count: number;
  readonly used: Pairs;
}

function askedIn(pairs: Pairs): Asked {
  const values = valuesOf(pairs, ['start', 'end', '_since', '_type', '_count'], ['_type']);
  const date = (name: 'start' | 'end' | '_since'): string | undefined => {
    // An unencoded + of a URL arrives as a space.
    const text = values(name)[0]?.replace(' ', '+');
    if (text !== undefined && !interval(text)) throw invalidParameter(`${name} takes a date or an instant`);
    return text;
  };
  const [count = String(DEFAULT_COUNT)] = values('_count');
  if (!/^[1-9]\d{0,8}$/.test(count)) throw invalidParameter('_count takes a whole number from 1');
  const types = values('_type')
    .flatMap((each) => each.split(','))
    .filter(Boolean);
  const used = pairs.filter(([name, value]) => value !== '' && name !== '_count');
  return {
    ...{ start: date('start'), end: date('end'), since: date('_since') },
    types: types.length === 0 ? undefined : new Set(types),
    count: Math.min(Number(count), MAX_COUNT),
    used: values('_count').length === 0 ? used : [...used, ['_count', String(Math.min(Number(count), MAX_COUNT))]],
  };
}

/** One type of the compartment, as far as the token opens it. */
interface Part {
  readonly resource: RegisteredResource;
  readonly narrowing: Narrowing;
  readonly search: SearchRequest;
}

function partsOf({ registry, base, now }: Facade, access: Access, id: string, asked: Asked): Part[] {
  const options: ParseOptions = { registry, base, now: now(), handling: 'strict' };
  const members = registry.all().filter(({ patient }) => Array.isArray(patient));
  const known = new Set(registry.types);
  if ([...(asked.types ?? [])].some((type) => !known.has(type)))
    throw invalidParameter('_type names a type that is not served here');
  const wanted = members.filter(({ type, named }) => (asked.types ? asked.types.has(type) : !named));
  // The patient comes first.
  const ordered = wanted.sort((a, b) => Number(b.type === 'Patient') - Number(a.type === 'Patient'));
  return ordered.flatMap((resource) => {
    const narrowing = tryNarrow(access, resource, ['r']);
    const belongs = inCompartment(resource, id, options);
    if (!narrowing || !belongs) return [];
    const search = parse(resource, [], options);
    return [{ resource, narrowing, search: { ...search, criteria: [belongs, ...limits(resource, asked, options)] } }];
  });
}

/** The dates of care are those that the type is sorted by; when a resource was last written is another thing. */
function limits(resource: RegisteredResource, { start, end, since }: Asked, options: ParseOptions): Criterion[] {
  const test = (name: string, value: string): Criterion => parseTest(resource, name, value, options);
  const [name = ''] = resource.sort.map((key) => key.replace(/^-/, '')).filter((key) => !key.startsWith('_'));
  const isDate = resource.params.get(name)?.definition.type === 'date';
  const unknown = isDate && (start ?? end) !== undefined ? [test(`${name}:missing`, 'true')] : [];
  const within = (prefix: string, date: string | undefined): Criterion[] =>
    isDate && date !== undefined ? [{ oneOf: [test(name, `${prefix}${date}`), ...unknown] }] : [];
  const isDated = resource.params.has('_lastUpdated');
  return [
    ...within('ge', start),
    ...within('le', end),
    ...(since !== undefined && isDated ? [test('_lastUpdated', `ge${since}`)] : []),
  ];
}

interface FoundPage {
  readonly entries: readonly Entry[];
  /** The type that goes on, and where. */
  readonly next?: Readonly<Record<string, Position>>;
}

/** Type after type, each in its own order, which an index has. */
async function pageOf(
  { rows }: Facade,
  parts: readonly Part[],
  count: number,
  from: Readonly<Record<string, Position>> | undefined,
): Promise<FoundPage> {
  const entries: Entry[] = [];
  let characters = 0;
  const begins = from ? parts.findIndex(({ resource }) => resource.type in from) : 0;
  // A type that is closed by now has nothing to go on with.
  if (begins < 0) return { entries };
  for (const { resource, narrowing, search } of parts.slice(begins)) {
    // A page that is long enough ends with its type.
    if (characters > rows.mostCharacters / 4) return { entries, next: { [resource.type]: { direction: 'after' } } };
    const position = from?.[resource.type];
    const room = count - entries.length;
    const page = await shorterPage(rows, resource, { ...search, count: room }, narrowing, position);
    const more = lengthOf(page.entries);
    // What would make it too long is on the next one.
    if (characters > 0 && characters + more > rows.mostCharacters)
      return { entries, next: { [resource.type]: position ?? { direction: 'after' } } };
    entries.push(...page.entries);
    characters += more;
    if (page.more) return { entries, next: { [resource.type]: page.last ?? position ?? { direction: 'after' } } };
  }
  return { entries };
}

const literal = /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/;

/** What the resources of a page refer to and that is nobody's: those of the patient come by themselves. */
async function referredTo(
  { registry, rows, base }: Facade,
  access: Access,
  entries: readonly Entry[],
  types: ReadonlySet<string> | undefined,
): Promise<Included> {
  const gathering = new Gathering(entries, rows.mostCharacters);
  const literals = literalsIn(entries, base);
  const ids = new Map<string, Set<string>>();
  for (const each of [...literals].slice(0, MOST_REFERENCES)) {
    const [type = '', id = ''] = each.split('/');
    if (!types || types.has(type)) ids.set(type, (ids.get(type) ?? new Set()).add(id));
  }
  for (const [type, wanted] of ids) {
    const target = registry.get(type);
    const narrowing = target && tryNarrow(access, target, ['r']);
    if (!target || !narrowing) continue;
    await gathering.addAll(wanted, async (some) => {
      const read = await rows.readAll(target, some, narrowing);
      return read.filter(({ patients }) => patients.length === 0);
    });
  }
  if (literals.size > MOST_REFERENCES) gathering.cut();
  return { entries: gathering.entries, truncated: gathering.isCut() };
}

/** What the resources of a page refer to here: one more than is looked at, where there are more. */
function literalsIn(entries: readonly Entry[], base: string): Set<string> {
  const found = new Set<string>();
  for (const { text } of entries)
    for (const reference of referencesIn(JSON.parse(text))) {
      if (found.size > MOST_REFERENCES) return found;
      const inner = relative(reference, base);
      if (literal.test(inner)) found.add(inner);
    }
  return found;
}
