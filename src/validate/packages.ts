import type { StructureDefinition } from '@medplum/fhirtypes';
import { ConfigurationError } from '../outcome.js';
import type { Profiles } from './profiles.js';

interface PackageReader {
  (file: string): AsyncIterable<{ readonly origin: string; readonly text: string }>;
}

/** The profiles of FHIR package files: what they say is enforced on resources that claim them. */
export async function loadProfiles(files: readonly string[], read: PackageReader): Promise<Profiles> {
  const profiles = new Map<string, StructureDefinition>();
  for (const file of files) {
    const before = profiles.size;
    try {
      for await (const { origin, text } of read(file)) {
        if (!/StructureDefinition-[^/]*\.json$/.test(origin)) continue;
        const definition = JSON.parse(text) as StructureDefinition;
        if (definition.derivation === 'constraint' && definition.kind === 'resource' && definition.snapshot)
          profiles.set(definition.url, withPresence(definition));
      }
    } catch (error) {
      throw new ConfigurationError('A FHIR package cannot be read', [`${file}: ${String(error)}`]);
    }
    if (profiles.size === before)
      throw new ConfigurationError('A FHIR package has no profiles', [
        `${file}: no StructureDefinition with a snapshot in it`,
      ]);
  }
  return profiles;
}

/**
 * `telecom or endpoint` means that either is there: one item where a Boolean is expected is true
 * (https://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections). The library takes Booleans alone.
 */
function withPresence(definition: StructureDefinition): StructureDefinition {
  for (const { constraint = [] } of definition.snapshot?.element ?? [])
    for (const each of constraint)
      if (each.expression !== undefined && /^[a-z]\w*( or [a-z]\w*)+$/i.test(each.expression))
        each.expression = each.expression.replace(/\w+(?= or |$)/g, '$&.exists()');
  return definition;
}
