import { describeCompile, type Line } from './compile-table.js';

const lines: readonly Line[] = [
  {
    what: 'token: code',
    query: 'code=8893-0',
    sqlite: '(t.organization_id = ? and t.code_code = ?) <- ["org","8893-0"]',
  },
  {
    what: 'token: system and code',
    query: 'code=http://loinc.org|8893-0',
    sqlite:
      '(t.organization_id = ? and (t.code_code = ? and t.code_system = ?)) <- ["org","8893-0","http://loinc.org"]',
  },
  {
    what: 'token: code without system',
    query: 'code=|8893-0',
    sqlite: '(t.organization_id = ? and (t.code_code = ? and t.code_system is null)) <- ["org","8893-0"]',
  },
  {
    what: 'token: system',
    query: 'code=http://loinc.org|',
    sqlite: '(t.organization_id = ? and t.code_system = ?) <- ["org","http://loinc.org"]',
  },
  {
    what: 'token: several values',
    query: 'code=a,b',
    sqlite: '(t.organization_id = ? and (t.code_code = ? or t.code_code = ?)) <- ["org","a","b"]',
  },
  {
    what: 'token: :not',
    query: 'category:not=exam',
    sqlite: '(t.organization_id = ? and (t.category_code = ?) is not true) <- ["org","exam"]',
  },
  {
    what: 'token: :text',
    query: 'code:text=Heart%20R%C3%A4te',
    sqlite:
      '(t.organization_id = ? and ((fold(t.code_text) >= ? and fold(t.code_text) < ?) or (fold(t.code_display) >= ? and fold(t.code_display) < ?))) <- ["org","heart rate","heart rate\u{10FFFF}","heart rate","heart rate\u{10FFFF}"]',
    postgres:
      "(t.organization_id = $1 and ((translate(lower(regexp_replace(normalize(t.code_text, NFD), $2, '', 'g')), 'ς', 'σ') >= $3 and translate(lower(regexp_replace(normalize(t.code_text, NFD), $4, '', 'g')), 'ς', 'σ') < $5) or (translate(lower(regexp_replace(normalize(t.code_display, NFD), $6, '', 'g')), 'ς', 'σ') >= $7 and translate(lower(regexp_replace(normalize(t.code_display, NFD), $8, '', 'g')), 'ς', 'σ') < $9))) <- [\"org\",\"COMBINING\",\"heart rate\",\"COMBINING\",\"heart rate\u{10FFFF}\",\"COMBINING\",\"heart rate\",\"COMBINING\",\"heart rate\u{10FFFF}\"]",
  },
  {
    what: 'token: :of-type',
    query: 'identifier:of-type=urn:oid:1|MR|7',
    options: { type: 'Patient' },
    sqlite:
      '(t.organization_id = ? and t.id in (select c.parent_id from patient_identifier as c where (c.organization_id = ? and (c.type_system = ? and c.type_code = ? and c.value = ?)))) <- ["org","org","urn:oid:1","MR","7"]',
  },
  {
    what: 'token: boolean',
    query: 'active=true',
    options: { type: 'Patient' },
    sqlite: '(t.organization_id = ? and t.active = ?) <- ["org",1]',
    postgres: '(t.organization_id = $1 and t.active = $2) <- ["org",true]',
  },
  {
    what: 'token: implied system',
    query: 'status=http://hl7.org/fhir/observation-status|final',
    sqlite: '(t.organization_id = ? and t.status = ?) <- ["org","final"]',
  },
  {
    what: 'token: another system than the implied',
    query: 'status=urn:oid:1|final',
    sqlite: '(t.organization_id = ? and 1 = 0) <- ["org"]',
  },
  {
    what: 'string: default',
    query: 'family=%C3%89ve',
    options: { type: 'Patient' },
    sqlite:
      '(t.organization_id = ? and t.id in (select c.parent_id from patient_name as c where (c.organization_id = ? and (c.family_fold >= ? and c.family_fold < ?)))) <- ["org","org","eve","eve\u{10FFFF}"]',
  },
  {
    what: 'string: :exact',
    query: 'family:exact=Eve',
    options: { type: 'Patient' },
    sqlite:
      '(t.organization_id = ? and t.id in (select c.parent_id from patient_name as c where (c.organization_id = ? and c.family = ?))) <- ["org","org","Eve"]',
  },
  {
    what: 'string: :contains',
    query: 'family:contains=100%25_!',
    options: { type: 'Patient' },
    sqlite:
      '(t.organization_id = ? and t.id in (select c.parent_id from patient_name as c where (c.organization_id = ? and c.family_fold like ? escape \'!\'))) <- ["org","org","%100!%!_!!%"]',
  },
  {
    what: 'date: eq',
    query: 'date=eq2024-02-29',
    sqlite:
      '(t.organization_id = ? and (t.effective_start >= ? and t.effective_end <= ?)) <- ["org",1709164800000,1709251200000]',
  },
  {
    what: 'date: ne',
    query: 'date=ne2024-02-29',
    sqlite:
      '(t.organization_id = ? and (t.effective_start > ? and (t.effective_start < ? or t.effective_end > ?))) <- ["org",-9000000000000000,1709164800000,1709251200000]',
  },
  {
    what: 'date: gt',
    query: 'date=gt2024-02-29',
    sqlite: '(t.organization_id = ? and t.effective_end > ?) <- ["org",1709251200000]',
  },
  {
    what: 'date: lt',
    query: 'date=lt2024-02-29',
    sqlite:
      '(t.organization_id = ? and (t.effective_start > ? and t.effective_start < ?)) <- ["org",-9000000000000000,1709164800000]',
  },
  {
    what: 'date: ge',
    query: 'date=ge2024-02-29',
    sqlite:
      '(t.organization_id = ? and (t.effective_start >= ? or t.effective_end > ?)) <- ["org",1709164800000,1709251200000]',
  },
  {
    what: 'date: le',
    query: 'date=le2024-02-29',
    sqlite:
      '(t.organization_id = ? and (t.effective_start > ? and (t.effective_start < ? or t.effective_end <= ?))) <- ["org",-9000000000000000,1709164800000,1709251200000]',
  },
  {
    what: 'date: sa',
    query: 'date=sa2024-02-29',
    sqlite: '(t.organization_id = ? and t.effective_start >= ?) <- ["org",1709251200000]',
  },
  {
    what: 'date: eb',
    query: 'date=eb2024-02-29',
    sqlite:
      '(t.organization_id = ? and (t.effective_start > ? and t.effective_end <= ?)) <- ["org",-9000000000000000,1709164800000]',
  },
  {
    what: 'date: precision and zone',
    query: 'date=2024-02-29T10:00%2B02:00',
    sqlite:
      '(t.organization_id = ? and (t.effective_start >= ? and t.effective_end <= ?)) <- ["org",1709193600000,1709193660000]',
  },
  {
    what: 'date: a point',
    query: '_lastUpdated=le2024',
    sqlite: '(t.organization_id = ? and t.updated_at < ?) <- ["org",1735689600000]',
  },
  {
    what: 'date: between',
    query: 'date=ge2024-01&date=lt2024-02',
    sqlite:
      '(t.organization_id = ? and (t.effective_start >= ? or t.effective_end > ?) and (t.effective_start > ? and t.effective_start < ?)) <- ["org",1704067200000,1706745600000,-9000000000000000,1706745600000]',
  },
  {
    what: 'reference: Type/id',
    query: 'patient=Patient/p1',
    sqlite: '(t.organization_id = ? and t.subject = ?) <- ["org","Patient/p1"]',
  },
  {
    what: 'reference: absolute URL of this server',
    query: 'patient=http://fhir.example/R4/Patient/p1',
    sqlite: '(t.organization_id = ? and t.subject = ?) <- ["org","Patient/p1"]',
  },
  {
    what: 'reference: versioned',
    query: 'patient=Patient/p1/_history/3',
    sqlite: '(t.organization_id = ? and t.subject = ?) <- ["org","Patient/p1"]',
  },
  {
    what: 'reference: id',
    query: 'encounter=e1',
    sqlite:
      '(t.organization_id = ? and (t.encounter = ? or t.encounter = ?)) <- ["org","Encounter/e1","EpisodeOfCare/e1"]',
  },
  {
    what: 'reference: :Type',
    query: 'subject:Group=g1',
    sqlite: '(t.organization_id = ? and t.subject = ?) <- ["org","Group/g1"]',
  },
  {
    what: 'reference: :identifier',
    query: 'subject:identifier=urn:oid:1|7',
    sqlite:
      '(t.organization_id = ? and exists (select 1 from overflow as o where (o.id = t.id and o.organization_id = ? and o.type = ? and o.param = ? and (o.code = ? and o.system = ?)))) <- ["org","org","Observation","subject:identifier","7","urn:oid:1"]',
  },
  {
    what: 'quantity: implied precision',
    query: 'value-quantity=5.4',
    sqlite: '(t.organization_id = ? and (t.value_value >= ? and t.value_value < ?)) <- ["org",5.35,5.45]',
  },
  {
    what: 'quantity: in base units',
    query: 'value-quantity=gt5.4|http://unitsofmeasure.org|mg',
    sqlite:
      '(t.organization_id = ? and (t.value_canonical_unit = ? and t.value_canonical > ?)) <- ["org","0 0 1 0 0 0 0 0 0",0.0054]',
  },
  {
    what: 'quantity: a unit that does not convert',
    query: 'value-quantity=gt5.4|http://unitsofmeasure.org|[IU]',
    sqlite:
      '(t.organization_id = ? and (t.value_value > ? and t.value_unit_code = ? and t.value_unit_system = ?)) <- ["org",5.4,"[IU]","http://unitsofmeasure.org"]',
  },
  {
    what: 'quantity: unit',
    query: 'value-quantity=le5||mg',
    sqlite:
      '(t.organization_id = ? and (t.value_value <= ? and (t.value_unit_code = ? or t.value_unit = ?))) <- ["org",5,"mg","mg"]',
  },
  {
    what: 'uri: exact',
    query: 'location=urn:oid:1',
    options: { type: 'DocumentReference' },
    sqlite:
      '(t.organization_id = ? and t.id in (select c.parent_id from document_content as c where (c.organization_id = ? and c.url = ?))) <- ["org","org","urn:oid:1"]',
  },
  {
    what: 'uri: :below',
    query: 'location:below=http://x.example/a',
    options: { type: 'DocumentReference' },
    sqlite:
      '(t.organization_id = ? and t.id in (select c.parent_id from document_content as c where (c.organization_id = ? and (c.url = ? or (c.url >= ? and c.url < ?))))) <- ["org","org","http://x.example/a","http://x.example/a/","http://x.example/a/\u{10FFFF}"]',
  },
  {
    what: 'uri: :above',
    query: 'location:above=http://x.example/a/b',
    options: { type: 'DocumentReference' },
    sqlite:
      '(t.organization_id = ? and t.id in (select c.parent_id from document_content as c where (c.organization_id = ? and (c.url = ? or c.url = ? or c.url = ? or c.url = ? or c.url = ?)))) <- ["org","org","http://x.example/a/b","http://x.example/a","http://x.example/a/","http://x.example","http://x.example/"]',
  },
  {
    what: 'composite',
    query: 'code-value-quantity=8893-0$gt70',
    sqlite: '(t.organization_id = ? and (t.code_code = ? and t.value_value > ?)) <- ["org","8893-0",70]',
  },
  {
    what: 'composite within a child',
    query: 'component-code-value-quantity=8480-6$gt140',
    sqlite:
      '(t.organization_id = ? and t.id in (select c.parent_id from observation_component as c where (c.organization_id = ? and (c.code_code = ? and c.value_value > ?)))) <- ["org","org","8480-6",140]',
  },
  {
    what: 'either',
    query: 'combo-code=8893-0',
    sqlite:
      '(t.organization_id = ? and (t.code_code = ? or t.id in (select c.parent_id from observation_component as c where (c.organization_id = ? and c.code_code = ?)))) <- ["org","8893-0","org","8893-0"]',
  },
  {
    what: 'within, bounded',
    query: 'patient=p1&component-code=8480-6',
    sqlite:
      '(t.organization_id = ? and t.subject = ? and exists (select 1 from observation_component as c where (c.organization_id = ? and c.parent_id = t.id and c.code_code = ?))) <- ["org","Patient/p1","org","8480-6"]',
  },
  {
    what: 'missing: column',
    query: 'code:missing=true',
    sqlite:
      '(t.organization_id = ? and (((t.code_code is not null or t.code_system is not null or t.code_text is not null or t.code_display is not null) and 1 = 1)) is not true) <- ["org"]',
  },
  {
    what: 'missing: child',
    query: 'component-code:missing=false',
    sqlite:
      '(t.organization_id = ? and exists (select 1 from observation_component as c where (c.organization_id = ? and c.parent_id = t.id and ((c.code_code is not null or c.code_system is not null or c.code_text is not null or c.code_display is not null) and 1 = 1)))) <- ["org","org"]',
  },
  {
    what: 'overflow: leads',
    query: 'code=SYS',
    options: { overflows: ['code'] },
    sqlite:
      '(t.organization_id = ? and t.code_code = ?)) as a union select * from (select t.id as id, t.version as version from overflow as o cross join observation as t on t.id = o.id where (o.organization_id = ? and o.type = ? and o.param = ? and o.code = ? and t.organization_id = ?)) as b <- ["org","SYS","org","Observation","code","SYS","org"]',
    postgres:
      '(t.organization_id = $1 and t.code_code = $2)) as a union select * from (select t.id as id, t.version as version from overflow as o join observation as t on t.id = o.id where (o.organization_id = $3 and o.type = $4 and o.param = $5 and o.code = $6 and t.organization_id = $7)) as b <- ["org","SYS","org","Observation","code","SYS","org"]',
  },
  {
    what: 'overflow: bounded',
    query: 'patient=p1&code=SYS',
    options: { overflows: ['code'] },
    sqlite:
      '(t.organization_id = ? and t.subject = ? and (t.code_code = ? or exists (select 1 from overflow as o where (o.id = t.id and o.organization_id = ? and o.type = ? and o.param = ? and o.code = ?)))) <- ["org","Patient/p1","SYS","org","Observation","code","SYS"]',
  },
  {
    what: 'overflow: :not',
    query: 'code:not=SYS',
    options: { overflows: ['code'] },
    sqlite:
      '(t.organization_id = ? and ((t.code_code = ? or exists (select 1 from overflow as o where (o.id = t.id and o.organization_id = ? and o.type = ? and o.param = ? and o.code = ?)))) is not true) <- ["org","SYS","org","Observation","code","SYS"]',
  },
  {
    what: 'kept',
    query: 'focus=Patient/p1',
    sqlite:
      '(t.organization_id = ? and 1 = 0)) as a union select * from (select t.id as id, t.version as version from overflow as o cross join observation as t on t.id = o.id where (o.organization_id = ? and o.type = ? and o.param = ? and o.reference = ? and t.organization_id = ?)) as b <- ["org","org","Observation","focus","Patient/p1","org"]',
    postgres:
      '(t.organization_id = $1 and 1 = 0)) as a union select * from (select t.id as id, t.version as version from overflow as o join observation as t on t.id = o.id where (o.organization_id = $2 and o.type = $3 and o.param = $4 and o.reference = $5 and t.organization_id = $6)) as b <- ["org","org","Observation","focus","Patient/p1","org"]',
  },
  {
    what: 'pin',
    query: 'code=8893-0',
    options: { patient: 'p1' },
    sqlite: '(t.organization_id = ? and t.patient_id = ? and t.code_code = ?) <- ["org","p1","8893-0"]',
  },
  {
    what: 'pin of the patient itself',
    query: '_id=p2',
    options: { type: 'Patient', patient: 'p1' },
    sqlite: '(t.organization_id = ? and t.id = ? and t.id = ?) <- ["org","p1","p2"]',
  },
  {
    what: 'pin does not narrow what is shared',
    query: '_id=d',
    options: { type: 'Practitioner', patient: 'p1' },
    sqlite: '(t.organization_id = ? and t.id = ?) <- ["org","d"]',
  },
  {
    what: 'page: first',
    query: 'code=x',
    options: { aim: { kind: 'page' } },
    sqlite:
      '(t.organization_id = ? and t.code_code = ?) order by t.effective_start desc, t.id desc limit cast(? as integer) <- ["org","x",21]',
  },
  {
    what: 'page: after',
    query: 'code=x',
    options: { aim: { kind: 'page', position: { direction: 'after', row: { keys: [5], id: 'o' } } } },
    sqlite:
      '(t.organization_id = ? and (t.effective_start, t.id) < (?, ?) and t.code_code = ?) order by t.effective_start desc, t.id desc limit cast(? as integer) <- ["org",5,"o","x",21]',
  },
  {
    what: 'page: before',
    query: 'code=x',
    options: { aim: { kind: 'page', position: { direction: 'before', row: { keys: [5], id: 'o' } } } },
    sqlite:
      '(t.organization_id = ? and (t.effective_start, t.id) > (?, ?) and t.code_code = ?) order by t.effective_start asc, t.id asc limit cast(? as integer) <- ["org",5,"o","x",21]',
  },
  {
    what: 'page: mixed directions',
    query: '_sort=-date,_id',
    options: { aim: { kind: 'page', position: { direction: 'after', row: { keys: [5], id: 'o' } } } },
    sqlite:
      '(t.organization_id = ? and (t.effective_start < ? or (t.effective_start = ? and t.id > ?))) order by t.effective_start desc, t.id asc limit cast(? as integer) <- ["org",5,5,"o",21]',
  },
  {
    what: 'page: after NULL',
    query: '_sort=value-quantity',
    options: { aim: { kind: 'page', position: { direction: 'after', row: { keys: [null], id: 'o' } } } },
    sqlite:
      '(t.organization_id = ? and (t.value_value is not null or (t.value_value is null and t.id > ?))) order by t.value_value asc nulls first, t.id asc limit cast(? as integer) <- ["org","o",21]',
  },
  {
    what: 'page: descending into NULL',
    query: '_sort=-value-quantity',
    options: { aim: { kind: 'page', position: { direction: 'after', row: { keys: [5], id: 'o' } } } },
    sqlite:
      '(t.organization_id = ? and ((t.value_value < ? or t.value_value is null) or (t.value_value = ? and t.id < ?))) order by t.value_value desc nulls last, t.id desc limit cast(? as integer) <- ["org",5,5,"o",21]',
  },
];

describeCompile('search/compile: REST 33-38', lines);
