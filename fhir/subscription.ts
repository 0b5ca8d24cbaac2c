import type { Subscription, SubscriptionChannel } from '@medplum/fhirtypes';
import { clinical, defineResource, el, text, token, uri, view, within, type columns } from '../src/define/index.js';

interface Row extends columns.ClinicalRow, columns.Folded<'criteria'> {
  status: string;
  end_at: string | null;
  reason: string | null;
  error: string | null;
  channel_type: string | null;
  endpoint: string | null;
  payload: string | null;
}

interface Children {
  contacts: columns.ContactPointRow;
}

/**
 * Who wants to be told of what: by criteria of their own, or by a topic of the Subscriptions Backport. Only a scope that
 * names it opens it; what is checked of one when it is written is in src/subscriptions/.
 */
export default defineResource<Subscription, Row, Children>({
  type: 'Subscription',
  profiles: ['http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription'],
  source: clinical('subscription'),
  named: true,
  children: { contacts: { table: 'subscription_contact', parent: 'parent_id', order: 'position' } },
  patient: 'none',
  search: {
    contact: within('contacts', token(el.contactPoint())),
    criteria: text(el.folded('criteria')),
    payload: token(el.code('payload'), { system: 'urn:ietf:bcp:13' }),
    status: token(el.code('status'), { system: 'http://hl7.org/fhir/subscription-status' }),
    type: token(el.code('channel_type'), { system: 'http://hl7.org/fhir/subscription-channel-type' }),
    url: uri(el.uri('endpoint')),
  },
  sort: ['_id', '_lastUpdated', 'status'],
  view: view<Subscription, Row, Children>({
    status: el.code('status'),
    contact: el.list('contacts', el.contactPoint()),
    end: el.string('end_at'),
    reason: el.string('reason'),
    criteria: el.folded('criteria'),
    error: el.string('error'),
    channel: el.group<SubscriptionChannel>()({
      type: el.code('channel_type'),
      endpoint: el.uri('endpoint'),
      payload: el.code('payload'),
    }),
  }),
  write: { create: true, update: true, delete: true },
});
