import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

interface Locked {
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

/** None of these asks more than that its text is kept, which the package itself does. */
const permissive = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT']);

/** Packages whose package.json names no licence, and what their LICENSE file is. */
const unnamed: Readonly<Record<string, string>> = {
  'node_modules/png-js': 'MIT',
  'node_modules/@lhncbc/ucum-lhc': 'BSD-3-Clause',
};

/** `(A OR B)`: one that is permissive is enough. */
const isPermissive = (licence: string): boolean =>
  licence
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((each) => each.split(' AND ').every((one) => permissive.has(one)));

describe('licences', () => {
  it('of everything that is installed with the product are permissive', () => {
    const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')) as {
      packages: Record<string, Locked>;
    };
    const production = Object.entries(lock.packages).filter(
      ([path, each]) => path !== '' && !each.dev && !each.devOptional,
    );
    assert.ok(production.length > 50);
    const others = production.filter(([path, { license = 'none' }]) => !isPermissive(unnamed[path] ?? license));
    assert.deepEqual(
      others.map(([path, { license }]) => `${path}: ${String(license)}`),
      [],
    );
  });
});
