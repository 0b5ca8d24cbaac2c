import assert from 'node:assert/strict';
import { OutcomeError } from '../../src/outcome.js';
import { fromXml, fromXmlInTurns } from '../../src/xml/from-xml.js';
import { toXml } from '../../src/xml/to-xml.js';

const F = 'xmlns="http://hl7.org/fhir"';
const X = 'xmlns="http://www.w3.org/1999/xhtml"';
const patient = (inner: string, attributes = ''): string => `<Patient ${F}${attributes}>${inner}</Patient>`;

/** The refusal of a text, which says where. */
function refusal(sent: Buffer | string, most = 1_000_000): { status: number; text: string; at: string } {
  try {
    fromXml(sent, most);
  } catch (error) {
    assert.ok(error instanceof OutcomeError, String(error));
    return { status: error.status, text: error.message, at: error.issues[0]?.expression?.[0] ?? '' };
  }
  assert.fail(`not refused: ${String(sent).slice(0, 200)}`);
}

const json = (xml: string): any => JSON.parse(fromXml(xml, 1_000_000));

const malformed: readonly [what: string, xml: string, text: RegExp, at?: string][] = [
  ['nothing', '', /Line 1: This is not well-formed/],
  ['text', 'x', /not well-formed/],
  ['JSON', '{"resourceType":"Patient"}', /not well-formed/],
  ['no end', `<Patient ${F}>`, /not well-formed/, 'Patient'],
  ['another end', `<Patient ${F}></patient>`, /not well-formed/],
  ['two roots', patient('<active value="true"/>').repeat(2), /not well-formed/],
  ['the same attribute twice', patient('<active value="true" value="false"/>'), /not well-formed/],
  ['an unknown entity', patient('<id value="&x;"/>'), /not well-formed/],
  ['an entity of HTML', patient('<id value="&nbsp;"/>'), /not well-formed/],
  ['NUL by its number', patient('<id value="&#0;"/>'), /not well-formed/],
  ['a control character', patient('<id value="\u0001"/>'), /not well-formed/],
  ['an unknown prefix', '<f:Patient/>', /not well-formed/],
  [
    'a line',
    `<Patient ${F}>\n<active value="true"/>\r\n<nonsense value="1"/></Patient>`,
    /^Line 3: /,
    'Patient.nonsense',
  ],
];

const strange: readonly [what: string, xml: string, text: RegExp, at: string][] = [
  ['no resource', `<Nonsense ${F}/>`, /resource type/, ''],
  ['a data type', `<HumanName ${F}/>`, /resource type/, ''],
  ['an abstract type', `<DomainResource ${F}/>`, /resource type/, ''],
  ['no namespace', '<Patient/>', /namespace/, ''],
  ['another namespace', '<Patient xmlns="http://hl7.org/fhir/"/>', /namespace/, ''],
  ['a child of another namespace', patient('<active xmlns="urn:x" value="true"/>'), /namespace/, 'Patient.active'],
  [
    'a child of a prefix',
    `<Patient ${F} xmlns:x="urn:x"><x:active value="true"/></Patient>`,
    /namespace/,
    'Patient.active',
  ],
  ['a value of a prefix', patient('<active x:value="true"/>', ' xmlns:x="urn:x"'), /attribute/, 'Patient.active.value'],
  ['an unknown element', patient('<name><nick value="x"/></name>'), /no such element/, 'Patient.name[0].nick'],
  ['a name of JavaScript', patient('<__proto__ value="x"/>'), /no such element/, 'Patient.__proto__'],
  ['a name of JSON', patient('<_birthDate id="x"/>'), /no such element/, 'Patient._birthDate'],
  ['resourceType', patient('<resourceType value="Patient"/>'), /no such element/, 'Patient.resourceType'],
  ['an unknown attribute', patient('<active value="true" x="1"/>'), /no such attribute/, 'Patient.active.x'],
  ['an attribute of the root', patient('<active value="true"/>', ' id="p"'), /no such attribute/, 'Patient.id'],
  ['a value of what has none', patient('<name value="x"/>'), /no such attribute/, 'Patient.name[0].value'],
  ['xml:lang', patient('<active value="true" xml:lang="en"/>'), /no such attribute/, 'Patient.active.lang'],
  ['an id as an element', patient('<name><id value="x"/></name>'), /attribute in XML/, 'Patient.name[0].id'],
  [
    'a URL as an element',
    patient('<extension><url value="x"/></extension>'),
    /attribute in XML/,
    'Patient.extension[0].url',
  ],
  ['the wrong order', patient('<gender value="male"/><active value="true"/>'), /too late/, 'Patient.active'],
  [
    'a list that is torn',
    patient('<name><text value="a"/></name><active value="true"/><name/>'),
    /too late/,
    'Patient.active',
  ],
  ['one too many', patient('<active value="true"/><active value="true"/>'), /no more/, 'Patient.active'],
  [
    ...(['two of a choice', patient('<deceasedBoolean value="true"/><deceasedDateTime value="2024"/>')] as const),
    ...([/one type/, 'Patient.deceasedDateTime'] as const),
  ],
  ['text', patient('<active>true</active>'), /text here/, 'Patient.active'],
  ['a section', patient('<active><![CDATA[true]]></active>'), /text here/, 'Patient.active'],
  ['no value', patient('<active/>'), /empty/, 'Patient.active'],
  ['an empty value', patient('<active value=""/>'), /empty/, 'Patient.active'],
  ['an empty id', patient('<name id=""/>'), /empty/, 'Patient.name[0]'],
  ['an empty element', patient('<name/>'), /empty/, 'Patient.name[0]'],
  ['a boolean of another kind', patient('<active value="1"/>'), /boolean/, 'Patient.active'],
  ['a boolean with a blank', patient('<active value="true "/>'), /boolean/, 'Patient.active'],
  ['a number that is none', patient('<multipleBirthInteger value="0x1"/>'), /number/, 'Patient.multipleBirthInteger'],
  [
    'a number of JavaScript',
    patient('<multipleBirthInteger value="Infinity"/>'),
    /number/,
    'Patient.multipleBirthInteger',
  ],
  [
    'a number with a zero before it',
    patient('<multipleBirthInteger value="01"/>'),
    /number/,
    'Patient.multipleBirthInteger',
  ],
  [
    'what breaks out of a number',
    patient('<multipleBirthInteger value="1,&quot;a&quot;:2"/>'),
    /number/,
    'Patient.multipleBirthInteger',
  ],
  ['nothing that is contained', patient('<contained/>'), /no resource/, 'Patient.contained[0]'],
  [
    'two that are contained',
    patient('<contained><Basic/><Basic/></contained>'),
    /one resource/,
    'Patient.contained[0]',
  ],
  ['a contained data type', patient('<contained><Period/></contained>'), /resource type/, 'Patient.contained[0]'],
  ['a narrative without its namespace', patient('<text><div>x</div></text>'), /namespace/, 'Patient.text.div'],
  ['a narrative that leaves it', patient(`<text><div ${X}><a ${F}/></div></text>`), /not XHTML/, 'Patient.text'],
  [
    'a narrative that has more',
    patient(`<text><div ${X} xmlns:x="urn:x" x:y="z"/></text>`),
    /not XHTML/,
    'Patient.text',
  ],
];

describe('xml: what is refused', () => {
  for (const [what, xml, text, at] of [...malformed, ...strange])
    it(`REST 5: ${what} is 400, and says where`, () => {
      const refused = refusal(xml);
      assert.equal(refused.status, 400);
      assert.match(refused.text, text);
      assert.match(refused.text, /^Line \d+: /);
      if (at !== undefined) assert.equal(refused.at, at);
    });

  it('THREAT 70: no document type is read, so that nothing is expanded and nothing is fetched', () => {
    const laughs = Array.from(
      { length: 9 },
      (_, index) => `<!ENTITY l${String(index + 1)} "${`&l${String(index)};`.repeat(10)}">`,
    );
    const documents = [
      `<!DOCTYPE Patient [<!ENTITY l0 "ha">${laughs.join('')}]>${patient('<id value="&l9;"/>')}`,
      `<!DOCTYPE Patient [<!ENTITY x SYSTEM "file:///etc/passwd">]>${patient('<id value="&x;"/>')}`,
      `<!DOCTYPE Patient SYSTEM "http://127.0.0.1:1/x.dtd">${patient('<active value="true"/>')}`,
      `<!DOCTYPE Patient [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x">%x;]>${patient('<active value="true"/>')}`,
      `<?xml version="1.0"?><!DOCTYPE Patient>${patient('<active value="true"/>')}`,
    ];
    for (const xml of documents) assert.match(refusal(xml).text, /document type/, xml.slice(0, 60));
    assert.match(refusal(`<?xml-stylesheet href="x"?>${patient('')}`).text, /processing instruction/);
    assert.match(refusal(patient('<?php x?>')).text, /processing instruction/);
    assert.match(refusal(patient(`<text><div ${X}><?x y?></div></text>`)).text, /processing instruction/);
  });

  it('THREAT 70: what is deep, long or many ends early', () => {
    const extension = '<extension url="x">';
    const deep = patient(extension.repeat(100) + '</extension>'.repeat(100));
    assert.match(refusal(deep).text, /nested more than 64/);
    const div = patient(`<text><div ${X}>${'<b>'.repeat(100_000)}`);
    assert.match(refusal(div).text, /nested more than 200/);
    const many = refusal(patient('<name><text value="x"/></name>'.repeat(6000)), 10_000);
    assert.equal(many.status, 413);
    const started = performance.now();
    for (const attributes of ['a', 'xmlns:a']) {
      const list = Array.from({ length: 30_000 }, (_, index) => ` ${attributes}${String(index)}="urn:x"`);
      refusal(`${patient('', list.join(''))}x`);
    }
    assert.equal(json(patient(`<language value="${'x'.repeat(1_000_000)}"/>`)).language.length, 1_000_000);
    refusal(patient(`<language value="${'&amp;'.repeat(200_000)}"/>x`));
    refusal(`<!-- ${'- '.repeat(500_000)}`);
    refusal('<'.repeat(100_000));
    refusal(`<!DOCTYPE ${'['.repeat(500_000)}`);
    assert.ok(performance.now() - started < 5000);
  });

  it('REST 5: only UTF-8 is read, with its mark or without', () => {
    const xml = patient('<name><family value="Åß\u{1F600}"/></name>');
    assert.equal(json(`\ufeff${xml}`).name[0].family, 'Åß\u{1F600}');
    assert.equal(
      JSON.parse(fromXml(Buffer.from(`\ufeff<?xml version="1.0" encoding="utf-8"?>${xml}`), 99)).name[0].family,
      'Åß\u{1F600}',
    );
    for (const bytes of [Buffer.from(`\ufeff${xml}`, 'utf16le'), Buffer.from(xml, 'latin1')])
      assert.match(refusal(bytes).text, /UTF-8/);
    assert.equal(refusal(Buffer.from(xml, 'utf16le')).status, 400);
    for (const encoding of ['ISO-8859-1', 'UTF-16', 'utf-7'])
      assert.match(refusal(`<?xml version="1.0" encoding="${encoding}"?>${xml}`).text, /UTF-8/);
    assert.match(refusal(`<?xml version="1.1"?>${xml}`).text, /XML 1.0/);
    assert.match(refusal(` <?xml version="1.0"?>${xml}`).text, /Line 1/);
  });
});

describe('xml: what is read', () => {
  it('REST 2: comments, white space, prefixes and where the schema is say nothing', () => {
    const plain = { resourceType: 'Patient', active: true, name: [{ given: ['A', 'B'] }] };
    const schema =
      'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://hl7.org/fhir x.xsd"';
    const inner =
      '<active value="true"/><!-- x --><name>\r\n\t<given value="A"/><!-- y -->\n<given value="B"></given></name>';
    assert.deepEqual(json(`<!-- first -->${patient(inner, ` ${schema}`)}\n<!-- last -->\n`), plain);
    const prefixed = inner.replace(/<(\/?)(active|name|given)/g, '<$1f:$2');
    assert.deepEqual(json(`<f:Patient xmlns:f="http://hl7.org/fhir">${prefixed}</f:Patient>`), plain);
    assert.deepEqual(json(patient('<multipleBirthInteger value="+2"/>')).multipleBirthInteger, 2);
  });

  it('REST 2: characters by their numbers are characters, and line ends of an attribute are blanks', () => {
    const xml = patient('<name><text value="a&#10;b&#x9;&lt;&quot;&apos;\nc\r\nd"/></name>');
    assert.equal(json(xml).name[0].text, `a\nb\t<"' c d`);
  });

  const div = (xml: string): string =>
    json(patient(`<text><status value="generated"/>${xml}</text>`)).text.div as string;

  it('REST 2: a narrative comes through as it is written', () => {
    for (const inner of [
      'x',
      'a<br/>b<br />c',
      "<p class='a'>&#160;&amp;&lt; \n <!-- c --> é</p>",
      '<pre xml:space="preserve"> x\n</pre>',
    ])
      for (const open of [`<div ${X}>`, `<div ${X} xml:lang="en" lang="en">`, `<div\n ${X} >`])
        assert.equal(div(`${open}${inner}</div>`), `${open}${inner}</div>`);
    assert.equal(div(`<div ${X}>a\r\nb&#13;c</div>`), `<div ${X}>a\nb\rc</div>`);
  });

  it('THREAT 70: a large body is read in turns, and is the same', async () => {
    const inner = '\u{1F600}<p title="&#10;é">a &amp; b<!-- c --></p>\n'.repeat(12_000);
    const text = '\u{1F600}x'.repeat(100_000);
    const xml = patient(
      `<text><status value="generated"/><div ${X}>${inner}</div></text><name><text value="${text}"/></name>`,
    );
    let turns = 0;
    const others = setInterval(() => turns++, 0);
    const read = JSON.parse(await fromXmlInTurns(Buffer.from(xml), 100_000));
    clearInterval(others);
    assert.equal(read.text.div, `<div ${X}>${inner}</div>`);
    assert.equal(read.name[0].text, text);
    assert.ok(turns > 2, String(turns));
    await assert.rejects(fromXmlInTurns(Buffer.from(`${xml.slice(0, -20)}x`), 100_000), /not well-formed/);
  });

  it('REST 2: a narrative with prefixes or sections is the same without them', () => {
    const xml = `<h:div xmlns:h="http://www.w3.org/1999/xhtml" lang='"'><h:p>a&amp;<h:br/></h:p><!-- c --></h:div>`;
    assert.equal(div(xml), `<div ${X} lang="&quot;"><p>a&amp;<br/></p><!-- c --></div>`);
    assert.equal(div(`<div ${X}><![CDATA[<script>&]]></div>`), `<div ${X}>&lt;script&gt;&amp;</div>`);
    const inherited = `<f:Patient xmlns:f="http://hl7.org/fhir" ${X}><f:text><div><p>x</p></div></f:text></f:Patient>`;
    assert.equal(json(inherited).text.div, `<div ${X}><p>x</p></div>`);
  });

  it('REST 2: what a narrative names, XML has by its number; what is no XHTML is shown as text', () => {
    const shown = (div: string): string => {
      const xml = toXml(JSON.stringify({ resourceType: 'Basic', text: { status: 'generated', div } }));
      return JSON.parse(fromXml(xml, 1000)).text.div as string;
    };
    assert.equal(
      shown(`<div ${X}>&nbsp;&euro;&hearts;&amp;&nothing;</div>`),
      `<div ${X}>&#160;&#8364;&#9829;&amp;&amp;nothing;</div>`,
    );
    assert.equal(shown(`<div ${X}>a\r\nb</div>`), `<div ${X}>a\r\nb</div>`);
    for (const broken of [
      'x',
      '<div>x</div>',
      `<p ${X}>x</p>`,
      `<div ${X}>x`,
      `</div><Patient>`,
      `<!DOCTYPE a><div ${X}/>`,
    ]) {
      const back = shown(broken);
      assert.equal(back, `<div ${X}>${broken.replace(/</g, '&lt;').replace(/>/g, '&gt;')}</div>`);
    }
  });
});
