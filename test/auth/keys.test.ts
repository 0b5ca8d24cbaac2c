import assert from 'node:assert/strict';
import { compactVerify, importJWK } from 'jose';
import { Keys } from '../../src/auth/keys.js';
import { ConfigurationError } from '../../src/outcome.js';
import { requestToken } from '../support/client.js';
import { start, type Server } from '../support/server.js';
import { signingKey } from '../support/tokens.js';

describe('auth/keys', () => {
  let server: Server;
  before(async () => (server = await start()));
  after(() => server.stop());

  it('makes one key on the first start, and finds it again on the next', async () => {
    const { own, secret } = server.portico;
    const { kid } = await signingKey(server);
    await new Keys(own, secret, Date.now).load();
    const rows = await own.objects('select kid from signing_key', []);
    assert.deepEqual(
      rows.map((row) => row['kid']),
      [kid],
    );
  });

  it('signs with it: the public half verifies a token', async () => {
    const { body } = await requestToken(server.url, await server.credential({}));
    const { publicJwk } = await signingKey(server);
    assert.equal(publicJwk.use, 'sig');
    assert.equal(publicJwk.alg, 'ES256');
    const { protectedHeader } = await compactVerify(body.access_token, await importJWK(publicJwk, 'ES256'));
    assert.equal(protectedHeader.kid, publicJwk.kid);
  });

  it('does not start with another secret than the one that wrapped the keys', () =>
    assert.rejects(
      new Keys(server.portico.own, 'another secret, which is as long as it must be', Date.now).load(),
      (error: unknown) => {
        assert.ok(error instanceof ConfigurationError);
        assert.match(error.message, /PORTICO_SECRET/);
        return true;
      },
    ));
});
