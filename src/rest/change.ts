import { tryNarrow } from '../access/narrow.js';
import { askedBy } from '../audit/event.js';
import type { Narrowing } from '../define/request.js';
import { eventOf } from '../http/audited.js';
import { etag, httpDate } from '../http/etag.js';
import type { FhirRequest, FhirResponse, Interaction, Shown } from '../http/fhir-request.js';
import { operationOutcome } from '../http/operation-outcome.js';
import { OutcomeError } from '../outcome.js';
import type { RegisteredResource } from '../registry.js';
import { takeTurn, type Turn } from '../store/turns.js';
import type { Current, Planned } from '../store/write.js';
import type { Condition } from './condition.js';
import { accessOf, notFound, writerOf, type Facade } from './facade.js';
import { visible } from './read.js';

/** A write that is planned: what it will have done once it is committed, and how that is answered. */
export interface Change {
  readonly type: string;
  /** Undefined for a Binary, which no declaration says. */
  readonly resource: RegisteredResource | undefined;
  readonly id: string;
  readonly status: 200 | 201 | 204;
  readonly planned: Planned;
  /** The patients whose data was there before. */
  readonly before: readonly string[];
  /** Of a conditional write. */
  readonly turn?: Turn | undefined;
  /** Where it is, is said although it is not new. */
  readonly located?: true;
}

/** Others may have been faster this often before a writer is told so. */
const ATTEMPTS = 10;

/** An interaction that writes by itself, and the plan of it for who writes several at once. */
export interface Write extends Interaction {
  readonly plan: (request: FhirRequest, target?: Target) => Promise<Change>;
}

/** What is decided of a write before it is planned, where it is one of several. */
export interface Target {
  readonly id: string;
  readonly condition?: Condition | undefined;
  /** What is written with it, as `Type/id`: it may be referred to before it is there. */
  readonly beside: ReadonlySet<string>;
}

export function writes(
  facade: Facade,
  plan: (facade: Facade, request: FhirRequest, target?: Target) => Promise<Change>,
): Write {
  const handle: Interaction = async (request) => {
    const [change] = await commit(facade, async () => [{ request, change: await plan(facade, request) }]);
    return { ...(await answer(facade, request, (change as Asked).change)), audited: true };
  };
  return Object.assign(handle, { plan: (request: FhirRequest, target?: Target) => plan(facade, request, target) });
}

export interface Asked {
  readonly request: FhirRequest;
  readonly change: Change;
}

/**
 * Plans and commits writes, all or none, with their audit events in the same transaction. What met another state is
 * planned anew.
 */
export async function commit(facade: Facade, plan: () => Promise<readonly Asked[]>): Promise<readonly Asked[]> {
  for (let attempt = 1; ; attempt++) {
    const asked = await plan();
    const changes = asked.map(({ change }) => change);
    const events = await Promise.all(
      asked.map(({ request, change }) => facade.trail.plan(recordOf(facade, request, change))),
    );
    const audit: Planned = { outcome: 'created', plan: { statements: events.flatMap((each) => each.statements) } };
    const planned = inOrder(changes).map((each) => each.planned);
    try {
      await writerOf(facade).commit([...(await turnsOf(facade, changes)), ...planned, audit]);
    } catch (error) {
      if (!isRace(error)) throw error;
      if (attempt < ATTEMPTS) continue;
      throw new OutcomeError(409, 'version-conflict', 'Others change the resource all the time; please try again', {
        cause: error,
      });
    }
    for (const event of events) event.committed();
    return asked;
  }
}

/** In one order for all, so that no two transactions wait for each other; bytes come before what attaches them. */
const inOrder = (changes: readonly Change[]): Change[] =>
  [...changes].sort((a, b) => Number(b.type === 'Binary') - Number(a.type === 'Binary') || byKey(a, b));

const byKey = (a: Change, b: Change): number => {
  const [one, two] = [`${a.type}/${a.id}`, `${b.type}/${b.id}`];
  return one < two ? -1 : Number(one > two);
};

/** Here, too, all have one order. */
async function turnsOf({ own }: Facade, changes: readonly Change[]): Promise<Planned[]> {
  const turns = new Map(changes.flatMap(({ turn }) => (turn ? [[turn.slot, turn]] : [])));
  const sorted = [...turns.values()].sort((a, b) => a.slot - b.slot);
  const statements = await Promise.all(own ? sorted.map((turn) => takeTurn(own, turn)) : []);
  return [{ outcome: 'created', plan: { statements } }];
}

const isRace = (error: unknown): boolean => error instanceof OutcomeError && error.code === 'version-conflict';

function recordOf({ now }: Facade, request: FhirRequest, { type, id, status, planned, before }: Change) {
  const patients = [...new Set([...before, ...(planned.entry?.patients ?? [])])];
  const shown: Shown[] = [{ type, id, patients }];
  const { interaction, requestId } = request;
  return eventOf(askedBy(accessOf(request)), { interaction, type, id }, { status, shown }, requestId, now());
}

/** What `Prefer: return=` asks for, as far as the token may read it: https://hl7.org/fhir/R4/http.html#ops */
export async function answer(facade: Facade, request: FhirRequest, change: Change): Promise<FhirResponse> {
  const { status, planned, type, resource, id, located } = change;
  const { entry } = planned;
  if (status === 204 || !entry) return { status };
  const { versionId, lastUpdated = 0 } = entry;
  const location = `${facade.base}/${type}/${id}/_history/${versionId}`;
  const headers = {
    ETag: etag(versionId),
    'Last-Modified': httpDate(lastUpdated),
    ...((status === 201 || located) && { Location: location }),
  };
  const wanted = preferred(request.headers.prefer);
  const narrowing = resource && tryNarrow(accessOf(request), resource, ['r']);
  // Who may not read gets no body, whatever they prefer: what a server fills in is read by it too.
  if (wanted === 'minimal' || !resource || !narrowing) return { status, headers, lastUpdated };
  const text = isOpen(narrowing) ? entry.text : (await facade.rows.read(resource, id, narrowing))?.text;
  if (text === undefined) return { status, headers, lastUpdated };
  return { status, headers, lastUpdated, body: wanted === 'representation' ? text : done(facade, change) };
}

function done({ base }: Facade, { status, planned: { outcome }, type }: Change): string {
  const what = status === 201 ? 'was created' : outcome === 'unchanged' ? 'is as it was sent' : 'was updated';
  const text = `The ${type} ${what}`;
  return JSON.stringify(operationOutcome([{ severity: 'information', code: 'informational', text }], base));
}

type Return = 'minimal' | 'representation' | 'operationoutcome';

function preferred(prefer: string | undefined): Return {
  const asked = /(?:^|[,;\s])return\s*=\s*"?(minimal|representation|OperationOutcome)/i.exec(prefer ?? '')?.[1];
  return (asked?.toLowerCase() as Return | undefined) ?? 'representation';
}

/** Whether it hides nothing of the organization. */
export const isOpen = ({ patient, where }: Narrowing): boolean => patient === undefined && where.length === 0;

/**
 * Who sees a part of an organization's rows cannot choose a new id: whether it is taken by one of the others would be
 * told by the answer. They get 404 for both, as a read does.
 */
export function refuseHidden(resource: RegisteredResource, { entry, last }: Current, narrowing: Narrowing): void {
  if (entry || isOpen(narrowing)) return;
  if (last?.method !== 'DELETE' || !visible(resource, last, narrowing)) throw notFound();
}
