import assert from 'node:assert/strict';
import { listOrgs, updateOrg } from '../../src/auth/orgs.js';
import { patientUser, setCanManageKeys, setRoles } from '../../src/auth/users.js';
import { Client } from '../support/client.js';
import { adminPages, hidden, loggedIn, loginFor, Pages, patientPages, shownIn } from '../support/pages.js';
import { OTHER_TENANT, start, TENANT, type Server } from '../support/server.js';
import { person, post, PASSWORD } from '../support/users.js';

describe('portal/admin', () => {
  let server: Server;

  before(async () => {
    server = await start();
    await server.save([
      {
        ...{ resourceType: 'Patient', id: 'p1', name: [{ given: ['Ann', 'Maria'], family: "O'Neill" }] },
        ...{
          birthDate: '1970-01-02',
          address: [{ city: 'Secretville' }],
          telecom: [{ system: 'phone', value: '555-0100' }],
        },
      },
      { resourceType: 'Patient', id: 'p2', name: [{ family: 'Other' }] },
      { resourceType: 'Patient', id: 'p4', name: [{ family: 'Fourth' }] },
      {
        ...{ resourceType: 'Encounter', id: 'e1', status: 'finished', subject: { reference: 'Patient/p1' } },
        class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'EMER' },
      },
    ]);
    await server.save([{ resourceType: 'Patient', id: 'x9', name: [{ family: 'Foreign' }] }], OTHER_TENANT);
  });
  after(() => server.stop());

  async function createToken(pages: Pages, name: string, ...scopes: string[]) {
    await pages.get('/manager/tokens/new');
    return pages.send('/manager/tokens', [
      ['name', name],
      ...scopes.map((each) => ['scope', each] as [string, string]),
    ]);
  }
  const channel = async (token: string) =>
    (await fetch(`${server.url}/api/v1/patient-channels/e1`, { headers: { 'x-api-key': token } })).status;
  const idOf = (page: string, name: string): string =>
    new RegExp(`<bdi>${name}</bdi></th>.*?/manager/tokens/([^/]+)/activity`, 's').exec(page)?.[1] as string;

  it('PULSARA 1: opens API tokens to admins who can manage keys, and to nobody else', async () => {
    const without = await loggedIn(server, { roles: ['admin'] });
    const keysOnly = await loggedIn(server, { roles: ['patient'], fhirUser: 'Patient/p2', canManageKeys: true });
    const holder = await adminPages(server);
    const made = await createToken(holder, 'Guarded', 'apiv2');
    const id = idOf((await holder.get('/manager/tokens')).text, 'Guarded');
    for (const pages of [without, keysOnly]) {
      for (const path of ['/manager/tokens', '/manager/tokens/new', `/manager/tokens/${id}/activity`])
        assert.equal((await pages.get(path)).status, 403, path);
      assert.equal((await createToken(pages, 'No', 'apiv2')).status, 403);
      assert.equal((await pages.send(`/manager/tokens/${id}/revoke`)).status, 403);
    }
    assert.equal(await channel(shownIn(made.text, 'token') as string), 200);
  });

  it('PULSARA 2: shows a token once, keeps its hash alone, and lets nothing cache it', async () => {
    const pages = await adminPages(server);
    const { status, text, headers } = await createToken(pages, 'Once', 'apiv2');
    assert.equal(status, 200);
    assert.equal(headers.get('cache-control'), 'no-store');
    const token = shownIn(text, 'token') as string;
    assert.match(token, /^pto_/);
    const again = await pages.get('/manager/tokens');
    assert.ok(again.text.includes('Once') && !again.text.includes(token));
    const rows = await server.portico.own.objects(`select * from credential where name = 'Once'`, []);
    assert.equal(rows.length, 1);
    assert.ok(!JSON.stringify(rows).includes(token));
  });

  it('PULSARA 4: keeps each use and the revocation in the activity log, and a revoked token is dead at once', async () => {
    const pages = await adminPages(server);
    const token = shownIn((await createToken(pages, 'Logged', 'apiv2')).text, 'token') as string;
    assert.equal(await channel(token), 200);
    const id = idOf((await pages.get('/manager/tokens')).text, 'Logged');
    const path = `/manager/tokens/${id}/revoke`;
    assert.match((await pages.get(path)).text, /Revoke <bdi>Logged<\/bdi>\?/);
    assert.equal((await pages.send(path)).to, '/manager/tokens?revoked=1');
    assert.equal(await channel(token), 401);
    const log = (await pages.get(`/manager/tokens/${id}/activity`)).text;
    for (const part of ['token-create', 'patient-channel', 'Encounter/e1', 'token-revoke'])
      assert.ok(log.includes(part));
    assert.doesNotMatch(log, /Neill|Ann/);
    await pages.get('/manager/tokens');
    assert.equal((await pages.send(path)).to, '/manager/tokens?gone=1');
  });

  it('THREAT 56: does not open the tokens of another organization', async () => {
    const pages = await adminPages(server);
    await createToken(pages, 'Ours', 'apiv2');
    const id = idOf((await pages.get('/manager/tokens')).text, 'Ours');
    const other = await adminPages(server, { tenant: OTHER_TENANT });
    assert.ok(!(await other.get('/manager/tokens')).text.includes('Ours'));
    for (const path of ['activity', 'revoke'])
      assert.equal((await other.get(`/manager/tokens/${id}/${path}`)).status, 404);
    await other.get('/manager/tokens');
    assert.equal((await other.send(`/manager/tokens/${id}/revoke`)).status, 404);
  });

  it('groups the scopes, and gives a token the chosen ones and its last day', async () => {
    const pages = await adminPages(server);
    const form = (await pages.get('/manager/tokens/new')).text;
    for (const part of [
      '<legend class="unseen">Patient Profile</legend>',
      'system/vitals.read',
      'system/Patient.rs',
      'apiv2',
    ])
      assert.ok(form.includes(part), part);
    const past = await pages.send('/manager/tokens', { name: 'Late', scope: 'apiv2', expires: '2020-01-01' });
    assert.equal(past.status, 400);
    assert.ok(past.text.includes('value="2020-01-01"') && /value="apiv2" checked/.test(past.text));
    assert.equal((await createToken(pages, 'None')).status, 400);
    assert.equal((await createToken(pages, 'Unknown', 'system/secrets.read')).status, 400);
    assert.equal((await createToken(pages, 'Patient level', 'patient/*.rs')).status, 400);
    await pages.get('/manager/tokens/new');
    const day = new Date(Date.now() + 48 * 3_600_000).toISOString().slice(0, 10);
    const typed: [string, string][] = [
      ['name', 'Dated'],
      ['scope', 'system/Patient.rs'],
      ['scope', 'system/vitals.read'],
      ['expires', day],
    ];
    assert.equal((await pages.send('/manager/tokens', typed)).status, 200);
    const [row] = await server.portico.own.objects(`select * from credential where name = 'Dated'`, []);
    assert.equal(row!['scope_ceiling'], 'system/Patient.rs system/vitals.read');
    assert.equal(Number(row!['expires_at']), Date.parse(day) + 24 * 3_600_000);
  });

  it("THREAT 56: gives no more than the organization's policy", async () => {
    const { own } = server.portico;
    const org = (await listOrgs(own)).find(({ id }) => id === OTHER_TENANT)!;
    await updateOrg(own, { ...org, scopePolicy: 'system/Patient.rs' });
    const pages = await adminPages(server, { tenant: OTHER_TENANT });
    const form = (await pages.get('/manager/tokens/new')).text;
    assert.ok(form.includes('system/Patient.rs') && !form.includes('apiv2') && !form.includes('system/*.rs'));
    for (const scope of ['apiv2', 'system/*.rs', 'system/Observation.rs'])
      assert.equal((await createToken(pages, 'More', scope)).status, 400, scope);
    assert.equal((await createToken(pages, 'Enough', 'system/Patient.rs')).status, 200);
    await updateOrg(own, org);
  });

  it('makes one token of a form that is sent twice', async () => {
    const pages = await adminPages(server);
    await pages.get('/manager/tokens/new');
    const typed = {
      name: 'Double',
      scope: 'apiv2',
      form: hidden(pages.last, 'form')!,
      csrf: hidden(pages.last, 'csrf')!,
    };
    const both = await Promise.all([1, 2].map(() => pages.send('/manager/tokens', typed)));
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 400]);
    const rows = await server.portico.own.objects(`select id from credential where name = 'Double'`, []);
    assert.equal(rows.length, 1);
  });

  it('finds patients by name, birth date and id, and shows nothing else of them', async () => {
    const pages = await loggedIn(server, { roles: ['admin'] });
    for (const text of ["ann o'n", '1970-01-02', 'p1', 'Maria']) {
      const page = (await pages.get(`/manager/patients?q=${encodeURIComponent(text)}`)).text;
      assert.ok(page.includes('Ann Maria O&#39;Neill') || page.includes("Ann Maria O'Neill"), `${text}\n${page}`);
      assert.doesNotMatch(page, /Secretville|555-0100/);
    }
    assert.match((await pages.get('/manager/patients?q=Foreign')).text, /Nobody was found/);
    assert.match((await pages.get('/manager/patients?q=x9')).text, /Nobody was found/);
    assert.equal((await pages.get('/manager/patients?q=%00%2C%5C%24%7C')).status, 200);
    assert.equal((await pages.get('/manager/patients/x9')).status, 404);
    assert.equal((await pages.get('/portal')).status, 403);
    const crowd = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, index) => ({
        ...{ resourceType: 'Patient', id: `crowd${String(from + index)}`, name: [{ family: 'Crowd' }] },
      }));
    await server.save(crowd(0, 24));
    assert.doesNotMatch((await pages.get('/manager/patients?q=crowd')).text, /There may be more/);
    await server.save(crowd(24, 27));
    assert.match((await pages.get('/manager/patients?q=crowd')).text, /There may be more: these are the first 25/);
  });

  it('enables a patient by a link that sets a password once', async () => {
    const pages = await loggedIn(server, { roles: ['admin'] });
    await pages.get('/manager/patients/p1');
    const wrong = await pages.send('/manager/patients/p1/enable', { email: 'no address' });
    assert.equal(wrong.status, 400);
    const { text } = await pages.send('/manager/patients/p1/enable', { email: 'Ann@Home.example' });
    const link = new URL(shownIn(text, 'link') as string).pathname;
    const token = link.split('/').at(-1) as string;
    const rows = await server.portico.own.objects('select * from enrolment', []);
    assert.ok(rows.length > 0 && !JSON.stringify(rows).includes(token));
    assert.equal((await new Pages(server.url).login('ann@home.example')).status, 401);
    const patient = new Pages(server.url);
    const { name } = (await listOrgs(server.portico.own)).find(({ id }) => id === TENANT)!;
    assert.ok((await patient.get(link)).text.includes(`<bdi>${name}</bdi></span></div></header>`), 'whose link it is');
    assert.ok((await patient.get('/portal/login')).text.includes('<bdi>Portico</bdi>'), 'one of several organizations');
    await patient.get(link);
    for (const [password, again] of [
      ['short', 'short'],
      [PASSWORD, 'something else'],
    ] as const)
      assert.equal((await patient.send(link, { password, again })).status, 400);
    assert.equal((await patient.send(link, { password: PASSWORD, again: PASSWORD })).to, '/portal/login?enrolled=1');
    assert.equal((await patient.get(link)).status, 410);
    await patient.get('/portal/login');
    assert.equal(
      (await patient.send(link, { password: 'a password of a thief', again: 'a password of a thief' })).status,
      410,
    );
    assert.equal((await patient.login('ann@home.example')).to, '/portal');
    assert.match((await patient.get('/portal')).text, /2 January 1970/);

    await pages.get('/manager/patients/p4');
    const taken = await pages.send('/manager/patients/p4/enable', { email: 'ann@home.example' });
    assert.match(taken.text, /belongs to a user already/);

    await patient.get('/portal/keys/new');
    const made = (await patient.send('/portal/keys', { name: 'App' })).text;
    const app = await Client.login(server.url, { id: shownIn(made, 'key')!, secret: shownIn(made, 'secret')! });
    await pages.get('/manager/patients/p1');
    const second = shownIn((await pages.send('/manager/patients/p1/enable')).text, 'link') as string;
    await pages.get('/manager/patients/p1');
    assert.equal((await pages.send('/manager/patients/p1/disable')).to, '/manager/patients/p1?disabled=1');
    assert.equal((await app.get('Patient/p1')).status, 401, 'only portal-enabled patients share data');
    assert.equal((await patient.get('/portal')).to, loginFor('/portal'));
    assert.equal((await new Pages(server.url).get(new URL(second).pathname)).status, 410);
  });

  it('THREAT 55: of those who use an enrolment link at once, one sets the password', async () => {
    const admin = await loggedIn(server, { roles: ['admin'] });
    await admin.get('/manager/patients/p4');
    const { text } = await admin.send('/manager/patients/p4/enable', { email: 'race@home.example' });
    const link = new URL(shownIn(text, 'link') as string).pathname;
    const racing = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const pages = new Pages(server.url);
        await pages.get(link);
        return pages;
      }),
    );
    const passwords = racing.map((_, index) => `a password of racer ${String(index)}`);
    const answers = await Promise.all(
      racing.map((pages, index) => pages.send(link, { password: passwords[index]!, again: passwords[index]! })),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 410, 410, 410]);
    const first = passwords[answers.findIndex(({ status }) => status === 303)]!;
    assert.equal((await new Pages(server.url).login('race@home.example', first)).to, '/portal');
  });

  it('THREAT 56: gives nobody the account of somebody with more rights, who is a patient too', async () => {
    const admin = await adminPages(server, { canManageKeys: false });
    await server.save([{ resourceType: 'Patient', id: 'boss', name: [{ family: 'Boss' }] }]);
    await admin.get('/manager/patients/boss');
    const early = await admin.send('/manager/patients/boss/enable', { email: 'boss@clinic.example' });
    const link = new URL(shownIn(early.text, 'link') as string).pathname;
    const { own } = server.portico;
    await setRoles(own, TENANT, 'boss@clinic.example', ['patient', 'admin']);
    await setCanManageKeys(own, TENANT, 'boss@clinic.example', true);
    assert.equal((await new Pages(server.url).get(link)).status, 410, 'a link of before is dead');
    const page = await admin.get('/manager/patients/boss');
    assert.doesNotMatch(page.text, /<form[^>]*\/manager\/patients\//);
    for (const path of ['enable', 'disable']) {
      const answer = await admin.send(`/manager/patients/boss/${path}`, { form: 'a'.repeat(22) });
      assert.equal(answer.status, 403, path);
      assert.doesNotMatch(answer.text, /enrol\//);
    }
    assert.equal((await patientUser(own, TENANT, 'boss'))?.disabledAt, undefined);
  });

  it('lets an enrolment link end after seven days, and when there is a newer one', async () => {
    let clock = Date.now();
    const other = await start({ now: () => clock });
    try {
      await other.save([{ resourceType: 'Patient', id: 'p1', name: [{ family: 'One' }] }]);
      const pages = await adminPages(other);
      const make = async (typed: Record<string, string>) => {
        await pages.get('/manager/patients/p1');
        return new URL(shownIn((await pages.send('/manager/patients/p1/enable', typed)).text, 'link')!).pathname;
      };
      const first = await make({ email: 'one@home.example' });
      const second = await make({});
      assert.equal((await new Pages(other.url).get(first)).status, 410);
      clock += 7 * 24 * 3_600_000 - 1;
      assert.equal((await new Pages(other.url).get(second)).status, 200);
      clock += 1;
      assert.equal((await new Pages(other.url).get(second)).status, 410);
    } finally {
      await other.stop();
    }
  });

  it('edits roles and Can Manage Keys, disables and resets, and never the own account', async () => {
    const pages = await adminPages(server);
    const { id, email } = await person(server, { roles: ['admin'], name: 'Colleague' });
    const colleague = new Pages(server.url);
    await colleague.login(email);
    const path = `/manager/users/${id}`;
    const change = async (typed: Record<string, string>, more = '') => {
      await pages.get(path);
      return pages.send(`${path}${more}`, typed);
    };
    assert.match((await pages.get('/manager/users')).text, /<bdi>Colleague<\/bdi>/);
    assert.equal((await change({ role: 'admin', keys: 'Yes' })).to, `${path}?saved=1`);
    assert.equal((await colleague.get('/manager/tokens')).status, 200, 'asked live');
    assert.equal((await change({ role: 'admin', keys: 'No' })).to, `${path}?saved=1`);
    assert.equal((await colleague.get('/manager/tokens')).status, 403);
    assert.equal((await change({ role: 'clinician', keys: 'No' })).to, `${path}?saved=1`);
    assert.equal((await colleague.get('/manager/users')).to, loginFor('/manager/users'));
    assert.equal((await change({ keys: 'No' })).status, 400, 'no role');
    assert.equal((await change({}, '/disable')).to, `${path}?saved=1`);
    assert.equal((await post(server, '/login', { email, password: PASSWORD })).status, 401);
    assert.equal((await change({}, '/enable')).to, `${path}?saved=1`);
    assert.equal((await post(server, '/login', { email, password: PASSWORD })).status, 200);
    assert.equal((await change({}, '/reset-mfa')).to, `${path}?saved=1`);
    const rows = await server.portico.own.objects(
      `select id from user_account where email_norm = '${pages.email}'`,
      [],
    );
    const own = `/manager/users/${String(rows[0]!['id'])}`;
    await pages.get('/manager/users');
    for (const each of [own, `${own}/disable`, `${own}/reset-mfa`])
      assert.equal((await pages.send(each, { role: 'admin', keys: 'Yes' })).status, 403, each);
  });

  it('does not open users of another organization, nor patients, as users', async () => {
    const pages = await adminPages(server);
    const foreign = await person(server, { tenant: OTHER_TENANT, name: 'Foreigner' });
    const patient = await person(server, { roles: ['patient'], fhirUser: 'Patient/p2', name: 'Mere patient' });
    const list = (await pages.get('/manager/users')).text;
    assert.doesNotMatch(list, /Foreigner|Mere patient/);
    for (const { id } of [foreign, patient]) {
      assert.equal((await pages.get(`/manager/users/${id}`)).status, 404);
      await pages.get('/manager/users');
      assert.equal((await pages.send(`/manager/users/${id}/disable`)).status, 404);
    }
  });

  it('shows what the server is and what the organization may send', async () => {
    const { text } = await (await adminPages(server)).get('/manager/status');
    assert.match(text, /SQLite|PostgreSQL/);
    assert.ok(text.includes(server.base) && text.includes('/oauth/token'));
    assert.match(text, /1,000,000 a minute, 100,000 in a second \(plan custom\)/);
    assert.match(text, /<dt>Audit events<\/dt><dd><bdi>\d+ to be written</);
    for (const queue of ['Webhook deliveries', 'Events of integrations'])
      assert.ok(text.includes(`<dt>${queue}</dt><dd><bdi>0 to be done<`), queue);
    assert.match(text, /ES256/);
    assert.equal((await (await patientPages(server, 'p2')).get('/manager/status')).status, 403);
    assert.equal((await new Pages(server.url).get('/manager')).to, '/portal/login');
  });
});
