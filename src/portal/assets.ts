import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { code } from '../installed.js';

/** A file that pages name. */
export interface Asset {
  readonly type: string;
  readonly bytes: Buffer;
}

const types: Readonly<Record<string, string>> = {
  'portal.css': 'text/css; charset=utf-8',
  'portal.js': 'text/javascript; charset=utf-8',
};

export const assets: ReadonlyMap<string, Asset> = new Map(
  Object.entries(types).map(([name, type]) => [
    name,
    { type, bytes: readFileSync(new URL(`src/portal/assets/${name}`, code)) },
  ]),
);

/** Part of their URLs, so that browsers may keep them until there are others. */
export const assetsVersion = [...assets.values()]
  .reduce((hash, { bytes }) => hash.update(bytes), createHash('sha256'))
  .digest('base64url')
  .slice(0, 10);
