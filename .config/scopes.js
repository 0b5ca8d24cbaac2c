// Writes docs/scopes.md; a test says when it is stale.
import { writeFileSync } from 'node:fs';
import { scopesPage } from '../dist/src/dev/scopes-page.js';
import { loadRegistry } from '../dist/src/registry.js';

writeFileSync(new URL('../docs/scopes.md', import.meta.url), scopesPage(await loadRegistry()));
