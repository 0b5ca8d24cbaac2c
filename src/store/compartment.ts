import { relative } from '../define/elements/references.js';
import type { RegisteredResource } from '../registry.js';

/**
 * The patients that a resource belongs to: those that the compartment's reference parameters name. It is told from
 * the resource itself and not from the columns by which rows are selected, so that the one can check the other.
 */
export function patientsOf(
  resource: RegisteredResource,
  rendered: Readonly<Record<string, unknown>>,
  id: string,
  base: string,
): string[] {
  if (!Array.isArray(resource.patient)) return [];
  if (resource.type === 'Patient') return [id];
  const found: string[] = [];
  for (const path of pathsOf(resource)) collect(rendered, path, 0, base, found);
  return found;
}

/** The one patient that a resource belongs to: what names two belongs to neither. */
export const soleOf = (patients: readonly string[]): string | undefined =>
  patients.length === 1 ? patients[0] : undefined;

const known = new WeakMap<RegisteredResource, readonly (readonly string[])[]>();

/**
 * `Observation.subject.where(resolve() is Patient)` is the path `subject`: only patients are collected anyway. The value
 * of an extension is a reference.
 */
function pathsOf(resource: RegisteredResource): readonly (readonly string[])[] {
  let paths = known.get(resource);
  if (!paths) {
    const expressions = (resource.patient as readonly string[]).flatMap(
      (name) => resource.params.get(name)?.definition.expression.split(' | ') ?? [],
    );
    const texts = new Set(
      expressions.map((each) =>
        each.replace(/extension\('.*'\)\.value$/, 'extension.valueReference').replace(/\.where\(.*$/, ''),
      ),
    );
    paths = [...texts].map((text) => text.split('.').slice(1));
    known.set(resource, paths);
  }
  return paths;
}

function collect(value: unknown, path: readonly string[], depth: number, base: string, found: string[]): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, path, depth, base, found);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const member = path[depth];
  if (member !== undefined) {
    collect((value as Record<string, unknown>)[member], path, depth + 1, base, found);
    return;
  }
  const { reference } = value as { reference?: unknown };
  if (typeof reference !== 'string') return;
  const local = relative(reference, base);
  if (!local.startsWith('Patient/')) return;
  const id = local.slice('Patient/'.length);
  if (!found.includes(id)) found.push(id);
}
