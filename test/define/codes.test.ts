import assert from 'node:assert/strict';
import { codes } from '../../src/define/codes.js';

describe('define/codes', () => {
  const genders = codes([
    [1, 'male'],
    [2, 'female'],
    ['2', 'other'],
    [9, 'unknown'],
    [0, 'unknown'],
  ]);

  it('translates what is stored, and tells a number from its text', () => {
    assert.equal(genders.toFhir(1), 'male');
    assert.equal(genders.toFhir(2), 'female');
    assert.equal(genders.toFhir('2'), 'other');
    assert.equal(genders.toFhir(0), 'unknown');
  });

  it('has no code for what is not in the table', () => {
    for (const stored of ['1', 3, null, undefined, true, '', 'toString', '__proto__', { 1: 1 }])
      assert.equal(genders.toFhir(stored), undefined);
  });

  it('gives every stored value of a code, and none of an unknown one', () => {
    assert.deepEqual(genders.toStored('unknown'), [9, 0]);
    assert.deepEqual(genders.toStored('male'), [1]);
    for (const code of ['Male', '', 'constructor']) assert.deepEqual(genders.toStored(code), []);
  });
});
