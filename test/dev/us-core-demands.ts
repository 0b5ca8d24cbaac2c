/** Searches that US Core requires of the types that are served, for a patient of the demo (USCORE 1). */
export const required = (patient: string): string[] => {
  const [vitals, day] = ['http://terminology.hl7.org/CodeSystem/observation-category|vital-signs', 'gt2025-01-01'];
  return [
    ...[
      `Patient?_id=${patient}`,
      'Patient?identifier=4410207',
      'Patient?name=Quintanilla',
      'Patient?death-date=gt2000-01-01',
    ],
    ...['Patient?birthdate=1958-07-19&name=marisol', 'Patient?gender=female&name=marisol'],
    ...['Patient?birthdate=1958-07-19&family=Quintanilla-Ferro', 'Patient?family=Quintanilla-Ferro&gender=female'],
    ...['vital-signs', 'laboratory', vitals].flatMap((category) => [
      `Observation?patient=${patient}&category=${category}`,
      `Observation?patient=Patient/${patient}&category=${category}&date=${day}`,
      `Observation?patient=${patient}&category=${category}&status=final,preliminary,amended`,
    ]),
    ...['85354-9', '8867-4', '9279-1', '8310-5', '59408-5', '8302-2', '29463-7'].flatMap((code) => [
      `Observation?patient=${patient}&code=${code}`,
      `Observation?patient=${patient}&code=${code}&date=${day}`,
    ]),
    ...['', '&category=clinical-note', `&category=clinical-note&date=${day}`, '&type=67796-3', '&status=current'].map(
      (more) => `DocumentReference?patient=${patient}${more}`,
    ),
    `DocumentReference?patient=${patient}&type=67796-3&period=${day}`,
    ...['', `&date=${day}`, '&class=FLD', '&status=finished'].map((more) => `Encounter?patient=${patient}${more}`),
    ...['', '&category=LAB', `&category=LAB&date=${day}`, '&code=11502-2', `&code=11502-2&date=${day}`].map(
      (more) => `DiagnosticReport?patient=${patient}${more}`,
    ),
    `DiagnosticReport?patient=${patient}&status=final`,
    ...['LP29684-5', 'LP29708-2', 'LP7839-6'].map((category) => `DiagnosticReport?category=${category}`),
    ...[
      `Specimen?patient=${patient}`,
      'Specimen?_id=ch-0240-s1',
      `Encounter?patient=${patient}&location=loc-riverside-ed`,
    ],
    ...[
      'Location?name=Riverside',
      'Location?address=Alder',
      'Location?address-city=Alder',
      'Location?address-state=IL',
    ],
    ...[
      'Location?address-postalcode=62799',
      'PractitionerRole?specialty=207P00000X',
      'PractitionerRole?practitioner=pr-01',
    ],
    `Provenance?target=Patient/${patient}`,
    ...['Practitioner?name=a', 'Organization?name=Riverside', 'Organization?address=Harlow'],
  ];
};

/** Elements that US Core marks must-support, by type; each is in some resource of the demo (USCORE 1). */
export const mustSupport: Readonly<Record<string, readonly string[]>> = {
  Patient: [
    ...[
      'identifier.system',
      'identifier.value',
      'name.family',
      'name.given',
      'name.suffix',
      'name.use',
      'name.period.end',
    ],
    ...['telecom.system', 'telecom.value', 'telecom.use', 'gender', 'birthDate', 'deceasedDateTime'],
    ...['address.line', 'address.city', 'address.state', 'address.postalCode', 'address.use', 'address.period.end'],
    ...[
      'communication.language',
      'extension:us-core-race',
      'extension:us-core-ethnicity',
      'extension:us-core-birthsex',
    ],
    ...['extension:us-core-genderIdentity', 'extension:us-core-tribal-affiliation', 'extension:us-core-sex'],
  ],
  Observation: [
    ...[
      'status',
      'category.coding.system',
      'category.coding.code',
      'code.coding',
      'subject.reference',
      'effectiveDateTime',
    ],
    ...['valueQuantity.value', 'valueQuantity.unit', 'valueQuantity.system', 'valueQuantity.code'],
    'specimen.reference',
    ...[
      'valueCodeableConcept',
      'valueString',
      'component.code',
      'component.valueQuantity',
      'component.dataAbsentReason',
    ],
    ...['encounter', 'performer', 'interpretation', 'referenceRange', 'dataAbsentReason'],
  ],
  DocumentReference: [
    ...['identifier', 'status', 'type', 'category', 'subject', 'date', 'author', 'content.attachment.contentType'],
    ...['content.attachment.data', 'content.format', 'context.encounter', 'context.period'],
  ],
  Encounter: [
    ...[
      'identifier.system',
      'identifier.value',
      'status',
      'class',
      'type',
      'subject',
      'participant.type',
      'participant.period',
    ],
    ...['participant.individual', 'period', 'reasonCode', 'hospitalization.dischargeDisposition', 'serviceProvider'],
    'location.location.reference',
  ],
  DiagnosticReport: [
    ...[
      'status',
      'category.coding.code',
      'code.coding',
      'subject.reference',
      'encounter',
      'effectiveDateTime',
      'issued',
    ],
    ...['performer.reference', 'result.reference', 'media.link', 'presentedForm.data', 'specimen.reference'],
  ],
  Specimen: ['type.coding.code', 'subject.reference', 'accessionIdentifier', 'collection.collectedDateTime'],
  Location: [
    ...['status', 'name', 'telecom.system', 'address.line', 'address.city', 'address.state', 'address.postalCode'],
    'managingOrganization.reference',
  ],
  // There is no Endpoint: its telecom is what pd-1 asks for.
  PractitionerRole: [
    ...['practitioner.reference', 'organization.reference', 'code', 'specialty.coding.code', 'location.reference'],
    ...['telecom.system', 'telecom.value'],
  ],
  Practitioner: ['identifier.system', 'identifier.value', 'name.family', 'telecom.system', 'address.line'],
  Organization: [
    'identifier.system',
    'identifier.value',
    'active',
    'name',
    'telecom.system',
    'address.line',
    'address.country',
  ],
};
