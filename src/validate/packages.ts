import { ConfigurationError } from '../outcome.js';
import { Packages, type Conformance } from './profile/known.js';
import type { Profiles } from './profiles.js';

interface PackageReader {
  (file: string): AsyncIterable<{ readonly origin: string; readonly text: string }>;
}

/**
 * What FHIR package files say: profiles, which are enforced on resources that claim them, extensions, and the value sets
 * and code systems that these are bound to.
 */
export async function loadProfiles(files: readonly string[], read: PackageReader): Promise<Profiles> {
  const packages = new Packages();
  for (const file of files) {
    let count = 0;
    try {
      for await (const { origin, text } of read(file))
        if (conformance.test(origin) && packages.add(JSON.parse(text) as Conformance)) count++;
    } catch (error) {
      throw new ConfigurationError('A FHIR package cannot be read', [`${file}: ${String(error)}`]);
    }
    if (count === 0)
      throw new ConfigurationError('A FHIR package says nothing that is enforced', [
        `${file}: no StructureDefinition with a snapshot in it, and no ValueSet or CodeSystem`,
      ]);
  }
  return packages;
}

/** An example of one is in a folder of its own. */
const conformance = /(?:^|(?<!example)\/)(StructureDefinition|ValueSet|CodeSystem)-[^/]*\.json$/;
