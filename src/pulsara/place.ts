import { createHash } from 'node:crypto';
import type { Channel, ChannelIdentifier } from './channel.js';
import type { Integration } from './integration.js';
import { kindOf, type Kind } from './rules.js';

/** Where a channel is written to: what the mapping needs to know beside the channel. */
export interface Place {
  /** Of the FHIR server. */
  readonly base: string;
  readonly integration: Integration;
  /** The time of writing. */
  readonly at: string;
}

const PREFIX = 'ps-';

/**
 * The id of what is made of something of the upstream: the same however often it comes, and another one for another
 * upstream, whose ids may be the same.
 */
export function idOf({ integration }: Place, kind: string, ...native: readonly string[]): string {
  const origin = new URL(integration.upstream).origin;
  const digest = createHash('sha256')
    .update(JSON.stringify([origin, kind, ...native]))
    .digest('hex');
  return `${PREFIX}${digest.slice(0, 40)}`;
}

/** Whether an id is one of those: clients make other ones. */
export const isOurs = (id: string): boolean => id.startsWith(PREFIX);

export const idsOf = (place: Place, channel: string) => ({
  patient: idOf(place, 'patient', channel),
  encounter: idOf(place, 'encounter', channel),
  document: (version: number) => idOf(place, 'psr', channel, String(version)),
});

/** The identifier of a channel that the organization files by. */
export const numberOf = (
  { integration }: Place,
  channel: Pick<Channel, 'identifiers'>,
  kind: Kind,
): ChannelIdentifier | undefined => channel.identifiers.find((each) => kindOf(integration.rules, each) === kind);
