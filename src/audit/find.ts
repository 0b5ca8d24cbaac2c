import type { Knex } from 'knex';
import { statement, type Database, type Row } from '../store/database.js';

/** One event as a person reads it: ids and names, and nothing of a record. */
export interface FoundEvent {
  readonly id: string;
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
  readonly interaction: string;
  readonly type: string;
  readonly entity: string;
  readonly status: number;
  readonly user: string;
  readonly userName: string;
  readonly userEmail: string;
  readonly credential: string;
  readonly credentialName: string;
  readonly agent: string;
  /** The one patient whose data it was; empty for none and for several. */
  readonly patient: string;
  readonly requestId: string;
}

/** What is looked for; an empty text leaves a part open. */
export interface EventFilter {
  /** Milliseconds since 1970 UTC: from the one on, and before the other. */
  readonly from: number;
  readonly to: number;
  /** Part of a name, of an e-mail address or of an id. */
  readonly who: string;
  readonly what: string;
  readonly patient: string;
  readonly outcome: '' | 'allowed' | 'refused' | 'failed';
}

/** Where a page ended: the next one has what is older. */
export interface Place {
  readonly at: number;
  readonly id: string;
}

export interface FoundEvents {
  readonly events: readonly FoundEvent[];
  /** Where to look on; undefined when everything was looked at. */
  readonly next: Place | undefined;
}

/** Rows are read in portions, so that a search through a long trail lets others in between. */
const PORTION = 200;
/** As many rows are looked at for one portion; those that do not fit never leave the database. */
const WINDOW = 5000;

type Portion = {
  readonly tenant: string;
  readonly from: number;
  readonly at: number;
  readonly id: string;
  /** Patterns, and the statuses of an outcome. */
  readonly who: string;
  readonly what: string;
  readonly least: number;
  readonly most: number;
};

const columns = ['a.*', 'c.name as credential_name', 'u.name as user_name', 'u.email_norm as user_email'];

/** All by which somebody is known, in one text. */
const WHO = `lower(coalesce(u.name, '') || ' ' || coalesce(u.email_norm, '') || ' ' || coalesce(c.name, '') || ' ' ||
  coalesce(a.user_id, '') || ' ' || coalesce(a.credential_id, '') || ' ' || coalesce(a.agent, ''))`;
const WHAT = `lower(a.interaction || ' ' || coalesce(a.type, ''))`;

/** Newest first, from a place on. What fits here may still not fit: a pattern says less than what was typed. */
const portion = (knex: Knex, query: Knex.QueryBuilder, $: (name: keyof Portion) => Knex.Value): Knex.QueryBuilder =>
  query
    .leftJoin('credential as c', 'c.id', 'a.credential_id')
    .leftJoin('user_account as u', 'u.id', 'a.user_id')
    .where('a.organization_id', $('tenant'))
    .where('a.at', '>=', $('from'))
    .where('a.at', '<=', $('at'))
    .where((older) => void older.where('a.at', '<', $('at')).orWhere('a.id', '<', $('id')))
    .where('a.status', '>=', $('least'))
    .where('a.status', '<=', $('most'))
    .where(knex.raw(WHAT), 'like', $('what'))
    .where(knex.raw(WHO), 'like', $('who'))
    .orderBy('a.at', 'desc')
    .orderBy('a.id', 'desc')
    .limit(PORTION)
    .select(columns);

/**
 * When the last row of a window was. It is counted from before the place, so that a window always ends earlier: a
 * moment that has more rows than one would never be left otherwise.
 */
const endOfWindow = statement<{ tenant: string; at: number }>((knex, $) =>
  knex('audit')
    .where('organization_id', $('tenant'))
    .where('at', '<', $('at'))
    .orderBy('at', 'desc')
    .offset(WINDOW - 1)
    .limit(1)
    .select('at'),
);

const ofAll = statement<Portion>((knex, $) => portion(knex, knex('audit as a'), $));

const ofPatient = statement<Portion & { readonly patient: string }>((knex, $) =>
  portion(knex, knex('audit as a').where('a.patient_id', $('patient')), $),
);

const ofPatientAmongOthers = statement<Portion & { readonly patient: string }>((knex, $) =>
  portion(
    knex,
    knex('audit_patient as p')
      .join('audit as a', (on) => on.on('a.organization_id', 'p.organization_id').on('a.id', 'p.audit_id'))
      .where('p.organization_id', $('tenant'))
      .where('p.patient_id', $('patient')),
    $,
  ),
);

/**
 * Events of one organization, newest first. It stops at `most` that fit, and when it has looked at `look`: a filter that
 * nothing fits must not read a trail of years in one go.
 */
export async function findEvents(
  db: Database,
  tenant: string,
  filter: EventFilter,
  { after, most, look }: { after: Place | undefined; most: number; look: number },
): Promise<FoundEvents> {
  const events: FoundEvent[] = [];
  let place = after ?? { at: filter.to, id: '' };
  for (let looked = 0; looked < look; looked += WINDOW) {
    const from = Math.max(filter.from, await windowEnd(db, tenant, filter, place));
    for (;;) {
      const found = await read(db, tenant, { ...filter, from }, place);
      for (const event of found) {
        place = { at: event.at, id: event.id };
        if (!fits(event, filter)) continue;
        events.push(event);
        if (events.length === most) return { events, next: place };
      }
      if (found.length < PORTION) break;
      await new Promise(setImmediate);
    }
    if (from === filter.from) return { events, next: undefined };
    place = { at: from, id: '' };
  }
  return { events, next: place };
}

/** One patient's events are few enough to be looked at in one go. */
async function windowEnd(db: Database, tenant: string, { patient }: EventFilter, { at }: Place): Promise<number> {
  if (patient !== '') return 0;
  return Number((await endOfWindow.first(db, { tenant, at }))?.['at'] ?? 0);
}

async function read(db: Database, tenant: string, filter: EventFilter, place: Place): Promise<FoundEvent[]> {
  const { from, patient, outcome } = filter;
  const [least, most] = statuses[outcome];
  const where = { tenant, from, ...place, who: patternOf(filter.who), what: patternOf(filter.what), least, most };
  if (patient === '') return (await ofAll.all(db, where)).map(eventOf);
  const of = { ...where, patient };
  const both = [...(await ofPatient.all(db, of)), ...(await ofPatientAmongOthers.all(db, of))].map(eventOf);
  return both.sort((one, other) => other.at - one.at || (one.id < other.id ? 1 : -1)).slice(0, PORTION);
}

/** Letters and digits that every database folds alike; between them may be anything. */
const patternOf = (text: string): string => `%${text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '%')}%`;

const statuses: Readonly<Record<EventFilter['outcome'], readonly [least: number, most: number]>> = {
  '': [0, 999],
  allowed: [0, 399],
  refused: [400, 499],
  failed: [500, 999],
};

function fits(event: FoundEvent, { who, what, outcome }: EventFilter): boolean {
  const { user, userName, userEmail, credential, credentialName, agent, interaction, type, status } = event;
  const has = (wanted: string, ...texts: string[]): boolean =>
    wanted === '' || texts.some((text) => text.toLowerCase().includes(wanted.toLowerCase()));
  return (
    has(who, user, userName, userEmail, credential, credentialName, agent) &&
    has(what, interaction, type) &&
    (outcome === '' || outcome === outcomeOf(status))
  );
}

export const outcomeOf = (status: number): 'allowed' | 'refused' | 'failed' =>
  status < 400 ? 'allowed' : status < 500 ? 'refused' : 'failed';

function eventOf(row: Row): FoundEvent {
  const text = (name: string): string => (row[name] as string | null) ?? '';
  return {
    id: text('id'),
    at: Number(row['at']),
    interaction: text('interaction'),
    type: text('type'),
    entity: text('entity'),
    status: Number(row['status']),
    user: text('user_id'),
    userName: text('user_name'),
    userEmail: text('user_email'),
    credential: text('credential_id'),
    credentialName: text('credential_name'),
    agent: text('agent'),
    patient: text('patient_id'),
    requestId: text('request_id'),
  };
}
