import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { listOrgs, updateOrg } from '../../src/auth/orgs.js';
import { judge } from '../support/judge.js';
import { loginFor } from '../support/pages.js';
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
    assert.deepEqual(body.grant_types_supported, ['authorization_code', 'client_credentials', 'refresh_token']);
    assert.deepEqual(body.token_endpoint_auth_methods_supported, [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'none',
    ]);
    assert.deepEqual(body.token_endpoint_auth_signing_alg_values_supported, ['RS384', 'ES384']);
    assert.deepEqual(body.response_types_supported, ['code']);
    assert.deepEqual(body.code_challenge_methods_supported, ['S256']);
    assert.equal(body.issuer, server.url, 'sso-openid-connect needs it');
    for (const name of ['token', 'introspection', 'revocation', 'authorization'])
      assert.equal((await fetch(body[`${name}_endpoint`] as string, { method: 'POST', body: '' })).status, 400, name);
    const manage = await fetch(body.management_endpoint as string, { redirect: 'manual' });
    assert.equal(manage.headers.get('location'), loginFor('/oauth/manage'));
    for (const url of [body.jwks_uri, body.user_access_brand_bundle]) assert.equal((await fetch(url)).status, 200);
    for (const scope of [
      'apiv2',
      'system/Patient.cruds',
      'patient/*.cruds',
      'user/*.cruds',
      'system/vitals.read',
      'launch',
      'openid',
    ])
      assert.ok(body.scopes_supported.includes(scope), scope);
  });

  it('SMART 5.1: has every capability that certification asks of standalone and EHR launches', async () => {
    const { body } = await get(SMART);
    assert.ok(body.capabilities.every((each: unknown) => typeof each === 'string'));
    const asked = [
      ...['launch-standalone', 'launch-ehr', 'client-public', 'client-confidential-symmetric'],
      ...['client-confidential-asymmetric', 'sso-openid-connect', 'context-standalone-patient', 'context-ehr-patient'],
      ...['context-ehr-encounter', 'context-banner', 'context-style', 'permission-offline', 'permission-patient'],
      ...['permission-user', 'permission-v1', 'permission-v2', 'authorize-post'],
    ];
    for (const each of asked) assert.ok(body.capabilities.includes(each), each);
    assert.equal(new Set(body.capabilities).size, body.capabilities.length);
  });

  it('SMART 5.2: openid-configuration has the same facts, of the issuer of identity tokens', async () => {
    const [{ body: smart }, { body, headers }] = [await get(SMART), await get('/.well-known/openid-configuration')];
    assert.match(headers.get('content-type') ?? '', /^application\/json/);
    for (const name of ['issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri', 'response_types_supported'])
      assert.deepEqual(body[name], smart[name]);
    assert.deepEqual(body.subject_types_supported, ['public']);
    assert.deepEqual(body.id_token_signing_alg_values_supported, ['RS256']);
    assert.equal(body.authorization_response_iss_parameter_supported, true);
    const { keys } = (await get('/oauth/jwks')).body;
    assert.equal(keys.filter((key: any) => key.kty === 'RSA' && key.alg === 'RS256').length, 1);
  });

  it('SMART 2.2: the bundle of brands has the organizations that named their website, and nobody else', async () => {
    const { own } = server.portico;
    const before = await fetch(`${server.url}/oauth/brands.json`);
    assert.equal((await before.json()).entry.length, 1, 'the endpoint alone');
    const org = (await listOrgs(own)).find(({ id }) => id === 'org_one')!;
    await updateOrg(own, { ...org, website: 'https://www.one.example/patients' });
    const response = await fetch(`${server.url}/oauth/brands.json`, { headers: { origin: 'https://app.example' } });
    const bytes = Buffer.from(await response.arrayBuffer());
    const { headers, status } = response;
    assert.equal(headers.get('access-control-allow-origin'), '*');
    const bundle: any = judge({ method: 'GET', status, headers, bytes });
    assert.deepEqual(
      bundle.entry.map(({ resource }: any) => resource.resourceType),
      ['Endpoint', 'Organization'],
    );
    const [endpoint, brand] = bundle.entry.map(({ resource }: any) => resource);
    assert.equal(endpoint.address, server.base);
    assert.equal(brand.name, 'One');
    assert.deepEqual(brand.identifier, [{ system: 'urn:ietf:rfc:3986', value: 'https://one.example' }]);
    assert.deepEqual(brand.endpoint, [{ reference: `Endpoint/${endpoint.id as string}` }]);
    const again = await fetch(`${server.url}/oauth/brands.json`, {
      headers: { 'if-none-match': headers.get('etag')!, 'cache-control': 'max-age=0' },
    });
    assert.equal(again.status, 304);
    await updateOrg(own, { ...org, active: false, website: 'https://one.example' });
    assert.equal((await (await fetch(`${server.url}/oauth/brands.json`)).json()).entry.length, 1);
    await updateOrg(own, org);
  });

  it('SMART 1.2: apps can look like the pages here', async () => {
    const { body } = await get('/oauth/smart-style.json');
    const css = readFileSync(new URL('../../src/portal/assets/portal.css', import.meta.url), 'utf8');
    for (const [name, value] of Object.entries(body as Record<string, string>))
      if (name.startsWith('color_')) assert.ok(css.includes(`: ${value};`), `${name} ${value}`);
  });

  it('RFC 8414: the authorization server says the same', async () => {
    const [{ body: smart }, { body }] = [await get(SMART), await get(OAUTH)];
    assert.equal(body.issuer, server.url);
    for (const name of ['token_endpoint', 'introspection_endpoint', 'revocation_endpoint', 'scopes_supported'])
      assert.deepEqual(body[name], smart[name]);
  });

  it('SMART 5.1: the CapabilityStatement names the same token endpoint', async () => {
    const [{ body: smart }, { body }] = [await get(SMART), await get('/fhir/R4/metadata')];
    const [extension] = body.rest[0].security.extension;
    const uris = Object.fromEntries(extension.extension.map((each: any) => [each.url, each.valueUri]));
    assert.equal(uris.token, smart.token_endpoint);
    assert.equal(uris.authorize, smart.authorization_endpoint);
    assert.equal(uris.introspect, smart.introspection_endpoint);
    assert.equal(uris.revoke, smart.revocation_endpoint);
    assert.equal(uris.manage, smart.management_endpoint);
  });

  it('shows public keys alone, and no other method', async () => {
    const { body } = await get('/oauth/jwks');
    const members = body.keys.map((key: object) => Object.keys(key).sort().join(' '));
    assert.deepEqual(members.sort(), ['alg crv kid kty use x y', 'alg e kid kty n use']);
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
