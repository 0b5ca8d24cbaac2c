import assert from 'node:assert/strict';
import fc from 'fast-check';
import { covers, type Covering } from '../../src/access/covers.js';
import { parseScope, printScopes, type Operation, type Spelling } from '../../src/access/grammar.js';
import { intersect } from '../../src/access/intersect.js';
import { Scopes } from '../../src/access/scopes.js';
import { loadRegistry } from '../../src/registry.js';

const scope = (text: string): Spelling => {
  const parsed = parseScope(text);
  assert.ok(parsed, text);
  return parsed;
};
const list = (text: string): Spelling[] => (text === '' ? [] : text.split(' ').map(scope));
const named = new Set(['AuditEvent']);

/** One thing that may be done with one row, or at the native API, or a context that a token may have. */
type Deed =
  | {
      readonly level: 'patient' | 'user' | 'system';
      readonly type: string;
      readonly operation: Operation;
      readonly row: Readonly<Record<'category' | 'code', readonly string[]>>;
      readonly native: string | undefined;
    }
  | { readonly text: string };

/** What scopes mean, written down a second time, without a word of how they are compared. */
function opens(scopes: readonly Spelling[], deed: Deed, pinned: boolean): boolean {
  return scopes.some((each) => {
    if ('text' in deed) return each.text === deed.text || (each.kind === 'all' && /^system\/[a-z]/.test(deed.text));
    const { level, type, operation, row, native } = deed;
    const atLevel = (has: string): boolean => has === level || (pinned && has === 'system' && level === 'patient');
    switch (each.kind) {
      case 'context':
        return false;
      case 'all':
        return atLevel('system') && !named.has(type);
      case 'native':
        return (
          atLevel('system') &&
          each.governs.includes(type) &&
          native === each.name &&
          (each.permission === 'read' ? 'rs' : 'cud').includes(operation)
        );
      case 'smart':
      case 'part':
        return (
          atLevel(each.level) &&
          (each.type === type || (each.type === '*' && !named.has(type))) &&
          each.operations.has(operation) &&
          (each.kind === 'smart' || each.native === native) &&
          each.query.every(([param, values]) => row[param as 'code'].some((value) => values.includes(value)))
        );
    }
  });
}

const values = fc.subarray(['a', 'b', 'c d'], { minLength: 1 });
const anyScope = fc.oneof(
  fc.constantFrom('apiv2', 'act_as_user', 'openid', 'system/vitals.read', 'system/vitals.write', 'system/letters.read'),
  fc
    .record({
      level: fc.constantFrom('patient', 'user', 'system'),
      type: fc.constantFrom('*', 'Patient', 'Observation', 'DocumentReference', 'AuditEvent'),
      letters: fc.constantFrom('r', 's', 'rs', 'cud', 'cruds', 'read', 'write', '*'),
      query: fc.array(fc.tuple(fc.constantFrom('category', 'code'), values), { maxLength: 3 }),
    })
    .map(({ level, type, letters, query }) => {
      const narrows = type !== '*' && /^[cruds]+$/.test(letters) && query.length > 0;
      const text = query.map(([param, has]) => `${param}=${has.map(encodeURIComponent).join(',')}`).join('&');
      return `${level}/${type}.${letters}${narrows ? `?${text}` : ''}`;
    }),
);
const anyScopes = fc.uniqueArray(anyScope, { maxLength: 5 }).map((texts) => texts.map(scope));
const row = fc.record({ category: fc.subarray(['a', 'b', 'c d', 'x']), code: fc.subarray(['a', 'b', 'c d', 'x']) });
const anyDeed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      level: fc.constantFrom('patient', 'user', 'system'),
      type: fc.constantFrom('Patient', 'Observation', 'DocumentReference', 'AuditEvent'),
      operation: fc.constantFrom('c', 'r', 'u', 'd', 's'),
      row,
      native: fc.constantFrom(undefined, 'vitals', 'letters', 'reports'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('act_as_user', 'openid', 'system/vitals.read', 'system/letters.read').map((text) => ({
      text,
    })),
  },
);

describe('access/intersect', () => {
  it('SMART 3, THREAT 35: opens what both open, and nothing else', () => {
    let opened = 0;
    fc.assert(
      fc.property(
        anyScopes,
        anyScopes,
        anyScopes,
        fc.array(anyDeed, { minLength: 20, maxLength: 20 }),
        fc.boolean(),
        (asked, ceiling, policy, deeds, pinned) => {
          const covering: Covering = { pinned, named };
          const left = intersect(intersect(asked, ceiling, covering), policy, covering);
          for (const deed of deeds) {
            const both = [asked, ceiling, policy].every((each) => opens(each, deed, pinned));
            assert.equal(
              opens(left, deed, pinned),
              both,
              `${JSON.stringify(deed)} ${left.map((one) => one.text).join()}`,
            );
            if (both) opened += 1;
          }
        },
      ),
      { numRuns: 2000 },
    );
    assert.ok(opened > 100, `${String(opened)} deeds were opened by all`);
  });

  it('SMART 3: is never wider than either, whatever the scopes are', () =>
    fc.assert(
      fc.property(anyScopes, anyScopes, fc.boolean(), (asked, limit, pinned) => {
        const covering: Covering = { pinned, named };
        for (const part of intersect(asked, limit, covering))
          for (const each of [asked, limit])
            assert.ok(part.kind === 'part' || each.some((has) => covers(has, part, covering)), part.text);
      }),
    ));

  it('THREAT 36: what it shows is read again as what it is', () =>
    fc.assert(
      fc.property(anyScopes, anyScopes, (asked, limit) => {
        for (const each of intersect(asked, limit, { pinned: false, named }))
          if (each.kind !== 'part' && each.text.split('&').length <= 8) assert.deepEqual(scope(each.text), each);
      }),
    ));

  const cases: [asked: string, limit: string, left: string][] = [
    ['system/*.rs', 'system/Observation.rs', 'system/Observation.rs'],
    ['system/*.cruds', 'system/Observation.rs system/Patient.r', 'system/Observation.rs system/Patient.r'],
    ['system/Observation.cud', 'system/*.read', ''],
    ['system/Observation.crs', 'system/Observation.read', 'system/Observation.read'],
    ['system/*.read', 'system/*.cruds', 'system/*.read'],
    ['apiv2', 'system/*.rs system/letters.read act_as_user', 'system/*.rs system/letters.read'],
    ['apiv2 act_as_user', 'act_as_user system/*.rs', 'system/*.rs act_as_user'],
    [
      'system/Observation.rs?category=a,b',
      'system/Observation.rs?category=b,c',
      'system/Observation.rs?category=a,b&category=b,c',
    ],
    ['system/Observation.rs?category=a', 'system/Observation.r?code=b', 'system/Observation.r?category=a&code=b'],
    ['system/Observation.rs?category=a%3Db%26c', 'system/*.r', 'system/Observation.r?category=a%3Db%26c'],
    ['system/*.rs', 'system/AuditEvent.rs', ''],
    ['system/*.rs', 'system/*.r system/Observation.r system/Patient.rs', 'system/*.r system/Patient.rs'],
    ['user/*.rs', 'system/*.rs', ''],
    ['patient/*.rs', 'system/*.rs', ''],
    ['system/vitals.read', 'system/Observation.r', ''],
  ];
  for (const [asked, limit, left] of cases)
    it(`SMART 3: of ${asked} a limit of ${limit} leaves ${left || 'nothing that has a name'}`, () =>
      assert.equal(printScopes(intersect(list(asked), list(limit), { pinned: false, named })), left));

  it('opens the vital signs alone to who asks for observations where the policy names the native resource', async () => {
    const scopes = new Scopes(await loadRegistry(), 'http://localhost/fhir/R4');
    const [asked, limits] = [list('system/Observation.r'), { ceiling: 'apiv2', patient: undefined }];
    const left = scopes.effective({ ...limits, policy: 'system/vitals.read' }, asked);
    const [grant, ...others] = scopes.grants(left);
    assert.deepEqual([grant?.type, grant?.native, [...(grant?.operations ?? [])]], ['Observation', 'vitals', ['r']]);
    assert.deepEqual([others, printScopes(left)], [[], '']);
  });
});
