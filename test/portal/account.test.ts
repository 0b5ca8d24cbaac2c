import assert from 'node:assert/strict';
import { generate } from 'otplib';
import { adminPages, loggedIn, loginFor, Pages, patientPages, shownIn } from '../support/pages.js';
import { start, type Server } from '../support/server.js';
import { PASSWORD, person } from '../support/users.js';

const FACTOR = '/portal/account/factor';
const OTHER_PASSWORD = 'four other words here';

describe('portal/account', () => {
  let server: Server;
  let clock: number;

  before(async () => {
    clock = Date.now();
    server = await start({ now: () => clock });
    await server.save([{ resourceType: 'Patient', id: 'p1', name: [{ family: 'One' }] }]);
  });
  after(() => server.stop());

  /** Sets up a second factor in the browser; the clock goes on, so that the next code is another one. */
  async function withFactor(pages: Pages): Promise<{ code: () => Promise<string>; recovery: string[] }> {
    await pages.get(FACTOR);
    const { text } = await pages.send(FACTOR, { current: PASSWORD });
    const secret = shownIn(text, 'setup') as string;
    const code = (): Promise<string> => generate({ secret, epoch: Math.floor(clock / 1000) });
    const done = await pages.send(`${FACTOR}/confirm`, { code: await code() });
    assert.equal(done.status, 200, done.text);
    clock += 60_000;
    return { code, recovery: [...done.text.matchAll(/<li><code>([^<]+)<\/code>/g)].map(([, each]) => each as string) };
  }

  it('sets up a second factor, shows the recovery codes once, and asks for it at the next login', async () => {
    const pages = await patientPages(server, 'p1');
    const before = pages.cookie;
    assert.match((await pages.get('/portal/account')).text, /<span class="badge off">off<\/span>/);
    await pages.get(FACTOR);
    assert.equal((await pages.send(FACTOR, { current: 'wrong' })).status, 400);
    const { code, recovery } = await withFactor(pages);
    assert.notEqual(pages.cookie, before, 'the session has another id');
    assert.equal(recovery.length, 10);
    const account = (await pages.get('/portal/account')).text;
    assert.match(account, /<span class="badge">on<\/span>/);
    assert.ok(!account.includes(recovery[0] as string));
    const again = new Pages(server.url);
    assert.equal((await again.login(pages.email)).status, 200, 'asked for the code');
    assert.equal((await again.send('/portal/login/code', { code: await code() })).to, '/portal');
    const old = Object.assign(new Pages(server.url), { cookie: before });
    assert.equal((await old.get('/portal')).to, loginFor('/portal'));
  });

  it('says so when the first code is wrong, and turns nothing on', async () => {
    const pages = await patientPages(server, 'p1');
    await pages.get(FACTOR);
    await pages.send(FACTOR, { current: PASSWORD });
    const wrong = await pages.send(`${FACTOR}/confirm`, { code: '000000' });
    assert.equal(wrong.status, 401);
    assert.match(wrong.text, /The code is wrong/);
    assert.equal((await new Pages(server.url).login(pages.email)).to, '/portal');
  });

  it('turns the second factor off for the password alone', async () => {
    const pages = await patientPages(server, 'p1');
    await withFactor(pages);
    await pages.get(FACTOR);
    assert.equal((await pages.send(`${FACTOR}/off`, { current: 'wrong' })).status, 400);
    assert.equal((await pages.send(`${FACTOR}/off`, { current: PASSWORD })).to, '/portal/account?factor-off=1');
    assert.equal((await new Pages(server.url).login(pages.email)).to, '/portal');
  });

  it('changes the password and ends all other sessions', async () => {
    const pages = await patientPages(server, 'p1');
    const elsewhere = new Pages(server.url);
    await elsewhere.login(pages.email);
    const change = async (typed: Record<string, string>) => {
      await pages.get('/portal/account');
      return pages.send('/portal/account/password', {
        ...{ current: PASSWORD, password: OTHER_PASSWORD, again: OTHER_PASSWORD },
        ...typed,
      });
    };
    for (const typed of [{ current: 'wrong' }, { password: 'short', again: 'short' }, { again: 'not the same' }])
      assert.equal((await change(typed)).status, 400);
    assert.equal((await change({})).to, '/portal/account?changed=1');
    assert.equal((await pages.get('/portal')).status, 200, 'whoever changed it goes on');
    assert.equal((await elsewhere.get('/portal')).to, loginFor('/portal'));
    assert.equal((await new Pages(server.url).login(pages.email)).status, 401);
    assert.equal((await new Pages(server.url).login(pages.email, OTHER_PASSWORD)).to, '/portal');
  });

  it('guesses at the own password are counted like those of a login', async () => {
    const pages = await patientPages(server, 'p1');
    const guess = async () => {
      await pages.get(FACTOR);
      return pages.send(FACTOR, { current: 'a wrong guess' });
    };
    for (let count = 0; count < 5; count++) assert.equal((await guess()).status, 400);
    const { status, headers } = await guess();
    assert.equal(status, 429);
    assert.ok(Number(headers.get('retry-after')) > 0);
    clock += 16 * 60_000;
  });

  it('ends all own sessions, and those of somebody else for an admin', async () => {
    const pages = await patientPages(server, 'p1');
    await pages.get('/portal/account');
    assert.equal((await pages.send('/portal/account/end-sessions')).to, '/portal/login?out=1');
    assert.equal((await pages.get('/portal')).to, loginFor('/portal'));
    const { id, email } = await person(server, { roles: ['admin'] });
    const colleague = new Pages(server.url);
    await colleague.login(email);
    const admin = await adminPages(server);
    await admin.get(`/manager/users/${id}`);
    assert.equal((await admin.send(`/manager/users/${id}/end-sessions`)).to, `/manager/users/${id}?saved=1`);
    assert.equal((await colleague.get('/manager/users')).to, loginFor('/manager/users'));
    assert.equal((await colleague.login(email)).to, '/manager/users');
  });

  it('THREAT 56: an admin with a second factor proves it again before keys are made', async () => {
    const pages = await adminPages(server);
    const { code, recovery } = await withFactor(pages);
    const create = async (name: string) => {
      await pages.get('/manager/tokens/new');
      return pages.send('/manager/tokens', { name, scope: 'apiv2' });
    };
    assert.match(shownIn((await create('Fresh')).text, 'token') ?? '', /^pto_/, 'proved a minute ago');
    clock += 10 * 60_000;
    const asked = await create('Asked <b>');
    assert.match(asked.text, /Is it you\?/);
    assert.ok(!asked.text.includes('pto_') && asked.text.includes('value="Asked &lt;b>"'));
    const form = Object.fromEntries(
      [...asked.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [
        name as string,
        (value as string).replaceAll('&lt;', '<'),
      ]),
    );
    const wrong = await pages.send('/manager/tokens', { ...form, step_up_code: '000000' });
    assert.equal(wrong.status, 401);
    assert.ok(!wrong.text.includes('pto_'));
    const right = await pages.send('/manager/tokens', { ...form, step_up_code: await code() });
    assert.match(shownIn(right.text, 'token') ?? '', /^pto_/);
    assert.match(shownIn((await create('Soon after')).text, 'token') ?? '', /^pto_/);
    clock += 11 * 60_000;
    const { id } = await person(server, { roles: ['admin'] });
    await pages.get(`/manager/users/${id}`);
    assert.match((await pages.send(`/manager/users/${id}`, { role: 'admin', keys: 'Yes' })).text, /Is it you\?/);
    const paper = { role: 'admin', keys: 'Yes', step_up_code: recovery[0] as string };
    assert.equal((await pages.send(`/manager/users/${id}`, paper)).to, `/manager/users/${id}?saved=1`);
    const rows = await server.portico.own.objects(`select name from credential where kind = 'org'`, []);
    assert.deepEqual(rows.map(({ name }) => name).sort(), ['Asked <b>', 'Fresh', 'Soon after']);
  });

  it('opens to everybody who is logged in, and to nobody else', async () => {
    for (const pages of [await loggedIn(server, { roles: ['admin'] }), await patientPages(server, 'p1')])
      assert.equal((await pages.get('/portal/account')).status, 200);
    for (const path of ['/portal/account', FACTOR])
      assert.equal((await new Pages(server.url).get(path)).to, loginFor(path));
  });
});
