import { readChannel, type ChannelIdentifier } from './channel.js';
import type { Held } from './case.js';
import type { Integration } from './integration.js';
import { kindOf } from './rules.js';

/** Who a case says that its patient is: what tells patients apart, and nothing else of it. */
export interface Side {
  readonly name: string;
  readonly birthDate: string;
  readonly gender: string;
  readonly mrn: string;
  readonly csn: string;
}

const UNKNOWN = 'unknown';

/** The side of the case, as it came. */
export function arrivedSide({ rules }: Integration, { channel: text }: Held): Side {
  const channel = readChannel(Buffer.from(text));
  const numbered = (kind: 'mrn' | 'csn'): string =>
    channel.identifiers.find((each: ChannelIdentifier) => kindOf(rules, each) === kind)?.value ?? UNKNOWN;
  const age =
    channel.age === undefined ? UNKNOWN : `unknown, about ${String(channel.age)} ${channel.ageUnit ?? 'years'}`;
  return {
    name: [channel.firstName, channel.lastName].filter((part) => part !== undefined).join(' ') || UNKNOWN,
    birthDate: channel.birthDate ?? age,
    gender: channel.gender ?? UNKNOWN,
    mrn: numbered('mrn'),
    csn: numbered('csn'),
  };
}
