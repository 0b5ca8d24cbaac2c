// tsc emits code alone: the files that pages name are copied beside it.
import { cpSync } from 'node:fs';

const from = new URL('../src/portal/assets', import.meta.url);
cpSync(from, new URL('../dist/src/portal/assets', import.meta.url), { recursive: true });
