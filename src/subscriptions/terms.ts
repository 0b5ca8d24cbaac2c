import type { Extension, Subscription } from '@medplum/fhirtypes';
import { OutcomeError } from '../outcome.js';
import type { RegisteredResource, Registry } from '../registry.js';
import { controlNames } from '../search/controls.js';
import { topicsOf } from './topics.js';

export const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/';

/** What is in a notification: of a topic as the Backport has it, without one as R4 has it. */
export type Content = 'empty' | 'id-only' | 'full-resource' | 'call' | 'put';

/** What a Subscription asks for, read. */
export interface Terms {
  /** Canonical; undefined for criteria of its own. */
  readonly topic: string | undefined;
  readonly resource: RegisteredResource;
  /** Each must hold. */
  readonly pairs: readonly (readonly [name: string, value: string])[];
  readonly endpoint: string;
  readonly content: Content;
  readonly heartbeatSeconds: number | undefined;
  readonly timeoutSeconds: number;
  /** Milliseconds since 1970 UTC. */
  readonly endAt: number | undefined;
  readonly headers: readonly string[];
}

const TIMEOUT_SECONDS = 10;
const LIMITS = { heartbeat: [10, 86_400], timeout: [1, 60] } as const;
const JSON_TYPES = ['application/fhir+json', 'application/json'];

type Sent = Subscription & {
  readonly _criteria?: { readonly extension?: readonly Extension[] };
  readonly channel: {
    readonly _type?: { readonly extension?: readonly Extension[] };
    readonly _payload?: { readonly extension?: readonly Extension[] };
  };
};

/** Errors: 422 `invalid-resource` for what is not offered here, with where it stands. */
export function termsOf(subscription: Subscription, registry: Registry, base: string): Terms {
  const { criteria, channel, end, _criteria } = subscription as Sent;
  // A channel of R5 has a code of R4 beside it, which says nothing then.
  const isOther = channel._type?.extension?.some(({ url }) => url === `${BACKPORT}backport-channel-type`);
  if (channel.type !== 'rest-hook' || isOther) throw refused('channel.type', 'The channel is rest-hook');
  if (channel.endpoint === undefined) throw refused('channel.endpoint', 'A rest-hook needs an endpoint');
  const topic = topicsOf(registry, base).find(({ url }) => url === criteria);
  if (!topic && /^[a-z]+:/.test(criteria)) throw refused('criteria', 'There is no such topic here');
  const filters = (_criteria?.extension ?? []).filter(({ url }) => url === `${BACKPORT}backport-filter-criteria`);
  const queries = topic ? filters.map(({ valueString = '' }) => valueString) : [criteria];
  const type = topic?.type ?? criteria.split('?')[0] ?? '';
  const resource = registry.get(type);
  if (!resource || resource.named) throw refused('criteria', 'The criteria are of a type that is not served here');
  return {
    topic: topic?.url,
    resource,
    pairs: queries.flatMap((query) => pairsOf(query, type)),
    endpoint: channel.endpoint,
    content: contentOf(channel, topic !== undefined),
    heartbeatSeconds: numberOf(channel.extension, 'heartbeat-period', LIMITS.heartbeat),
    timeoutSeconds: numberOf(channel.extension, 'timeout', LIMITS.timeout) ?? TIMEOUT_SECONDS,
    endAt: end === undefined ? undefined : Date.parse(end),
    headers: channel.header ?? [],
  };
}

/** `Type?name=value&name=value`. What shapes an answer says nothing of what is wanted. */
function pairsOf(query: string, type: string): [string, string][] {
  const [before, ...rest] = query.split('?');
  if (before !== type) throw refused('criteria', `The criteria are a search of ${type}: ${type}?...`);
  const pairs = [...new URLSearchParams(rest.join('?'))];
  const control = pairs.find(([name]) => controlNames.has(name) || name === '_id' || name.startsWith('_has'));
  if (control) throw refused('criteria', 'The criteria are search parameters of the type itself, but for _id');
  return pairs;
}

function contentOf(channel: Sent['channel'], ofTopic: boolean): Content {
  const { payload, _payload } = channel;
  if (payload !== undefined && !JSON_TYPES.includes(payload))
    throw refused('channel.payload', 'The payload is application/fhir+json');
  if (!ofTopic) return payload === undefined ? 'call' : 'put';
  const said = (_payload?.extension ?? []).find(({ url }) => url === `${BACKPORT}backport-payload-content`)?.valueCode;
  // Nothing of a patient leaves unless it is asked for (THREAT 54).
  if (said === undefined) return 'id-only';
  if (said === 'empty' || said === 'id-only' || said === 'full-resource') return said;
  throw refused('channel.payload', 'The content of a payload is empty, id-only or full-resource');
}

function numberOf(
  extensions: readonly Extension[] | undefined,
  name: string,
  [least, most]: readonly [number, number],
): number | undefined {
  const found = extensions?.find(({ url }) => url === `${BACKPORT}backport-${name}`);
  const value = found?.valueUnsignedInt ?? found?.valuePositiveInt;
  if (!found) return undefined;
  if (value !== undefined && value >= least && value <= most) return value;
  throw refused('channel', `The ${name.replace('-', ' ')} is ${String(least)} to ${String(most)} seconds`);
}

export const refused = (path: string, text: string): OutcomeError =>
  new OutcomeError(422, 'invalid-resource', text, { expression: [`Subscription.${path}`] });

/** What was imported, or accepted by another version, may not be one of ours. */
export function readable(subscription: Subscription, registry: Registry, base: string): Terms | undefined {
  try {
    return termsOf(subscription, registry, base);
  } catch (error) {
    if (error instanceof OutcomeError) return undefined;
    throw error;
  }
}
