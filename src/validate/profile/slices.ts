import { resourceNames } from '../definitions.js';
import { equal, isObject } from '../fhirpath/values.js';
import { isExcused, isOf } from './bindings.js';
import type { KnownProfiles } from './known.js';
import { childOf, type Node } from './snapshot.js';
import { meets, resolved, valuesAt, type Value } from './values.js';

/** What a discriminator is asked within. */
export interface Asking {
  readonly profiles: KnownProfiles;
  readonly root: unknown;
  /** Whether a value has what a profile says; undefined where the profile is not known. */
  readonly conforms: (value: Value, profile: string) => boolean | undefined;
}

/** Whether a value is of a slice; undefined where that cannot be told here: https://hl7.org/fhir/R4/profiling.html#slicing */
export function isOfSlice(slicing: Node['slicing'], slice: Node, value: Value, asking: Asking): boolean | undefined {
  const discriminators = slicing?.discriminator ?? [];
  if (discriminators.length === 0) return undefined;
  const found = discriminators.map(({ type, path }) => {
    const urls = path === 'url' ? slice.types.flatMap(({ profiles }) => profiles) : [];
    // A slice of extensions names the one that it is, whether its definition is here or not.
    if (urls.length > 0) return isObject(value.value) && urls.includes(String(value.value['url']));
    const steps = stepsOf(path);
    return steps && told(type, steps, slice, value, asking);
  });
  return found.includes(false) ? false : found.includes(undefined) ? undefined : true;
}

/** The restricted paths of R4: https://hl7.org/fhir/R4/profiling.html#discriminator */
function stepsOf(path: string): string[] | undefined {
  const steps = path.match(/extension\('[^']*'\)|[A-Za-z]+\([A-Za-z]*\)|[^.]+/g) ?? [];
  const isKnown = steps.every((step) => /^(\$this|\w+|resolve\(\)|extension\('[^']*'\)|ofType\(\w+\))$/.test(step));
  return isKnown ? steps.filter((step) => step !== '$this') : undefined;
}

function told(type: string, steps: readonly string[], slice: Node, value: Value, asking: Asking): boolean | undefined {
  const nodes = steps.reduce((found, step) => found.flatMap((each) => nodesAt(each, step, asking)), [slice]);
  if (nodes.length === 0) return undefined;
  let values = [value];
  for (const step of steps) {
    const next = values.map((each) => valuesOf(each, step, asking));
    // What a reference leads to may not be here.
    if (next.includes(undefined)) return undefined;
    values = next.flatMap((each) => each ?? []);
  }
  switch (type) {
    case 'exists':
      return nodes.every(({ min, max }) => (max === 0 ? values.length === 0 : min === 0 || values.length > 0));
    case 'type':
      return nodes.every((node) => values.some((each) => isOfType(each, node, steps.at(-1) === 'resolve()', asking)));
    case 'profile':
      return conforming(nodes, values, steps.at(-1) === 'resolve()', asking);
    case 'value':
    case 'pattern': {
      const fits = nodes.map((node) => anyFits(node, values, asking));
      return fits.includes(false) ? false : fits.includes(true) ? true : undefined;
    }
    default:
      return undefined;
  }
}

function nodesAt(node: Node, step: string, { profiles }: Asking): Node[] {
  if (step === 'resolve()' || step.startsWith('ofType(')) return [node];
  const url = /^extension\('(.*)'\)$/.exec(step)?.[1];
  const above = [node, ...(node.children.size === 0 ? profilesOf(node, profiles) : [])];
  return above.flatMap((each) => {
    const found = childOf(each, url === undefined ? step : 'extension');
    if (!found) return [];
    if (url !== undefined) return found.slices.filter(({ types }) => types[0]?.profiles.includes(url));
    return [found, ...found.slices.filter(({ min }) => min > 0)];
  });
}

const profilesOf = ({ types }: Node, known: KnownProfiles): Node[] =>
  types.flatMap(({ profiles, targets }) => [...profiles, ...targets]).flatMap((url) => known.get(url)?.tree() ?? []);

function valuesOf(value: Value, step: string, { root }: Asking): Value[] | undefined {
  if (step === 'resolve()') {
    const found = resolved(value.value, root);
    return found && [{ ...value, value: found, beside: undefined, type: String(found['resourceType']) }];
  }
  if (step.startsWith('ofType(')) return value.type === step.slice(7, -1) ? [value] : [];
  const url = /^extension\('(.*)'\)$/.exec(step)?.[1];
  if (url !== undefined)
    return valuesAt(value, 'extension').filter(({ value: each }) => isObject(each) && each['url'] === url);
  const own = valuesAt(value, step);
  return own.length > 0 ? own : valuesAt(value, `${step}[x]`);
}

function isOfType(value: Value, { types }: Node, isResolved: boolean, { profiles }: Asking): boolean {
  const { resourceType } = isObject(value.value) ? value.value : {};
  const own = typeof resourceType === 'string' ? resourceType : value.type;
  if (!isResolved) return types.some(({ code }) => code === own || code === 'Resource');
  return types.some(({ targets }) =>
    targets.some((url) => [own, 'Resource'].includes(profiles.get(url)?.type ?? url.slice(url.lastIndexOf('/') + 1))),
  );
}

/** Of what a reference leads to elsewhere, the type alone is known: another one is not of the profile. */
function conforming(
  nodes: readonly Node[],
  values: readonly Value[],
  isResolved: boolean,
  { conforms, profiles }: Asking,
): boolean | undefined {
  const urls = nodes.flatMap(({ types }) => types.flatMap((each) => (isResolved ? each.targets : each.profiles)));
  const found = values.flatMap((value) =>
    urls.map((url) => {
      const { resourceType, ...rest } = isObject(value.value) ? value.value : {};
      const type = profiles.get(url)?.type;
      if (type !== undefined && resourceNames().has(type) && resourceType !== type) return false;
      return Object.keys(rest).length === 0 ? undefined : conforms(value, url);
    }),
  );
  return found.includes(true) ? true : found.includes(undefined) ? undefined : false;
}

/** Undefined where the slice does not say what it takes. */
function anyFits(node: Node, values: readonly Value[], asking: Asking): boolean | undefined {
  if (!isRestricting(node, asking)) return undefined;
  const fits = values.map((value) => isFit(node, value, asking));
  return fits.includes(true) ? true : fits.includes(undefined) ? undefined : false;
}

const requiredOf = ({ binding }: Node, { profiles }: Asking) =>
  binding?.strength === 'required' ? profiles.codesOf(binding.valueSet) : undefined;

/** The content of an element may be that of one that it is in. */
function isRestricting(node: Node, asking: Asking, above: readonly Node[] = []): boolean {
  if (node.fixed !== undefined || node.pattern !== undefined || node.binding?.strength === 'required') return true;
  const path = [...above, node];
  return [...node.children.values()].some((each) => !path.includes(each) && isRestricting(each, asking, path));
}

function isFit(node: Node, value: Value, asking: Asking): boolean | undefined {
  if (node.fixed !== undefined && !equal(value.value, node.fixed)) return false;
  if (node.pattern !== undefined && !meets(value.value, node.pattern)) return false;
  let isSure = node.fixed !== undefined || node.pattern !== undefined;
  const codes = requiredOf(node, asking);
  if (codes) {
    if (value.value === undefined || isExcused(value.value) || !isOf(codes, value.value)) return false;
    isSure = true;
  }
  for (const [name, child] of node.children) {
    if (child.fixed === undefined && child.pattern === undefined && child.children.size === 0) continue;
    const found = anyFits(child, valuesAt(value, name), asking);
    if (found === false) return false;
    isSure ||= found === true;
  }
  return isSure || undefined;
}
