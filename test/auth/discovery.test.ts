import assert from 'node:assert/strict';
import { start, type Server } from '../support/server.js';

describe('auth/discovery', () => {
  let server: Server;

  before(async () => {
    server = await start();
  });
  after(() => server.stop());

  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${server.url}${path}`, { headers });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  const SMART = '/fhir/R4/.well-known/smart-configuration';
  const OAUTH = '/.well-known/oauth-authorization-server';

  it('SMART 5.1: is JSON whatever is accepted, for every page, for five minutes', async () => {
    for (const path of [SMART, OAUTH, '/oauth/jwks'])
      for (const accept of ['application/json', 'application/fhir+json', 'text/html', '*/*']) {
        const { status, headers } = await get(path, { accept, origin: 'https://app.example' });
        assert.equal(status, 200);
        assert.match(headers.get('content-type') ?? '', /^application\/json/);
        assert.equal(headers.get('access-control-allow-origin'), '*');
        assert.equal(headers.get('cache-control'), 'public, max-age=300');
        assert.ok(headers.get('x-request-id'));
      }
  });

  it('SMART 5.1: advertises what is served, by absolute URLs that answer', async () => {
    const { body } = await get(SMART);
    assert.deepEqual(body.grant_types_supported, ['client_credentials', 'refresh_token']);
    assert.deepEqual(body.token_endpoint_auth_methods_supported, [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
    ]);
    assert.deepEqual(body.token_endpoint_auth_signing_alg_values_supported, ['RS384', 'ES384']);
    assert.equal(body.issuer, undefined);
    assert.equal(body.authorization_endpoint, undefined);
    assert.ok(body.capabilities.includes('client-confidential-asymmetric'));
    assert.ok(!body.capabilities.some((each: string) => /launch|sso|context/.test(each)));
    for (const [name, url] of Object.entries(body as Record<string, string>))
      if (name.endsWith('_endpoint')) assert.equal((await fetch(url, { method: 'POST' })).status, 400, name);
    assert.equal((await fetch(body.jwks_uri as string)).status, 200);
    for (const scope of ['apiv2', 'system/Patient.cruds', 'patient/*.cruds', 'system/vitals.read'])
      assert.ok(body.scopes_supported.includes(scope), scope);
  });

  it('RFC 8414: the authorization server says the same', async () => {
    const [{ body: smart }, { body }] = [await get(SMART), await get(OAUTH)];
    assert.equal(body.issuer, server.url);
    for (const name of ['token_endpoint', 'introspection_endpoint', 'revocation_endpoint', 'scopes_supported'])
      assert.deepEqual(body[name], smart[name]);
    assert.deepEqual(body.response_types_supported, []);
  });

  it('SMART 5.1: the CapabilityStatement names the same token endpoint', async () => {
    const [{ body: smart }, { body }] = [await get(SMART), await get('/fhir/R4/metadata')];
    const [extension] = body.rest[0].security.extension;
    assert.equal(extension.extension.find((each: any) => each.url === 'token').valueUri, smart.token_endpoint);
  });

  it('shows public keys alone, and no other method', async () => {
    const { body } = await get('/oauth/jwks');
    assert.equal(body.keys.length, 1);
    assert.deepEqual(Object.keys(body.keys[0]).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    for (const path of [SMART, OAUTH, '/oauth/jwks']) {
      assert.equal((await fetch(`${server.url}${path}`, { method: 'POST' })).status, 405);
      assert.equal((await fetch(`${server.url}${path}`, { method: 'OPTIONS' })).status, 204);
    }
    assert.equal((await fetch(`${server.url}/fhir/R5/.well-known/smart-configuration`)).status, 404);
  });

  it('THREAT 76: URLs follow from the configuration, never from Host', async () => {
    const { body: before } = await get(SMART);
    const { request } = await import('node:http');
    const text = await new Promise<string>((resolve, reject) => {
      const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example' };
      request(`${server.url}${SMART}`, { headers }, (response) => {
        let all = '';
        response.on('data', (chunk: Buffer) => (all += chunk.toString()));
        response.on('end', () => resolve(all));
      })
        .on('error', reject)
        .end();
    });
    assert.deepEqual(JSON.parse(text), before);
  });
});
