import assert from 'node:assert/strict';
import { included, matches, type Client } from '../support/client.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';
import { observation, patient } from '../search/resources.js';

const to = (reference: string): object => ({ reference });
const names = (resources: any[]): string[] =>
  resources.map((each) => `${String(each.resourceType)}/${String(each.id)}`).sort();

describe('rest/search: includes', () => {
  let server: Server;
  let client: Client;
  let portal: Client;

  const found = async (who: Client, path: string): Promise<string[]> => {
    const { status, body, text } = await who.get(path);
    assert.equal(status, 200, text);
    return names(included(body));
  };

  before(async () => {
    server = await start();
    await server.save([
      patient('a', { managingOrganization: to('Organization/org') }),
      patient('b', { link: [{ other: to('Patient/a'), type: 'seealso' }] }),
      { resourceType: 'Practitioner', id: 'doc' },
      { resourceType: 'Practitioner', id: 'second' },
      { resourceType: 'Organization', id: 'org', name: 'Org', partOf: to('Organization/owner') },
      { resourceType: 'Organization', id: 'owner', name: 'Owner' },
      ...[1, 2, 3, 4].map((each) => ({
        ...{ resourceType: 'Organization', id: `chain-${String(each)}`, name: 'Link' },
        partOf: to(`Organization/chain-${String(each + 1)}`),
      })),
      { resourceType: 'Organization', id: 'chain-5', name: 'Last' },
      observation('a1', {
        subject: to('Patient/a'),
        performer: [to('Practitioner/doc'), to('Practitioner/second'), to('Organization/org')],
        hasMember: [to('Observation/b1'), to('Observation/a2')],
      }),
      observation('a2', { subject: to('Patient/a'), performer: [to('Practitioner/doc')] }),
      observation('b1', {
        subject: to('Patient/b'),
        performer: [to('Practitioner/doc')],
        derivedFrom: [to('Observation/a1')],
      }),
      observation('gone', {
        subject: to('https://other.example/fhir/Patient/b'),
        performer: [to('Practitioner/none')],
        focus: [to('Organization/owner'), to('Device/none')],
      }),
    ]);
    await server.save([{ resourceType: 'Practitioner', id: 'doc', active: true }], OTHER_TENANT);
    await server.save([observation('theirs', { performer: [to('Practitioner/doc')] })], OTHER_TENANT);
    client = await server.client();
    portal = await server.portal('a');
  });
  after(() => server.stop());

  it('REST 40: adds what the matches refer to, each once', async () => {
    const path = 'Observation?_id=a1,a2&_include=Observation:performer&_include=Observation:performer';
    assert.deepEqual(await found(client, path), ['Organization/org', 'Practitioner/doc', 'Practitioner/second']);
    const { body } = await client.get('Observation?_id=a1,a2&_include=Observation:has-member');
    assert.deepEqual(names(matches(body)), ['Observation/a1', 'Observation/a2']);
    assert.deepEqual(names(included(body)), ['Observation/b1'], 'a match is not included again');
    assert.equal(body.total, 2);
  });

  it('REST 40: of one target type, of every parameter, and of none that is there', async () => {
    assert.deepEqual(await found(client, 'Observation?_id=a1&_include=Observation:performer:Organization'), [
      'Organization/org',
    ]);
    const all = [
      'Observation/a2',
      'Observation/b1',
      'Organization/org',
      'Patient/a',
      'Practitioner/doc',
      'Practitioner/second',
    ];
    assert.deepEqual(await found(client, 'Observation?_id=a1&_include=*'), all);
    assert.deepEqual(await found(client, 'Observation?_id=a1&_include=Observation:*'), all);
    assert.deepEqual(await found(client, 'Observation?_id=gone&_include=*'), ['Organization/owner']);
    assert.deepEqual(await found(client, 'Observation?_id=gone&_include=Observation:device'), []);
  });

  it('REST 40: adds what refers to the matches', async () => {
    assert.deepEqual(await found(client, 'Practitioner?_id=doc&_revinclude=Observation:performer'), [
      'Observation/a1',
      'Observation/a2',
      'Observation/b1',
    ]);
    assert.deepEqual(await found(client, 'Practitioner?_id=second&_revinclude=Observation:performer'), [
      'Observation/a1',
    ]);
    assert.deepEqual(
      await found(client, 'Patient?_id=a&_revinclude=Observation:patient&_revinclude=Observation:subject&_include=*'),
      ['Observation/a1', 'Observation/a2', 'Organization/org'],
    );
    // References that have no column of their own.
    assert.deepEqual(await found(client, 'Organization?_id=owner&_revinclude=Observation:focus'), ['Observation/gone']);
    assert.deepEqual(await found(client, 'Patient?_id=b&_include=Patient:link'), ['Patient/a']);
    assert.deepEqual(await found(client, 'Patient?_id=a&_revinclude=Patient:link'), ['Patient/b']);
    assert.deepEqual(await found(portal, 'Patient?_id=a&_revinclude=Patient:link&_revinclude=Observation:focus'), []);
  });

  it('REST 40: :iterate goes on from what was included, and the rest does not', async () => {
    const direct = 'Observation?_id=a1&_include=Observation:patient';
    assert.deepEqual(await found(client, `${direct}&_include:iterate=Patient:organization`), [
      'Organization/org',
      'Patient/a',
    ]);
    assert.deepEqual(await found(client, `${direct}&_include:iterate=Organization:partof`), ['Patient/a']);
    assert.deepEqual(await found(client, `${direct}&_include:iterate=Patient:*&_include:iterate=Organization:partof`), [
      'Organization/org',
      'Organization/owner',
      'Patient/a',
    ]);
    assert.deepEqual(await found(client, 'Patient?_id=b&_revinclude:iterate=Observation:performer'), []);
    assert.deepEqual(
      await found(
        client,
        'Patient?_id=a&_include:iterate=Organization:partof&_include=Patient:organization&_revinclude:iterate=Organization:partof',
      ),
      ['Organization/org', 'Organization/owner'],
    );
    const { body } = await client.get(`${direct}&_include:iterate=*`);
    assert.match(body.link[0].url, /_include%3Aiterate=\*/);
    assert.equal(body.total, 1);
  });

  it('REST 40, THREAT 73: it ends, with circles and with long ways, and says what is left out', async () => {
    const all = await found(client, 'Observation?_id=b1&_include:iterate=*&_revinclude:iterate=*');
    const written = all.filter((each) => each.startsWith('Provenance/'));
    const others = all.filter((each) => !each.startsWith('Provenance/'));
    assert.equal(
      written.length,
      others.length,
      'each was written once; of the match it is said too, and of it not asked',
    );
    assert.deepEqual(others, [
      'Observation/a1',
      'Observation/a2',
      'Organization/org',
      'Organization/owner',
      'Patient/a',
      'Patient/b',
      'Practitioner/doc',
      'Practitioner/second',
    ]);
    const path = 'Organization?_id=chain-1&_include:iterate=Organization:partof';
    const { body } = await client.get(path);
    assert.deepEqual(names(included(body)), ['Organization/chain-2', 'Organization/chain-3', 'Organization/chain-4']);
    assert.equal(body.entry.at(-1).search.mode, 'outcome');
    assert.equal(body.entry.at(-1).resource.issue[0].code, 'incomplete');
    const whole = await client.get('Organization?_id=chain-2&_include:iterate=Organization:partof');
    assert.notEqual(whole.body.entry.at(-1).search.mode, 'outcome');
  });

  it('REST 40: every reference that is declared, by a wildcard', async () => {
    const wild = async (path: string): Promise<string[]> =>
      (await found(client, path)).map((each) => each.replace(/^Provenance\/.*/, 'Provenance'));
    assert.deepEqual(await wild('Practitioner?_id=second&_revinclude=*'), ['Observation/a1', 'Provenance']);
    assert.deepEqual(await wild('Organization?_id=org&_revinclude=*'), ['Observation/a1', 'Patient/a', 'Provenance']);
    assert.deepEqual(await found(client, 'Organization?_id=org&_revinclude=Patient:*'), ['Patient/a']);
    assert.deepEqual(await found(client, 'Patient?_id=a&_revinclude=Observation:*:Patient'), [
      'Observation/a1',
      'Observation/a2',
    ]);
    for (const query of [
      '_include:iterate=Nonsense:x',
      '_include:iterate=Observation:code',
      '_include:iterate=Patient:organization:Patient',
      '_include:recurse=*',
      '_revinclude=Nonsense:*',
      '_revinclude:iterate=Observation:code',
    ])
      assert.equal((await client.get(`Observation?${query}`)).status, 400, query);
  });

  it('REST 44, THREAT 43: nothing of another patient is reached by :iterate', async () => {
    for (const path of [
      'Observation?_include:iterate=*&_revinclude:iterate=*&_count=500',
      'Practitioner?_revinclude:iterate=Observation:performer&_include:iterate=*&_revinclude:iterate=*',
      'Organization?_revinclude:iterate=*&_include:iterate=*',
      'Patient?_revinclude:iterate=*&_include:iterate=*',
    ]) {
      const { body } = await portal.get(path);
      const all = [...names(matches(body)), ...names(included(body))];
      assert.ok(all.length > 0, path);
      for (const each of all) assert.doesNotMatch(each, /\/(b|b1|gone|theirs)$/, path);
    }
    assert.deepEqual(server.alarms, []);
    const only = await server.client('system/Observation.rs system/Organization.rs');
    // The patient on the way is not seen, so that nothing is reached through them.
    const through = 'Observation?_id=a2&_include=Observation:patient&_include:iterate=Patient:organization';
    assert.deepEqual(await found(only, through), []);
  });

  it('REST 44, THREAT 43, 44: a key of one patient gets nothing of another, through any include', async () => {
    for (const path of [
      'Observation?_include=*&_count=500',
      'Observation?_include=Observation:has-member',
      'Observation?_revinclude=Observation:derived-from&_revinclude=Observation:has-member',
      'Practitioner?_revinclude=Observation:performer',
      'Organization?_revinclude=Observation:performer&_revinclude=Patient:organization',
      'Patient?_revinclude=Observation:patient&_revinclude=Observation:subject',
    ]) {
      const { status, body, text } = await portal.get(path);
      assert.equal(status, 200, text);
      const all = [...names(matches(body)), ...names(included(body))];
      assert.ok(all.length > 0, path);
      for (const each of all) assert.doesNotMatch(each, /\/(b|b1|gone|theirs)$/, path);
    }
    assert.deepEqual(await found(portal, 'Practitioner?_id=doc&_revinclude=Observation:performer'), [
      'Observation/a1',
      'Observation/a2',
    ]);
    assert.deepEqual(await found(portal, 'Observation?_id=a1&_include=Observation:has-member'), ['Observation/a2']);
    assert.deepEqual(server.alarms, []);
  });

  it('THREAT 42: a key of one patient finds and counts nothing of another, whatever it asks', async () => {
    for (const query of [
      'patient=b',
      'subject=Patient/b',
      'patient=a,b&_id=b1',
      '_id=b1',
      '_id=a1,b1&_id=b1',
      'subject:missing=true',
      'derived-from=Observation/a1',
      '_id:not=a1&_id:not=a2',
    ])
      for (const extra of ['', '&_summary=count', '&_total=accurate&_count=1', '&_count=0', '&_cursor=last']) {
        const { status, body, text } = await portal.get(`Observation?${query}${extra}`);
        assert.equal(status, 200, text);
        assert.equal(body.entry, undefined, `${query}${extra}`);
        if (extra !== '&_cursor=last') assert.equal(body.total, 0, `${query}${extra}`);
      }
    const { body } = await portal.postSearch('Observation', { patient: 'a,b', _summary: 'count' });
    assert.equal(body.total, 2);
    assert.equal((await portal.get('Patient?_id:not=a&_summary=count')).body.total, 0);
    assert.equal((await portal.get('Patient?_summary=count')).body.total, 1);
  });

  it('REST 44: a type that no scope opens adds nothing, and is no error', async () => {
    const only = await server.client('system/Observation.rs');
    assert.deepEqual(await found(only, 'Observation?_id=a1&_include=*'), ['Observation/a2', 'Observation/b1']);
    const practitioners = await server.client('system/Practitioner.rs');
    assert.deepEqual(await found(practitioners, 'Practitioner?_revinclude=Observation:performer'), []);
    assert.equal((await practitioners.get('Observation?_include=Observation:performer')).status, 403);
  });

  it('THREAT 38: includes stay within the organization', async () => {
    const theirs = await server.client(undefined, OTHER_TENANT);
    assert.deepEqual(await found(theirs, 'Observation?_include=*'), ['Practitioner/doc']);
    assert.deepEqual(await found(theirs, 'Practitioner?_revinclude=Observation:performer'), ['Observation/theirs']);
  });

  it('THREAT 73: more includes than make sense are refused', async () => {
    const many = Array.from({ length: 21 }, () => '_include=Observation:patient').join('&');
    const { status, body } = await client.get(`Observation?${many}`);
    assert.equal(status, 400);
    assert.equal(body.issue[0].code, 'too-costly');
  });
});
