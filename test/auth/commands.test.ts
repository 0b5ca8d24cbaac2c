import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../../src/store/database.js';
import { workplace, type Workplace } from '../support/command.js';
import { jwksOf, makeClientKey } from '../support/oauth.js';

describe('auth/commands', function () {
  // Each command is a process of its own.
  this.timeout(120_000);
  let place: Workplace;

  before(async () => {
    place = await workplace();
    await portico('migrate');
    await portico('org', 'create', '--id', 'one', '--name', 'One');
  });
  after(() => place.leave());

  const portico = (...args: string[]) => place.run(args);
  const create = (...args: string[]) => portico('credential', 'create', '--name', 'x', '--json', ...args);

  it('makes a credential of every kind, shows its secret once and its prefix ever after', async () => {
    const file = join(place.folder, 'jwks.json');
    writeFileSync(file, jwksOf(await makeClientKey('ES384')));
    const secrets: string[] = [];
    for (const kind of ['org', 'client']) secrets.push((await create('--kind', kind)).json.secret as string);
    const app = ['--kind', 'app', '--redirect-uri', 'https://app.example/back'];
    secrets.push((await create(...app)).json.secret as string);
    assert.deepEqual(
      secrets.map((each) => each.slice(0, 4)),
      ['pto_', 'ptc_', 'ptc_'],
    );
    const { json: backend } = await create('--kind', 'backend', '--jwks', file);
    assert.equal(backend.secret, undefined);
    assert.equal((await create('--kind', 'backend', '--jwks-url', 'https://jwks.example/keys')).code, 0);
    const { json: list } = await portico('credential', 'list', '--json');
    assert.deepEqual(
      list.map(({ kind }: any) => kind),
      ['org', 'client', 'app', 'backend', 'backend'],
    );
    assert.equal(list[0].prefix, secrets[0]!.slice(0, 10));
    for (const secret of secrets) assert.ok(!JSON.stringify(list).includes(secret));
    assert.doesNotMatch(JSON.stringify(list), /[Hh]ash/);
  });

  it('THREAT 18, 19: refuses keys and URLs that would not be used', async () => {
    const file = join(place.folder, 'bad.json');
    const n = Buffer.alloc(2048, 0xff).toString('base64url');
    writeFileSync(file, JSON.stringify({ keys: [{ kty: 'RSA', kid: 'k', e: 'AQAB', n }] }));
    for (const [args, text] of [
      [['--jwks', file], /modulus/],
      [['--jwks', join(place.folder, 'none.json')], /cannot be read/],
      [['--jwks-url', 'http://jwks.example/'], /not https/],
      [['--jwks-url', 'https://169.254.169.254/'], /not public/],
      [[], /either --jwks or --jwks-url/],
    ] as const) {
      const { code, err } = await create('--kind', 'backend', ...args);
      assert.equal(code, 2);
      assert.match(err, text);
    }
    assert.equal((await create('--kind', 'client', '--jwks-url', 'https://jwks.example/')).code, 2);
    assert.equal((await create('--kind', 'client', '--patient', 'p1')).code, 2);
  });

  it('THREAT 26: registers apps, public and not, and none that could be sent elsewhere', async () => {
    const redirect = ['--redirect-uri', 'https://app.example/back', '--redirect-uri', 'com.example.app:/back'];
    const { json } = await create(
      '--kind',
      'app',
      '--public',
      ...redirect,
      '--launch-url',
      'https://app.example/launch',
    );
    assert.equal(json.secret, undefined);
    assert.deepEqual(json.redirectUris, ['https://app.example/back', 'com.example.app:/back']);
    assert.deepEqual(json.origins, ['https://app.example']);
    const logo = join(place.folder, 'logo.png');
    writeFileSync(logo, Buffer.from('89504e470d0a1a0a00', 'hex'));
    assert.equal((await create('--kind', 'app', ...redirect, '--logo', logo)).code, 0);
    writeFileSync(logo, '<svg onload="alert(1)"/>');
    for (const [args, text] of [
      [[], /needs a redirect URI/],
      [['--redirect-uri', 'http://app.example/back'], /is neither https/],
      [['--redirect-uri', 'https://app.example/a/../b'], /not written as it is read/],
      [[...redirect, '--origin', 'https://app.example/x'], /is not an origin/],
      [[...redirect, '--launch-url', 'com.example.app:/x'], /launch URL/],
      [[...redirect, '--scope', 'system/*.rs'], /is for services/],
      [[...redirect, '--logo', logo], /no PNG or JPEG/],
      [[...redirect, '--public', '--jwks-url', 'https://jwks.example/'], /has no keys/],
    ] as const) {
      const { code, err } = await create('--kind', 'app', ...args);
      assert.deepEqual([code, text.test(err)], [2, true], err);
    }
    assert.equal((await create('--kind', 'client', ...redirect)).code, 2);
    const org = ['org', 'update', 'one', '--website'];
    assert.equal((await portico(...org, 'http://one.example')).code, 2);
    assert.equal((await portico(...org, 'https://one.example/', '--json')).json.website, 'https://one.example/');
  });

  it('rotates, revokes and shows the log', async () => {
    const { id, secret } = (await create('--kind', 'client')).json;
    const { json: rotated } = await portico('credential', 'rotate', id, '--json', '--overlap', '1');
    assert.equal(rotated.id, id);
    assert.notEqual(rotated.secret, secret);
    assert.deepEqual(
      (await portico('credential', 'show-log', id, '--json')).json.map((each: any) => each.interaction),
      ['credential-rotate', 'credential-create'],
    );
    assert.equal((await portico('credential', 'show-log', 'nobody')).code, 1);
    assert.equal((await portico('credential', 'revoke', id, '--json')).json.revoked, true);
    assert.equal((await portico('credential', 'revoke', id)).code, 1);
    assert.equal((await portico('credential', 'rotate', id)).code, 1);
  });

  it('lists and rotates signing keys', async () => {
    const { json: now } = await portico('keys', 'rotate', '--now', '--json');
    assert.equal(now.status, 'active');
    const { json: next } = await portico('keys', 'rotate', '--json');
    assert.equal(next.status, 'next');
    assert.equal((await portico('keys', 'rotate')).code, 1);
    const { json: keys } = await portico('keys', 'list', '--json');
    const [active, coming] = ['active', 'next'].map((status) => keys.filter((key: any) => key.status === status));
    assert.deepEqual(active.map(({ kid }: any) => kid).sort(), [...now.kids].sort());
    assert.deepEqual(coming.map(({ kid }: any) => kid).sort(), [...next.kids].sort());
    assert.deepEqual(active.map(({ alg }: any) => alg).sort(), ['ES256', 'RS256']);
  });

  it('THREAT 81: every change that a command makes is recorded with it: what, of whom, and by the operator', async () => {
    const email = 'somebody@clinic.example';
    const { id } = (
      await portico('user', 'create', '--email', email, '--name', 'Some Body', '--roles', 'clinician', '--json')
    ).json;
    for (const args of [
      ['user', 'set-roles', email, '--roles', 'admin'],
      ['user', 'disable', email],
      ['user', 'enable', email],
      ['org', 'update', 'one', '--name', 'Uno'],
      ['org', 'disable', 'one'],
      ['org', 'enable', 'one'],
    ])
      assert.equal((await portico(...args)).code, 0, args.join(' '));
    // What changes nothing leaves no record.
    assert.equal((await portico('user', 'enable', email)).code, 1);
    assert.equal((await portico('org', 'create', '--id', 'one', '--name', 'Again')).code, 1);
    const db = await openDatabase(place.databaseUrl);
    try {
      const rows = await db.objects(`select * from audit where credential_kind = 'operator' order by at, id`, []);
      const of = (tenant: string, interaction: string) =>
        rows.filter((row) => row['organization_id'] === tenant && row['interaction'] === interaction);
      for (const change of ['create', 'set-roles', 'disable', 'enable']) {
        const found = of('one', `user-${change}`);
        assert.deepEqual(
          found.map((row) => row['entity']),
          [`user/${String(id)}`],
          change,
        );
      }
      // One of the two updates is the website of the test of apps.
      for (const [change, times] of Object.entries({ create: 1, update: 2, disable: 1, enable: 1 }))
        assert.equal(of('one', `org-${change}`).length, times, change);
      assert.equal(of('', 'key-replace').length, 1);
      assert.equal(of('', 'key-rotate').length, 1);
      assert.ok(rows.every((row) => /^operator:./.test(String(row['user_id'])) && row['status'] === 200));
      assert.ok(rows.every((row) => row['hash'] !== null));
      assert.doesNotMatch(JSON.stringify(rows), /somebody@|Some Body|Uno/);
      assert.match(JSON.stringify(await db.objects('select * from audit', [])), /credential-create/);
    } finally {
      await db.close();
    }
    assert.equal((await portico('audit', 'verify')).code, 0);
  });

  it('THREAT 81: a change that cannot be recorded is not made', async () => {
    const db = await openDatabase(place.databaseUrl);
    try {
      await (await db.knex()).schema.renameTable('audit', 'audit_away');
      assert.notEqual((await portico('org', 'update', 'one', '--name', 'Unrecorded')).code, 0);
      assert.notEqual((await create('--kind', 'client')).code, 0);
      await (await db.knex()).schema.renameTable('audit_away', 'audit');
    } finally {
      await db.close();
    }
    assert.doesNotMatch((await portico('org', 'list')).out, /Unrecorded/);
  });
});
