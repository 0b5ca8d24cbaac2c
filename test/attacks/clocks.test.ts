import assert from 'node:assert/strict';
import { purge } from '../../src/auth/purge.js';
import { readConfig } from '../../src/config.js';
import { createLog } from '../../src/log.js';
import { serve, type Running } from '../../src/main.js';
import { Client, requestToken } from '../support/client.js';
import { asserting, assertion, backend, basic, jwksOf, makeClientKey, post } from '../support/oauth.js';
import { freePort, start, type Server } from '../support/server.js';
import { PASSWORD, person, post as postJson } from '../support/users.js';

const SKEW = 30_000;

/** Three instances on one database, whose clocks differ by half a minute. */
describe('attacks/clocks', () => {
  let server: Server;
  let clock = Date.now();
  const urls: { early: string; late: string } = { early: '', late: '' };
  const running: Running[] = [];

  before(async () => {
    server = await start({ now: () => clock });
    for (const [name, skew] of [
      ['early', -SKEW],
      ['late', SKEW],
    ] as const) {
      const port = await freePort();
      const { config } = server.portico;
      const own = { ...readConfig({ PORT: String(port) }), baseUrl: config.baseUrl, databaseUrl: config.databaseUrl };
      const close = (): Promise<void> => Promise.resolve();
      const portico = { ...server.portico, config: own, now: () => clock + skew, close };
      running.push(await serve(portico, createLog('silent')));
      urls[name] = `http://localhost:${String(port)}`;
    }
  });
  after(async () => {
    for (const each of running) await each.stop();
    await server.stop();
  });

  const everywhere = (): string[] => [server.url, urls.early, urls.late];
  const read = async (url: string, token: string): Promise<number> =>
    (await fetch(`${url}/fhir/R4/Patient/none`, { headers: { authorization: `Bearer ${token}` } })).status;

  it('THREAT 78: a token that one instance has just issued opens with all', async () => {
    const credential = await server.credential({});
    for (const url of everywhere()) {
      const { token } = await Client.login(url, credential);
      for (const each of everywhere()) assert.equal(await read(each, token), 404, `${url} ${each}`);
    }
  });

  it('THREAT 13, 78: an assertion is used once with all, for as long as the slowest clock takes it', async () => {
    const key = await makeClientKey('ES384');
    const id = await backend(server, { jwks: jwksOf(key) });
    for (const first of everywhere()) {
      const text = await assertion(server, id, key, { life: 270 });
      assert.equal((await post(`${first}/oauth/token`, asserting(text))).status, 200, first);
      const began = clock;
      // To the last moment in which the clock that is behind still takes it, with the others purging.
      for (const passed of [0, 100_000, 270_000, 304_000]) {
        clock = began + passed;
        for (const skew of [-SKEW, 0, SKEW]) await purge(server.portico.own, clock + skew);
        for (const url of everywhere())
          assert.equal(
            (await post(`${url}/oauth/token`, asserting(text))).status,
            401,
            `${url} after ${String(passed)}`,
          );
      }
      clock = began + 400_000;
    }
  });

  it('THREAT 12, 78: a revoked token stays dead with all until no clock takes it any more', async () => {
    const credential = await server.credential({});
    const { token, granted } = await Client.login(server.url, credential);
    assert.equal((await post(`${urls.late}/oauth/revoke`, { token }, basic(credential))).status, 200);
    const began = clock;
    const life = Number(granted['expires_in']) * 1000;
    for (const passed of [0, life - 1000, life + SKEW - 1000]) {
      clock = began + passed;
      for (const skew of [-SKEW, 0, SKEW]) await purge(server.portico.own, clock + skew);
      for (const url of everywhere()) assert.equal(await read(url, token), 401, `${url} after ${String(passed)}`);
    }
  });

  it('THREAT 6, 78: a token lives no longer than its seconds and the difference of the clocks', async () => {
    const { token, granted } = await Client.login(urls.early, await server.credential({}));
    const [began, life] = [clock, Number(granted['expires_in']) * 1000];
    clock = began + life - SKEW - 1000;
    assert.equal(await read(server.url, token), 404);
    clock = began + life;
    for (const url of [server.url, urls.late]) assert.equal(await read(url, token), 401, url);
    assert.equal((await requestToken(server.url, await server.credential({}))).status, 200);
  });

  it('THREAT 34, 78: a refresh token is used once with all', async () => {
    const { email } = await person(server);
    const login = await postJson(server, '/login', { email, password: PASSWORD });
    const { refreshToken } = login.body as { refreshToken: string };
    const answers = await Promise.all(everywhere().map((url) => postJson({ url }, '/refresh', { refreshToken })));
    assert.ok(answers.filter(({ status }) => status === 200).length <= 1);
  });
});
