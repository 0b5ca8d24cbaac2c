import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { errorCodes } from '../src/outcome.js';

describe('docs/operating.md', () => {
  it('has a row of the troubleshooting table for each code of the catalogue, and no other', () => {
    const text = readFileSync(new URL('../docs/operating.md', import.meta.url), 'utf8');
    const table = text.slice(text.indexOf('## Troubleshooting'));
    const codes = [...table.matchAll(/^\| `([A-Za-z_-]+)`/gm)].map(([, code]) => code as string);
    assert.deepEqual(codes.sort(), [...errorCodes].sort());
  });
});
