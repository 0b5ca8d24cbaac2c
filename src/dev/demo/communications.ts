import type { CodeableConcept, Communication, Organization, Practitioner, Reference } from '@medplum/fhirtypes';
import { dateTime, SECOND } from './calendar.js';
import type { Case } from './cases.js';
import { concept, hl7, referTo } from './coding.js';
import type { Message } from './messages.js';
import { organizationName, type Tenant } from './organizations.js';
import { personName } from './people.js';
import { referToClinician } from './practitioners.js';
import { PRESENTATIONS } from './presentations.js';
import { Random } from './random.js';

const ALERT = concept('Alert', hl7('communication-category', 'alert', 'Alert'));
const NOTIFICATION = concept('Notification', hl7('communication-category', 'notification', 'Notification'));

/** The thread of a case: a header without payload, and the messages that are part of it. */
export function* communicationsOf(demoCase: Case, tenant: Tenant): Generator<Communication> {
  const { plan, messages } = demoCase;
  const first = messages[0];
  if (!first) return;
  const header = `${plan.id}-t`;
  const members = uniqueReferences(
    messages.flatMap(({ from, to }) => [from, ...to]).map((clinician) => referToClinician(clinician, tenant)),
  );
  yield {
    ...commonOf(demoCase, header, NOTIFICATION),
    topic: concept(`${PRESENTATIONS[plan.type].text}: team messages`),
    sent: dateTime(first.at),
    sender: referTo('Organization', plan.origin ?? plan.destination, organizationName(plan.origin ?? plan.destination)),
    recipient: members,
  };
  for (const [index, message] of messages.entries()) yield messageOf(demoCase, message, { header, index, tenant });
}

interface Place {
  readonly header: string;
  readonly index: number;
  readonly tenant: Tenant;
}

function messageOf(demoCase: Case, message: Message, { header, index, tenant }: Place): Communication {
  const { from, to, text, at, isUrgent } = message;
  const id = (which: number): string => `${demoCase.plan.id}-m${String(which + 1).padStart(2, '0')}`;
  const random = new Random('message', id(index));
  const previous = demoCase.messages[index - 1];
  const isAnswer = previous !== undefined && previous.from !== from && previous.text.endsWith('?');
  return {
    ...commonOf(demoCase, id(index), isUrgent ? ALERT : NOTIFICATION),
    partOf: [referTo('Communication', header)],
    ...(isAnswer && { inResponseTo: [referTo('Communication', id(index - 1))] }),
    priority: isUrgent ? 'urgent' : 'routine',
    sent: dateTime(at),
    ...(random.chance(0.6) && { received: dateTime(at + random.whole(2, 90) * SECOND) }),
    recipient: uniqueReferences(to.map((clinician) => referToClinician(clinician, tenant))),
    sender: referToClinician(from, tenant),
    payload: [{ contentString: text }],
  };
}

function commonOf({ plan }: Case, id: string, category: CodeableConcept): Communication {
  return {
    resourceType: 'Communication',
    id,
    status: 'completed',
    category: [category],
    subject: referTo('Patient', plan.person.id, personName(plan.person)),
    encounter: referTo('Encounter', plan.id),
  };
}

type Member = Reference<Practitioner | Organization>;

const uniqueReferences = (references: readonly Member[]): Member[] => [
  ...new Map(references.map((each) => [each.reference, each])).values(),
];
