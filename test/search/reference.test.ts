import { describeSearch } from './describe-search.js';
import { documentReference, observation, patient } from './resources.js';

const to = (reference: string): object => ({ reference });

describeSearch(
  'search/reference',
  'Observation',
  [
    patient('p1'),
    patient('p2'),
    { resourceType: 'Practitioner', id: 'p1' },
    { resourceType: 'Organization', id: 'o1', name: 'One' },
    observation('of-p1', { subject: to('Patient/p1'), performer: [to('Practitioner/p1'), to('Organization/o1')] }),
    observation('of-p2', { subject: to('Patient/p2'), performer: [to('Patient/p2')] }),
    observation('group', { subject: { reference: 'Group/p1' } }),
    observation('elsewhere', { subject: to('https://other.example/fhir/Patient/p1') }),
    observation('identified', {
      subject: { identifier: { system: 'urn:oid:1', value: 'mrn-7' }, display: 'By number' },
      performer: [to('Practitioner/p1'), { identifier: { system: 'urn:oid:1', value: 'lic-9' } }],
    }),
    observation('member', {
      subject: to('Patient/p1'),
      hasMember: [to('Observation/of-p1'), to('Observation/of-p2/_history/1')],
      focus: [to('Patient/p2')],
    }),
    observation('alone'),
  ],
  {
    'REST 36: by id, by type and id': [
      ['subject=Patient/p1', 'member of-p1'],
      ['subject=p1', 'group member of-p1'],
      ['patient=p1', 'member of-p1'],
      ['patient=Patient/p1', 'member of-p1'],
      ['subject=Group/p1', 'group'],
      ['subject=Patient/p1,Patient/p2', 'member of-p1 of-p2'],
      ['subject=Patient/P1', ''],
      ['subject=none', ''],
    ],
    'REST 36: :Type, for the types that it may refer to': [
      ['subject:Patient=p1', 'member of-p1'],
      ['subject:Group=p1', 'group'],
      ['performer:Practitioner=p1', 'identified of-p1'],
      ['performer:Patient=p2', 'of-p2'],
      ['subject:Organization=o1', '400 unsupported-modifier'],
      ['patient:Group=p1', '400 unsupported-modifier'],
    ],
    'REST 36: a type that it cannot refer to is refused': [
      ['patient=Group/p1', '400 invalid-parameter'],
      ['subject=Organization/o1', '400 invalid-parameter'],
      ['subject:Patient=Group/p1', '400 invalid-parameter'],
      ['subject=Patient/', '400 invalid-parameter'],
      ['subject=Patient/a b', '400 invalid-parameter'],
      ['subject=/Patient/p1', '400 invalid-parameter'],
    ],
    'REST 36: URLs of other servers': [
      ['subject=https://other.example/fhir/Patient/p1', 'elsewhere'],
      ['subject=https://other.example/fhir/Patient/p2', ''],
    ],
    'REST 36: versions do not matter': [
      ['has-member=Observation/of-p2', 'member'],
      ['has-member=of-p2', 'member'],
      ['has-member=Observation/of-p2/_history/1', 'member'],
      ['subject=Patient/p1/_history/3', 'member of-p1'],
    ],
    'REST 36: references that have no column of their own': [
      ['performer=Organization/o1', 'of-p1'],
      ['performer=o1', 'of-p1'],
      ['performer=Practitioner/p1', 'identified of-p1'],
      ['focus=Patient/p2', 'member'],
      ['focus=p2', 'member'],
    ],
    'REST 36: :identifier': [
      ['subject:identifier=mrn-7', 'identified'],
      ['subject:identifier=urn:oid:1|mrn-7', 'identified'],
      ['subject:identifier=urn:oid:2|mrn-7', ''],
      ['performer:identifier=lic-9', 'identified'],
      ['patient:identifier=lic-9', ''],
    ],
    'REST 38: :missing': [
      ['subject:missing=true', 'alone'],
      ['subject:missing=false', 'elsewhere group identified member of-p1 of-p2'],
      ['patient:missing=true', 'alone elsewhere group identified'],
      ['has-member:missing=false', 'member'],
      ['focus:missing=true', 'alone elsewhere group identified of-p1 of-p2'],
      ['performer:missing=true', 'alone elsewhere group member'],
    ],
  },
);

describeSearch(
  'search/uri',
  'DocumentReference',
  [
    ...[
      ['folder', 'http://files.example/a'],
      ['slash', 'http://files.example/a/'],
      ['file', 'http://files.example/a/b.txt'],
      ['deep', 'http://files.example/a/b/c%20d'],
      ['sibling', 'http://files.example/ab'],
      ['case', 'http://files.example/A'],
      ['urn', 'urn:oid:1.2.3'],
    ].map(([id = '', url]) => documentReference(id, { content: [{ attachment: { contentType: 'text/plain', url } }] })),
    documentReference('two', {
      relatesTo: [
        { code: 'replaces', target: to('DocumentReference/folder') },
        { code: 'appends', target: to('DocumentReference/slash') },
      ],
      content: [
        { attachment: { contentType: 'text/plain', url: 'http://files.example/x' } },
        { attachment: { contentType: 'text/plain', url: 'http://files.example/y,z' } },
      ],
    }),
  ],
  {
    'REST 38: a URI is matched exactly': [
      ['location=http://files.example/a', 'folder'],
      ['location=http://files.example/a/', 'slash'],
      ['location=http://files.example/A', 'case'],
      ['location=urn:oid:1.2.3', 'urn'],
      ['location=urn:oid:1.2', ''],
      ['location=http://files.example/y\\,z', 'two'],
    ],
    'REST 38: :below is a path and what lies in it': [
      ['location:below=http://files.example/a', 'deep file folder slash'],
      ['location:below=http://files.example/a/', 'deep file slash'],
      ['location:below=http://files.example/a/b', 'deep'],
      ['location:below=http://files.example', 'case deep file folder sibling slash two'],
    ],
    'REST 38: :above is a path and what it lies in': [
      ['location:above=http://files.example/a/b/c%2520d', 'deep folder slash'],
      ['location:above=http://files.example/a', 'folder'],
      ['location:above=http://files.example/ab/c', 'sibling'],
      ['location:above=urn:oid:1.2.3', 'urn'],
    ],
    'REST 38: the composite of a relation': [
      ['relationship=DocumentReference/folder$replaces', 'two'],
      ['relationship=folder$http://hl7.org/fhir/document-relationship-type|replaces', 'two'],
      ['relationship=DocumentReference/folder$appends', ''],
      ['relationship=DocumentReference/folder$urn:oid:1|replaces', ''],
      ['relationship=Patient/folder$replaces', '400 invalid-parameter'],
      ['relatesto=DocumentReference/folder&relation=appends', 'two'],
    ],
  },
);
