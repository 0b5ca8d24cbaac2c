import type { RegisteredResource } from '../registry.js';
import { loadPathTypes, searchValues } from '../search/values.js';

/**
 * Which native resource a resource is: the first whose tokens it has, else `none`, which only SMART scopes open.
 * Scopes of the native system are enforced by this name and not by the FHIR type, which several of them feed.
 */
export function nativeName(resource: RegisteredResource, sent: object, base: string): string {
  const fits = resource.native.find(({ when = {} }) =>
    Object.entries(when).every(([param, tokens]) =>
      tokensOf(resource, sent, param, base).some((each) => tokens.includes(each)),
    ),
  );
  return fits?.name ?? 'none';
}

function tokensOf(resource: RegisteredResource, sent: object, param: string, base: string): string[] {
  const declared = resource.params.get(param);
  if (!declared) throw new Error(`${resource.type} has no search parameter ${param}`);
  loadPathTypes(resource.type);
  const values = searchValues(sent, declared, { base }).get(param) ?? [];
  return values.map(({ system = '', code = '' }) => `${String(system)}|${String(code)}`);
}
