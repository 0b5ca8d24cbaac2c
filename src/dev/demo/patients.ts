import type { Address, ContactPoint, Extension, HumanName, Patient } from '@medplum/fhirtypes';
import { absent, claim, coding, concept, hl7, referTo, snomed, usCore } from './coding.js';
import { organizationName, TENANTS, type Tenant } from './organizations.js';
import { people, type Person, type Race } from './people.js';
import { Random } from './random.js';

/** A row for each tenant that knows the patient; the record number is the tenant's own. */
export function* demoPatients(): Generator<{ organization: Tenant; resource: Patient }> {
  for (const person of people)
    for (const organization of person.tenants) yield { organization, resource: patientOf(person, organization) };
}

export const recordNumber = ({ index }: Person, tenant: Tenant): string =>
  tenant === 'org_riverside' ? String(4_410_207 + index * 1_973) : `VE-${String(20_118 + index * 37)}`;

function patientOf(person: Person, tenant: Tenant): Patient {
  const { traits, born } = person;
  const random = new Random('patient', person.id);
  const hospital = tenant === 'org_riverside';
  return {
    resourceType: 'Patient',
    id: person.id,
    meta: claim('us-core-patient'),
    ...extensionsOf(person),
    identifier: [
      {
        use: 'usual',
        type: concept('Medical record number', hl7('v2-0203', 'MR', 'Medical record number')),
        system: TENANTS[tenant].record,
        value: recordNumber(person, tenant),
      },
    ],
    active: true,
    name: namesOf(person),
    ...(!traits.nameless && { telecom: telecomOf(person, random) }),
    gender: person.gender,
    ...(born !== undefined && { birthDate: born }),
    ...(traits.deceased !== undefined && { deceasedDateTime: traits.deceased }),
    ...(!traits.nameless && { address: addressesOf(person, random), communication: languagesOf(person) }),
    ...(hospital &&
      person.index % 4 === 0 && { generalPractitioner: [referTo('Practitioner', 'pr-08', 'Beatrix Noonan')] }),
    managingOrganization: referTo('Organization', TENANTS[tenant].clinical, organizationName(TENANTS[tenant].clinical)),
  };
}

function namesOf({ given, family, traits }: Person): HumanName[] {
  if (traits.nameless) return [{ _family: { extension: [absent('unknown')] } } as HumanName];
  const names = given.split(' ');
  const since = '2019-06-15';
  const name: HumanName = {
    use: 'official',
    family,
    given: names,
    ...(traits.suffix !== undefined && { suffix: [traits.suffix] }),
    ...(traits.formerFamily !== undefined && { period: { start: since } }),
  };
  const others: HumanName[] = [];
  if (traits.formerFamily !== undefined)
    others.push({ use: 'old', family: traits.formerFamily, given: names, period: { start: '1999-04-02', end: since } });
  if (traits.latin) others.push({ use: 'usual', family: traits.latin[1], given: [traits.latin[0]] });
  return [name, ...others];
}

function telecomOf(person: Person, random: Random): ContactPoint[] {
  const number = (offset: number): string => `217-555-01${String((person.index * 2 + offset) % 100).padStart(2, '0')}`;
  const isGrown = person.born === undefined || person.born < '2006';
  const [given, family] = person.traits.latin ?? [person.given, person.family];
  const mailbox = `${given.split(' ')[0] ?? ''}.${family}`
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll('ł', 'l')
    .replace(/[^a-z.]/g, '');
  return [
    { system: 'phone', value: number(0), use: random.chance(0.6) ? 'mobile' : 'home' },
    ...(isGrown && random.chance(0.3)
      ? [{ system: 'phone', value: number(1), use: 'work' } satisfies ContactPoint]
      : []),
    { system: 'email', value: `${mailbox}@mail.example`, use: 'home' },
  ];
}

const STREETS = [
  'Larkspur Court',
  'Old Ferry Road',
  'Tanner Street',
  'Copper Beech Drive',
  'Mill Pond Lane',
  'Gable Street',
];
const CITIES = [
  ['Alder Falls', '62799'],
  ['Cedar Bend', '62798'],
  ['Harlow Junction', '62797'],
  ['Prairie Notch', '62796'],
] as const;

function addressesOf({ traits, born }: Person, random: Random): Address[] {
  const home = (use: 'home' | 'old', period: Address['period']): Address => {
    const [city, postalCode] = random.pick(CITIES);
    const line = [`${String(random.whole(12, 1980))} ${random.pick(STREETS)}`];
    if (random.chance(0.25)) line.push(`Apt ${String(random.whole(1, 24))}`);
    return { use, type: 'physical', line, city, state: 'IL', postalCode, country: 'US', ...(period && { period }) };
  };
  const moved = '2023-08-31';
  return traits.hasMoved
    ? [home('home', { start: moved }), home('old', { start: '2011-02-01', end: moved })]
    : [home('home', { start: [`${String(random.whole(2001, 2024))}-05-01`, born ?? ''].sort().at(-1) ?? '' })];
}

function languagesOf({ traits }: Person): NonNullable<Patient['communication']> {
  const [code, name] = traits.language ?? ['en', 'English'];
  const language = concept(name, coding('urn:ietf:bcp:47', code, name));
  return [{ language, preferred: true }];
}

const RACES: Readonly<Record<Race, readonly [code: string, display: string]>> = {
  white: ['2106-3', 'White'],
  black: ['2054-5', 'Black or African American'],
  asian: ['2028-9', 'Asian'],
  native: ['1002-5', 'American Indian or Alaska Native'],
  pacific: ['2076-8', 'Native Hawaiian or Other Pacific Islander'],
};
const OMB = 'urn:oid:2.16.840.1.113883.6.238';

function extensionsOf(person: Person): Pick<Patient, 'extension'> {
  const { traits, races, gender } = person;
  const extension: Extension[] = [];
  if (races.length > 0) {
    const details = traits.raceDetail ? [traits.raceDetail] : [];
    extension.push(
      omb(
        'us-core-race',
        races.map((race) => RACES[race]),
        details,
      ),
    );
    const ethnicity = traits.ethnicity
      ? (['2135-2', 'Hispanic or Latino'] as const)
      : (['2186-5', 'Not Hispanic or Latino'] as const);
    extension.push(omb('us-core-ethnicity', [ethnicity], traits.ethnicity ? [traits.ethnicity] : []));
  }
  if (traits.tribe) extension.push(tribe(...traits.tribe));
  const sex = traits.birthSex ?? (gender === 'female' ? 'F' : gender === 'male' && !traits.nameless ? 'M' : undefined);
  if (sex !== undefined) {
    extension.push({ url: usCore('us-core-birthsex'), valueCode: sex });
    extension.push({ url: usCore('us-core-sex'), valueCode: sex === 'F' ? '248152002' : '248153007' });
  }
  if (traits.identity)
    extension.push({ url: usCore('us-core-genderIdentity'), valueCodeableConcept: IDENTITIES[traits.identity] });
  return extension.length > 0 ? { extension } : {};
}

const IDENTITIES = {
  female: concept('Identifies as female', snomed('446141000124107')),
  male: concept('Identifies as male', snomed('446151000124109')),
  declined: concept('Asked, no answer', hl7('v3-NullFlavor', 'ASKU')),
};

type Code = readonly [code: string, display: string];

function omb(url: string, categories: readonly Code[], details: readonly Code[]): Extension {
  const part =
    (level: string) =>
    (code: Code): Extension => ({ url: level, valueCoding: coding(OMB, ...code) });
  const words = [...categories, ...details].map(([, display]) => display).join(', ');
  return {
    url: usCore(url),
    extension: [
      ...categories.map(part('ombCategory')),
      ...details.map(part('detailed')),
      { url: 'text', valueString: words },
    ],
  };
}

function tribe(code: string, display: string, isEnrolled: boolean): Extension {
  return {
    url: usCore('us-core-tribal-affiliation'),
    extension: [
      { url: 'tribalAffiliation', valueCodeableConcept: concept(display, hl7('v3-TribalEntityUS', code, display)) },
      { url: 'isEnrolled', valueBoolean: isEnrolled },
    ],
  };
}
