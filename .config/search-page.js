// Writes docs/search.md; a test says when it is stale.
import { writeFileSync } from 'node:fs';
import { searchPage } from '../dist/src/dev/search-page.js';
import { loadRegistry } from '../dist/src/registry.js';

writeFileSync(new URL('../docs/search.md', import.meta.url), searchPage(await loadRegistry()));
