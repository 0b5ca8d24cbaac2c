/** A defence, taken away by an edit of the source, and the spec that must then fail. */
export interface Defence {
  readonly what: string;
  readonly file: string;
  /** Exact, and once in the file. */
  readonly text: string;
  readonly without: string;
  readonly spec: string;
}

const attacks = (name: string): string => `test/attacks/${name}.test.ts`;
const auth = (name: string): string => `test/auth/${name}.test.ts`;

const access: readonly Defence[] = [
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
    text: '...(where && { where })',
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

const tokens: readonly Defence[] = [
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
    text: 'policy === undefined ? left',
    without: 'policy !== ceiling ? left',
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

const endpoints: readonly Defence[] = [
  {
    what: 'a scope beyond the ceiling is refused',
    file: 'src/auth/granted-scope.ts',
    text: 'within.length < wanted.length ||',
    without: '',
    spec: attacks('narrowing-scopes'),
  },
  {
    what: 'secrets are compared',
    file: 'src/auth/secrets.ts',
    text: 'timingSafeEqual(given, stored) && hash',
    without: 'hash',
    spec: attacks('narrowing-scopes'),
  },
  {
    what: 'an assertion is used once',
    file: 'src/auth/private-key-jwt.ts',
    text: 'return isFirst(options.own, credential.id, payload);',
    without: 'return true;',
    spec: attacks('client-assertions'),
  },
  {
    what: 'an assertion is for this server alone',
    file: 'src/auth/private-key-jwt.ts',
    text: 'others.length === 0 && only',
    without: 'only',
    spec: attacks('client-assertions'),
  },
  {
    what: 'an assertion ends soon',
    file: 'src/auth/private-key-jwt.ts',
    text: ' || !endsSoon(payload, now)',
    without: '',
    spec: attacks('client-assertions'),
  },
  {
    what: 'keys that are dear to verify are not used',
    file: 'src/auth/jwks.ts',
    text: 'return bits >= 2048 && bits <= 4096 ? undefined',
    without: 'return bits < 1e9 ? undefined',
    spec: attacks('client-assertions'),
  },
  {
    what: 'a refresh token that comes again ends its family',
    file: 'src/auth/refresh.ts',
    text: 'await revokeFamily(db, known, now);',
    without: '',
    spec: auth('refresh-token'),
  },
];

const rows: readonly Defence[] = [
  {
    what: 'statements have the tenant',
    file: 'src/search/compile.ts',
    text: "if (source.tenant !== 'single') parts.push(",
    without: "if (source.tenant === '') parts.push(",
    spec: attacks('narrowing-tenants'),
  },
  {
    what: 'statements have the pin',
    file: 'src/search/compile.ts',
    text: "if (narrowing.patient !== undefined && patient !== 'shared')",
    without: "if (narrowing.patient === '')",
    spec: attacks('narrowing'),
  },
  {
    what: 'statements have the native resource',
    file: 'src/search/compile.ts',
    text: '(native === undefined ? [] : [ofNative(resource,',
    without: '(native === undefined || slots.next() ? [] : [ofNative(resource,',
    spec: attacks('native-scopes'),
  },
  ...['ofTenant', 'ofPatient', 'ofNative'].map((each) => ({
    what: `the last check before output looks at ${each}`,
    file: 'src/store/rows.ts',
    text: 'if (ofTenant && ofPatient && ofNative) return entry;',
    without: `if (${['ofTenant', 'ofPatient', 'ofNative'].filter((other) => other !== each).join(' && ')}) return entry;`,
    spec: attacks('last-check'),
  })),
  {
    what: 'the cache knows tenants',
    file: 'src/store/rows.ts',
    text: '`${narrowing.tenant} ${resource.type} ${String(id)} ${String(version)}`',
    without: '`${resource.type} ${String(id)} ${String(version)}`',
    spec: attacks('narrowing-tenants'),
  },
  {
    what: 'a past version is narrowed by itself',
    file: 'src/rest/vread.ts',
    text: 'if (!version || !visible(resource, version, narrowing)) throw',
    without: 'if (!version) throw',
    spec: attacks('narrowing'),
  },
  {
    what: 'what moved to another patient takes its past along',
    file: 'src/rest/vread.ts',
    text: "if (last?.method !== 'DELETE' || !visible(resource, last, narrowing)) throw",
    without: "if (last?.method === 'POST') throw",
    spec: attacks('narrowing'),
  },
  {
    what: 'a deletion is told to whoever could have read',
    file: 'src/rest/read.ts',
    text: ' && visible(resource, last, narrowing) ? gone(last)',
    without: ' ? gone(last)',
    spec: attacks('native-scopes'),
  },
  {
    what: 'bytes belong to the patient of their document',
    file: 'src/rest/binary.ts',
    text: 'attaching.find((each) => blob.patient === soleOf(each.patients))',
    without: 'attaching[0]',
    spec: attacks('narrowing'),
  },
  {
    what: 'what is included is narrowed',
    file: 'src/rest/includes.ts',
    text: "tryNarrow(access, source, ['s'])",
    without: "tryNarrow(access, source, ['c', 'u', 'd', 's'])",
    spec: attacks('native-scopes'),
  },
];

const transport: readonly Defence[] = [
  {
    what: 'a page link belongs to one credential of one tenant',
    file: 'src/rest/cursor.ts',
    text: '`${tenant} ${credential} ${user}',
    without: '`${user}',
    spec: attacks('narrowing-tenants'),
  },
  {
    what: 'a page link belongs to one user',
    file: 'src/rest/cursor.ts',
    text: ' ${user} ${patient} ',
    without: ' ',
    spec: attacks('narrowing-tenants'),
  },
  {
    what: 'X-Organization-ID agrees',
    file: 'src/http/fhir-handler.ts',
    text: "checkOrganization(ctx.req.headers['x-organization-id'], handled.access",
    without: 'void (handled.access',
    spec: attacks('narrowing-tenants'),
  },
  {
    what: 'the log has nothing of what a database quotes',
    file: 'src/log.ts',
    text: '{ err: described }',
    without: '{}',
    spec: attacks('canaries'),
  },
  {
    what: 'addresses are public',
    file: 'src/outbound/safe-fetch.ts',
    text: 'for (const address of addresses) checkAddress(url, address, allowLoopback);',
    without: '',
    spec: attacks('outbound'),
  },
  {
    what: 'the address that was checked is connected to',
    file: 'src/outbound/safe-fetch.ts',
    text: 'lookup: pinned, ',
    without: '',
    spec: attacks('outbound'),
  },
  {
    what: 'redirects are not followed',
    file: 'src/outbound/safe-fetch.ts',
    text: "if (status >= 300 && status < 400) throw new OutboundError('it redirects');",
    without: '',
    spec: attacks('outbound'),
  },
  {
    what: 'answers of others are short',
    file: 'src/outbound/safe-fetch.ts',
    text: "if (size > MAX_BYTES) throw new OutboundError('its answer is too long');",
    without: '',
    spec: attacks('outbound'),
  },
  {
    what: 'a changed audit event is noticed',
    file: 'src/audit/verify.ts',
    text: 'at === sequence + 1 && expected !== row.hash',
    without: "expected === ''",
    spec: 'test/audit/trail.test.ts',
  },
  {
    what: 'an audit event names whose data was shown',
    file: 'src/http/fhir-handler.ts',
    text: 'for (const each of shown) for (const patient of each.patients) patients.add(patient);',
    without: '',
    spec: 'test/audit/trail.test.ts',
  },
];

export const defences: readonly Defence[] = [...access, ...tokens, ...endpoints, ...rows, ...transport];
