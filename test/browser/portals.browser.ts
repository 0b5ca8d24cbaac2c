import assert from 'node:assert/strict';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { listOrgs, updateOrg } from '../../src/auth/orgs.js';
import { Client, requestToken } from '../support/client.js';
import { start, TENANT, type Server } from '../support/server.js';
import { person } from '../support/users.js';
import { check, launch, login, looks, open, screenshots } from './browser.js';
import { record } from './record.js';

describe('portals in Chromium', function () {
  this.timeout(300_000);
  let server: Server;
  let browser: Browser;
  const complaints: string[] = [];

  before(async () => {
    server = await start();
    await server.save(record);
    const { own } = server.portico;
    const org = (await listOrgs(own)).find(({ id }) => id === TENANT);
    assert.ok(org);
    await updateOrg(own, { ...org, name: 'Harbour and Hinterland Regional Medical Center' });
    browser = await launch();
  });
  after(async () => {
    await browser.close();
    await server.stop();
    process.stdout.write(`    screenshots: ${screenshots}\n`);
  });

  const patient = async (id = 'p1') =>
    (await person(server, { name: 'Marisol', roles: ['patient'], fhirUser: `Patient/${id}` })).email;
  const admin = async () => (await person(server, { name: 'Ada Admin', roles: ['admin'], canManageKeys: true })).email;
  /** Somebody's browser, logged in. */
  async function as(email: string, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await open(browser, complaints, options);
    await login(page, server.url, email);
    return page;
  }
  async function generate(page: Page, name: string): Promise<{ id: string; secret: string }> {
    await page.goto(`${server.url}/portal/keys`);
    await page.click('text=Generate New Credentials');
    await page.fill('#name', name);
    await page.click('text=Submit');
    return { id: await page.inputValue('#key'), secret: await page.inputValue('#secret') };
  }

  it('ICANOTES 1, 2: generates, copies, and after Done nobody sees the secret again', async () => {
    const page = await as(await patient());
    await page.click('text=Manage your keys');
    const { secret } = await generate(page, 'My health app');
    await page.click('[data-copy=secret]');
    await page.waitForSelector('text=Copied');
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), secret);
    await page.click('[data-copy=base]');
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), server.base);
    await page.click('text=Done');
    const shown = async (): Promise<boolean> => (await page.content()).includes(secret);
    assert.equal(await shown(), false);
    await page.reload();
    assert.equal(await shown(), false);
    // Chromium has kept no copy of the answer, and asks before it would send the form again.
    await page.goBack().catch(() => undefined);
    assert.equal(await shown(), false);
    await page.goto(`${server.url}/portal/keys`);
    assert.equal(await page.locator('tr:has-text("My health app")').count(), 1);
    await page.context().close();
  });

  it('sends a form again when it is reloaded, and makes nothing by it', async () => {
    const page = await as(await patient());
    const { secret } = await generate(page, 'Only once');
    await page.reload();
    assert.match((await page.textContent('main')) ?? '', /Nothing was made/);
    assert.ok(!(await page.content()).includes(secret));
    await page.click('text=Back to your credentials');
    assert.equal(await page.locator('tr:has-text("Only once")').count(), 1);
    complaints.splice(0, complaints.length, ...complaints.filter((each) => !each.includes('409')));
    await page.context().close();
  });

  it('ICANOTES 3-6, 8: deletes one of two sets with a toast; its token is dead at once, and the log says so', async () => {
    const page = await as(await patient());
    const [first, second] = [await generate(page, 'First'), await generate(page, 'Second')];
    const [app, other] = [await Client.login(server.url, first), await Client.login(server.url, second)];
    assert.equal((await app.get('Patient/p1')).status, 200);
    assert.equal((await app.get('Patient/p2')).status, 404);
    assert.equal((await requestToken(server.url, { ...first, scope: 'system/*.rs' })).body.error, 'invalid_scope');
    await page.click('text=Done');
    await page.click('tr:has-text("First") a.icon');
    await page.click('main button');
    assert.match((await page.textContent('[role=status]')) ?? '', /deleted/);
    assert.equal((await app.get('Patient/p1')).status, 401);
    assert.equal((await requestToken(server.url, first)).status, 401);
    assert.equal((await other.get('Patient/p1')).status, 200);
    await page.click('text=Access log');
    const log = (await page.textContent('main')) ?? '';
    for (const part of ['Made credentials for an app', 'First', 'Deleted the credentials'])
      assert.ok(log.includes(part));
    await page.context().close();
  });

  it('says so when a set was deleted in another tab', async () => {
    const page = await as(await patient());
    await generate(page, 'Twice deleted');
    await page.click('text=Done');
    const tab = await page.context().newPage();
    await tab.goto(page.url());
    for (const each of [tab, page]) await each.click('a.icon');
    for (const each of [tab, page]) await each.click('main button');
    assert.match((await tab.textContent('[role=status]')) ?? '', /are deleted/);
    assert.match((await page.textContent('[role=status]')) ?? '', /were deleted already/);
    await page.context().close();
  });

  it('PULSARA 1, 2, 4: an API token is made, used, looked up and revoked', async () => {
    const page = await as(await admin());
    await page.click('text=+ API Token');
    await page.fill('#name', 'Ambulance');
    await page.fill('#find', 'vitals');
    assert.equal(await page.isVisible('text=SMART on FHIR'), false, 'nothing of it fits');
    await page.check('[value="system/vitals.read"]');
    await page.fill('#find', 'patients');
    await page.check('[value="system/patients.read"]');
    await page.click('text=Save');
    const token = await page.inputValue('#token');
    assert.match(token, /^pto_/);
    await page.click('[data-copy=token]');
    await page.waitForSelector('text=Copied');
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), token);
    const use = async () =>
      (await fetch(`${server.url}/api/v1/patient-channels/none`, { headers: { 'x-api-key': token } })).status;
    assert.notEqual(await use(), 401);
    await page.click('text=Done');
    await page.reload();
    assert.ok(!(await page.content()).includes(token));
    await page.click('tr:has-text("Ambulance") >> text=View');
    const log = (await page.textContent('main')) ?? '';
    for (const part of ['token-create', 'patient-channel']) assert.ok(log.includes(part), part);
    await page.goBack();
    await page.click('td >> text=Revoke');
    await page.click('main button');
    assert.match((await page.textContent('[role=status]')) ?? '', /revoked/);
    assert.equal(await use(), 401);
    const without = await as((await person(server, { roles: ['admin'] })).email);
    assert.equal(await without.isVisible('text=API Tokens'), false);
    for (const each of [page, without]) await each.context().close();
  });

  it('ICANOTES 7: an admin enables a patient, who sets a password, opens a document, and is disabled', async () => {
    const page = await as(await admin());
    await page.goto(`${server.url}/manager/patients`);
    await page.fill('#q', 'desmond');
    await page.click('main button');
    await page.click('td >> text=Open');
    await page.fill('#email', 'desmond@home.example');
    await page.click('text=Enable the portal');
    const link = await page.inputValue('#link');
    const theirs = await open(browser, complaints);
    await theirs.goto(link);
    await theirs.fill('#password', 'four words of his');
    await theirs.fill('#again', 'four words of his');
    await theirs.click('main button');
    await login(theirs, server.url, 'desmond@home.example', 'four words of his');
    const [download] = await Promise.all([theirs.waitForEvent('download'), theirs.click('text=Summary')]);
    assert.equal(download.suggestedFilename(), 'document.pdf');
    const { id, secret } = await generate(theirs, 'Ends with the account');
    const app = await Client.login(server.url, { id, secret });
    await page.click('text=Done');
    await page.click('text=Disable the portal');
    assert.match((await page.textContent('[role=status]')) ?? '', /can no longer log in/);
    assert.equal((await app.get('Patient/p3')).status, 401);
    await theirs.reload();
    assert.match((await theirs.textContent('main')) ?? '', /Please log in/);
    for (const each of [page, theirs]) await each.context().close();
  });

  it('works without JavaScript, from the login to the end of a token', async () => {
    const page = await as(await patient(), { javaScriptEnabled: false });
    const { secret } = await generate(page, 'Plain');
    assert.match(secret, /^ptk_/);
    assert.equal(await page.isVisible('[data-copy=secret]'), false);
    await page.click('text=Done');
    await page.click('a.icon');
    await page.click('main button');
    assert.match((await page.textContent('[role=status]')) ?? '', /deleted/);
    for (const path of ['', '/log', '/account', '/account/factor']) {
      await page.goto(`${server.url}/portal${path}`);
      assert.ok((await page.textContent('h1')) !== '');
    }
    await page.click('text=Log out');
    await login(page, server.url, await admin());
    await page.goto(`${server.url}/manager/tokens/new`);
    await page.fill('#name', 'Plain too');
    assert.equal(await page.isVisible('#find'), false);
    await page.click('summary:has-text("Patient Document")');
    await page.check('[value="system/vitals.read"]');
    await page.click('text=Save');
    assert.match(await page.inputValue('#token'), /^pto_/);
    for (const path of ['users', 'patients?q=marisol', 'audit?what=token', 'status']) {
      await page.goto(`${server.url}/manager/${path}`);
      assert.ok((await page.textContent('h1')) !== '');
    }
    await page.context().close();
  });

  const patients = ['patients?q=marisol', 'patients/p1', 'patients/p2'];

  for (const [look, options] of looks)
    it(`has no violation of axe-core on any page: ${look}`, async () => {
      const page = await open(browser, complaints, options);
      const visit = async (path: string): Promise<void> => {
        await page.goto(`${server.url}${path}`);
        await check(page, `${path.replaceAll(/\W+/g, '-').slice(1)}-${look}`);
      };
      for (const path of ['/portal/login', '/api/v1/docs']) await visit(path);
      await login(page, server.url, await patient());
      for (const path of ['/portal', '/portal/keys', '/portal/keys/new', '/portal/account', '/portal/account/factor'])
        await visit(path);
      await generate(page, 'Heart app');
      await page.click('summary');
      await check(page, `portal-made-${look}`);
      await visit('/portal/keys');
      await page.click('a.icon');
      await check(page, `portal-delete-${look}`);
      await page.click('main button');
      await check(page, `portal-deleted-${look}`);
      await visit('/portal/log');
      await page.click('text=Log out');
      await login(page, server.url, await admin());
      await page.goto(`${server.url}/manager/tokens/new`);
      await page.fill('#name', `Ambulance ${look}`);
      await page.fill('#find', 'vitals');
      await page.check('[value="system/vitals.read"]');
      await page.click('text=Save');
      await check(page, `manager-token-made-${look}`);
      await visit('/manager/tokens');
      await page.click(`tr:has-text("${look}") >> text=View`);
      await check(page, `manager-activity-${look}`);
      await visit('/manager/users');
      await page.click('td >> text=Edit >> nth=-1');
      await check(page, `manager-user-${look}`);
      await page.goto(`${server.url}/manager/tokens/new`);
      await page.click('summary:has-text("SMART on FHIR")');
      await check(page, `manager-tokens-new-${look}`);
      for (const path of [...patients, 'apps', 'integrations', 'webhooks', 'webhooks/new', 'audit', 'status'])
        await visit(`/manager/${path}`);
      await page.context().close();
    });

  it('leaves no error in the console', () => {
    assert.deepEqual(complaints, []);
  });
});
