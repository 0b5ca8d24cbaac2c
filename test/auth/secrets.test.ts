import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import { hashSecret, makeSecret, secretMatches } from '../../src/auth/secrets.js';
import { start, type Server } from '../support/server.js';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const number = (text: string): bigint =>
  Array.from(text).reduce((sum, each) => sum * 62n + BigInt(alphabet.indexOf(each)), 0n);

describe('auth/secrets', () => {
  for (const prefix of ['ptk', 'ptc'] as const)
    it(`${prefix}: has a prefix, its public id, the secret and a checksum over it`, () => {
      for (let round = 0; round < 200; round++) {
        const { id, secret, hash } = makeSecret(prefix);
        const match = /^(pt[kc])_([0-9A-Za-z]{16})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/.exec(secret);
        assert.ok(match, secret);
        assert.equal(match[1], prefix);
        assert.equal(match[2], id);
        assert.equal(number(match[4]!), BigInt(crc32(match[3]!)), 'a scanner can tell a real one');
        assert.match(hash, /^[0-9a-f]{64}$/);
        assert.ok(secretMatches(secret, hash));
      }
    });

  it('is never the same twice', () => {
    const made = Array.from({ length: 2000 }, () => makeSecret('ptc'));
    assert.equal(new Set(made.map(({ id }) => id)).size, made.length);
    assert.equal(new Set(made.map(({ secret }) => secret.split('_')[2])).size, made.length);
  });

  it('does not match another secret, nor without a stored hash', () => {
    const { secret, hash } = makeSecret('ptc');
    for (const wrong of ['', secret.slice(0, -1), `${secret}0`, secret.toLowerCase(), makeSecret('ptc').secret])
      assert.equal(secretMatches(wrong, hash), false);
    assert.equal(secretMatches(secret, undefined), false);
    assert.equal(secretMatches('', undefined), false);
  });

  describe('at rest', () => {
    let server: Server;
    before(async () => (server = await start()));
    after(() => server.stop());

    it('THREAT 64: the database has the hash and not the secret', async () => {
      const { id, secret } = await server.credential({});
      const { own } = server.portico;
      const rows = await own.objects('select * from credential', []);
      assert.equal(rows.find((row) => row['id'] === id)?.['secret_hash'], hashSecret(secret));
      assert.doesNotMatch(JSON.stringify(rows), new RegExp(secret.split('_')[2]!));
    });

    it('THREAT 64: the signing key is wrapped', async () => {
      const [key] = await server.portico.own.objects('select * from signing_key', []);
      assert.ok(key);
      assert.equal('d' in JSON.parse(key['public_jwk'] as string), false);
      assert.match(key['private_wrapped'] as string, /^[\w-]+$/);
      const opened = Buffer.from(key['private_wrapped'] as string, 'base64url').toString('latin1');
      assert.doesNotMatch(opened, /"(d|crv|kty)"/);
    });
  });
});
