import assert from 'node:assert/strict';
import { listCredentials, type Credential } from '../../src/auth/store.js';
import { allow, answerOf, exchange, flowOf, offered, open } from '../support/launch.js';
import { host, jwksOf, makeClientKey } from '../support/oauth.js';
import { adminPages, patientPages, shownIn, type Pages } from '../support/pages.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';

const PNG = Buffer.from('89504e470d0a1a0a0000', 'hex');

describe('portal/apps: registration in the manager', () => {
  let server: Server;
  let admin: Pages;
  let others: { url: string; close: () => Promise<void> };
  let jwks: string;

  before(async () => {
    server = await start({ env: { PORTICO_ALLOW_LOOPBACK: 'true' } });
    admin = await adminPages(server);
    jwks = jwksOf(await makeClientKey('ES384', 'key-1'));
    others = await host((request, response) => {
      if (request.url === '/keys') response.end(jwks);
      else if (request.url === '/logo') response.end(PNG);
      else if (request.url === '/svg') response.end('<svg onload="alert(1)"/>');
      else if (request.url === '/redirect') response.writeHead(302, { location: 'https://evil.example' }).end();
      else response.writeHead(404).end();
    });
    await server.save([{ resourceType: 'Patient', id: 'p1', name: [{ family: 'One' }] }]);
  });
  after(async () => {
    await others.close();
    await server.stop();
  });

  const good: [string, string][] = [
    ['name', 'Heart app'],
    ['proof', 'public'],
    ['redirectUris', 'https://app.example/back\r\ncom.example.app:/back'],
    ['scope', 'openid'],
    ['scope', 'launch/patient'],
    ['scope', 'patient/*.rs'],
  ];
  async function send(changes: Record<string, string | undefined> = {}) {
    await admin.get('/manager/apps/new');
    const kept = good.filter(([name]) => !(name in changes));
    const more = Object.entries(changes).filter((each): each is [string, string] => each[1] !== undefined);
    return admin.send('/manager/apps', [...kept, ...more]);
  }
  const apps = async (): Promise<Credential[]> =>
    (await listCredentials(server.portico.own, TENANT)).filter(({ kind }) => kind === 'app');

  it('registers a public app, which a patient then connects', async () => {
    const page = await send();
    assert.equal(page.status, 200, page.text);
    const id = shownIn(page.text, 'client')!;
    assert.equal(shownIn(page.text, 'secret'), undefined);
    assert.match((await admin.get('/manager/apps')).text, /Heart app[^]*app, public/);
    assert.match((await admin.get(`/manager/apps/${id}`)).text, /com\.example\.app:\/back/);
    // The script that finds scopes looks for groups that fold.
    assert.match((await admin.get('/manager/apps/new')).text, /<div id="scopes"><details class="group"/);
    const pages = await patientPages(server, 'p1');
    const flow = flowOf(server, { id }, { scope: 'openid patient/*.rs' });
    const asked = await open(pages, flow);
    // In plain words, what matters most first; the words of programs stand apart from the choices.
    const choices = [...asked.text.matchAll(/name="scope"[^>]*><span>([^<]*)<\/span>/g)].map(([, says]) => says);
    assert.deepEqual(choices.slice(0, 2), [
      'Read personal details, such as name, address and date of birth',
      'Read measurements and test results',
    ]);
    assert.equal(choices.length, offered(asked).length);
    const { code = '' } = answerOf(await allow(pages, asked));
    assert.equal((await exchange(server, flow, code)).body.patient, 'p1');
  });

  it('shows a secret once, and makes nothing of a form that is sent again', async () => {
    const page = await send({ proof: 'secret', logoUrl: `${others.url}/logo` });
    assert.match(shownIn(page.text, 'secret') ?? '', /^ptc_/);
    const { id } = (await apps()).at(-1)!;
    assert.doesNotMatch((await admin.get(`/manager/apps/${id}`)).text, /ptc_/);
    await admin.get('/manager/apps/new');
    const before = admin.last;
    assert.equal((await admin.send('/manager/apps', good)).status, 200);
    admin.last = before;
    const count = (await apps()).length;
    assert.equal((await admin.send('/manager/apps', good)).status, 400);
    assert.equal((await apps()).length, count);
    const pages = await patientPages(server, 'p1');
    const consent = await open(pages, flowOf(server, { id }, { scope: 'openid' }));
    assert.match(consent.text, /<img class="logo" src="data:image\/png;base64,/);
  });

  it('THREAT 19, 22: tells whether the URL of keys answers, and which keys it has', async () => {
    await send({ proof: 'keys', jwksUrl: `${others.url}/keys` });
    const { id } = (await apps()).at(-1)!;
    await admin.get(`/manager/apps/${id}`);
    assert.match((await admin.send(`/manager/apps/${id}/test`)).text, /key-1 \(EC P-384\)/);
    jwks = JSON.stringify({
      keys: [{ kty: 'RSA', kid: 'big', e: 'AQAB', n: Buffer.alloc(2048, 255).toString('base64url') }],
    });
    assert.match((await admin.send(`/manager/apps/${id}/test`)).text, /modulus of fewer than 2048 or more than 4096/);
    for (const [path, says] of [
      ['/none', /status 404/],
      ['/redirect', /does not answer over https/],
    ] as const) {
      await send({ proof: 'keys', jwksUrl: `${others.url}${path}` });
      const { id: other } = (await apps()).at(-1)!;
      await admin.get(`/manager/apps/${other}`);
      assert.match((await admin.send(`/manager/apps/${other}/test`)).text, says);
    }
  });

  it('THREAT 18, 19, 26: says what is wrong, keeps what was typed, and registers nothing', async () => {
    const before = (await apps()).length;
    const wrong: [Record<string, string | undefined>, RegExp][] = [
      [{ name: '' }, /A name has/],
      [{ name: 'x'.repeat(500) }, /A name has/],
      [{ redirectUris: '' }, /needs a redirect URI/],
      ...[
        ...['javascript:alert(1)', 'data:text/html,x', 'http://app.example/back', 'https://app.example/*', 'app:/back'],
        ...[
          'https://user:pass@app.example/',
          'https://app.example/a#b',
          'https://APP.example/',
          'https://app.example/a/../b',
        ],
        ...['https://app.example/%2e%2e/b', '//app.example', 'back', 'https://app.example\\back', 'file:///etc/passwd'],
      ].map((redirectUris): [Record<string, string>, RegExp] => [{ redirectUris }, /redirect URI: /]),
      [{ origins: 'https://app.example/path' }, /is not an origin/],
      [{ origins: 'null' }, /is not an origin/],
      [{ launchUrl: 'com.example.app:/launch' }, /launch URL/],
      [{ proof: 'keys' }, /has the URL of its keys/],
      [{ proof: 'public', jwksUrl: 'https://app.example/keys' }, /has the URL of its keys/],
      [{ proof: 'keys', jwksUrl: 'http://169.254.169.254/keys' }, /cannot be used/],
      [{ proof: 'keys', jwksUrl: 'https://10.0.0.1/keys' }, /cannot be used/],
      [{ proof: 'other' }, /Choose how/],
      [{ scope: undefined }, /is not a list of scopes/],
      [
        { scope: 'patient/Patients.rs' },
        /no scope of this server: patient\/Patients.rs \(meant patient\/Patient.rs\?\)/,
      ],
      [{ scope: 'system/*.rs' }, /is for services/],
      [{ scope: 'apiv2' }, /is for services/],
      [{ scope: 'patient/*.cruds' }, /does not allow/],
      [{ logoUrl: `${others.url}/svg` }, /no PNG or JPEG/],
      [{ logoUrl: 'http://169.254.169.254/logo' }, /cannot be fetched/],
    ];
    for (const [changes, says] of wrong) {
      const page = await send(changes);
      assert.equal(page.status, 400, JSON.stringify(changes));
      assert.match(page.text, says, JSON.stringify(changes));
    }
    assert.match((await send({ name: '' })).text, /https:\/\/app\.example\/back/, 'what was typed is there still');
    assert.equal((await apps()).length, before);
  });

  it('THREAT 56: offers what the organization allows, to who can manage keys', async () => {
    const knex = await server.portico.own.knex();
    await knex('org').where('id', TENANT).update({ scope_policy: 'system/Patient.rs' });
    assert.doesNotMatch((await admin.get('/manager/apps/new')).text, /value="patient\/\*\.rs"/);
    assert.equal((await send()).status, 400);
    await knex('org').where('id', TENANT).update({ scope_policy: null });
    const weak = await adminPages(server, { canManageKeys: false });
    assert.equal((await weak.get('/manager/apps')).status, 403);
    const [first] = await apps();
    const stranger = await adminPages(server, { tenant: OTHER_TENANT });
    await stranger.get('/manager/apps/new');
    for (const path of ['', '/revoke'])
      assert.equal((await stranger.get(`/manager/apps/${first!.id}${path}`)).status, 404);
    assert.equal((await stranger.send(`/manager/apps/${first!.id}/revoke`)).status, 404);
  });

  it('deletes an app: what it was allowed is dead at once', async () => {
    await send();
    const { id } = (await apps()).at(-1)!;
    const pages = await patientPages(server, 'p1');
    const flow = flowOf(server, { id }, { scope: 'openid patient/*.rs' });
    const { code = '' } = answerOf(await allow(pages, await open(pages, flow)));
    const { body } = await exchange(server, flow, code);
    const read = async () =>
      (
        await fetch(`${server.base}/Patient/p1`, {
          headers: { authorization: `Bearer ${body.access_token as string}` },
        })
      ).status;
    assert.equal(await read(), 200);
    await admin.get(`/manager/apps/${id}/revoke`);
    assert.equal((await admin.send(`/manager/apps/${id}/revoke`)).to, '/manager/apps?revoked=1');
    assert.equal(await read(), 401);
  });
});
