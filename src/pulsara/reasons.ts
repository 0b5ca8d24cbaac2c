import type { Doubt } from './case.js';
import type { Outcome } from './inbox.js';

/** What a manager can do about an attempt that failed. Of a reason that is not here the word itself is shown. */
const reasons: Readonly<Record<string, string>> = {
  'upstream-error': 'Pulsara answered with an error of its own.',
  'upstream-busy': 'Pulsara asked us to wait: too many requests.',
  'upstream-refuses-token': 'Pulsara refuses our API token. Was it revoked? Make a new integration with a new token.',
  'upstream-refuses': 'Pulsara refuses the request.',
  'upstream-unknown-channel': 'Pulsara does not know the channel, or our token does not open it.',
  'upstream-other-channel': 'Pulsara answered with another channel than we asked for. Nothing was filed.',
  'upstream-not-a-channel': 'The answer is not a channel that we can read.',
  'upstream-wrong-type': 'The answer is of another type than we asked for: an error page, perhaps.',
  'upstream-not-pdf': 'The summary is not a PDF.',
  'upstream-truncated': 'The answer ended early.',
  'upstream-too-long': 'The answer is longer than we take.',
  'upstream-compressed': 'The answer is compressed, which we did not ask for.',
  'upstream-redirects': 'The address leads somewhere else. Redirects are not followed.',
  'upstream-slow': 'Pulsara took too long to answer.',
  'upstream-unreachable': 'Pulsara cannot be reached.',
  'upstream-address': 'The address of Pulsara is not a public one.',
  'upstream-url': 'The address of Pulsara cannot be used.',
  'identifier-missing': 'The channel does not have the identifier that the event is about.',
  'integration-off': 'The integration is switched off.',
  'not-valid-r4': 'The case cannot be written as valid FHIR.',
  conflict: 'Somebody else wrote to the same record at the same time.',
  'attempts-used-up': 'It was tried too often.',
  unexpected: 'Something went wrong here. The operator finds it in the log.',
};

export const inWords = (reason: string): string => reasons[reason] ?? reason;

/** What became of an event. */
export const outcomes: Readonly<Record<Outcome, string>> = {
  filed: 'filed',
  unchanged: 'nothing new',
  held: 'held for a decision',
  rejected: 'rejected',
  'other-identifier': 'not an identifier that you file by',
  'other-event': 'not an event that we act on',
};

export const doubts: Readonly<Record<Doubt, string>> = {
  name: 'The patient with this number has another name.',
  'birth-date': 'The patient with this number has another birth date.',
  several: 'Several patients have this number.',
  moved: 'The case is filed under another patient already.',
};
