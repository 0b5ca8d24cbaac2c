import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { openDatabase } from '../../src/store/database.js';
import { workplace, type Process, type Workplace } from '../support/command.js';
import { dialect } from '../support/database.js';
import { freePort } from '../support/server.js';

describe('portico serve', function () {
  this.timeout(60_000);
  let place: Workplace;
  let port: string;
  const begin = (args: string[] = []): Process =>
    place.begin(['serve', ...args], { PORT: port, PORTICO_LOG_LEVEL: 'silent' });
  const status = async (path: string): Promise<number> => (await fetch(`http://localhost:${port}${path}`)).status;

  beforeEach(async () => {
    place = await workplace();
    port = String(await freePort());
  });
  afterEach(() => place.leave());

  it('sets an empty database up, says with --json where it listens, and answers', async () => {
    const { says, child, ended } = begin(['--json']);
    const said = await says(/fhirUrl/);
    assert.deepEqual(JSON.parse(said), { port: Number(port), fhirUrl: `http://localhost:${port}/fhir/R4` });
    assert.equal(await status('/healthz'), 200);
    assert.equal(await status('/readyz'), 200);
    assert.equal(await status('/fhir/R4/metadata'), 200);
    assert.equal(await status('/fhir/R4/Patient'), 401);
    child.kill('SIGTERM');
    assert.equal((await ended).code, 0);
  });

  it('does not touch a database of an older release', async () => {
    await place.run(['migrate']);
    const db = await openDatabase(place.databaseUrl);
    await (await db.knex())('knex_migrations').where('name', '008_communication').delete();
    await db.close();
    const { code, err } = await begin().ended;
    assert.equal(code, 2);
    assert.match(err, /run: portico migrate:\n {2}- 008_communication has not run/);
  });

  it('says that the port is in use', async () => {
    const other = await new Promise<Server>((resolve) => {
      const server = createServer().listen(Number(port), () => resolve(server));
    });
    const { code, out, err } = await place.begin(['serve'], { PORT: port }).ended;
    other.close();
    assert.equal(code, 2);
    assert.match(err, new RegExp(`PORT ${port} is in use`));
    assert.equal(out, '', 'nothing goes on with closed databases');
    assert.doesNotMatch(err, /\n {4}at /);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    it(`finishes what is under way on ${signal}, answers nothing new, and leaves the database whole`, async () => {
      const { says, child, ended } = begin();
      await says(/Portico serves/);
      // The body is sent in two parts, so that the request is under way when the signal comes.
      let rest: ReadableStreamDefaultController<Uint8Array> | undefined;
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          rest = controller;
          controller.enqueue(Buffer.from('grant_type=client_'));
        },
      });
      const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization: 'Basic eDp5' };
      const answer = fetch(`http://localhost:${port}/oauth/token`, {
        method: 'POST',
        headers,
        body,
        duplex: 'half',
      } as RequestInit);
      await new Promise((resolve) => setTimeout(resolve, 200));
      child.kill(signal);
      await says(/Stopping/);
      await assert.rejects(status('/healthz'));
      rest?.enqueue(Buffer.from('credentials'));
      rest?.close();
      assert.equal((await answer).status, 401, 'it was answered');
      assert.equal((await ended).code, 0);
      const db = await openDatabase(place.databaseUrl);
      if (dialect === 'sqlite') assert.deepEqual(await db.arrays('pragma integrity_check', []), [['ok']]);
      await db.close();
    });
});
