import type { Communication, Observation } from '@medplum/fhirtypes';
import { createHash, randomUUID } from 'node:crypto';
import { narrow } from '../access/narrow.js';
import { message, vitalSigns, type NewMessage } from '../channel/schemas.js';
import { messageOf, threadOf, tied, vitalsOf } from '../channel/to-fhir.js';
import type { Narrowing } from '../define/request.js';
import { OutcomeError } from '../outcome.js';
import type { Planned } from '../store/write.js';
import { noChannel, served, type Answer, type Ask } from './ask.js';
import { caseOf, patientOf } from './case.js';
import { checked } from './checked.js';
import { saver } from './create.js';
import { sharesOf } from './entities.js';
import { planOf, writable, write, type Change } from './write.js';

/** What was read off at one time, an Observation each, for every entity of the channel. */
export async function addVitalSigns(ask: Ask): Promise<Answer> {
  const narrowing = narrow(ask.access, served(ask, 'Observation'), 'c');
  const sent = checked(vitalSigns, (await ask.body()).whole);
  return write(ask, sent, async () => {
    const made = vitalsOf(sent).map((resource) => ({ resource, id: randomUUID() }));
    const save = saver(ask);
    return forEach(
      ask,
      narrowing,
      made.map(({ id }) => id),
      (target) => made.map(({ resource, id }) => save('Observation', target.tie(resource), id, target.narrowing)),
    );
  });
}

/** A message of the team, in the thread of its channel. */
export async function addMessage(ask: Ask): Promise<Answer> {
  const narrowing = narrow(ask.access, served(ask, 'Communication'), 'c');
  const sent = checked(message, (await ask.body()).whole);
  return write(ask, sent, () => planMessage(ask, sent, narrowing));
}

function planMessage(ask: Ask, sent: NewMessage, narrowing: Narrowing): Promise<Change> {
  const id = randomUUID();
  const now = new Date(ask.facade.now()).toISOString();
  // Longer than an id may be, when it was made of one.
  const header = createHash('sha256').update(`thread ${ask.id}`).digest('hex').slice(0, 32);
  const { writer } = writable(ask);
  const communications = served(ask, 'Communication');
  const save = saver(ask);
  return forEach(ask, narrowing, [id], (target) => [
    // The first message makes the thread; one that is there already stays as it is.
    writer
      .current(communications, header, target.narrowing)
      .then((current): Promise<Planned> | Planned =>
        current.entry
          ? { outcome: 'unchanged', plan: { statements: [] } }
          : planOf(ask, 'Communication', { resource: target.tie(threadOf()) }, target.narrowing, header, current),
      ),
    save('Communication', target.tie(messageOf(sent, header, now)), id, target.narrowing),
  ]);
}

interface Target {
  readonly narrowing: Narrowing;
  readonly tie: (resource: Omit<Observation, 'id'> | Communication) => object;
}

/** For the caller's own row of the channel and for the other entities'. Errors: 404, 422 for a channel without a patient. */
async function forEach(
  ask: Ask,
  narrowing: Narrowing,
  ids: readonly string[],
  plan: (target: Target) => readonly Promise<Planned>[],
): Promise<Change> {
  const { encounter } = await caseOf(ask);
  const patient = patientOf(encounter);
  if (patient === undefined)
    throw new OutcomeError(422, 'VALIDATION', 'The channel has no patient to whom this could belong');
  const targets: Target[] = [{ narrowing, tie: (resource) => tied(resource as Observation, ask.id, patient) }];
  for (const share of await sharesOf(ask, encounter)) {
    const theirs = share.patient;
    if (theirs === undefined) throw noChannel();
    targets.push({ narrowing: share.narrowing, tie: (resource) => tied(resource as Observation, ask.id, theirs) });
  }
  const planned = await Promise.all(targets.flatMap(plan));
  const body = ids.length === 1 && ids[0] !== undefined ? { id: ids[0] } : { ids };
  return { status: 201, body, planned, patients: [patient] };
}
