import type { ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';
import { resourceNames, typeDefinition } from '../definitions.js';
import { modelOf, type Constraint } from '../model.js';
import { withoutVersion } from '../vocabulary.js';

/** An element of a profile: https://hl7.org/fhir/R4/elementdefinition.html */
export interface Node {
  /** `value[x]` for a choice. */
  readonly name: string;
  /** The slice that it is; undefined for the element itself. */
  readonly slice: string | undefined;
  /** Its cardinality is not that of R4. */
  readonly isNarrowed: boolean;
  readonly min: number;
  readonly max: number;
  readonly types: readonly TypeOf[];
  /** As the library names the type of a part: `ObservationComponent`. */
  readonly part: string;
  readonly fixed: unknown;
  readonly pattern: unknown;
  readonly binding: Binding | undefined;
  readonly constraints: readonly Rule[];
  readonly isModifier: boolean;
  readonly maxLength: number | undefined;
  readonly least: unknown;
  readonly most: unknown;
  readonly slicing: ElementDefinition['slicing'];
  readonly slices: Node[];
  readonly children: Map<string, Node>;
}

export interface TypeOf {
  readonly code: string;
  readonly profiles: readonly string[];
  readonly targets: readonly string[];
}

export interface Binding {
  readonly valueSet: string;
  readonly strength: string;
  /** https://hl7.org/fhir/R4/extension-elementdefinition-maxvalueset.html */
  readonly most: string | undefined;
}

/** A constraint of the profile itself: those of R4 are asked of every resource. */
export interface Rule extends Constraint {
  readonly severity: 'error' | 'warning';
}

/** A profile as a tree of its snapshot. Errors: SyntaxError where that is none. */
export function treeOf({ type, snapshot }: StructureDefinition): Node {
  const nodes = new Map<string, Node>();
  const contents: [Node, string][] = [];
  for (const element of snapshot?.element ?? []) {
    const { id = '', contentReference } = element;
    const node = nodeOf(element);
    if (nodes.has(id)) throw new SyntaxError('An element of the snapshot is there twice');
    nodes.set(id, node);
    if (contentReference !== undefined) contents.push([node, contentReference.split('#')[1] as string]);
    const parent = id.includes('.') ? nodes.get(id.slice(0, id.lastIndexOf('.'))) : undefined;
    if (!parent) {
      if (id !== type) throw new SyntaxError('An element of the snapshot is of none');
    } else if (node.slice === undefined) parent.children.set(node.name, node);
    else parent.children.get(node.name)?.slices.push(node);
  }
  for (const [node, id] of contents)
    for (const [name, child] of nodes.get(id)?.children ?? []) node.children.set(name, child);
  for (const node of nodes.values())
    for (const slice of node.slices)
      if (slice.children.size === 0) for (const [name, child] of node.children) slice.children.set(name, child);
  const root = nodes.get(type);
  if (!root) throw new SyntaxError('The snapshot is empty');
  prune(root, new Set());
  return root;
}

/** What says no more than R4 need not be asked: most elements of most profiles. */
function prune(node: Node, seen: Set<Node>): void {
  if (seen.has(node)) return;
  seen.add(node);
  for (const each of [...node.slices, ...node.children.values()]) prune(each, seen);
  for (const [name, child] of node.children) if (!isSaying(child)) node.children.delete(name);
}

const isSaying = (node: Node): boolean =>
  node.isNarrowed ||
  node.name.endsWith('[x]') ||
  [node.fixed, node.pattern, node.maxLength, node.least, node.most].some((each) => each !== undefined) ||
  (node.binding !== undefined &&
    (node.binding.most !== undefined || ['required', 'extensible'].includes(node.binding.strength))) ||
  node.constraints.length + node.slices.length + node.children.size > 0 ||
  node.types.some(({ code, profiles, targets }) => profiles.length + targets.length > 0 || resourceNames().has(code));

function nodeOf(element: ElementDefinition): Node {
  const { id = '', path, min = 0, max = '*', isModifier = false, maxLength, slicing } = element;
  const isNarrowed = min !== (element.base?.min ?? 0) || max !== element.base?.max;
  const [name = '', slice] = id.slice(id.lastIndexOf('.') + 1).split(':');
  const values = Object.entries(element) as [string, unknown][];
  const valued = (start: RegExp): unknown => values.find(([key]) => start.test(key))?.[1];
  const part = path.replace(/(?:^|\.)(\w)/g, (_, letter: string) => letter.toUpperCase());
  return {
    ...{ name, slice, isNarrowed, min, isModifier, maxLength, slicing, part },
    max: max === '*' ? Infinity : Number(max),
    types: (element.type ?? []).map(({ code, profile = [], targetProfile = [] }) => ({
      ...{ code, profiles: profile.map(withoutVersion), targets: targetProfile.map(withoutVersion) },
    })),
    ...{ fixed: valued(/^fixed[A-Z]/), pattern: valued(/^pattern[A-Z]/) },
    ...{ least: valued(/^minValue[A-Z]/), most: valued(/^maxValue[A-Z]/) },
    ...{ binding: bindingOf(element.binding), constraints: rulesOf(element, part) },
    ...{ slices: [], children: new Map<string, Node>() },
  };
}

const MOST = 'http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet';

function bindingOf(binding: ElementDefinition['binding']): Binding | undefined {
  if (binding?.valueSet === undefined) return undefined;
  const most = binding.extension?.find(({ url }) => url === MOST);
  const { strength } = binding;
  return {
    ...{ valueSet: withoutVersion(binding.valueSet), strength },
    most: strength === 'required' ? undefined : (most?.valueCanonical ?? most?.valueUri)?.split('|')[0],
  };
}

const DEFINITIONS = 'http://hl7.org/fhir/StructureDefinition/';

function rulesOf({ constraint = [], type = [] }: ElementDefinition, part: string): Rule[] {
  const known = new Set(
    [part, ...type.map(({ code }) => code)].flatMap((name) => (modelOf(name)?.constraints ?? []).map(({ key }) => key)),
  );
  return constraint.flatMap(({ key, severity, expression, human, source = '' }) => {
    const isOfR4 = source.startsWith(DEFINITIONS) && typeDefinition(source.slice(DEFINITIONS.length)) !== undefined;
    if (expression === undefined || isOfR4 || known.has(key) || ofEvery.test(key)) return [];
    return [{ key, expression, description: human, severity: severity === 'warning' ? 'warning' : 'error' }];
  });
}

/** What every element, extension, resource and narrative is asked. */
const ofEvery = /^(ele|ext|dom|txt|ref)-\d+$/;

/** The element of that name below another one; a choice by its bare name too. */
export const childOf = ({ children }: Node, name: string): Node | undefined =>
  children.get(name) ?? children.get(`${name}[x]`);
