import { describeSearch } from './describe-search.js';
import { coded, observation, patient } from './resources.js';

const named = (id: string, family: string, ...given: string[]): object =>
  patient(id, { name: [{ family, ...(given.length > 0 && { given }) }] });

describeSearch(
  'search/string on names',
  'Patient',
  [
    named('eve-nfc', 'Éveline'.normalize('NFC'), 'Zoë'),
    named('eve-nfd', 'Éveline'.normalize('NFD'), 'Zoe'),
    named('eve-plain', 'EVELINE', 'Bo', 'Middle', 'Third'),
    named('percent', '100%_sure!', 'Q'),
    named('hundred', '100XXsureY'),
    named('comma', 'Van, Der $ | \\ Berg'),
    named('cyrillic', 'Жуков', 'Пётр'),
    named('greek', 'ΠΑΠΑΔΟΣΑΣ'),
    named('last', '\u{10FFFD}zeta'),
    patient('two-names', {
      name: [
        { use: 'official', text: 'Dr. Ada Byron', prefix: ['Dr.'], given: ['Ada'], family: 'Byron', suffix: ['MD'] },
        { use: 'old', family: 'King', given: ['Augusta'] },
      ],
    }),
    patient('nameless'),
  ],
  {
    'REST 34: starts with, ignoring case, accents and their encoding': [
      ['family=eveline', 'eve-nfc eve-nfd eve-plain'],
      ['family=EVEL', 'eve-nfc eve-nfd eve-plain'],
      ['family=' + encodeURIComponent('ÉVE'.normalize('NFC')), 'eve-nfc eve-nfd eve-plain'],
      ['family=' + encodeURIComponent('éve'.normalize('NFD')), 'eve-nfc eve-nfd eve-plain'],
      ['given=zoe', 'eve-nfc eve-nfd'],
      ['family=veline', ''],
      ['family=' + encodeURIComponent('жУК'), 'cyrillic'],
      ['given=' + encodeURIComponent('петр'), 'cyrillic'],
      ['family=' + encodeURIComponent('παπαδος'), 'greek'],
      ['family=' + encodeURIComponent('ΠΑΠΑΔΟΣ'), 'greek'],
      ['family=' + encodeURIComponent('\u{10FFFD}'), 'last'],
    ],
    'REST 34: :exact knows case and accents': [
      ['family:exact=EVELINE', 'eve-plain'],
      ['family:exact=eveline', ''],
      ['family:exact=EVEL', ''],
      ['family:exact=' + encodeURIComponent('Éveline'.normalize('NFC')), 'eve-nfc'],
    ],
    'REST 34: :contains': [
      ['family:contains=VELI', 'eve-nfc eve-nfd eve-plain'],
      ['family:contains=sure', 'hundred percent'],
      ['family:contains=zeta', 'last'],
    ],
    'REST 45: wildcards of SQL are text': [
      ['family=100%25_', 'percent'],
      ['family:contains=%25', 'percent'],
      ['family:contains=_', 'percent'],
      ['family:contains=!', 'percent'],
      ['family:contains=!!', ''],
      ['family:contains=%25_sure!', 'percent'],
      ['family:contains=0__s', ''],
      ['family=%25', ''],
    ],
    'REST 33: separators that a backslash escapes belong to the value': [
      ['family=van\\, der', 'comma'],
      ['family:exact=Van\\, Der \\$ \\| \\\\ Berg', 'comma'],
      ['family=der\\, van,van\\,der', ''],
      ['family=byron,king', 'two-names'],
    ],
    'REST 34: every part of every name is found': [
      ['name=ada', 'two-names'],
      ['name=dr.', 'two-names'],
      ['name=md', 'two-names'],
      ['name=augusta', 'two-names'],
      ['given=third', 'eve-plain'],
      ['given=middle', 'eve-plain'],
      ['name=third', 'eve-plain'],
      ['given:exact=Third', 'eve-plain'],
      ['given:contains=hir', 'eve-plain'],
      ['family=byron&family=king', 'two-names'],
    ],
    'REST 38: :missing': [
      ['family:missing=true', 'nameless'],
      ['name:missing=true', 'nameless'],
      ['given:missing=true', 'comma greek hundred last nameless'],
    ],
    'REST 34: a text that is nothing but accents does not find everybody': [
      ['family=%CC%81', '400 invalid-parameter'],
      ['family:contains=%CC%81', '400 invalid-parameter'],
    ],
    'REST 32: other modifiers and prefixes': [
      ['family:text=x', '400 unsupported-modifier'],
      ['family:not=x', '400 unsupported-modifier'],
      ['family=geveline', ''],
    ],
  },
);

describeSearch(
  'search/string on addresses',
  'Patient',
  [
    patient('home', {
      address: [
        { use: 'home', line: ['1 Main St', 'Apt 2', 'c/o Nobody'], city: 'Zürich', postalCode: '08001', country: 'CH' },
      ],
    }),
    patient('text', { address: [{ text: 'somewhere in Köln' }] }),
  ],
  {
    'REST 34: address parts, and the address by any of them': [
      ['address-city=zur', 'home'],
      ['address-postalcode=08', 'home'],
      ['address-postalcode=8', ''],
      ['address=main', ''],
      ['address=1%20main', 'home'],
      ['address=apt', 'home'],
      ['address=c/o', 'home'],
      ['address=ch', 'home'],
      ['address:contains=koln', 'text'],
      ['address-use=home', 'home'],
    ],
  },
);

describeSearch(
  'search/string on values',
  'Observation',
  [
    observation('string', { valueString: 'Négatif' }),
    observation('concept', { valueCodeableConcept: coded('urn:oid:1', 'n', 'Negative') }),
    observation('many', {
      valueCodeableConcept: {
        coding: [
          { system: 'urn:oid:1', code: 'a' },
          { system: 'urn:oid:1', code: 'b', display: 'Beta' },
        ],
      },
    }),
  ],
  {
    'REST 34: value-string finds strings and the texts of concepts': [
      ['value-string=neg', 'concept string'],
      ['value-string:exact=Negative', 'concept'],
      ['code-value-string=8893-0$neg', 'string'],
      ['value-concept=b', 'many'],
      ['value-concept:text=beta&_id=many,string', 'many'],
      ['value-string:missing=true', 'many'],
    ],
  },
);
