import assert from 'node:assert/strict';
import { deriveKey, seal, unseal } from '../../src/store/seal.js';

const secret = 'a secret for tests, which opens nothing';

describe('store/seal', () => {
  const key = deriveKey(secret, 'cursors');

  for (const plain of ['', 'x', 'Lindqvist, Ada', '山田 \u{1F600}', 'y'.repeat(100_000)])
    it(`opens what it sealed: ${String(plain.length)} characters`, () =>
      assert.equal(unseal(key, seal(key, plain, 'context'), 'context'), plain));

  it('does not show what it holds, and never looks the same twice', () => {
    const sealed = Array.from({ length: 1000 }, () => seal(key, 'Lindqvist', 'context'));
    assert.equal(new Set(sealed).size, sealed.length);
    assert.equal(new Set(sealed.map((text) => text.slice(0, 16))).size, sealed.length, 'every nonce is used once');
    for (const text of sealed) {
      assert.match(text, /^[\w-]+$/, 'it can stand in a URL');
      assert.doesNotMatch(Buffer.from(text, 'base64url').toString('latin1'), /Lindqvist/);
    }
  });

  it('makes another key for another purpose and for another secret', () => {
    const sealed = seal(key, 'x', 'context');
    assert.equal(unseal(deriveKey(secret, 'signing keys'), sealed, 'context'), undefined);
    assert.equal(unseal(deriveKey(`${secret}.`, 'cursors'), sealed, 'context'), undefined);
    assert.equal(unseal(deriveKey(secret, 'cursors'), sealed, 'context'), 'x');
  });

  it('opens nothing in another context', () => {
    const sealed = seal(key, 'x', 'org_one');
    for (const context of ['org_two', '', 'org_one ']) assert.equal(unseal(key, sealed, context), undefined);
  });

  it('opens nothing that was changed, anywhere', () => {
    const bytes = Buffer.from(seal(key, 'some text', 'context'), 'base64url');
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] as number) ^ 1;
      assert.equal(unseal(key, changed.toString('base64url'), 'context'), undefined, String(index));
    }
  });

  it('opens nothing that is cut short, or is no sealed text', () => {
    const sealed = seal(key, 'some text', 'context');
    for (let length = 0; length < sealed.length - 1; length++)
      assert.equal(unseal(key, sealed.slice(0, length), 'context'), undefined);
    for (const text of ['', '....', 'x'.repeat(100)]) assert.equal(unseal(key, text, 'context'), undefined);
  });
});
