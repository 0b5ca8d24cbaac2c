import assert from 'node:assert/strict';
import { AFTER_ALL, fold } from '../../src/define/fold.js';

describe('define/fold', () => {
  const same: [string, string][] = [
    ['Lindqvist', 'LINDQVIST'],
    ['Müller', 'muller'],
    ['Mu\u0308ller', 'M\u00fcller'],
    ['Nguyễn', 'nguyen'],
    ['Éloïse', 'ELOISE'],
    ["O'Brien", "o'brien"],
    ['', ''],
  ];
  for (const [one, other] of same) it(`'${one}' is found by '${other}'`, () => assert.equal(fold(one), fold(other)));

  it('keeps letters apart that are not accents of each other', () => {
    assert.notEqual(fold('Østby'), fold('Ostby'));
    assert.notEqual(fold('山田'), fold('山本'));
    assert.notEqual(fold('Ann Lee'), fold('AnnLee'));
  });

  it('is the same when it is applied twice', () => {
    for (const text of ['Müller', 'İstanbul', 'ΣΊΣΥΦΟΣ', 'ﬁne', '가나'])
      assert.equal(fold(fold(text)), fold(text), text);
  });

  it('has an end after every text with the same start, in the order of bytes', () => {
    const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');
    for (const rest of ['', 'z', 'é', '山', '\u{1F600}', '\uFFFF'])
      assert.ok(Buffer.compare(bytes(`an${rest}`), bytes(`an${AFTER_ALL}`)) < 0);
    assert.ok(Buffer.compare(bytes('ao'), bytes(`an${AFTER_ALL}`)) > 0);
  });
});
