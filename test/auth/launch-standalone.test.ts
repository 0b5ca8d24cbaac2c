import assert from 'node:assert/strict';
import { createLocalJWKSet, jwtVerify } from 'jose';
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
} from '../support/launch.js';
import { basic, post } from '../support/oauth.js';
import { adminPages, loggedIn, Pages, patientPages } from '../support/pages.js';
import { start, type Server } from '../support/server.js';
import { PASSWORD, person } from '../support/users.js';

const VITAL = 'http://terminology.hl7.org/CodeSystem/observation-category|vital-signs';
const LAB = 'http://terminology.hl7.org/CodeSystem/observation-category|laboratory';

const observation = (id: string, patient: string, category: string): object => ({
  ...{ resourceType: 'Observation', id, status: 'final', code: { text: 'x' }, valueString: 'x' },
  subject: { reference: `Patient/${patient}` },
  category: [{ coding: [{ system: category.split('|')[0], code: category.split('|')[1] }] }],
});

describe('SMART App Launch, standalone', () => {
  let server: Server;
  let app: App;
  let secretive: App;
  let now = Date.now();

  before(async () => {
    server = await start({ now: () => now });
    [app, secretive] = [await publicApp(server), await confidentialApp(server)];
    await server.save([
      ...['p1', 'p2'].map((id) => ({
        resourceType: 'Patient',
        id,
        name: [{ family: `Family ${id}` }],
        birthDate: '1980-01-02',
      })),
      { resourceType: 'Practitioner', id: 'dr', name: [{ family: 'Clinician' }] },
      observation('o1', 'p1', VITAL),
      observation('o2', 'p1', LAB),
      observation('o3', 'p2', VITAL),
    ]);
  });
  after(() => server.stop());

  const patient = () => patientPages(server, 'p1');
  const clinician = () => loggedIn(server, { roles: ['clinician'], fhirUser: 'Practitioner/dr' });

  it('SMART 5.2: a patient logs in, allows what is asked, and the app reads their record and nobody else’s', async () => {
    const { email } = await person(server, { roles: ['patient'], fhirUser: 'Patient/p1' });
    const pages = new Pages(server.url);
    const flow = flowOf(server, app, { nonce: 'n-1' });
    const login = await open(pages, flow);
    assert.match(login.text, /An app asks for access/);
    const page = await follow(pages, await pages.send('/portal/login', { email, password: PASSWORD }));
    assert.match(page.text, /Allow <bdi>An app<\/bdi>\?/);
    assert.match(page.text, /Family p1/);
    assert.match(page.text, /Read measurements and test results/);
    assert.match(page.headers.get('content-security-policy') ?? '', /form-action 'self' https:\/\/app\.example;/);
    const answered = await allow(pages, page);
    assert.ok(answered.to?.startsWith(`${REDIRECT}?`));
    const { code = '', state, iss, error } = answerOf(answered);
    assert.deepEqual([state, iss, error], [flow.params['state'], server.url, undefined]);
    const { status, body, headers } = await exchange(server, flow, code);
    assert.equal(status, 200);
    assert.match(headers.get('cache-control') ?? '', /no-store/);
    assert.match(headers.get('pragma') ?? '', /no-cache/);
    assert.equal(body.token_type, 'Bearer');
    assert.equal(body.expires_in, 900);
    assert.deepEqual(body.scope.split(' ').sort(), flow.params['scope']!.split(' ').sort());
    assert.equal(body.patient, 'p1');
    assert.equal(body.need_patient_banner, true);
    assert.match(body.refresh_token, /^ptr_/);
    const client = new Client(server.url, body.access_token as string);
    assert.equal((await client.get('Patient/p1')).status, 200);
    assert.equal((await client.get('Patient/p2')).status, 404);
    assert.deepEqual((await client.ids('Observation')).sort(), ['o1', 'o2']);
    const style = await fetch(body.smart_style_url as string);
    assert.equal(style.status, 200);
    assert.match((await style.json()).color_background, /^#/);
  });

  it('SMART 5.2: the identity token is RS256, of a published key, with nonce, auth_time and fhirUser', async () => {
    const client = await connect(server, await patient(), app, { nonce: 'n-2' });
    const keys = await (await fetch(`${server.url}/oauth/jwks`)).json();
    const { payload, protectedHeader } = await jwtVerify(
      client.granted['id_token'] as string,
      createLocalJWKSet(keys),
      {
        ...{ algorithms: ['RS256'], issuer: server.url, audience: app.id, currentDate: new Date(now) },
      },
    );
    assert.equal(keys.keys.filter((key: any) => key.kid === protectedHeader.kid && key.kty === 'RSA').length, 1);
    assert.equal(payload['nonce'], 'n-2');
    assert.equal(payload['fhirUser'], `${server.base}/Patient/p1`);
    assert.ok(Math.abs((payload['auth_time'] as number) - now / 1000) < 5);
    assert.equal(payload.exp! - payload.iat!, 300);
    assert.ok(payload.sub!.length < 256 && !payload.sub!.includes('@'));
    assert.equal((await client.get(payload['fhirUser'])).body.resourceType, 'Patient');
    const asBearer = new Client(server.url, client.granted['id_token'] as string);
    assert.equal((await asBearer.get('Patient/p1')).status, 401, 'THREAT 8: it is no access token');
  });

  it('SMART 5.2: a clinician chooses the patient, and the whole token is about that one', async () => {
    const doctor = await confidentialApp(server, {
      scopeCeiling: 'launch launch/patient openid fhirUser online_access patient/*.rs user/*.rs',
    });
    const pages = await clinician();
    const flow = flowOf(server, doctor, { scope: 'launch/patient openid fhirUser user/*.rs patient/*.rs' });
    const picker = await open(pages, flow);
    assert.match(picker.text, /Choose a patient/);
    const path = formAction(picker);
    assert.match((await pages.get(`${path}?q=nobody`)).text, /Nobody was found/);
    assert.match((await pages.get(`${path}?q=family`)).text, /\?patient=p2/);
    const { code = '' } = answerOf(await allow(pages, await pages.get(`${path}?patient=p2`)));
    const { body } = await exchange(server, flow, code);
    assert.equal(body.patient, 'p2');
    const client = new Client(server.url, body.access_token as string);
    assert.deepEqual(await client.ids('Observation'), ['o3']);
    assert.equal((await client.get('Patient/p1')).status, 404);
    assert.equal((await client.get('Practitioner/dr')).status, 200);
    assert.equal(body.refresh_token, undefined, 'nobody asked for one');
  });

  it('asks a clinician for no patient where nothing of one is asked, and opens all of them', async () => {
    const wide = await publicApp(server, { scopeCeiling: 'openid user/*.rs' });
    const client = await connect(server, await clinician(), wide, { scope: 'openid user/Observation.rs' });
    assert.equal(client.granted['patient'], undefined);
    assert.deepEqual((await client.ids('Observation')).sort(), ['o1', 'o2', 'o3']);
    assert.equal((await client.get('Patient/p1')).status, 403);
  });

  it('SMART 5.2: what the user leaves out is not granted', async () => {
    const pages = await patient();
    const flow = flowOf(server, app);
    const page = await open(pages, flow);
    assert.ok(offered(page).includes('patient/Observation.rs'));
    const { code = '' } = answerOf(await allow(pages, page, ['patient/Observation.rs', 'offline_access']));
    const { body } = await exchange(server, flow, code);
    assert.ok(!body.scope.split(' ').some((each: string) => /Observation|offline|\*/.test(each)), body.scope);
    assert.equal(body.refresh_token, undefined);
    const client = new Client(server.url, body.access_token as string);
    assert.equal((await client.get('Patient/p1')).status, 200);
    assert.equal((await client.get('Observation')).status, 403);
    assert.equal((await client.get('Observation/o1')).status, 403);
  });

  it('SMART 5.2: granular scopes are granted as they are written, and open only their category', async () => {
    const client = await connect(server, await patient(), app, {
      scope: `launch/patient patient/Patient.r patient/Observation.rs?category=${VITAL}`,
    });
    assert.ok(client.granted['scope'].split(' ').includes(`patient/Observation.rs?category=${VITAL}`));
    assert.deepEqual(await client.ids('Observation'), ['o1']);
    assert.equal((await client.get('Observation/o2')).status, 404);
  });

  it('SMART 3: v1 scopes come back as v1, and more than the user may do falls away', async () => {
    const wide = await publicApp(server, { scopeCeiling: 'launch/patient patient/*.cruds user/*.cruds' });
    const { granted } = await connect(server, await patient(), wide, {
      scope:
        'launch/patient patient/Observation.read patient/Patient.* user/Encounter.write system/*.rs nonsense apiv2',
    });
    assert.deepEqual(granted['scope'].split(' '), [
      'launch/patient',
      'patient/Observation.read',
      'patient/Patient.read',
    ]);
  });

  it('THREAT 56: the policy of the organization limits what a user can allow', async () => {
    const knex = await server.portico.own.knex();
    await knex('org').where('id', 'org_one').update({ scope_policy: 'system/Patient.rs' });
    try {
      const { granted } = await connect(server, await patient(), app);
      assert.ok(granted['scope'].includes('patient/Patient.rs'));
      assert.ok(!/\*|Observation/.test(granted['scope']));
    } finally {
      await knex('org').where('id', 'org_one').update({ scope_policy: null });
    }
  });

  it('SMART 5.2: authorize by POST, from a page of the app', async () => {
    const pages = await patient();
    const flow = flowOf(server, app);
    const response = await fetch(`${server.url}/oauth/authorize`, {
      ...{ method: 'POST', redirect: 'manual', body: new URLSearchParams(flow.params) },
      headers: { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' },
    });
    assert.equal(response.status, 303);
    assert.equal(response.headers.get('set-cookie'), null, 'the session of the browser stays what it is');
    const page = await pages.get(response.headers.get('location')!);
    const { code = '' } = answerOf(await allow(pages, page));
    assert.equal((await exchange(server, flow, code)).status, 200);
  });

  it('SMART 5.2: a user who does not allow it is said to have denied it', async () => {
    const pages = await patient();
    const flow = flowOf(server, app);
    const page = await open(pages, flow);
    const { error, state, iss, code } = answerOf(await pages.send(formAction(page), { decision: 'deny' }));
    assert.deepEqual([error, state, iss, code], ['access_denied', flow.params['state'], server.url, undefined]);
    const again = await pages.send(formAction(page), { decision: 'allow' });
    assert.equal(again.status, 410);
    const other = await open(pages, flowOf(server, app));
    assert.equal(answerOf(await allow(pages, other, offered(other))).error, 'access_denied', 'nothing is left');
  });

  it('SMART 5.2: every kind of app redeems its code: public, with a secret, with both ways of sending it', async () => {
    const pages = await patient();
    for (const each of [app, secretive]) assert.equal((await connect(server, pages, each)).granted['patient'], 'p1');
    const flow = flowOf(server, secretive);
    const { code = '' } = answerOf(await allow(pages, await open(pages, flow)));
    const inBody = { client_id: secretive.id, client_secret: secretive.secret! };
    assert.equal(
      (await exchange(server, { ...flow, app: { id: secretive.id } }, code)).status,
      401,
      'without its secret',
    );
    assert.equal((await exchange(server, { ...flow, app: { id: secretive.id } }, code, inBody)).status, 200);
  });

  it('SMART 5.2: refreshes with rotation, and with the scopes that it has', async () => {
    const first = await connect(server, await patient(), app);
    const { status, body } = await refresh(server, app, first.granted['refresh_token'] as string);
    assert.equal(status, 200);
    assert.equal(body.scope, first.granted['scope']);
    assert.equal(body.patient, 'p1');
    assert.equal(body.need_patient_banner, true);
    assert.notEqual(body.refresh_token, first.granted['refresh_token']);
    const less = await refresh(server, app, body.refresh_token as string, { scope: 'patient/Patient.rs' });
    assert.equal(less.body.scope, 'patient/Patient.rs');
    const more = await refresh(server, app, less.body.refresh_token as string, { scope: 'user/*.rs' });
    assert.deepEqual([more.status, more.body.error], [400, 'invalid_scope']);
  });

  it('SMART 5.4: introspection says what the token endpoint said', async () => {
    const first = await connect(server, await patient(), secretive);
    const { body } = await post(
      `${server.url}/oauth/introspect`,
      { token: first.token },
      basic({ ...secretive, secret: secretive.secret! }),
    );
    assert.equal(body.active, true);
    assert.equal(body.client_id, secretive.id);
    assert.deepEqual(body.scope.split(' ').sort(), first.granted['scope'].split(' ').sort());
    assert.equal(body.patient, 'p1');
    assert.equal(body.fhirUser, 'Patient/p1');
    const asked = await post(`${server.url}/oauth/introspect`, { token: first.token, client_id: app.id });
    assert.deepEqual([asked.status, asked.body.error], [401, 'invalid_client'], 'an id is no proof');
  });

  it('OIDC: prompt=none asks nobody: login, consent, and then a code', async () => {
    const silent = { prompt: 'none' };
    const stranger = new Pages(server.url);
    assert.equal(answerOf(await open(stranger, flowOf(server, app, silent))).error, 'login_required');
    const pages = await patient();
    assert.equal(answerOf(await open(pages, flowOf(server, app, silent))).error, 'consent_required');
    await connect(server, pages, app);
    const flow = flowOf(server, app, silent);
    const { code = '', state } = answerOf(await open(pages, flow));
    assert.equal(state, flow.params['state']);
    assert.equal((await exchange(server, flow, code)).status, 200);
    const native = await publicApp(server, { redirectUris: ['http://127.0.0.1/back'] });
    const loopback = { redirect_uri: 'http://127.0.0.1:1234/back' };
    await connect(server, pages, native, loopback);
    const refused = answerOf(await open(pages, flowOf(server, native, { ...silent, ...loopback })));
    assert.equal(refused.error, 'consent_required', 'whoever listens there may be another app');
    const doctor = await clinician();
    assert.equal(answerOf(await open(doctor, flowOf(server, app, silent))).error, 'interaction_required');
  });

  it('OIDC: prompt=login and max_age ask for the password anew', async () => {
    const pages = await patient();
    now += 60_000;
    for (const more of [{ prompt: 'login' }, { max_age: '30' }]) {
      const page = await open(pages, flowOf(server, app, more));
      assert.match(page.text, /type="password"/);
      const again = await follow(pages, await pages.send('/portal/login', { email: pages.email, password: PASSWORD }));
      assert.match(again.text, /Allow <bdi>/);
      now += 60_000;
    }
    assert.match((await open(pages, flowOf(server, app, { max_age: '600' }))).text, /Allow <bdi>/);
  });

  it('THREAT 11: a grant dies with its withdrawal, its user’s password, and the user', async () => {
    const pages = await patient();
    const client = await connect(server, pages, app);
    const list = await pages.get('/oauth/manage');
    assert.match(list.text, /An app/);
    assert.match(list.text, /Read everything/);
    await pages.get(`/oauth/manage/${app.id}`);
    const gone = await follow(pages, await pages.send(`/oauth/manage/${app.id}`));
    assert.match(gone.text, /withdrawn/);
    assert.match(gone.text, /You have not allowed any app/);
    assert.equal((await client.get('Patient/p1')).status, 401);
    assert.equal((await refresh(server, app, client.granted['refresh_token'] as string)).body.error, 'invalid_grant');

    const { setPassword, disableUser } = await import('../../src/auth/users.js');
    for (const end of [
      (email: string) =>
        setPassword(server.portico.own, { tenant: 'org_one', email, password: 'another long password' }, now),
      (email: string) => disableUser(server.portico.own, 'org_one', email, now),
    ]) {
      const other = await patient();
      const connected = await connect(server, other, app);
      assert.equal((await connected.get('Patient/p1')).status, 200);
      assert.ok(await end(other.email));
      assert.equal((await connected.get('Patient/p1')).status, 401);
      const again = await refresh(server, app, connected.granted['refresh_token'] as string);
      assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant']);
    }
  });

  it('SMART 5.2: online access ends with the session, and offline access does not', async () => {
    const scope = 'launch/patient online_access patient/*.rs';
    for (const [more, alive] of [
      [{ scope }, 401],
      [{}, 200],
    ] as const) {
      const pages = await patient();
      const client = await connect(server, pages, app, more);
      assert.match(client.granted['refresh_token'], /^ptr_/);
      await pages.get('/portal');
      await pages.send('/portal/logout');
      assert.equal((await client.get('Patient/p1')).status, alive);
      const { status } = await refresh(server, app, client.granted['refresh_token'] as string);
      assert.equal(status, alive === 200 ? 200 : 400);
    }
  });

  it('signs somebody in who has no data of their own to give, and gives none', async () => {
    const admin = await adminPages(server);
    const { granted } = await connect(server, admin, app, { scope: 'openid launch/patient patient/*.rs' });
    assert.equal(granted['scope'], 'openid launch/patient');
    assert.equal(granted['patient'], undefined);
    assert.equal(answerOf(await open(admin, flowOf(server, app, { scope: 'patient/*.rs' }))).error, 'invalid_scope');
  });

  it('THREAT 81: records who allowed, denied and withdrew what', async () => {
    await server.portico.trail.flush();
    const rows = await server.portico.own.objects(
      `select interaction, status, credential_id, patient_id, agent from audit where interaction in ('authorize', 'withdraw')`,
      [],
    );
    assert.ok(rows.some((row) => row['interaction'] === 'withdraw' && row['patient_id'] === 'p1'));
    const statuses = new Set(
      rows.filter((row) => row['interaction'] === 'authorize').map((row) => Number(row['status'])),
    );
    assert.deepEqual([...statuses].sort(), [200, 403]);
    assert.ok(rows.every((row) => row['credential_id'] !== null || Number(row['status']) === 403));
  });

  it('takes no page of another request: an id that was not given, and an app that was deleted', async () => {
    const pages = await patient();
    assert.equal((await pages.get('/oauth/authorize/abc')).status, 410);
    const gone = await publicApp(server);
    const page = await open(pages, flowOf(server, gone));
    const { revokeCredential } = await import('../../src/auth/store.js');
    await revokeCredential(server.portico.own, 'org_one', gone.id, now);
    assert.equal((await pages.send(formAction(page), { decision: 'allow' })).status, 410);
    const after = await pages.get(authorizePath(flowOf(server, gone).params));
    assert.deepEqual([after.status, after.to], [400, undefined]);
  });
});
