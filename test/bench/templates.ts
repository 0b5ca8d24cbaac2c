/** The resources of which all that is measured are copies: a patient of about 1.5 kB, and what is measured of one. */
export const TENANT = 'bench';

const loinc = (code: string, text: string): object => ({
  coding: [{ system: 'http://loinc.org', code, display: text }],
  text,
});

const category = (code: string): object[] => [
  { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code }] },
];

const quantity = (value: number, unit: string, code = unit): object => ({
  ...{ value, unit, code },
  system: 'http://unitsofmeasure.org',
});

const observed = (id: string, kind: string, code: object): object => ({
  ...{ resourceType: 'Observation', id, status: 'final', category: category(kind), code },
  subject: { reference: 'Patient/template' },
  effectiveDateTime: '2026-01-01T00:00:00Z',
});

export const patient: object = {
  resourceType: 'Patient',
  id: 'template',
  identifier: [
    {
      use: 'usual',
      type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
      system: 'urn:oid:2.16.840.1.113883.19.5',
      value: 'MRN-0000',
    },
  ],
  active: true,
  name: [{ use: 'official', family: 'Template', given: ['First', 'Second'] }],
  telecom: [
    { system: 'phone', value: '555-0101', use: 'home' },
    { system: 'email', value: 'template@mail.example', use: 'work' },
  ],
  gender: 'female',
  birthDate: '1970-01-01',
  address: [{ use: 'home', line: ['1 Long Street'], city: 'Town', state: 'OK', postalCode: '74047', country: 'US' }],
  maritalStatus: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', code: 'M', display: 'Married' }],
  },
  communication: [{ language: { coding: [{ system: 'urn:ietf:bcp:47', code: 'en' }], text: 'English' } }],
};

/** A pulse, a temperature, a laboratory result with its range, and a blood pressure with its components. */
export const observations: readonly object[] = [
  { ...observed('pulse', 'vital-signs', loinc('8867-4', 'Heart rate')), valueQuantity: quantity(72, '/min') },
  { ...observed('warmth', 'vital-signs', loinc('8310-5', 'Body temperature')), valueQuantity: quantity(36.9, 'Cel') },
  {
    ...observed('potassium', 'laboratory', loinc('2823-3', 'Potassium')),
    valueQuantity: quantity(4.2, 'mmol/L'),
    referenceRange: [{ low: quantity(3.5, 'mmol/L'), high: quantity(5.1, 'mmol/L') }],
  },
  {
    ...observed('pressure', 'vital-signs', loinc('85354-9', 'Blood pressure')),
    component: [
      { code: loinc('8480-6', 'Systolic'), valueQuantity: quantity(118, 'mmHg', 'mm[Hg]') },
      { code: loinc('8462-4', 'Diastolic'), valueQuantity: quantity(76, 'mmHg', 'mm[Hg]') },
    ],
  },
];
