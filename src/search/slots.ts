import type { Criterion, Narrowing, Operand, Position, SearchRequest, Test } from '../define/request.js';
import type { ConditionOptions } from './condition.js';
import { Slot } from './fragment.js';
import type { Slotted } from './kinds/kind.js';

/** What one statement selects: a page of ids in order, some ids, all that are known to be few, or how many there are. */
export type Aim =
  | { readonly kind: 'page'; readonly position?: Position }
  | { readonly kind: 'some' }
  | { readonly kind: 'rows' }
  | { readonly kind: 'total' };

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
  const bind = (criterion: Criterion): void => {
    if ('via' in criterion) {
      bindLimits(criterion.narrowing);
      bind(criterion.criterion);
    } else if ('oneOf' in criterion) criterion.oneOf.forEach(bind);
    else for (const { bindings } of criterion.any) values.push(...bindings);
  };
  const bindLimits = ({ where }: Narrowing): void => {
    for (const { native, search } of where) {
      if (native !== undefined) values.push(native);
      search?.criteria.forEach(bind);
    }
  };
  request.criteria.forEach(bind);
  bindLimits(narrowing);
  if (position?.row) values.push(...position.row.keys, position.row.id);
  return values;
}

/** What decides the statement, apart from values: equal shapes share it. */
export function shapeOf(
  request: SearchRequest,
  narrowing: Narrowing,
  aim: Aim,
  { overflows, closed, registry }: ConditionOptions,
): string {
  const one = (type: string, criterion: Criterion): string => {
    if ('oneOf' in criterion) return `(${criterion.oneOf.map((each) => one(type, each)).join('|')})`;
    if (!('via' in criterion)) return tested(type, criterion);
    const { holder, via, type: other, narrowing: there } = criterion;
    const resource = registry.get(other);
    const shut = resource && closed(resource, there) ? '!' : '';
    const kept = overflows(holder === 'here' ? type : other, via) ? '+' : '-';
    return `${holder}>${via}${kept}${other}${shut}[${limits(other, there)}](${one(other, criterion.criterion)})`;
  };
  const tested = (type: string, { param, modifier = '', any }: Test): string => {
    const shapes = any.map(({ shape, bindings }) => `${shape}/${String(bindings.length)}`).join(',');
    const kept = [param, `${param}:identifier`].map((name) => (overflows(type, name) ? '+' : '-')).join('');
    return `${param}:${modifier}${kept}=${shapes}`;
  };
  const criteria = ({ type, criteria }: SearchRequest): string => criteria.map((each) => one(type, each)).join('&');
  const limits = (type: string, { patient, where }: Narrowing): string => {
    const alternatives = where.map(
      ({ native, search }) => `${native === undefined ? '' : '@'}${search ? criteria({ ...search, type }) : ''}`,
    );
    return `${patient === undefined ? '' : 'pin'} ${alternatives.join('|')}`;
  };
  const order = request.sort.map(({ param, descending }) => (descending ? `-${param}` : param)).join(',');
  const page = aim.kind === 'page' ? `${order} ${positionShape(aim.position)}` : aim.kind;
  const first = request.first ? `${String(request.first.most)} of ${request.first.of}` : '';
  return `${request.type}?${criteria(request)} ${page} ${first} ${limits(request.type, narrowing)}`;
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

  operands({ any }: Test): Slotted[] {
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
