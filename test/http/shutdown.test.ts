import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, createServer, request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { driver } from '../../src/store/driver.js';
import { createOrg } from '../../src/auth/orgs.js';
import { createCredential } from '../../src/auth/store.js';
import { openDatabase } from '../../src/store/database.js';
import { migrate } from '../../src/store/migrate.js';

/** On SQLite only: that its file is left sound is part of it. */
describe('portico serve: a signal', function () {
  this.timeout(60_000);
  let folder: string;
  let file: string;
  let port: number;
  let child: ChildProcess;
  let basic: string;
  /** Connections stay open between requests, as those of most clients do. */
  let agent: Agent;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portico-'));
    file = join(folder, 'portico.sqlite');
    const own = await openDatabase(`sqlite:${file}`);
    await migrate(own);
    await createOrg(own, 'org_one', 'One', Date.now());
    const { id, secret } = await createCredential(
      own,
      { tenant: 'org_one', kind: 'client', name: 'test', scopeCeiling: 'system/*.rs' },
      Date.now(),
    );
    await own.close();
    basic = Buffer.from(`${id}:${secret}`).toString('base64');
    port = await freePort();
    agent = new Agent({ keepAlive: true });
    const inherited = Object.entries(process.env).filter(([name]) => !/^PORTICO_|^NODE_OPTIONS$/.test(name));
    child = spawn(process.execPath, ['--import', 'tsx', 'src/cli.ts', 'serve'], {
      env: {
        ...Object.fromEntries(inherited),
        PORT: String(port),
        PORTICO_DATABASE_URL: `sqlite:${file}`,
        PORTICO_SECRET: 'a secret for tests, which opens nothing',
        PORTICO_LOG_LEVEL: 'silent',
      },
      stdio: 'ignore',
    });
    while (!(await isListening())) {
      assert.equal(child.exitCode, null, 'the server runs');
      await sleep(100);
    }
  });
  afterEach(async () => {
    agent.destroy();
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true });
  });

  const isListening = (): Promise<boolean> =>
    fetch(`http://localhost:${String(port)}/healthz`, { headers: { connection: 'close' } }).then(
      ({ ok }) => ok,
      () => false,
    );

  /** A token request of which the server has the head, and waits for the rest. */
  async function begin(): Promise<{ finish(): Promise<{ status: number; text: string }> }> {
    const body = 'grant_type=client_credentials';
    const sent: ClientRequest = request({
      agent,
      ...{ port, method: 'POST', path: '/oauth/token' },
      headers: {
        authorization: `Basic ${basic}`,
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(body.length),
      },
    });
    const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
    answered.catch(() => undefined);
    sent.write(body.slice(0, 5));
    await sleep(300);
    return {
      finish: async () => {
        sent.end(body.slice(5));
        const [response] = await answered;
        let text = '';
        for await (const chunk of response) text += String(chunk);
        return { status: response.statusCode ?? 0, text };
      },
    };
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    it(`${signal} finishes what is under way, takes nothing new, and leaves the database sound`, async () => {
      const one = await begin();
      const gone = once(child, 'exit') as Promise<[number | null]>;
      child.kill(signal);
      while (await isListening()) await sleep(50);
      assert.equal(child.exitCode, null, 'it waits');
      const { status, text } = await one.finish();
      assert.equal(status, 200);
      assert.ok((JSON.parse(text) as { access_token?: string }).access_token);
      const late = sleep(4000).then(() => ['it hangs']);
      assert.deepEqual((await Promise.race([gone, late]))[0], 0);
      assert.ok(!existsSync(`${file}-wal`), 'the log is written back');
      const db = new driver(file, { readonly: true });
      assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
      db.close();
    });

  it('a second signal does not wait', async () => {
    await begin();
    const gone = once(child, 'exit') as Promise<[number | null]>;
    child.kill('SIGTERM');
    while (await isListening()) await sleep(50);
    child.kill('SIGTERM');
    assert.equal((await gone)[0], 1);
  });
});

async function freePort(): Promise<number> {
  const probe = createServer().listen(0);
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  return port;
}
