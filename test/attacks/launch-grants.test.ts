import assert from 'node:assert/strict';
import { Client } from '../support/client.js';
import {
  allow,
  answerOf,
  confidentialApp,
  connect,
  exchange,
  flowOf,
  formAction,
  open,
  publicApp,
  REDIRECT,
  refresh,
  type App,
  type Flow,
} from '../support/launch.js';
import { forgive, post } from '../support/oauth.js';
import { patientPages, type Pages } from '../support/pages.js';
import { start, type Server } from '../support/server.js';

describe('attacks/launch: codes and grants', () => {
  let server: Server;
  let app: App;
  let other: App;
  let pages: Pages & { email: string };
  let now = Date.now();

  before(async () => {
    server = await start({ now: () => now });
    [app, other] = [await publicApp(server), await confidentialApp(server)];
    await server.save(['p1', 'p2'].map((id) => ({ resourceType: 'Patient', id, name: [{ family: id }] })));
    pages = await patientPages(server, 'p1');
  });
  after(() => server.stop());
  afterEach(() => forgive(server));

  async function codeFor(flow: Flow): Promise<string> {
    const { code = '' } = answerOf(await allow(pages, await open(pages, flow)));
    assert.notEqual(code, '');
    return code;
  }
  const read = async (token: string) => (await new Client(server.url, token).get('Patient/p1')).status;

  it('SMART 5.2: bad codes, verifiers, addresses and clients are 400 or 401, in one text', async () => {
    const flow = flowOf(server, app);
    const code = await codeFor(flow);
    const texts = new Set<string>();
    for (const [more, status] of [
      [{ code: 'bad' }, 400],
      [{ code_verifier: '' }, 400],
      [{ code_verifier: 'x'.repeat(43) }, 400],
      [{ code_verifier: flow.params['code_challenge']! }, 400],
      [{ redirect_uri: 'https://app.example/other' }, 400],
    ] as const) {
      const answer = await exchange(server, flow, code, more);
      assert.deepEqual([answer.status, answer.body.error], [status, 'invalid_grant'], JSON.stringify(more));
      texts.add(answer.body.error_description as string);
    }
    assert.equal(texts.size, 1);
    const stranger = await exchange(server, { ...flow, app: other }, code);
    assert.deepEqual([stranger.status, stranger.body.error], [400, 'invalid_grant'], 'THREAT 24: another app');
    assert.equal((await exchange(server, flow, code, { client_id: 'bad' })).status, 401);
    assert.equal((await exchange(server, flow, code)).status, 200, 'none of them has spent it');
  });

  it('THREAT 23: a code that comes again takes everything with it, also after its minute', async () => {
    for (const wait of [0, 120_000]) {
      const flow = flowOf(server, app);
      const code = await codeFor(flow);
      const { body } = await exchange(server, flow, code);
      assert.equal(await read(body.access_token as string), 200);
      now += wait;
      const again = await exchange(server, flow, code);
      assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant']);
      assert.equal(await read(body.access_token as string), 401);
      assert.equal((await refresh(server, app, body.refresh_token as string)).status, 400);
    }
  });

  it('THREAT 23: of twenty who redeem a code at once one is answered, and gets nothing of it', async () => {
    const flow = flowOf(server, app);
    const code = await codeFor(flow);
    const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(server, flow, code)));
    const good = answers.filter(({ status }) => status === 200);
    assert.ok(good.length <= 1, String(good.length));
    for (const { body } of good) {
      assert.equal(await read(body.access_token as string), 401);
      assert.equal((await refresh(server, app, body.refresh_token as string)).status, 400);
    }
  });

  it('THREAT 23: a code is good for a minute', async () => {
    const flow = flowOf(server, app);
    const code = await codeFor(flow);
    now += 60_000;
    assert.equal((await exchange(server, flow, code)).body.error, 'invalid_grant');
  });

  it('THREAT 64: the database holds no code, launch or request that can be used', async () => {
    const flow = flowOf(server, app);
    const page = await open(pages, flow);
    const id = formAction(page).split('/').at(-1) as string;
    const { code = '' } = answerOf(await allow(pages, page));
    const knex = await server.portico.own.knex();
    const dump = JSON.stringify([await knex('auth_code').select('*'), await knex('auth_request').select('*')]);
    assert.ok(!dump.includes(code) && !dump.includes(id));
    const [row] = await knex('auth_code').orderBy('expires_at', 'desc').select('hash');
    assert.equal((await exchange(server, flow, row.hash as string)).status, 400);
  });

  it('THREAT 33: a refresh token that comes again takes the family with it, and is its app’s alone', async () => {
    const first = await connect(server, pages, app);
    const token = first.granted['refresh_token'] as string;
    assert.equal((await refresh(server, other, token)).body.error, 'invalid_grant');
    const second = await refresh(server, app, token);
    assert.equal(second.status, 200);
    assert.equal((await refresh(server, app, token)).status, 400);
    assert.equal((await refresh(server, app, second.body.refresh_token as string)).status, 400);
    assert.equal(await read(second.body.access_token as string), 401);
  });

  it('THREAT 35: a form grants nothing that was not offered, whatever it names', async () => {
    const page = await open(pages, flowOf(server, app, { scope: 'launch/patient patient/Patient.rs' }));
    const names = [
      'patient/Patient.rs',
      'patient/*.cruds',
      'user/*.rs',
      'system/*.rs',
      'apiv2',
      'offline_access',
      'openid',
    ];
    const scopes = names.map((each): [string, string] => ['scope', each]);
    const flow = flowOf(server, app, { scope: 'launch/patient patient/Patient.rs' });
    const mine = await open(pages, flow);
    assert.equal(page.status, 200);
    const { code = '' } = answerOf(
      await pages.send(formAction(mine), [...scopes, ['patient', 'p2'], ['decision', 'allow']]),
    );
    const { body } = await exchange(server, flow, code);
    assert.equal(body.scope, 'launch/patient patient/Patient.rs');
    assert.equal(body.patient, 'p1', 'THREAT 55: the patient comes from the session, never from a form');
    const client = new Client(server.url, body.access_token as string);
    assert.equal((await client.get('Patient/p2')).status, 404);
  });

  it('THREAT 35: a ceiling that is lowered after the grant counts at once', async () => {
    const each = await publicApp(server);
    const client = await connect(server, pages, each);
    assert.equal((await client.get('Patient/p1')).status, 200);
    const knex = await server.portico.own.knex();
    await knex('credential').where('id', each.id).update({ scope_ceiling: 'openid' });
    assert.equal((await client.get('Patient/p1')).status, 403);
  });

  it('RFC 6749 6: an app without a proof refreshes without its name; one with a proof never does', async () => {
    const unnamed = (grant: Client) =>
      post(`${server.url}/oauth/token`, {
        grant_type: 'refresh_token',
        refresh_token: grant.granted['refresh_token'] as string,
      });
    assert.equal((await unnamed(await connect(server, pages, app))).status, 200);
    const { status, body } = await unnamed(await connect(server, pages, other));
    assert.deepEqual([status, body.error], [401, 'invalid_client']);
    const unknown = await post(`${server.url}/oauth/token`, { grant_type: 'refresh_token', refresh_token: 'ptr_x' });
    assert.deepEqual([unknown.status, unknown.body.error], [400, 'invalid_grant']);
  });

  it('THREAT 66: a token of an app is for the pages of that app; others may not read what it opens', async () => {
    const client = await connect(server, pages, app);
    const asked = async (origin: string) =>
      (await client.get('Patient/p1', { headers: { origin } })).headers.get('access-control-allow-origin');
    assert.equal(await asked('https://app.example'), 'https://app.example');
    for (const origin of [
      'https://app.example.evil',
      'https://evil.example',
      'null',
      'http://app.example',
      'https://app.example:8443',
    ])
      assert.equal(await asked(origin), null, origin);
    const flow = flowOf(server, app);
    for (const [origin, allowed] of [
      ['https://app.example', 'https://app.example'],
      ['https://evil.example', null],
    ] as const) {
      const response = await fetch(`${server.url}/oauth/token`, {
        ...{ method: 'POST', headers: { origin } },
        body: new URLSearchParams({
          ...{ grant_type: 'authorization_code', code: await codeFor(flow), code_verifier: flow.verifier },
          ...{ client_id: app.id, redirect_uri: REDIRECT },
        }),
      });
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('access-control-allow-origin'), allowed);
      assert.equal(response.headers.get('access-control-allow-credentials'), null);
    }
  });

  it('raised no alarm', () => assert.deepEqual(server.alarms, []));
});
