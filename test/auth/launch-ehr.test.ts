import assert from 'node:assert/strict';
import { Client } from '../support/client.js';
import { allow, answerOf, exchange, flowOf, follow, open, publicApp, type App } from '../support/launch.js';
import { Pages } from '../support/pages.js';
import { OTHER_TENANT, start, type Server } from '../support/server.js';
import { bearer, PASSWORD, person, post, type JsonAnswer } from '../support/users.js';

describe('SMART App Launch, from an EHR', () => {
  let server: Server;
  let app: App;
  let doctor: { id: string; email: string };
  let pages: Pages;
  let session: string;
  let now = Date.now();

  before(async () => {
    server = await start({ now: () => now });
    app = await publicApp(server);
    await server.save([
      ...['p1', 'p2'].map((id) => ({ resourceType: 'Patient', id, name: [{ family: `Family ${id}` }] })),
      ...['p1', 'p2'].map((id) => ({
        ...{ resourceType: 'Encounter', id: `e-${id}`, status: 'in-progress', subject: { reference: `Patient/${id}` } },
        class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      })),
    ]);
    await server.save([{ resourceType: 'Patient', id: 'theirs', name: [{ family: 'Other' }] }], OTHER_TENANT);
    doctor = await person(server, { roles: ['clinician'] });
    session = await sessionOf(doctor.email);
    pages = new Pages(server.url);
    await pages.login(doctor.email);
  });
  after(() => server.stop());

  const sessionOf = async (email: string): Promise<string> =>
    (await post(server, '/login', { email, password: PASSWORD })).body.accessToken as string;

  async function launch(body: object, token = session): Promise<JsonAnswer> {
    const response = await fetch(`${server.url}/oauth/launch`, {
      ...{ method: 'POST', body: JSON.stringify(body) },
      headers: { 'content-type': 'application/json', ...bearer(token) },
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
  }
  const launched = async (context: object): Promise<string> => {
    const { status, body, text } = await launch({ clientId: app.id, ...context });
    assert.equal(status, 201, text);
    return body.launch as string;
  };
  const scope = 'launch openid fhirUser offline_access patient/*.rs';

  it('SMART 5.2: opens the app with the patient, the encounter and all that the EHR has open', async () => {
    const context = {
      ...{ patient: 'p1', encounter: 'e-p1', intent: 'reconcile', needPatientBanner: false },
      fhirContext: [{ reference: 'DocumentReference/d1', role: 'https://roles.example/summary' }],
    };
    const { body, headers } = await launch({ clientId: app.id, ...context });
    assert.match(headers.get('ratelimit-remaining') ?? '', /^\d+$/, 'it is counted like any other request');
    const url = new URL(body.launch_url as string);
    assert.equal(`${url.origin}${url.pathname}`, 'https://app.example/launch');
    assert.equal(url.searchParams.get('iss'), server.base);
    assert.equal(url.searchParams.get('launch'), body.launch);
    const flow = flowOf(server, app, { scope: `${scope} launch/encounter`, launch: body.launch as string });
    const { code = '' } = answerOf(await allow(pages, await open(pages, flow)));
    const { status, body: granted } = await exchange(server, flow, code);
    assert.equal(status, 200);
    assert.deepEqual(
      [granted.patient, granted.encounter, granted.intent, granted.need_patient_banner, granted.tenant],
      ['p1', 'e-p1', 'reconcile', false, 'org_one'],
    );
    assert.deepEqual(granted.fhirContext, context.fhirContext);
    assert.ok(granted.scope.split(' ').includes('launch/encounter'));
    const client = new Client(server.url, granted.access_token as string);
    assert.deepEqual(await client.ids('Patient'), ['p1']);
    assert.equal((await client.get('Encounter/e-p1')).status, 200);
    assert.equal((await client.get('Encounter/e-p2')).status, 404);
  });

  it('takes the patient from the encounter, and lets the user choose where the EHR has none open', async () => {
    const flow = flowOf(server, app, { scope, launch: await launched({ encounter: 'e-p2' }) });
    const { code = '' } = answerOf(await allow(pages, await open(pages, flow)));
    assert.equal((await exchange(server, flow, code)).body.patient, 'p2');
    const without = flowOf(server, app, { scope: `${scope} launch/encounter`, launch: await launched({}) });
    assert.match((await open(pages, without)).text, /Choose a patient/);
  });

  it('SMART 4: launches nothing that the user may not see, and no app of somebody else', async () => {
    const notThere = await launch({ clientId: app.id, patient: 'nobody' });
    for (const body of [
      { clientId: app.id, patient: 'theirs' },
      { clientId: app.id, patient: 'p1', encounter: 'e-p2' },
      { clientId: app.id, encounter: 'e-none' },
      { clientId: app.id, patient: "p1' or 1=1" },
    ]) {
      const answer = await launch(body);
      assert.equal(answer.status, 404, answer.text);
      assert.equal(answer.body.error, notThere.body.error);
    }
    const theirs = await publicApp(server, { tenant: OTHER_TENANT });
    const { id: client } = await server.credential({});
    for (const clientId of [theirs.id, client, 'nobody']) assert.equal((await launch({ clientId })).status, 404);
    for (const bad of [
      {},
      { clientId: app.id, needPatientBanner: 'no' },
      { clientId: app.id, fhirContext: {} },
      { clientId: app.id, fhirContext: [{ reference: 'https://evil.example/x' }] },
      { clientId: app.id, fhirContext: [{ reference: 'Patient/p1', more: 1 }] },
    ])
      assert.equal((await launch(bad)).status, 400, JSON.stringify(bad));
  });

  it('SMART 4: is for users who are logged in: 401 without a token, 403 for a service and for another organization', async () => {
    const { token } = await server.client();
    assert.equal((await launch({ clientId: app.id }, 'x')).status, 401);
    assert.equal((await launch({ clientId: app.id }, token)).status, 403);
    const patient = await person(server, { roles: ['patient'], fhirUser: 'Patient/p1' });
    const theirs = await sessionOf(patient.email);
    assert.equal((await launch({ clientId: app.id, patient: 'p2' }, theirs)).status, 404);
    assert.equal((await launch({ clientId: app.id, patient: 'p1' }, theirs)).status, 201);
    assert.equal((await fetch(`${server.url}/oauth/launch`)).status, 405);
  });

  it('THREAT 31: a launch is used once, for five minutes, by its app and its user', async () => {
    const { error } = answerOf(await open(pages, flowOf(server, app, { scope, launch: 'a'.repeat(43) })));
    assert.equal(error, 'invalid_request');

    const once = await launched({ patient: 'p1' });
    assert.match((await open(pages, flowOf(server, app, { scope, launch: once }))).text, /Allow <bdi>/);
    assert.equal(answerOf(await open(pages, flowOf(server, app, { scope, launch: once }))).error, 'invalid_request');

    const ofApp = await launched({ patient: 'p1' });
    const other = await publicApp(server);
    assert.equal(answerOf(await open(pages, flowOf(server, other, { scope, launch: ofApp }))).error, 'invalid_request');

    const ofUser = await launched({ patient: 'p1' });
    const colleague = new Pages(server.url);
    await colleague.login((await person(server, { roles: ['clinician'] })).email);
    const stolen = await open(colleague, flowOf(server, app, { scope, launch: ofUser }));
    assert.equal(answerOf(stolen).error, 'invalid_request');

    const late = await launched({ patient: 'p1' });
    now += 5 * 60_000;
    assert.equal(answerOf(await open(pages, flowOf(server, app, { scope, launch: late }))).error, 'invalid_request');
  });

  it('THREAT 31: of many who use a launch at once, one does', async () => {
    session = await sessionOf(doctor.email);
    const launch = await launched({ patient: 'p1' });
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => open(new Pages(server.url), flowOf(server, app, { scope, launch }))),
    );
    assert.equal(answers.filter((each) => each.status === 200).length, 1);
  });

  it('goes on after the login with what the EHR has open', async () => {
    const late = new Pages(server.url);
    const flow = flowOf(server, app, { scope, launch: await launched({ patient: 'p2' }) });
    await open(late, flow);
    const page = await follow(late, await late.send('/portal/login', { email: doctor.email, password: PASSWORD }));
    assert.match(page.text, /Family p2/);
    assert.doesNotMatch(page.text, /Choose another patient/);
  });
});
