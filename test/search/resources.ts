/** The least that makes a valid resource, and what a test says of it. */
export const patient = (id: string, elements: object = {}): object => ({ resourceType: 'Patient', id, ...elements });

export const observation = (id: string, elements: object = {}): object => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: coded('http://loinc.org', '8893-0'),
  ...elements,
});

export const documentReference = (id: string, elements: object = {}): object => ({
  resourceType: 'DocumentReference',
  id,
  status: 'current',
  content: [{ attachment: { contentType: 'text/plain', url: `urn:oid:1.2.3.${String(id.length)}` } }],
  ...elements,
});

export const coded = (system: string | undefined, code: string, text?: string): object => ({
  coding: [{ ...(system !== undefined && { system }), code }],
  ...(text !== undefined && { text }),
});

export const ucum = (value: number, code: string, unit = code): object => ({
  value,
  unit,
  system: 'http://unitsofmeasure.org',
  code,
});
