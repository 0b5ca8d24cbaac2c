import type { Patient } from '@medplum/fhirtypes';
import { codes, date, defineResource, prefixed, text, token } from '../../src/define/index.js';

interface Row {
  pt_no: string;
  mrn: string;
  modified_ts: number;
  last_nm: string;
  dob: string;
  sex_cd: number;
}

const sexes = codes([
  [1, 'male'],
  [2, 'female'],
  [9, 'unknown'],
]);

/** Patients of a system that knows nothing of FHIR: two tables, joined, which are only read. */
export default defineResource<Patient, Row>({
  type: 'Patient',
  profiles: [],
  source: {
    from: (db) =>
      db('pt_master as m')
        .join('pt_demog as d', 'd.pt_no', 'm.pt_no')
        .select('m.pt_no', 'm.mrn', 'm.modified_ts', 'd.last_nm', 'd.dob', 'd.sex_cd'),
    id: 'pt_no',
    idCodec: prefixed('pt-'),
    updated: 'modified_ts',
    tenant: 'single',
    patient: 'pt_no',
  },
  patient: ['_id'],
  search: {
    birthdate: date({ start: 'dob', stored: 'date' }),
    family: text({ exact: 'last_nm' }),
    gender: token({ code: 'sex_cd', codes: sexes }, { system: 'http://hl7.org/fhir/administrative-gender' }),
    identifier: token({ code: 'mrn' }),
  },
  sort: ['_id', '_lastUpdated', 'birthdate'],
  view: {
    columns: ['mrn', 'last_nm', 'dob', 'sex_cd'],
    toFhir: (row: Row) => ({
      identifier: [{ system: 'urn:oid:2.16.840.1.113883.19.5', value: row.mrn }],
      name: [{ family: row.last_nm }],
      gender: sexes.toFhir(row.sex_cd),
      birthDate: row.dob,
    }),
  },
});
