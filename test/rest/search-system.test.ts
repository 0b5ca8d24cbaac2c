import assert from 'node:assert/strict';
import { codeOf } from '../search/describe-search.js';
import { startRecords } from '../attacks/records.js';
import { matches, type Client } from '../support/client.js';
import { OTHER_TENANT, type Server } from '../support/server.js';

const named = (resources: any[]): string[] => resources.map((each) => `${each.resourceType}/${each.id}`);

describe('rest/search: several types at once', () => {
  let server: Server;
  let client: Client;
  let portal: Client;

  before(async () => {
    server = await startRecords();
    client = await server.client();
    portal = await server.portal('a');
  });
  after(() => server.stop());

  const found = async (who: Client, path: string): Promise<string[]> => {
    const { status, body, text } = await who.get(path);
    assert.equal(status, 200, `${path} ${text}`);
    return named(matches(body)).sort();
  };

  /** Every page of a search, by its links. */
  async function pages(who: Client, path: string): Promise<any[][]> {
    const all: any[][] = [];
    for (let url: string | undefined = path; url !== undefined;) {
      const { status, body, text } = await who.get(url);
      assert.equal(status, 200, `${url} ${text}`);
      all.push(matches(body));
      url = body.link.find((each: any) => each.relation === 'next')?.url;
    }
    return all;
  }

  it('REST 30: finds what each of the types has', async () => {
    assert.deepEqual(await found(client, '?_type=Patient,Encounter'), ['Encounter/b-visit', 'Patient/a', 'Patient/b']);
    assert.deepEqual(await found(client, '?_type=Patient,Organization&_id=a,org'), ['Organization/org', 'Patient/a']);
    assert.deepEqual(await found(client, '?_type=Observation,DocumentReference&patient=b'), [
      'DocumentReference/b-doc',
      'Observation/b1',
    ]);
    assert.deepEqual(await found(client, '?_type=Observation,Encounter&patient.family=hidden'), [
      'Encounter/b-visit',
      'Observation/b1',
    ]);
    assert.deepEqual(await found(client, '?_id=a,doc&_count=100'), ['Patient/a', 'Practitioner/doc']);
    const { body } = await client.get('?_type=Patient&_count=1&_total=accurate');
    assert.equal(body.total, 2);
    assert.match(body.link[0].url, /\/fhir\/R4\?_type=Patient&_sort=-_lastUpdated&_total=accurate&_count=1$/);
    assert.equal((await client.get('?_type=Patient,Observation&_summary=count')).body.total, 7);
  });

  it('REST 41: its pages hold everything once, in the order of the last change', async () => {
    for (const sort of ['_lastUpdated', '-_lastUpdated']) {
      const all = (await pages(client, `?_type=Patient,Observation,Practitioner&_count=3&_sort=${sort}`)).flat();
      assert.equal(new Set(named(all)).size, all.length);
      assert.deepEqual(named(all).sort(), await found(client, '?_type=Patient,Observation,Practitioner&_count=100'));
      const times = all.map(({ meta }) => meta.lastUpdated as string);
      assert.deepEqual(times, sort.startsWith('-') ? [...times].sort().reverse() : [...times].sort());
    }
    const sizes = (await pages(client, '?_type=Patient,Observation,Practitioner&_count=3')).map(({ length }) => length);
    assert.deepEqual(sizes, [3, 3, 2]);
  });

  it('REST 30: all that belongs to a patient', async () => {
    const all = await found(client, 'Patient/b/*');
    const isProvenance = (each: string): boolean => each.startsWith('Provenance/');
    assert.equal(all.filter(isProvenance).length, 6);
    assert.deepEqual(
      all.filter((each) => !isProvenance(each)),
      [
        'Communication/to-b',
        'DocumentReference/b-doc',
        'DocumentReference/both-doc',
        'Encounter/b-visit',
        'Observation/b1',
        'Observation/both',
        'Patient/b',
      ],
    );
    assert.deepEqual(await found(client, 'Patient/b/*?_type=Observation,Patient'), [
      'Observation/b1',
      'Observation/both',
      'Patient/b',
    ]);
    const paged = (await pages(client, 'Patient/b/*?_count=2')).flat();
    assert.deepEqual(named(paged).sort(), await found(client, 'Patient/b/*'));
    assert.deepEqual(await found(client, 'Patient/nobody/*'), []);
  });

  it('THREAT 42: a key of one patient sees of every type what is theirs, and counts nothing else', async () => {
    const own = ['DocumentReference/a-doc', 'Observation/a1', 'Patient/a'];
    const clinical = '?_type=Patient,Observation,DocumentReference,Encounter,Communication';
    assert.deepEqual(await found(portal, `${clinical}&_count=100`), own);
    assert.equal((await portal.get(`${clinical}&_summary=count`)).body.total, own.length);
    assert.deepEqual(named((await pages(portal, `${clinical}&_count=1`)).flat()).sort(), own);
    assert.deepEqual(
      (await found(portal, 'Patient/a/*')).filter((each) => !each.startsWith('Provenance/')),
      own,
    );
    const { body } = await portal.get('Patient/a/*?_type=Provenance');
    const about = matches(body).map(({ target }) => target[0].reference.replace('/_history/1', '') as string);
    assert.deepEqual(about.sort(), own);
    assert.deepEqual(await found(portal, 'Patient/b/*'), []);
    assert.equal((await portal.get('Patient/b/*?_summary=count')).body.total, 0);
    assert.deepEqual(await found(portal, '?_type=Observation,Encounter&patient.family=hidden'), []);
    assert.deepEqual(server.alarms, []);
  });

  it('THREAT 38, 40: it stays within the organization, and its links with whom they were given to', async () => {
    const theirs = await server.client(undefined, OTHER_TENANT);
    assert.deepEqual(await found(theirs, '?_type=Patient,Observation'), [
      'Observation/theirs',
      'Patient/a',
      'Patient/b',
    ]);
    const { body } = await client.get('?_type=Patient,Observation&_count=1');
    const next = body.link.find((each: any) => each.relation === 'next').url as string;
    for (const who of [theirs, portal]) assert.equal(codeOf((await who.get(next)).body), 'invalid-cursor');
  });

  it('REST 44: it needs a scope for each type that is named, and shows those that it has', async () => {
    const only = await server.client('system/Observation.s system/Patient.r');
    assert.equal((await only.get('?_type=Observation,Patient')).status, 403);
    assert.equal((await only.get('?_type=Observation')).status, 200);
    assert.ok((await found(only, '')).every((each) => each.startsWith('Observation/')));
    assert.equal((await (await server.client('system/Patient.r')).get('')).status, 403);
    // What only a scope of its own name opens is not among them.
    await server.portico.trail.flush();
    assert.ok(!(await found(await server.client('system/*.rs'), '?_count=500')).some((each) => /^Audit/.test(each)));
  });

  it('REST 32: what not all of the types have is refused, or left out of all', async () => {
    for (const [query, code] of [
      ['_type=Patient,Observation&code=x', 'unsupported-parameter'],
      ['_type=Patient,Nonsense', 'invalid-parameter'],
      ['_type=Patient&_type=Observation', 'invalid-parameter'],
      ['_type=Patient&_sort=birthdate', 'unsupported-sort'],
      ['_type=Patient&_include=*', 'unsupported-include'],
      ['_type=Patient&_cursor=last', 'invalid-cursor'],
    ] as const)
      assert.equal(codeOf((await client.get(`?${query}`)).body), code, query);
    assert.equal(codeOf((await client.get('Patient/a/*?_type=Practitioner')).body), 'invalid-parameter');
    const lenient = { headers: { prefer: 'handling=lenient' } };
    const { body } = await client.get('?_type=Patient,Observation&gender=male&_id=a,a1', lenient);
    assert.deepEqual(named(matches(body)).sort(), ['Observation/a1', 'Patient/a']);
    assert.doesNotMatch(body.link[0].url, /gender/);
    assert.match(body.entry.at(-1).resource.issue[0].details.text, /gender/);
  });
});
