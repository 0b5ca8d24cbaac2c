import type { Need } from '../http/fhir-request.js';
import type { RegisteredResource } from '../registry.js';

/** What the declaration of a type offers of what an interaction needs. */
export function offers({ write, source }: RegisteredResource, need: Need): boolean {
  return need === 'history' ? source.version !== undefined : (write?.[need] ?? false);
}
