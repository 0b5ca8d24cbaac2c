import type { Issue } from '../../outcome.js';
import { resourceNames } from '../definitions.js';
import { equal, isObject } from '../fhirpath/values.js';
import { judged, type Scope } from '../invariants.js';
import { referenceFault } from '../references.js';
import { bindingIssue } from './bindings.js';
import type { KnownProfiles } from './known.js';
import { isOfSlice, type Asking } from './slices.js';
import type { Node, TypeOf } from './snapshot.js';
import { meets, valuesAt, type Value } from './values.js';

/** Who asks whether a resource is valid is told of everything; who writes one, of what it is refused for. */
export type Depth = 'errors' | 'everything';

/** What a value lacks of a profile. The text of an issue never quotes the value. */
export function check(
  value: Value,
  tree: Node,
  scope: Scope,
  profiles: KnownProfiles,
  depth: Depth,
  met: Met = new Map(),
): Issue[] {
  const checker = new Checker(scope, profiles, depth, met);
  checker.whole(tree, value);
  return checker.issues;
}

/** What was found of profiles that values were asked for: what is contained may refer to each other, and in a circle. */
type Met = Map<unknown, Map<string, boolean | undefined>>;

class Checker {
  readonly issues: Issue[] = [];
  readonly #said = new Set<string>();
  readonly #asking: Asking;

  constructor(
    private readonly scope: Scope,
    private readonly profiles: KnownProfiles,
    private readonly depth: Depth,
    private readonly met: Met,
  ) {
    this.#asking = { profiles, root: scope.root, conforms: (value, url) => this.#conforms(value, url) };
  }

  whole(tree: Node, value: Value): void {
    this.#constraints(tree, value, tree.part);
    this.#children(tree, value);
  }

  #fault(code: string, text: string, path: string, severity: Issue['severity'] = 'error'): void {
    const said = `${path} ${text}`;
    if (!this.#said.has(said)) this.issues.push({ severity, code, text, expression: [path] });
    this.#said.add(said);
  }

  #children(node: Node, value: Value): void {
    for (const [name, child] of node.children) {
      const values = valuesAt(value, name);
      const bare = `${value.path}.${name.replace('[x]', '')}`;
      this.#count(child, values.length, bare);
      if (child.slices.length > 0) this.#slices(child, values, bare);
      else for (const each of values) this.#element(child, each);
    }
  }

  #count({ min, max, slice }: Node, count: number, path: string): void {
    const of = slice === undefined ? '' : ` of the slice ${slice}`;
    if (count < min) this.#fault('structure', `The profile demands ${String(min)} or more${of}`, path);
    if (count > max) this.#fault('structure', `The profile allows ${String(max)} at the most${of}`, path);
  }

  #element(node: Node, value: Value): void {
    const { path } = value;
    const type = value.type ?? node.types[0]?.code ?? '';
    const typed = node.types.filter(({ code }) => code === type);
    if (value.type !== undefined && node.types.length > 0 && typed.length === 0)
      this.#fault('structure', 'The profile does not allow this type here', path);
    if (value.value !== undefined) {
      this.#content(node, value.value, path);
      const fault = bindingIssue(node, value.value, type, this.profiles, this.depth);
      if (fault) this.#fault(fault.code, fault.text, path, fault.severity);
      if (isObject(value.value)) {
        if (type === 'Reference') this.#reference(value.value, typed, path);
        this.#typeProfiles(typed, value);
      }
      this.#constraints(node, value, type === 'BackboneElement' || type === 'Element' ? node.part : type);
    }
    this.#children(node, value);
  }

  #content({ fixed, pattern, maxLength, least, most }: Node, value: unknown, path: string): void {
    if (fixed !== undefined && !equal(value, fixed))
      this.#fault('value', 'The value is not the one that the profile fixes', path);
    if (pattern !== undefined && !meets(value, pattern))
      this.#fault('value', 'The value has not all that the pattern of the profile has', path);
    if (maxLength !== undefined && typeof value === 'string' && Array.from(value).length > maxLength)
      this.#fault('value', `The text is longer than the ${String(maxLength)} characters of the profile`, path);
    if (typeof value !== 'number') return;
    if (typeof least === 'number' && value < least)
      this.#fault('value', `The profile allows ${String(least)} at the least`, path);
    if (typeof most === 'number' && value > most)
      this.#fault('value', `The profile allows ${String(most)} at the most`, path);
  }

  /** The type of a target can be told, and the profile of what is contained. */
  #reference(value: Readonly<Record<string, unknown>>, types: readonly TypeOf[], path: string): void {
    const urls = types.flatMap(({ targets }) => targets);
    const named = urls.map((url) => this.profiles.get(url)?.type ?? url.slice(url.lastIndexOf('/') + 1));
    if (urls.length === 0 || !named.every((name) => resourceNames().has(name))) return;
    const fault = referenceFault(value, new Set(named), this.scope.root);
    if (fault) this.#fault(fault.code, fault.text, path);
    const { reference } = value;
    if (fault || typeof reference !== 'string' || !reference.startsWith('#')) return;
    const { contained = [] } = this.scope.root as { contained?: readonly unknown[] };
    const found = contained.find((each) => isObject(each) && each['id'] === reference.slice(1));
    if (!isObject(found)) return;
    const inner = { value: found, beside: undefined, path, type: undefined };
    const fits = urls.filter((_, at) => named[at] === found['resourceType']).map((url) => this.#conforms(inner, url));
    if (fits.every((each) => each === false))
      this.#fault('structure', 'What is contained does not meet the profile that is referred to', path);
  }

  #conforms(value: Value, url: string): boolean | undefined {
    const tree = this.profiles.get(url)?.tree();
    if (!tree) return undefined;
    const known = this.met.get(value.value) ?? new Map<string, boolean | undefined>();
    this.met.set(value.value, known);
    if (known.has(url)) return known.get(url);
    // Until it is told otherwise, what is on its way to be checked conforms.
    known.set(url, true);
    const found = this.#asked(value, tree);
    known.set(url, found);
    return found;
  }

  #asked(value: Value, tree: Node): boolean {
    const isResource = isObject(value.value) && 'resourceType' in value.value;
    if (isResource && (value.value as { resourceType?: unknown }).resourceType !== tree.name) return false;
    const scope = isResource ? { ...this.scope, resource: value.value } : this.scope;
    return check(value, tree, scope, this.profiles, 'errors', this.met).length === 0;
  }

  /** Extensions are checked wherever they stand. Of several profiles, one must be met. */
  #typeProfiles(types: readonly TypeOf[], value: Value): void {
    const trees = types
      .filter(({ code }) => code !== 'Extension')
      .flatMap(({ profiles }) => profiles.map((url) => this.profiles.get(url)?.tree()));
    if (trees.length === 0 || trees.includes(undefined)) return;
    const found = trees.map((tree) => check(value, tree as Node, this.scope, this.profiles, this.depth, this.met));
    const best = found.find((issues) => issues.every(({ severity }) => severity !== 'error')) ?? found[0] ?? [];
    for (const { code, text, expression, severity } of best)
      this.#fault(code, text, expression?.[0] ?? value.path, severity);
  }

  #constraints({ constraints }: Node, { value, path }: Value, type: string): void {
    for (const rule of constraints) {
      if (rule.severity === 'warning' && this.depth === 'errors') continue;
      // It speaks of one type of a choice, and says nothing of the others.
      if (type !== (/^\(\$this as (\w+)\)/.exec(rule.expression)?.[1] ?? type)) continue;
      const text = `${rule.description} (${rule.key})`;
      const found = judged(rule, value, type, this.scope);
      if (found === false) this.#fault('invariant', text, path, rule.severity);
      else if (found === undefined && this.depth === 'everything')
        this.#fault('not-supported', `An invariant cannot be evaluated here (${rule.key})`, path, 'information');
    }
  }

  /** A slice says all that the element says: what it leaves open, it has of that. */
  #slices(node: Node, values: readonly Value[], path: string): void {
    const { slicing, slices } = node;
    const counts = slices.map(() => 0);
    let isSure = true;
    let last = -1;
    for (const value of values) {
      const found = slices.map((slice) => isOfSlice(slicing, slice, value, this.#asking));
      const at = found.indexOf(true);
      if (at < 0) {
        if (found.includes(undefined)) isSure = false;
        else if (slicing?.rules === 'closed') this.#fault('structure', 'The profile has no slice for it', value.path);
        this.#element(node, value);
        continue;
      }
      counts[at] = (counts[at] as number) + 1;
      if (slicing?.ordered === true && at < last)
        this.#fault('structure', 'The profile has it before what stands before it', value.path);
      last = Math.max(last, at);
      this.#element(slices[at] as Node, value);
    }
    if (isSure) slices.forEach((slice, at) => this.#count(slice, counts[at] as number, path));
  }
}
