import type { Provenance } from '@medplum/fhirtypes';
import { date, defineResource, reference } from '../src/define/index.js';
import { usCore } from './elements/us-core.js';

interface Row {
  organization_id: string;
  provenance_id: string;
  type: string;
  id: string;
  version: number;
  method: 'POST' | 'PUT' | 'DELETE';
  at: number;
  patient_id: string | null;
  credential_id: string | null;
  user_id: string | null;
  agent: string | null;
  organization: string | null;
  organization_name: string;
}

/** R5 has an element for the patient; R4 lets it be said by this extension (https://hl7.org/fhir/R4/versions.html#extensions). */
const PATIENT = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Provenance.patient';

/** Who wrote which version of what, through which client: the history as FHIR. See docs/decisions/0019. */
export default defineResource<Provenance, Row>({
  type: 'Provenance',
  profiles: [usCore('us-core-provenance')],
  source: {
    from: (db) =>
      db('history as h')
        .join('org as o', 'o.id', 'h.organization_id')
        .select('h.organization_id', 'h.provenance_id', 'h.type', 'h.id', 'h.version', 'h.method', 'h.at')
        .select('h.patient_id', 'h.credential_id', 'h.user_id', 'h.agent', 'o.organization')
        .select('o.name as organization_name'),
    history: true,
    id: 'provenance_id',
    updated: 'at',
    tenant: 'organization_id',
    patient: 'patient_id',
  },
  about: 'target',
  patient: ['patient'],
  search: {
    agent: reference({ literal: 'agent' }),
    patient: reference(
      { id: 'patient_id' },
      {
        to: ['Patient'],
        definition: {
          url: 'http://hl7.org/fhir/SearchParameter/Provenance-patient',
          expression: `Provenance.extension('${PATIENT}').value`,
        },
      },
    ),
    recorded: date({ start: 'at', stored: 'ms' }),
    target: reference({ pair: ['type', 'id'] }),
  },
  leftOut: 'the history has no column for it',
  sort: ['-recorded', '_id', '_lastUpdated'],
  view: {
    columns: [
      ...(['type', 'id', 'version', 'method', 'at', 'patient_id', 'credential_id', 'user_id', 'agent'] as const),
      ...(['organization_id', 'organization', 'organization_name'] as const),
    ],
    toFhir: (row, { base }) => ({
      meta: { profile: [usCore('us-core-provenance')] },
      ...(row.patient_id !== null && {
        extension: [{ url: PATIENT, valueReference: { reference: `Patient/${row.patient_id}` } }],
      }),
      target: [{ reference: `${row.type}/${row.id}/_history/${String(row.version)}` }],
      recorded: new Date(row.at).toISOString(),
      activity: coded('http://terminology.hl7.org/CodeSystem/v3-DataOperation', operations[row.method]),
      agent: [
        { type: AUTHOR, who: authorOf(row, base), onBehalfOf: organizationOf(row, base) },
        { type: TRANSMITTER, who: transmitterOf(row, base), onBehalfOf: organizationOf(row, base) },
      ],
    }),
  },
});

const coded = (system: string, code: string) => ({ coding: [{ system, code }] });

const operations = { POST: 'CREATE', PUT: 'UPDATE', DELETE: 'DELETE' } as const;
const AUTHOR = coded('http://terminology.hl7.org/CodeSystem/provenance-participant-type', 'author');
const TRANSMITTER = coded('http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type', 'transmitter');

/** Nobody is known of a version that the native system wrote by itself. */
const UNKNOWN = {
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
};

/** A person of the record, a user who is none, or the organization whose machine it was. */
function authorOf(row: Row, base: string) {
  if (row.agent !== null) return { reference: row.agent };
  if (row.user_id !== null) return { identifier: { system: `${base}/ids/user`, value: row.user_id } };
  return row.credential_id === null ? UNKNOWN : organizationOf(row, base);
}

function transmitterOf(row: Row, base: string) {
  if (row.credential_id === null) return organizationOf(row, base);
  return { type: 'Device', identifier: { system: `${base}/ids/credential`, value: row.credential_id } };
}

/** Its Organization, where the operator said which one it is. */
function organizationOf({ organization, organization_id, organization_name }: Row, base: string) {
  return {
    ...(organization === null
      ? { type: 'Organization', identifier: { system: `${base}/ids/organization`, value: organization_id } }
      : { reference: organization }),
    display: organization_name,
  };
}
