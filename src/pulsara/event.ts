import { createHash } from 'node:crypto';
import { OutcomeError } from '../outcome.js';

/** What a webhook says: that something happened, and to what; never a value. */
export interface Event {
  /** Of the sender; where it gives none, of the bytes. */
  readonly id: string;
  readonly event: string;
  readonly channel: string | undefined;
  readonly identifier: { readonly id: string; readonly name: string; readonly category: string } | undefined;
}

/** An identifier that is entered while the channel is made has only the first of them. */
const HANDLED: ReadonlySet<string> = new Set([
  'patient_channel.identifier.created',
  'patient_channel.identifier.updated',
]);

/** Whether there is something to do about it. */
export const isHandled = ({ event }: Event): boolean => HANDLED.has(event);

/** Its id goes into a URL of the upstream API: no dots alone, no slash. */
const CHANNEL = /^[A-Za-z0-9][\w.:-]{0,127}$/;

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads a webhook whose signature was right. The vendor shows what it carries and not its envelope: the names that are
 * usual are looked for in the usual places. Errors: 400 `VALIDATION`.
 */
export function readEvent(body: Buffer): Event {
  const envelope = membersOf(parsed(body));
  if (!envelope) throw unreadable('The body must be a JSON object');
  const event = text(envelope, 'event', 'type', 'event_type');
  if (event === undefined) throw unreadable('The body names no event');
  const data = membersOf(envelope['data']) ?? envelope;
  const channel = membersOf(data['patient_channel']) ?? membersOf(data['channel']);
  const identifier = membersOf(data['identifier']) ?? membersOf(channel?.['identifier']);
  const found: Event = {
    id: text(envelope, 'id', 'event_id') ?? createHash('sha256').update(body).digest('hex'),
    event,
    channel: text(channel, 'id') ?? text(data, 'patient_channel_id', 'channel_id'),
    identifier: identifier && {
      id: text(identifier, 'id') ?? '',
      name: text(identifier, 'name') ?? '',
      category: text(identifier, 'category') ?? '',
    },
  };
  if (!isHandled(found)) return found;
  if (found.channel === undefined || !CHANNEL.test(found.channel))
    throw unreadable('The body names no patient channel');
  if (!found.identifier || found.identifier.id === '') throw unreadable('The body names no identifier');
  return found;
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    throw unreadable('The body is not JSON');
  }
}

const unreadable = (what: string): OutcomeError => new OutcomeError(400, 'VALIDATION', what);

const membersOf = (value: unknown): Members | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined;

/** The first of these members that is a text, or a number, as ids are too. */
function text(members: Members | undefined, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = members && Object.hasOwn(members, name) ? members[name] : undefined;
    if (typeof value === 'number') return String(value);
    // PostgreSQL takes no NUL.
    if (typeof value === 'string' && value !== '' && value.length <= 200 && !value.includes('\0')) return value;
  }
  return undefined;
}
