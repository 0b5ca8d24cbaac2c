import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle } from '@medplum/fhirtypes';
import { createOrg } from '../../src/auth/orgs.js';
import { createCredential } from '../../src/auth/store.js';
import { Upstream, type Step } from '../../src/dev/upstream/server.js';
import { INBOX } from '../../src/pulsara/inbox.js';
import { openDatabase, type Database } from '../../src/store/database.js';
import { migrate } from '../../src/store/migrate.js';
import { Client } from '../support/client.js';
import { workplace, type Process, type Workplace } from '../support/command.js';
import { channelOf, mrn } from '../support/inbound.js';
import { freePort } from '../support/server.js';
import { until } from '../support/until.js';

const TOKEN = 'a token for tests, which opens nothing';

/** When the process is killed: a moment of the way from the webhook to the document. */
const moments = ['answered', 'channel asked', 'summary asked', 'committing'] as const;

describe('pulsara: kill -9 on the way', function () {
  this.timeout(120_000);
  let place: Workplace;
  let upstream: Upstream;
  let own: Database;
  let env: Record<string, string>;
  let url: string;
  let integration: any;

  before(async () => {
    place = await workplace();
    upstream = await Upstream.start({ token: TOKEN });
    const port = await freePort();
    url = `http://localhost:${String(port)}`;
    env = { PORT: String(port), PORTICO_LOG_LEVEL: 'silent', PORTICO_ALLOW_LOOPBACK: 'true' };
    own = await openDatabase(place.databaseUrl);
    await migrate(own);
    await createOrg(own, 'org_one', 'One', Date.now());
  });
  after(async () => {
    await own.close();
    await upstream.stop();
    await place.leave();
  });

  const command = (...args: string[]) => place.run([...args, '--json'], { env });

  async function serve(): Promise<Process> {
    const server = place.begin(['serve'], env);
    await server.says(/Stop it with/);
    return server;
  }
  async function kill({ child }: Process): Promise<void> {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  it('integration create, list, test and replay: what they say, and how they end', async () => {
    const file = join(place.folder, 'token');
    writeFileSync(file, `${TOKEN}\n`);
    const create = (...more: string[]) =>
      command('integration', 'create', '--name', 'Pulsara', '--upstream', upstream.url, '--token-file', file, ...more);
    for (const [wrong, text] of [
      [['--upstream', 'ftp://pulsara.example'], /--upstream cannot be used/],
      [['--signature', 'ed25519'], /needs --public-key/],
    ] as const) {
      const { code, err } = await create(...wrong);
      assert.equal(code, 2, err);
      assert.match(err, text);
    }
    const made = await create('--mrn', 'Config ID:Hospital number', '--mrn', 'MRN', '--mrn-system', 'urn:example:mrn');
    assert.equal(made.code, 0, made.err);
    integration = made.json;
    assert.equal(integration.webhookUrl, `${url}/webhooks/pulsara/${String(integration.id)}`);
    upstream.tell({ url: integration.webhookUrl as string, key: { secret: integration.webhookSecret as string } });
    const listed = await command('integration', 'list');
    assert.equal(listed.json.integrations[0].id, integration.id);
    assert.ok(!listed.out.includes(integration.webhookSecret as string) && !listed.out.includes(TOKEN));
    assert.deepEqual((await command('integration', 'test', integration.id as string)).json.works, true);
    assert.equal((await command('integration', 'test', '0123456789abcdef')).code, 1);
    const other = join(place.folder, 'other');
    writeFileSync(other, 'another token\n');
    const rotate = (file: string) => command('integration', 'rotate', integration.id as string, '--token-file', file);
    assert.equal((await rotate(other)).code, 0);
    assert.equal((await command('integration', 'test', integration.id as string)).json.works, false);
    assert.equal((await rotate(file)).code, 0);
  });

  it('PULSARA 8: at whichever moment the process is killed, every event has its effect once', async () => {
    for (const [index, moment] of moments.entries()) {
      const channel = `killed-${String(index)}`;
      const server = await serve();
      upstream.put(channelOf(channel, { labs: [], identifiers: [mrn(String(index), channel)] }));
      let reached: () => void = () => undefined;
      const there = new Promise<void>((resolve) => (reached = resolve));
      const died = there.then(() => kill(server));
      upstream.onAsked = async (step: Step, asked) => {
        if (asked === channel && `${step} asked` === moment) {
          reached();
          await died;
        }
      };
      upstream.onAnswered = (step, asked) => {
        // A few milliseconds later it has read all, plans and commits.
        if (asked === channel && step === 'summary' && moment === 'committing') setTimeout(reached, 12);
      };
      assert.equal(await upstream.notify(upstream.event('created', channel, mrn('', channel))), 202);
      if (moment === 'answered') reached();
      await died;
    }
    upstream.onAsked = upstream.onAnswered = undefined;
    // The leases of the dead would last a minute.
    const { dialect } = own;
    const one = dialect.name === 'sqlite' ? '?' : '$1';
    await own.commit({
      statements: [{ sql: `update job set due_at = 0 where state = 'running' and queue = ${one}`, bindings: [INBOX] }],
    });
    const server = await serve();
    await until(async () => (await own.arrays(`select 1 from job where state <> 'done'`, [])).length === 0, 30_000);
    const reader = { tenant: 'org_one', kind: 'client', name: 'x', scopeCeiling: 'system/*.rs' } as const;
    const client = await Client.login(url, await createCredential(own, reader, Date.now()));
    const count = async (query: string) => ((await client.get(query)).body as Bundle).total;
    assert.equal(await count('Patient?_summary=count'), moments.length);
    assert.equal(await count('Encounter?_summary=count'), moments.length);
    assert.equal(await count('DocumentReference?status=current&_summary=count'), moments.length);
    assert.equal(await count('DocumentReference?_summary=count'), moments.length);
    const written = await own.arrays('select count(*) from history where version > 1', []);
    assert.equal(Number(written[0]?.[0]), 0, 'nothing was written twice');
    const events = (await command('integration', 'list', integration.id as string)).json as { outcome: string }[];
    assert.deepEqual(new Set(events.map(({ outcome }) => outcome)), new Set(['filed']));
    assert.equal((await command('integration', 'replay', integration.id as string)).json.replayed, 0);
    server.child.kill('SIGTERM');
    assert.equal((await server.ended).code, 0);
  });
});
