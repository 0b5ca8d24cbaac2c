import assert from 'node:assert/strict';
import { narrow, type Access } from '../../src/access/narrow.js';
import { unindexed } from '../../src/dev/check-indices.js';
import { checkSource } from '../../src/dev/check-source.js';
import { leafOf, modifiersOf } from '../../src/define/params.js';
import type { SearchRequest } from '../../src/define/request.js';
import { targetsOf, type RegisteredResource, type Registry } from '../../src/registry.js';
import { chained, referring } from '../../src/search/chain.js';
import { inCompartment } from '../../src/search/compartment.js';
import { compile } from '../../src/search/compile.js';
import { Slot } from '../../src/search/fragment.js';
import { parse, parseTest } from '../../src/search/parse.js';
import { slotValues } from '../../src/search/slots.js';
import type { Database } from '../../src/store/database.js';
import { dialect } from '../support/database.js';
import { start, TENANT, type Server } from '../support/server.js';

/** Every way from a type to another, by chain and by `_has`. */
const asking = (registry: Registry, resource: RegisteredResource): string[] => [
  ...[...resource.params.keys()].flatMap((via) =>
    chained(registry, resource, via).map(({ type }) => `${via}:${type}._lastUpdated`),
  ),
  ...referring(registry, resource).map((each) => `_has:${each}:_lastUpdated`),
];

async function compiled(
  db: Database,
  registry: Registry,
  resource: RegisteredResource,
  pairs: [name: string, value: string][],
  patient: string | undefined,
  more: Partial<SearchRequest> = {},
): Promise<{ sql: string; values: unknown[] }> {
  const access: Access = {
    ...{ tenant: TENANT, credential: 'c', kind: 'client' },
    ...(patient !== undefined && { patient }),
    grants: [
      { level: 'system', type: '*', operations: new Set(['s'] as const) },
      { level: 'system', type: 'AuditEvent', operations: new Set(['s'] as const) },
      { level: 'system', type: 'Subscription', operations: new Set(['s'] as const) },
    ],
  };
  const reach = (other: RegisteredResource) => narrow(access, other, 's');
  const options = { registry, base: 'http://fhir.example', handling: 'strict', now: 0, reach } as const;
  const request = { ...parse(resource, pairs, options), ...more };
  const narrowing = reach(resource);
  const { sql, bindings } = compile(
    resource,
    request,
    narrowing,
    { kind: 'page' },
    {
      ...{ dialect: db.dialect, knex: await db.knex(), registry },
      // A column holds whose an observation is: there is only one.
      overflows: (_, param) => !more.first || (param !== 'patient' && param !== 'subject'),
      closed: () => false,
    },
  );
  const values = slotValues(request, narrowing, 21, undefined);
  return { sql, values: bindings.map((each) => db.dialect.value(each instanceof Slot ? values[each.index] : each)) };
}

/**
 * A table, or all that an organization has of one; of the rows that are searched for, that is how they are read in order.
 * In the plan a source that is a join goes by the names in it.
 */
const whole = ({ source }: RegisteredResource): RegExp =>
  typeof source.from === 'string'
    ? /^SCAN|^SEARCH (?!t )\S+ .*\(organization_id=\?\)$/
    : /^SCAN|^SEARCH (?!h )\S+ .*\(organization_id=\?\)$/;

/** The tables that the planner reads from end to end. */
async function scanned(
  db: Database,
  resource: RegisteredResource,
  { sql, values }: { sql: string; values: unknown[] },
): Promise<string[]> {
  if (db.dialect.name === 'sqlite') {
    const plan = await db.objects(`explain query plan ${sql}`, values);
    return plan.map((line) => String(line['detail'])).filter((line) => whole(resource).test(line));
  }
  const knex = await db.knex();
  return knex.transaction(async (transaction) => {
    // An empty table is read whole whatever indices it has, unless that is forbidden.
    await transaction.raw('set local enable_seqscan = off');
    const explain = `explain ${sql.replace(/\$\d+/g, '?')}`;
    const { rows } = await transaction.raw(explain, values as never);
    return (rows as object[]).map((row) => String(Object.values(row)[0])).filter((line) => line.includes('Seq Scan'));
  });
}

/** Reading all rows that an organization has of a type, also in the order of an index. */
const wholeOfOrganization = /Seq Scan|^SCAN t|^SEARCH t .*\(organization_id=\?\)$/;

describe('search: plans', () => {
  let server: Server;

  before(async () => {
    server = await start();
  });
  after(() => server.stop());

  it(`THREAT 73: every declared parameter of every type is bounded by an index (${dialect})`, async () => {
    const { own, registry } = server.portico;
    const faults = await checkSource(own, registry);
    assert.deepEqual(
      faults.map((each) => `${each.type}: ${each.text}`),
      [],
    );
  });

  it(`THREAT 73: every chain and every _has finds the other row by an index (${dialect})`, async () => {
    const { own, registry } = server.portico;
    const faults: string[] = [];
    for (const resource of registry.all())
      for (const name of asking(registry, resource))
        for (const patient of [undefined, 'p']) {
          const statement = await compiled(own, registry, resource, [[name, 'gt2020']], patient);
          const scans = await scanned(own, resource, statement);
          faults.push(...scans.map((each) => `${resource.type}?${name} (${String(patient)}): ${each}`));
        }
    assert.deepEqual(faults, []);
  });

  it(`THREAT 73: the last of each code are ranked among the rows of a patient alone (${dialect})`, async () => {
    const { own, registry } = server.portico;
    const resource = registry.get('Observation');
    assert.ok(resource);
    const first = { of: 'code', most: 3 };
    const asked: [pairs: [string, string][], patient: string | undefined][] = [
      [[['patient', 'p']], undefined],
      [[['subject', 'Patient/p']], undefined],
      [[['category', 'x']], 'p'],
    ];
    // What is ranked is read from end to end: those rows are the patient's.
    const ranked = /^SCAN (ranked|\(subquery-\d+\))$/;
    for (const [pairs, patient] of asked) {
      const statement = await compiled(own, registry, resource, pairs, patient, { first });
      const scans = await scanned(own, resource, statement);
      assert.deepEqual(
        scans.filter((line) => !ranked.test(line)),
        [],
      );
      if (dialect !== 'sqlite') continue;
      const plan = await own.objects(`explain query plan ${statement.sql}`, statement.values);
      const found = plan.some(({ detail }) =>
        /^SEARCH t .*\((organization_id=\? AND )?(subject|patient_id)=\?/.test(String(detail)),
      );
      assert.ok(found, JSON.stringify(plan));
    }
  });

  it(`THREAT 73: what belongs to a patient, and what has a second performer, is found by an index (${dialect})`, async () => {
    const { own, registry } = server.portico;
    const faults: string[] = [];
    const check = async (resource: RegisteredResource, label: string, more: Partial<SearchRequest>) => {
      const statement = await compiled(own, registry, resource, [], undefined, more);
      const plan =
        own.dialect.name === 'sqlite'
          ? (await own.objects(`explain query plan ${statement.sql}`, statement.values)).map(({ detail }) =>
              String(detail),
            )
          : await scanned(own, resource, statement);
      const scans = plan.filter((line) => wholeOfOrganization.test(line));
      faults.push(...scans.map((line) => `${resource.type} ${label}: ${line}`));
    };
    for (const resource of registry.all()) {
      const options = { registry, base: 'http://fhir.example', handling: 'strict', now: 0 } as const;
      const belongs = inCompartment(resource, 'p', options);
      if (belongs) await check(resource, 'of a patient', { criteria: [belongs] });
      for (const [name, { param, definition }] of resource.params) {
        if (definition.type !== 'reference' || leafOf(param).kind === 'kept') continue;
        const [type = ''] = targetsOf(resource, name);
        await check(resource, name, { criteria: [parseTest(resource, name, `${type}/x`, options)] });
      }
    }
    assert.deepEqual(faults, []);
  });

  it(`THREAT 73: no modifier of any parameter reads more than its organization has of a type (${dialect})`, async () => {
    const { own, registry } = server.portico;
    const values: Readonly<Record<string, string>> = { missing: 'true', identifier: 'x', 'of-type': 'a|b|c' };
    const faults: string[] = [];
    for (const resource of registry.all())
      for (const [name, { param, definition }] of resource.params)
        for (const modifier of modifiersOf(param)) {
          const plain =
            definition.type === 'token' && leafOf(param).kind === 'token' ? 'true' : 'http://fhir.example/x';
          const asked: [string, string][] = [[`${name}:${modifier}`, values[modifier] ?? plain]];
          const found = await scanned(own, resource, await compiled(own, registry, resource, asked, undefined));
          // Within an organization a child may be read in the order of its index.
          const beyond = found.filter((line) => !/^SCAN [ab]$/.test(line) && !/organization_id=\?/.test(line));
          faults.push(...beyond.map((line) => `${resource.type}?${name}:${modifier}: ${line}`));
        }
    assert.deepEqual(faults, []);
  });

  it(`THREAT 73: an amount is found in base units by an index, in the row, in a component and kept (${dialect})`, async () => {
    const { own, registry } = server.portico;
    const resource = registry.get('Observation');
    assert.ok(resource);
    const faults: string[] = [];
    for (const [name, before] of [
      ['value-quantity', ''],
      ['component-value-quantity', ''],
      ['code-value-quantity', 'x$'],
    ] as const) {
      const amount = `${before}5.4|http://unitsofmeasure.org|g`;
      const statement = await compiled(own, registry, resource, [[name, amount]], undefined);
      // The two halves of a union are read whole: what they found.
      faults.push(...(await scanned(own, resource, statement)).filter((line) => !/^SCAN [ab]$/.test(line)));
      if (dialect !== 'sqlite' || before !== '') continue;
      const plan = await own.objects(`explain query plan ${statement.sql}`, statement.values);
      const used = plan.map(({ detail }) => /INDEX (\w*_canonical) /.exec(String(detail))?.[1]).filter(Boolean);
      const table = name === 'value-quantity' ? 'observation' : 'observation_component';
      assert.deepEqual(used.sort(), [`${table}_canonical`, 'overflow_canonical'], name);
    }
    assert.deepEqual(faults, []);
  });

  it('notices a parameter that no index serves', async () => {
    const { own, registry } = server.portico;
    const resource = registry.get('Observation');
    assert.ok(resource);
    const text = await unindexed(own, resource, 'status', { kind: 'token', columns: { code: 'issued' } });
    assert.equal(text, 'search status: no index serves issued');
  });
});
