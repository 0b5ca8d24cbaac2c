import assert from 'node:assert/strict';
import { generate } from 'otplib';
import { disableUser, setPassword } from '../../src/auth/users.js';
import { adminPages, hidden, loggedIn, loginFor, Pages, patientPages } from '../support/pages.js';
import { start, TENANT, type Server } from '../support/server.js';
import { bearer, PASSWORD, person, post } from '../support/users.js';

describe('portal/login', () => {
  let server: Server;
  let clock: number;

  before(async () => {
    clock = Date.now();
    server = await start({ now: () => clock });
    await server.save([{ resourceType: 'Patient', id: 'p1', name: [{ family: 'One' }] }]);
  });
  after(() => server.stop());

  it('THREAT 30: answers every page with the headers of SMART 1.2: nobody frames it, and nothing keeps it', async () => {
    const patient = await patientPages(server, 'p1');
    for (const path of [
      '/portal/login',
      '/portal',
      '/portal/keys',
      '/portal/keys/new',
      '/portal/nothing',
      '/manager/users',
    ]) {
      const { headers } = await (path === '/portal/login' ? new Pages(server.url) : patient).get(path);
      assert.equal(
        headers.get('content-security-policy'),
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      );
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('referrer-policy'), 'no-referrer');
      assert.equal(headers.get('cross-origin-opener-policy'), 'same-origin');
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.equal(headers.get('access-control-allow-origin'), null);
    }
  });

  it('asks for https from then on where it is reached by it, and below a path writes its links with it', async () => {
    const other = await start({ env: { PORTICO_BASE_URL: 'https://clinic.example/fhir-server' } });
    try {
      const answer = await fetch(`http://localhost:${String(other.portico.config.port)}/portal/login`);
      assert.match(answer.headers.get('strict-transport-security') ?? '', /max-age=63072000/);
      assert.match(await answer.text(), /action="\/fhir-server\/portal\/login"/);
    } finally {
      await other.stop();
    }
  });

  it('serves its one stylesheet and its one script as files', async () => {
    const page = await new Pages(server.url).get('/portal/login');
    const files = [...page.text.matchAll(/(?:href|src)="([^"]*\/assets\/[^"]*)"/g)].map(([, path]) => path as string);
    assert.equal(files.length, 2);
    for (const path of files) assert.equal((await new Pages(server.url).get(path)).status, 200);
    assert.equal((await new Pages(server.url).get('/portal/assets/..%2fassets.ts')).status, 404);
    assert.doesNotMatch(page.text, /<script>|style="| on[a-z]+="/);
  });

  it('THREAT 29: keeps a session under an id that is new at login, in a cookie that only this host gets', async () => {
    const { email } = await person(server, { roles: ['patient'], fhirUser: 'Patient/p1' });
    const pages = new Pages(server.url);
    await pages.get('/portal/login');
    const before = pages.cookie;
    const answer = await pages.send('/portal/login', { email, password: PASSWORD });
    assert.equal(answer.to, '/portal');
    assert.match(
      answer.headers.get('set-cookie') ?? '',
      /^__Host-portico=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    assert.notEqual(pages.cookie, before, 'the id is new at login');
    const planted = Object.assign(new Pages(server.url), { cookie: before });
    assert.equal((await planted.get('/portal')).to, loginFor('/portal'), 'whoever knew the old one has nothing');
    const rows = await server.portico.own.objects('select * from portal_session', []);
    assert.ok(!JSON.stringify(rows).includes(pages.cookie.split('=')[1] as string));
    assert.equal((await pages.get('/portal')).status, 200);
    const out = await pages.send('/portal/logout');
    assert.equal(out.to, '/portal/login?out=1');
    assert.equal((await pages.get('/portal')).to, loginFor('/portal'));
  });

  it('ends a session after 15 minutes without use, and after 8 hours in any case', async () => {
    const idle = await patientPages(server, 'p1');
    clock += 14 * 60_000;
    assert.equal((await idle.get('/portal/keys')).status, 200);
    clock += 14 * 60_000;
    assert.equal((await idle.get('/portal/keys')).status, 200);
    clock += 15 * 60_000;
    assert.equal((await idle.get('/portal/keys')).to, loginFor('/portal/keys'));
    const busy = await patientPages(server, 'p1');
    for (let minutes = 10; minutes < 480; minutes += 10) {
      clock += 10 * 60_000;
      assert.equal((await busy.get('/portal/keys')).status, 200, `after ${String(minutes)} minutes`);
    }
    clock += 10 * 60_000;
    assert.equal((await busy.get('/portal/keys')).to, loginFor('/portal/keys'));
  });

  it('THREAT 58: says the same for a wrong password and for nobody, and refuses after five failures', async () => {
    const { email } = await person(server, { roles: ['patient'], fhirUser: 'Patient/p1' });
    const wrong = await new Pages(server.url).login(email, 'not the password');
    const nobody = await new Pages(server.url).login('nobody@clinic.example', 'not the password');
    assert.deepEqual([wrong.status, nobody.status], [401, 401]);
    const plain = (text: string) => text.replace(/value="[^"]*"/g, '');
    assert.equal(plain(wrong.text), plain(nobody.text));
    for (let count = 0; count < 4; count++) await new Pages(server.url).login(email, 'not the password');
    const limited = await new Pages(server.url).login(email);
    assert.equal(limited.status, 429);
    assert.ok(Number(limited.headers.get('retry-after')) > 0);
    clock += 16 * 60_000;
    assert.equal((await new Pages(server.url).login(email)).to, '/portal');
  });

  it('asks for the second factor, takes each code once, and recovery codes too', async () => {
    const { email } = await person(server, { roles: ['admin'] });
    const first = await post(server, '/login', { email, password: PASSWORD });
    const auth = bearer(first.body.accessToken, TENANT);
    const { body } = await post(server, '/mfa/enrol', { password: PASSWORD }, auth);
    const code = (): Promise<string> => generate({ secret: body.secret, epoch: Math.floor(clock / 1000) });
    const confirmed = await post(server, '/mfa/confirm', { code: await code() }, auth);
    clock += 60_000;
    const pages = new Pages(server.url);
    const half = await pages.login(email);
    assert.equal(half.status, 200);
    assert.equal((await pages.get('/manager/users')).to, loginFor('/manager/users'), 'a password alone opens nothing');
    await pages.login(email);
    assert.equal((await pages.send('/portal/login/code', { code: '000000' })).status, 401);
    assert.equal((await pages.send('/portal/login/code', { code: await code() })).to, '/manager/users');
    const again = new Pages(server.url);
    await again.login(email);
    assert.equal((await again.send('/portal/login/code', { code: await code() })).status, 401);
    const recovery = new Pages(server.url);
    await recovery.get(loginFor('/manager/status'));
    await recovery.send('/portal/login', { email, password: PASSWORD });
    const paper = confirmed.body.recoveryCodes[0] as string;
    assert.equal((await recovery.send('/portal/login/code', { code: paper })).to, '/manager/status');
  });

  it('sends everybody to their own pages, and a clinician to the apps that they connected', async () => {
    assert.equal((await (await adminPages(server)).get('/portal/login')).to, '/manager/tokens');
    const { email } = await person(server, { roles: ['clinician'] });
    assert.equal((await new Pages(server.url).login(email)).to, '/oauth/manage');
    const patient = await patientPages(server, 'p1');
    for (const path of ['/manager/users', '/manager/tokens', '/manager/patients', '/manager/status'])
      assert.equal((await patient.get(path)).status, 403, path);
    assert.equal((await (await loggedIn(server, { roles: ['admin'] })).get('/portal')).status, 403);
  });

  it('logs out whoever is disabled or whose password was set, with the next page', async () => {
    const { own } = server.portico;
    const disabled = await patientPages(server, 'p1');
    await disableUser(own, TENANT, disabled.email, clock);
    assert.equal((await disabled.get('/portal')).to, loginFor('/portal'));
    const changed = await patientPages(server, 'p1');
    await setPassword(own, { tenant: TENANT, email: changed.email, password: 'another long password' }, clock);
    assert.equal((await changed.get('/portal')).to, loginFor('/portal'));
  });

  it('THREAT 65: takes no form of another page', async () => {
    const pages = await patientPages(server, 'p1');
    await pages.get('/portal/keys/new');
    const send = (typed: Record<string, string>, headers: Record<string, string>, body?: string) =>
      pages.send('/portal/keys', { name: 'App', ...typed }, { headers, ...(body !== undefined && { body }) });
    const stranger = await patientPages(server, 'p1');
    await stranger.get('/portal/keys/new');
    const theirs = /name="csrf" value="([^"]*)"/.exec(stranger.last)?.[1] as string;
    const refusals = [
      await send({ csrf: '' }, {}),
      await send({ csrf: theirs }, {}),
      await send({}, { 'sec-fetch-site': 'cross-site' }),
      await send({}, { 'sec-fetch-site': 'same-site' }),
      await send({}, { origin: 'https://clinic.example.evil' }),
      await send({}, { origin: 'null' }),
      await send({}, { 'content-type': 'text/plain' }, 'name=App'),
      await send({}, { 'content-type': 'application/json' }, '{"name":"App"}'),
    ];
    for (const each of refusals) {
      assert.equal(each.status, 403);
      assert.equal(each.headers.get('access-control-allow-origin'), null);
    }
    await pages.get('/portal/keys');
    assert.match(pages.last, /No app has a key to your record/);
    await pages.get('/portal/keys/new');
    assert.equal((await send({}, { 'sec-fetch-site': 'same-origin', origin: 'null' })).status, 200);
  });

  it('THREAT 65: takes no login form of another page either', async () => {
    const { email } = await person(server, { roles: ['patient'], fhirUser: 'Patient/p1' });
    const fresh = new Pages(server.url);
    assert.equal((await fresh.send('/portal/login', { email, password: PASSWORD })).status, 403);
  });

  it('THREAT 27: leads nowhere but to its own pages, whatever a link says', async () => {
    const pages = await patientPages(server, 'p1');
    for (const evil of [
      'https://evil.example/',
      '//evil.example',
      '/\\evil.example',
      '%09//evil.example',
      'javascript:1',
    ])
      for (const name of ['next', 'redirect_uri']) {
        const query = new URLSearchParams({ [name]: evil }).toString();
        assert.equal((await pages.get(`/portal/login?${query}`)).to, '/portal');
        const fresh = new Pages(server.url);
        await fresh.get(`/portal/login?${query}`);
        const { email } = pages;
        assert.equal((await fresh.send('/portal/login', { email, password: PASSWORD, [name]: evil })).to, '/portal');
        await fresh.get('/portal');
        assert.equal((await fresh.send('/portal/logout', { [name]: evil })).to, '/portal/login?out=1');
      }
    assert.equal((await pages.get('//evil.example/portal')).status, 404);
  });

  it('THREAT 66: lets no other origin read a page, with or without its cookie', async () => {
    const pages = await patientPages(server, 'p1');
    for (const origin of [
      'https://app.example.evil',
      'null',
      server.url.replace('localhost', 'localhost.evil.example'),
    ])
      for (const method of ['GET', 'OPTIONS']) {
        const asking = { origin, cookie: pages.cookie, 'access-control-request-method': 'GET' };
        const { headers } = await fetch(`${server.url}/portal`, { method, headers: asking });
        for (const name of ['access-control-allow-origin', 'access-control-allow-credentials'])
          assert.equal(headers.get(name), null, `${origin} ${method}`);
        assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin');
      }
  });

  it('THREAT 27: leads back to the page where somebody was, to pages of ours alone, and not to what is not theirs', async () => {
    const pages = await patientPages(server, 'p1');
    const again = async (back: string, email = pages.email): Promise<string | undefined> => {
      const browser = new Pages(server.url);
      await browser.get(`/portal/login?ended=1&back=${encodeURIComponent(back)}`);
      return (await browser.send('/portal/login', { email, password: PASSWORD })).to;
    };
    clock += 16 * 60_000;
    const { to } = await pages.get('/portal/log?x=%2F%2Fevil.example');
    assert.equal(to, loginFor('/portal/log?x=%2F%2Fevil.example'));
    await pages.get(to);
    assert.equal((await pages.send('/portal/login', { email: pages.email, password: 'wrong it is' })).status, 401);
    const entered = await pages.send('/portal/login', { email: pages.email, password: PASSWORD });
    assert.equal(entered.to, '/portal/log?x=%2F%2Fevil.example');
    assert.equal((await pages.get('/portal/login?back=%2Fportal%2Fkeys')).to, '/portal/keys');
    assert.equal(await again('/portal/documents/d1'), '/portal', 'a file comes from a page');
    for (const evil of [
      ...[
        '//evil.example/portal',
        '/\\evil.example/portal',
        'https://evil.example/portal/keys',
        '/\t/evil.example/portal',
      ],
      ...[
        'javascript:alert(1)',
        '/portal/login',
        '/portal/enrol/x',
        '/oauth/authorize',
        '/fhir/R4/Patient',
        '/portal/none',
      ],
      ...[
        '/portal/keys/../../evil',
        './/evil.example/portal',
        'portal@evil.example',
        `/portal/keys?${'x'.repeat(3000)}`,
      ],
      ...['/portal/logout', '/portal/assets/portal.js', 'http://here.invalid:80/portal', '', '/manager/users'],
    ])
      assert.equal(await again(evil), '/portal', evil);
    const admin = await person(server, { roles: ['admin'] });
    assert.equal(await again('/portal/keys', admin.email), '/manager/users');
    assert.equal(await again('/manager/audit.csv?who=x', admin.email), '/manager/audit?who=x');
  });

  it('does nothing of a form that is sent after the session has ended, and says so', async () => {
    const pages = await patientPages(server, 'p1');
    await pages.get('/portal/keys/new');
    clock += 16 * 60_000;
    const { to } = await pages.send('/portal/keys', { name: 'After the end' });
    assert.equal(to, loginFor('/portal/keys'));
    assert.match((await pages.get(to)).text, /your session has ended/);
    const rows = await server.portico.own.objects(`select id from credential where name = 'After the end'`, []);
    assert.equal(rows.length, 0);
  });

  it('keeps two tabs apart: each form makes its own set, and logging out in one ends the other', async () => {
    const tab = await patientPages(server, 'p1');
    const other = Object.assign(new Pages(server.url), { cookie: tab.cookie });
    await tab.get('/portal/keys/new');
    await other.get('/portal/keys/new');
    for (const [pages, name] of [
      [other, 'Second tab'],
      [tab, 'First tab'],
    ] as const)
      assert.equal((await pages.send('/portal/keys', { name })).status, 200, name);
    await other.get('/portal/keys/new');
    await tab.send('/portal/logout');
    assert.equal((await other.send('/portal/keys', { name: 'Third' })).to, loginFor('/portal/keys'));
  });

  it('THREAT 65: takes no form that another session was given, nor one that was sent before', async () => {
    const [mine, theirs] = [await patientPages(server, 'p1'), await patientPages(server, 'p1')];
    await mine.get('/portal/keys/new');
    await theirs.get('/portal/keys/new');
    const stolen = { csrf: hidden(theirs.last, 'csrf') as string, form: hidden(theirs.last, 'form') as string };
    assert.equal((await mine.send('/portal/keys', { name: 'Stolen', ...stolen })).status, 403);
    assert.equal((await theirs.send('/portal/keys', { name: 'Own', ...stolen })).status, 200);
    assert.equal((await theirs.send('/portal/keys', { name: 'Replayed', ...stolen })).status, 409);
    const rows = await server.portico.own.objects(
      `select name from credential where name in ('Stolen', 'Own', 'Replayed')`,
      [],
    );
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['Own'],
    );
  });

  it('answers a large form and an unknown method with a page', async () => {
    const pages = await patientPages(server, 'p1');
    await pages.get('/portal/keys/new');
    assert.equal((await pages.send('/portal/keys', { name: 'x'.repeat(70_000) })).status, 413);
    const answer = await fetch(`${server.url}/portal/keys`, { method: 'PUT' });
    assert.equal(answer.status, 405);
    assert.match(answer.headers.get('content-type') ?? '', /text\/html/);
  });
});
