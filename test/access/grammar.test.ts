import assert from 'node:assert/strict';
import fc from 'fast-check';
import { nativeScopes } from '../../fhir/native-scopes.js';
import { covers } from '../../src/access/covers.js';
import { nativeScopeTexts, parseCeiling, parseScope, parseScopes, type Spelling } from '../../src/access/grammar.js';
import { loadRegistry } from '../../src/registry.js';

const scope = (text: string): Spelling => {
  const parsed = parseScope(text);
  assert.ok(parsed, text);
  return parsed;
};

describe('access/grammar', () => {
  it('SMART 3: takes v1, v2, v2 with query, the native names, apiv2 and contexts', () => {
    for (const text of [
      'patient/Observation.rs',
      'user/*.cruds',
      'system/*.read',
      'system/Patient.write',
      'system/Patient.*',
      'patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory',
      'system/Observation.r?category=a,b&code=c',
      'apiv2',
      'act_as_user',
      'launch/patient',
      'openid',
      'offline_access',
      'system/patient-provider-team-members.read',
      'system/vaccine.write',
    ])
      assert.ok(parseScope(text), text);
  });

  it('THREAT 36: refuses every other text', () => {
    for (const text of [
      'patient/Observation.sr',
      'patient/Observation.dus',
      'patient/Observation.rr',
      'patient/Observation.',
      'patient/observation.rs',
      'patient/Nonsense.rs',
      'patient/DomainResource.rs',
      'patient/patients.read',
      'user/patients.read',
      'system/Patients.read',
      'system/nosuch.read',
      'system/patients.delete',
      'system/patients.rs',
      'system/languages.write',
      'patients.read',
      'system/*.read?category=x',
      'system/*.rs?category=x',
      'system/Observation.read?category=x',
      'system/Observation.rs?',
      'system/Observation.rs?category',
      'system/Observation.rs?category=',
      'system/Observation.rs?category:in=x',
      'system/Observation.rs?subject.name=x',
      'system/Observation.rs?_id=x',
      'system/Observation.rs?category=a&&code=b',
      'system/Observation.rs?category=%zz',
      'system/Observation.rs?category=%00',
      'system/Observation.rs?category=a%0d%0ab',
      'system/Observation.rs?category=a\\,b',
      `system/Observation.rs?${Array.from({ length: 9 }, () => 'category=a').join('&')}`,
      'SYSTEM/Patient.rs',
      'system/Patient.rs ',
      'system/Patient.rs\u0000',
      'system/Patiént.rs',
      'constructor',
      '__proto__',
      '',
    ])
      assert.equal(parseScope(text), undefined, JSON.stringify(text));
  });

  it('THREAT 36: refuses 100,000 characters in a moment', () => {
    for (const text of [
      'a'.repeat(100_000),
      `system/${'A'.repeat(100_000)}`,
      `system/Observation.rs?${'a=&'.repeat(33_000)}`,
    ]) {
      const before = performance.now();
      assert.equal(parseScopes(text), undefined);
      assert.ok(performance.now() - before < 20);
    }
  });

  it('keeps the order, drops duplicates and needless spaces, and bounds their number', () => {
    const texts = (text: string): string[] | undefined => parseScopes(text)?.map((each) => each.text);
    assert.deepEqual(texts(' system/Patient.rs  openid system/Patient.rs '), ['system/Patient.rs', 'openid']);
    const many = nativeScopeTexts.slice(0, 65).join(' ');
    assert.equal(texts(many), undefined);
    assert.equal(texts(`system/Observation.rs?code=${'x'.repeat(4096)}`), undefined);
  });

  it('ELATION 3: apiv2 stands alone in a request, but for act_as_user; in a ceiling it may stand beside others', () => {
    assert.equal(parseScopes('apiv2 system/patients.read'), undefined);
    assert.equal(parseScopes('openid apiv2'), undefined);
    assert.equal(parseScopes('act_as_user apiv2')?.length, 2);
    assert.equal(parseCeiling('apiv2 system/AuditEvent.rs')?.length, 2);
  });

  it('ELATION 2: there are 78 names and 151 scopes, five of them read only', () => {
    const all = Object.values(nativeScopes).flatMap((group) => Object.entries(group));
    assert.equal(all.length, 78);
    assert.equal(nativeScopeTexts.length, 151);
    assert.equal(all.filter(([, { permissions }]) => !permissions.includes('write')).length, 5);
  });

  it('names native resources in declarations as the table does, with the types that it governs', async () => {
    const byName = new Map(Object.values(nativeScopes).flatMap((group) => Object.entries(group)));
    for (const { type, native } of (await loadRegistry()).all())
      for (const { name } of native)
        assert.ok(
          byName.get(name)?.governs.some((each) => each.split('?')[0] === type),
          `${type} ${name}`,
        );
  });
});

/** Any scope that the grammar takes. */
const anyScope = fc.oneof(
  fc.constantFrom(...nativeScopeTexts, 'apiv2', 'act_as_user', 'openid', 'launch/patient'),
  fc
    .record({
      level: fc.constantFrom('patient', 'user', 'system'),
      type: fc.constantFrom('*', 'Patient', 'Observation', 'Encounter', 'AuditEvent'),
      letters: fc.constantFrom('r', 's', 'rs', 'cud', 'cruds', 'read', 'write', '*'),
      query: fc.array(fc.tuple(fc.constantFrom('category', 'code'), fc.subarray(['a', 'b', 'c'], { minLength: 1 })), {
        maxLength: 2,
      }),
    })
    .map(({ level, type, letters, query }) => {
      const narrows = type !== '*' && /^[cruds]+$/.test(letters) && query.length > 0;
      const text = query.map(([param, values]) => `${param}=${values.join(',')}`).join('&');
      return `${level}/${type}.${letters}${narrows ? `?${text}` : ''}`;
    }),
);

const covering = { pinned: false, named: new Set(['AuditEvent']) };

describe('access/covers', () => {
  it('THREAT 36: reading what was written says the same', () =>
    fc.assert(fc.property(anyScope, (text) => assert.deepEqual(parseScope(scope(text).text), scope(text)))));

  it('is reflexive', () => fc.assert(fc.property(anyScope, (text) => covers(scope(text), scope(text), covering))));

  it('is transitive', () => {
    const pool = fc.sample(anyScope, { numRuns: 400, seed: 1 }).map(scope);
    const pairs = pool.flatMap((one) =>
      pool.filter((two) => covers(one, two, covering)).map((two) => [one, two] as const),
    );
    assert.ok(pairs.length > 1000);
    for (const [one, two] of pairs)
      for (const three of pool)
        if (covers(two, three, covering))
          assert.ok(covers(one, three, covering), `${one.text} ${two.text} ${three.text}`);
  });

  const cases: [has: string, asked: string, covers: boolean][] = [
    ['system/*.cruds', 'system/Observation.rs', true],
    ['system/*.rs', 'system/Observation.write', false],
    ['system/Observation.rs', 'system/Observation.rs?category=a', true],
    ['system/Observation.rs?category=a', 'system/Observation.rs', false],
    ['system/Observation.rs?category=a,b', 'system/Observation.rs?category=a', true],
    ['system/Observation.rs?category=a', 'system/Observation.rs?category=a,b', false],
    ['system/Observation.rs?category=a', 'system/Observation.rs?category=a&code=x', true],
    ['system/Observation.rs?category=a&code=x', 'system/Observation.rs?category=a', false],
    ['user/*.cruds', 'system/Patient.r', false],
    ['system/*.cruds', 'user/Patient.r', false],
    ['system/*.cruds', 'patient/Patient.r', false],
    ['apiv2', 'system/*.cruds', true],
    ['apiv2', 'system/letters.write', true],
    ['apiv2', 'user/*.rs', false],
    ['apiv2', 'act_as_user', false],
    ['apiv2', 'system/AuditEvent.rs', false],
    ['system/*.cruds', 'system/AuditEvent.rs', false],
    ['system/AuditEvent.rs', 'system/AuditEvent.r', true],
    ['system/*.cruds', 'system/vitals.read', false],
    ['system/vitals.read', 'system/Observation.rs', false],
    ['system/vitals.write', 'system/vitals.read', false],
    ['system/*.cruds', 'apiv2', false],
  ];
  for (const [has, asked, is] of cases)
    it(`${has} ${is ? 'covers' : 'does not cover'} ${asked}`, () =>
      assert.equal(covers(scope(has), scope(asked), covering), is));

  it('lets a credential that is confined to a patient ask at the patient’s level', () => {
    assert.ok(covers(scope('system/*.rs'), scope('patient/Observation.rs'), { ...covering, pinned: true }));
    assert.ok(!covers(scope('patient/*.rs'), scope('system/Observation.rs'), { ...covering, pinned: true }));
  });
});
