import { leafOf } from '../define/params.js';
import { paramOf, type RegisteredResource, type Registry } from '../registry.js';
import { fhirId } from './render.js';

/** An id as the source stores it; undefined for one that none of its rows can have. */
export const storedId = ({ source }: RegisteredResource, id: string): string | number | undefined =>
  source.idCodec ? source.idCodec.toStored(id) : id;

/** A column of literals holds `Type/id`, and a pair is read as one; a column of ids implies the type. */
export function asLiteral(
  registry: Registry,
  resource: RegisteredResource,
  param: string,
  value: string | number,
): string {
  const leaf = leafOf(paramOf(resource, param).param);
  if (leaf.kind !== 'reference' || !('id' in leaf.columns)) return String(value);
  if (resource.source.own) return `${leaf.to?.[0] ?? ''}/${String(value)}`;
  const type = leaf.to?.[0] ?? '';
  const target = registry.get(type);
  return `${type}/${target ? fhirId(target, value) : String(value)}`;
}

/** The other way round: what the column of a reference parameter holds for these literals. */
export function asStored(
  registry: Registry,
  resource: RegisteredResource,
  param: string,
  literals: readonly string[],
): readonly (string | number)[] {
  const leaf = leafOf(paramOf(resource, param).param);
  if (leaf.kind !== 'reference' || !('id' in leaf.columns)) return literals;
  const type = leaf.to?.[0] ?? '';
  const target = registry.get(type);
  return literals
    .filter((literal) => literal.startsWith(`${type}/`))
    .map((literal) => literal.slice(type.length + 1))
    .map((id) => (target && !resource.source.own ? storedId(target, id) : id))
    .filter((id) => id !== undefined);
}
