import assert from 'node:assert/strict';
import { generate } from 'otplib';
import { resetSecondFactor } from '../../src/auth/users.js';
import { start, TENANT, type Server } from '../support/server.js';
import { bearer, PASSWORD, person, post } from '../support/users.js';

describe('auth/second-factor', () => {
  let server: Server;
  let clock = Date.now();

  before(async () => {
    server = await start({ now: () => clock });
  });
  after(() => server.stop());
  beforeEach(() => {
    clock += 3_600_000;
  });

  const login = async (email: string) => (await post(server, '/login', { email, password: PASSWORD })).body;
  const code = (secret: string): Promise<string> => generate({ secret, epoch: Math.floor(clock / 1000) });

  async function enrolled() {
    const user = await person(server);
    const { accessToken } = await login(user.email);
    const made = (await post(server, '/mfa/enrol', { password: PASSWORD }, bearer(accessToken))).body;
    const confirmed = await post(server, '/mfa/confirm', { code: await code(made.secret) }, bearer(accessToken));
    assert.equal(confirmed.status, 200, confirmed.text);
    clock += 60_000;
    return { ...user, accessToken, secret: made.secret as string, recovery: confirmed.body.recoveryCodes as string[] };
  }

  it('VITALEDGE 5: gives no tokens before the second factor, and both after it', async () => {
    const { email, secret } = await enrolled();
    const challenge = await login(email);
    const { mfaToken, ...rest } = challenge;
    assert.deepEqual(rest, { mfaRequired: true, methods: ['totp', 'recovery'], expiresIn: 300 });
    const passed = await post(server, '/mfa/verify', { mfaToken, code: await code(secret) });
    assert.equal(passed.status, 200);
    assert.equal(passed.body.expiresIn, 900);
    assert.ok(passed.body.accessToken && passed.body.refreshToken);
  });

  it('THREAT 62: takes the token of a challenge for nothing else', async () => {
    const { email } = await enrolled();
    const { mfaToken } = await login(email);
    const asBearer = await fetch(`${server.base}/Patient/p1`, { headers: bearer(mfaToken) });
    assert.equal(asBearer.status, 401);
    assert.equal((await post(server, '/refresh', { refreshToken: mfaToken })).status, 401);
    assert.equal((await post(server, '/logout', {}, bearer(mfaToken, TENANT))).status, 401);
  });

  it('THREAT 61: accepts each code once, also when it comes ten times at once', async () => {
    const { email, secret } = await enrolled();
    const challenges: string[] = [];
    for (let index = 0; index < 3; index++) challenges.push((await login(email)).mfaToken);
    const now = await code(secret);
    const all = await Promise.all(challenges.map((mfaToken) => post(server, '/mfa/verify', { mfaToken, code: now })));
    assert.equal(all.filter(({ status }) => status === 200).length, 1);
    const { mfaToken } = await login(email);
    const again = await post(server, '/mfa/verify', { mfaToken, code: now });
    assert.equal(again.status, 401);
    assert.equal(again.body.code, 'INVALID_MFA');
  });

  it('THREAT 58: spends a challenge with five wrong codes, and stops an account after ten', async () => {
    const { email, secret } = await enrolled();
    const wrong = async (mfaToken: string) => (await post(server, '/mfa/verify', { mfaToken, code: '000000x' })).status;
    const first = (await login(email)).mfaToken;
    for (let index = 0; index < 5; index++) assert.equal(await wrong(first), 401);
    const right = await post(server, '/mfa/verify', { mfaToken: first, code: await code(secret) });
    assert.equal(right.status, 401, 'the challenge is spent');
    const second = (await login(email)).mfaToken;
    for (let index = 0; index < 4; index++) assert.equal(await wrong(second), 401);
    const stopped = await post(server, '/mfa/verify', { mfaToken: second, code: await code(secret) });
    assert.equal(stopped.status, 429);
    assert.equal(stopped.body.code, 'throttled');
    assert.ok(Number(stopped.headers.get('retry-after')) > 0);
  });

  it('lets each recovery code in once, and a challenge end after five minutes', async () => {
    const { email, secret, recovery } = await enrolled();
    assert.equal(new Set(recovery).size, 10);
    const use = async (text: string) =>
      (await post(server, '/mfa/verify', { mfaToken: (await login(email)).mfaToken, code: text })).status;
    assert.equal(await use(recovery[0]!.toUpperCase().replaceAll('-', ' ')), 200);
    assert.equal(await use(recovery[0]!), 401);
    assert.equal(await use(recovery[1]!), 200);
    const { mfaToken } = await login(email);
    clock += 300_000;
    assert.equal((await post(server, '/mfa/verify', { mfaToken, code: await code(secret) })).status, 401);
  });

  it('THREAT 61: sets up and disables a second factor with the password alone, not with a session', async () => {
    const user = await person(server);
    const { accessToken } = await login(user.email);
    assert.equal((await post(server, '/mfa/enrol', {}, bearer(accessToken))).status, 400);
    assert.equal((await post(server, '/mfa/enrol', { password: 'wrong' }, bearer(accessToken))).status, 401);
    assert.equal((await post(server, '/mfa/confirm', { code: '123456' }, bearer(accessToken))).status, 401);
    const { email, accessToken: session } = await enrolled();
    assert.equal((await post(server, '/mfa/enrol', { password: PASSWORD }, bearer(session))).status, 409);
    assert.equal((await post(server, '/mfa/disable', { password: 'wrong' }, bearer(session))).status, 401);
    assert.equal((await login(email)).mfaRequired, true);
    assert.equal((await post(server, '/mfa/disable', { password: PASSWORD }, bearer(session))).status, 204);
    assert.ok((await login(email)).accessToken);
  });

  it('THREAT 64: keeps no secret and no code that could be used, and an operator can reset it', async () => {
    const { email, secret, recovery } = await enrolled();
    const { own } = server.portico;
    const rows = JSON.stringify([
      await own.objects('select * from user_account', []),
      await own.objects('select * from recovery_code', []),
    ]);
    for (const text of [secret, ...recovery]) assert.ok(!rows.includes(text));
    assert.equal(await resetSecondFactor(own, TENANT, email, clock), true);
    assert.ok((await login(email)).accessToken);
  });
});
