import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A patient of this profile has a birth date. */
export const BORN = 'urn:oid:2.16.840.1.113883.19.99';

const element = (path: string, more: object): object => ({
  ...{ id: path, path, min: 0, max: '1' },
  base: { path, min: 0, max: '1' },
  ...more,
});

export const born = {
  resourceType: 'StructureDefinition',
  ...{ url: BORN, name: 'Born', status: 'active', kind: 'resource', abstract: false },
  ...{ type: 'Patient', derivation: 'constraint' },
  snapshot: {
    element: [
      element('Patient', { max: '*' }),
      element('Patient.id', { type: [{ code: 'id' }] }),
      element('Patient.meta', { type: [{ code: 'Meta' }] }),
      element('Patient.birthDate', { min: 1, type: [{ code: 'date' }] }),
    ],
  },
};

/** A FHIR package with that profile, as a folder. */
export function packageOfProfile(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'portico-package-'));
  writeFileSync(join(path, 'StructureDefinition-born.json'), JSON.stringify(born));
  return { path, remove: () => rmSync(path, { recursive: true }) };
}
