/** A defence, taken away by an edit of the source, and the spec that must then fail. */
export interface Defence {
  readonly what: string;
  readonly file: string;
  /** Exact, and once in the file. */
  readonly text: string;
  readonly without: string;
  readonly spec: string;
}

export const attacks = (name: string): string => `test/attacks/${name}.test.ts`;
export const auth = (name: string): string => `test/auth/${name}.test.ts`;

export const access: readonly Defence[] = [
  {
    what: '$everything is for a patient whom the token opens',
    file: 'src/rest/operations/everything.ts',
    text: 'if (!(await facade.rows.read(patients, id, narrowing))) throw notFound();',
    without: '',
    spec: attacks('narrowing'),
  },
  {
    what: '$everything brings along nothing that belongs to another patient',
    file: 'src/rest/operations/everything.ts',
    text: 'return read.filter(({ patients }) => patients.length === 0);',
    without: 'return read;',
    spec: 'test/rest/operations.test.ts',
  },
  {
    what: 'a scope opens its own letters alone',
    file: 'src/access/narrow.ts',
    text: 'operations.some((each) => grant.operations.has(each)),',
    without: 'true,',
    spec: attacks('native-scopes'),
  },
  {
    what: 'the audit trail needs a scope that names it',
    file: 'src/access/narrow.ts',
    text: "(grant.type === '*' && !named)",
    without: "grant.type === '*'",
    spec: attacks('narrowing'),
  },
  {
    what: 'narrow scopes stay narrow',
    file: 'src/access/narrow.ts',
    text: 'if (grants.some(({ where, native }) => where === undefined && native === undefined)) return [];',
    without: 'return [];',
    spec: attacks('native-scopes'),
  },
  {
    what: 'the pin is part of every narrowing',
    file: 'src/access/narrow.ts',
    text: 'return { tenant, where, ...(patient !== undefined && { patient }) }',
    without: 'return { tenant, where }',
    spec: attacks('narrowing'),
  },
  {
    what: 'a ceiling covers its own letters alone',
    file: 'src/access/covers.ts',
    text: '[...asked.operations].every((each) => wide.operations.has(each)) &&',
    without: '',
    spec: attacks('narrowing-scopes'),
  },
  {
    what: 'a ceiling with a query covers its own query alone',
    file: 'src/access/covers.ts',
    text: 'wide.query.every((pair) => asked.query.some((other) => within(other, pair)))',
    without: 'true',
    spec: attacks('narrowing-scopes'),
  },
  {
    what: 'a native write scope reads nothing',
    file: 'src/access/intersect.ts',
    text: "const operations = scope.permission === 'read' ? reading : writing;",
    without:
      "const operations = new Set(scope.permission === 'read' ? [...reading, ...writing] : [...writing, ...reading]);",
    spec: attacks('native-scopes'),
  },
  {
    what: 'a native scope opens the rows of its own resource alone',
    file: 'src/access/intersect.ts',
    text: ', native: scope.name }',
    without: ' }',
    spec: attacks('native-scopes'),
  },
  {
    what: 'what is left of two scopes has the letters of both',
    file: 'src/access/intersect.ts',
    text: '[...one.operations].filter((each) => other.operations.has(each))',
    without: 'one.operations',
    spec: attacks('narrowing-scopes'),
  },
  {
    what: 'what is left of two scopes has the queries of both',
    file: 'src/access/intersect.ts',
    text: 'conjunction([...one.query, ...other.query])',
    without: 'one.query',
    spec: attacks('narrowing-scopes'),
  },
  {
    what: 'what is left of two scopes comes from the native resource of either',
    file: 'src/access/intersect.ts',
    text: 'const native = one.native ?? other.native;',
    without: 'const native = one.native;',
    spec: attacks('narrowing-scopes'),
  },
  {
    what: 'a granular scope opens what its query finds alone',
    file: 'src/access/scopes.ts',
    text: '...(where && { where }), ',
    without: '',
    spec: attacks('narrowing-property'),
  },
  {
    what: 'apiv2 stands alone',
    file: 'src/access/grammar.ts',
    text: "isAll && !scopes?.every((each) => each.kind === 'all' || each.text === ACT_AS_USER) ? undefined : scopes",
    without: 'scopes ?? (isAll ? scopes : undefined)',
    spec: attacks('native-scopes'),
  },
];

export const tokens: readonly Defence[] = [
  {
    what: 'a token ends, also one that is remembered',
    file: 'src/auth/bearer.ts',
    text: 'if (verified.expiresAt * 1000 <= now)',
    without: 'if (Number.isNaN(now))',
    spec: attacks('native-scopes'),
  },
  {
    what: 'a token is an access token',
    file: 'src/auth/bearer.ts',
    text: "          typ: 'at+jwt',\n",
    without: '',
    spec: auth('bearer'),
  },
  {
    what: 'a token is for this server',
    file: 'src/auth/bearer.ts',
    text: '          audience,\n',
    without: '',
    spec: auth('bearer'),
  },
  {
    what: 'a token is by this server',
    file: 'src/auth/bearer.ts',
    text: '          issuer,\n',
    without: '',
    spec: auth('bearer'),
  },
  {
    what: 'a token has one text',
    file: 'src/auth/bearer.ts',
    text: '[\\w-]{85}[AQgw]$/',
    without: '[\\w-]{86}$/',
    spec: auth('bearer'),
  },
  {
    what: 'the ceiling counts now',
    file: 'src/access/scopes.ts',
    text: 'granted ? intersect(granted, limit, covering) : limit',
    without: 'granted ?? limit',
    spec: attacks('narrowing-scopes'),
  },
  {
    what: 'the policy of the organization counts now',
    file: 'src/access/scopes.ts',
    text: 'if (policy === undefined) return left;',
    without: 'if (policy !== ceiling) return left;',
    spec: attacks('narrowing-scopes'),
  },
  {
    what: 'an empty policy is another thing than none',
    file: 'src/auth/bearer.ts',
    text: 'one.policy === other.policy',
    without: "(one.policy ?? '') === (other.policy ?? '')",
    spec: attacks('narrowing-scopes'),
  },
  {
    what: 'act_as_user ends with the ceiling',
    file: 'src/auth/bearer.ts',
    text: 'onBehalfOf(this.options.own, access, scopes, user)',
    without: 'onBehalfOf(this.options.own, access, verified.scopes, user)',
    spec: attacks('act-as-user'),
  },
  {
    what: 'a service acts for users of its own organization',
    file: 'src/auth/on-behalf-of.ts',
    text: "{ id: $('id'), org: $('tenant') }",
    without: "{ id: $('id') }",
    spec: attacks('act-as-user'),
  },
  {
    what: 'a service acts for clinicians',
    file: 'src/auth/on-behalf-of.ts',
    text: " && (row['roles'] as string).split(' ').includes('clinician')",
    without: '',
    spec: attacks('act-as-user'),
  },
  {
    what: 'a token dies with the epoch of its credential',
    file: 'src/auth/liveness.ts',
    text: "row['epoch'] === epoch &&",
    without: '',
    spec: auth('bearer'),
  },
  {
    what: 'a revoked token is dead',
    file: 'src/auth/liveness.ts',
    text: "row['dead'] === null &&",
    without: '',
    spec: auth('introspect-revoke'),
  },
  {
    what: 'a token has the pin of its credential',
    file: 'src/auth/liveness.ts',
    text: 'if (pin !== undefined && pin !== claims.patient) return undefined;',
    without: '',
    spec: attacks('narrowing-scopes'),
  },
];
