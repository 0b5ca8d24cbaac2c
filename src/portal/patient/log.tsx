import { eventsOfPatient, type PatientEvent } from '../../audit/of-patient.js';
import { Table, Time } from '../layout.js';
import { accountOf, type Reply, type Route, type Visit } from '../visit.js';
import { patientOf } from './own.js';

export const logRoutes: readonly Route[] = [{ method: 'GET', path: '/portal/log', who: 'patient', handle: log }];

async function log(visit: Visit): Promise<Reply> {
  const { options, record } = visit;
  const account = accountOf(visit);
  // What was read a moment ago is part of it.
  await options.trail.flush();
  const patient = patientOf(account);
  const events = await eventsOfPatient(options.own, account.tenant, patient);
  // In the trail it is, but not among the events of the patient: each look would push out what others did.
  await record({ interaction: 'audit-read', action: 'R', type: 'Patient', entity: `Patient/${patient}` });
  return {
    title: 'Access log',
    page: (
      <>
        <h1>Access log</h1>
        <p class="lead">Who asked for your data, and when. The newest 200 entries.</p>
        {events.length === 0 ? (
          <p class="card empty">Nobody has asked for your data yet.</p>
        ) : (
          <Table label="Access log" heads={['What', 'Who', 'When']}>
            {events.map((event, index) => (
              <tr key={index}>
                <th scope="row">{whatOf(event)}</th>
                <td>
                  <bdi>{whoOf(event, account.id)}</bdi>
                </td>
                <td class="when">
                  <Time at={event.at} />
                </td>
              </tr>
            ))}
          </Table>
        )}
      </>
    ),
  };
}

function whoOf({ credentialName, user, userName }: PatientEvent, me: string): string {
  if (user === me) return 'You';
  return userName ?? credentialName ?? 'Your clinic';
}

const things: Readonly<Record<string, string>> = {
  Patient: 'your personal details',
  Observation: 'your measurements and results',
  DiagnosticReport: 'your reports of laboratory, imaging and other tests',
  Specimen: 'the list of your samples',
  DocumentReference: 'the list of your documents',
  Binary: 'a document',
  Communication: 'your messages',
  Encounter: 'your visits',
  Provenance: 'who wrote what in your record',
};

const added = (thing: string): string => `Added to ${thing}`;
const changed = (thing: string): string => `Changed ${thing}`;

const deeds: Readonly<Record<string, (thing: string) => string>> = {
  read: (thing) => `Read ${thing}`,
  vread: (thing) => `Read an older version of ${thing}`,
  'history-instance': (thing) => `Read older versions of ${thing}`,
  'history-type': (thing) => `Read older versions of ${thing}`,
  'history-system': () => 'Read what changed in your record',
  operation: (thing) => `Looked through ${thing}`,
  'search-type': (thing) => `Looked through ${thing}`,
  'search-system': () => 'Looked through your record',
  create: added,
  update: changed,
  patch: changed,
  delete: (thing) => `Deleted from ${thing}`,
  batch: () => 'Read or changed several things in your record',
  transaction: () => 'Changed several things in your record',
  import: () => 'Copied data from another system into your record',
  'pulsara-file': () => 'Added an emergency case to your record',
  'held-case': () => 'Compared your name and birth date with an emergency case',
  'held-document': () => 'Read the summary of an emergency case that may be yours',
  'held-case-accept': () => 'Decided that an emergency case is yours',
  'held-case-reject': () => 'Decided that an emergency case is not yours',
  'patient-channel': () => 'Read one of your visits',
  'patient-channel-list': () => 'Looked through your visits',
  'patient-channel-summary': () => 'Read the summary of one of your visits',
  'patient-channel-create': () => 'Added a visit to your record',
  'channel-identifier-create': () => 'Added a number to one of your visits',
  'channel-vital-signs-create': () => 'Added measurements to one of your visits',
  'channel-message-create': () => 'Added a message to one of your visits',
  token: () => 'Connected to your record',
  introspect: () => 'Checked an access token',
  revoke: () => 'Ended an access token',
  'portal-history': () => 'Opened My History',
  'portal-document': () => 'Opened a document',
  'portal-enable': () => 'Enabled this portal for you',
  'portal-disable': () => 'Disabled this portal for you',
  'patient-search': () => 'Found your name in a list of patients',
  authorize: () => 'Allowed an app to use your record',
  withdraw: () => 'Withdrew the access of an app',
  launch: () => 'Opened an app with your record',
  'key-create': () => 'Made credentials for an app',
  'key-delete': () => 'Deleted the credentials of an app',
};

/** In plain words; a refusal says that nothing was shown. */
function whatOf({ interaction, type, status }: PatientEvent): string {
  const what = deeds[interaction]?.(things[type ?? ''] ?? 'your record') ?? 'Used your record';
  return status < 400 ? what : `${what}: refused`;
}
