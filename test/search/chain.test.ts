import { describeSearch } from './describe-search.js';
import { coded, documentReference, observation, patient, ucum } from './resources.js';

const to = (reference: string): object => ({ reference });

const rows = [
  { resourceType: 'Organization', id: 'north', name: 'North', identifier: [{ system: 'urn:oid:1', value: 'n' }] },
  { resourceType: 'Organization', id: 'clinic', name: 'Clinic', partOf: to('Organization/north') },
  { resourceType: 'Practitioner', id: 'doc', name: [{ family: 'Grün' }] },
  { resourceType: 'Practitioner', id: 'nurse', name: [{ family: 'Braun' }] },
  // The id of a patient within that of another type: a reference to the one must not be taken for the other.
  { resourceType: 'Organization', id: '1234ada', name: 'Ada Foundation' },
  patient('ada', {
    name: [{ family: 'Lovelace', given: ['Ada'] }],
    birthDate: '1815-12-10',
    identifier: [{ system: 'urn:oid:2', value: 'a' }],
    generalPractitioner: [to('Practitioner/doc'), to('Practitioner/nurse')],
    managingOrganization: to('Organization/clinic'),
  }),
  patient('bob', { name: [{ family: 'Stone' }], gender: 'male', managingOrganization: to('Organization/north') }),
  patient('quiet'),
  observation('a1', {
    subject: to('Patient/ada'),
    performer: [to('Practitioner/doc')],
    code: coded('urn:oid:9', 'x'),
    valueQuantity: ucum(5, 'mmol/L'),
  }),
  observation('a2', {
    subject: to('Patient/ada'),
    performer: [to('Organization/1234ada'), to('Practitioner/nurse')],
    code: coded('urn:oid:9', 'y'),
    hasMember: [to('Observation/a1')],
  }),
  observation('b1', { subject: to('Patient/bob'), code: coded('urn:oid:9', 'x'), focus: [to('Patient/ada')] }),
  observation('elsewhere', { subject: to('https://other.example/fhir/Patient/ada') }),
  observation('named', { subject: { identifier: { value: 'a' } } }),
  observation('nobody'),
  documentReference('doc-a', { subject: to('Patient/ada'), author: [to('Practitioner/doc')] }),
];

describeSearch('search/chain', 'Observation', rows, {
  'REST 36: a reference is followed to what is asked of its target': [
    ['patient.name=love', 'a1 a2'],
    ['patient.family:exact=Lovelace', 'a1 a2'],
    ['patient.family:exact=lovelace', ''],
    ['subject:Patient.identifier=urn:oid:2|a', 'a1 a2'],
    ['subject:Patient.birthdate=lt1900', 'a1 a2'],
    ['patient.gender:not=male', 'a1 a2'],
    ['patient.gender:missing=true', 'a1 a2'],
    ['patient._id=ada,bob', 'a1 a2 b1'],
    ['patient.name=nobody', ''],
  ],
  'REST 36: it may stand in a child or beside the columns': [
    ['performer:Practitioner.family=grun', 'a1'],
    ['performer:Practitioner.family=braun', 'a2'],
    ['performer:Organization.name=ada', 'a2'],
    ['has-member.code=x', 'a2'],
    ['focus:Patient.family=love', 'b1'],
  ],
  'REST 36: without a type, it is every type that has the parameter': [
    ['performer._id=doc,1234ada', 'a1 a2'],
    ['performer.name=ada', 'a2'],
    ['performer.family=grun', 'a1'],
    ['subject.name=stone', 'b1'],
  ],
  'REST 36: several in a row, several at once, and values that are alternatives': [
    ['patient.organization.name=clinic', 'a1 a2'],
    ['patient.organization.partof.identifier=n', 'a1 a2'],
    ['patient.general-practitioner:Practitioner.family=braun', 'a1 a2'],
    ['patient.name=love&performer:Practitioner.family=braun', 'a2'],
    ['patient.family=love,stone&code=x', 'a1 b1'],
    ['patient.family=love&patient.family=stone', ''],
    ['patient=ada&patient.organization.name=clinic', 'a1 a2'],
    ['_id=a1,b1&patient.organization.name=clinic', 'a1'],
  ],
  'REST 36: what others say of the row, and the two together': [
    ['_has:Observation:has-member:code=y', 'a1'],
    ['_has:Observation:has-member:performer:Practitioner.family=braun', 'a1'],
    ['patient._has:DocumentReference:subject:author=doc', 'a1 a2'],
    ['patient._has:DocumentReference:subject:author:Practitioner.family=grun', 'a1 a2'],
  ],
  'REST 32: what cannot be asked is refused': [
    ['patient.nonsense=x', '400 unsupported-parameter'],
    ['patient:Group.name=x', '400 unsupported-parameter'],
    ['subject:Group.identifier=x', '400 unsupported-parameter'],
    ['code.name=x', '400 unsupported-parameter'],
    ['nonsense.name=x', '400 unsupported-parameter'],
    ['patient.birthdate=x', '400 invalid-parameter'],
    ['patient.name:nonsense=x', '400 unsupported-modifier'],
    ['patient.=x', '400 unsupported-parameter'],
    ['_has=x', '400 unsupported-parameter'],
    ['_has:Observation=x', '400 unsupported-parameter'],
    ['_has:Observation:has-member=x', '400 unsupported-parameter'],
    ['_has:Observation:patient:code=x', '400 unsupported-parameter'],
    ['_has:Nonsense:patient:code=x', '400 unsupported-parameter'],
    ['_has:Observation:has-member:nonsense=x', '400 unsupported-parameter'],
    ['_has:Observation:has-member:_sort=x', '400 unsupported-parameter'],
  ],
  'THREAT 73: more than a few resources in a row, or in all, is too costly': [
    ['has-member.has-member.has-member.code=x', ''],
    ['has-member.has-member.has-member.has-member.code=x', '400 too-costly'],
    [Array.from({ length: 17 }, () => 'patient.name=x').join('&'), '400 too-costly'],
    [`patient.name=${Array.from({ length: 201 }, () => 'x').join(',')}`, '400 too-costly'],
  ],
});

const many = Array.from({ length: 70 }, (_, index) => String(index + 10));
const all = (prefix: string): string => many.map((each) => `${prefix}${each}`).join(' ');
const crowd = [
  { resourceType: 'Practitioner', id: 'lead', active: true },
  ...many.flatMap((each) => [
    patient(`p${each}`, { active: true, generalPractitioner: [to('Practitioner/x'), to('Practitioner/lead')] }),
    { resourceType: 'Practitioner', id: `d${each}`, active: true },
    observation(`o${each}`, {
      subject: to(`Patient/p${each}`),
      performer: [to('Practitioner/nobody'), to(`Practitioner/d${each}`)],
      focus: [to(`Patient/p${each}`)],
      hasMember: [to(`Observation/m${each}`)],
    }),
    observation(`m${each}`, { code: coded('urn:oid:9', 'm') }),
  ]),
];

describeSearch('search/chain: to many', 'Observation', crowd, {
  'REST 36: where many others are met, each row finds its own': [
    ['patient.active=true&_count=100', all('o')],
    ['performer:Practitioner.active=true&_count=100', all('o')],
    ['performer.active=true&_count=100', all('o')],
    ['focus:Patient.active=true&_count=100', all('o')],
    ['has-member.code=m&_count=100', all('o')],
    ['_has:Observation:has-member:status=final&_count=100', all('m')],
    ['patient.general-practitioner:Practitioner.active=true&_count=100', all('o')],
    ['patient._has:Observation:focus:status=final&_count=100', all('o')],
    ['patient.active=false', ''],
  ],
});

describeSearch('search/chain: _has of many', 'Practitioner', crowd, {
  'REST 36: where many others are met, each row finds its own': [
    ['_has:Observation:performer:status=final&_count=100', all('d')],
    ['_has:Patient:general-practitioner:active=true', 'lead'],
    ['_has:Observation:performer:patient.active=true&_id=d10,d11,lead', 'd10 d11'],
  ],
});

describeSearch('search/chain: _has', 'Patient', rows, {
  'REST 36: a row is found by what refers to it': [
    ['_has:Observation:patient:code=x', 'ada bob'],
    ['_has:Observation:patient:code=y', 'ada'],
    ['_has:Observation:subject:value-quantity=gt4', 'ada'],
    ['_has:Observation:focus:code=x', 'ada'],
    ['_has:Observation:patient:_id=b1', 'bob'],
    ['_has:Observation:patient:code:not=x', 'ada'],
    ['_has:Observation:patient:performer:Practitioner.family=braun', 'ada'],
    ['_has:Observation:patient:_has:Observation:has-member:code=y', 'ada'],
    ['_has:Observation:patient:code=x&_has:DocumentReference:patient:author=doc', 'ada'],
    ['_id=bob&_has:Observation:patient:code=x', 'bob'],
    ['_id=quiet&_has:Observation:patient:code=x', ''],
    ['organization.name=north', 'bob'],
  ],
});

describeSearch('search/chain: _has through a child', 'Practitioner', rows, {
  'REST 36: the reference may stand in a child or beside the columns': [
    ['_has:Observation:performer:code=x', 'doc'],
    ['_has:Observation:performer:code=y', 'nurse'],
    ['_has:Patient:general-practitioner:name=love', 'doc nurse'],
    ['_has:DocumentReference:author:patient.name=love', 'doc'],
  ],
});
