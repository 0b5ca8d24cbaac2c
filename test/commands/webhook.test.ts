import { Command } from 'commander';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { orgCommand } from '../../src/commands/org.js';
import { webhookCommand } from '../../src/commands/webhook.js';
import { openDatabase } from '../../src/store/database.js';
import { migrate } from '../../src/store/migrate.js';
import { bareDatabase, type FreshDatabase } from '../support/database.js';
import { receiver, type Receiver } from '../support/receiver.js';

// In this process: a process for each of many calls would take long.
const exitCode = (): number => Number(process.exitCode ?? 0);

describe('portico webhook and org share', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portico-test-'));
  let database: FreshDatabase;
  let other: Receiver;

  before(async () => {
    [database, other] = await Promise.all([bareDatabase(folder), receiver()]);
    const db = await openDatabase(database.url);
    await migrate(db);
    await db.close();
    for (const id of ['org_a', 'org_b']) await done('org', 'create', '--id', id, '--name', id);
  });
  after(async () => {
    await other.close();
    await database.drop();
    rmSync(folder, { recursive: true });
  });

  /** What a command says as JSON, and its exit code. */
  async function call(...args: string[]): Promise<{ code: number; json: any; err: string }> {
    const program = new Command('portico');
    orgCommand(program);
    webhookCommand(program);
    const set = {
      PORTICO_DATABASE_URL: database.url,
      PORTICO_SECRET: 'a secret for tests, which opens nothing',
      PORTICO_ALLOW_LOOPBACK: 'true',
    };
    const said = { out: '', err: '' };
    const before = process.exitCode;
    process.exitCode = 0;
    const { stdout, stderr } = process;
    const write = { out: stdout.write.bind(stdout), err: stderr.write.bind(stderr) };
    Object.assign(process.env, set);
    stdout.write = (text: string | Uint8Array) => Boolean((said.out += String(text)));
    stderr.write = (text: string | Uint8Array) => Boolean((said.err += String(text)));
    try {
      await program.parseAsync([...args, '--json'], { from: 'user' });
    } finally {
      stdout.write = write.out;
      stderr.write = write.err;
      for (const name of Object.keys(set)) Reflect.deleteProperty(process.env, name);
    }
    const code = exitCode();
    process.exitCode = before;
    return { code, json: said.out === '' ? undefined : JSON.parse(said.out), err: said.err };
  }
  const done = async (...args: string[]): Promise<any> => {
    const { code, json, err } = await call(...args);
    assert.equal(code, 0, err);
    return json;
  };

  it('makes, lists, tests, rotates and deletes a webhook', async () => {
    const inA = ['--org', 'org_a'];
    const destination = ['--name', 'Engine', '--url', other.url];
    const made = await done('webhook', 'create', ...inA, ...destination, '--event', 'document.created');
    assert.match(made.secret, /^whsec_/);
    const [listed] = await done('webhook', 'list', ...inA);
    assert.deepEqual([listed.id, listed.url, listed.events], [made.id, other.url, ['document.created']]);
    assert.doesNotMatch(JSON.stringify(listed), /secret|sealed|whsec/i);
    assert.deepEqual(await done('webhook', 'test', made.id, ...inA), { id: made.id, ok: true, said: 'HTTP 204' });
    assert.equal(other.taken.length, 1);
    other.answer = () => 500;
    const refused = await call('webhook', 'test', made.id, ...inA);
    assert.deepEqual([refused.code, refused.json.said], [1, 'HTTP 500']);
    assert.notEqual((await done('webhook', 'rotate', made.id, ...inA)).secret, made.secret);
    for (const what of ['test', 'rotate', 'delete'])
      assert.equal((await call('webhook', what, made.id, '--org', 'org_b')).code, 1);
    assert.deepEqual((await done('webhook', 'hosts', ...inA, '--allow', 'hooks.example')).hosts, ['hooks.example']);
    assert.match((await call('webhook', 'create', ...inA, ...destination)).err, /organization allows/);
    assert.equal((await done('webhook', 'hosts', ...inA, '--any')).hosts, null);
    await done('webhook', 'delete', made.id, ...inA);
    assert.deepEqual(await done('webhook', 'list', ...inA), []);
  });

  it('shares channels between two organizations, and ends that', async () => {
    assert.equal((await done('org', 'share', 'org_a', '--with', 'org_b')).sharing, true);
    assert.equal((await done('org', 'unshare', 'org_b', '--with', 'org_a')).sharing, false);
    assert.equal((await call('org', 'unshare', 'org_b', '--with', 'org_a')).code, 1);
    for (const wrong of ['org_a', 'org_nowhere'])
      assert.equal((await call('org', 'share', 'org_a', '--with', wrong)).code, 2);
  });
});
