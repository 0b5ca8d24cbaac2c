import type { Job } from '../jobs/job.js';
import { JobError, type RetryRule } from '../jobs/retry.js';
import type { Effect, Queue } from '../jobs/worker.js';
import type { OutboundOptions } from '../outbound/safe-fetch.js';
import { fileCase } from './file-case.js';
import type { FilingOptions } from './filing.js';
import { INBOX, settle, type Inbound, type Outcome } from './inbox.js';
import { readIntegration, upstreamToken, type Integration } from './integration.js';
import { kindOf } from './rules.js';
import { fetchChannel, fetchSummary, type Upstream } from './upstream.js';

export interface InboundOptions extends FilingOptions {
  readonly secret: string;
  readonly outbound: OutboundOptions;
}

/** A day: longer than an outage, and short enough that somebody looks while the case is remembered. */
const RETRY: RetryRule = {
  firstMilliseconds: 2000,
  mostMilliseconds: 15 * 60_000,
  forMilliseconds: 24 * 3_600_000,
  attempts: 300,
};

/** From an event to a document: the channel is fetched, then its PSR, and all that they say is written at once. */
export const inboundQueue = (options: InboundOptions): Queue => ({
  name: INBOX,
  concurrency: 6,
  share: 2,
  retry: RETRY,
  handle: (job, signal) => handle(options, job, signal),
});

async function handle(options: InboundOptions, { tenant, payload }: Job, signal: AbortSignal): Promise<Effect> {
  const { own, now } = options;
  const inbound = payload as Inbound;
  const integration = await readIntegration(own, tenant, inbound.integration);
  if (!integration?.active) throw new JobError('integration-off');
  const settled = async (outcome: Outcome): Promise<Effect> => ({
    statements: [await settle(own, inbound, outcome, now())],
  });
  // The event names the field; its value, and what it is now, only the channel tells.
  if (!kindOf(integration.rules, inbound.identifier)) return settled('other-identifier');
  const upstream = await upstreamOf(options, integration);
  const { bytes, channel } = await fetchChannel(upstream, inbound.channel, signal);
  const identifier = channel.identifiers.find(({ id }) => id === inbound.identifier.id);
  // The event may be faster than the channel.
  if (!identifier) throw new JobError('identifier-missing');
  if (!kindOf(integration.rules, identifier)) return settled('other-identifier');
  const pdf = await fetchSummary(upstream, inbound.channel, signal);
  const { outcome, statements, committed } = await fileCase(options, integration, { channel: bytes, pdf });
  return { statements: [...statements, await settle(own, inbound, outcome, now())], committed };
}

export async function upstreamOf(
  { own, secret, outbound, now }: Pick<InboundOptions, 'own' | 'secret' | 'outbound' | 'now'>,
  { id, upstream: url, tokenHeader }: Integration,
): Promise<Upstream> {
  return { url, tokenHeader, token: await upstreamToken(own, secret, id), outbound, now };
}
