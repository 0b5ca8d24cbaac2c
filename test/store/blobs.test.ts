import assert from 'node:assert/strict';
import type { Client } from '../support/client.js';
import { start, TENANT, type Server } from '../support/server.js';

const data = (text: string): string => Buffer.from(text).toString('base64');

const document = (id: string, patient: string, attachment: object): any => ({
  resourceType: 'DocumentReference',
  id,
  status: 'current',
  type: { text: 'Report' },
  subject: { reference: `Patient/${patient}` },
  content: [{ attachment }],
});

const binary = (id: string, text: string): any => ({
  resourceType: 'Binary',
  id,
  contentType: 'text/plain',
  data: data(text),
});

describe('store/blobs: bytes belong to one patient', () => {
  let server: Server;
  let client: Client;

  before(async () => {
    server = await start();
    client = await server.client();
    await server.save(['one', 'two'].map((id) => ({ resourceType: 'Patient', id })));
  });
  after(() => server.stop());

  const inline = (text: string, contentType = 'text/plain') => ({ contentType, data: data(text) });
  const urlOf = async (id: string): Promise<string> =>
    (await client.get(`DocumentReference/${id}`)).body.content[0].attachment.url as string;
  const blobs = async (): Promise<number> =>
    Number(((await server.portico.own.arrays('select count(*) from blob', []))[0] as unknown[])[0]);

  it('inline data is stored once, however often it comes', async () => {
    const sent = document('a', 'one', inline('once'));
    await server.save([sent]);
    const before = await blobs();
    const report = await server.save([sent]);
    assert.equal(report.unchanged, 1);
    await server.save([{ ...sent, description: 'changed' }]);
    assert.equal(await blobs(), before);
    const { headers, body } = await client.get(await urlOf('a'));
    assert.equal(String(body), 'once');
    assert.match(headers.get('content-type') ?? '', /^text\/plain/);
  });

  it('the same bytes with another type are another Binary', async () => {
    await server.save([document('b', 'one', inline('{}', 'text/plain'))]);
    const first = await urlOf('b');
    await server.save([document('b', 'one', inline('{}', 'application/json'))]);
    const second = await urlOf('b');
    assert.notEqual(first, second);
    assert.match((await client.get(second)).headers.get('content-type') ?? '', /^application\/json/);
  });

  it('the same bytes of two documents are two Binaries, so that neither opens the other', async () => {
    await server.save([document('c', 'one', inline('alike')), document('d', 'two', inline('alike'))]);
    assert.notEqual(await urlOf('c'), await urlOf('d'));
    const two = await server.portal('two');
    assert.equal((await two.get(await urlOf('c'))).status, 404);
    assert.equal((await two.get(await urlOf('d'))).status, 200);
  });

  it('THREAT: a document cannot borrow the bytes of another patient', async () => {
    await server.save([document('e', 'one', inline('of one'))]);
    const url = await urlOf('e');
    await assert.rejects(server.save([document('f', 'two', { contentType: 'text/plain', url })]), /another patient/);
    assert.equal((await client.get('DocumentReference/f')).status, 404);
    const nobody = { ...document('f', 'two', { contentType: 'text/plain', url }) };
    delete nobody.subject;
    await assert.rejects(server.save([nobody]), /another patient/);
    const two = await server.portal('two');
    assert.equal((await two.get(url)).status, 404);
    await server.save([document('g', 'one', { contentType: 'text/plain', url })]);
    const one = await server.portal('one');
    assert.equal((await one.get(url)).status, 200);
  });

  it('THREAT: nor by naming them before they came', async () => {
    const attachment = { contentType: 'text/plain', url: 'Binary/later' };
    await server.save([document('h', 'two', attachment)]);
    await server.save([binary('later', 'of two')]);
    await assert.rejects(server.save([document('i', 'one', attachment)]), /another patient/);
    const [one, two] = await Promise.all([server.portal('one'), server.portal('two')]);
    assert.equal((await one.get('Binary/later')).status, 404);
    assert.equal(String((await two.get('Binary/later')).body), 'of two');
  });

  it('a document that is corrected to another patient takes its bytes along', async () => {
    await server.save([document('j', 'one', inline('misfiled'))]);
    const url = await urlOf('j');
    await server.save([document('j', 'two', { contentType: 'text/plain', url })]);
    const [one, two] = await Promise.all([server.portal('one'), server.portal('two')]);
    assert.equal((await one.get(url)).status, 404);
    assert.equal(String((await two.get(url)).body), 'misfiled');
  });

  it('THREAT: another organization has no part in them', async () => {
    await server.save([document('k', 'one', inline('ours'))]);
    const url = await urlOf('k');
    const other = await server.client('system/*.rs', 'org_two');
    assert.equal((await other.get(url)).status, 404);
    await server.save([{ resourceType: 'Patient', id: 'one' }], 'org_two');
    await server.save([document('k', 'one', { contentType: 'text/plain', url })], 'org_two');
    assert.equal((await other.get(url)).status, 404);
  });

  it('a Binary keeps its bytes: another of its id is refused', async () => {
    await server.save([
      binary('fixed', 'first'),
      document('l', 'one', { contentType: 'text/plain', url: 'Binary/fixed' }),
    ]);
    await assert.rejects(server.save([binary('fixed', 'second')]), /never replaced/);
    await assert.rejects(server.save([{ ...binary('fixed', 'first'), contentType: 'text/html' }]), /never replaced/);
    assert.equal(String((await client.get('Binary/fixed')).body), 'first');
  });

  it('a Binary with more than its bytes is refused, each path named', async () => {
    const sent = {
      ...binary('more', 'x'),
      meta: { security: [{ code: 'R' }] },
      securityContext: { reference: 'Patient/one' },
    };
    await assert.rejects(server.save([sent]), /Binary.meta.*Binary.securityContext/);
    assert.equal((await server.portico.own.objects("select 1 from blob where id = 'more'", [])).length, 0);
  });

  it('bytes that nobody attaches are not kept', async () => {
    await assert.rejects(server.save([binary('alone', 'x')]), /No document refers/);
    const bundle = { resourceType: 'Bundle', type: 'collection', entry: [{ resource: binary('alone', 'x') }] };
    await assert.rejects(server.save([bundle]), /No document refers/);
    const rows = await server.portico.own.objects(
      `select 1 from blob where organization_id = '${TENANT}' and id = 'alone'`,
      [],
    );
    assert.equal(rows.length, 0);
  });
});
