import type { Subscription } from '@medplum/fhirtypes';
import type { Access } from '../access/narrow.js';
import { allowedUrl, OutboundError, type OutboundOptions } from '../outbound/safe-fetch.js';
import { OutcomeError } from '../outcome.js';
import type { Database } from '../store/database.js';
import type { Sent } from '../store/draft.js';
import type { PlannedStatement } from '../store/plan.js';
import type { Entry } from '../store/render.js';
import { hostsOf } from '../webhooks/webhook.js';
import { checkSearch, type SeenOptions } from './seen.js';
import { countStates, headersOf, planState, readState, sealHeaders } from './state.js';
import { refused, termsOf, type Terms } from './terms.js';

export interface AcceptOptions extends SeenOptions {
  readonly own: Database;
  readonly key: Buffer;
  readonly outbound: OutboundOptions;
}

export interface Accepted {
  readonly sent: Sent;
  readonly statements: readonly PlannedStatement[];
}

/** Kinds of credentials that last: what a person allowed an app ends with their session. */
const SERVICES = ['client', 'backend', 'org'];
const MASK = '***';
const MOST_HEADERS = 10;
/** Whatever is written is compared with each of them. */
const MOST_OF_ORGANIZATION = 100;

/**
 * What is written when a client creates or changes a Subscription. It becomes `requested` whatever it said, unless it is
 * to be off: the server makes it active when the endpoint has answered. The values of its headers are kept sealed and
 * never shown; `***` stands for one that stays, at the endpoint that it was for. Errors: 403, 422.
 */
export async function acceptSubscription(
  options: AcceptOptions,
  access: Access,
  { resource, literals }: Sent,
  id: string,
  existing: Entry | undefined,
): Promise<Accepted> {
  const { registry, base, own, now } = options;
  if (!SERVICES.includes(access.kind) || access.patient !== undefined || access.scopes === undefined)
    throw new OutcomeError(403, 'insufficient-scope', 'A subscription belongs to a service of the organization');
  const subscription = resource as unknown as Subscription;
  const terms = termsOf(subscription, registry, base);
  checkSearch(options, access, terms);
  if (!existing && (await countStates(own, access.tenant)) >= MOST_OF_ORGANIZATION)
    throw refused('status', `An organization has ${String(MOST_OF_ORGANIZATION)} subscriptions at the most`);
  await checkEndpoint(options, access.tenant, terms);
  const headers = await headersFrom(options, access.tenant, id, terms, existing);
  const status = statusOf(subscription, existing);
  const { channel, error: _error, ...rest } = subscription;
  const masked = headers.map((each) => `${nameOf(each)}: ${MASK}`);
  const kept = { ...rest, status, channel: { ...channel, ...(masked.length > 0 && { header: masked }) } };
  const { tenant, credential, scopes } = access;
  const sealed = sealHeaders(options.key, tenant, id, headers);
  const state = { tenant, id, credential, scopes, headersSealed: sealed, live: status === 'active' };
  const more = { heartbeat: terms.heartbeatSeconds, endAt: terms.endAt, now: now() };
  return {
    sent: { resource: kept, literals },
    statements: [await planState(own, { ...state, ...more })],
  };
}

/** What reads as before stays as active as it was. */
function statusOf(sent: Subscription, existing: Entry | undefined): Subscription['status'] {
  if (sent.status === 'off') return 'off';
  const before = existing && (JSON.parse(existing.text) as Subscription);
  const same = (one: Subscription): string =>
    JSON.stringify([one.criteria, (one as { _criteria?: unknown })._criteria, one.channel]);
  return before?.status === 'active' && same(before) === same(sent) ? 'active' : 'requested';
}

async function checkEndpoint({ own, outbound }: AcceptOptions, tenant: string, { endpoint }: Terms): Promise<void> {
  try {
    allowedUrl(endpoint, { ...outbound, hosts: await hostsOf(own, tenant) });
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    throw refused('channel.endpoint', `The endpoint is not allowed: ${error.message}`);
  }
}

const nameOf = (header: string): string => header.slice(0, header.indexOf(':'));

/** Headers by which the receiver knows us, and no others (THREAT 20). */
const allowed = /^(authorization|x-[a-z0-9-]{1,60}): *([\x20-\x7e]{1,2000})$/i;

async function headersFrom(
  { own, key }: AcceptOptions,
  tenant: string,
  id: string,
  { headers, endpoint }: Terms,
  existing: Entry | undefined,
): Promise<string[]> {
  if (headers.length > MOST_HEADERS) throw refused('channel.header', 'There are more than ten headers');
  if (!headers.every((each) => allowed.test(each)))
    throw refused('channel.header', 'A header is "Authorization: ..." or "X-...: ..."');
  if (!headers.some((each) => each.endsWith(`: ${MASK}`))) return [...headers];
  // What is sealed is shown to nobody: whoever names another endpoint would be sent it.
  if (existing && (JSON.parse(existing.text) as Subscription).channel.endpoint !== endpoint)
    throw refused('channel.header', `${MASK} stands for a header only while the endpoint stays`);
  const state = await readState(own, tenant, id);
  const known = new Map((state ? headersOf(key, state) : []).map((each) => [nameOf(each).toLowerCase(), each]));
  return headers.map((each) => {
    if (!each.endsWith(`: ${MASK}`)) return each;
    const before = known.get(nameOf(each).toLowerCase());
    if (before === undefined) throw refused('channel.header', `${MASK} stands for a header that is kept already`);
    return before;
  });
}
