import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { APP_CEILING } from '../../src/auth/apps.js';
import { createCredential, registerCredential, type NewCredential } from '../../src/auth/store.js';
import { Client, type Answer } from './client.js';
import { basic, post } from './oauth.js';
import type { Page, Pages } from './pages.js';
import { TENANT, type Server } from './server.js';

export const REDIRECT = 'https://app.example/back';

/** An app that is registered; without a secret it is public. */
export interface App {
  readonly id: string;
  readonly secret?: string;
}

const details = (app: Partial<NewCredential>): NewCredential => ({
  ...{ tenant: TENANT, kind: 'app', name: 'An app', scopeCeiling: APP_CEILING },
  ...{ redirectUris: [REDIRECT], origins: ['https://app.example'], launchUrl: 'https://app.example/launch' },
  ...app,
});

export const publicApp = async ({ portico: { own, now } }: Server, app: Partial<NewCredential> = {}): Promise<App> => ({
  id: await registerCredential(own, details(app), undefined, now()),
});

export const confidentialApp = ({ portico: { own, now } }: Server, app: Partial<NewCredential> = {}): Promise<App> =>
  createCredential(own, details(app), now());

export interface Flow {
  readonly app: App;
  readonly verifier: string;
  readonly params: Record<string, string>;
}

export const SCOPE = 'launch/patient openid fhirUser offline_access patient/*.rs';

/** What an app sends its user with, as SMART wants it unless the test wants another. */
export function flowOf(server: Server, app: App, more: Record<string, string> = {}): Flow {
  const verifier = randomBytes(32).toString('base64url');
  const params = {
    ...{ response_type: 'code', client_id: app.id, redirect_uri: REDIRECT, scope: SCOPE, aud: server.base },
    state: randomBytes(8).toString('hex'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  };
  return { app, verifier, params };
}

export const authorizePath = (params: Record<string, string>): string =>
  `/oauth/authorize?${new URLSearchParams(params).toString()}`;

/** Goes from redirect to redirect, as a browser does, as long as they stay on this server. */
export async function follow(pages: Pages, page: Page): Promise<Page> {
  let at = page;
  while (at.to?.startsWith('/')) at = await pages.get(at.to);
  return at;
}

export const open = async (pages: Pages, { params }: Flow): Promise<Page> =>
  follow(pages, await pages.get(authorizePath(params)));

/** The form of the page, and its lines that are ticked. */
export const formAction = (page: Page): string =>
  /<form method="post" action="(\/oauth\/authorize\/[^"]+)"/.exec(page.text)![1]!;
export const offered = (page: Page): string[] =>
  [...page.text.matchAll(/<input type="checkbox" name="scope" value="([^"]*)"/g)].map(([, value]) =>
    value!.replaceAll('&quot;', '"').replaceAll('&amp;', '&'),
  );

/** Allows what a page asks, but for the lines that are left out. */
export async function allow(pages: Pages, page: Page, without: readonly string[] = []): Promise<Page> {
  assert.equal(page.status, 200, page.text);
  const left = offered(page).filter((each) => !without.includes(each));
  const scopes = left.map((each): [string, string] => ['scope', each]);
  return pages.send(formAction(page), [...scopes, ['decision', 'allow']]);
}

/** What the app is told. */
export function answerOf(page: Page): Record<string, string> {
  assert.equal(page.status, 303, page.text);
  assert.ok(page.to);
  return Object.fromEntries(new URL(page.to).searchParams);
}

/** Exchanges a code. */
export const exchange = (
  server: Pick<Server, 'url'>,
  { app, verifier, params }: Flow,
  code: string,
  more: Record<string, string> = {},
): Promise<Answer> =>
  post(
    `${server.url}/oauth/token`,
    {
      ...{ grant_type: 'authorization_code', code, redirect_uri: params['redirect_uri']!, code_verifier: verifier },
      ...(app.secret === undefined && { client_id: app.id }),
      ...more,
    },
    app.secret === undefined ? {} : basic({ id: app.id, secret: app.secret }),
  );

export const refresh = (
  server: Pick<Server, 'url'>,
  app: App,
  refresh_token: string,
  more: Record<string, string> = {},
) =>
  post(
    `${server.url}/oauth/token`,
    { grant_type: 'refresh_token', refresh_token, ...(app.secret === undefined && { client_id: app.id }), ...more },
    app.secret === undefined ? {} : basic({ id: app.id, secret: app.secret }),
  );

/** All of it: somebody who is logged in allows an app, which gets its tokens. */
export async function connect(
  server: Server,
  pages: Pages,
  app: App,
  more: Record<string, string> = {},
): Promise<Client> {
  const flow = flowOf(server, app, more);
  const { code } = answerOf(await allow(pages, await open(pages, flow)));
  assert.ok(code !== undefined);
  const { status, body, text } = await exchange(server, flow, code);
  assert.equal(status, 200, text);
  return new Client(server.url, body.access_token as string, body);
}
