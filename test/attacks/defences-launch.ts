import type { Defence } from './defences-access.js';

const requests = 'test/attacks/launch-requests.test.ts';
const grants = 'test/attacks/launch-grants.test.ts';

/** What keeps apps, and whoever poses as one, from more than a user allowed. */
export const launch: readonly Defence[] = [
  {
    what: 'a redirect URI is the registered one',
    file: 'src/auth/authorize.ts',
    text: 'if (!isRegistered(redirectUri, client.redirectUris, isPublic(client)))',
    without: 'if (redirectUri === "")',
    spec: requests,
  },
  {
    what: 'a parameter is given once',
    file: 'src/auth/authorize.ts',
    text: 'if (fields.size < pairs.length)',
    without: 'if (pairs.length > 1000)',
    spec: requests,
  },
  {
    what: 'a token is for this server alone',
    file: 'src/auth/authorize.ts',
    text: 'if (!isFor(audience, field))',
    without: 'if (audience === "")',
    spec: requests,
  },
  {
    what: 'PKCE is S256',
    file: 'src/auth/authorize.ts',
    text: "if (field('code_challenge_method') !== 'S256' || !/^[\\w-]{43}$/.test(challenge))",
    without: "if (challenge === 'never')",
    spec: requests,
  },
  {
    what: 'a request is of the browser that opened it',
    file: 'src/auth/authorize-request.ts',
    text: ".where({ hash: $('hash'), browser: $('browser') })\n    .where('expires_at'",
    without: ".where('hash', $('hash'))\n    .whereNot('hash', $('browser'))\n    .where('expires_at'",
    spec: requests,
  },
  {
    what: 'an app has users of its own organization',
    file: 'src/portal/authorize/asking.ts',
    text: 'if (account.tenant !== request.tenant)',
    without: "if (account.tenant === '')",
    spec: requests,
  },
  {
    what: 'a verifier proves whose a code is',
    file: 'src/auth/grants/authorization-code.ts',
    text: "if (!verifies(field('code_verifier'), code.challenge)) throw invalidGrant();",
    without: '',
    spec: grants,
  },
  {
    what: 'a code that comes again ends what the first got',
    file: 'src/auth/grants/authorization-code.ts',
    text: 'if (code.used) await punish(code, options);',
    without: '',
    spec: grants,
  },
  {
    what: 'a form grants nothing that was not offered',
    file: 'src/portal/authorize/choices.ts',
    text: 'const parts = partsOf(scope, types).filter(({ text }) => isLeft(text));',
    without: "const parts = left.filter((text) => text.includes('.')).map((text) => ({ text, type: '' }));",
    spec: grants,
  },
  {
    what: 'the patient of a patient comes from the session',
    file: 'src/portal/authorize/asking.ts',
    text: 'await personOf(visit.options, account, ownIdOf(account))',
    without: 'await personOf(visit.options, account, chosen ?? ownIdOf(account))',
    spec: grants,
  },
  {
    what: 'the token of an app is for its own pages',
    file: 'src/http/cors.ts',
    text: "access?.kind === 'app' && access.origins?.includes(origin)",
    without: "access?.kind === 'app'",
    spec: grants,
  },
  {
    what: 'an id alone is no proof of an app that has a secret',
    file: 'src/auth/client-auth.ts',
    text: "if (claimed.method === 'none') return credential && isPublic(credential) ? credential : undefined;",
    without: "if (claimed.method === 'none') return credential;",
    spec: 'test/auth/launch-standalone.test.ts',
  },
  {
    what: 'a grant ends with a change of its user',
    file: 'src/auth/user-grant.ts',
    text: ".where('g.user_epoch', knex.ref('u.epoch'))",
    without: '',
    spec: 'test/auth/launch-standalone.test.ts',
  },
  {
    what: 'a launch is of its user',
    file: 'src/portal/authorize/asking.ts',
    text: 'if (launched && launched.user !== account.id)',
    without: "if (launched?.user === '')",
    spec: 'test/auth/launch-ehr.test.ts',
  },
  {
    what: 'a launch is used once',
    file: 'src/auth/launch.ts',
    text: 'if (!row || !(await committed(db, [await use.plan(db, which, 1)]))) return undefined;',
    without: 'if (!row) return undefined;\n  void use;\n  void committed;',
    spec: 'test/auth/launch-ehr.test.ts',
  },
];
