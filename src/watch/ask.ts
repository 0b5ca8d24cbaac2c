/** Why something was not done, in words for whoever runs the command. They hold nothing of a patient. */
export class WatchError extends Error {
  override readonly name = 'WatchError';
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

const MILLISECONDS = 30_000;

/** An answer to its last byte; redirects are not followed, for the token would go along. Errors: WatchError, also for one that was cut off. */
export async function ask(who: string, url: string, init: RequestInit): Promise<Answered> {
  try {
    const answer = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(MILLISECONDS) });
    const bytes = Buffer.from(await answer.arrayBuffer());
    return { status: answer.status, headers: answer.headers, bytes };
  } catch (cause) {
    throw new WatchError(`${who} cannot be reached, or its answer was cut off`, { cause });
  }
}

/** Errors: WatchError where it is no JSON. */
export function jsonOf(who: string, { bytes }: Answered): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (cause) {
    throw new WatchError(`${who} did not answer in JSON`, { cause });
  }
}

export const isOk = ({ status }: Answered): boolean => status >= 200 && status < 300;
