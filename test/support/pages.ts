import assert from 'node:assert/strict';
import type { NewUser } from '../../src/auth/users.js';
import type { Server } from './server.js';
import { PASSWORD, person } from './users.js';

export interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Where a redirect leads; undefined for a page. */
  readonly to: string | undefined;
}

export interface Sending {
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** A browser without JavaScript: it keeps one cookie and sends forms as they stand in the last page. */
export class Pages {
  cookie = '';
  last = '';

  constructor(readonly url: string) {}

  async get(path: string): Promise<Page> {
    return this.#ask(path, {});
  }

  /** Sends a form of the last page, with what is typed into it. */
  async send(path: string, typed: Record<string, string> | [string, string][] = {}, more: Sending = {}): Promise<Page> {
    const body = new URLSearchParams(typed);
    for (const name of ['csrf', 'form', 'challenge', 'next', 'back', 'patient'])
      if (!body.has(name)) {
        const value = hidden(formOf(this.last, path) ?? this.last, name);
        if (value !== undefined) body.set(name, value);
      }
    return this.#ask(path, {
      method: 'POST',
      body: more.body ?? body.toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: this.url, ...more.headers },
    });
  }

  async #ask(path: string, init: RequestInit): Promise<Page> {
    const headers = { ...(init.headers as Record<string, string>), ...(this.cookie !== '' && { cookie: this.cookie }) };
    const answer = await fetch(`${this.url}${path}`, { redirect: 'manual', ...init, headers });
    for (const each of answer.headers.getSetCookie()) this.cookie = each.split(';')[0] as string;
    const text = await answer.text();
    if (/text\/html/.test(answer.headers.get('content-type') ?? '')) this.last = text;
    const to = answer.headers.get('location') ?? undefined;
    return { status: answer.status, headers: answer.headers, text, to };
  }

  async login(email: string, password = PASSWORD): Promise<Page> {
    await this.get('/portal/login');
    return this.send('/portal/login', { email, password });
  }
}

/** Where a page leads whose session has ended: to the login, and from there back. */
export const loginFor = (page: string): string =>
  `/portal/login?${new URLSearchParams({ ended: '1', back: page }).toString()}`;

const formOf = (page: string, action: string): string | undefined =>
  page.split('<form').find((each) => each.slice(0, each.indexOf('>')).includes(`action="${action}"`));

export const hidden = (page: string, name: string): string | undefined =>
  new RegExp(`<input type="hidden" name="${name}" value="([^"]*)"`).exec(page)?.[1];

/** What stands in a field that is shown. */
export const shownIn = (page: string, id: string): string | undefined =>
  new RegExp(`<input id="${id}" value="([^"]*)"`).exec(page)?.[1];

/** Somebody's browser, logged in. */
export async function loggedIn(server: Server, user: Partial<NewUser> = {}): Promise<Pages & { email: string }> {
  const { email } = await person(server, user);
  const pages = new Pages(server.url);
  const answer = await pages.login(email);
  assert.equal(answer.status, 303, answer.text);
  return Object.assign(pages, { email });
}

export const patientPages = (server: Server, patient: string, more: Partial<NewUser> = {}) =>
  loggedIn(server, { name: 'A Patient', roles: ['patient'], fhirUser: `Patient/${patient}`, ...more });

export const adminPages = (server: Server, more: Partial<NewUser> = {}) =>
  loggedIn(server, { name: 'An Admin', roles: ['admin'], canManageKeys: true, ...more });
