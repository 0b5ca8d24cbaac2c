import type { Communication } from '@medplum/fhirtypes';
import { concept, hl7 } from '../channel/codes.js';
import type { Channel } from './channel.js';
import { idOf, type Place } from './place.js';

const NOTIFICATION = concept('Notification', hl7('communication-category', 'notification', 'Notification'));
const ALERT = concept('Alert', hl7('communication-category', 'alert', 'Alert'));

/** The thread of a channel and its messages: only where the organization wants them in the record (PULSARA 11). */
export function toMessages(
  place: Place,
  { id: channel, messages }: Channel,
  ids: { readonly encounter: string; readonly patient: string },
): Communication[] {
  if (!place.integration.messages || messages.length === 0) return [];
  const thread = idOf(place, 'thread', channel);
  const common = {
    resourceType: 'Communication' as const,
    status: 'completed' as const,
    subject: { reference: `Patient/${ids.patient}` },
    encounter: { reference: `Encounter/${ids.encounter}` },
  };
  return [
    { ...common, id: thread, category: [NOTIFICATION], topic: concept('Team messages') },
    ...messages.map(({ id, at, sender, text, urgent }): Communication => ({
      ...common,
      id: idOf(place, 'message', channel, id),
      category: [urgent ? ALERT : NOTIFICATION],
      priority: urgent ? 'urgent' : 'routine',
      partOf: [{ reference: `Communication/${thread}` }],
      ...(at !== undefined && { sent: at }),
      sender: { display: sender },
      payload: [{ contentString: text }],
    })),
  ];
}
