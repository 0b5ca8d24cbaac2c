import assert from 'node:assert/strict';
import { Keys } from '../../src/auth/keys.js';
import { purge } from '../../src/auth/purge.js';
import { replaceKeys, rotateKeys } from '../../src/auth/rotation.js';
import { readSigningKeys, statusOf } from '../../src/auth/signing-key.js';
import { Client } from '../support/client.js';
import { start, type Server } from '../support/server.js';

const MINUTE = 60_000;

describe('auth/keys', () => {
  let server: Server;
  let now = Date.now();
  let credential: { id: string; secret: string };

  beforeEach(async () => {
    server = await start({ now: () => now });
    credential = await server.credential({});
    await server.save([{ resourceType: 'Patient', id: 'p1', name: [{ family: 'One' }] }]);
    first = await published();
  });
  afterEach(() => server.stop());

  /** One of access tokens and one of identity tokens. */
  let first: string[];

  const login = () => Client.login(server.url, credential);
  const read = async (client: Client) => (await client.get('Patient/p1')).status;
  const kidOf = ({ token }: { token: string }) =>
    JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()).kid as string;
  const published = async () =>
    (await (await fetch(`${server.url}/oauth/jwks`)).json()).keys.map((each: any) => each.kid).sort() as string[];
  const statuses = async () => {
    const keys = await readSigningKeys(server.portico.own, now);
    return keys.map((key) => statusOf(key, keys, now));
  };

  it('SMART 1.1: the next key is published ten minutes before it signs, and the last one known until its tokens end', async () => {
    const { own, secret } = server.portico;
    const before = await login();
    const next = (await rotateKeys(own, secret, now))!;
    assert.equal(await rotateKeys(own, secret, now), undefined, 'one is on its way');
    assert.deepEqual(await statuses(), ['active', 'active', 'next', 'next']);
    now += MINUTE;
    assert.ok(first.includes(kidOf(before)));
    assert.deepEqual(await published(), [...first, ...next.kids].sort());
    now += 9 * MINUTE - 1;
    const last = await login();
    assert.equal(kidOf(last), kidOf(before));
    now += 1;
    assert.equal(kidOf(await login()), next.kids[0]);
    assert.deepEqual(await statuses(), ['retired', 'retired', 'active', 'active']);
    now += 36_000_000 - 2000;
    assert.equal(await read(last), 200);
    now += 2000 + MINUTE;
    assert.deepEqual(await published(), [...next.kids].sort());
    now += 2 * MINUTE;
    await purge(own, now);
    assert.equal((await own.objects('select * from signing_key', [])).length, 2);
  });

  it('THREAT 79: a rotation under load loses no request, with two processes on one database', async () => {
    const { own, secret } = server.portico;
    const other = new Keys(own, secret, () => now);
    await other.load();
    const claims = { jti: 'x' };
    const kidsSeen = new Set<string>();
    await rotateKeys(own, secret, now);
    for (let step = 0; step < 60; step += 1) {
      now += 15_000;
      const token = await other.sign(claims);
      kidsSeen.add(kidOf({ token }));
      const client = await login();
      assert.ok(await other.publicKey(kidOf(client)), 'the other process knows who signed');
      assert.equal(await read(client), 200);
    }
    assert.equal(kidsSeen.size, 2);
  });

  it('THREAT 79: after a key was stolen all tokens are dead at once, and new ones are made with another key', async () => {
    const { own, secret } = server.portico;
    const before = await login();
    const stolen = kidOf(before);
    assert.equal(await read(before), 200);
    await rotateKeys(own, secret, now);
    const { kids } = await replaceKeys(own, secret, now);
    assert.equal(await read(before), 401);
    now += 5000;
    const after = await login();
    assert.equal(kidOf(after), kids[0]);
    assert.equal(await read(after), 200);
    now += MINUTE;
    assert.deepEqual(await published(), [...kids].sort());
    const keys = new Keys(own, secret, () => now);
    await keys.load();
    assert.equal(await keys.publicKey(stolen), undefined);
  });

  it('THREAT 3: unknown key ids are looked for once in five seconds', async () => {
    const { own, secret } = server.portico;
    let asked = 0;
    const objects: typeof own.objects = (sql, bindings) => {
      asked += 1;
      return own.objects(sql, bindings);
    };
    const keys = new Keys({ ...own, objects }, secret, () => now);
    await keys.load();
    asked = 0;
    for (let count = 0; count < 50; count += 1)
      assert.equal(await keys.publicKey(`unknown-${String(count)}`), undefined);
    assert.equal(asked, 1);
    const [kid = ''] = (await replaceKeys(own, secret, now)).kids;
    assert.equal(await keys.publicKey(kid), undefined);
    now += 5000;
    assert.ok(await keys.publicKey(kid));
  });

  it('THREAT 64: private keys are sealed, and do not open with another secret', async () => {
    const { own } = server.portico;
    const rows = await own.objects('select * from signing_key', []);
    assert.equal(rows.length, 2);
    for (const row of rows) {
      assert.ok(!('d' in JSON.parse(row['public_jwk'] as string)));
      assert.doesNotMatch(row['private_wrapped'] as string, /"d"/);
    }
    await assert.rejects(new Keys(own, 'another secret that is long enough', () => now).load(), /cannot be opened/);
  });
});
