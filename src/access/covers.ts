import type { Level, Operation, QueryPair, Spelling } from './grammar.js';

export interface Covering {
  /** Both are confined to one patient, who may then also be asked for at the patient's level. */
  readonly pinned: boolean;
  /** The types that neither `*` nor `apiv2` opens. */
  readonly named: ReadonlySet<string>;
}

/** Whether one scope opens all that another one would, so that whoever has the first may ask for the second. */
export function covers(has: Spelling, asked: Spelling, { pinned, named }: Covering): boolean {
  if (has.text === asked.text) return true;
  // A native scope opens what only its own API has: no FHIR type stands for it.
  if (has.kind === 'all' && asked.kind === 'native') return true;
  const wide = has.kind === 'all' ? everything : has;
  if (wide.kind !== 'smart' || asked.kind !== 'smart') return false;
  return (
    levelsMeet(wide.level, asked.level, pinned) === asked.level &&
    (wide.type === asked.type || (wide.type === '*' && !named.has(asked.type))) &&
    [...asked.operations].every((each) => wide.operations.has(each)) &&
    wide.query.every((pair) => asked.query.some((other) => within(other, pair)))
  );
}

/** What `apiv2` is among SMART scopes. */
export const everything = {
  kind: 'smart',
  text: '',
  level: 'system',
  type: '*',
  operations: new Set<Operation>(['c', 'r', 'u', 'd', 's']),
  query: [],
} as const satisfies Spelling;

/** The level of what two scopes both open: of one patient's data, for a credential that has no other. */
export function levelsMeet(one: Level, other: Level, pinned: boolean): Level | undefined {
  if (one === other) return one;
  const isPatient = pinned && one !== 'user' && other !== 'user';
  return isPatient ? 'patient' : undefined;
}

/** Whether a pair holds of no row but those of which the other holds. */
export const within = ([param, values]: QueryPair, [other, wider]: QueryPair): boolean =>
  param === other && values.every((each) => wider.includes(each));

/** The scopes that a ceiling allows wholly, of those that are asked for. */
export const allowed = (asked: readonly Spelling[], ceiling: readonly Spelling[], covering: Covering): Spelling[] =>
  asked.filter((each) => ceiling.some((has) => covers(has, each, covering)));
