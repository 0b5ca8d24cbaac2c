import { randomUUID } from 'node:crypto';
import { narrow } from '../access/narrow.js';
import type { Parsed } from '../define/json.js';
import { OutcomeError } from '../outcome.js';
import { isConditional, referencesIn, rewriteReferences, rewriteUris } from '../store/references.js';
import { Resolver } from '../store/resolver.js';
import { alone, answerOf, Room, type AnsweredEntry } from './bundle-answers.js';
import type { BundleEntry, BundleRequest } from './bundle-entries.js';
import { answer, commit, type Asked, type Change, type Target, type Write } from './change.js';
import { find } from './condition.js';
import { existing } from './create.js';
import { accessOf, resourceOf, type Facade } from './facade.js';

/** https://hl7.org/fhir/R4/http.html#trules: in this order, whatever the order of the entries. */
const order = ['DELETE', 'POST', 'PUT', 'PATCH', 'GET', 'HEAD'];

/** Each is a search of its own. */
const MAX_CONDITIONAL = 200;

/** Bytes are there before the document that attaches them. */
const bytesFirst = (a: BundleEntry, b: BundleEntry): number =>
  Number(b.request.type === 'Binary') - Number(a.request.type === 'Binary');

/** A write of a transaction, and where it will be. */
interface Step {
  readonly entry: BundleEntry;
  readonly write: Write;
  readonly target: Target | undefined;
}

/**
 * All or nothing: every entry is planned against the same state, and all plans are one transaction of the database. Reads
 * come when that is done, and then each stands for itself. Errors: those of the first entry that cannot be, which they name.
 */
export async function transact(facade: Facade, { entries }: BundleRequest): Promise<AnsweredEntry[]> {
  const read = entries.map(({ index, read }) => naming(index, read));
  const ordered = [...read].sort((a, b) => order.indexOf(a.method) - order.indexOf(b.method) || bytesFirst(a, b));
  const answered = new Map<number, AnsweredEntry>();
  const writing = ordered.filter((entry) => 'plan' in entry.route.handle);
  const done = writing.length === 0 ? [] : await commit(facade, () => planAll(facade, writing));
  const room = new Room(facade);
  for (const [place, { request, change }] of done.entries()) {
    const response = await answer(facade, request, change);
    const { id, planned, type } = change;
    const shown = planned.entry ? [{ type, id, patients: planned.entry.patients }] : [];
    answered.set((writing[place] as BundleEntry).index, room.fit(answerOf(facade, { ...response, shown })));
  }
  for (const entry of ordered)
    if (!writing.includes(entry)) answered.set(entry.index, await alone(facade, () => entry, room));
  return entries.map(({ index }) => answered.get(index) as AnsweredEntry);
}

async function planAll(facade: Facade, writing: readonly BundleEntry[]): Promise<Asked[]> {
  const steps = await aimed(facade, writing);
  const bodies = await rewritten(facade, steps);
  const asked: Asked[] = [];
  const seen = new Set<string>();
  for (const { entry, write, target } of steps) {
    const { index } = entry;
    const body = bodies.get(index) ?? entry.request.body;
    const request = { ...entry.request, body };
    const change = await naming(index, () => write.plan(request, target));
    refuseTwice(seen, change, index);
    asked.push({ request, change });
  }
  return asked;
}

/** Decides which resource each entry will be, before anything refers to it. */
async function aimed(facade: Facade, writing: readonly BundleEntry[]): Promise<Step[]> {
  const beside = new Set<string>();
  const criteria = new Set<string>();
  const urls = writing.map(({ fullUrl }) => fullUrl);
  const again = writing.find(({ fullUrl }, place) => fullUrl !== undefined && urls.indexOf(fullUrl) < place);
  if (again) throw twice(again.index);
  const steps: Step[] = [];
  for (const entry of writing) {
    const { request, method, index } = entry;
    const write = entry.route.handle as Write;
    if (method !== 'POST' && method !== 'PUT') {
      steps.push({ entry, write, target: { id: request.id, beside } });
      continue;
    }
    const condition = await naming(index, () => conditionOf(facade, entry));
    if (condition && criteria.has(condition.key)) throw twice(index);
    if (condition) criteria.add(condition.key);
    const given = method === 'PUT' ? ((request.body as Parsed).value as { id?: string } | undefined)?.id : undefined;
    const id = condition?.match?.id ?? (request.id === '' ? (given ?? randomUUID()) : request.id);
    beside.add(`${request.type}/${id}`);
    steps.push({ entry, write, target: { id, condition, beside } });
  }
  return steps;
}

function conditionOf(facade: Facade, { request, method }: BundleEntry) {
  if (method === 'POST') return existing(facade, request);
  if (request.id !== '') return Promise.resolve(undefined);
  return find(facade, request, resourceOf(facade, request.type), request.params);
}

/** The bodies with references to what they will be: by fullUrl, and by conditional references. */
async function rewritten(facade: Facade, steps: readonly Step[]): Promise<Map<number, Parsed>> {
  const targets = new Map<string, string>();
  for (const { entry, target } of steps)
    if (entry.fullUrl !== undefined && target && target.id !== '')
      targets.set(entry.fullUrl, `${entry.request.type}/${target.id}`);
  const bodies = new Map<number, Parsed>();
  for (const { entry, target } of steps) {
    const body = entry.request.body as Parsed | undefined;
    if (typeof body?.value !== 'object' || body.value === null) continue;
    const root = rootOf(entry);
    const value = linked(body.value, (each) => targets.get(each) ?? (root && targets.get(`${root}/${each}`)));
    const known = entry.method === 'POST' && target ? { ...value, id: target.id } : value;
    bodies.set(entry.index, { value: known, literals: body.literals });
  }
  return resolved(facade, steps, bodies);
}

/** What a relative reference of an entry is relative to: https://hl7.org/fhir/R4/bundle.html#references */
const rootOf = ({ fullUrl = '' }: BundleEntry): string | undefined =>
  /^(https?:.+)\/[A-Z][A-Za-z]+\/[^/]+$/.exec(fullUrl)?.[1];

/** References, links of the narrative, and URIs that name an entry. */
function linked(value: object, targetOf: (url: string) => string | undefined): object {
  const rewrite = (each: string): string => targetOf(each) ?? each;
  const moved = rewriteUris(rewriteReferences(value, rewrite), rewrite) as { text?: { div?: unknown } };
  const div = moved.text?.div;
  if (typeof div !== 'string') return moved;
  const links = div.replace(/\b(href|src)="([^"]*)"/g, (whole, name: string, url: string) => {
    const target = targetOf(url);
    return target === undefined ? whole : `${name}="${target}"`;
  });
  return { ...moved, text: { ...moved.text, div: links } };
}

async function resolved(
  facade: Facade,
  steps: readonly Step[],
  bodies: Map<number, Parsed>,
): Promise<Map<number, Parsed>> {
  const beside = [...bodies.values()].map(({ value }) => value as Readonly<Record<string, unknown>>);
  let asked = 0;
  for (const { entry } of steps) {
    const { index, request } = entry;
    const body = bodies.get(index);
    const conditional = new Set(body && referencesIn(body.value).filter(isConditional));
    if (!body || conditional.size === 0) continue;
    asked += conditional.size;
    if (asked > MAX_CONDITIONAL)
      throw new OutcomeError(
        400,
        'too-costly',
        `A transaction has ${String(MAX_CONDITIONAL)} conditional references at the most`,
      );
    const narrowing = (resource: Parameters<typeof narrow>[1]) => narrow(accessOf(request), resource, 's');
    const resolver = new Resolver({ ...facade, narrowing });
    const value = await naming(index, () => resolver.resolve(body.value as Readonly<Record<string, unknown>>, beside));
    if (!value || referencesIn(value).some(isConditional)) return naming(index, unmatched);
    bodies.set(index, { ...body, value });
  }
  return bodies;
}

const unmatched = (): never => {
  throw new OutcomeError(412, 'unknown-reference', 'A conditional reference matches nothing');
};

function refuseTwice(seen: Set<string>, { type, id, located }: Change, index: number): void {
  if (id === '' || located) return;
  const key = `${type}/${id}`;
  if (seen.has(key)) throw twice(index);
  seen.add(key);
}

const twice = (index: number): OutcomeError =>
  new OutcomeError(400, 'invalid-resource', `Entry ${String(index)}: another entry writes the same resource`, {
    expression: [`Bundle.entry[${String(index)}]`],
  });

/** An error of one entry is the error of the whole, and says which. */
function naming<T>(index: number, work: () => T): T {
  const named = (error: unknown): unknown => {
    if (!(error instanceof OutcomeError)) return error;
    const at = `Bundle.entry[${String(index)}]`;
    // https://hl7.org/fhir/R4/http.html#trules: a conditional reference that is not one resource is 412.
    const status = error.code === 'ambiguous-reference' ? 412 : error.status;
    return new OutcomeError(status, error.code, error.message, {
      headers: { ...error.headers },
      cause: error,
      issues: error.issues.map((issue) => ({
        ...issue,
        text: `Entry ${String(index)}: ${issue.text}`,
        expression:
          (issue.expression ?? []).length > 0 ? (issue.expression?.map((path) => below(at, path)) ?? []) : [at],
      })),
    });
  };
  try {
    const result = work();
    if (result instanceof Promise) return result.catch((error: unknown) => Promise.reject(named(error) as Error)) as T;
    return result;
  } catch (error) {
    throw named(error);
  }
}

/** `Patient.name` is `Bundle.entry[0].resource.name`. */
const below = (at: string, path: string): string =>
  path.startsWith('Bundle.') ? path : `${at}.resource${/\..*$/s.exec(path)?.[0] ?? ''}`;
