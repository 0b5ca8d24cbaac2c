import assert from 'node:assert/strict';
import { createOrg } from '../../src/auth/orgs.js';
import { observation, patient } from '../search/resources.js';
import { channelOf, connect, mrn, MRN_SYSTEM, type Connected } from '../support/inbound.js';
import { confidentialApp, flowOf, open } from '../support/launch.js';
import { adminPages, patientPages, type Page, type Pages } from '../support/pages.js';
import { start, type Server } from '../support/server.js';
import { person } from '../support/users.js';
import { to } from './records.js';

/** What would be run, wherever it were written as it is. */
const SCRIPT = `<script>alert(1)</script>`;
const HOSTILE = `"'>${SCRIPT}<img src=x onerror=alert(1)>`;
const URL_SCRIPT = 'javascript:alert(1)';
const TENANT = 'org_hostile';

describe('attacks/hostile names', () => {
  let server: Server;
  let pulsara: Connected;

  before(async () => {
    server = await start({ env: { PORTICO_ALLOW_LOOPBACK: 'true' } });
    const { own, secret, now } = server.portico;
    await createOrg(own, TENANT, HOSTILE, now(), { plan: 'custom', perMinute: 1_000_000, burst: 100_000 });
    const concept = { text: HOSTILE, coding: [{ system: URL_SCRIPT, code: 'x', display: HOSTILE }] };
    const ofPatient = { subject: to('Patient/p') };
    const file = { contentType: 'text/html', data: Buffer.from(SCRIPT).toString('base64'), title: `${HOSTILE}.html` };
    await server.save(
      [
        patient('p', {
          name: [{ text: HOSTILE, family: HOSTILE, given: [HOSTILE] }],
          identifier: [{ system: MRN_SYSTEM, value: '1' }],
          telecom: [{ system: 'url', value: URL_SCRIPT }],
          ...{ birthDate: '1971-05-06', gender: 'male' },
        }),
        ...[1, 2].map((each) =>
          observation(`o${String(each)}`, {
            ...{ ...ofPatient, code: concept, effectiveDateTime: `2026-01-0${String(each)}T00:00:00Z` },
            valueQuantity: { value: each, unit: HOSTILE },
          }),
        ),
        observation('s', { ...ofPatient, code: concept, valueString: HOSTILE }),
        {
          ...{
            resourceType: 'Communication',
            id: 'c',
            status: 'completed',
            sender: { display: HOSTILE },
            ...ofPatient,
          },
          ...{ sent: '2026-01-01T00:00:00Z', topic: concept, payload: [{ contentString: HOSTILE }] },
        },
        {
          ...{ resourceType: 'DocumentReference', id: 'd', status: 'current', type: concept, ...ofPatient },
          ...{ description: HOSTILE, content: [{ attachment: file }, { attachment: { url: URL_SCRIPT } }] },
        },
      ],
      TENANT,
    );
    const more = { tenant: TENANT, name: HOSTILE, entity: HOSTILE };
    pulsara = await connect({ own, secret, url: server.url }, { more });
    pulsara.upstream.put(
      channelOf('held', { first_name: HOSTILE, last_name: HOSTILE, chief_complaint: HOSTILE, destination: HOSTILE }),
    );
    await pulsara.upstream.identify('held', mrn('1'));
    await pulsara.settled('held');
  });
  after(async () => {
    await pulsara.stop();
    await server.stop();
  });

  function harmless({ text, to: there, headers }: Page, path: string): void {
    assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
    // A file is whatever somebody made it: no browser renders it in place.
    if (/^attachment/.test(headers.get('content-disposition') ?? '')) return;
    assert.doesNotMatch(text, /<script>alert|<img src=x/, path);
    assert.doesNotMatch(text, /(href|src|action|formaction)\s*=\s*["']?\s*(javascript|data:text|vbscript)/i, path);
    for (const [, attributes] of text.matchAll(/<\w+((?:\s+[\w:-]+(?:="[^"]*")?)*)\s*\/?>/g))
      assert.doesNotMatch((attributes ?? '').replace(/"[^"]*"/g, '""'), /\son\w+=/, path);
    assert.doesNotMatch(there ?? '', /javascript:|\/\//, path);
  }

  /** Every page that links lead to, from a page on. */
  async function walk(pages: Pages, start: string): Promise<ReadonlyMap<string, Page>> {
    const seen = new Map<string, Page>();
    const waiting = [start];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const at = path.split('#')[0] ?? '';
      // A page for each page of a trail would be too many.
      if (seen.has(at) || /after=|\/portal\/assets|^\/api\//.test(at)) continue;
      const page = await pages.get(at);
      seen.set(at, page);
      harmless(page, at);
      for (const [, next] of page.text.matchAll(/href="(\/[^"]*)"/g))
        waiting.push((next ?? '').replaceAll('&amp;', '&'));
      if (page.to?.startsWith('/')) waiting.push(page.to);
    }
    return seen;
  }

  it('THREAT 67: no page of the manager runs what somebody was called', async () => {
    const admin = await adminPages(server, { tenant: TENANT, name: HOSTILE });
    await person(server, { tenant: TENANT, name: HOSTILE, roles: ['clinician'] });
    await confidentialApp(server, { tenant: TENANT, name: HOSTILE });
    await admin.get('/manager/tokens/new');
    harmless(await admin.send('/manager/tokens', { name: HOSTILE, scope: 'system/*.rs' }), 'a token');
    await admin.get('/manager/webhooks/new');
    harmless(await admin.send('/manager/webhooks', { name: HOSTILE, url: URL_SCRIPT }), 'a webhook');
    for (const typed of [
      { redirectUris: URL_SCRIPT },
      { launchUrl: URL_SCRIPT },
      { origins: URL_SCRIPT, scope: HOSTILE },
    ]) {
      await admin.get('/manager/apps');
      harmless(await admin.send('/manager/apps', { name: HOSTILE, proof: 'secret', ...typed }), 'an app');
    }
    for (const query of ['who', 'what', 'patient', 'from', 'outcome'])
      harmless(await admin.get(`/manager/audit?${query}=${encodeURIComponent(HOSTILE)}`), query);
    const searched = await admin.get(`/manager/patients?q=${encodeURIComponent(HOSTILE)}`);
    harmless(searched, 'patients');
    const seen = await walk(admin, '/manager/tokens');
    const texts = [...seen].filter(([, { text }]) => text.includes('&lt;script>alert(1)&lt;/script>'));
    for (const page of [
      '/manager/tokens',
      '/manager/users',
      '/manager/integrations',
      '/manager/apps',
      '/manager/audit',
    ])
      assert.ok(
        texts.some(([path]) => path === page),
        `${page} shows names`,
      );
    assert.ok(texts.some(([path]) => path.startsWith('/manager/held?')));
  });

  it('THREAT 67: no page of a patient, and no consent, runs what somebody was called', async () => {
    const pages = await patientPages(server, 'p', { tenant: TENANT, name: HOSTILE });
    await pages.get('/portal/keys/new');
    harmless(await pages.send('/portal/keys', { name: HOSTILE }), 'a key');
    const seen = await walk(pages, '/portal');
    const file = [...seen].find(([path]) => path.startsWith('/portal/documents/'))?.[1];
    assert.match(file?.headers.get('content-disposition') ?? '', /^attachment/);
    for (const page of ['/portal', '/portal/keys'])
      assert.ok(seen.get(page)?.text.includes('&lt;script>alert(1)&lt;/script>'), page);
    const app = await confidentialApp(server, { tenant: TENANT, name: HOSTILE });
    const consent = await open(pages, flowOf(server, app));
    assert.equal(consent.status, 200);
    harmless(consent, 'consent');
    assert.ok(consent.text.includes('&lt;script>alert(1)&lt;/script>'));
    for (const [name, value] of Object.entries({
      state: HOSTILE,
      scope: `${HOSTILE} openid`,
      redirect_uri: URL_SCRIPT,
      aud: HOSTILE,
      client_id: HOSTILE,
    }))
      harmless({ ...(await open(pages, flowOf(server, app, { [name]: value }))), to: undefined }, name);
  });
});
