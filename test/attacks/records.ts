import { remove } from '../support/remove.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';
import { documentReference, observation, patient } from '../search/resources.js';

export const to = (reference: string): object => ({ reference });
const attached = (text: string): object => ({
  content: [{ attachment: { contentType: 'text/plain', data: Buffer.from(text).toString('base64') } }],
});

/** What belongs to patient b, and what patient a has that refers to it. */
const records: readonly object[] = [
  patient('a', { generalPractitioner: [to('Practitioner/doc')] }),
  patient('b', { name: [{ family: 'Hidden' }], generalPractitioner: [to('Practitioner/doc')] }),
  { resourceType: 'Practitioner', id: 'doc' },
  { resourceType: 'Organization', id: 'org', name: 'Org' },
  observation('a1', {
    ...{ subject: to('Patient/a'), performer: [to('Practitioner/doc')], focus: [to('Patient/b')] },
    hasMember: [to('Observation/b1'), to('#in')],
    contained: [
      { resourceType: 'Observation', id: 'in', status: 'final', code: { text: 'x' }, subject: to('Patient/b') },
    ],
  }),
  observation('b1', { subject: to('Patient/b'), performer: [to('Practitioner/doc')], valueString: 'Hidden' }),
  observation('both', { subject: to('Patient/a'), performer: [to('Patient/b')] }),
  observation('nobody', { performer: [to('Practitioner/doc')] }),
  observation('by-identifier', { subject: { identifier: { value: 'a' } } }),
  {
    ...{ resourceType: 'Encounter', id: 'b-visit', status: 'finished', class: { code: 'AMB' } },
    subject: to('Patient/b'),
  },
  documentReference('a-doc', { subject: to('Patient/a'), ...attached('of a') }),
  documentReference('b-doc', { subject: to('Patient/b'), ...attached('of b') }),
  documentReference('both-doc', { subject: to('Patient/a'), author: [to('Patient/b')], ...attached('of both') }),
  {
    ...{ resourceType: 'Communication', id: 'to-b', status: 'completed' },
    ...{ subject: to('Patient/a'), recipient: [to('Patient/b')] },
  },
];

/** A server with these; with the same ids in another organization, and something of b that was deleted. */
export async function startRecords(): Promise<Server> {
  const server = await start();
  await server.save(records);
  await server.save([patient('a'), patient('b'), observation('theirs', { subject: to('Patient/a') })], OTHER_TENANT);
  await server.save([observation('gone', { subject: to('Patient/b') })]);
  await remove(server, 'Observation', 'gone');
  return server;
}
