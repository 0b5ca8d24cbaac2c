import type { Context } from 'koa';
import type { Access } from '../access/narrow.js';
import type { Traffic } from '../limits/traffic.js';

/** Counts a request of somebody who is known; the answer says what is left. Errors: 429. */
export async function limit(ctx: Context, traffic: Traffic, access: Access): Promise<void> {
  const { headers, refused } = await traffic.count(access);
  for (let index = 0; index < headers.length; index += 2)
    ctx.set(headers[index] as string, headers[index + 1] as string);
  if (refused) throw refused;
}
