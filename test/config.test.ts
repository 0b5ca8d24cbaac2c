import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig, variables } from '../src/config.js';
import { ConfigurationError } from '../src/outcome.js';
import { readSecret } from '../src/secret.js';

const faults = (environment: Record<string, string>): readonly string[] => {
  try {
    readConfig(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error.faults;
  }
  return [];
};
const long = 'x'.repeat(32);

describe('config', () => {
  it('has the documented defaults, and is frozen', () => {
    const config = readConfig({});
    assert.deepEqual(config, {
      port: 8080,
      baseUrl: 'http://localhost:8080',
      databaseUrl: 'sqlite:data/portico.sqlite',
      sourceUrl: 'sqlite:data/portico.sqlite',
      secret: undefined,
      logLevel: 'info',
      searchHandling: 'strict',
      trustedHops: 0,
      allowLoopback: false,
      singleTenant: undefined,
      fhirPackages: [],
    });
    assert.ok(Object.isFrozen(config));
    assert.throws(() => Object.assign(config, { port: 1 }), TypeError);
  });

  it('reads every variable', () => {
    const environment: Record<(typeof variables)[number], string> = {
      PORT: '9090',
      PORTICO_BASE_URL: 'https://fhir.hospital.example/api/',
      PORTICO_DATABASE_URL: 'postgres://db.example/portico',
      PORTICO_SOURCE_URL: 'sqlite:emr.sqlite',
      PORTICO_SECRET: long,
      PORTICO_LOG_LEVEL: 'debug',
      PORTICO_SEARCH_HANDLING: 'lenient',
      PORTICO_TRUSTED_HOPS: '2',
      PORTICO_ALLOW_LOOPBACK: 'true',
      PORTICO_SINGLE_TENANT: 'org_one',
      PORTICO_FHIR_PACKAGES: 'one.tgz,two.tgz',
    };
    assert.deepEqual(readConfig(environment), {
      port: 9090,
      baseUrl: 'https://fhir.hospital.example/api',
      databaseUrl: 'postgres://db.example/portico',
      sourceUrl: 'sqlite:emr.sqlite',
      secret: long,
      logLevel: 'debug',
      searchHandling: 'lenient',
      trustedHops: 2,
      allowLoopback: true,
      singleTenant: 'org_one',
      fhirPackages: ['one.tgz', 'two.tgz'],
    });
  });

  it('takes an empty variable as one that is not set', () => {
    const empty = Object.fromEntries(variables.map((name) => [name, '']));
    assert.deepEqual(readConfig(empty), readConfig({}));
  });

  it('follows PORT with the base URL, and the database with the source', () => {
    assert.equal(readConfig({ PORT: '81' }).baseUrl, 'http://localhost:81');
    assert.equal(readConfig({ PORTICO_DATABASE_URL: 'sqlite:x' }).sourceUrl, 'sqlite:x');
  });

  it('reports every fault at once, each with the name of its variable', () => {
    const wrong = {
      PORT: '0',
      PORTICO_BASE_URL: 'ftp://x',
      PORTICO_DATABASE_URL: 'mysql://x',
      PORTICO_SOURCE_URL: 'x',
      PORTICO_SECRET: 'short',
      PORTICO_LOG_LEVEL: 'loud',
      PORTICO_SEARCH_HANDLING: 'maybe',
      PORTICO_TRUSTED_HOPS: '-1',
      PORTICO_ALLOW_LOOPBACK: 'yes',
      PORTICO_PORT: '1',
    };
    const found = faults(wrong);
    assert.equal(found.length, Object.keys(wrong).length);
    for (const name of Object.keys(wrong))
      assert.ok(
        found.some((fault) => fault.startsWith(`${name} `)),
        name,
      );
    assert.throws(
      () => readConfig(wrong),
      (error: Error) => found.every((fault) => error.message.includes(fault)),
    );
  });

  for (const port of ['0', '65536', '80.5', '1e3', ' 80', 'http'])
    it(`refuses PORT=${port}`, () => assert.match(faults({ PORT: port }).join(), /^PORT is .*from 1 to 65535/));

  it('takes a base URL without user, query and fragment', () => {
    for (const url of ['https://a.example?x=1', 'https://a.example#x', 'https://me:pass@a.example', 'a.example'])
      assert.match(faults({ PORTICO_BASE_URL: url }).join(), /^PORTICO_BASE_URL /, url);
  });

  it('names unknown PORTICO_ variables, and leaves those of tests and of others alone', () => {
    assert.deepEqual(faults({ PORTICO_DATABASE: 'x' }), ['PORTICO_DATABASE is not a variable of Portico']);
    assert.deepEqual(faults({ PORTICO_TEST_DATABASE_URL: 'x', PATH: '/bin', HOME: '/' }), []);
  });

  it('never says what a secret or a database URL holds', () => {
    const wrong = {
      PORTICO_SECRET: 'hunter2',
      PORTICO_DATABASE_URL: 'mysql://me:hunter2@x',
      PORTICO_BASE_URL: 'http://me:hunter2@x',
    };
    assert.equal(faults(wrong).length, 3);
    assert.doesNotMatch(faults(wrong).join(), /hunter2/);
  });

  describe('PORTICO_SECRET', () => {
    let folder: string;
    before(() => (folder = mkdtempSync(join(tmpdir(), 'portico-test-'))));
    after(() => rmSync(folder, { recursive: true }));
    const secretFor = (name: string): string =>
      readSecret(readConfig({ PORTICO_DATABASE_URL: `sqlite:${join(folder, name)}` }));

    it('has 32 characters at the least, and is required with PostgreSQL', () => {
      assert.match(faults({ PORTICO_SECRET: 'x'.repeat(31) }).join(), /shorter than 32/);
      assert.deepEqual(faults({ PORTICO_SECRET: long }), []);
      assert.match(faults({ PORTICO_DATABASE_URL: 'postgres://x/y' }).join(), /PORTICO_SECRET is required/);
      assert.deepEqual(faults({ PORTICO_DATABASE_URL: 'postgresql://x/y', PORTICO_SECRET: long }), []);
    });

    it('is what the environment says, and then no file is made', () => {
      const config = readConfig({ PORTICO_DATABASE_URL: `sqlite:${join(folder, 'no')}`, PORTICO_SECRET: long });
      assert.equal(readSecret(config), long);
      assert.ok(!readdirSync(folder).includes('no.secret'));
    });

    it('is made once beside a SQLite database, for nobody else to read', () => {
      const made = secretFor('data/one.sqlite');
      const file = join(folder, 'data', 'one.sqlite.secret');
      assert.ok(made.length >= 32);
      assert.equal(readFileSync(file, 'utf8').trim(), made);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.equal(secretFor('data/one.sqlite'), made);
      assert.notEqual(secretFor('data/two.sqlite'), made);
      assert.deepEqual(readdirSync(join(folder, 'data')).sort(), ['one.sqlite.secret', 'two.sqlite.secret']);
    });

    it('is not guessed when its file is damaged', () => {
      writeFileSync(join(folder, 'bad.sqlite.secret'), 'abc\n');
      assert.throws(() => secretFor('bad.sqlite'), /fewer than 32 characters/);
    });

    it('leaves no file for a database in memory', () => {
      const config = readConfig({ PORTICO_DATABASE_URL: 'sqlite::memory:' });
      assert.notEqual(readSecret(config), readSecret(config));
      assert.ok(!readdirSync('.').some((name) => name.startsWith(':memory:')));
    });
  });
});
