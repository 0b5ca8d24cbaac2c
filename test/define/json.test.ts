import fc from 'fast-check';
import assert from 'node:assert/strict';
import { parseJson, writeJson } from '../../src/define/json.js';
import { OutcomeError } from '../../src/outcome.js';

const refused = (text: string, words: RegExp): void =>
  assert.throws(
    () => parseJson(text),
    (error: unknown) => {
      assert.ok(error instanceof OutcomeError);
      assert.equal(error.status, 400);
      assert.equal(error.code, 'invalid-json');
      assert.match(error.message, words);
      return true;
    },
  );

const again = (text: string): string => {
  const { value, literals } = parseJson(text);
  return writeJson(value, literals);
};

describe('define/json', () => {
  const literals = [
    '1.0',
    '37.50',
    '1e3',
    '1E+3',
    '3.80e1',
    '0.000',
    '-0',
    '-0.0',
    '1e-7',
    '0.0000001',
    '100',
    '1e400',
  ];
  const long = ['12345678901234567890', '0.12345678901234567890', '9007199254740993', '1.7976931348623157e309'];
  for (const literal of [...literals, ...long])
    it(`writes ${literal} as it was written`, () => {
      const text = `{"a":[${literal},{"b":${literal}}],"c":${literal}}`;
      assert.equal(again(text), text);
    });

  it('keeps literals of numbers only, and only of odd ones', () => {
    assert.deepEqual(parseJson('{"a":1.5,"b":"1.0","c":[100,0]}').literals, []);
    assert.deepEqual(parseJson('{"a":1.50,"b":["x",{"c":2.0}]}').literals, [
      ['a', '1.50'],
      ['b.1.c', '2.0'],
    ]);
  });

  it('writes a value that has changed since as it is now', () => {
    const { literals: kept } = parseJson('{"a":1.0,"b":2.0}');
    assert.equal(writeJson({ a: 5, b: 2 }, kept), '{"a":5,"b":2.0}');
    assert.equal(writeJson({ b: 2 }, kept), '{"b":2.0}');
    assert.equal(writeJson({ a: { deeper: 1 }, b: '2' }, kept), '{"a":{"deeper":1},"b":"2"}');
  });

  it('does not change the value that it writes', () => {
    const { value, literals: kept } = parseJson('{"a":{"b":[1.0]}}');
    writeJson(value, kept);
    assert.deepEqual(value, { a: { b: [1] } });
  });

  it('takes a byte order mark, and space around', () =>
    assert.deepEqual(parseJson('\ufeff {"a" :\r\n\t1.0} ').value, { a: 1 }));

  const twice = [
    '{"a":1,"a":2}',
    '{"a":1,"a":1}',
    '{"x":[{"a":"b"},{"a":"b","a":"c"}]}',
    '{"a":{},"b":1,"a":{}}',
    '{"a":"\\\\","a" \n: "\\""}',
    // The same name, written in another way.
    '{"a":1,"\\u0061":2}',
    '{"a":1.0,"a":2.0}',
  ];
  for (const text of twice)
    it(`refuses ${JSON.stringify(text)}: one of the two would be lost`, () => refused(text, /same member twice/));

  const once = ['{"a":"a:","b":"\\"a\\":1"}', '{"":"x","a":[":","\\\\"]}', '"a"', '[]', '{"a":"\\\\\\":"}', 'null'];
  for (const text of once) it(`takes ${text}`, () => assert.deepEqual(parseJson(text).value, JSON.parse(text)));

  it('reads what JSON.parse reads', () =>
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 8 }).filter((text) => !text.includes('__proto__')),
        (text) => {
          assert.deepEqual(parseJson(text).value, JSON.parse(text));
          assert.deepEqual(JSON.parse(again(text)), JSON.parse(text));
        },
      ),
    ));

  it('THREAT 70: refuses depth before anything recursive sees it', () => {
    const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    assert.ok(parseJson(nested(64)));
    refused(nested(66), /64 levels/);
    refused(nested(100_000), /64 levels/);
    refused(`${'{"a":'.repeat(10_000)}1.0${'}'.repeat(10_000)}`, /64 levels/);
  });

  it('THREAT 71: refuses __proto__', () => {
    refused('{"__proto__":{"polluted":true}}', /__proto__/);
    refused('{"a":[{"__proto__":1}]}', /__proto__/);
    refused('{"\\u005f_proto__":1.0}', /__proto__/);
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  });

  it('says where it stopped, never what stands there', () => {
    const secret = 'Lindqvist';
    for (const text of [
      '',
      '{',
      `{"a":"${secret}`,
      `{"a":${secret}}`,
      `{"a":1}${secret}`,
      '{a:1}',
      "{'a':1}",
      '01',
      '{"a":NaN}',
    ])
      assert.throws(
        () => parseJson(text),
        (error: unknown) => {
          assert.ok(error instanceof OutcomeError);
          assert.match(error.message, /^The body is not JSON/);
          assert.doesNotMatch(error.message, new RegExp(secret));
          return true;
        },
      );
  });
});
