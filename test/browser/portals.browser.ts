import assert from 'node:assert/strict';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { Client } from '../support/client.js';
import { start, type Server } from '../support/server.js';
import { PASSWORD, person } from '../support/users.js';
import { check, launch, looks, screenshots } from './browser.js';

const MEASURED = [
  ['Heart rate', 'beats/min', 62],
  ['Body temperature', 'Cel', 37],
  ['Oxygen saturation', '%', 97],
] as const;

describe('portals in Chromium', function () {
  this.timeout(300_000);
  let server: Server;
  let browser: Browser;
  const complaints: string[] = [];

  before(async () => {
    server = await start();
    await server.save([
      {
        ...{ resourceType: 'Patient', id: 'p1', birthDate: '1958-07-19', gender: 'female' },
        name: [{ use: 'official', given: ['Marisol'], family: 'Quintanilla-Ferro' }],
        address: [{ line: ['4 Harbour Walk'], city: 'Harlow', postalCode: '02139' }],
      },
      { resourceType: 'Patient', id: 'p2', name: [{ text: 'ن'.repeat(250) + 'x'.repeat(250) }] },
      ...MEASURED.flatMap(([text, unit, value], kind) =>
        [0, 1, 2, 3, 4, 5].map((day) => ({
          ...{ resourceType: 'Observation', id: `o${String(kind)}-${String(day)}`, status: 'final', code: { text } },
          ...{ subject: { reference: 'Patient/p1' }, effectiveDateTime: `2026-03-0${String(day + 1)}T08:00:00Z` },
          valueQuantity: { value: value + ((day * 7) % 5), unit },
        })),
      ),
      {
        ...{ resourceType: 'Communication', id: 'c1', status: 'completed', subject: { reference: 'Patient/p1' } },
        ...{ sent: '2026-03-01T09:00:00Z', sender: { display: 'Night team' } },
        payload: [{ contentString: 'ETA 10 minutes 🚑' }],
      },
    ]);
    browser = await launch();
  });
  after(async () => {
    await browser.close();
    await server.stop();
    process.stdout.write(`    screenshots: ${screenshots}\n`);
  });

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'], ...options });
    const page = await context.newPage();
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    return page;
  }

  async function login(page: Page, email: string): Promise<void> {
    await page.goto(`${server.url}/portal/login`);
    await page.fill('#email', email);
    await page.fill('#password', PASSWORD);
    await page.click('main button');
  }

  const patient = async (id = 'p1') =>
    (await person(server, { name: 'Marisol', roles: ['patient'], fhirUser: `Patient/${id}` })).email;
  const admin = async () => (await person(server, { name: 'Ada Admin', roles: ['admin'], canManageKeys: true })).email;

  it('ICANOTES 1-8: generate, copy, Done, reload, delete with a toast, and the token is dead at once', async () => {
    const page = await open();
    await login(page, await patient());
    await page.click('text=Manage your keys');
    await page.click('text=Generate New Credentials');
    await page.fill('#name', 'My health app');
    await page.click('text=Submit');
    const [id, secret] = [await page.inputValue('#key'), await page.inputValue('#secret')];
    await page.click('[data-copy=secret]');
    await page.waitForSelector('text=Copied');
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), secret);
    const app = await Client.login(server.url, { id, secret });
    assert.equal((await app.get('Patient/p1')).status, 200);
    await page.click('text=Done');
    await page.reload();
    assert.ok(!(await page.content()).includes(secret));
    await page.click('a.icon');
    await page.click('main button');
    assert.match((await page.textContent('[role=status]')) ?? '', /deleted/);
    assert.equal((await app.get('Patient/p1')).status, 401);
    await page.context().close();
  });

  it('PULSARA 1, 2, 4: an API token is made, used, looked up and revoked', async () => {
    const page = await open();
    await login(page, await admin());
    await page.click('text=+ API Token');
    await page.fill('#name', 'Ambulance');
    await page.fill('#find', 'vitals');
    assert.equal(await page.isVisible('[value="system/Patient.rs"]'), false);
    await page.check('[value="system/vitals.read"]');
    await page.click('text=Save');
    assert.match(await page.inputValue('#token'), /^pto_/);
    await page.click('text=Done');
    await page.click('text=View');
    assert.match((await page.textContent('main')) ?? '', /token-create/);
    await page.goBack();
    await page.click('td >> text=Revoke');
    await page.click('main button');
    assert.match((await page.textContent('[role=status]')) ?? '', /revoked/);
    await page.context().close();
  });

  it('works without JavaScript', async () => {
    const page = await open({ javaScriptEnabled: false });
    await login(page, await patient());
    await page.goto(`${server.url}/portal/keys/new`);
    await page.fill('#name', 'Plain');
    await page.click('main button');
    assert.match(await page.inputValue('#secret'), /^ptk_/);
    assert.equal(await page.isVisible('[data-copy=secret]'), false);
    await page.context().close();
  });

  for (const [look, options] of looks)
    it(`has no violation of axe-core on any page: ${look}`, async () => {
      const page = await open(options);
      await page.goto(`${server.url}/portal/login`);
      await check(page, `login-${look}`);
      await login(page, await patient());
      for (const path of ['', '/keys', '/keys/new', '/log']) {
        await page.goto(`${server.url}/portal${path}`);
        await check(page, `portal${path.replaceAll('/', '-')}-${look}`);
      }
      await page.goto(`${server.url}/portal/keys/new`);
      await page.fill('#name', 'Heart app');
      await page.click('main button');
      await page.click('summary');
      await check(page, `portal-made-${look}`);
      await page.goto(`${server.url}/portal/keys`);
      await check(page, `portal-list-${look}`);
      await page.click('a.icon');
      await check(page, `portal-delete-${look}`);
      await page.click('main button');
      await check(page, `portal-deleted-${look}`);
      await page.click('text=Log out');
      await login(page, await admin());
      for (const path of [
        'tokens',
        'tokens/new',
        'users',
        'patients?q=marisol',
        'patients/p1',
        'patients/p2',
        'status',
      ]) {
        await page.goto(`${server.url}/manager/${path}`);
        await check(page, `manager-${path.replaceAll(/\W/g, '-')}-${look}`);
      }
      await page.context().close();
    });

  it('leaves no error in the console', () => {
    assert.deepEqual(complaints, []);
  });
});
