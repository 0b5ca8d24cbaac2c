// The product as it is built, configured by its own environment; only the size of the entry cache is the bench's.
import { readConfig } from '../../../dist/src/config.js';
import { createLog } from '../../../dist/src/log.js';
import { serve } from '../../../dist/src/main.js';
import { openPortico } from '../../../dist/src/open.js';
import { ready } from './ready.js';

if (process.argv.includes('--validator')) {
  const { isValid, validate } = await import('../../../dist/src/validate/structure.js');
  const issues = validate({ resourceType: 'Observation', status: 'final', code: { text: 'warm-up' } });
  if (!isValid(issues)) throw new Error('the validator does not work');
}
// Whatever port is free: the bench is told which.
const config = { ...readConfig(), port: 0 };
const cacheBytes = process.env.BENCH_CACHE_BYTES;
const portico = await openPortico(config, cacheBytes === undefined ? {} : { cacheBytes: Number(cacheBytes) });
const { port } = await serve(portico, createLog(config.logLevel));
ready(port);
