const MEASURED = [
  ['Heart rate', 'beats/min', 62],
  ['Body temperature', 'Cel', 37],
  ['Oxygen saturation', '%', 97],
] as const;

const subject = { reference: 'Patient/p1' };

const documentOf = (patient: string) => ({
  ...{ resourceType: 'DocumentReference', id: `d-${patient}`, status: 'current', type: { text: 'Summary' } },
  ...{ subject: { reference: `Patient/${patient}` }, date: '2026-03-01T17:00:00Z', description: 'Chest pain' },
  category: [
    {
      coding: [
        { system: 'http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category', code: 'clinical-note' },
      ],
    },
  ],
  content: [
    { attachment: { contentType: 'application/pdf', data: Buffer.from('%PDF-1.4 a summary').toString('base64') } },
  ],
});

/** A patient whose pages have something of everything, one whose name fills a page, and one who is not enabled yet. */
export const record: readonly object[] = [
  {
    ...{ resourceType: 'Patient', id: 'p1', birthDate: '1958-07-19', gender: 'female' },
    name: [{ use: 'official', given: ['Marisol'], family: 'Quintanilla-Ferro' }],
    address: [{ line: ['4 Harbour Walk'], city: 'Harlow', postalCode: '02139' }],
  },
  { resourceType: 'Patient', id: 'p2', name: [{ text: 'ن'.repeat(250) + 'x'.repeat(250) }] },
  { resourceType: 'Patient', id: 'p3', birthDate: '1949-02-11', name: [{ given: ['Desmond'], family: 'Achterberg' }] },
  ...MEASURED.flatMap(([text, unit, value], kind) =>
    [0, 1, 2, 3, 4, 5].map((day) => ({
      ...{ resourceType: 'Observation', id: `o${String(kind)}-${String(day)}`, status: 'final', code: { text } },
      ...{ subject, effectiveDateTime: `2026-03-0${String(day + 1)}T08:00:00Z` },
      valueQuantity: { value: value + ((day * 7) % 5), unit },
    })),
  ),
  ...[...Array(12).keys()].map((hour) => ({
    ...{ resourceType: 'Communication', id: `c${String(hour)}`, status: 'completed', subject },
    ...{ sent: `2026-03-01T${String(hour + 10)}:00:00Z`, sender: { display: 'Night team' } },
    payload: [{ contentString: `ETA ${String(hour)} minutes 🚑` }],
  })),
  ...['p1', 'p3'].map(documentOf),
];
