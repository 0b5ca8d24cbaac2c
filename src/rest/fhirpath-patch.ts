import { OutcomeError } from '../outcome.js';
import {
  Effort,
  elementOf,
  parsePath,
  placesOf,
  rootOf,
  valueAt,
  type Members,
  type Place,
} from './fhirpath-places.js';
import type { LiteralMemory } from './literal-memory.js';

/** One operation of a Parameters resource: https://hl7.org/fhir/R4/fhirpatch.html */
export interface PathOperation {
  readonly type: string;
  readonly path: string;
  readonly name?: string;
  readonly index?: number;
  readonly source?: number;
  readonly destination?: number;
  /** The part that holds the value. */
  readonly value?: Members;
}

const MAX_OPERATIONS = 1000;

/** Errors: 400 `invalid-patch` for what is no FHIRPath Patch. */
export function pathOperationsIn(parameters: Members): PathOperation[] {
  const { parameter: list = [] } = parameters;
  if (!Array.isArray(list) || list.length > MAX_OPERATIONS)
    throw malformed(`A FHIRPath Patch is Parameters with ${String(MAX_OPERATIONS)} operations at the most`);
  return list.map((each: Members, index) => {
    const parts = each['part'];
    if (each['name'] !== 'operation' || !Array.isArray(parts))
      throw malformed(`parameter ${String(index)} is no operation with parts`);
    return operationOf(parts as Members[], index);
  });
}

const needed: Readonly<Record<string, readonly (keyof PathOperation)[]>> = {
  add: ['name', 'value'],
  insert: ['index', 'value'],
  delete: [],
  replace: ['value'],
  move: ['source', 'destination'],
};

function operationOf(parts: readonly Members[], index: number): PathOperation {
  const part = (name: string): Members | undefined => parts.find((each) => each['name'] === name);
  const text = (name: string): string | undefined => {
    const [, value] = valueIn(part(name)) ?? [];
    return typeof value === 'string' ? value : undefined;
  };
  const number = (name: string): number | undefined => {
    const [, value] = valueIn(part(name)) ?? [];
    return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
  };
  const [type, path, name] = [text('type'), text('path'), text('name')];
  const places = { index: number('index'), source: number('source'), destination: number('destination') };
  const operation = { type, path, name, ...places, value: part('value') };
  const missing = type === undefined ? undefined : needed[type]?.find((each) => operation[each] === undefined);
  if (type === undefined || path === undefined || !Object.hasOwn(needed, type) || missing !== undefined)
    throw malformed(`operation ${String(index)} has no ${missing ?? 'type or path that a FHIRPath Patch takes'}`);
  return operation as PathOperation;
}

const malformed = (text: string): OutcomeError => new OutcomeError(400, 'invalid-patch', text);

/** `valueString` and what it holds. */
function valueIn(part: Members | undefined): [member: string, value: unknown] | undefined {
  return part && Object.entries(part).find(([member]) => /^value[A-Z]/.test(member));
}

/** Applies the operations to the resource itself, one after the other. Errors: 422 `patch-failed`, and which; 400 `too-costly`. */
export function applyFhirPathPatch(
  resource: Members,
  operations: readonly PathOperation[],
  memory: LiteralMemory,
): void {
  const effort = new Effort();
  operations.forEach((operation, index) => {
    const fail = (text: string): never => {
      throw new OutcomeError(422, 'patch-failed', `Operation ${String(index)} of the patch ${text}`);
    };
    const root = rootOf(resource);
    const found = placesOf(parsePath(operation.path), root, effort);
    if (found.some(({ owner }) => owner === root.owner) && operation.type !== 'add') fail('names the whole resource');
    apply(operation, found, memory, fail);
    if (operation.type === 'delete') dropEmpty(resource);
  });
}

/** What lost its last element is no element any more: an empty one cannot be written down. */
function dropEmpty(owner: Members): void {
  for (const [member, value] of Object.entries(owner)) {
    if (typeof value !== 'object' || value === null) continue;
    const items = (Array.isArray(value) ? value : [value]) as unknown[];
    for (const item of items) if (isObject(item)) dropEmpty(item);
    // Beside the values of a list, a place is kept.
    const left = member.startsWith('_')
      ? items.map((item) => (isEmpty(item) ? null : item))
      : items.filter((item) => !isEmpty(item));
    if (left.every((item) => item === null)) Reflect.deleteProperty(owner, member);
    else if (Array.isArray(value)) value.splice(0, Infinity, ...left);
  }
}

const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null;
const isEmpty = (value: unknown): boolean => isObject(value) && Object.keys(value).length === 0;

type Fail = (text: string) => never;

function apply(operation: PathOperation, found: readonly Place[], memory: LiteralMemory, fail: Fail): void {
  const { type, name = '' } = operation;
  if (type === 'insert' || type === 'move') {
    inList(operation, found, memory, fail);
    return;
  }
  const [place, ...more] = found;
  if (more.length > 0) fail('names more than one element');
  // https://hl7.org/fhir/R4/fhirpatch.html: deleting what is not there is no error.
  if (!place) return type === 'delete' ? undefined : fail('names no element');
  if (type === 'delete') {
    remove(place);
    return;
  }
  if (type === 'replace') {
    replace(place, operation, memory, fail);
    return;
  }
  add(place, name, operation, memory, fail);
}

function add(place: Place, name: string, { value = {} }: PathOperation, memory: LiteralMemory, fail: Fail): void {
  const owner = valueAt(place);
  if (typeof owner !== 'object' || owner === null) return fail('adds to what has no elements');
  const member = memberFor(place.type, name, value);
  const element = member === undefined ? undefined : elementOf(place.type, member);
  if (member === undefined || !element) return fail('adds an element that there is none of');
  const into = owner as Members;
  const holder = built(value, element.type[0]?.code ?? '', memory);
  if (!element.isArray) {
    if (into[member] !== undefined) fail('adds an element that is there and does not repeat');
    into[member] = holder['value'];
    memory.carry(holder, 'value', into, member);
    return;
  }
  into[member] = [...((into[member] ?? []) as unknown[]), holder['value']];
}

/** A choice is written with its type, which is that of the value. */
function memberFor(type: string, name: string, value: Members): string | undefined {
  if (!elementOf(type, `${name}[x]`)) return name;
  const [suffixed] = valueIn(value) ?? [];
  return suffixed === undefined ? undefined : `${name}${suffixed.slice('value'.length)}`;
}

function replace(place: Place, { value = {} }: PathOperation, memory: LiteralMemory, fail: Fail): void {
  const { owner, member, index, type } = place;
  const holder = built(value, type, memory);
  if (index !== undefined) {
    (owner[member] as unknown[])[index] = holder['value'];
    return;
  }
  const [suffixed] = valueIn(value) ?? [];
  const choice = /^(.*?)[A-Z]/.exec(member)?.[1];
  // Another type of a choice is another member.
  const wanted =
    suffixed !== undefined && choice !== undefined && isChoice(place)
      ? `${choice}${suffixed.slice('value'.length)}`
      : member;
  if (wanted !== member) remove(place);
  if (holder['value'] === undefined) fail('has no value');
  owner[wanted] = holder['value'];
  memory.carry(holder, 'value', owner, wanted);
}

/** `valueQuantity` ends in the name of its type; `deathDate` of no choice would too, if it were of type Date. */
const isChoice = ({ member, type }: Place): boolean => member.endsWith(type.charAt(0).toUpperCase() + type.slice(1));

function remove({ owner, member, index }: Place): void {
  for (const name of [member, `_${member}`]) {
    const value = owner[name];
    if (index !== undefined && Array.isArray(value)) value.splice(index, 1);
    if (index === undefined || (Array.isArray(value) && value.length === 0)) Reflect.deleteProperty(owner, name);
  }
}

/** `insert` and `move` name a list, or in R4's own words the elements of one. */
function inList(operation: PathOperation, found: readonly Place[], memory: LiteralMemory, fail: Fail): void {
  const [first] = found;
  if (!first || first.index === undefined) return fail('names no list');
  const list = first.owner[first.member] as unknown[];
  if (found.some(({ owner, member }) => owner !== first.owner || member !== first.member)) fail('names several lists');
  const { type, index = 0, source = 0, destination = 0, value = {} } = operation;
  if (type === 'insert') {
    if (index > list.length) fail('has an index that is out of its list');
    list.splice(index, 0, built(value, first.type, memory)['value']);
    return;
  }
  if (source >= list.length || destination >= list.length) fail('has an index that is out of its list');
  const [moved] = list.splice(source, 1);
  list.splice(destination, 0, moved);
}

/** The value of a part, held by an object so that its decimals are remembered: a data type, or what its parts make. */
function built(part: Members, type: string, memory: LiteralMemory): Members {
  const [member, value] = valueIn(part) ?? [];
  if (member !== undefined) {
    const holder = { value: memory.copy(value) };
    memory.carry(part, member, holder, 'value');
    return holder;
  }
  if (part['resource'] !== undefined) return { value: memory.copy(part['resource']) };
  const parts = part['part'];
  if (!Array.isArray(parts)) return {};
  const made: Members = {};
  for (const each of parts as Members[]) {
    const name = memberFor(type, String(each['name']), each);
    const element = name === undefined ? undefined : elementOf(type, name);
    if (name === undefined || !element) throw new OutcomeError(422, 'patch-failed', 'A value has a part of no element');
    const inner = built(each, element.type[0]?.code ?? '', memory);
    if (element.isArray) made[name] = [...((made[name] ?? []) as unknown[]), inner['value']];
    else {
      made[name] = inner['value'];
      memory.carry(inner, 'value', made, name);
    }
  }
  return { value: made };
}
