import assert from 'node:assert/strict';
import smart from 'fhirclient';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { registerCredential } from '../../src/auth/store.js';
import { APP_CEILING } from '../../src/auth/apps.js';
import { Client } from '../support/client.js';
import { allow, confidentialApp, follow, publicApp, REDIRECT, SCOPE, type App } from '../support/launch.js';
import { jwksOf, makeClientKey } from '../support/oauth.js';
import { patientPages, type Pages } from '../support/pages.js';
import { start, TENANT, type Server } from '../support/server.js';

/** Loopback without TLS is the only thing that they are told to put up with. */
// eslint-disable-next-line @typescript-eslint/no-deprecated -- its way to make it stand out
const insecure = { [oauth.allowInsecureRequests]: true } as const;

describe('conformance: foreign clients launch', () => {
  let server: Server;
  let app: App;
  let pages: Pages;

  before(async () => {
    server = await start();
    app = await publicApp(server);
    await server.save([{ resourceType: 'Patient', id: 'p1', name: [{ family: 'One' }] }]);
    pages = await patientPages(server, 'p1');
  });
  after(() => server.stop());

  const read = async (token: string) => (await new Client(server.url, token).get('Patient/p1')).status;

  /** What the user's browser does with the URL that an app made: where it ends. */
  async function browse(url: URL | string): Promise<URL> {
    const { pathname, search } = new URL(url);
    const page = await follow(pages, await pages.get(`${pathname}${search}`));
    const answered = page.to === undefined ? await allow(pages, page) : page;
    return new URL(answered.to!);
  }

  describe('oauth4webapi', () => {
    it('SMART 5.2: code, PKCE, iss, nonce and identity token, refresh, and a refused code', async () => {
      const issuer = new URL(server.url);
      const discovered = await oauth.discoveryRequest(issuer, { algorithm: 'oidc', ...insecure });
      const as = await oauth.processDiscoveryResponse(issuer, discovered);
      const client = { client_id: app.id };
      const [verifier, state, nonce] = [
        oauth.generateRandomCodeVerifier(),
        oauth.generateRandomState(),
        oauth.generateRandomNonce(),
      ];
      const url = new URL(as.authorization_endpoint!);
      const challenge = await oauth.calculatePKCECodeChallenge(verifier);
      for (const [name, value] of Object.entries({
        ...{ response_type: 'code', client_id: app.id, redirect_uri: REDIRECT, scope: SCOPE, aud: server.base },
        ...{ state, nonce, code_challenge: challenge, code_challenge_method: 'S256' },
      }))
        url.searchParams.set(name, value);
      const back = await browse(url);
      assert.throws(() => oauth.validateAuthResponse(as, client, back, oauth.generateRandomState()), 'another state');
      const others = { ...as, issuer: 'https://other.example' };
      assert.throws(() => oauth.validateAuthResponse(others, client, back, state), 'THREAT 28: another issuer');
      const params = oauth.validateAuthResponse(as, client, back, state);
      const exchange = () =>
        oauth.authorizationCodeGrantRequest(as, client, oauth.None(), params, REDIRECT, verifier, insecure);
      const response = await exchange();
      const answer = await oauth.processAuthorizationCodeResponse(as, client, response, {
        expectedNonce: nonce,
        requireIdToken: true,
      });
      await oauth.validateApplicationLevelSignature(as, response, insecure);
      assert.equal(oauth.getValidatedIdTokenClaims(answer)!['fhirUser'], `${server.base}/Patient/p1`);
      assert.equal(await read(answer.access_token), 200);
      const request = new Request(server.base, { headers: { authorization: `Bearer ${answer.access_token}` } });
      assert.equal((await oauth.validateJwtAccessToken(as, request, server.base, insecure)).client_id, app.id);
      const again = await oauth.refreshTokenGrantRequest(as, client, oauth.None(), answer.refresh_token!, insecure);
      const refreshed = await oauth.processRefreshTokenResponse(as, client, again);
      assert.equal(await read(refreshed.access_token), 200);
      const replayed = await exchange();
      await assert.rejects(
        oauth.processAuthorizationCodeResponse(as, client, replayed),
        /invalid_grant|server responded/,
      );
      assert.equal(await read(refreshed.access_token), 401, 'THREAT 23');
    });

    it('SMART 5.2: understands a refusal of the user, and a silent request', async () => {
      const issuer = new URL(server.url);
      const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));
      const client = { client_id: app.id };
      const url = new URL(as.authorization_endpoint!);
      const state = oauth.generateRandomState();
      for (const [name, value] of Object.entries({
        ...{
          response_type: 'code',
          client_id: app.id,
          redirect_uri: REDIRECT,
          scope: 'nonsense',
          aud: server.base,
          state,
        },
        ...{ code_challenge: await oauth.calculatePKCECodeChallenge('x'.repeat(43)), code_challenge_method: 'S256' },
      }))
        url.searchParams.set(name, value);
      const back = await browse(url);
      assert.throws(
        () => oauth.validateAuthResponse(as, client, back, state),
        (thrown: unknown) => thrown instanceof oauth.AuthorizationResponseError && thrown.error === 'invalid_scope',
      );
    });
  });

  describe('openid-client', () => {
    it('SMART 5.2: launches apps that are public, that have a secret, and that sign', async () => {
      const secretive = await confidentialApp(server);
      const key = await makeClientKey('ES384');
      const { own, now } = server.portico;
      const registered = { tenant: TENANT, kind: 'app', name: 'signs', redirectUris: [REDIRECT] } as const;
      const signing = await registerCredential(
        own,
        { ...registered, scopeCeiling: APP_CEILING },
        { jwks: jwksOf(key) },
        now(),
      );
      const methods: [string, openid.ClientAuth][] = [
        [app.id, openid.None()],
        [secretive.id, openid.ClientSecretBasic(secretive.secret)],
        [secretive.id, openid.ClientSecretPost(secretive.secret)],
        [signing, openid.PrivateKeyJwt({ key: key.privateKey, kid: key.kid })],
      ];
      for (const [id, auth] of methods) {
        const config = await openid.discovery(new URL(server.url), id, undefined, auth, {
          // eslint-disable-next-line @typescript-eslint/no-deprecated -- its way to make it stand out
          execute: [openid.allowInsecureRequests],
        });
        const [pkceCodeVerifier, expectedState] = [openid.randomPKCECodeVerifier(), openid.randomState()];
        const url = openid.buildAuthorizationUrl(config, {
          ...{ redirect_uri: REDIRECT, scope: SCOPE, aud: server.base, state: expectedState },
          code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
          code_challenge_method: 'S256',
        });
        const back = await browse(url);
        const tokens = await openid.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState });
        assert.equal(tokens['patient'], 'p1');
        assert.equal(tokens.claims()?.['fhirUser'], `${server.base}/Patient/p1`);
        assert.equal(await read(tokens.access_token), 200);
        const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token!);
        assert.equal(await read(refreshed.access_token), 200);
        await openid.tokenRevocation(config, refreshed.refresh_token!);
        assert.equal(await read(refreshed.access_token), 401);
      }
    });
  });

  describe('fhirclient (Node)', () => {
    it('SMART 5.2: authorizes, gets ready, reads its patient, knows its user, and refreshes', async () => {
      const kept = new Map<string, unknown>();
      const storage = {
        get: async (key: string) => kept.get(key),
        set: async (key: string, value: unknown) => kept.set(key, value).get(key),
        unset: async (key: string) => kept.delete(key),
      };
      const visited = (url: string) => {
        const request = new IncomingMessage(new Socket());
        Object.assign(request, { url, headers: { host: 'app.example' } });
        Object.assign(request.socket, { encrypted: true });
        return [request, new ServerResponse(request)] as const;
      };
      const [begin, response] = visited('/launch');
      const url = await smart(begin, response, () => storage).authorize({
        ...{
          iss: server.base,
          clientId: app.id,
          scope: SCOPE,
          redirectUri: REDIRECT,
          pkceMode: 'required',
          noRedirect: true,
        },
      });
      const back = await browse(url as string);
      const [end, unused] = visited(`${back.pathname}${back.search}`);
      const client = await smart(end, unused, () => storage).ready();
      assert.equal(client.patient.id, 'p1');
      assert.equal((await client.patient.read()).id, 'p1');
      assert.equal(client.user.fhirUser, 'Patient/p1');
      assert.equal(client.user.resourceType, 'Patient');
      const before = client.state.tokenResponse!.access_token!;
      await client.refresh();
      assert.notEqual(client.state.tokenResponse!.access_token, before);
      assert.equal(await read(client.state.tokenResponse!.access_token!), 200);
    });
  });
});
