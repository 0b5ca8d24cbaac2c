// tsc emits code alone: the files that pages name are copied beside it.
import { chmodSync, cpSync } from 'node:fs';

const from = new URL('../src/portal/assets', import.meta.url);
cpSync(from, new URL('../dist/src/portal/assets', import.meta.url), { recursive: true });

// npm makes a command executable when it first links it, and does not look again after another build.
chmodSync(new URL('../dist/src/cli.js', import.meta.url), 0o755);
