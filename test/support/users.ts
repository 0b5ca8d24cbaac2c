import assert from 'node:assert/strict';
import { createUser, type NewUser } from '../../src/auth/users.js';
import type { Server } from './server.js';
import { TENANT } from './server.js';

export const PASSWORD = 'correct horse battery';

let count = 0;

/** Somebody who can log in with PASSWORD. */
export async function person(server: Server, user: Partial<NewUser> = {}): Promise<{ id: string; email: string }> {
  const email = `person-${String(++count)}@clinic.example`;
  const { own, now } = server.portico;
  const whole = {
    ...{ tenant: TENANT, email, name: 'Somebody', roles: ['clinician'] as const, canManageKeys: false },
    ...{ password: PASSWORD, ...user },
  };
  const id = await createUser(own, whole, now());
  assert.ok(id !== undefined);
  return { id, email: whole.email };
}

export interface JsonAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: any;
  readonly text: string;
}

/** POSTs JSON to a route below /api/auth. */
export async function post(
  server: Pick<Server, 'url'>,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<JsonAnswer> {
  const answer = await fetch(`${server.url}/api/auth${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: text === '' ? undefined : JSON.parse(text) };
}

export const bearer = (token: string, org?: string): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  ...(org !== undefined && { 'x-organization-id': org }),
});
