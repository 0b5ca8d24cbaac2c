import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jwksOf, makeClientKey } from '../support/oauth.js';

const cli = new URL('../../src/cli.ts', import.meta.url).pathname;

describe('auth/commands', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'portico-'));
  after(() => rmSync(folder, { recursive: true }));

  function portico(...args: string[]): { status: number | null; out: any; err: string } {
    const env = { PATH: process.env['PATH'], PORTICO_DATABASE_URL: `sqlite:${join(folder, 'portico.sqlite')}` };
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', cli, ...args], {
      env,
      encoding: 'utf8',
    });
    return { status, out: stdout.startsWith('{') || stdout.startsWith('[') ? JSON.parse(stdout) : stdout, err: stderr };
  }

  const create = (...args: string[]) => portico('credential', 'create', '--name', 'x', '--json', ...args);

  before(() => {
    portico('migrate');
    portico('org', 'create', '--id', 'one', '--name', 'One');
  });

  it('makes a credential of every kind, shows its secret once and its prefix ever after', async () => {
    const file = join(folder, 'jwks.json');
    writeFileSync(file, jwksOf(await makeClientKey('ES384')));
    const secrets = ['org', 'client', 'app'].map((kind) => create('--kind', kind).out.secret as string);
    assert.deepEqual(
      secrets.map((each) => each.slice(0, 4)),
      ['pto_', 'ptc_', 'ptc_'],
    );
    const backend = create('--kind', 'backend', '--jwks', file).out;
    assert.equal(backend.secret, undefined);
    assert.equal(create('--kind', 'backend', '--jwks-url', 'https://jwks.example/keys').status, 0);
    const { out: list } = portico('credential', 'list', '--json');
    assert.deepEqual(
      list.map(({ kind }: any) => kind),
      ['org', 'client', 'app', 'backend', 'backend'],
    );
    assert.equal(list[0].prefix, secrets[0]!.slice(0, 10));
    for (const secret of secrets) assert.ok(!JSON.stringify(list).includes(secret));
    assert.doesNotMatch(JSON.stringify(list), /[Hh]ash/);
  });

  it('THREAT 18, 19: refuses keys and URLs that would not be used', () => {
    const file = join(folder, 'bad.json');
    const n = Buffer.alloc(2048, 0xff).toString('base64url');
    writeFileSync(file, JSON.stringify({ keys: [{ kty: 'RSA', kid: 'k', e: 'AQAB', n }] }));
    for (const [args, text] of [
      [['--jwks', file], /modulus/],
      [['--jwks', join(folder, 'none.json')], /cannot be read/],
      [['--jwks-url', 'http://jwks.example/'], /not https/],
      [['--jwks-url', 'https://169.254.169.254/'], /not public/],
      [[], /either --jwks or --jwks-url/],
    ] as const) {
      const { status, err } = create('--kind', 'backend', ...args);
      assert.equal(status, 2);
      assert.match(err, text);
    }
    assert.equal(create('--kind', 'client', '--jwks-url', 'https://jwks.example/').status, 2);
    assert.equal(create('--kind', 'client', '--patient', 'p1').status, 2);
  });

  it('rotates, revokes and shows the log', () => {
    const { id, secret } = create('--kind', 'client').out;
    const rotated = portico('credential', 'rotate', id, '--json', '--overlap', '1').out;
    assert.equal(rotated.id, id);
    assert.notEqual(rotated.secret, secret);
    assert.deepEqual(
      portico('credential', 'show-log', id, '--json').out.map((each: any) => each.interaction),
      ['credential-rotate', 'credential-create'],
    );
    assert.equal(portico('credential', 'show-log', 'nobody').status, 1);
    assert.equal(portico('credential', 'revoke', id, '--json').out.revoked, true);
    assert.equal(portico('credential', 'revoke', id).status, 1);
    assert.equal(portico('credential', 'rotate', id).status, 1);
  });

  it('lists and rotates signing keys', () => {
    const now = portico('keys', 'rotate', '--now', '--json').out;
    assert.equal(now.status, 'active');
    const next = portico('keys', 'rotate', '--json').out;
    assert.equal(next.status, 'next');
    assert.equal(portico('keys', 'rotate').status, 1);
    const { out } = portico('keys', 'list', '--json');
    assert.deepEqual(
      out.map(({ kid, status }: any) => [kid, status]),
      [
        [now.kid, 'active'],
        [next.kid, 'next'],
      ],
    );
  });
});
