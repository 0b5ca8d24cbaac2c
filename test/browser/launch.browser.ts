import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { Client } from '../support/client.js';
import { publicApp, SCOPE, type App } from '../support/launch.js';
import { host } from '../support/oauth.js';
import { start, type Server } from '../support/server.js';
import { PASSWORD, person } from '../support/users.js';
import { check, launch, looks } from './browser.js';

const library = readFileSync(new URL('../../node_modules/fhirclient/build/fhir-client.js', import.meta.url));

/** The app that README shows, as it stands there, but for who serves it. */
const example = readFileSync(new URL('../examples/smart-app.html', import.meta.url), 'utf8');
const readme = ({ id }: App, iss: string): string =>
  example
    .replace(/https:\/\/cdn[^"]*/, '/fhir-client.js')
    .replace('CLIENT_ID', id)
    .replace('http://localhost:8080/fhir/R4', iss);

/** A whole SMART app, as its maker would write it. */
const begin = (
  { id }: App,
  iss: string,
): string => `<!doctype html><title>App</title><script src="/fhir-client.js"></script>
<script>FHIR.oauth2.authorize({ clientId: '${id}', iss: '${iss}', scope: '${SCOPE}', redirectUri: '/app.html', pkceMode: 'required' });</script>`;
const show = `<!doctype html><title>App</title><script src="/fhir-client.js"></script><p id="says">waiting</p>
<script>FHIR.oauth2.ready()
  .then(async (client) => { window.client = client; const patient = await client.patient.read(); return patient.name[0].family; })
  .catch((error) => 'refused: ' + error.message)
  .then((text) => { document.getElementById('says').textContent = text; });</script>`;

/** The app is there, which the page that leads to it is not, and has its answer. */
const SAID = `(document.getElementById('says')?.textContent ?? 'waiting') !== 'waiting'`;

describe('a SMART app in Chromium', function () {
  this.timeout(300_000);
  let server: Server;
  let browser: Browser;
  let app: App;
  let pages: { url: string; close: () => Promise<void> };
  const complaints: string[] = [];

  before(async () => {
    server = await start();
    await server.save([
      { resourceType: 'Patient', id: 'p1', name: [{ given: ['Marisol'], family: 'Quintanilla-Ferro' }] },
      { resourceType: 'Patient', id: 'p2', name: [{ family: 'Other' }] },
    ]);
    pages = await host((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://app.example');
      response.setHeader('content-type', pathname.endsWith('.js') ? 'text/javascript' : 'text/html');
      if (pathname === '/fhir-client.js') response.end(library);
      else if (pathname === '/launch.html') response.end(begin(app, server.base));
      else if (pathname === '/app.html') response.end(show);
      else if (pathname === '/readme/app.html') response.end(readme(app, server.base));
      else response.writeHead(204).end();
    });
    app = await publicApp(server, {
      ...{
        name: 'Heart app',
        redirectUris: [`${pages.url}/app.html`, `${pages.url}/readme/app.html`],
        origins: [pages.url],
      },
    });
    browser = await launch();
  });
  after(async () => {
    await browser.close();
    await pages.close();
    await server.stop();
  });

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await (await browser.newContext(options)).newPage();
    page.setDefaultTimeout(15_000);
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    return page;
  }

  /** From the page of the app to the page where the user decides. */
  async function arrive(page: Page): Promise<void> {
    const { email } = await person(server, { roles: ['patient'], fhirUser: 'Patient/p1', name: 'Marisol Q' });
    await page.goto(`${pages.url}/launch.html`);
    await page.fill('#email', email);
    await page.fill('#password', PASSWORD);
    await page.click('main button');
    await page.waitForSelector('text=Allow Heart app?');
  }

  it('SMART 5.2: goes from its own origin to its patient’s data, refreshes, and ends with the withdrawal', async () => {
    const page = await open();
    await arrive(page);
    await page.click('button[value=allow]');
    await page.waitForFunction(SAID);
    assert.ok(page.url().startsWith(`${pages.url}/app.html`), page.url());
    assert.equal(await page.textContent('#says'), 'Quintanilla-Ferro');
    const first = await page.evaluate<string>('client.state.tokenResponse.access_token');
    assert.equal(
      await page.evaluate<string>(`client.refresh().then(() => client.request('Patient/p1')).then(({ id }) => id)`),
      'p1',
    );
    const token = await page.evaluate<string>('client.state.tokenResponse.access_token');
    assert.notEqual(token, first);
    assert.equal(await page.evaluate<string>('client.user.fhirUser'), 'Patient/p1');
    assert.deepEqual(complaints, []);

    const portal = await page.context().newPage();
    await portal.goto(`${server.url}/oauth/manage`);
    await portal.click('td a');
    await portal.click('button.danger');
    assert.match((await portal.textContent('[role=status]')) ?? '', /withdrawn/);
    assert.equal((await new Client(server.url, token).get('Patient/p1')).status, 401);
    const refused = await page.evaluate<string>(`client.refresh().then(() => 'refreshed', (error) => String(error))`);
    assert.match(refused, /invalid_grant|400|expired|session/i);
    complaints.length = 0;
    await page.context().close();
  });

  it('README: the app of five lines shows its patient', async () => {
    const page = await open();
    const { email } = await person(server, { roles: ['patient'], fhirUser: 'Patient/p1' });
    await page.goto(`${pages.url}/readme/app.html`);
    await page.fill('#email', email);
    await page.fill('#password', PASSWORD);
    await page.click('main button');
    await page.click('button[value=allow]');
    await page.waitForFunction(`document.body?.textContent.includes('Quintanilla')`);
    await page.context().close();
  });

  it('SMART 5.2: is told when the user does not allow it', async () => {
    const page = await open();
    await arrive(page);
    await page.click('button[value=deny]');
    await page.waitForFunction(SAID);
    assert.match((await page.textContent('#says')) ?? '', /refused: .*access_denied|refused: .*did not allow/);
    complaints.length = 0;
    await page.context().close();
  });

  for (const [look, options] of looks)
    it(`has no violation of axe-core on its pages: ${look}`, async () => {
      const page = await open({ ...options, javaScriptEnabled: true });
      await arrive(page);
      await check(page, `consent-${look}`);
      await page.click('button[value=allow]');
      await page.waitForFunction(SAID);
      await page.goto(`${server.url}/oauth/manage`);
      await check(page, `connected-${look}`);
      await page.click('td a');
      await check(page, `withdraw-${look}`);
      await page.context().close();

      const manager = await open(options);
      const { email } = await person(server, { roles: ['admin'], canManageKeys: true, name: 'A Manager' });
      await manager.goto(`${server.url}/portal/login`);
      await manager.fill('#email', email);
      await manager.fill('#password', PASSWORD);
      await manager.click('main button');
      for (const path of ['apps', 'apps/new', `apps/${app.id}`]) {
        await manager.goto(`${server.url}/manager/${path}`);
        await check(manager, `manager-${path.replace(app.id, 'one').replaceAll('/', '-')}-${look}`);
      }
      await manager.context().close();
      const doctor = await open(options);
      const clinician = await person(server, { roles: ['clinician'], name: 'A Clinician' });
      await doctor.goto(`${pages.url}/launch.html`);
      await doctor.fill('#email', clinician.email);
      await doctor.fill('#password', PASSWORD);
      await doctor.click('main button');
      await doctor.fill('#q', 'q');
      await doctor.click('text=Search');
      await check(doctor, `picker-${look}`);
      await doctor.context().close();
    });

  it('leaves no error in the console', () => assert.deepEqual(complaints, []));
});
