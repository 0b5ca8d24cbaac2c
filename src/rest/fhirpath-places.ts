import {
  AsAtom,
  ConcatAtom,
  DotAtom,
  EmptySetAtom,
  evalFhirPathTyped,
  FhirPathAtom,
  FunctionAtom,
  IndexerAtom,
  InfixOperatorAtom,
  LiteralAtom,
  parseFhirPath,
  PrefixOperatorAtom,
  SymbolAtom,
  tryGetDataType,
  UnionAtom,
  type Atom,
  type InternalSchemaElement,
} from '@medplum/core';
import { OutcomeError } from '../outcome.js';
import { typeDefinition } from '../validate/definitions.js';
import { checkNodes } from './sent.js';

export type Members = Record<string, unknown>;

/** Where a value stands: a member of an object, or an item of the list that is one. */
export interface Place {
  readonly owner: Members;
  readonly member: string;
  readonly index?: number;
  /** The type of what stands there. */
  readonly type: string;
}

/** The resource itself stands in no other: its place is made up. */
export const rootOf = (resource: Members): Place => ({
  ...{ owner: { '': resource }, member: '' },
  type: resource['resourceType'] as string,
});

export function valueAt({ owner, member, index }: Place): unknown {
  const value = owner[member];
  return index === undefined ? value : (value as readonly unknown[])[index];
}

/** Errors: 400 `invalid-patch` for what is no FHIRPath. */
export function parsePath(path: string): FhirPathAtom {
  try {
    if (path.length <= 1000) return parseFhirPath(path);
  } catch (cause) {
    throw new OutcomeError(400, 'invalid-patch', 'A path is no FHIRPath', { cause });
  }
  throw new OutcomeError(400, 'invalid-patch', 'A path is longer than 1000 characters');
}

/**
 * The places that a path names. It takes the simple FHIRPath that a patch needs (https://hl7.org/fhir/R4/fhirpatch.html):
 * members, indices, `where`, `first`, `last`, `extension`, `ofType` and `as`.
 */
export function placesOf(path: FhirPathAtom, root: Place, effort: Effort): Place[] {
  return find(path.child, [root], { root, effort });
}

/** What the criteria of one patch may look at together: the parts of each times the values that it is asked of. */
export class Effort {
  #left = 1_000_000;

  /** Errors: 400 `too-costly`. */
  spend(parts: number, values: number): void {
    this.#left -= parts * values;
    if (this.#left < 0) throw new OutcomeError(400, 'too-costly', 'The criteria of the patch look at too many values');
  }
}

interface Finding {
  readonly root: Place;
  readonly effort: Effort;
}

const unsupported = (): OutcomeError =>
  new OutcomeError(
    400,
    'invalid-patch',
    'A path of a patch takes members, indices, where, first, last, extension, ofType and as',
  );

function find(atom: Atom, from: readonly Place[], finding: Finding): Place[] {
  const { root } = finding;
  if (atom instanceof FhirPathAtom) return find(atom.child, from, finding);
  if (atom instanceof DotAtom) return find(atom.right, find(atom.left, from, finding), finding);
  if (atom instanceof SymbolAtom) {
    if (from.length === 1 && from[0] === root && (atom.name === root.type || atom.name === 'Resource')) return [root];
    return from.flatMap((place) => membersOf(place, atom.name));
  }
  if (atom instanceof IndexerAtom) {
    const index: unknown = atom.expr instanceof LiteralAtom ? atom.expr.value.value : undefined;
    if (typeof index !== 'number') throw unsupported();
    return find(atom.left, from, finding).slice(index, index + 1);
  }
  if (atom instanceof AsAtom) return ofType(find(atom.left, from, finding), atom.right);
  if (atom instanceof FunctionAtom) return called(atom, from, finding.effort);
  throw unsupported();
}

function called({ name, args }: FunctionAtom, from: readonly Place[], effort: Effort): Place[] {
  const [argument] = args;
  if (name === 'first' && !argument) return from.slice(0, 1);
  if (name === 'last' && !argument) return from.slice(-1);
  if (args.length !== 1 || !argument) throw unsupported();
  if (name === 'ofType' || name === 'as') return ofType(from, argument);
  if (name === 'where') {
    const values = from.reduce((sum, place) => sum + checkNodes(valueAt(place)), 0);
    effort.spend(checkCriteria(argument), values);
    return from.filter((place) => isTrue(argument, place));
  }
  if (name === 'extension' && argument instanceof LiteralAtom) {
    const url: unknown = argument.value.value;
    const extensions = from.flatMap((place) => membersOf(place, 'extension'));
    return extensions.filter((place) => (valueAt(place) as Members | undefined)?.['url'] === url);
  }
  throw unsupported();
}

/** What looks at each value once. Others multiply what they are given, or match by a pattern of the client's own. */
const asked: ReadonlySet<string> = new Set(
  'all as contains count empty endsWith exists extension first hasValue is last lower not ofType startsWith upper where'.split(
    ' ',
  ),
);

/** Counts the parts of criteria. Errors: 400 `invalid-patch` for what would take too long. */
function checkCriteria(atom: unknown): number {
  if (atom instanceof LiteralAtom || atom instanceof SymbolAtom || atom instanceof EmptySetAtom) return 1;
  const parts = partsOf(atom);
  if (!parts) throw new OutcomeError(400, 'invalid-patch', `The criteria of a path take ${[...asked].join(', ')}`);
  return parts.reduce<number>((sum, part) => sum + checkCriteria(part), 1);
}

function partsOf(atom: unknown): readonly unknown[] | undefined {
  if (atom instanceof FunctionAtom) return asked.has(atom.name) ? atom.args : undefined;
  if (atom instanceof UnionAtom || atom instanceof ConcatAtom) return undefined;
  if (atom instanceof InfixOperatorAtom) return [atom.left, atom.right];
  if (atom instanceof IndexerAtom) return [atom.left, atom.expr];
  return atom instanceof FhirPathAtom || atom instanceof PrefixOperatorAtom ? [atom.child] : undefined;
}

function isTrue(criteria: Atom, place: Place): boolean {
  try {
    const [found] = evalFhirPathTyped(new FhirPathAtom('', criteria), [{ type: place.type, value: valueAt(place) }]);
    return found?.value === true;
  } catch (cause) {
    throw new OutcomeError(400, 'invalid-patch', 'The criteria of a path cannot be evaluated', { cause });
  }
}

function ofType(places: readonly Place[], wanted: Atom): Place[] {
  if (!(wanted instanceof SymbolAtom)) throw unsupported();
  return places.filter(({ type }) => type === wanted.name);
}

function membersOf(place: Place, name: string): Place[] {
  const owner = valueAt(place);
  if (typeof owner !== 'object' || owner === null) return [];
  const member = memberOf(owner as Members, place.type, name);
  if (member === undefined) return [];
  const type = typeOf(elementOf(place.type, member), member, owner as Members);
  const value = (owner as Members)[member];
  if (!Array.isArray(value)) return [{ owner: owner as Members, member, type }];
  return value.map((item: unknown, index) => ({
    owner: owner as Members,
    member,
    index,
    type: ofResource(item, type),
  }));
}

/** `value` is `valueQuantity` where a quantity is there. */
function memberOf(owner: Members, type: string, name: string): string | undefined {
  if (Object.hasOwn(owner, name)) return name;
  if (!elementsOf(type)?.[`${name}[x]`]) return undefined;
  return Object.keys(owner).find((member) => member.startsWith(name) && /^[A-Z]/.test(member.slice(name.length)));
}

function elementsOf(type: string): Readonly<Record<string, InternalSchemaElement>> | undefined {
  return (tryGetDataType(type) ?? typeDefinition(type)?.schema)?.elements;
}

/** The definition of a member, also of a choice that is written out. */
export function elementOf(type: string, member: string): InternalSchemaElement | undefined {
  const elements = elementsOf(type) ?? {};
  if (Object.hasOwn(elements, member)) return elements[member];
  const choice = Object.keys(elements).find((key) => key.endsWith('[x]') && member.startsWith(key.slice(0, -3)));
  return choice === undefined ? undefined : elements[choice];
}

function typeOf(element: InternalSchemaElement | undefined, member: string, owner: Members): string {
  const types = element?.type ?? [];
  const named = types.find(({ code }) => member.endsWith(code.charAt(0).toUpperCase() + code.slice(1)));
  return ofResource(owner[member], (types.length > 1 ? named?.code : types[0]?.code) ?? '');
}

const ofResource = (value: unknown, type: string): string =>
  type === 'Resource' ? (((value as Members | undefined)?.['resourceType'] as string | undefined) ?? type) : type;
