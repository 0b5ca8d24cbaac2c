import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { released, version } from '../src/version.js';

const root = new URL('../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');

describe('version', () => {
  it('is the same in src/version.ts, package.json and the lock file', () => {
    const lock = JSON.parse(read('package-lock.json'));
    assert.equal(JSON.parse(read('package.json')).version, version);
    assert.equal(lock.version, version);
    assert.equal(lock.packages[''].version, version);
  });

  it('heads the releases of the CHANGELOG, with its date', () => {
    const [first] = [...read('CHANGELOG.md').matchAll(/^## (.+)$/gm)].flatMap(([, heading]) =>
      heading === '[Unreleased]' ? [] : [heading],
    );
    assert.equal(first, `[${version}] - ${released}`);
  });
});
