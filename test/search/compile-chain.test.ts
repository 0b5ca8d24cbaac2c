import { describeCompile, type Line } from './compile-table.js';

const lines: readonly Line[] = [
  {
    what: 'chain',
    query: 'patient.gender=male',
    sqlite:
      '(t.organization_id = ? and exists (select 1 from patient as tx where tx.id = substr(t.subject, ?) and t.subject = ? || tx.id and (tx.organization_id = ? and tx.gender = ?))) <- ["org",9,"Patient/","org","male"]',
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
      '(t.organization_id = ? and exists (select 1 from observation_member as c where (c.organization_id = ? and c.parent_id = t.id and exists (select 1 from observation as tx where tx.id = substr(c.target, ?) and c.target = ? || tx.id and (tx.organization_id = ? and exists (select 1 from encounter as txx where txx.id = substr(tx.encounter, ?) and tx.encounter = ? || txx.id and (txx.organization_id = ? and txx.id = ?))))))) <- ["org","org",13,"Observation/","org",11,"Encounter/","org","e"]',
  },
  {
    what: 'chain: beside the columns',
    query: 'performer:Practitioner._id=d',
    options: { overflows: ['performer'] },
    sqlite:
      '(t.organization_id = ? and (exists (select 1 from practitioner as tx where tx.id = substr(t.performer, ?) and t.performer = ? || tx.id and (tx.organization_id = ? and tx.id = ?)) or exists (select 1 from overflow as o where (o.id = t.id and o.organization_id = ? and o.type = ? and o.param = ? and exists (select 1 from practitioner as tx where tx.id = substr(o.reference, ?) and o.reference = ? || tx.id and (tx.organization_id = ? and tx.id = ?)))))) <- ["org",14,"Practitioner/","org","d","org","Observation","performer",14,"Practitioner/","org","d"]',
  },
  {
    what: '_has',
    query: '_has:Observation:patient:code=x',
    options: { type: 'Patient' },
    sqlite:
      '(t.organization_id = ? and exists (select 1 from observation as tx where (tx.subject = ? || t.id and (tx.organization_id = ? and tx.code_code = ?)))) <- ["org","Patient/","org","x"]',
  },
  {
    what: '_has: bounded',
    query: '_id=p&_has:Observation:patient:code=x',
    options: { type: 'Patient', patient: 'p' },
    sqlite:
      '(t.organization_id = ? and t.id = ? and t.id = ? and exists (select 1 from observation as tx where (tx.subject = ? || t.id and (tx.organization_id = ? and tx.patient_id = ? and tx.code_code = ?)))) <- ["org","p","p","Patient/","org","p","x"]',
  },
  {
    what: '_has: through a child and beside the columns',
    query: '_has:Communication:recipient:_id=c',
    options: { type: 'Practitioner', overflows: ['recipient'] },
    sqlite:
      '(t.organization_id = ? and (exists (select 1 from communication_recipient as r, communication as tx where (r.recipient = ? || t.id and r.organization_id = ? and r.parent_id = tx.id and (tx.organization_id = ? and tx.id = ?))) or exists (select 1 from overflow as o, communication as tx where (o.reference = ? || t.id and o.organization_id = ? and o.type = ? and o.param = ? and o.id = tx.id and (tx.organization_id = ? and tx.id = ?))))) <- ["org","Practitioner/","org","org","c","Practitioner/","org","Communication","recipient","org","c"]',
  },
];

describeCompile('search/compile: REST 36', lines);
