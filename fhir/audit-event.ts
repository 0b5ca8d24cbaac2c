import type { AuditEvent } from '@medplum/fhirtypes';
import { date, defineResource, either, reference, token, within } from '../src/define/index.js';

interface Row {
  organization_id: string;
  id: string;
  at: number;
  interaction: string;
  action: string;
  type: string | null;
  entity: string | null;
  outcome: string;
  credential_id: string | null;
  user_id: string | null;
  agent: string | null;
  patient_id: string | null;
}

interface Children {
  patients: { patient_id: string };
}

const INTERACTIONS = 'http://hl7.org/fhir/restful-interaction';

/** The FHIR interactions have a published code; what happened beside FHIR has one of ours. */
const published = new Set([
  ...['read', 'vread', 'search-type', 'create', 'update', 'patch', 'delete', 'capabilities'],
  ...['history-instance', 'history-type', 'history-system', 'search-system', 'batch', 'transaction'],
  'operation',
]);

/** Who asked for what, and what came of it: the audit trail as FHIR. No other scope opens it, `*` and `apiv2` neither. */
export default defineResource<AuditEvent, Row, Children>({
  type: 'AuditEvent',
  profiles: [],
  source: {
    from: 'audit',
    own: true,
    id: 'id',
    updated: 'at',
    tenant: 'organization_id',
    patient: 'patient_id',
  },
  named: true,
  children: { patients: { table: 'audit_patient', parent: 'audit_id', order: 'position' } },
  patient: ['patient'],
  search: {
    agent: reference({ literal: 'agent' }),
    altid: token({ code: 'credential_id' }),
    date: date({ start: 'at', stored: 'ms' }),
    patient: either(
      reference({ id: 'patient_id' }, { to: ['Patient'] }),
      within('patients', reference({ id: 'patient_id' }, { to: ['Patient'] })),
    ),
  },
  leftOut: 'every request adds an event, and each index more would cost each request',
  sort: ['-date', '_id', '_lastUpdated'],
  view: {
    columns: ['at', 'interaction', 'action', 'entity', 'outcome', 'credential_id', 'user_id', 'agent', 'patient_id'],
    children: { patients: ['patient_id'] },
    toFhir: (row, { base }) => {
      const patients = row.patient_id === null ? row.patients.map((each) => each.patient_id) : [row.patient_id];
      const named = row.entity === null ? [] : [entityOf(row.entity)];
      const shown = patients.map((id) => `Patient/${id}`).filter((reference) => reference !== row.entity);
      const entities = [...named, ...shown.map((reference) => ({ what: { reference }, role: role('1') }))];
      return {
        type: { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' },
        subtype: [
          {
            system: published.has(row.interaction) ? INTERACTIONS : `${base}/CodeSystem/audit-interaction`,
            code: row.interaction,
          },
        ],
        action: row.action,
        recorded: new Date(row.at).toISOString(),
        outcome: row.outcome,
        agent: [
          {
            // Somebody for whom a service acts may be nobody of the record: then it is the id of a user of ours.
            ...(row.agent !== null && {
              who: isReference(row.agent) ? { reference: row.agent } : { display: row.agent },
            }),
            ...(row.credential_id !== null && { altId: row.credential_id }),
            ...(row.user_id !== null && { name: `user ${row.user_id}` }),
            requestor: true,
          },
        ],
        source: { observer: { display: 'Portico' } },
        ...(entities.length > 0 && { entity: entities }),
      };
    },
  },
});

const isReference = (text: string): boolean => /^[A-Z]\w+\//.test(text);

/** A resource, or what is changed beside FHIR: a user, say. */
const entityOf = (text: string) => (isReference(text) ? { what: { reference: text } } : { name: text });

/** https://hl7.org/fhir/R4/valueset-object-role.html: 1 is the patient. */
const role = (code: string) => ({ system: 'http://terminology.hl7.org/CodeSystem/object-role', code });
