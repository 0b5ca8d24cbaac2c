import assert from 'node:assert/strict';
import {
  allow,
  answerOf,
  authorizePath,
  confidentialApp,
  flowOf,
  follow,
  formAction,
  offered,
  open,
  publicApp,
  REDIRECT,
  type App,
} from '../support/launch.js';
import { forgive } from '../support/oauth.js';
import { hidden, loggedIn, Pages, patientPages } from '../support/pages.js';
import { failureRules } from '../../src/limits/rules.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';
import { PASSWORD } from '../support/users.js';

describe('attacks/launch: requests', () => {
  let server: Server;
  let app: App;
  let pages: Pages & { email: string };
  const now = Date.now();

  before(async () => {
    server = await start({ now: () => now });
    app = await publicApp(server);
    await server.save(['p1', 'p2'].map((id) => ({ resourceType: 'Patient', id, name: [{ family: id }] })));
    pages = await patientPages(server, 'p1');
  });
  after(() => server.stop());
  afterEach(() => forgive(server));

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
