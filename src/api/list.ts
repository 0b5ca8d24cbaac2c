import type { Encounter, Patient } from '@medplum/fhirtypes';
import { narrow, tryNarrow } from '../access/narrow.js';
import { lineOf } from '../channel/channel.js';
import { listQuery } from '../channel/schemas.js';
import type { Position } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import type { Pairs } from '../search/options.js';
import { parse } from '../search/parse.js';
import type { Entry } from '../store/render.js';
import { seal, unseal } from '../store/seal.js';
import { served, type Answer, type Ask } from './ask.js';
import { patientOf } from './case.js';
import { checked } from './checked.js';
import { PREFIX } from './table.js';

const STATUSES = {
  active: 'planned,arrived,triaged,in-progress,onleave',
  stopped: 'finished,cancelled',
} as const;

/** The channels that the token opens, the latest first, a page at a time. */
export async function list(ask: Ask): Promise<Answer> {
  const { access, facade, query } = ask;
  const encounters = served(ask, 'Encounter');
  const narrowing = narrow(access, encounters, 's');
  const asked = checked(listQuery, Object.fromEntries(once(query)));
  const { limit = 20, cursor, ...filter } = asked;
  const pairs: Pairs = [
    ...(filter.status === undefined ? [] : [['status', STATUSES[filter.status]] as const]),
    ...(filter.from === undefined ? [] : [['date', `ge${filter.from}`] as const]),
    // A case that goes on has no end: what begins before is meant.
    ...(filter.to === undefined ? [] : [['date', `lt${filter.to}`] as const]),
    ['_count', String(limit)],
  ];
  const { registry, base, rows } = facade;
  const search = parse(encounters, pairs, { registry, base, handling: 'strict', now: facade.now() });
  const position = cursor === undefined ? undefined : positionOf(ask, JSON.stringify(filter), cursor);
  const page = await rows.find(encounters, search, narrowing, position);
  const { lines, people } = await linesOf(ask, page.entries);
  const next = page.more && page.last ? nextOf(ask, filter, limit, page.last) : null;
  return { status: 200, body: { patient_channels: lines, next }, shown: [...page.entries, ...people] };
}

/** Errors: 400 for a parameter that is given twice. */
function once(query: URLSearchParams): [name: string, value: string][] {
  const names = [...query.keys()];
  if (new Set(names).size < names.length)
    throw new OutcomeError(400, 'VALIDATION', 'A parameter is given more than once');
  return [...query];
}

async function linesOf(ask: Ask, entries: readonly Entry[]) {
  const { access, facade } = ask;
  const encounters = entries.map(({ text }) => JSON.parse(text) as Encounter);
  const patients = served(ask, 'Patient');
  const opened = tryNarrow(access, patients, ['r']);
  const ids = [...new Set(encounters.map(patientOf).filter((id) => id !== undefined))];
  const people = opened ? await facade.rows.readAll(patients, ids, opened) : [];
  const byId = new Map(people.map(({ id, text }) => [id, JSON.parse(text) as Patient]));
  const lines = encounters.map((encounter) => lineOf(encounter, byId.get(patientOf(encounter) ?? '')));
  return { lines, people };
}

/** A cursor is for whom it was given to, and for the same question (THREAT 40). */
const boundTo = ({ access: { tenant, credential, user = '', patient = '' } }: Ask, filter: string): string =>
  `patient-channels ${tenant} ${credential} ${user} ${patient} ${filter}`;

function positionOf(ask: Ask, filter: string, cursor: string): Position {
  const plain = unseal(ask.facade.cursorKey, cursor, boundTo(ask, filter));
  if (plain === undefined)
    throw new OutcomeError(400, 'invalid-cursor', 'This cursor was not given to this credential for this question');
  return JSON.parse(plain) as Position;
}

function nextOf(ask: Ask, filter: Record<string, string | undefined>, limit: number, last: Position): string {
  const cursor = seal(ask.facade.cursorKey, JSON.stringify(last), boundTo(ask, JSON.stringify(filter)));
  const said = Object.entries(filter).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const query = new URLSearchParams([...said, ['limit', String(limit)], ['cursor', cursor]] as [string, string][]);
  return `${ask.facade.base.replace(/\/fhir\/R4$/, '')}${PREFIX}/patient-channels?${query.toString()}`;
}
