import type { Context } from 'koa';
import { BodyError, readForm } from '../http/body.js';
import { handledOf } from '../http/request-log.js';
import { OAuthError } from '../outcome.js';
import type { Asked } from '../audit/event.js';
import type { Credential } from './store.js';

/** A form on the OAuth endpoints is small. */
const FORM_BYTES = 65_536;

/** What an OAuth endpoint is asked: a form whose fields are given once each, and who sends it. */
export interface OAuthRequest {
  /** Undefined where it is absent or empty (RFC 6749 section 3.2). */
  readonly field: (name: string) => string | undefined;
  readonly authorization: string | undefined;
  readonly ip: string;
  readonly requestId: string;
  /** Set when the client has proved who it is: the audit trail names it. */
  client?: Credential;
  /** Set when the proof is wrong, and whose it should have been is known. */
  refused?: Asked;
}

export async function readRequest(ctx: Context): Promise<OAuthRequest> {
  const fields = new Map<string, string>();
  for (const [name, value] of await form(ctx)) {
    // A repeated one would leave open which counts.
    if (fields.has(name)) throw new OAuthError(400, 'invalid_request', 'a parameter is given more than once');
    fields.set(name, value);
  }
  return {
    field: (name) => fields.get(name) || undefined,
    authorization: ctx.get('authorization') || undefined,
    ip: ctx.ip,
    requestId: handledOf(ctx).requestId,
  };
}

export function required({ field }: OAuthRequest, name: 'grant_type' | 'token' | 'refresh_token'): string {
  const value = field(name);
  if (value === undefined) throw new OAuthError(400, 'invalid_request', `${name} is missing`);
  return value;
}

const status = { type: 400, size: 413, encoding: 415 } as const;

async function form(ctx: Context): Promise<[string, string][]> {
  try {
    return await readForm(ctx.req, FORM_BYTES);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    throw new OAuthError(status[error.reason], 'invalid_request', 'the body must be a form of at most 64 kB');
  }
}
