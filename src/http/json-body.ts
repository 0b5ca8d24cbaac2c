import type { IncomingMessage } from 'node:http';
import { OutcomeError } from '../outcome.js';
import { BodyError, readText } from './body.js';

/** A JSON object as a client sent it: its members may be anything. */
export class JsonBody {
  constructor(private readonly members: Readonly<Record<string, unknown>>) {}

  /** All of it, for a schema to judge. */
  get whole(): unknown {
    return this.members;
  }

  /** Anything; undefined where it is absent. */
  member(name: string): unknown {
    return (Object.hasOwn(this.members, name) ? this.members[name] : undefined) ?? undefined;
  }

  /** A text of 1 to `most` characters; undefined where it is absent. Errors: 400 `VALIDATION`. */
  optional(name: string, most: number): string | undefined {
    const value = this.member(name);
    if (value === undefined) return undefined;
    // PostgreSQL takes no NUL.
    if (typeof value === 'string' && value !== '' && value.length <= most && !value.includes('\0')) return value;
    throw new OutcomeError(400, 'VALIDATION', `${name} must be a text of 1 to ${String(most)} characters`);
  }

  required(name: string, most: number): string {
    const value = this.optional(name, most);
    if (value === undefined) throw new OutcomeError(400, 'VALIDATION', `${name} is missing`);
    return value;
  }
}

/** No body is an empty object: a logout need not say more. Errors: 415 where it is not JSON, 413 above `limit` bytes, 400 `VALIDATION` where it is no JSON object. */
export async function readJson(request: IncomingMessage, limit: number): Promise<JsonBody> {
  const { 'content-length': length = '0', 'transfer-encoding': chunked } = request.headers;
  if (length === '0' && chunked === undefined) return new JsonBody({});
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (type !== 'application/json' || encoding !== 'identity')
    throw new OutcomeError(415, 'unsupported-media-type', 'The body must be application/json, and not compressed');
  return new JsonBody(objectOf(await textOf(request, limit)));
}

async function textOf(request: IncomingMessage, limit: number): Promise<string> {
  try {
    return await readText(request, limit);
  } catch (error) {
    if (error instanceof BodyError) throw new OutcomeError(413, 'too-long', error.message);
    throw error;
  }
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new OutcomeError(400, 'VALIDATION', 'The body must be a JSON object');
  return value as Readonly<Record<string, unknown>>;
}
