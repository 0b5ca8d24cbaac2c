import { describeCompile, type Line } from './compile-table.js';

const lines: readonly Line[] = [
  {
    what: 'chain: leads',
    query: 'patient.gender=male',
    sqlite:
      '(t.organization_id = ? and t.subject in (select ? || tx.id from patient as tx where (tx.organization_id = ? and tx.gender = ?))) <- ["org","Patient/","org","male"]',
  },
  {
    what: 'chain: bounded',
    query: 'subject:Patient.gender=male',
    options: { patient: 'p1' },
    sqlite:
      '(t.organization_id = ? and t.patient_id = ? and exists (select 1 from patient as tx where tx.id = substr(t.subject, ?) and t.subject = ? || tx.id and (tx.organization_id = ? and tx.id = ? and tx.gender = ?))) <- ["org","p1",9,"Patient/","org","p1","male"]',
  },
  {
    what: 'chain: in a child and in a row',
    query: 'has-member.encounter._id=e',
    sqlite:
      '(t.organization_id = ? and t.id in (select c.parent_id from observation_member as c where (c.organization_id = ? and c.target in (select ? || tx.id from observation as tx where (tx.organization_id = ? and tx.encounter in (select ? || txx.id from encounter as txx where (txx.organization_id = ? and txx.id = ?))))))) <- ["org","org","Observation/","org","Encounter/","org","e"]',
  },
  {
    what: 'chain: beside the columns',
    query: 'performer:Practitioner._id=d',
    options: { overflows: ['performer'] },
    sqlite:
      '(t.organization_id = ? and (t.performer in (select ? || tx.id from practitioner as tx where (tx.organization_id = ? and tx.id = ?)) or t.id in (select o.id from overflow as o where (o.organization_id = ? and o.type = ? and o.param = ? and o.reference in (select ? || tx.id from practitioner as tx where (tx.organization_id = ? and tx.id = ?)))))) <- ["org","Practitioner/","org","d","org","Observation","performer","Practitioner/","org","d"]',
  },
  {
    what: '_has: leads',
    query: '_has:Observation:patient:code=x',
    options: { type: 'Patient' },
    sqlite:
      '(t.organization_id = ? and t.id in (select substr(tx.subject, ?) from observation as tx where tx.subject >= ? and tx.subject < ? and (tx.organization_id = ? and tx.code_code = ?))) <- ["org",9,"Patient/","Patient0","org","x"]',
  },
  {
    what: '_has: bounded',
    query: '_id=p&_has:Observation:patient:code=x',
    options: { type: 'Patient', patient: 'p' },
    sqlite:
      '(t.organization_id = ? and t.id = ? and t.id = ? and exists (select 1 from observation as tx where tx.subject = ? || t.id and (tx.organization_id = ? and tx.patient_id = ? and tx.code_code = ?))) <- ["org","p","p","Patient/","org","p","x"]',
  },
  {
    what: '_has: through a child and beside the columns',
    query: '_has:Communication:recipient:_id=c',
    options: { type: 'Practitioner', overflows: ['recipient'] },
    sqlite:
      '(t.organization_id = ? and (t.id in (select substr(r.recipient, ?) from communication_recipient as r, communication as tx where r.recipient >= ? and r.recipient < ? and (r.organization_id = ? and r.parent_id = tx.id and (tx.organization_id = ? and tx.id = ?))) or t.id in (select substr(o.reference, ?) from overflow as o, communication as tx where o.reference >= ? and o.reference < ? and (o.organization_id = ? and o.type = ? and o.param = ? and o.id = tx.id and (tx.organization_id = ? and tx.id = ?))))) <- ["org",14,"Practitioner/","Practitioner0","org","org","c",14,"Practitioner/","Practitioner0","org","Communication","recipient","org","c"]',
  },
];

describeCompile('search/compile: REST 36', lines);
