import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { Client } from '../support/client.js';
import { backend, jwksOf, makeClientKey, type ClientKey } from '../support/oauth.js';
import { start, type Server } from '../support/server.js';

/** Loopback without TLS is the only thing that they are told to put up with. */
// eslint-disable-next-line @typescript-eslint/no-deprecated -- its way to make it stand out
const insecure = { [oauth.allowInsecureRequests]: true } as const;

describe('conformance/oauth-clients', () => {
  let server: Server;
  let credential: { id: string; secret: string };
  let keys: ClientKey[];
  let signing: string;

  before(async () => {
    server = await start();
    credential = await server.credential({});
    keys = await Promise.all([makeClientKey('RS384'), makeClientKey('ES384')]);
    signing = await backend(server, { jwks: jwksOf(...keys) });
    await server.save([{ resourceType: 'Patient', id: 'p1', name: [{ family: 'One' }] }]);
  });
  after(() => server.stop());

  const read = async (token: string) => (await new Client(server.url, token).get('Patient/p1')).status;

  describe('oauth4webapi', () => {
    let as: oauth.AuthorizationServer;

    before(async () => {
      const issuer = new URL(server.url);
      const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
      as = await oauth.processDiscoveryResponse(issuer, response);
    });

    async function tokenFor(client: oauth.Client, auth: oauth.ClientAuth): Promise<string> {
      const parameters = { scope: 'system/Patient.rs' };
      const response = await oauth.clientCredentialsGrantRequest(as, client, auth, parameters, insecure);
      const answer = await oauth.processClientCredentialsResponse(as, client, response);
      assert.equal(answer.scope, 'system/Patient.rs');
      assert.equal(await read(answer.access_token), 200);
      return answer.access_token;
    }

    it('gets tokens by Basic and by post', async () => {
      const client = { client_id: credential.id };
      await tokenFor(client, oauth.ClientSecretBasic(credential.secret));
      await tokenFor(client, oauth.ClientSecretPost(credential.secret));
    });

    it('gets tokens by private_key_jwt, RS384 and ES384, with the issuer or the token URL as audience', async () => {
      for (const { privateKey, kid } of keys) {
        await tokenFor({ client_id: signing }, oauth.PrivateKeyJwt({ key: privateKey, kid }));
        const modifyAssertion = (_header: object, payload: Record<string, any>): void => {
          payload['aud'] = as.token_endpoint;
        };
        await tokenFor(
          { client_id: signing },
          oauth.PrivateKeyJwt({ key: privateKey, kid }, { [oauth.modifyAssertion]: modifyAssertion as never }),
        );
      }
    });

    it('introspects and revokes', async () => {
      const client = { client_id: credential.id };
      const auth = oauth.ClientSecretBasic(credential.secret);
      const token = await tokenFor(client, auth);
      const introspect = async () =>
        oauth.processIntrospectionResponse(
          as,
          client,
          await oauth.introspectionRequest(as, client, auth, token, insecure),
        );
      const { active, scope, client_id } = await introspect();
      assert.deepEqual([active, scope, client_id], [true, 'system/Patient.rs', credential.id]);
      await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, token, insecure));
      assert.deepEqual(await introspect(), { active: false });
      assert.equal(await read(token), 401);
    });

    it('verifies the access token as RFC 9068 has it', async () => {
      const token = await tokenFor({ client_id: credential.id }, oauth.ClientSecretBasic(credential.secret));
      const request = new Request(server.base, { headers: { authorization: `Bearer ${token}` } });
      const claims = await oauth.validateJwtAccessToken(as, request, server.base, insecure);
      assert.equal(claims.client_id, credential.id);
    });

    it('understands a refusal', async () => {
      const client = { client_id: credential.id };
      for (const [secret, parameters, error, status] of [
        ['wrong', {}, 'invalid_client', 401],
        [credential.secret, { scope: 'nonsense' }, 'invalid_scope', 400],
      ] as const) {
        const auth = oauth.ClientSecretPost(secret);
        const response = await oauth.clientCredentialsGrantRequest(as, client, auth, parameters, insecure);
        await assert.rejects(oauth.processClientCredentialsResponse(as, client, response), (thrown: unknown) => {
          assert.ok(thrown instanceof oauth.ResponseBodyError);
          assert.deepEqual([thrown.error, thrown.status], [error, status]);
          return true;
        });
      }
    });
  });

  describe('openid-client', () => {
    const configured = (id: string, auth: openid.ClientAuth) =>
      openid.discovery(new URL(server.url), id, undefined, auth, {
        algorithm: 'oauth2',
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- its way to make it stand out
        execute: [openid.allowInsecureRequests],
      });

    it('gets tokens by Basic, post and private_key_jwt, introspects and revokes', async () => {
      const methods: [string, openid.ClientAuth][] = [
        [credential.id, openid.ClientSecretBasic(credential.secret)],
        [credential.id, openid.ClientSecretPost(credential.secret)],
        ...keys.map(({ privateKey: key, kid }): [string, openid.ClientAuth] => [
          signing,
          openid.PrivateKeyJwt({ key, kid }),
        ]),
      ];
      for (const [id, auth] of methods) {
        const config = await configured(id, auth);
        const { access_token: token } = await openid.clientCredentialsGrant(config, { scope: 'system/Patient.rs' });
        assert.equal(await read(token), 200);
        assert.equal((await openid.tokenIntrospection(config, token)).active, true);
        await openid.tokenRevocation(config, token);
        assert.equal((await openid.tokenIntrospection(config, token)).active, false);
        assert.equal(await read(token), 401);
      }
    });
  });
});
