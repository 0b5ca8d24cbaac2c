import type { Criterion, Narrowing, Operand, Position, SearchRequest } from '../define/request.js';
import { Slot } from './fragment.js';
import type { Slotted } from './kinds/kind.js';

/** What one statement selects: a page of ids in order, ids that are known to be few, or how many there are. */
export type Aim =
  { readonly kind: 'page'; readonly position?: Position } | { readonly kind: 'rows' } | { readonly kind: 'total' };

export const TENANT = new Slot(0);
export const PATIENT = new Slot(1);
export const LIMIT = new Slot(2);
const FIRST_FREE = 3;

/**
 * The values of a statement's slots, in the order in which `compile` gave them places. `pin` is the narrowing's patient
 * as the source stores it.
 */
export function slotValues(
  request: SearchRequest,
  narrowing: Narrowing,
  limit: number,
  position: Position | undefined,
  pin: string | number | null = narrowing.patient ?? null,
): unknown[] {
  const values: unknown[] = [narrowing.tenant, pin, limit];
  const bind = (search: SearchRequest | undefined): void => {
    for (const { any } of search?.criteria ?? []) for (const { bindings } of any) values.push(...bindings);
  };
  bind(request);
  for (const { native, search } of narrowing.where) {
    if (native !== undefined) values.push(native);
    bind(search);
  }
  if (position?.row) values.push(...position.row.keys, position.row.id);
  return values;
}

/** What decides the statement, apart from values: equal shapes share it. */
export function shapeOf(
  request: SearchRequest,
  narrowing: Narrowing,
  aim: Aim,
  overflows: (type: string, param: string) => boolean,
): string {
  const criteria = ({ type, criteria }: SearchRequest): string =>
    criteria
      .map(({ param, modifier = '', any }) => {
        const shapes = any.map(({ shape, bindings }) => `${shape}/${String(bindings.length)}`).join(',');
        const kept = [param, `${param}:identifier`].map((name) => (overflows(type, name) ? '+' : '-')).join('');
        return `${param}:${modifier}${kept}=${shapes}`;
      })
      .join('&');
  const order = request.sort.map(({ param, descending }) => (descending ? `-${param}` : param)).join(',');
  const page = aim.kind === 'page' ? `${order} ${positionShape(aim.position)}` : aim.kind;
  const where = narrowing.where
    .map(({ native, search }) => `${native === undefined ? '' : '@'}${search ? criteria(search) : ''}`)
    .join('|');
  return `${request.type}?${criteria(request)} ${page} ${narrowing.patient === undefined ? '' : 'pin'} ${where}`;
}

const positionShape = (position: Position | undefined): string =>
  position
    ? `${position.direction} ${position.row?.keys.map((key) => (key === null ? '0' : '1')).join('') ?? 'all'}`
    : '';

/** Gives every binding of a request its place. */
export class Slots {
  #next = FIRST_FREE;

  next(): Slot {
    return new Slot(this.#next++);
  }

  operands({ any }: Criterion): Slotted[] {
    return any.map((operand) => this.#operand(operand));
  }

  #operand({ shape, bindings, parts }: Operand): Slotted {
    if (parts) {
      const [first, second] = parts;
      const sides = [this.#operand(first), this.#operand(second)] as const;
      return { shape, slots: [...sides[0].slots, ...sides[1].slots], parts: sides };
    }
    return { shape, slots: bindings.map(() => this.next()) };
  }
}
