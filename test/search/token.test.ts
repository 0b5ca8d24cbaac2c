import { describeSearch } from './describe-search.js';
import { coded, observation, patient } from './resources.js';

const LOINC = 'http://loinc.org';
const LOCAL = 'urn:oid:1.2.3';
const category = (code: string): object =>
  coded('http://terminology.hl7.org/CodeSystem/observation-category', code, code === 'exam' ? 'Bedside Examen' : code);

describeSearch(
  'search/token on codes',
  'Observation',
  [
    observation('one', { code: coded(LOINC, '8893-0', 'Heart rate'), category: [category('vital-signs')] }),
    observation('two', {
      code: {
        coding: [
          { system: LOINC, code: '8480-6' },
          { system: LOCAL, code: 'SYS', display: 'Système' },
        ],
      },
      category: [category('vital-signs'), category('exam')],
    }),
    observation('bare', { code: coded(undefined, '8893-0') }),
    observation('odd', { code: coded(LOCAL, 'a,b|c$d\\e'), status: 'preliminary' }),
    observation('text', { code: { text: 'Sturzgefährdung' }, category: [category('exam')] }),
    observation('display', { code: { coding: [{ system: LOCAL, display: 'Only displayed' }] } }),
  ],
  {
    'REST 35: code, system|code, |code and system|': [
      ['code=8893-0', 'bare one'],
      [`code=${LOINC}|8893-0`, 'one'],
      ['code=|8893-0', 'bare'],
      [`code=${LOINC}|`, 'one two'],
      [`code=${LOCAL}|`, 'display odd two'],
      [`code=${LOCAL}|8893-0`, ''],
      ['code=8893-0,SYS', 'bare one two'],
      ['code=8893-0&code=SYS', ''],
      ['code=8480-6&code=SYS', 'two'],
      [`code=${LOINC}|8893-0|x`, '400 invalid-parameter'],
      ['code=|', '400 invalid-parameter'],
    ],
    'REST 35: a further coding or category is found like the first': [
      ['code=SYS', 'two'],
      [`code=${LOCAL}|SYS`, 'two'],
      ['code=|SYS', ''],
      ['category=exam', 'text two'],
      ['category=vital-signs', 'one two'],
      ['category=vital-signs&category=exam', 'two'],
      ['category=vital-signs,exam', 'one text two'],
    ],
    'REST 35: :not is the complement, with what lacks the element': [
      ['code:not=8893-0', 'display odd text two'],
      ['category:not=exam', 'bare display odd one'],
      ['category:not=vital-signs', 'bare display odd text'],
      ['category:not=vital-signs,exam', 'bare display odd'],
      ['code:not=SYS', 'bare display odd one text'],
      ['category:not=exam&category:not=vital-signs', 'bare display odd'],
      [`code:not=${LOCAL}|`, 'bare one text'],
      ['status:not=final', 'odd'],
      ['status:not=http://hl7.org/fhir/observation-status|final', 'odd'],
      ['combo-code:not=8893-0', 'display odd text two'],
    ],
    'REST 45: :text alone would look into every text': [['code:text=heart', '400 too-costly']],
    'REST 35: :text starts with text or display, ignoring case and accents': [
      ['code:text=heart&_id=one,two,text,display', 'one'],
      ['code:text=STURZGEFAHR&_id=one,two,text,display', 'text'],
      ['code:text=systeme&_id=one,two,text,display', 'two'],
      ['code:text=only%20disp&_id=one,two,text,display', 'display'],
      ['code:text=rate&_id=one,two,text,display', ''],
      ['category:text=bedside&_id=one,two,text,display', 'text two'],
      ['code:text=%25&_id=one,two,text,display', ''],
    ],
    'REST 35: the system of an element of type code is implied': [
      ['status=final', 'bare display one text two'],
      ['status=http://hl7.org/fhir/observation-status|preliminary', 'odd'],
      ['status=http://hl7.org/fhir/observation-status|', 'bare display odd one text two'],
      [`status=${LOINC}|preliminary`, ''],
      ['status=|preliminary', ''],
      ['status=Final', ''],
    ],
    'REST 33: separators that a backslash escapes belong to the value': [
      ['code=a\\,b\\|c\\$d\\\\e', 'odd'],
      [`code=${LOCAL}|a\\,b\\|c\\$d\\\\e`, 'odd'],
      ['code=a%5C%2Cb%5C%7Cc%5C%24d%5C%5Ce', 'odd'],
      ['code=a,b', ''],
      ['code=8893-0%2C8480-6', 'bare one two'],
    ],
    'REST 38: :missing': [
      ['category:missing=true', 'bare display odd'],
      ['category:missing=false', 'one text two'],
      ['code:missing=true', ''],
      ['method:missing=true', 'bare display odd one text two'],
      ['category:missing=maybe', '400 invalid-parameter'],
    ],
    'REST 32: modifiers that are not supported are refused': [
      ['code:in=http://x.example/vs', '400 unsupported-modifier'],
      ['code:not-in=http://x.example/vs', '400 unsupported-modifier'],
      ['code:exact=8893-0', '400 unsupported-modifier'],
      ['status:text=final', '400 unsupported-modifier'],
      ['code:of-type=a|b|c', '400 unsupported-modifier'],
      ['code:=8893-0', '400 unsupported-modifier'],
    ],
    'REST 33: an empty parameter is ignored, and one of separators alone is refused': [
      ['code=&status=preliminary', 'odd'],
      ['code=8893-0,', 'bare one'],
      ['code=,', '400 invalid-parameter'],
      ['code:not=,', '400 invalid-parameter'],
    ],
    'REST 39: _id': [
      ['_id=one', 'one'],
      ['_id=one,two,none', 'one two'],
      ['_id=one&_id=two', ''],
      ['_id:not=one', 'bare display odd text two'],
      ['_id=Observation/one', ''],
    ],
  },
);

const identifierType = (code: string): object => ({
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code }],
});

describeSearch(
  'search/token on identifiers, contacts and booleans',
  'Patient',
  [
    patient('mr', {
      active: true,
      identifier: [{ system: LOCAL, value: '0012', type: identifierType('MR') }],
      telecom: [{ system: 'phone', value: '+1 555 0100', use: 'home' }],
    }),
    patient('ss', {
      active: false,
      deceasedBoolean: true,
      identifier: [
        { system: 'urn:oid:9.9', value: '0012', type: identifierType('SS') },
        { system: LOCAL, value: '0013', type: identifierType('MR') },
      ],
      telecom: [{ system: 'email', value: 'A.B@mail.example' }],
    }),
    patient('dead', { deceasedDateTime: '2024-02-29', identifier: [{ value: '0012' }] }),
    patient('two-types', {
      deceasedBoolean: false,
      identifier: [
        {
          system: LOCAL,
          value: 'x',
          type: { coding: [...(identifierType('MR') as any).coding, { system: LOCAL, code: 'OWN' }] },
        },
      ],
    }),
    patient('none'),
  ],
  {
    'REST 35: identifiers by value and by system': [
      ['identifier=0012', 'dead mr ss'],
      [`identifier=${LOCAL}|0012`, 'mr'],
      ['identifier=|0012', 'dead'],
      [`identifier=${LOCAL}|`, 'mr ss two-types'],
      ['identifier=12', ''],
      ['identifier:missing=true', 'none'],
      ['identifier:not=0012', 'none two-types'],
    ],
    'REST 35: :of-type matches type and value in the same identifier': [
      ['identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|0012', 'mr'],
      ['identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|0013', 'ss'],
      ['identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|SS|0013', ''],
      [`identifier:of-type=${LOCAL}|OWN|x`, 'two-types'],
      ['identifier:of-type=MR|0012', '400 invalid-parameter'],
      ['identifier:of-type=|MR|0012', '400 invalid-parameter'],
    ],
    'REST 35: booleans': [
      ['active=true', 'mr'],
      ['active=false', 'ss'],
      ['active=http://terminology.hl7.org/CodeSystem/special-values|false', 'ss'],
      ['active=urn:oid:1|false', ''],
      ['active:not=true', 'dead none ss two-types'],
      ['active:missing=true', 'dead none two-types'],
      ['active=yes', '400 invalid-parameter'],
      ['deceased=true', 'dead ss'],
      ['deceased=false', 'mr none two-types'],
    ],
    'REST 35: contact points by value, and by their kind alone': [
      ['phone=%2B1%20555%200100', 'mr'],
      ['email=A.B@mail.example', 'ss'],
      ['phone=A.B@mail.example', ''],
      ['telecom=A.B@mail.example', 'ss'],
      ['telecom=home|%2B1%20555%200100', 'mr'],
      ['phone:missing=true', 'dead none ss two-types'],
      ['email:not=A.B@mail.example', 'dead mr none two-types'],
    ],
  },
);
