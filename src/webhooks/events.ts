/** What an organization can be told of, and what each says. */
export const EVENTS = {
  'patient_channel.created': 'A patient channel was made',
  'patient_channel.updated': 'A patient channel was changed',
  'patient_channel.stopped': 'A patient channel was stopped',
  'patient_channel.deleted': 'A patient channel was deleted',
  'patient_channel.identifier.created': 'A channel has an identifier that it did not have',
  'patient_channel.identifier.updated': 'An identifier of a channel has another value',
  'document.created': 'A document, such as the summary of a case, was stored',
  'document.updated': 'A document was changed',
  'document.deleted': 'A document was deleted',
  'observation.created': 'A vital sign, a result or another observation was stored',
  'observation.updated': 'An observation was changed',
  'observation.deleted': 'An observation was deleted',
} as const;

export type EventName = keyof typeof EVENTS;

export const eventNames = Object.keys(EVENTS) as EventName[];

export const isEventName = (text: string): text is EventName => Object.hasOwn(EVENTS, text);

/** Sent by hand, to see whether the other side hears it. */
export const TEST = 'webhook.test';

/** What is sent: ids, and of an identifier its name and category, never its value (PULSARA 6). */
export interface Event {
  /** The same however often it is sent. */
  readonly id: string;
  readonly event: EventName | typeof TEST;
  readonly created_at: string;
  /** Ascends over the events of one patient, with gaps: what was overtaken can be told by it. */
  readonly sequence: number;
  readonly data: Data;
}

export interface Data {
  readonly patient_channel?: { readonly id: string };
  readonly identifier?: { readonly id: string; readonly name: string; readonly category: string };
  readonly document?: { readonly id: string };
  readonly observation?: { readonly id: string };
}
