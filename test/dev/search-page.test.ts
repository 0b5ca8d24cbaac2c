import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { searchPage } from '../../src/dev/search-page.js';
import { loadRegistry } from '../../src/registry.js';
import { leftOut } from '../../src/search/left-out.js';
import { searchDefinitionsOf } from '../../src/validate/definitions.js';

describe('docs/search.md', () => {
  it('REST 54: is what the declarations say; if not, run npm run build && npm run search-page', async () => {
    const page = readFileSync(new URL('../../docs/search.md', import.meta.url), 'utf8');
    assert.equal(page, searchPage(await loadRegistry()));
  });

  it('REST 39: has every published search parameter declared, or left out for a reason that somebody gave', async () => {
    const registry = await loadRegistry();
    const unexplained: string[] = [];
    for (const resource of registry.all()) {
      const published = Object.keys(searchDefinitionsOf(resource.type));
      const out = leftOut(resource);
      const known = [...resource.params.keys()].filter((name) => published.includes(name));
      assert.deepEqual([...known, ...out.map(({ name }) => name)].sort(), published.sort(), resource.type);
      const silent = out.filter(({ why }) => why.startsWith('its declaration'));
      unexplained.push(...silent.map(({ name }) => `${resource.type} ${name}`));
    }
    assert.deepEqual(unexplained, []);
  });
});
