import assert from 'node:assert/strict';
import fc from 'fast-check';
import { covers } from '../../src/access/covers.js';
import { parseScope } from '../../src/access/grammar.js';
import { meet } from '../../src/access/meet.js';

const covering = { pinned: false, named: new Set(['AuditEvent']) };
const both = (asked: string, limit: string): string | undefined =>
  meet(parseScope(asked)!, parseScope(limit)!, covering)?.text;

describe('access/meet', () => {
  it('keeps the words of a scope that a limit allows', () => {
    assert.equal(both('patient/Observation.read', 'patient/*.cruds'), 'patient/Observation.read');
    assert.equal(both('openid', 'openid'), 'openid');
  });

  it('leaves of a wider scope what the limit allows', () => {
    assert.equal(both('patient/*.cruds', 'patient/*.rs'), 'patient/*.rs');
    assert.equal(both('patient/*.*', 'patient/Observation.rs'), 'patient/Observation.read');
    assert.equal(both('patient/*.cr', 'patient/Observation.rs'), 'patient/Observation.r');
    assert.equal(both('user/Observation.rs', 'user/*.s'), 'user/Observation.s');
  });

  it('joins two queries, so that both narrow', () => {
    const [a, b] = ['http://a.example|x', 'http://a.example|y z'];
    const left = both(
      `patient/Observation.rs?category=${a}`,
      `patient/Observation.r?category=${encodeURIComponent(b)}`,
    );
    assert.equal(left, `patient/Observation.r?category=${a}&category=http://a.example|y%20z`);
  });

  it('finds nothing in what has nothing in common', () => {
    for (const [asked, limit] of [
      ['patient/*.rs', 'user/*.rs'],
      ['patient/*.rs', 'system/*.rs'],
      ['patient/Patient.rs', 'patient/Observation.rs'],
      ['patient/*.c', 'patient/*.rs'],
      ['user/*.cruds', 'user/AuditEvent.rs'],
      ['user/AuditEvent.rs', 'user/*.cruds'],
      ['openid', 'fhirUser'],
      ['openid', 'patient/*.rs'],
    ])
      assert.equal(both(asked!, limit!), undefined, `${asked!} ${limit!}`);
  });

  it('THREAT 35: never opens what one of the two would not', () => {
    const scope = fc
      .record({
        level: fc.constantFrom('patient', 'user', 'system'),
        type: fc.constantFrom('*', 'Patient', 'Observation', 'AuditEvent'),
        letters: fc.constantFrom('r', 's', 'rs', 'cruds', 'cu', 'd', 'read', 'write', '*'),
        query: fc.constantFrom('', '?category=a', '?category=a,b', '?code=c&category=b', '?code=%26%3D%25'),
      })
      .map(({ level, type, letters, query }) => parseScope(`${level}/${type}.${letters}${query}`))
      .filter((each) => each !== undefined);
    fc.assert(
      fc.property(scope, scope, (asked, limit) => {
        const left = meet(asked, limit, covering);
        if (!left) return;
        assert.ok(covers(asked, left, covering), `${left.text} is more than ${asked.text}`);
        assert.ok(covers(limit, left, covering), `${left.text} is more than ${limit.text}`);
      }),
      { numRuns: 2000 },
    );
  });
});
