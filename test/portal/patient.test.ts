import assert from 'node:assert/strict';
import { disableUser } from '../../src/auth/users.js';
import { Client, requestToken } from '../support/client.js';
import { adminPages, hidden, loginFor, type Pages, patientPages, shownIn } from '../support/pages.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';

const PDF = Buffer.from('%PDF-1.4 a summary').toString('base64');
const MARKUP = `"><svg onload=alert(1)>'</script>`;

const documentOf = (patient: string, id: string) => ({
  ...{ resourceType: 'DocumentReference', id, status: 'current', type: { text: 'Summary' } },
  ...{ subject: { reference: `Patient/${patient}` }, date: '2026-03-01T17:00:00Z' },
  category: [
    {
      coding: [
        { system: 'http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category', code: 'clinical-note' },
      ],
    },
  ],
  content: [{ attachment: { contentType: 'application/pdf', data: PDF, title: `${MARKUP}.pdf` } }],
});
const pulse = (patient: string, id: string, value: number, day: string) => ({
  ...{ resourceType: 'Observation', id, status: 'final', code: { text: 'Heart rate' } },
  ...{ subject: { reference: `Patient/${patient}` }, effectiveDateTime: `2026-03-${day}T08:00:00Z` },
  valueQuantity: { value, unit: 'beats/min' },
});
const message = (patient: string, id: string, text: string) => ({
  ...{ resourceType: 'Communication', id, status: 'completed', subject: { reference: `Patient/${patient}` } },
  ...{ sent: '2026-03-01T09:00:00Z', sender: { display: 'Night team' }, payload: [{ contentString: text }] },
});

describe('portal/patient', () => {
  let server: Server;

  before(async () => {
    server = await start();
    await server.save([
      { resourceType: 'Patient', id: 'p1', name: [{ text: `Ann ${MARKUP}` }], birthDate: '1970-01-02' },
      { resourceType: 'Patient', id: 'p2', name: [{ text: 'Second Secretname' }] },
      { resourceType: 'Patient', id: 'p3', name: [{ text: 'ن'.repeat(500) }] },
      ...[pulse('p1', 'o1', 61, '01'), pulse('p1', 'o2', 72, '02'), pulse('p2', 'o3', 199, '03')],
      ...[message('p1', 'c1', `Hello ${MARKUP} 🚑`), message('p2', 'c2', 'not for the first')],
      ...[documentOf('p1', 'd1'), documentOf('p2', 'd2')],
    ]);
    await server.save([{ resourceType: 'Patient', id: 'p1', name: [{ text: 'Namesake Elsewhere' }] }], OTHER_TENANT);
  });
  after(() => server.stop());

  async function generate(pages: Pages, name: string): Promise<{ id: string; secret: string; page: string }> {
    await pages.get('/portal/keys/new');
    const { status, text } = await pages.send('/portal/keys', { name });
    assert.equal(status, 200, text);
    return { id: shownIn(text, 'key') as string, secret: shownIn(text, 'secret') as string, page: text };
  }
  const read = async (credential: { id: string; secret: string }, id: string) =>
    (await (await Client.login(server.url, credential)).get(`Patient/${id}`)).status;

  it('shows a patient their own record and nothing of another one', async () => {
    const pages = await patientPages(server, 'p1');
    const { status, text } = await pages.get('/portal');
    assert.equal(status, 200);
    for (const part of [
      '2 January 1970',
      'Heart rate',
      '72 <small>beats/min</small>',
      'from 61 to 72',
      'Night team',
      'Hello',
      '🚑',
      '.pdf',
    ])
      assert.ok(text.includes(part), part);
    assert.match(text, /<polyline points="8,64 192,8"/);
    assert.match(text, /<span>72<\/span><span>61<\/span>/, 'the numbers of its axis');
    assert.match(text, /<span>1 Mar<\/span><span>2 Mar 2026<\/span>/, 'the days of its axis');
    for (const part of ['Secretname', '199', 'not for the first', 'Namesake']) assert.ok(!text.includes(part), part);
  });

  it('THREAT 67: writes names, titles and messages as text', async () => {
    const pages = await patientPages(server, 'p1', { name: MARKUP });
    await generate(pages, MARKUP);
    for (const path of ['/portal', '/portal/keys', '/portal/log', '/portal/keys/new']) {
      const { text } = await pages.get(path);
      assert.doesNotMatch(text, /<svg onload|'<\/script>/, path);
    }
    assert.ok((await pages.get('/portal')).text.includes('&quot;>&lt;svg onload=alert(1)>'));
    const long = await (await patientPages(server, 'p3')).get('/portal');
    assert.ok(long.text.includes(`<bdi>${'ن'.repeat(500)}</bdi>`));
  });

  it('opens a document as a file that no browser renders in place', async () => {
    const pages = await patientPages(server, 'p1');
    const link = /href="(\/portal\/documents\/[^"]+)"/.exec((await pages.get('/portal')).text)?.[1] as string;
    const { status, headers, text } = await pages.get(link);
    assert.equal(status, 200);
    assert.equal(headers.get('content-type'), 'application/pdf');
    assert.equal(headers.get('content-disposition'), 'attachment; filename="document.pdf"');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(text, '%PDF-1.4 a summary');
    assert.equal((await (await patientPages(server, 'p2')).get(link)).status, 404);
    assert.equal((await (await patientPages(server, 'p3')).get(link)).status, 404);
  });

  it('ICANOTES 1: generates a key and a secret that are shown in that one answer, and opens the own record with them', async () => {
    const pages = await patientPages(server, 'p1');
    const { id, secret, page } = await generate(pages, 'My health app');
    assert.match(page, /<img class="qr" src="data:image\/svg\+xml;base64,/);
    assert.equal(shownIn(page, 'base'), server.base);
    assert.equal(shownIn(page, 'token'), `${server.url}/oauth/token`);
    assert.equal(await read({ id, secret }, 'p1'), 200);
    assert.equal(await read({ id, secret }, 'p2'), 404);
    const { text } = await pages.get('/portal/keys');
    assert.ok(text.includes('My health app') && text.includes(`${id.slice(0, 6)}…`));
    assert.ok(!text.includes(secret));
    const stored = await server.portico.own.objects(`select * from credential where id = '${id}'`, []);
    assert.ok(stored.length === 1 && !JSON.stringify(stored).includes(secret));
    const row = /<bdi>My health app<\/bdi><\/th>.*?<\/tr>/s.exec(text)?.[0];
    assert.ok(row !== undefined && !row.includes('>never<'), 'it was used');
  });

  it('makes nothing when a form is sent twice, at once or later', async () => {
    const pages = await patientPages(server, 'p1');
    await pages.get('/portal/keys/new');
    const [form, csrf] = [hidden(pages.last, 'form') as string, hidden(pages.last, 'csrf') as string];
    const twice = await Promise.all([1, 2, 3].map(() => pages.send('/portal/keys', { name: 'Twice', form, csrf })));
    assert.deepEqual(twice.map(({ status }) => status).sort(), [200, 409, 409]);
    assert.equal((await pages.send('/portal/keys', { name: 'Twice', form, csrf })).status, 409);
    assert.equal((await pages.send('/portal/keys', { name: 'Twice', form: '', csrf })).status, 409);
    assert.equal((await pages.get('/portal/keys')).text.split('<bdi>Twice</bdi></th>').length - 1, 1);
  });

  it('ICANOTES 2: takes names of any script, also twice, and says what is wrong with others, keeping what was typed', async () => {
    const pages = await patientPages(server, 'p2');
    for (const name of ['مرحبا', '🩺 App', '🩺 App', 'a'.repeat(100)]) {
      await generate(pages, name);
      assert.ok((await pages.get('/portal/keys')).text.includes(`<bdi>${name}</bdi>`), name);
    }
    for (const name of ['', '   ', 'a'.repeat(101), 'n'.repeat(500), 'a\u0007b']) {
      await pages.get('/portal/keys/new');
      const { status, text } = await pages.send('/portal/keys', { name });
      assert.equal(status, 400);
      assert.match(text, /A name has 1 to 100 characters/);
      if (name.trim() !== '') assert.ok(text.includes(`value="${name}"`));
    }
  });

  it('ICANOTES 4: deletes a set after a question, and its tokens are dead with the next request; another set lives on', async () => {
    const pages = await patientPages(server, 'p1');
    const [credential, other] = [await generate(pages, 'To delete'), await generate(pages, 'To keep')];
    const client = await Client.login(server.url, credential);
    assert.equal((await client.get('Patient/p1')).status, 200);
    const path = `/portal/keys/${credential.id}/delete`;
    assert.match((await pages.get(path)).text, /Delete <bdi>To delete<\/bdi>\?/);
    assert.equal((await client.get('Patient/p1')).status, 200, 'a question deletes nothing');
    const done = await pages.send(path);
    assert.equal(done.to, '/portal/keys?deleted=1');
    assert.equal((await client.get('Patient/p1')).status, 401);
    assert.equal((await requestToken(server.url, credential)).status, 401);
    assert.equal(await read(other, 'p1'), 200);
    assert.match((await pages.get(done.to)).text, /role="status">The credentials are deleted/);
    const again = await pages.send(path, { csrf: hidden(pages.last, 'csrf') as string });
    assert.equal(again.to, '/portal/keys?gone=1', 'deleted in another tab');
    assert.equal((await pages.get(path)).status, 404);
  });

  it("THREAT 55: neither lists, opens nor deletes another patient's credentials", async () => {
    const mine = await patientPages(server, 'p1');
    const theirs = await patientPages(server, 'p2');
    const abroad = await patientPages(server, 'p1', { tenant: OTHER_TENANT });
    const credential = await generate(mine, 'Only mine');
    const path = `/portal/keys/${credential.id}/delete`;
    for (const other of [theirs, abroad]) {
      assert.ok(!(await other.get('/portal/keys')).text.includes('Only mine'));
      assert.equal((await other.get(path)).status, 404);
      await other.get('/portal/keys');
      assert.equal((await other.send(path)).to, '/portal/keys?gone=1');
      assert.equal(await read(credential, 'p1'), 200);
      await other.get('/portal/keys/new');
      await other.send('/portal/keys', { name: 'Mine', patient: 'p1', fhirUser: 'Patient/p1', tenant: TENANT });
      const id = shownIn(other.last, 'key') as string;
      const rows = await server.portico.own.objects(`select org, patient from credential where id = '${id}'`, []);
      assert.deepEqual(
        { ...rows[0] },
        other === theirs ? { org: TENANT, patient: 'p2' } : { org: OTHER_TENANT, patient: 'p1' },
      );
    }
    assert.ok(!(await abroad.get('/portal')).text.includes('1970-01-02'));
  });

  it('ICANOTES 7: opens to enabled patients alone, and disabling one ends their keys and what is under way', async () => {
    const pages = await patientPages(server, 'p2');
    const app = await Client.login(server.url, await generate(pages, 'Ends with its patient'));
    assert.equal((await app.get('Patient/p2')).status, 200);
    await pages.get('/portal/keys/new');
    await disableUser(server.portico.own, TENANT, pages.email, Date.now());
    assert.equal((await app.get('Patient/p2')).status, 401);
    assert.equal((await pages.send('/portal/keys', { name: 'Too late' })).to, loginFor('/portal/keys'));
    const rows = await server.portico.own.objects(`select id from credential where name = 'Too late'`, []);
    assert.equal(rows.length, 0);
  });

  it('ICANOTES 8: says in plain words who made, used and deleted what, and names no other patient', async () => {
    const pages = await patientPages(server, 'p1', { name: 'Ann Herself' });
    const credential = await generate(pages, 'Watching app');
    const app = await Client.login(server.url, credential);
    await app.get('Observation?category=vital-signs');
    await app.get('Observation/o1');
    const clinic = await server.client('system/*.rs');
    assert.equal((await clinic.get('Patient?_count=10')).status, 200);
    await pages.get('/portal');
    await pages.get(`/portal/keys/${credential.id}/delete`);
    await pages.send(`/portal/keys/${credential.id}/delete`);
    const rows = [...(await pages.get('/portal/log')).text.matchAll(/<tr role="row">(.*?)<\/tr>/gs)].map(([, row]) =>
      (row as string).replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' '),
    );
    const has = (...parts: string[]) =>
      assert.ok(
        rows.some((row) => parts.every((part) => row.includes(part))),
        `${parts.join(', ')} in\n${rows.join('\n')}`,
      );
    has('UTC', 'Watching app', 'Read your measurements and results');
    has('Watching app', 'Connected to your record');
    has('You', 'Opened My History');
    has('You', 'Made credentials for an app');
    has('You', 'Deleted the credentials of an app');
    has('test', 'Looked through your personal details');
    assert.ok(!rows.join('\n').includes('p2'));
    const other = (await (await patientPages(server, 'p2')).get('/portal/log')).text;
    assert.ok(!other.includes('Watching app'));
  });

  it('THREAT 81: looking at the own log is in the trail, and does not fill the log', async () => {
    const pages = await patientPages(server, 'p1', { name: 'Looks Often' });
    const log = async () => (await pages.get('/portal/log')).text;
    assert.equal((await log()).split('<tr').length, (await log()).split('<tr').length);
    const admin = await adminPages(server);
    const trail = (await admin.get('/manager/audit?who=Looks%20Often&what=audit-read')).text;
    assert.equal(trail.split('Patient/p1').length - 1, 2);
  });

  it('tells an account without a record so', async () => {
    const pages = await patientPages(server, 'p1', { fhirUser: 'Practitioner/x' });
    assert.equal((await pages.get('/portal')).status, 403);
    assert.equal((await pages.get('/portal/keys')).status, 403);
    const gone = await patientPages(server, 'nobody');
    assert.match((await gone.get('/portal')).text, /no record to show/);
  });
});
