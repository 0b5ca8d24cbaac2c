import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { everyCommand } from '../support/every-command.js';
import { cli, workplace, type Ended, type Workplace } from '../support/command.js';
import { itOn } from '../support/only.js';

const subcommands = {
  serve: [],
  migrate: [],
  demo: [],
  import: [],
  export: [],
  org: ['create', 'update', 'share', 'unshare', 'list', 'disable', 'enable'],
  user: ['create', 'list', 'disable', 'enable', 'set-password', 'set-roles', 'reset-mfa'],
  credential: ['create', 'list', 'show-log', 'revoke', 'rotate'],
  keys: ['list', 'rotate'],
  integration: ['create', 'list', 'test', 'replay', 'rotate', 'disable', 'enable'],
  watch: [],
  webhook: ['create', 'list', 'test', 'rotate', 'delete', 'hosts'],
  audit: ['verify'],
  capability: [],
  'check-source': [],
  'new-resource': [],
} as const;

const patient = { resourceType: 'Patient', id: 'p1', name: [{ family: 'Sample' }], gender: 'female' };

/** Done, with nothing on standard error. */
function done(ended: Ended): any {
  assert.equal(ended.code, 0, ended.err);
  return ended.json;
}

function refused(ended: Ended, code: 1 | 2, text: RegExp): void {
  assert.equal(ended.code, code, `${ended.out}${ended.err}`);
  assert.match(ended.err, text);
  assert.equal(ended.out, '');
  assert.doesNotMatch(ended.err, /\n {4}at /, 'no stack trace');
}

describe('commands', function () {
  this.timeout(60_000);
  let place: Workplace;
  const run: Workplace['run'] = (args, more) => place.run(args, more);

  before(async () => (place = await workplace()));
  after(() => place.leave());

  describe('called wrongly', () => {
    it('have help, which says --json, for each of them', async () => {
      const program = everyCommand();
      assert.deepEqual(program.commands.map((each) => each.name()).sort(), Object.keys(subcommands).sort());
      for (const [name, below] of Object.entries(subcommands)) {
        const command = program.commands.find((each) => each.name() === name)!;
        assert.deepEqual(
          command.commands.map((each) => each.name()),
          below,
        );
        for (const each of below.length === 0 ? [command] : command.commands)
          assert.match(each.helpInformation(), /^Usage: portico [^]*--json[^]*--help/, `${name} ${each.name()}`);
      }
      const { code, out } = await run(['--help']);
      assert.equal(code, 0);
      for (const name of Object.keys(subcommands)) assert.ok(out.includes(`  ${name} `), name);
      const help = (await run(['org', 'create', '--help'])).out;
      assert.match(
        help,
        /^Usage: portico org create [^]*\(required\)[^]*Examples:\n {2}portico org create[^]*Exit codes: 0/,
      );
    });

    it('end with 2 and say what they take', async () => {
      const calls: [string[], RegExp][] = [
        [[], /Usage: portico/],
        [['frobnicate'], /unknown command 'frobnicate'/],
        [['org'], /Usage: portico org/],
        [['serve', '--frob'], /unknown option '--frob'/],
        [['import'], /missing required argument 'path'/],
        [['org', 'create', '--name', 'x'], /required option '--id <id>'/],
        [['credential', 'create', '--kind', 'x', '--name', 'x'], /Allowed choices are portal, org, client/],
      ];
      for (const [args, text] of calls) refused(await run(args), 2, text);
    });

    it('end with 2 when the configuration is wrong, and name every fault', async () => {
      const env = { PORT: 'x', PORTICO_LOG_LEVEL: 'loud' };
      for (const command of ['serve', 'migrate'])
        refused(await run([command], { env }), 2, /PORT is x[^]*PORTICO_LOG_LEVEL/);
    });

    it('end with 2 on a database that is not there, and on a file that is not, in a line', async () => {
      const env = { PORTICO_DATABASE_URL: 'postgres://nobody@localhost:1/none', PORTICO_SECRET: 'a'.repeat(44) };
      refused(await run(['migrate'], { env }), 2, /^The database cannot be opened: connect ECONNREFUSED \S+\n$/);
      for (const [command, file] of [
        ['migrate', '/proc/none/portico.sqlite'],
        ['migrate', place.folder],
        ['migrate', cli],
        ['serve', '/dev/null/portico.sqlite'],
      ] as const) {
        const at = { PORTICO_DATABASE_URL: `sqlite:${file}`, PORTICO_SECRET: 'a'.repeat(44) };
        refused(await run([command], { env: at }), 2, /^The database cannot be opened:\n {2}- \/.+: .+\n$/);
      }
      const watch = ['watch', '--url', 'http://localhost:1', '--to', 'summaries', '--token', '@none'];
      refused(await run(watch), 2, /'@none' is invalid. There is no such file/);
    });

    // Elsewhere the secret is given.
    itOn('sqlite', 'end with 2 where the secret beside the database cannot be made', async () => {
      const env = { PORTICO_DATABASE_URL: 'sqlite:/proc/none/portico.sqlite' };
      refused(await run(['serve'], { env }), 2, /^The secret beside the database cannot be made:\n.+\n$/);
    });

    it('end with 2 on a database that is not migrated', async () => {
      refused(await run(['org', 'list']), 2, /not up to date; run: portico migrate/);
      const { code, err } = await run(['org', 'list', '--json']);
      assert.equal(code, 2);
      assert.match(JSON.parse(err).error, /portico migrate/);
    });
  });

  describe('in their order', () => {
    it('migrate: says what ran, and that nothing is left to do', async () => {
      assert.equal(done(await run(['migrate', '--json'])).migrated[0], '001_portico');
      assert.match((await run(['migrate'])).out, /up to date/);
    });

    it('ask for an organization when there is none', async () => {
      assert.deepEqual(done(await run(['org', 'list', '--json'])), []);
      refused(await run(['user', 'list']), 2, /no organization yet; run: portico org create/);
    });

    it('org: makes one once, and lists it', async () => {
      assert.deepEqual(done(await run(['org', 'create', '--id', 'one', '--name', 'One', '--json'])), {
        id: 'one',
        name: 'One',
      });
      refused(await run(['org', 'create', '--id', 'one', '--name', 'Again']), 1, /organization one already/);
      refused(await run(['org', 'create', '--id', 'a b', '--name', 'x']), 2, /--id has letters/);
      assert.deepEqual(done(await run(['org', 'list', '--json'])), [
        { id: 'one', name: 'One', active: true, plan: 'standard' },
      ]);
      assert.match((await run(['org', 'list'])).out, /^one {2}One {2}standard: 1000 requests a minute/m);
    });

    it('import: refuses what is not there, reports what it refused, and does nothing twice', async () => {
      refused(await run(['import', 'nowhere']), 2, /no file or folder nowhere/);
      writeFileSync(join(place.folder, 'patient.json'), JSON.stringify(patient));
      const { created, refused: none } = done(await run(['import', 'patient.json', '--json']));
      assert.deepEqual([created, none], [1, []]);
      assert.equal(done(await run(['import', 'patient.json', '--json'])).unchanged, 1);
      writeFileSync(join(place.folder, 'bad.ndjson'), `{}\nnot json\n`);
      const bad = await run(['import', 'bad.ndjson']);
      assert.equal(bad.code, 1);
      assert.match(bad.out, /0 created[^]*Refused 2:[^]*bad\.ndjson:1: [^]*bad\.ndjson:2: /);
      assert.equal((await run(['import', 'bad.ndjson', '--json'])).json.refused.length, 2);
    });

    it('export: writes a file a type, and says when it cannot', async () => {
      const { counts } = done(await run(['export', '--to', 'out', '--json']));
      assert.equal(counts.Patient, 1);
      assert.equal(JSON.parse(readFileSync(join(place.folder, 'out/Patient.ndjson'), 'utf8')).name[0].family, 'Sample');
      assert.ok(readdirSync(join(place.folder, 'out')).includes('Binary.ndjson'));
      refused(await run(['export', '--to', 'patient.json']), 1, /EEXIST/);
      mkdirSync(join(place.folder, 'taken/Patient.ndjson'), { recursive: true });
      refused(await run(['export', '--to', 'taken']), 1, /EISDIR/);
    });

    it('user: makes, lists and disables; one e-mail address is one person', async () => {
      const create = ['user', 'create', '--name', 'A. Sample', '--roles', 'clinician', 'admin', '--email'];
      const made = done(await run([...create, 'a@one.example', '--json']));
      assert.ok(made.password.length >= 20);
      refused(await run([...create, 'A@One.example']), 1, /this e-mail address already/);
      refused(await run([...create, 'nobody']), 2, /not an e-mail address/);
      refused(await run([...create, 'b@one.example', '--fhir-user', 'x']), 2, /--fhir-user is/);
      refused(await run([...create, 'b@one.example', '--password-stdin'], { input: 'short\n' }), 2, /A password has/);
      const own = await run([...create, 'b@one.example', '--password-stdin', '--json'], {
        input: 'a long enough passphrase\n',
      });
      assert.equal(done(own).password, undefined);
      const users = done(await run(['user', 'list', '--json']));
      assert.deepEqual(
        users.map((each: any) => each.email),
        ['a@one.example', 'b@one.example'],
      );
      assert.deepEqual(users[0].roles, ['clinician', 'admin']);
      assert.doesNotMatch(JSON.stringify(users), /argon|hash/);
      assert.deepEqual(done(await run(['user', 'disable', 'A@one.example', '--json'])), {
        email: 'A@one.example',
        changed: 'disable',
      });
      refused(await run(['user', 'disable', 'a@one.example']), 1, /no such user/);
      assert.match((await run(['user', 'list'])).out, /a@one\.example .*disabled/);
    });

    it('credential: makes, lists and revokes; the secret is shown once', async () => {
      const create = ['credential', 'create', '--name', 'App', '--kind'];
      const { id, secret, scope } = done(await run([...create, 'client', '--json']));
      assert.equal(scope, 'system/*.rs');
      const portal = done(await run([...create, 'portal', '--patient', 'p1', '--json']));
      assert.equal(portal.patient, 'p1');
      refused(await run([...create, 'portal']), 2, /--patient is for a portal credential/);
      refused(await run([...create, 'portal', '--patient', 'p2']), 2, /no Patient\/p2 in one/);
      const many = Array.from({ length: 300 }, (_, index) => `x${String(index)}`).join(' ');
      for (const [scope, says] of [
        [
          `system/Patient.rs sytem/Observations.cruds ${'y'.repeat(90)}`,
          /: sytem\/Observations.cruds \(meant system\/Observation.cruds\?\), y{60}…; docs/,
        ],
        [many, /^--scope: no scope of this server: x0, x1, x2, and 297 more; docs\/scopes.md has them all\n$/],
        [' ', /an empty text is not a list of scopes/],
      ] as const)
        refused(await run([...create, 'client', '--scope', scope]), 2, says);
      refused(await run([...create, 'client', '--expires', 'soon']), 2, /not a date/);
      refused(await run([...create, 'client', '--expires', '2020-01-01']), 2, /over already/);
      const list = await run(['credential', 'list', '--json']);
      assert.deepEqual(
        done(list).map((each: any) => each.kind),
        ['client', 'portal'],
      );
      assert.ok(!list.out.includes(secret) && !list.out.includes('secretHash'));
      assert.deepEqual(done(await run(['credential', 'revoke', id, '--json'])), { id, revoked: true });
      refused(await run(['credential', 'revoke', id]), 1, /no live credential/);
      assert.match((await run(['credential', 'list'])).out, /deleted/);
    });

    it("say which organization, once there are two; what is one's is not the other's", async () => {
      done(await run(['org', 'create', '--id', 'two', '--name', 'Two', '--json']));
      refused(await run(['export', '--to', 'out2']), 2, /with --org: one, two/);
      refused(await run(['export', '--to', 'out2', '--org', 'three']), 2, /no organization three/);
      assert.equal(done(await run(['export', '--to', 'out2', '--org', 'two', '--json'])).counts.Patient, 0);
      refused(await run(['user', 'disable', 'b@one.example', '--org', 'two']), 1, /no such user/);
      refused(
        await run(['credential', 'create', '--name', 'x', '--kind', 'portal', '--patient', 'p1', '--org', 'two']),
        2,
        /no Patient/,
      );
    });

    it('capability: prints, writes and checks the statement', async () => {
      const { out, json } = await run(['capability']);
      assert.equal(json.resourceType, 'CapabilityStatement');
      done(await run(['capability', '--write', 'statement.json', '--json']));
      assert.equal(readFileSync(join(place.folder, 'statement.json'), 'utf8'), out);
      assert.deepEqual(done(await run(['capability', '--check', 'statement.json', '--json'])), { fresh: true });
      writeFileSync(join(place.folder, 'statement.json'), out.replace('Patient', 'Patients'));
      refused(await run(['capability', '--check', 'statement.json']), 1, /is stale/);
      refused(await run(['capability', '--check', 'nowhere.json']), 1, /ENOENT.*nowhere\.json/);
    });

    it('check-source: finds nothing to say about the schema as it is', async () =>
      assert.deepEqual(done(await run(['check-source', '--json'])), []));

    it("import: does not write to clinical tables that are somebody else's", async () => {
      const env = { PORTICO_SOURCE_URL: `sqlite:${join(place.folder, 'theirs.sqlite')}` };
      refused(await run(['import', 'patient.json', '--org', 'one'], { env }), 2, /only read/);
    });

    it('migrate --rollback: takes everything back, and says when nothing is left', async () => {
      assert.equal(done(await run(['migrate', '--rollback', '--json'])).rolledBack.at(-1), '001_portico');
      assert.match((await run(['migrate', '--rollback'])).out, /no migration has run/);
      refused(await run(['org', 'list']), 2, /portico migrate/);
    });
  });
});
