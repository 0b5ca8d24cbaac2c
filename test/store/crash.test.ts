import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type BetterSqlite3 from 'better-sqlite3';
import { driver } from '../../src/store/driver.js';
import { createOrg } from '../../src/auth/orgs.js';
import { createCredential } from '../../src/auth/store.js';
import { openDatabase } from '../../src/store/database.js';
import { migrate } from '../../src/store/migrate.js';
import { Client } from '../support/client.js';
import { freePort } from '../support/server.js';
import { until } from '../support/until.js';

const ROUNDS = 3;

/** On SQLite only: the file of a killed process is the point. PostgreSQL's is its server's affair. */
describe('store: kill -9 while writing', function () {
  this.timeout(90_000);
  let folder: string;
  let file: string;
  let environment: NodeJS.ProcessEnv;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portico-'));
  });
  after(() => rm(folder, { recursive: true }));

  beforeEach(async () => {
    file = join(await mkdtemp(join(folder, 'db-')), 'portico.sqlite');
    const own = await openDatabase(`sqlite:${file}`);
    await migrate(own);
    await createOrg(own, 'org_one', 'One', 0);
    await own.close();
    const { NODE_OPTIONS: _options, ...inherited } = process.env;
    environment = {
      ...Object.fromEntries(Object.entries(inherited).filter(([name]) => !name.startsWith('PORTICO_'))),
      PORTICO_DATABASE_URL: `sqlite:${file}`,
      PORTICO_SECRET: 'a secret for tests, which opens nothing',
    };
  });

  const run = (...script: string[]): ChildProcess =>
    spawn(process.execPath, ['--import', 'tsx', ...script], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });

  function kill(child: ChildProcess): Promise<unknown> {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    return gone;
  }

  const ids = (db: BetterSqlite3.Database, sql: string): Set<string> =>
    new Set(db.prepare(sql).pluck().all() as string[]);

  /** Sound, and every resource whole: its row, its version, its outbox entry, and what the overflow index has of it. */
  function assertWhole(db: BetterSqlite3.Database): void {
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
    const rows = ids(db, `select 'Patient/' || id from patient union all select 'Observation/' || id from observation`);
    assert.deepEqual(ids(db, `select type || '/' || id from history`), rows);
    assert.deepEqual(ids(db, `select type || '/' || resource_id from outbox`), rows);
    assert.deepEqual(
      ids(db, `select 'Observation/' || id from overflow where param = 'code'`),
      new Set([...rows].filter((each) => each.startsWith('Observation/'))),
    );
  }

  it('loses nothing that was answered, and leaves nothing half written', async () => {
    const answered = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const child = run('test/store/crash-writer.ts', String(round * 1_000_000));
      let text = '';
      child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      while (!text.includes('\n')) {
        assert.equal(child.exitCode, null, 'the writer runs');
        await sleep(20);
      }
      await sleep(150 + round * 170);
      await kill(child);
      for (const id of text.split('\n').slice(0, -1)) answered.add(id);
      const db = new driver(file);
      try {
        assertWhole(db);
        const patients = ids(db, 'select id from patient');
        for (const id of answered) assert.ok(patients.has(id), `${id} was answered and is there`);
        const parts = db.prepare('select count(*) from observation').pluck().get();
        assert.equal(parts, patients.size * 3, 'what was committed together is there together');
      } finally {
        db.close();
      }
    }
    assert.ok(answered.size > ROUNDS * 5, `${String(answered.size)} were answered`);
  });

  it('over HTTP: what was answered with 200 or 201 is there, whole and audited, after kill -9', async () => {
    const own = await openDatabase(`sqlite:${file}`);
    await createOrg(own, 'org_http', 'HTTP', 0, { plan: 'custom', perMinute: 1_000_000, burst: 100_000 });
    const credential = await createCredential(
      own,
      { tenant: 'org_http', kind: 'client', name: 'x', scopeCeiling: 'system/*.cruds' },
      Date.now(),
    );
    await own.close();
    const port = await freePort();
    Object.assign(environment, { PORT: String(port), PORTICO_LOG_LEVEL: 'silent' });
    const url = `http://localhost:${String(port)}`;
    const observation = (subject: string): object => ({
      resourceType: 'Observation',
      status: 'final',
      code: { coding: [{ code: 'first' }, { code: 'second' }] },
      subject: { reference: subject },
    });
    const fullUrl = 'urn:uuid:00000000-0000-4000-8000-000000000001';
    const request = (resourceType: string): object => ({ method: 'POST', url: resourceType });
    const entry = [
      { fullUrl, resource: { resourceType: 'Patient', name: [{ family: 'Rowe' }] }, request: request('Patient') },
      { resource: observation(fullUrl), request: request('Observation') },
      { resource: observation(fullUrl), request: request('Observation') },
    ];
    const answered = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const child = run('src/cli.ts', 'serve');
      while (
        !(await fetch(`${url}/healthz`).then(
          ({ ok }) => ok,
          () => false,
        ))
      )
        await sleep(50);
      const client = await Client.login(url, credential);
      let killed = false;
      const before = answered.size;
      const write = async (): Promise<void> => {
        while (!killed) {
          const bundle = { resourceType: 'Bundle', type: 'transaction', entry };
          const { status, body } = await client.send('POST', '', bundle);
          assert.equal(status, 200);
          for (const { resource } of body.entry)
            answered.add(`${String(resource.resourceType)}/${String(resource.id)}`);
        }
      };
      const writers = Array.from({ length: 5 }, () =>
        write().catch((error: unknown) => assert.ok(killed, String(error))),
      );
      // It is killed while it writes, however slow the machine is.
      await until(() => answered.size > before + 9, 30_000);
      await sleep(round * 40);
      killed = true;
      await kill(child);
      await Promise.all(writers);
      const db = new driver(file);
      try {
        assertWhole(db);
        const stored = ids(db, `select type || '/' || id from history`);
        const audited = ids(db, `select entity from audit where interaction = 'create' and status = 201`);
        for (const each of answered) assert.ok(stored.has(each), `${each} was answered and is there`);
        assert.deepEqual(audited, stored, 'every write is in the audit trail, and nothing else');
        const [patients, parts] = ['patient', 'observation'].map((table) =>
          db.prepare(`select count(*) from ${table}`).pluck().get(),
        ) as [number, number];
        assert.equal(parts, patients * 2, 'what was one transaction is there together');
      } finally {
        db.close();
      }
    }
    assert.ok(answered.size > ROUNDS * 5, `${String(answered.size)} were answered`);
  });

  it('an import that was killed is whole as far as it came, and is finished by running it again', async () => {
    const lines = Array.from({ length: 4000 }, (_, index) => {
      const id = `i${String(index)}`;
      const observation = (part: string) => ({
        resourceType: 'Observation',
        id: `${id}-${part}`,
        status: 'final',
        code: { coding: [{ code: 'first' }, { code: 'second' }] },
        subject: { reference: `Patient/${id}` },
      });
      const entry = [{ resourceType: 'Patient', id, gender: 'other' }, observation('a'), observation('b')];
      return JSON.stringify({
        resourceType: 'Bundle',
        type: 'collection',
        entry: entry.map((resource) => ({ resource })),
      });
    });
    const source = join(folder, 'bundles.ndjson');
    await writeFile(source, lines.join('\n'));
    const child = run('src/cli.ts', 'import', source);
    const count = (): number => {
      const db = new driver(file, { readonly: true });
      try {
        return db.prepare('select count(*) from patient').pluck().get() as number;
      } finally {
        db.close();
      }
    };
    while (count() < 50) {
      assert.equal(child.exitCode, null, 'the import runs');
      await sleep(50);
    }
    await kill(child);
    const db = new driver(file);
    assertWhole(db);
    const patients = db.prepare('select count(*) from patient').pluck().get() as number;
    assert.ok(patients < lines.length, 'it was killed in the middle');
    assert.equal(
      db.prepare('select count(*) from observation').pluck().get(),
      patients * 2,
      'no Bundle is there in part',
    );
    db.close();
    await writeFile(source, lines.slice(0, patients + 20).join('\n'));
    const again = run('src/cli.ts', 'import', source, '--json');
    let said = '';
    again.stdout?.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
    const [code] = (await once(again, 'close')) as [number];
    assert.equal(code, 0);
    const report = JSON.parse(said) as { created: number; unchanged: number; refused: unknown[] };
    assert.deepEqual([report.created, report.unchanged, report.refused], [60, patients * 3, []]);
  });
});
