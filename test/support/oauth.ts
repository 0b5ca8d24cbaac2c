import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { registerCredential, type ClientKeySource, type NewCredential } from '../../src/auth/store.js';
import type { Answer } from './client.js';
import { TENANT, type Server } from './server.js';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export const basic = ({ id, secret }: { id: string; secret: string }): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});

/** Sends a form to an OAuth endpoint. */
export async function post(
  url: string,
  form: Record<string, string> | [string, string][] | string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = typeof form === 'string' ? form : new URLSearchParams(form).toString();
  const response = await fetch(url, { method: 'POST', headers: { ...type, ...headers }, body });
  const text = await response.text();
  const read: unknown = text === '' ? undefined : JSON.parse(text);
  return { status: response.status, headers: response.headers, text, body: read };
}

/** A key pair of a client. */
export interface ClientKey {
  readonly alg: 'RS384' | 'ES384';
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export async function makeClientKey(alg: 'RS384' | 'ES384', kid: string = alg): Promise<ClientKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid } };
}

export const jwksOf = (...keys: readonly ClientKey[]): string =>
  JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) });

/** A backend service of the organization that tests work in. */
export const backend = (
  { portico }: Pick<Server, 'portico'>,
  keys: ClientKeySource,
  more: Partial<NewCredential> = {},
): Promise<string> =>
  registerCredential(
    portico.own,
    { tenant: TENANT, kind: 'backend', name: 'test', scopeCeiling: 'system/*.rs', ...more },
    keys,
    portico.now(),
  );

export interface Asserted {
  readonly claims?: JWTPayload;
  readonly header?: Record<string, unknown>;
  /** Seconds from now. */
  readonly life?: number;
}

let count = 0;

/** An assertion that a client signs, as SMART wants it unless the test wants another. */
export function assertion(
  { url, portico }: Pick<Server, 'url' | 'portico'>,
  id: string,
  { alg, kid, privateKey }: ClientKey,
  { claims = {}, header = {}, life = 300 }: Asserted = {},
): Promise<string> {
  const exp = Math.floor(portico.now() / 1000) + life;
  const payload = { iss: id, sub: id, aud: `${url}/oauth/token`, jti: `jti-${String(++count)}`, exp, ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg, kid, typ: 'JWT', ...header }).sign(privateKey);
}

export const asserting = (client_assertion: string, scope = 'system/Patient.rs'): Record<string, string> => ({
  grant_type: 'client_credentials',
  client_assertion_type: JWT_BEARER,
  client_assertion,
  scope,
});

/** Somebody else's host on this machine, which counts what it is asked. */
export async function host(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ url: string; asked: () => number; close: () => Promise<void> }> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    asked: () => asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** As if the time of the rule were over: a test of many wrong attempts is not about their number. */
export async function forgive({ portico: { own } }: Server): Promise<void> {
  await (await own.knex())('rate_limit').delete();
}
