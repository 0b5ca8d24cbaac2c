import assert from 'node:assert/strict';
import fc from 'fast-check';
import { coded } from '../search/resources.js';
import { Client, included, matches } from '../support/client.js';
import { remove } from '../support/remove.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';

const CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';
const categories = ['vital-signs', 'laboratory', 'social-history', 'imaging'] as const;
const codes = ['a', 'b'] as const;
const patients = ['p', 'q'] as const;
/** The native resource of a category, in the order of vendors.md: the first that an Observation has. */
const natives = [
  ['vital-signs', 'vitals'],
  ['laboratory', 'reports'],
  ['social-history', 'histories'],
] as const;

const person = fc.constantFrom(...patients).map((id) => `Patient/${id}`);
const rows = fc.array(
  fc.record({
    tenant: fc.constantFrom(TENANT, TENANT, OTHER_TENANT),
    category: fc.subarray([...categories], { maxLength: 2 }),
    code: fc.constantFrom(...codes),
    subject: fc.option(person, { nil: undefined }),
    performer: fc.array(fc.oneof(person, fc.constant('Practitioner/d')), { maxLength: 2 }),
    member: fc.option(fc.nat(11), { nil: undefined }),
  }),
  { minLength: 8, maxLength: 12 },
);

/** A scope of a token and, told from the resource's JSON by nothing of src, what it opens. */
interface Opening {
  readonly text: string;
  readonly opens: (resource: any, operation: 'r' | 's', pin: string | undefined) => boolean;
}

const isA = (resource: any, type: string): boolean => type === '*' || resource.resourceType === type;
const operations = fc.subarray(['c', 'r', 'u', 'd', 's'] as const, { minLength: 1 }).map((each) => each.join(''));
const smart = fc
  .record({
    level: fc.constantFrom('system', 'patient'),
    type: fc.constantFrom('*', 'Observation', 'Patient'),
    operations,
  })
  .map(({ level, type, operations }): Opening => ({
    text: `${level}/${type}.${operations}`,
    opens: (resource, operation, pin) =>
      isA(resource, type) && operations.includes(operation) && (level === 'system' || pin !== undefined),
  }));
const has = (concepts: any[] | undefined, system: string, code: string): boolean =>
  (concepts ?? []).some((each) => each.coding.some((one: any) => one.system === system && one.code === code));
const granular = fc
  .record({
    wanted: fc.subarray([...categories], { minLength: 1, maxLength: 2 }),
    code: fc.option(fc.constantFrom(...codes), { nil: undefined }),
    operations: fc.constantFrom('r', 's', 'rs', 'cruds'),
    level: fc.constantFrom('system', 'patient'),
  })
  .map(({ wanted, code, operations, level }): Opening => ({
    text: `${level}/Observation.${operations}?category=${wanted.map((each) => `${CATEGORY}|${each}`).join(',')}${code === undefined ? '' : `&code=urn:c|${code}`}`,
    opens: (resource, operation, pin) =>
      isA(resource, 'Observation') &&
      operations.includes(operation) &&
      (level === 'system' || pin !== undefined) &&
      wanted.some((each) => has(resource.category, CATEGORY, each)) &&
      (code === undefined || has([resource.code], 'urn:c', code)),
  }));
function nativeName(resource: any): string {
  if (resource.resourceType === 'Patient') return 'patients';
  if (resource.resourceType === 'Practitioner') return 'physicians';
  return natives.find(([category]) => has(resource.category, CATEGORY, category))?.[1] ?? 'none';
}
const native = fc
  .tuple(fc.constantFrom('vitals', 'reports', 'histories', 'patients', 'problems'), fc.constantFrom('read', 'write'))
  .map(([name, permission]): Opening => ({
    text: `system/${name}.${permission}`,
    opens: (resource) => permission === 'read' && nativeName(resource) === name,
  }));
const apiv2: fc.Arbitrary<Opening[]> = fc.constant([{ text: 'apiv2', opens: () => true }]);
const scopes = fc.oneof(
  { weight: 1, arbitrary: apiv2 },
  {
    weight: 6,
    arbitrary: fc.uniqueArray(fc.oneof(smart, granular, native), {
      minLength: 1,
      maxLength: 4,
      selector: ({ text }) => text,
    }),
  },
);

/** The patients in whose compartment a resource is: a pin sees what names its patient and no other. */
function patientsOf(resource: any): Set<string> {
  if (resource.resourceType === 'Patient') return new Set([resource.id as string]);
  const named = [resource.subject, ...(resource.performer ?? [])].map((each) => each?.reference as string | undefined);
  return new Set(named.filter((each) => each?.startsWith('Patient/')).map((each) => each!.slice(8)));
}

describe('attacks/narrowing: property', function () {
  this.timeout(60_000);
  let server: Server;
  let generation = 0;

  before(async () => {
    server = await start();
  });
  after(() => server.stop());

  it('THREAT 42-45: reads, searches, counts, includes and chains show what the published rules say, whatever the token', () =>
    fc.assert(
      fc.asyncProperty(
        rows,
        fc.array(fc.tuple(scopes, fc.option(fc.constantFrom(...patients), { nil: undefined })), {
          minLength: 3,
          maxLength: 3,
        }),
        async (made, tokens) => {
          const run = `g${String(++generation)}`;
          const byTenant = populate(run, made);
          for (const [tenant, resources] of byTenant) await server.save(resources, tenant);
          for (const [openings, who] of tokens) {
            const pin = who === undefined ? undefined : `${run}-${who}`;
            const client = await clientWith(openings, pin);
            if (client) await check(client, openings, byTenant.get(TENANT)!, byTenant.get(OTHER_TENANT)!, pin);
          }
          assert.deepEqual(server.alarms, []);
          // One population is searched at a time.
          for (const [tenant, resources] of byTenant)
            for (const { resourceType, id } of resources)
              await remove(server, resourceType as string, id as string, tenant);
        },
      ),
      { numRuns: 10, seed: 20_260, endOnFailure: true },
    ));

  /** A patient's scope is for a pinned credential: the others ask for what is left. */
  async function clientWith(openings: readonly Opening[], pin: string | undefined): Promise<Client | undefined> {
    const asked = openings.map(({ text }) => text).filter((text) => pin !== undefined || !text.startsWith('patient/'));
    if (asked.length === 0) return undefined;
    const scope = asked.join(' ');
    const credential = await server.credential({ scopeCeiling: scope, ...(pin !== undefined && { patient: pin }) });
    return Client.login(server.url, credential, scope);
  }
});

function populate(run: string, made: readonly any[]): Map<string, any[]> {
  const local = (reference: string): object => ({ reference: reference.replace('/', `/${run}-`) });
  const people = patients.map((id) => ({
    resourceType: 'Patient',
    id: `${run}-${id}`,
    gender: id === 'p' ? 'male' : 'female',
  }));
  const of = (tenant: string): any[] => [
    ...people,
    { resourceType: 'Practitioner', id: `${run}-d`, active: true },
    ...made.flatMap((each, index) =>
      each.tenant === tenant
        ? [
            {
              resourceType: 'Observation',
              id: `${run}-${String(index)}`,
              status: 'final',
              code: coded('urn:c', each.code as string),
              ...(each.category.length > 0 && { category: each.category.map((code: string) => coded(CATEGORY, code)) }),
              ...(each.subject !== undefined && { subject: local(each.subject as string) }),
              ...(each.performer.length > 0 && { performer: each.performer.map(local) }),
              ...(each.member !== undefined && { hasMember: [local(`Observation/${String(each.member)}`)] }),
            },
          ]
        : [],
    ),
  ];
  return new Map([TENANT, OTHER_TENANT].map((tenant) => [tenant, of(tenant)]));
}

async function check(
  client: Client,
  openings: readonly Opening[],
  mine: readonly any[],
  theirs: readonly any[],
  pin: string | undefined,
): Promise<void> {
  const granted = new Set((client.granted['scope'] as string).split(' '));
  const held = openings.filter(({ text }) => granted.has(text));
  const visible = (resource: any, ...operations: ('r' | 's')[]): boolean =>
    operations.some((operation) => held.some(({ opens }) => opens(resource, operation, pin))) &&
    (pin === undefined || resource.resourceType === 'Practitioner' || isSole(resource, pin));
  const label = `${[...granted].join(' ')} pinned to ${String(pin)}`;
  const ids = (resources: readonly any[]): string[] => resources.map((each) => each.id as string).sort();
  const of = (type: string): any[] => mine.filter((each) => each.resourceType === type);
  const typeOpens = (type: string, operation: 'r' | 's'): boolean => opensType(held, type, operation, pin);

  for (const resource of [...mine, ...theirs.filter((each) => !mine.some(({ id }) => id === each.id))]) {
    const type = resource.resourceType as string;
    const expected = !typeOpens(type, 'r') ? 403 : mine.includes(resource) && visible(resource, 'r') ? 200 : 404;
    for (const path of [`${type}/${String(resource.id)}`, `${type}/${String(resource.id)}/_history/1`])
      assert.equal((await client.get(path)).status, expected, `${label}: ${path}`);
  }
  for (const type of ['Observation', 'Patient']) {
    const found = of(type).filter((each) => visible(each, 's'));
    const { status, body } = await client.get(`${type}?_count=100`);
    assert.equal(status, typeOpens(type, 's') ? 200 : 403, `${label}: ${type}`);
    if (status !== 200) continue;
    assert.deepEqual(ids(matches(body)), ids(found), `${label}: ${type}`);
    assert.equal((await client.get(`${type}?_summary=count`)).body.total, found.length, `${label}: ${type}`);
  }
  if (typeOpens('Observation', 's')) {
    const found = of('Observation').filter((each) => visible(each, 's'));
    const refers = new Set(
      found.flatMap(({ hasMember = [], subject, performer = [] }) =>
        [subject, ...performer, ...hasMember].map((each: any) => each?.reference as string | undefined),
      ),
    );
    const more = mine.filter(
      (each) =>
        refers.has(`${String(each.resourceType)}/${String(each.id)}`) &&
        visible(each, 'r', 's') &&
        !found.includes(each),
    );
    const { body } = await client.get('Observation?_count=100&_include=*');
    assert.deepEqual(ids(included(body)), ids(more), `${label}: _include`);
  }
  for (const { type, other, query, joined } of chains) {
    const { status, body } = await client.get(`${type}?${query}&_count=100`);
    assert.equal(status, typeOpens(type, 's') && typeOpens(other, 's') ? 200 : 403, `${label}: ${type}?${query}`);
    if (status !== 200) continue;
    const others = of(other).filter((each) => visible(each, 's'));
    const found = of(type).filter((each) => visible(each, 's') && others.some((one) => joined(each, one)));
    assert.deepEqual(ids(matches(body)), ids(found), `${label}: ${type}?${query}`);
  }
  if (typeOpens('Patient', 's')) {
    const people = of('Patient')
      .filter((each) => visible(each, 's'))
      .map((each) => `Patient/${String(each.id)}`);
    const more = of('Observation').filter(
      (each) => people.includes(each.subject?.reference as string) && visible(each, 's'),
    );
    const { body } = await client.get('Patient?_count=100&_revinclude=Observation:patient');
    assert.deepEqual(ids(included(body)), ids(more), `${label}: _revinclude`);
  }
}

/** What is asked of other rows, and whether one row says it of another: seen as the token sees both. */
const chains: readonly {
  readonly type: 'Observation' | 'Patient';
  readonly other: 'Observation' | 'Patient';
  readonly query: string;
  readonly joined: (row: any, other: any) => boolean;
}[] = [
  {
    ...{ type: 'Observation', other: 'Patient', query: 'patient.gender=male' },
    joined: (row, other) => row.subject?.reference === `Patient/${String(other.id)}` && other.gender === 'male',
  },
  {
    ...{ type: 'Observation', other: 'Patient', query: 'performer:Patient.gender:not=male' },
    joined: (row, other) => names(row.performer, other) && other.gender !== 'male',
  },
  {
    ...{ type: 'Observation', other: 'Observation', query: 'has-member.code=urn:c|a' },
    joined: (row, other) => names(row.hasMember, other) && has([other.code], 'urn:c', 'a'),
  },
  {
    ...{ type: 'Observation', other: 'Observation', query: '_has:Observation:has-member:category=laboratory' },
    joined: (row, other) => names(other.hasMember, row) && has(other.category, CATEGORY, 'laboratory'),
  },
  {
    ...{ type: 'Patient', other: 'Observation', query: '_has:Observation:patient:code=a' },
    joined: (row, other) => names([other.subject], row) && has([other.code], 'urn:c', 'a'),
  },
  {
    ...{ type: 'Patient', other: 'Observation', query: '_has:Observation:performer:category:not=imaging' },
    joined: (row, other) => names(other.performer, row) && !has(other.category, CATEGORY, 'imaging'),
  },
];

const names = (references: any[] | undefined, { resourceType, id }: any): boolean =>
  (references ?? []).some((each) => each?.reference === `${String(resourceType)}/${String(id)}`);

const isSole = (resource: any, pin: string): boolean => {
  const named = patientsOf(resource);
  return named.size === 1 && named.has(pin);
};

/** Whether a scope opens the type at all: what it then hides is 404, and not 403. */
function opensType(held: readonly Opening[], type: string, operation: 'r' | 's', pin: string | undefined): boolean {
  const every = categories.flatMap((category) =>
    codes.map((code) => ({ resourceType: type, category: [coded(CATEGORY, category)], code: coded('urn:c', code) })),
  );
  return [{ resourceType: type }, ...every].some((each) => held.some(({ opens }) => opens(each, operation, pin)));
}
