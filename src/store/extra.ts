import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { typeDefinition } from '../validate/definitions.js';

/**
 * What the columns of a row could not hold of a resource, unit by unit, so that it is served back whole. A unit is a
 * top-level element with its `_element` sibling, a whole choice (`value[x]`), or elements that stand or fall together;
 * of a list of objects, the item. Never finer: an old display beside a new reference would be false. A kept unit is
 * valid while the row still renders what it rendered when the unit was kept: otherwise the native value wins.
 */
export interface Extra {
  /** The version that the row had: while it has it, nothing can have changed. */
  readonly at: number;
  readonly units: Readonly<Record<string, Kept>>;
  /** Decimals as they were written, by path: JSON.parse makes 1.0 a 1. */
  readonly literals?: readonly Literal[];
}

export type Literal = readonly [path: string, text: string];

interface Kept {
  /** The members of the unit as sent; of a list, its items, a number standing for the rendered item of that index. */
  readonly value: Readonly<Record<string, unknown>>;
  /** Hash of what the columns rendered for the unit; empty where they rendered nothing. */
  readonly of: string;
  /** Of a list: for each item sent, the hash of the rendered item that it covers, or empty. */
  readonly items?: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

const hash = (value: unknown): string =>
  value === undefined ? '' : createHash('sha1').update(JSON.stringify(value)).digest('base64url').slice(0, 12);

/** Which unit a member of a resource belongs to. */
export function unitsOf(type: string, joined: Readonly<Record<string, string>>): (member: string) => string {
  const order = typeDefinition(type)?.order ?? [];
  const names = new Set(order);
  const choices = order.filter((name) => name.endsWith('[x]')).map((name) => name.slice(0, -3));
  const known = new Map<string, string>();
  return (member) => {
    let unit = known.get(member);
    if (unit === undefined) {
      const name = member.startsWith('_') ? member.slice(1) : member;
      const choice = names.has(name) ? undefined : choices.find((prefix) => name.startsWith(prefix));
      unit = joined[choice ?? name] ?? choice ?? name;
      known.set(member, unit);
    }
    return unit;
  };
}

function byUnit(resource: Json, unitOf: (member: string) => string): Map<string, Record<string, unknown>> {
  const units = new Map<string, Record<string, unknown>>();
  for (const [member, value] of Object.entries(resource)) {
    const unit = unitOf(member);
    const members = units.get(unit);
    if (members) members[member] = value;
    else units.set(unit, { [member]: value });
  }
  return units;
}

/** What is to be kept of `sent`, when the columns render `rendered`. */
export function split(sent: Json, rendered: Json, unitOf: (member: string) => string): Record<string, Kept> {
  const kept: Record<string, Kept> = {};
  const now = byUnit(rendered, unitOf);
  const units = byUnit(sent, unitOf);
  for (const unit of new Set([...units.keys(), ...now.keys()])) {
    const wanted = units.get(unit);
    const has = now.get(unit);
    if (isDeepStrictEqual(wanted, has)) continue;
    kept[unit] = splitList(wanted ?? {}, has ?? {}) ?? { value: wanted ?? {}, of: hash(has) };
  }
  return kept;
}

/** A list of objects is kept item by item; undefined when it is none, or when its items cannot be told apart. */
function splitList(wanted: Json, has: Json): Kept | undefined {
  const [member, ...others] = Object.keys(wanted);
  if (member === undefined || others.length > 0 || Object.keys(has).some((other) => other !== member)) return undefined;
  const sent = wanted[member];
  const rendered = has[member] ?? [];
  if (!isObjects(sent) || !isObjects(rendered)) return undefined;
  const covers = align(sent, rendered);
  if (!covers) return undefined;
  return {
    value: {
      [member]: sent.map((item, index) => {
        const at = covers[index];
        return at !== undefined && isDeepStrictEqual(item, rendered[at]) ? at : item;
      }),
    },
    of: hash(has),
    items: covers.map((at) => (at === undefined ? '' : hash(rendered[at]))),
  };
}

const isObjects = (value: unknown): value is Json[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null && !Array.isArray(item));

/** For each item sent, the index of the rendered item that it covers: by index, or else greedily in order. */
function align(sent: readonly Json[], rendered: readonly Json[]): (number | undefined)[] | undefined {
  if (sent.length === rendered.length) return sent.map((_, index) => index);
  let next = 0;
  const covers = sent.map((item) => {
    const candidate = rendered[next];
    return candidate !== undefined && contains(item, candidate) ? next++ : undefined;
  });
  return next === rendered.length ? covers : undefined;
}

/** Whether everything that `part` says, `whole` says too. */
function contains(whole: unknown, part: unknown): boolean {
  if (typeof part !== 'object' || part === null) return whole === part;
  if (typeof whole !== 'object' || whole === null || Array.isArray(whole) !== Array.isArray(part)) return false;
  return Object.entries(part).every(([member, value]) => contains((whole as Json)[member], value));
}

/** The resource: what the columns render, with what was kept where it still belongs to it. */
export function merge(
  type: string,
  rendered: Json,
  extra: Extra,
  version: number,
  unitOf: (member: string) => string,
): Record<string, unknown> {
  const units = byUnit(rendered, unitOf);
  let dropped = false;
  for (const [unit, kept] of Object.entries(extra.units)) {
    const has = units.get(unit);
    const valid = extra.at === version || kept.of === hash(has);
    const merged = kept.items ? mergeList(kept, has ?? {}, valid) : valid ? kept.value : undefined;
    if (merged) units.set(unit, merged);
    if (!valid) dropped = true;
  }
  const members = Object.assign({}, ...units.values()) as Record<string, unknown>;
  const resource = inOrder(type, members);
  return dropped ? pruned(resource) : resource;
}

function mergeList({ value, items = [] }: Kept, has: Json, valid: boolean): Record<string, unknown> | undefined {
  const [member] = Object.keys(value) as [string];
  const rendered = (has[member] ?? []) as readonly Json[];
  const sent = value[member] as readonly (Json | number)[];
  if (valid) return { [member]: sent.map((item) => (typeof item === 'number' ? rendered[item] : item)) };
  const left = rendered.map((item) => ({ item, hash: hash(item) }));
  const list: unknown[] = [];
  sent.forEach((item, index) => {
    if (items[index] === '') return list.push(item);
    const at = left.findIndex((each) => each.hash === items[index]);
    if (at < 0) return undefined;
    const [found] = left.splice(at, 1);
    return list.push(typeof item === 'number' ? found?.item : item);
  });
  list.push(...left.map((each) => each.item));
  return list.length > 0 ? { [member]: list } : {};
}

/** Members in the order of the specification, `_member` after its member. */
function inOrder(type: string, members: Record<string, unknown>): Record<string, unknown> {
  const order = typeDefinition(type)?.order ?? [];
  const place = (member: string): number => {
    const name = member.startsWith('_') ? member.slice(1) : member;
    const exact = order.indexOf(name);
    if (exact >= 0) return exact;
    return order.findIndex((each) => each.endsWith('[x]') && name.startsWith(each.slice(0, -3)));
  };
  return Object.fromEntries(Object.entries(members).sort(([a], [b]) => place(a) - place(b)));
}

/** Contained resources to which nothing refers any more go with what referred to them. */
function pruned(resource: Record<string, unknown>): Record<string, unknown> {
  const { contained, ...rest } = resource;
  if (!isObjects(contained)) return resource;
  const text = JSON.stringify(rest);
  const left = contained.filter(({ id }) => typeof id !== 'string' || text.includes(`"#${id}"`));
  return left.length === contained.length ? resource : { ...resource, contained: left };
}

/** The narrative belongs to the whole resource: any native change drops it. */
export interface KeptNarrative {
  readonly at: number;
  readonly of: string;
  readonly text: unknown;
}

export const keepNarrative = (text: unknown, rendered: Json, version: number): KeptNarrative => ({
  at: version,
  of: hash(rendered),
  text,
});

export const narrativeOf = (kept: KeptNarrative, rendered: Json, version: number): unknown =>
  kept.at === version || kept.of === hash(rendered) ? kept.text : undefined;
