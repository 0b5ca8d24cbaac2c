import assert from 'node:assert/strict';
import { Client, matches } from '../support/client.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';
import { coded, observation, patient, ucum } from '../search/resources.js';
import { codeOf } from '../search/describe-search.js';
import { PASSWORD, person, post } from '../support/users.js';

const linkOf = (body: any, relation: string): string | undefined =>
  body.link.find((each: any) => each.relation === relation)?.url as string | undefined;
const idsOf = (body: any): string[] => matches(body).map(({ id }) => id as string);
const at = (id: string, day: number, more: object = {}): object =>
  observation(id, { effectiveDateTime: `2024-01-${String(day).padStart(2, '0')}`, ...more });

/** Follows links until there is none. */
async function walk(client: Client, path: string, relation: 'next' | 'previous'): Promise<string[][]> {
  const pages: string[][] = [];
  for (let url: string | undefined = path; url !== undefined;) {
    const { status, body, text } = await client.get(url);
    assert.equal(status, 200, text);
    pages.push(idsOf(body));
    assert.ok(pages.length < 50, 'the pages end');
    url = linkOf(body, relation);
  }
  return pages;
}

describe('rest/search: pages', () => {
  let server: Server;
  let client: Client;

  beforeEach(async () => {
    server = await start();
    client = await server.client();
    await server.save([
      patient('p', { name: [{ family: 'Roe' }] }),
      ...[1, 2, 3, 4, 5, 6, 7].map((day) => at(`o${String(day)}`, day, { subject: { reference: 'Patient/p' } })),
    ]);
  });
  afterEach(() => server.stop());

  const first = 'Observation?status=final&_count=3';

  it('REST 41: go forwards, backwards and to the end', async () => {
    const pages = await walk(client, first, 'next');
    assert.deepEqual(pages, [['o7', 'o6', 'o5'], ['o4', 'o3', 'o2'], ['o1']]);
    const { body } = await client.get(first);
    assert.deepEqual(
      body.link.map((each: any) => each.relation),
      ['self', 'first', 'next', 'last'],
    );
    const last = await client.get(linkOf(body, 'last') as string);
    assert.deepEqual(idsOf(last.body), ['o3', 'o2', 'o1']);
    assert.equal(linkOf(last.body, 'next'), undefined);
    assert.deepEqual(await walk(client, linkOf(body, 'last') as string, 'previous'), [
      ['o3', 'o2', 'o1'],
      ['o6', 'o5', 'o4'],
      ['o7'],
    ]);
    const back = await client.get(linkOf(last.body, 'first') as string);
    assert.deepEqual(back.body.entry, body.entry);
  });

  it('REST 41: a page read backwards leads forwards again', async () => {
    const one = (await client.get(first)).body;
    const two = (await client.get(linkOf(one, 'next') as string)).body;
    const back = (await client.get(linkOf(two, 'previous') as string)).body;
    assert.deepEqual(idsOf(back), idsOf(one));
    assert.equal(linkOf(back, 'previous'), undefined);
    assert.deepEqual(idsOf((await client.get(linkOf(back, 'next') as string)).body), idsOf(two));
  });

  it('REST 41: neither repeat nor lose a row when others come and go', async () => {
    const one = (await client.get(first)).body;
    await server.save([at('new', 31), at('o4', 30)]);
    const two = (await client.get(linkOf(one, 'next') as string)).body;
    assert.deepEqual(idsOf(two), ['o3', 'o2', 'o1'], 'o4 went to the front');
    await server.save([at('o2', 29), at('between', 3)]);
    const back = (await client.get(linkOf(two, 'previous') as string)).body;
    assert.deepEqual(idsOf(back), ['o7', 'o6', 'o5']);
    const again = (await client.get(linkOf(back, 'next') as string)).body;
    assert.deepEqual(idsOf(again), ['o3', 'between', 'o1']);
  });

  it('REST 41: keep the total that the first page counted', async () => {
    const one = (await client.get(`${first}&_total=accurate`)).body;
    const two = (await client.get(linkOf(one, 'next') as string)).body;
    assert.deepEqual([one.total, two.total], [7, 7]);
  });

  it('REST 41: keep the parameters, of a POST too', async () => {
    const one = await client.postSearch('Observation', {
      patient: 'p',
      _count: '3',
      _sort: 'date',
      _elements: 'status',
      _include: 'Observation:patient',
    });
    const two = (await client.get(linkOf(one.body, 'next') as string)).body;
    assert.deepEqual(idsOf(two), ['o4', 'o5', 'o6']);
    assert.equal(linkOf(two, 'self'), linkOf(one.body, 'self'));
    assert.deepEqual(Object.keys(two.entry[0].resource).sort(), ['code', 'id', 'meta', 'resourceType', 'status']);
    assert.ok(two.entry.some((each: any) => each.search.mode === 'include'));
  });

  it('THREAT 40: links say nothing of the search or of the rows', async () => {
    const { body } = await client.get('Observation?patient=p&_count=2');
    const cursor = new URL(linkOf(body, 'next') as string).searchParams;
    assert.deepEqual([...cursor.keys()], ['_cursor']);
    const bytes = Buffer.from(cursor.get('_cursor') as string, 'base64url').toString('latin1');
    assert.doesNotMatch(bytes, /patient|o6|2024/);
  });

  it('THREAT 40: links of one user open for no other of the organization', async () => {
    const session = async (): Promise<Client> => {
      const { email } = await person(server);
      const { body } = await post(server, '/login', { email, password: PASSWORD });
      return new Client(server.url, body.accessToken as string);
    };
    const [one, other] = [await session(), await session()];
    const next = linkOf((await one.get(first)).body, 'next') as string;
    assert.equal((await one.get(next)).status, 200);
    assert.equal((await other.get(next)).status, 400);
  });

  it('THREAT 40: links open for the credential and type that they were given to, and only unchanged', async () => {
    const { body } = await client.get(first);
    const next = linkOf(body, 'next') as string;
    const refused = async (who: Client, url: string): Promise<void> => {
      const answer = await who.get(url);
      assert.equal(`${String(answer.status)} ${codeOf(answer.body)}`, '400 invalid-cursor', url);
    };
    await refused(await server.client(), next);
    await refused(await server.client(undefined, OTHER_TENANT), next);
    await refused(await server.portal('p'), next);
    await refused(client, next.replace('/Observation?', '/Patient?'));
    const text = new URL(next).searchParams.get('_cursor') as string;
    for (const changed of [
      'x',
      text.slice(0, -4),
      `${text.slice(0, 40)}${text[40] === 'A' ? 'B' : 'A'}${text.slice(41)}`,
    ])
      await refused(client, `Observation?_cursor=${changed}`);
    await refused(client, `Observation?_cursor=${'A'.repeat(12_000)}`);
    assert.equal((await client.get(next)).status, 200);
  });
});

describe('rest/search: order', () => {
  let server: Server;
  let client: Client;
  const value = (id: string, number: number | undefined, day: number | undefined, code?: string): object =>
    observation(id, {
      ...(number !== undefined && { valueQuantity: ucum(number, 'mg') }),
      ...(day !== undefined && { effectiveDateTime: `2024-01-0${String(day)}` }),
      ...(code !== undefined && { code: coded('urn:oid:1', code) }),
      ...(number === undefined && { code: { text: 'no code' } }),
    });

  before(async () => {
    server = await start();
    client = await server.client();
    await server.save([
      value('a', 3, 1, 'B'),
      value('b', 3, 2, 'a'),
      value('c', undefined, 2),
      value('d', -1, undefined, 'ä'),
      value('e', undefined, undefined),
      value('f', 10, 3, 'C'),
      patient('p1', { name: [{ family: 'Zeta', given: ['B'] }], birthDate: '1980' }),
      patient('p2', { name: [{ family: 'ábel', given: ['C'] }], birthDate: '1980-01-01' }),
      patient('p3', { name: [{ family: 'Abel', given: ['A'] }] }),
      patient('p4', { birthDate: '1970' }),
    ]);
  });
  after(() => server.stop());

  it('REST 41, 55: by what the CapabilityStatement says, in both directions, and by nothing else', async () => {
    const { rest } = (await client.get('metadata')).body;
    const { documentation, searchParam } = rest[0].resource.find((each: any) => each.type === 'Observation');
    const keys = (/_sort takes ([\w, -]+)/.exec(documentation as string)?.[1] ?? '').split(', ');
    assert.ok(keys.includes('_id') && keys.includes('value-quantity'));
    for (const name of searchParam.map((each: any) => each.name as string))
      for (const sign of ['', '-']) {
        const { status } = await client.get(`Observation?_sort=${sign}${String(name)}&_count=1`);
        assert.equal(status, keys.includes(name as string) ? 200 : 400, `${sign}${String(name)}`);
      }
  });

  it('REST 41: by several keys in either direction', async () => {
    assert.deepEqual(await client.ids('Observation?_sort=_id'), ['a', 'b', 'c', 'd', 'e', 'f']);
    assert.deepEqual(await client.ids('Observation?_sort=-_id'), ['f', 'e', 'd', 'c', 'b', 'a']);
    assert.deepEqual(await client.ids('Observation?_sort=-date,_id'), ['f', 'b', 'c', 'a', 'd', 'e']);
    assert.deepEqual(await client.ids('Observation?_sort=-date,-_id'), ['f', 'c', 'b', 'a', 'e', 'd']);
    assert.deepEqual(await client.ids('Observation?_sort=_id,-date'), ['a', 'b', 'c', 'd', 'e', 'f']);
    assert.deepEqual(await client.ids('Patient?_sort=family,given'), ['p4', 'p3', 'p2', 'p1']);
    assert.deepEqual(await client.ids('Patient?_sort=-birthdate,_id'), ['p1', 'p2', 'p4', 'p3']);
  });

  for (const sort of [
    'value-quantity',
    '-value-quantity',
    'code',
    '-code',
    'code,-value-quantity',
    'category,-date',
    'date',
    '-_lastUpdated',
    'status',
  ])
    it(`REST 41: pages by ${sort} hold every row once, also where it has no value`, async () => {
      const whole = await client.ids(`Observation?_sort=${sort}`);
      assert.deepEqual([...whole].sort(), ['a', 'b', 'c', 'd', 'e', 'f']);
      for (const count of [1, 2, 4]) {
        const pages = await walk(client, `Observation?_sort=${sort}&_count=${String(count)}`, 'next');
        assert.deepEqual(pages.flat(), whole, `${String(count)} a page`);
        const back = await walk(client, `Observation?_sort=${sort}&_count=${String(count)}&_cursor=last`, 'previous');
        assert.deepEqual(back.reverse().flat(), whole, `${String(count)} a page, backwards`);
      }
    });

  it('REST 41: rows without a value come first, whichever database it is', async () => {
    assert.deepEqual(await client.ids('Observation?_sort=value-quantity'), ['c', 'e', 'd', 'a', 'b', 'f']);
  });
});
