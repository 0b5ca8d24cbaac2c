import { failureRules, loginLimits } from '../../src/limits/rules.js';
import { networkOf } from '../../src/limits/network.js';
import { OTHER_TENANT, TENANT } from '../support/server.js';
import { PASSWORD } from '../support/users.js';
import { testCells, type Cell, type Cells, type Place } from './endpoint-cells.js';

const rows = ({ server, plain, email, bearer, failed, noDatabase }: Place): Record<string, Cells> => ({
  login: () => [
    { when: 'no password', path: '/api/auth/login', json: { email }, status: 400, says: 'VALIDATION' },
    { when: 'no object', path: '/api/auth/login', json: [email], status: 400, says: 'VALIDATION' },
    {
      when: 'a form',
      path: '/api/auth/login',
      form: { email, password: PASSWORD },
      status: 415,
      says: 'unsupported-media-type',
    },
    ...[
      ['a wrong password', { email, password: 'Zzcanary' }],
      ['nobody', { email: 'nobody@clinic.example', password: PASSWORD }],
      ['another organization', { email, password: PASSWORD, organizationId: OTHER_TENANT }],
    ].map(([when, json]): Cell => ({
      when: when as string,
      path: '/api/auth/login',
      json,
      status: 401,
      says: 'INVALID_CREDENTIALS',
      challenge: 'Bearer realm="portico"',
    })),
    {
      when: 'too many failures',
      path: '/api/auth/login',
      json: { email, password: PASSWORD },
      given: () => failed((ip) => loginLimits(email, ip).both),
      status: 429,
      says: 'throttled',
      retry: true,
    },
    { when: 'another method', path: '/api/auth/login', method: 'GET', status: 405, says: 'method-not-allowed' },
    {
      when: 'no database',
      path: '/api/auth/login',
      json: { email, password: PASSWORD },
      given: noDatabase('ECONNREFUSED'),
      status: 503,
      says: 'unavailable',
      retry: true,
    },
  ],
  'mfa/verify': () => [
    { when: 'no code', path: '/api/auth/mfa/verify', json: { mfaToken: 'x' }, status: 400, says: 'VALIDATION' },
    {
      when: 'an unknown challenge',
      path: '/api/auth/mfa/verify',
      json: { mfaToken: 'Zzcanary', code: '123456' },
      status: 401,
      says: 'INVALID_MFA',
      challenge: 'Bearer realm="portico"',
    },
    { when: 'another method', path: '/api/auth/mfa/verify', method: 'GET', status: 405, says: 'method-not-allowed' },
  ],
  refresh: () => [
    { when: 'no token', path: '/api/auth/refresh', json: {}, status: 400, says: 'VALIDATION' },
    {
      when: 'an unknown token',
      path: '/api/auth/refresh',
      json: { refreshToken: 'Zzcanary' },
      status: 401,
      says: 'INVALID_REFRESH',
      challenge: 'Bearer realm="portico"',
    },
    {
      when: 'too many failures',
      path: '/api/auth/refresh',
      json: { refreshToken: 'x' },
      given: () => failed((ip) => [`refresh ${networkOf(ip)}`, failureRules.network]),
      status: 429,
      says: 'throttled',
      retry: true,
    },
    { when: 'another method', path: '/api/auth/refresh', method: 'GET', status: 405, says: 'method-not-allowed' },
  ],
  logout: async () => [
    {
      when: 'nobody',
      path: '/api/auth/logout',
      json: {},
      headers: { 'x-organization-id': TENANT },
      status: 401,
      says: 'login',
      challenge: 'Bearer realm="portico"',
    },
    {
      when: 'a token that opens nothing',
      path: '/api/auth/logout',
      json: {},
      headers: { authorization: 'Bearer Zzcanary', 'x-organization-id': TENANT },
      status: 401,
      says: 'expired',
      challenge: 'Bearer realm="portico", error="invalid_token"',
    },
    {
      when: 'the token of a service',
      path: '/api/auth/logout',
      json: {},
      headers: { ...(await bearer(plain)), 'x-organization-id': TENANT },
      status: 401,
      says: 'login',
      challenge: 'Bearer realm="portico"',
    },
  ],
  FHIR: async () => {
    const [token, narrow] = [
      await bearer(plain),
      await bearer(await server.credential({ scopeCeiling: 'system/Patient.r' })),
    ];
    const path = '/fhir/R4/Observation/none';
    return [
      { when: 'no token', path, method: 'GET', status: 401, says: 'login', challenge: 'Bearer realm="portico"' },
      {
        when: 'a token that opens nothing',
        path,
        method: 'GET',
        headers: { authorization: 'Bearer Zzcanary' },
        status: 401,
        says: 'expired',
        challenge: 'Bearer realm="portico", error="invalid_token"',
      },
      {
        when: 'a token without the scope',
        path,
        method: 'GET',
        headers: narrow,
        status: 403,
        says: 'insufficient-scope',
        challenge: 'Bearer realm="portico", error="insufficient_scope", scope="system/Observation.r"',
      },
      { when: 'a row that is not there', path, method: 'GET', headers: token, status: 404, says: 'unknown-id' },
      {
        when: 'a token in the URL',
        path: `${path}?access_token=Zzcanary`,
        method: 'GET',
        headers: token,
        status: 400,
        says: 'token-in-url',
      },
      {
        when: 'another organization',
        path,
        method: 'GET',
        headers: { ...token, 'x-organization-id': OTHER_TENANT },
        status: 403,
        says: 'wrong-organization',
      },
      {
        when: 'an organization that there is not',
        path,
        method: 'GET',
        headers: { ...token, 'x-organization-id': 'org_nowhere' },
        status: 403,
        says: 'wrong-organization',
      },
      {
        when: 'two organizations',
        path,
        method: 'GET',
        headers: { ...token, 'x-organization-id': `${TENANT}, ${TENANT}` },
        status: 400,
        says: 'invalid-header',
      },
      {
        when: 'no database',
        path,
        method: 'GET',
        headers: token,
        given: noDatabase('ECONNREFUSED'),
        status: 503,
        says: 'unavailable',
        retry: true,
      },
    ];
  },
});

describe('auth: the endpoint table of SMART section 4, error by error: sessions and FHIR', () =>
  testCells(rows, ['login', 'mfa/verify', 'refresh', 'logout', 'FHIR']));
