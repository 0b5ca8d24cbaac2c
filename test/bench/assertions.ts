import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { randomUUID } from 'node:crypto';
import { registerCredential } from '../../src/auth/store.js';
import { openDatabase } from '../../src/store/database.js';
import type { Data } from './data.js';
import type { Measurement } from './measurements.js';
import { answer } from './processes.js';
import { CONNECTIONS, median, sample } from './rounds.js';
import { tokenRequest } from './servers.js';
import { TENANT } from './templates.js';

/** In a round: each is taken once. */
const ASSERTIONS = 400;
const WARM_UP = 2;

/** What costs most at the token endpoint: a signature to check besides the one to make, and an id to remember. */
export const assertions: Measurement = {
  bars: [{ name: 'token by an ES384 assertion: req/s' }],
  measure: async ({ servers, loads, effort, data, note }) => {
    const [bare, server] = [await servers.bare(), await servers.portico(data)];
    const { privateKey, publicKey } = await generateKeyPair('ES384');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'bench', alg: 'ES384' };
    const id = await register(data, JSON.stringify({ keys: [jwk] }));
    const audience = `${data.environment['PORTICO_BASE_URL'] ?? ''}/oauth/token`;
    const ratios: number[] = [];
    for (let round = 0; round < effort.rounds + WARM_UP; round++) {
      const requests = await Promise.all(
        Array.from({ length: ASSERTIONS }, async () =>
          tokenRequest(server.port, form(await signed(privateKey, id, audience))),
        ),
      );
      loads[0].send({ port: server.port, requests, connections: CONNECTIONS, most: ASSERTIONS });
      const { seconds, failures } = await answer<{ seconds: number; failures: number }>(loads[0]);
      if (failures > 0) throw new Error(`${String(failures)} assertions were refused`);
      const { rate } = await sample(loads[0], { server: bare, requests: [bare.request('/')] }, effort.milliseconds);
      if (round >= WARM_UP) ratios.push(ASSERTIONS / seconds / rate);
      if (round === effort.rounds) note(`token by an ES384 assertion: ${(ASSERTIONS / seconds).toFixed(0)}/s`);
    }
    return [median(ratios)];
  },
};

async function register({ environment }: Data, jwks: string): Promise<string> {
  const db = await openDatabase(environment['PORTICO_DATABASE_URL'] as string);
  try {
    const credential = { tenant: TENANT, kind: 'backend', name: 'bench', scopeCeiling: 'system/*.rs' } as const;
    return await registerCredential(db, credential, { jwks }, Date.now());
  } finally {
    await db.close();
  }
}

const signed = (key: CryptoKey, id: string, audience: string): Promise<string> =>
  new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg: 'ES384', kid: 'bench', typ: 'JWT' })
    .setIssuer(id)
    .setSubject(id)
    .setAudience(audience)
    .setExpirationTime('4m')
    .sign(key);

const form = (assertion: string): string =>
  new URLSearchParams({
    grant_type: 'client_credentials',
    scope: 'system/Patient.rs',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  }).toString();
