import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { scopesPage } from '../../src/dev/scopes-page.js';
import { loadRegistry } from '../../src/registry.js';

describe('docs/scopes.md', () => {
  it('SMART 3: is what the declarations say; if not, run npm run build && npm run scopes', async () => {
    const page = readFileSync(new URL('../../docs/scopes.md', import.meta.url), 'utf8');
    assert.equal(page, scopesPage(await loadRegistry()));
  });
});
