import type { Encounter, Patient } from '@medplum/fhirtypes';
import { createHash } from 'node:crypto';
import { fold } from '../define/fold.js';
import { parse } from '../search/parse.js';
import { seeTurn, type Turn } from '../store/turns.js';
import type { Doubt, InboundCase } from './case.js';
import type { Channel } from './channel.js';
import type { Filing } from './filing.js';
import { idsOf, numberOf } from './place.js';

/** Whose case it is, or who it may be. */
export interface Match {
  /** The one to file it under, where there is no doubt. */
  readonly patient: string;
  readonly doubts: readonly Doubt[];
  /** In case of doubt: whose it may be. */
  readonly candidates: readonly string[];
  readonly question: string;
  /** To take with the write, so that of two cases with a new record number one sees the other's patient. */
  readonly turn: Turn | undefined;
}

/** More patients with one record number than these are as doubtful as these. */
const SEVERAL = 5;

/**
 * Finds the patient of a channel by their record number within the organization, or else by the number of the visit.
 * Somebody else with the number, several with it, or a case that is filed elsewhere already: nothing is merged.
 */
export async function matchPatient(filing: Filing, channel: Channel, before: InboundCase): Promise<Match> {
  const { place } = filing;
  const { rules } = place.integration;
  const ids = idsOf(place, channel.id);
  const mrn = numberOf(place, channel, 'mrn');
  const csn = numberOf(place, channel, 'csn');
  const number = mrn && `${rules.mrnSystem}|${mrn.value}`;
  const turn =
    number === undefined
      ? undefined
      : await seeTurn(filing.options.own, JSON.stringify(['pulsara', place.integration.tenant, number]));
  const found = mrn
    ? await withRecord(filing, rules.mrnSystem, mrn.value)
    : csn
      ? await withVisit(filing, rules.csnSystem, csn.value, ids.encounter)
      : [];
  const others = found.filter(({ id }) => id !== ids.patient);
  // The patient that was made of this channel has the number too when somebody else got it since.
  const candidates = others.length > 0 ? others : found;
  const doubts = await doubtsOf(filing, channel, candidates, ids);
  const [only] = candidates;
  const patient = only?.id ?? ids.patient;
  const isElsewhere = before.patient !== undefined && before.patient !== patient && before.patient !== ids.patient;
  if (isElsewhere) doubts.push('moved');
  const all = [...new Set([...candidates.map(({ id }) => id), ...(isElsewhere ? [patient, before.patient] : [])])];
  const { firstName, lastName, birthDate } = channel;
  const asked = [doubts, all, firstName, lastName, birthDate, mrn?.value, csn?.value];
  const question = createHash('sha256').update(JSON.stringify(asked)).digest('hex');
  return { patient, doubts, candidates: all, question, turn };
}

async function withRecord(filing: Filing, system: string, value: string): Promise<Known[]> {
  const entries = await search(filing, 'Patient', [['identifier', token(system, value)]]);
  return entries.map(({ text }) => JSON.parse(text) as Known);
}

/** Patients of encounters that have the number of a visit, but for the channel's own. */
async function withVisit(filing: Filing, system: string, value: string, own: string): Promise<Known[]> {
  const entries = await search(filing, 'Encounter', [['identifier', token(system, value)]]);
  const subjects = entries
    .map(({ text }) => JSON.parse(text) as Encounter)
    .filter(({ id }) => id !== own)
    .map(({ subject }) => /^Patient\/(.+)$/.exec(subject?.reference ?? '')?.[1])
    .filter((id) => id !== undefined);
  const patients = await Promise.all([...new Set(subjects)].map((id) => filing.read<Known>('Patient', id)));
  return patients.filter((each) => each !== undefined);
}

type Known = Patient & { readonly id: string };

async function search(filing: Filing, type: 'Patient' | 'Encounter', pairs: [string, string][]) {
  const { registry, base, now, rows } = filing.options;
  const resource = filing.resource(type);
  const options = { registry, base, handling: 'strict', now: now() } as const;
  const request = parse(resource, [...pairs, ['_count', String(SEVERAL)]], options);
  return (await rows.find(resource, request, filing.narrowing)).entries;
}

const token = (system: string, value: string): string => `${escaped(system)}|${escaped(value)}`;
const escaped = (text: string): string => text.replace(/[\\,|$]/g, (each) => `\\${each}`);

async function doubtsOf(
  filing: Filing,
  channel: Channel,
  candidates: readonly Known[],
  ids: { readonly patient: string; readonly encounter: string },
): Promise<Doubt[]> {
  if (candidates.length > 1) return ['several'];
  const [only] = candidates;
  if (!only) return [];
  // A case may correct what it said itself, as long as nobody else's case leans on it.
  if (only.id === ids.patient && !(await isShared(filing, ids))) return [];
  return [
    ...(isNamed(only, channel) ? [] : (['name'] as const)),
    ...(isBorn(only, channel) ? [] : (['birth-date'] as const)),
  ];
}

async function isShared(
  filing: Filing,
  { patient, encounter }: { patient: string; encounter: string },
): Promise<boolean> {
  const found = await search(filing, 'Encounter', [['subject', `Patient/${patient}`]]);
  return found.some(({ id }) => id !== encounter);
}

/** Whether one of their names is the channel's, as far as both are known. */
function isNamed({ name = [] }: Patient, { firstName, lastName }: Channel): boolean {
  const known = name.filter(({ family, given }) => family !== undefined || given !== undefined);
  if (known.length === 0) return true;
  return known.some(
    ({ family, given }) =>
      (family === undefined || lastName === undefined || fold(family) === fold(lastName)) &&
      (given === undefined || firstName === undefined || sameGiven(given, firstName)),
  );
}

/** `Ada` and `Ada Maria` are one: a crew asks for a first name. */
function sameGiven(given: readonly string[], first: string): boolean {
  const known = given.flatMap((each) => fold(each).split(/\s+/));
  return fold(first).split(/\s+/)[0] === known[0];
}

/** A birth date may be a year alone. */
function isBorn({ birthDate }: Patient, channel: Channel): boolean {
  if (birthDate === undefined || channel.birthDate === undefined) return true;
  return channel.birthDate.startsWith(birthDate) || birthDate.startsWith(channel.birthDate);
}
