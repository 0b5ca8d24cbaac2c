import type { Reference, Specimen } from '@medplum/fhirtypes';
import { dateTime, minutesAfter } from './calendar.js';
import type { Case } from './cases.js';
import { claim, concept, quantity, referTo, snomed, SYSTEMS } from './coding.js';
import type { Finding } from './findings.js';
import { TENANTS, type Tenant } from './organizations.js';
import { personName } from './people.js';
import { referToClinician } from './practitioners.js';

const TYPES: Readonly<Record<string, string>> = {
  'Serum or plasma': '119364003',
  Blood: '119297000',
  'Arterial blood': '122552005',
  'Platelet-poor plasma': '119362004',
  'Nasopharyngeal swab': '258500001',
  Urine: '122575003',
};

interface Sample {
  readonly id: string;
  readonly kind: string;
  readonly at: number;
}

/** What was taken for the laboratory: one of each kind, and again when it was asked for again. */
function samplesOf({ plan, labs }: Case): Map<string, Sample> {
  const samples = new Map<string, Sample>();
  for (const { finding } of labs) {
    const key = keyOf(finding, labs[0]?.finding.at ?? 0);
    const id = `${plan.id}-s${String(samples.size + 1)}`;
    if (!samples.has(key)) samples.set(key, { id, kind: finding.resource.specimen?.display ?? '', at: finding.at });
  }
  return samples;
}

const keyOf = ({ at, resource }: Finding, first: number): string =>
  `${resource.specimen?.display ?? ''}${at >= minutesAfter(first, 60) ? ', again' : ''}`;

/** The sample in which something was found. */
export function specimenOf(demoCase: Case, finding: Finding): Reference<Specimen> | undefined {
  const sample = samplesOf(demoCase).get(keyOf(finding, demoCase.labs[0]?.finding.at ?? 0));
  return sample && referTo('Specimen', sample.id, sample.kind);
}

export function* specimensOf(demoCase: Case, tenant: Tenant): Generator<Specimen> {
  for (const sample of samplesOf(demoCase).values()) yield specimen(demoCase, sample, tenant);
}

function specimen({ plan, team }: Case, { id, kind, at }: Sample, tenant: Tenant): Specimen {
  return {
    resourceType: 'Specimen',
    id,
    meta: claim('us-core-specimen'),
    identifier: [{ use: 'official', system: SYSTEMS.specimen, value: `${TENANTS[tenant].clinical}-${id}` }],
    accessionIdentifier: { system: SYSTEMS.accession, value: `${dateTime(at).slice(0, 10)}-${id}` },
    status: 'available',
    type: concept(kind, snomed(TYPES[kind] ?? '123038009')),
    subject: referTo('Patient', plan.person.id, personName(plan.person)),
    receivedTime: dateTime(minutesAfter(at, 9)),
    collection: {
      collector: referToCollector(team.nurse, tenant),
      collectedDateTime: dateTime(minutesAfter(at, -6)),
      ...(kind.includes('swab') ? {} : { quantity: quantity(kind === 'Urine' ? 20 : 4, 'mL') }),
    },
  };
}

/** A collector is a person: whoever is not known by name is not referred to. */
function referToCollector(
  nurse: Case['team']['nurse'],
  tenant: Tenant,
): NonNullable<NonNullable<Specimen['collection']>['collector']> {
  const { reference, display = '' } = referToClinician(nurse, tenant);
  return reference?.startsWith('Practitioner/') ? referTo('Practitioner', nurse.id, display) : { display };
}
