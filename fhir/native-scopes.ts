/**
 * The scopes of the native system, in Elation's names: `system/vitals.read`. Each line says who may have it (`rw`: read
 * and write; `r`: read only) and which FHIR types the name governs, with what marks its rows among the others of the
 * type. A scope opens the rows that came from its native resource (`native_resource`), and no other row of the type:
 * eight names feed DocumentReference. A name without a FHIR type is a valid scope that opens nothing of FHIR.
 */
export interface NativeScope {
  readonly permissions: readonly ('read' | 'write')[];
  /** `Type`, or `Type?search` where the search tells its rows apart. */
  readonly governs: readonly string[];
}

const rw = (...governs: readonly string[]): NativeScope => ({ permissions: ['read', 'write'], governs });
const r = (...governs: readonly string[]): NativeScope => ({ permissions: ['read'], governs });

/** By group, as the native system's own list has them. */
export const nativeScopes: Readonly<Record<string, Readonly<Record<string, NativeScope>>>> = {
  'Patient Profile': {
    allergies: rw('AllergyIntolerance?type=allergy'),
    allergy_documentation: rw('AllergyIntolerance?code=409137002'),
    drug_intolerances: rw('AllergyIntolerance?type=intolerance&category=medication'),
    family_histories: rw('FamilyMemberHistory'),
    histories: rw('Observation?category=social-history', 'Procedure', 'Condition?category=health-concern'),
    immunizations: rw('Immunization'),
    patients: rw('Patient', 'Coverage', 'RelatedPerson'),
    'patient-provider-team-members': rw('CareTeam'),
    problems: rw('Condition?category=problem-list-item'),
    vaccine: rw(),
  },
  'Patient Document': {
    ccda: rw('DocumentReference?type=34133-9'),
    clinical_documents: rw('DocumentReference?category=clinical-note'),
    discontinued_medications: rw('MedicationRequest?status=stopped'),
    document_tags: rw(),
    incoming_files: rw('DocumentReference'),
    injections: rw('MedicationAdministration'),
    letters: rw('DocumentReference?type=51852-2'),
    medication_history_download_fills: rw('MedicationDispense'),
    medication_history_downloads: rw(),
    medication_refills: rw('MedicationRequest?intent=proposal'),
    medications: rw('MedicationRequest', 'MedicationStatement'),
    non_visit_notes: rw('DocumentReference?type=34109-9'),
    patient_form_requests: rw('Task?code=fulfill'),
    patient_form_submissions: rw('QuestionnaireResponse'),
    patient_forms: rw('Questionnaire'),
    report_types: rw(),
    reports: rw('DocumentReference', 'DiagnosticReport', 'Observation?category=laboratory'),
    visit_note_templates: rw(),
    visit_note_types: rw(),
    visit_notes: rw('Encounter', 'DocumentReference?type=11506-3'),
    vitals: rw('Observation?category=vital-signs'),
  },
  Orders: {
    ancillary_companies: rw('Organization'),
    cardiac_centers: rw('Location', 'Organization'),
    cardiac_order_tests: rw(),
    cardiac_orders: rw('ServiceRequest?category=cardiac'),
    imaging_centers: rw('Location', 'Organization'),
    imaging_order_tests: rw(),
    imaging_orders: rw('ServiceRequest?category=363679005'),
    pulmonary_centers: rw('Location', 'Organization'),
    pulmonary_order_tests: rw(),
    pulmonary_orders: rw('ServiceRequest?category=pulmonary'),
    sleep_centers: rw('Location', 'Organization'),
    sleep_order_tests: rw(),
    sleep_orders: rw('ServiceRequest?category=sleep'),
    lab_facility_identifiers: rw(),
    lab_order_compendiums: rw(),
    lab_order_sets: rw(),
    lab_order_tests: rw(),
    lab_orders: rw('ServiceRequest?category=108252007'),
    lab_vendor_integrations: rw(),
    lab_vendor_patient_sites: rw('Location'),
    lab_vendors: rw('Organization'),
  },
  Messaging: {
    message_threads: rw('Communication'),
    thread_members: rw('Communication'),
    thread_messages: rw('Communication'),
  },
  Scheduling: {
    appointment_types: rw(),
    appointments: rw('Appointment'),
    recurring_event_groups: rw('Schedule'),
  },
  Insurance: {
    insurance_companies: rw('Organization?type=pay'),
    insurance_plans: rw('InsurancePlan'),
  },
  Billing: {
    billing_codes: rw(),
    bills: rw('Claim'),
  },
  Practice: {
    contacts: rw('PractitionerRole', 'Practitioner', 'Organization'),
    delegate_permissions: rw(),
    handouts: rw('DocumentReference'),
    medication_order_templates: rw(),
    office_staff: rw('Practitioner', 'PractitionerRole'),
    physicians: rw('Practitioner', 'PractitionerRole'),
    practice_medications: rw('Medication'),
    practices: rw('Organization'),
    print_headers: rw(),
    service_locations: rw('Location'),
    staff_groups: rw('Group?type=practitioner'),
  },
  'Reference Data': {
    languages: r(),
    packaged_medication_labelers: r('Organization'),
    packaged_medications: r('Medication'),
    pharmacies: r('Organization', 'Location'),
    reference_medications: r('Medication'),
  },
};
