import assert from 'node:assert/strict';
import type { Bundle } from '@medplum/fhirtypes';
import type { Client } from '../support/client.js';
import { channelOf, connect, mrn, MRN_SYSTEM, TOKEN, type Connected } from '../support/inbound.js';
import { adminPages, hidden, loggedIn, patientPages, type Pages } from '../support/pages.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';
import { until } from '../support/until.js';

describe('portal/admin: webhooks and integrations', () => {
  let server: Server;
  let client: Client;
  let pulsara: Connected;
  let pages: Pages;

  before(async () => {
    server = await start({ env: { PORTICO_ALLOW_LOOPBACK: 'true' } });
    const { own, secret } = server.portico;
    pulsara = await connect({ own, secret, url: server.url });
    client = await server.client('system/*.cruds system/AuditEvent.rs');
    await server.save(
      ['1', '2'].map((value) => ({
        ...{ resourceType: 'Patient', id: `p${value}`, birthDate: '1971-05-06', gender: 'male' },
        identifier: [{ system: MRN_SYSTEM, value }],
        name: [{ family: '<b>Lund</b>', given: ['Bo'] }],
      })),
    );
    for (const value of ['1', '2']) {
      pulsara.upstream.put(channelOf(`held:${value}`));
      await pulsara.upstream.identify(`held:${value}`, mrn(value));
      await pulsara.settled(`held:${value}`);
    }
    pages = await adminPages(server, { canManageKeys: false });
  });
  after(async () => {
    await pulsara.stop();
    await server.stop();
  });

  const held = (channel: string) =>
    `/manager/held?${new URLSearchParams({ integration: pulsara.id, channel }).toString()}`;
  const here = () => `/manager/integrations/${pulsara.id}`;
  const open = async (path: string): Promise<string> => {
    const { status, text } = await pages.get(path);
    assert.equal(status, 200, path);
    return text;
  };
  /** The fields of the form that leads there, with those that stand in the page. */
  const sendIn = (page: string, path: string, chosen?: string) => {
    const form = page.split('<form').find((each) => each.includes(`action="${path}"`)) ?? '';
    const fields = ['integration', 'channel', 'question'].map((name): [string, string] => [
      name,
      hidden(form, name) ?? '',
    ]);
    return pages.send(path, [...fields, ...(chosen === undefined ? [] : [['chosen', chosen] as [string, string]])]);
  };

  it('is for admins of the organization, and no other organization has it', async () => {
    const stranger = await adminPages(server, { tenant: OTHER_TENANT });
    const patient = await patientPages(server, 'p1');
    const clinician = await loggedIn(server, { roles: ['clinician'] });
    assert.match((await stranger.get('/manager/integrations')).text, /There are none yet/);
    for (const path of [here(), held('held:1'), held('held:1').replace('held?', 'held.pdf?')]) {
      assert.equal((await stranger.get(path)).status, 404, path);
      for (const each of [patient, clinician]) assert.equal((await each.get(path)).status, 403, path);
    }
    await stranger.get('/manager/integrations');
    assert.equal((await stranger.send(`${here()}/disable`)).status, 404);
  });

  it('THREAT 65: takes no form that is not one of ours', async () => {
    await pages.get(here());
    for (const path of [
      `${here()}/replay`,
      `${here()}/disable`,
      `${here()}/token`,
      '/manager/held/accept',
      '/manager/held/reject',
    ]) {
      assert.equal((await pages.send(path, { csrf: 'x' })).status, 403, path);
      const foreign = { headers: { origin: 'https://evil.example' } };
      assert.equal((await pages.send(path, {}, foreign)).status, 403, path);
    }
  });

  it('shows where it stands, what came last, and what went wrong in plain words, and tries again', async () => {
    const { upstream } = pulsara;
    upstream.put(channelOf('chan-1', { identifiers: [mrn('9')] }));
    upstream.fail('summary', 'unauthorized', 'chan-1');
    await upstream.notify(upstream.event('created', 'chan-1', mrn('')));
    await until(async () => /Pulsara refuses our API token/.test(await open(here())));
    assert.equal((await pulsara.settled('chan-1')).outcome, 'filed');
    const page = await open(here());
    assert.match(page, /identifier\.created/);
    assert.ok(page.includes(`${server.url}/webhooks/pulsara/${pulsara.id}`));
    // The value of an identifier is in no event (PULSARA 6).
    assert.doesNotMatch(page, /Rowe/);
    const event = hidden(page.split(`${here()}/replay`)[1] ?? '', 'event')!;
    const sent = await pages.send(`${here()}/replay`, { event });
    assert.match((await pages.get(sent.to!)).text, /Tried once more: 1/);
    await until(async () => /nothing new/.test(await open(here())));
  });

  it('tells whether the system takes our token, and stops taking webhooks when it is disabled', async () => {
    await open(here());
    assert.match((await pages.send(`${here()}/test`)).text, /It answers, and takes our token/);
    pulsara.upstream.fail('channel', 'html');
    assert.match((await pages.send(`${here()}/test`)).text, /of another type than we asked for/);
    const { upstream } = pulsara;
    for (const [word, status] of [
      ['disable', 401],
      ['enable', 202],
    ] as const) {
      assert.equal((await pages.send(`${here()}/${word}`)).to, here());
      await open(here());
      assert.equal(await upstream.notify(upstream.event('updated', 'chan-1', mrn(''))), status);
    }
  });

  it('THREAT 64: takes a new API token, which is shown nowhere, and the old one is gone', async () => {
    const { own } = server.portico;
    const sealed = async () => (await own.objects('select token_sealed from integration', []))[0]?.['token_sealed'];
    const before = await sealed();
    await open(here());
    const wrong = await pages.send(`${here()}/token`, { token: 'an unknown token' });
    assert.match(wrong.text, /The token is changed\..*Pulsara refuses our API token/s);
    assert.notEqual(await sealed(), before);
    for (const token of ['', ' ', 'a\nb', 'ümlaut', 'x'.repeat(5000)])
      assert.equal((await pages.send(`${here()}/token`, { token })).status, 400);
    const right = await pages.send(`${here()}/token`, { token: TOKEN });
    assert.match(right.text, /The token is changed\..*It answers, and takes our token/s);
    assert.ok(!right.text.includes(TOKEN) && !String(await sealed()).includes(TOKEN));
    const stranger = await adminPages(server, { tenant: OTHER_TENANT });
    await stranger.get('/manager/integrations');
    assert.equal((await stranger.send(`${here()}/token`, { token: 'theirs' })).status, 404);
    assert.match((await pages.send(`${here()}/test`)).text, /It answers, and takes our token/);
    assert.match((await pages.get('/manager/audit?what=integration-rotate')).text, /integration-rotate/);
  });

  it('shows a held case with both sides, its summary, and what is done about it is audited', async () => {
    assert.match(await open('/manager/integrations'), /held:1.*another name/s);
    const page = await open(held('held:1'));
    for (const text of ['Ada Rowe', '14 July 1958', 'record number 1', '&lt;b>Lund&lt;/b>', '6 May 1971', 'p1'])
      assert.ok(page.includes(text), text);
    const cells = [...page.matchAll(/<bdi>([^<]*)<\/bdi> <span class="badge mind">differs/g)].map(([, cell]) => cell);
    assert.deepEqual(cells, ['Bo &lt;b>Lund&lt;/b>', '6 May 1971', 'male']);
    const pdf = await pages.get(held('held:1').replace('held?', 'held.pdf?'));
    assert.equal(pdf.text.slice(0, 5), '%PDF-');
    assert.match(pdf.headers.get('content-disposition') ?? '', /^attachment/);
    assert.equal((await sendIn(page, '/manager/held/accept', 'p2')).status, 400, 'p2 was not asked about');
    assert.equal(
      (await sendIn(await open(held('held:1')), '/manager/held/accept', 'p1')).to,
      '/manager/integrations?filed=1',
    );
    const filed = (await client.get('DocumentReference?patient=p1')).body as Bundle;
    assert.equal(filed.entry?.length, 1);
    // The form that was sent is sent again by the back button.
    assert.equal((await sendIn(page, '/manager/held/accept', 'p1')).status, 404);

    const rejected = await sendIn(await open(held('held:2')), '/manager/held/reject');
    assert.equal(rejected.to, '/manager/integrations?rejected=1');
    assert.equal(((await client.get('Encounter?patient=p2')).body as Bundle).entry, undefined);
    assert.match(await open('/manager/integrations?rejected=1'), /No case waits/);
    await server.portico.trail.flush();
    const csv = (await pages.get('/manager/audit.csv')).text;
    for (const word of ['held-case', 'held-document', 'held-case-accept', 'held-case-reject', 'pulsara-file'])
      assert.match(csv, new RegExp(`[",]${word}[",]`));
  });

  it('a decision about a case that changed since it was shown is not taken', async () => {
    const { upstream } = pulsara;
    upstream.put({ ...upstream.read('held:2'), first_name: 'Ida' });
    await upstream.notify(upstream.event('updated', 'held:2', mrn('')));
    await pulsara.settled('held:2');
    const page = await open(held('held:2'));
    upstream.put({ ...upstream.read('held:2'), first_name: 'Eva' });
    await upstream.notify(upstream.event('updated', 'held:2', mrn('')));
    await pulsara.settled('held:2');
    const { to = '' } = await sendIn(page, '/manager/held/accept', 'p2');
    assert.match(await open(to), /It has changed since you looked at it.*Eva Rowe/s);
    assert.equal(((await client.get('Encounter?patient=p2')).body as Bundle).entry, undefined);
  });
});
