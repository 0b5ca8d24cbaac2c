// Names the code that was built: what another build wrote is not taken for what this one would write.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const dist = new URL('../dist/', import.meta.url);
const hash = createHash('sha256');
for (const name of readdirSync(dist, { recursive: true }).sort())
  if (name.endsWith('.js')) hash.update(name).update(readFileSync(new URL(name, dist)));
writeFileSync(new URL('build-id', dist), hash.digest('hex'));
