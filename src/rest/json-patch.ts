import { isDeepStrictEqual } from 'node:util';
import { OutcomeError } from '../outcome.js';
import type { LiteralMemory } from './literal-memory.js';
import { checkNodes } from './sent.js';

type Members = Record<string, unknown>;

/** One operation of https://www.rfc-editor.org/rfc/rfc6902 */
export interface Operation extends Members {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

const MAX_OPERATIONS = 1000;
/** Objects, lists and values that the copies of one patch have together: a copy of a copy would double for ever. */
const MAX_COPIED = 10_000;
const names: ReadonlySet<unknown> = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']);

/** Errors: 400 `invalid-patch` for what is no JSON Patch. */
export function operationsIn(value: unknown): Operation[] {
  if (!Array.isArray(value) || value.length > MAX_OPERATIONS)
    throw malformed(`A JSON Patch is a list of ${String(MAX_OPERATIONS)} operations at the most`);
  return value.map((each: unknown, index) => {
    const at = `operation ${String(index)}`;
    if (typeof each !== 'object' || each === null) throw malformed(`${at} is no object`);
    const { op, path, from } = each as Members;
    if (!names.has(op)) throw malformed(`${at} has an op that RFC 6902 does not know`);
    if (!isPointer(path)) throw malformed(`${at} has a path that is no JSON pointer`);
    if ((op === 'move' || op === 'copy') && !isPointer(from))
      throw malformed(`${at} has a from that is no JSON pointer`);
    if ((op === 'add' || op === 'replace' || op === 'test') && !Object.hasOwn(each, 'value'))
      throw malformed(`${at} has no value`);
    return each as Operation;
  });
}

const isPointer = (text: unknown): boolean => typeof text === 'string' && /^(?:\/(?:[^~]|~[01])*)?$/s.test(text);

const malformed = (text: string): OutcomeError => new OutcomeError(400, 'invalid-patch', text);

/** Applies the operations to the resource itself, one after the other. Errors: 422 `patch-failed`, and which; 413. */
export function applyJsonPatch(resource: Members, operations: readonly Operation[], memory: LiteralMemory): void {
  const root = { '': resource };
  let copied = 0;
  operations.forEach((operation, index) => {
    const fail = (text: string): never => {
      throw new OutcomeError(422, 'patch-failed', `Operation ${String(index)} of the patch ${text}`);
    };
    if (operation.op === 'copy') copied += checkNodes(sourceOf(root, operation, fail), MAX_COPIED - copied);
    apply(root, operation, memory, fail);
  });
  if (root[''] !== resource) throw new OutcomeError(422, 'patch-failed', 'A patch cannot replace the whole resource');
}

type Fail = (text: string) => never;

function sourceOf(root: Members, { from = '' }: Operation, fail: Fail): unknown {
  const source = placeOf(root, from, fail);
  check(source, fail);
  return source.holder[source.member];
}

function apply(root: Members, operation: Operation, memory: LiteralMemory, fail: Fail): void {
  const { op, path, from = '' } = operation;
  const target = placeOf(root, path, fail);
  const given = { holder: operation, member: 'value' };
  switch (op) {
    case 'add': {
      insert(target, given, memory, fail);
      return;
    }
    case 'replace':
      check(target, fail);
      {
        put(target, given, memory);
        return;
      }
    case 'remove':
      check(target, fail);
      {
        remove(target);
        return;
      }
    case 'test':
      check(target, fail);
      if (!isDeepStrictEqual(target.holder[target.member], operation.value)) fail('tests for another value');
      return;
    case 'copy': {
      const source = placeOf(root, from, fail);
      check(source, fail);
      const copied = { value: memory.copy(source.holder[source.member]) };
      memory.carry(source.holder, source.member, copied, 'value');
      insert(target, { holder: copied, member: 'value' }, memory, fail);
      return;
    }
    case 'move': {
      if (path.startsWith(`${from}/`)) fail('moves an element into itself');
      const source = placeOf(root, from, fail);
      check(source, fail);
      const moved = { value: source.holder[source.member] };
      memory.carry(source.holder, source.member, moved, 'value');
      remove(source);
      // Places behind it have moved up.
      insert(placeOf(root, path, fail), { holder: moved, member: 'value' }, memory, fail);
      return;
    }
  }
}

interface Place {
  readonly holder: Members;
  readonly member: string;
}

/** What would let a path leave the resource for what all objects share. */
const shared: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

function placeOf(root: Members, pointer: string, fail: Fail): Place {
  const members = pointer.split('/').map((each) => each.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (members.some((member) => shared.has(member))) fail('has a path that no resource has');
  const last = members.pop() as string;
  let holder: unknown = root;
  for (const member of members) {
    if (!isHolder(holder) || !Object.hasOwn(holder, member)) return fail('has a path that leads nowhere');
    holder = holder[member];
  }
  if (!isHolder(holder)) return fail('has a path that leads nowhere');
  return { holder, member: last };
}

const isHolder = (value: unknown): value is Members => typeof value === 'object' && value !== null;

/** An element of a list is named by its index and nothing else of it, `length` say. */
function check({ holder, member }: Place, fail: Fail): void {
  if (!Object.hasOwn(holder, member) || (Array.isArray(holder) && !isIndex(member, holder.length - 1)))
    fail('has a path that leads nowhere');
}

const isIndex = (member: string, most: number): boolean => /^(0|[1-9]\d{0,5})$/.test(member) && Number(member) <= most;

function insert(target: Place, source: Place, memory: LiteralMemory, fail: Fail): void {
  const { holder, member } = target;
  if (!Array.isArray(holder)) {
    put(target, source, memory);
    return;
  }
  const index = member === '-' ? String(holder.length) : member;
  if (!isIndex(index, holder.length)) fail('has an index that is out of its list');
  holder.splice(Number(index), 0, source.holder[source.member]);
}

function put({ holder, member }: Place, source: Place, memory: LiteralMemory): void {
  holder[member] = source.holder[source.member];
  memory.carry(source.holder, source.member, holder, member);
}

function remove({ holder, member }: Place): void {
  if (Array.isArray(holder)) holder.splice(Number(member), 1);
  else Reflect.deleteProperty(holder, member);
}
