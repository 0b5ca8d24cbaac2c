import type { Subscription } from '@medplum/fhirtypes';
import { narrow, tryNarrow } from '../../access/narrow.js';
import { invalidParameter, OutcomeError } from '../../outcome.js';
import { parse } from '../../search/parse.js';
import type { Entry } from '../../store/render.js';
import { eventsBetween } from '../../subscriptions/event.js';
import { notification, statusParameters, type Kind, type Told } from '../../subscriptions/notification.js';
import { isWhole, seen } from '../../subscriptions/seen.js';
import { readState } from '../../subscriptions/state.js';
import { readable, type Content, type Terms } from '../../subscriptions/terms.js';
import type { FhirRequest } from '../../http/fhir-request.js';
import { searchUrl } from '../search-bundle.js';
import { accessOf, notFound, resourceOf, type Facade } from '../facade.js';
import { valuesOf } from './input.js';
import type { Operation } from './operation.js';

/** Of what the column of a number holds. */
const LATEST = 2_147_483_647;
const DEFINITIONS = 'http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/';

/** What a subscription is now, or those of several. */
export const subscriptionStatus: Operation = {
  name: 'status',
  definition: `${DEFINITIONS}backport-subscription-status`,
  of: 'Subscription',
  levels: ['instance', 'type'],
  byGet: ['instance', 'type'],
  documentation: 'Of one subscription, or of those that id and status name',
  run: async (facade, request, { pairs }) => {
    const values = valuesOf(pairs, ['id', 'status'], ['id', 'status']);
    const entries = request.id === '' ? await several(facade, request, values) : [await one(facade, request)];
    const statuses = await Promise.all(entries.map((entry) => statusOf(facade, entry)));
    const bundle = {
      ...{ resourceType: 'Bundle', type: 'searchset', total: statuses.length },
      link: [{ relation: 'self', url: searchUrl(facade.base, pathOf(request), pairs) }],
      ...(statuses.length > 0 && {
        entry: statuses.map((resource) => ({
          fullUrl: `urn:uuid:${(resource as { id: string }).id}`,
          resource,
          search: { mode: 'match' },
        })),
      }),
    };
    return { status: 200, body: JSON.stringify(bundle), shown: entries };
  },
};

const pathOf = ({ id }: FhirRequest): string => (id === '' ? 'Subscription/$status' : `Subscription/${id}/$status`);

async function one(facade: Facade, request: FhirRequest): Promise<Entry> {
  const resource = resourceOf(facade, 'Subscription');
  const entry = await facade.rows.read(resource, request.id, narrow(accessOf(request), resource, 'r'));
  if (!entry) throw notFound();
  return entry;
}

async function several(
  facade: Facade,
  request: FhirRequest,
  values: (name: 'id' | 'status') => readonly string[],
): Promise<readonly Entry[]> {
  const { registry, base, rows, now } = facade;
  const resource = resourceOf(facade, 'Subscription');
  const pairs = [
    ...(values('id').length > 0 ? [['_id', values('id').join(',')] as const] : []),
    ...(values('status').length > 0 ? [['status', values('status').join(',')] as const] : []),
    ['_count', '100'] as const,
  ];
  const search = parse(resource, pairs, { registry, base, handling: 'strict', now: now() });
  return (await rows.find(resource, search, narrow(accessOf(request), resource, 's'))).entries;
}

async function statusOf(facade: Facade, entry: Entry): Promise<object> {
  const { about, content } = await aboutOf(facade, entry, 'query-status');
  return statusParameters(facade.base, about, [], content);
}

async function aboutOf({ own, registry, base }: Facade, entry: Entry, kind: Kind) {
  const subscription = JSON.parse(entry.text) as Subscription;
  const terms = readable(subscription, registry, base);
  const state = own && (await readState(own, entry.tenant, entry.id));
  const { status, error } = subscription;
  const about = { id: entry.id, status, topic: terms?.topic, kind, events: state?.events ?? 0, error };
  return { about, terms, content: terms?.content ?? ('empty' as const) };
}

/** The events of a subscription by their numbers, as whoever asks may see them now. */
export const subscriptionEvents: Operation = {
  name: 'events',
  definition: `${DEFINITIONS}backport-subscription-events`,
  of: 'Subscription',
  levels: ['instance'],
  byGet: ['instance'],
  documentation:
    'Of the last seven days, a hundred at most. What the token that asks does not open, or the criteria find no more, is left out',
  run: async (facade, request, { pairs }) => {
    const values = valuesOf(pairs, ['eventsSinceNumber', 'eventsUntilNumber', 'content']);
    const entry = await one(facade, request);
    const { about, terms } = await aboutOf(facade, entry, 'query-event');
    const content = contentOf(values('content')[0], terms);
    const since = numberOf(values('eventsSinceNumber')[0], 'eventsSinceNumber') ?? 0;
    const until = numberOf(values('eventsUntilNumber')[0], 'eventsUntilNumber') ?? LATEST;
    const told = terms ? await toldOf(facade, request, entry, { ...terms, content }, since, until) : [];
    const body = notification(facade.base, about, told, content, facade.now());
    return { status: 200, body, shown: [entry, ...told.map((each) => each.entry)] };
  },
};

async function toldOf(
  facade: Facade,
  request: FhirRequest,
  { tenant, id }: Entry,
  terms: Terms,
  since: number,
  until: number,
): Promise<Told[]> {
  const { own } = facade;
  const access = accessOf(request);
  if (!own || !tryNarrow(access, terms.resource, ['s'])) return [];
  const told: Told[] = [];
  let left = facade.rows.mostCharacters;
  for (const event of await eventsBetween(own, { tenant, id }, since, until)) {
    const found = await seen(facade, access, terms, event.id);
    left -= isWhole(terms.content) ? (found?.text.length ?? 0) : 0;
    if (left < 0) throw new OutcomeError(400, 'too-costly', 'So many events are too long: ask for fewer by number');
    if (found) told.push({ event, entry: found });
  }
  return told;
}

function contentOf(asked: string | undefined, terms: Terms | undefined): Content {
  if (asked === undefined)
    return terms && !isWhole(terms.content) && terms.content !== 'call' ? terms.content : 'id-only';
  if (asked === 'empty' || asked === 'id-only' || asked === 'full-resource') return asked;
  throw invalidParameter('content takes empty, id-only and full-resource');
}

function numberOf(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw invalidParameter(`${name} takes a whole number that is not negative`);
}
