import assert from 'node:assert/strict';
import { Client } from '../support/client.js';
import {
  allow,
  answerOf,
  authorizePath,
  confidentialApp,
  connect,
  exchange,
  flowOf,
  follow,
  formAction,
  offered,
  open,
  publicApp,
  REDIRECT,
  refresh,
  type App,
  type Flow,
} from '../support/launch.js';
import { forgive } from '../support/oauth.js';
import { hidden, loggedIn, Pages, patientPages } from '../support/pages.js';
import { failureRules } from '../../src/limits/rules.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';
import { PASSWORD } from '../support/users.js';

describe('attacks/launch', () => {
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

  it('THREAT 26: a redirect URI is the registered one, letter by letter, or nobody is sent anywhere', async () => {
    const uris = [
      ...['', 'https://app.example/', 'https://app.example/back/', 'https://app.example/back?x=1', `${REDIRECT}#x`],
      ...['https://app.example/back/../evil', 'https://app.example/%2e%2e/back', 'https://app.example/back%2f'],
      ...[
        'https://APP.example/back',
        'HTTPS://app.example/back',
        'https://app.example:443/back',
        'http://app.example/back',
      ],
      ...['https://app.example.evil/back', 'https://app.example@evil.example/back', 'https://evil.example/back'],
      ...[
        'https://evil.example?https://app.example/back',
        '//app.example/back',
        '/back',
        'back',
        'javascript:alert(1)',
      ],
      ...[
        'data:text/html,x',
        'https://app.example\\@evil.example/back',
        'https://app.example/back\t',
        ' https://app.example/back',
      ],
      ...[
        'https://app.example/back ',
        'https://аpp.example/back',
        'http://127.0.0.1/back',
        'com.example.app:/back',
        '*',
      ],
    ];
    for (const redirect_uri of uris) {
      const page = await pages.get(authorizePath(flowOf(server, app, { redirect_uri }).params));
      assert.deepEqual([page.status, page.to], [400, undefined], redirect_uri);
      assert.match(page.headers.get('content-type') ?? '', /text\/html/);
      if (redirect_uri.length > 10) assert.ok(!page.text.includes(redirect_uri), 'it is not repeated');
    }
  });

  it('THREAT 26: a native app listens on any port of its machine; one with a secret does not', async () => {
    const redirectUris = ['http://127.0.0.1/back', 'http://[::1]:1/back', 'com.example.app:/back'];
    const native = await publicApp(server, { redirectUris });
    for (const redirect_uri of ['http://127.0.0.1:4711/back', 'http://[::1]:4711/back', 'com.example.app:/back']) {
      const flow = flowOf(server, native, { redirect_uri });
      const page = await open(pages, flow);
      assert.match(page.text, /runs on your device/);
      const { to } = await allow(pages, page);
      assert.ok(to?.startsWith(`${redirect_uri}?code=`), to);
    }
    for (const redirect_uri of [
      'http://127.0.0.1:4711/other',
      'http://127.0.0.2:1/back',
      'https://127.0.0.1/back',
      'com.example.app:/other',
    ]) {
      const page = await pages.get(authorizePath(flowOf(server, native, { redirect_uri }).params));
      assert.equal(page.status, 400, redirect_uri);
    }
    const secretive = await confidentialApp(server, { redirectUris });
    const flow = flowOf(server, secretive, { redirect_uri: 'http://127.0.0.1:4711/back' });
    assert.equal((await pages.get(authorizePath(flow.params))).status, 400);
  });

  it('THREAT 27: an unknown app, and one that is none, is told to the user and to nobody else', async () => {
    const { id } = await server.credential({});
    for (const client_id of ['', 'nobody', id, "x' or 1=1", 'a'.repeat(500), '\0']) {
      const page = await pages.get(
        authorizePath(flowOf(server, app, { client_id, redirect_uri: 'https://evil.example/' }).params),
      );
      assert.deepEqual([page.status, page.to], [400, undefined]);
    }
    for (const next of ['//evil.example', 'https://evil.example', '/\\evil.example', '%09//evil.example', '../x']) {
      const fresh = new Pages(server.url);
      await fresh.get(`/portal/login?next=${encodeURIComponent(next)}`);
      const { to } = await fresh.send('/portal/login', { email: pages.email, password: PASSWORD, next });
      assert.equal(to, '/portal');
    }
  });

  it('THREAT 75: a parameter that is given twice reaches no app', async () => {
    const { params } = flowOf(server, app);
    for (const name of Object.keys(params)) {
      const page = await pages.get(`${authorizePath(params)}&${name}=${encodeURIComponent(params[name]!)}`);
      assert.deepEqual([page.status, page.to], [400, undefined], name);
    }
  });

  it('THREAT 25, 32, SMART 4: what is wrong with a request is told to the app, with state and iss', async () => {
    const wrong: [Record<string, string>, string][] = [
      [{ response_type: '' }, 'invalid_request'],
      [{ response_type: 'token' }, 'unsupported_response_type'],
      [{ response_type: 'code id_token' }, 'unsupported_response_type'],
      [{ response_mode: 'fragment' }, 'invalid_request'],
      [{ state: '' }, 'invalid_request'],
      [{ state: 'x'.repeat(3000) }, 'invalid_request'],
      [{ aud: '' }, 'invalid_request'],
      [{ aud: 'https://evil.example/fhir/R4' }, 'invalid_request'],
      [{ aud: server.url }, 'invalid_request'],
      [{ resource: 'https://evil.example/fhir/R4' }, 'invalid_request'],
      [{ code_challenge: '' }, 'invalid_request'],
      [{ code_challenge: 'short' }, 'invalid_request'],
      [{ code_challenge_method: '' }, 'invalid_request'],
      [{ code_challenge_method: 'plain' }, 'invalid_request'],
      [{ scope: '' }, 'invalid_scope'],
      [{ scope: 'x'.repeat(5000) }, 'invalid_scope'],
      [{ nonce: 'x'.repeat(600) }, 'invalid_request'],
      [{ prompt: 'none login' }, 'invalid_request'],
      [{ prompt: 'sing' }, 'invalid_request'],
      [{ max_age: '-1' }, 'invalid_request'],
      [{ launch: 'x' }, 'invalid_request'],
      [{ request: 'x.y.z' }, 'request_not_supported'],
      [{ request_uri: 'https://evil.example' }, 'request_uri_not_supported'],
    ];
    for (const [more, error] of wrong) {
      const flow = flowOf(server, app, more);
      const page = await pages.get(authorizePath(flow.params));
      assert.ok(page.to?.startsWith(`${REDIRECT}?`), JSON.stringify(more));
      const answer = answerOf(page);
      assert.equal(answer['error'], error, JSON.stringify(more));
      assert.equal(answer['code'], undefined);
      assert.equal(answer['iss'], server.url);
      assert.equal(answer['state'], flow.params['state'] || undefined);
    }
    for (const more of [{ aud: `${server.base}/` }, { aud: '', resource: server.base }])
      assert.equal((await open(pages, flowOf(server, app, more as Record<string, string>))).status, 200);
    for (const scope of ['nonsense', 'system/*.rs apiv2', 'launch/patient offline_access'])
      assert.equal(answerOf(await open(pages, flowOf(server, app, { scope }))).error, 'invalid_scope', scope);
  });

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

  it('THREAT 29: a request belongs to the browser that opened it, and its form to the session', async () => {
    const mine = await open(pages, flowOf(server, app));
    const path = formAction(mine);
    const thief = await loggedIn(server, { roles: ['clinician'] });
    assert.equal((await thief.get(path)).status, 410);
    const csrf = hidden(mine.text, 'csrf') ?? '';
    assert.equal((await thief.send(path, { decision: 'allow', csrf })).status, 403, 'a form of mine');
    const own = await open(thief, flowOf(server, app));
    assert.equal((await thief.send(path, { decision: 'allow' })).status, 410, 'a proof of theirs, a request of mine');
    assert.equal(own.status, 200);
    pages.last = mine.text;
    assert.equal((await allow(pages, mine)).status, 303, 'and it is mine still');
  });

  it('THREAT 29: a cookie from before the login is nobody’s after it', async () => {
    const fixed = new Pages(server.url);
    const page = await open(fixed, flowOf(server, app));
    assert.match(page.text, /type="password"/);
    const before = fixed.cookie;
    const answer = await fixed.send('/portal/login', { email: pages.email, password: PASSWORD });
    assert.notEqual(fixed.cookie, before);
    const attacker = new Pages(server.url);
    attacker.cookie = before;
    assert.notEqual((await attacker.get(answer.to!)).status, 200, 'who planted it has nothing');
    assert.equal((await follow(fixed, answer)).status, 200);
  });

  it('THREAT 65: a decision needs our own form: no foreign site, no other type', async () => {
    const page = await open(pages, flowOf(server, app));
    const path = formAction(page);
    const typed = { decision: 'allow', scope: 'openid' };
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { 'content-type': 'text/plain' },
    ] as Record<string, string>[]) {
      pages.last = page.text;
      assert.equal((await pages.send(path, typed, { headers })).status, 403, JSON.stringify(headers));
    }
    pages.last = page.text;
    assert.equal((await pages.send(path, { ...typed, csrf: 'x' })).status, 403);
    pages.last = page.text;
    assert.equal((await pages.send(path, typed)).status, 303);
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

  it('THREAT 38: an app of one organization has no users of another', async () => {
    const theirs = await publicApp(server, { tenant: OTHER_TENANT });
    assert.equal(answerOf(await open(pages, flowOf(server, theirs))).error, 'access_denied');
  });

  it('THREAT 55: a patient whose record is not there, or not theirs any more, gives nothing', async () => {
    const unlinked = await loggedIn(server, { roles: ['patient'] });
    assert.equal(answerOf(await open(unlinked, flowOf(server, app))).error, 'access_denied');
    const gone = await patientPages(server, 'nobody');
    assert.equal(answerOf(await open(gone, flowOf(server, app))).error, 'access_denied');
  });

  it('THREAT 30, 67: consent cannot be framed, and an app’s name is text', async () => {
    const name = '"><svg onload=alert(1)>\u202e<script>';
    const evil = await publicApp(server, { name });
    const page = await open(pages, flowOf(server, evil, { state: '"><script>' }));
    assert.doesNotMatch(page.text, /<svg onload|<script>/);
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(policy, /frame-ancestors 'none'/);
    assert.match(policy, /default-src 'none'/);
    assert.equal(page.headers.get('cross-origin-opener-policy'), 'same-origin');
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
    assert.ok(offered(page).length > 0);
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

  it('keeps so many requests of one network and no more', async () => {
    const knex = await server.portico.own.knex();
    const path = authorizePath(flowOf(server, app).params);
    assert.equal((await pages.get(path)).status, 303);
    await knex('rate_limit').update({ points: failureRules.authorize.failures });
    const page = await pages.get(path);
    assert.equal(page.status, 429);
    assert.ok(Number(page.headers.get('retry-after')) > 0);
  });

  it('raised no alarm', () => assert.deepEqual(server.alarms, []));
});
