import type { Encounter, Patient } from '@medplum/fhirtypes';
import { createHash } from 'node:crypto';
import type { PlannedStatement } from '../store/plan.js';
import { takeTurn } from '../store/turns.js';
import { newCase, readCase, saveCase, type Decision, type Held, type InboundCase } from './case.js';
import { readChannel, type Channel } from './channel.js';
import { Filing, type FilingOptions } from './filing.js';
import type { Outcome } from './inbox.js';
import type { Integration } from './integration.js';
import { matchPatient, type Match } from './match.js';
import { idsOf, isOurs, type Place } from './place.js';
import { toDocument } from './to-document.js';
import { toEncounter } from './to-encounter.js';
import { toMessages } from './to-messages.js';
import { toObservations } from './to-observations.js';
import { toPatient } from './to-patient.js';

/** A case as it came from the upstream API: the channel's JSON, and its PSR. */
export interface Arrived {
  readonly channel: Buffer;
  readonly pdf: Buffer;
}

/** What would become of it, and the statements that do it: all of them, or none. */
export interface Filed {
  readonly outcome: Extract<Outcome, 'filed' | 'unchanged' | 'held' | 'rejected'>;
  readonly statements: readonly PlannedStatement[];
  readonly committed: () => void;
}

/**
 * Files a case: its patient, encounter, findings and summary. Done again with the same, nothing changes. A doubt about
 * whose it is holds it, unless that very question was decided before.
 */
export async function fileCase(
  options: FilingOptions,
  integration: Integration,
  arrived: Arrived,
  decision?: Decision,
): Promise<Filed> {
  const place: Place = { base: options.base, integration, at: new Date(options.now()).toISOString() };
  const filing = new Filing(options, place);
  const channel = readChannel(arrived.channel);
  const before =
    (await readCase(options.own, integration.id, channel.id)) ??
    newCase(integration.tenant, integration.id, channel.id);
  const match = await matchPatient(filing, channel, before);
  const decided = decision ?? before.decision;
  if (match.doubts.length > 0 && decided?.question !== match.question) return hold(filing, before, match, arrived);
  const known = { ...before, held: undefined, decision: decided };
  if (match.doubts.length > 0 && decided?.patient === undefined)
    return { outcome: 'rejected', ...(await commitOf(filing, before, known, [])) };
  const patient = match.doubts.length > 0 ? (decided?.patient ?? match.patient) : match.patient;
  return write(filing, { before, known, channel, patient, pdf: arrived.pdf, match });
}

/** Nothing of it is in the record until somebody decides. */
async function hold(filing: Filing, before: InboundCase, match: Match, { channel, pdf }: Arrived): Promise<Filed> {
  const { doubts, candidates, question } = match;
  const held = { doubts, candidates, question, channel: channel.toString('utf8'), pdf, at: filing.options.now() };
  return { outcome: 'held', ...(await commitOf(filing, before, { ...before, held }, [])) };
}

interface Writing {
  readonly before: InboundCase;
  readonly known: InboundCase;
  readonly channel: Channel;
  readonly patient: string;
  readonly pdf: Buffer;
  readonly match: Match;
}

async function write(filing: Filing, { before, known, channel, patient, pdf, match }: Writing): Promise<Filed> {
  const { place } = filing;
  const all = idsOf(place, channel.id);
  const ids = { encounter: all.encounter, patient };
  await savePatient(filing, channel, patient, all.patient);
  const encounter = await filing.read<Encounter>('Encounter', all.encounter);
  await filing.save(toEncounter(place, channel, ids, encounter));
  const findings = toObservations(place, channel, ids);
  const messages = toMessages(place, channel, ids);
  for (const each of [...findings, ...messages]) await filing.save(each);
  await saveLeft(filing, ids, new Set([...findings, ...messages].map(({ id }) => id)));
  const after = { ...known, patient, ...(await saveDocument(filing, before, channel, ids, pdf)) };
  const turn = match.turn && filing.changes ? [await takeTurn(filing.options.own, match.turn)] : [];
  const outcome = filing.changes ? 'filed' : 'unchanged';
  return { outcome, ...(await commitOf(filing, before, after, turn)) };
}

/** The patient that was made of this channel is what it says; of anybody else's record it changes nothing. */
async function savePatient(filing: Filing, channel: Channel, patient: string, own: string): Promise<void> {
  const known = await filing.read<Patient>('Patient', own);
  if (patient === own) {
    await filing.save(toPatient(filing.place, channel, own, known));
    return;
  }
  if (!known || known.active === false) return;
  // They were the stand-in for somebody who is known by now.
  const link = [...(known.link ?? []), { type: 'replaced-by', other: { reference: `Patient/${patient}` } }];
  await filing.save({ ...known, active: false, link } as Patient);
}

/** What the channel had before and has no more was an error; what it still stands by goes with the case. */
async function saveLeft(
  filing: Filing,
  ids: { readonly encounter: string; readonly patient: string },
  written: ReadonlySet<string | undefined>,
): Promise<void> {
  const subject = { reference: `Patient/${ids.patient}` };
  for (const type of ['Observation', 'Communication'] as const)
    for (const entry of await filing.ofEncounter(type, ids.encounter))
      if (isOurs(entry.id) && !written.has(entry.id))
        await filing.change(entry, { subject, ...(type === 'Observation' && { status: 'entered-in-error' }) });
}

/** The same bytes are the same document; others are a new one, which takes the place of the last. */
async function saveDocument(
  filing: Filing,
  { documents, sha256: last }: InboundCase,
  channel: Channel,
  ids: { readonly encounter: string; readonly patient: string },
  pdf: Buffer,
): Promise<Pick<InboundCase, 'documents' | 'sha256'>> {
  const { options, place } = filing;
  const { document } = idsOf(place, channel.id);
  const sha256 = createHash('sha256').update(pdf).digest('hex');
  const isNew = documents === 0 || sha256 !== last;
  const subject = { reference: `Patient/${ids.patient}` };
  for (let version = 1; version <= documents; version++) {
    const entry = await options.rows.read(filing.resource('DocumentReference'), document(version), filing.narrowing);
    const isLast = version === documents;
    if (entry) await filing.change(entry, { subject, ...(isLast && isNew && { status: 'superseded' }) });
  }
  if (!isNew) return { documents, sha256 };
  const version = documents + 1;
  const replaces = documents === 0 ? undefined : document(documents);
  await filing.save(toDocument(place, channel, ids, { id: document(version), version, sha256, pdf, replaces }));
  return { documents: version, sha256 };
}

/** The case itself, all that was planned, and the record of it: one transaction. */
async function commitOf(
  filing: Filing,
  before: InboundCase,
  after: InboundCase,
  more: readonly PlannedStatement[],
): Promise<Pick<Filed, 'statements' | 'committed'>> {
  const { own, trail, now } = filing.options;
  const { integration } = filing.place;
  const isSame = JSON.stringify({ ...before, held: null }) === JSON.stringify({ ...after, held: null });
  const stays = isSame && isSameHeld(before.held, after.held) && !filing.changes;
  const writes = filing.planned.flatMap(({ plan }) => plan.statements);
  const row = stays ? [] : [await saveCase(own, after)];
  if (!filing.changes) return { statements: [...row, ...more], committed: () => undefined };
  const event = await trail.plan({
    ...{ at: now(), tenant: integration.tenant, interaction: 'pulsara-file', action: 'U', status: 200 },
    ...{ type: 'Encounter', entity: `Encounter/${idsOf(filing.place, after.channel).encounter}` },
    ...{ credentialKind: 'integration', user: `integration:${integration.id}` },
    patients: after.patient === undefined ? [] : [after.patient],
  });
  return { statements: [...row, ...more, ...writes, ...event.statements], committed: event.committed };
}

const isSameHeld = (one: Held | undefined, other: Held | undefined): boolean =>
  one?.question === other?.question &&
  one?.channel === other?.channel &&
  (one === undefined || other === undefined || one.pdf.equals(other.pdf));
