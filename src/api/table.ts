import type { Action } from '../audit/event.js';
import type { Handle } from './ask.js';

export const PREFIX = '/api/v1';

/** One line of the native API. What handles it is loaded when it is first asked for. */
export interface Line {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** What the audit trail and the log call it. */
  readonly interaction: string;
  readonly action: Action;
  readonly type: string;
  readonly load: () => Promise<Handle>;
}

const CHANNELS = '/patient-channels';

/** The table of the native API; openapi.ts says the same of each line in the words of OpenAPI, which a test compares. */
export const routes: readonly Line[] = [
  {
    method: 'GET',
    path: CHANNELS,
    interaction: 'patient-channel-list',
    action: 'E',
    type: 'Encounter',
    load: async () => (await import('./list.js')).list,
  },
  {
    method: 'POST',
    path: CHANNELS,
    interaction: 'patient-channel-create',
    action: 'C',
    type: 'Encounter',
    load: async () => (await import('./create.js')).create,
  },
  {
    method: 'GET',
    path: `${CHANNELS}/:id`,
    interaction: 'patient-channel',
    action: 'R',
    type: 'Encounter',
    load: async () => (await import('./case.js')).read,
  },
  {
    method: 'GET',
    path: `${CHANNELS}/:id/summary`,
    interaction: 'patient-channel-summary',
    action: 'R',
    type: 'DocumentReference',
    load: async () => (await import('./summary.js')).summary,
  },
  {
    method: 'POST',
    path: `${CHANNELS}/:id/identifiers`,
    interaction: 'channel-identifier-create',
    action: 'U',
    type: 'Encounter',
    load: async () => (await import('./add-identifier.js')).addIdentifier,
  },
  {
    method: 'POST',
    path: `${CHANNELS}/:id/vital-signs`,
    interaction: 'channel-vital-signs-create',
    action: 'C',
    type: 'Observation',
    load: async () => (await import('./add.js')).addVitalSigns,
  },
  {
    method: 'POST',
    path: `${CHANNELS}/:id/messages`,
    interaction: 'channel-message-create',
    action: 'C',
    type: 'Communication',
    load: async () => (await import('./add.js')).addMessage,
  },
];
