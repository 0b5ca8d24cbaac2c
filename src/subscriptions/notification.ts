import type { ParametersParameter } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import type { Entry } from '../store/render.js';
import type { TopicEvent } from './event.js';
import { BACKPORT, type Terms } from './terms.js';

export type Kind = 'handshake' | 'heartbeat' | 'event-notification' | 'query-status' | 'query-event';

/** What a notification says of its subscription. */
export interface About {
  readonly id: string;
  readonly status: string;
  readonly topic: string | undefined;
  readonly kind: Kind;
  /** Events since it began. */
  readonly events: number;
  readonly error?: string | undefined;
}

/** An event, and the resource as whoever is told may see it. */
export interface Told {
  readonly event: TopicEvent;
  readonly entry: Entry;
}

/** https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/StructureDefinition-backport-subscription-status-r4.html */
export function statusParameters(base: string, about: About, told: readonly Told[], content: Terms['content']): object {
  const { id, status, topic, kind, events, error } = about;
  const parameter: ParametersParameter[] = [
    { name: 'subscription', valueReference: { reference: `${base}/Subscription/${id}` } },
    ...(topic === undefined ? [] : [{ name: 'topic', valueCanonical: topic }]),
    { name: 'status', valueCode: status },
    { name: 'type', valueCode: kind },
    { name: 'events-since-subscription-start', valueString: String(events) },
    ...told.map(({ event, entry }) => eventParameter(base, event, entry, content)),
    ...(error === undefined ? [] : [{ name: 'error', valueCodeableConcept: { text: error } }]),
  ];
  return {
    resourceType: 'Parameters',
    id: randomUUID(),
    meta: { profile: [`${BACKPORT}backport-subscription-status-r4`] },
    parameter,
  };
}

function eventParameter(
  base: string,
  { number, at }: TopicEvent,
  { type, id }: Entry,
  content: Terms['content'],
): ParametersParameter {
  return {
    name: 'notification-event',
    part: [
      { name: 'event-number', valueString: String(number) },
      { name: 'timestamp', valueInstant: new Date(at).toISOString() },
      // What is empty does not even say which resource it is about.
      ...(content === 'empty' ? [] : [{ name: 'focus', valueReference: { reference: `${base}/${type}/${id}` } }]),
    ],
  };
}

/** A notification: a history whose first entry is the status of the subscription. Resources are serialised already. */
export function notification(
  base: string,
  about: About,
  told: readonly Told[],
  content: Terms['content'],
  now: number,
): string {
  // The profile of the status has no topic beside an empty payload, which says not even what happened.
  const said = content === 'empty' ? { ...about, topic: undefined } : about;
  const status = statusParameters(base, said, told, content) as { id: string };
  const first = {
    fullUrl: `urn:uuid:${status.id}`,
    resource: status,
    request: { method: 'GET', url: `${base}/Subscription/${about.id}/$status` },
    response: { status: '200' },
  };
  const entries = content === 'empty' ? [] : told.map((each) => entryOf(base, each, content === 'full-resource'));
  const head = {
    resourceType: 'Bundle',
    id: randomUUID(),
    meta: { profile: [`${BACKPORT}backport-subscription-notification-r4`] },
    type: 'history',
    timestamp: new Date(now).toISOString(),
  };
  return `${JSON.stringify(head).slice(0, -1)},"entry":[${[JSON.stringify(first), ...entries].join(',')}]}`;
}

function entryOf(base: string, { event, entry }: Told, isWhole: boolean): string {
  const { type, id, text } = entry;
  const isNew = event.method === 'POST';
  const request = { method: event.method, url: isNew ? type : `${type}/${id}` };
  const response = { status: isNew ? '201' : '200' };
  const resource = isWhole ? `"resource":${text},` : '';
  return `{"fullUrl":"${base}/${type}/${id}",${resource}"request":${JSON.stringify(request)},"response":${JSON.stringify(response)}}`;
}
