import assert from 'node:assert/strict';
import { createLog } from '../../src/log.js';
import { serve, type Running } from '../../src/main.js';
import { openPortico } from '../../src/open.js';
import { readConfig } from '../../src/config.js';
import { loadRegistry } from '../../src/registry.js';
import { Client } from '../support/client.js';
import { freePort, start, TENANT, type Server } from '../support/server.js';
import { bearer, PASSWORD, person, post } from '../support/users.js';
import { describeOn } from '../support/only.js';

describeOn('postgres', 'attacks/sessions-two-processes', () => {
  let server: Server;
  let second: Running | undefined;
  let elsewhere: { url: string };

  before(async () => {
    server = await start();
    const { databaseUrl } = server.portico.config;
    const port = await freePort();
    // One service has one URL in its tokens, whoever answers.
    const config = readConfig({
      PORT: String(port),
      PORTICO_BASE_URL: server.url,
      PORTICO_DATABASE_URL: databaseUrl,
      PORTICO_SECRET: 'a secret for tests, which opens nothing',
      PORTICO_LOG_LEVEL: 'silent',
    });
    second = await serve(await openPortico(config, { registry: await loadRegistry() }), createLog('silent'));
    elsewhere = { url: `http://localhost:${String(port)}` };
  });
  after(async () => {
    await second?.stop();
    await server.stop();
  });

  it('THREAT 12: a session that ends in one process is dead in the other', async () => {
    const { email } = await person(server);
    const { accessToken, refreshToken } = (await post(server, '/login', { email, password: PASSWORD })).body;
    const there = new Client(elsewhere.url, accessToken);
    assert.equal((await there.get('Patient/none')).status, 404);
    assert.equal((await post(server, '/logout', {}, bearer(accessToken, TENANT))).status, 204);
    assert.equal((await there.get('Patient/none')).status, 401);
    assert.equal((await post(elsewhere, '/refresh', { refreshToken })).status, 401);
  });

  it('THREAT 34: a refresh token has one successor at the most in both together', async () => {
    const { email } = await person(server);
    const { refreshToken } = (await post(server, '/login', { email, password: PASSWORD })).body;
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, index) => post(index % 2 ? server : elsewhere, '/refresh', { refreshToken })),
    );
    assert.ok(all.filter(({ status }) => status === 200).length <= 1);
    assert.ok(all.every(({ status }) => status === 200 || status === 401));
  });

  it('THREAT 58: wrong passwords are counted for both', async () => {
    const { email } = await person(server);
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        post(index % 2 ? server : elsewhere, '/login', { email, password: 'wrong' }),
      ),
    );
    assert.equal(all.filter(({ status }) => status === 401).length, 5);
    assert.equal((await post(elsewhere, '/login', { email, password: PASSWORD })).status, 429);
  });
});
