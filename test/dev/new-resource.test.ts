import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newResource } from '../../src/dev/new-resource/index.js';
import { root } from '../support/command.js';

/** One of each kind: choices of times, a choice of Reference and concept, many dates, and a type without a patient. */
const types = ['Condition', 'MedicationRequest', 'Procedure', 'HealthcareService'];

describe('new-resource', function () {
  this.timeout(180_000);
  let copy: string;

  before(() => {
    copy = mkdtempSync(join(tmpdir(), 'portico-test-'));
    for (const name of ['src', 'fhir', 'migrations', 'package.json', 'tsconfig.json', 'test/support', 'test/golden'])
      cpSync(join(root, name), join(copy, name), { recursive: true });
    for (const name of ['node_modules', 'dist']) symlinkSync(join(root, name), join(copy, name));
  });
  after(() => rmSync(copy, { recursive: true, force: true }));

  it('writes a declaration, a migration and a test, which compile and pass', async () => {
    for (const type of types) {
      const made = await newResource(copy, type);
      assert.ok('files' in made, type);
      assert.deepEqual(
        made.files.map((file) => file.slice(copy.length + 1).split('/')[0]),
        ['fhir', 'migrations', 'test'],
      );
    }
    const numbers = (folder: string) =>
      readdirSync(join(folder, 'migrations')).flatMap((name) => /^\d+/.exec(name) ?? []);
    const last = Math.max(...numbers(root).map(Number));
    assert.deepEqual(readdirSync(join(copy, 'migrations')).sort().slice(-5), [
      ...['condition', 'medication_request', 'procedure', 'healthcare_service'].map(
        (name, index) => `${String(last + 1 + index).padStart(3, '0')}_${name}.ts`,
      ),
      'shapes.ts',
    ]);
    const tsc = run('node_modules/typescript/bin/tsc', '--noEmit', '-p', '.');
    assert.equal(tsc.status, 0, tsc.stdout);
    const specs = readdirSync(join(copy, 'test/fhir')).map((name) => `test/fhir/${name}`);
    assert.equal(specs.length, types.length);
    const flags = ['--no-package', '--import=tsx', '--timeout=60000', '--exit', '--reporter=json'];
    const mocha = run('node_modules/mocha/bin/mocha.js', ...flags, ...specs, '--require=./test/support/hooks.ts');
    assert.equal(mocha.status, 0, mocha.stdout);
    const { stats } = JSON.parse(mocha.stdout.slice(mocha.stdout.indexOf('{')));
    assert.deepEqual([stats.passes, stats.failures], [types.length * 2, 0]);
  });

  it('refuses a type that is there, that R4 has not, and that rows cannot be', async () => {
    const before = readdirSync(join(copy, 'fhir'));
    const text = readFileSync(join(copy, 'fhir/patient.ts'), 'utf8');
    const refusals: [string, RegExp][] = [
      ['Patient', /fhir\/patient\.ts is there already/],
      ['Condition', /is there already/],
      ['Conditions', /no resource type Conditions/],
      ['condition', /no resource type/],
      ['HumanName', /no resource type/],
      ['../../etc', /no resource type/],
      ['Resource', /not a resource that rows can be/],
      ['Bundle', /not a resource that rows can be/],
    ];
    for (const [type, reason] of refusals) {
      const made = await newResource(copy, type);
      assert.ok('refused' in made, type);
      assert.match(made.refused, reason);
    }
    assert.deepEqual(readdirSync(join(copy, 'fhir')), before);
    assert.equal(readFileSync(join(copy, 'fhir/patient.ts'), 'utf8'), text);
  });

  it('refuses a folder that is no checkout', async () => {
    const made = await newResource(join(copy, 'test'), 'Goal');
    assert.ok('refused' in made && /no checkout/.test(made.refused));
  });

  const run = (script: string, ...args: string[]) =>
    spawnSync(process.execPath, [script, ...args], { cwd: copy, encoding: 'utf8' });
});
