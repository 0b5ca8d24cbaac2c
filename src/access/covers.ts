import type { Operation, QueryPair, Spelling } from './grammar.js';

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
    levelFits(wide.level, asked.level, pinned) &&
    (wide.type === asked.type || (wide.type === '*' && !named.has(asked.type))) &&
    [...asked.operations].every((each) => wide.operations.has(each)) &&
    wide.query.every((pair) => asked.query.some((other) => within(other, pair)))
  );
}

/** What `apiv2` is among SMART scopes. */
const everything = {
  kind: 'smart',
  text: '',
  level: 'system',
  type: '*',
  operations: new Set<Operation>(['c', 'r', 'u', 'd', 's']),
  query: [],
} as const satisfies Spelling;

export const levelFits = (has: string, asked: string, pinned: boolean): boolean =>
  has === asked || (pinned && has === 'system' && asked === 'patient');

const within = ([param, values]: QueryPair, [other, wider]: QueryPair): boolean =>
  param === other && values.every((each) => wider.includes(each));

/** The scopes that a ceiling allows, of those that a token has. */
export const allowed = (asked: readonly Spelling[], ceiling: readonly Spelling[], covering: Covering): Spelling[] =>
  asked.filter((each) => ceiling.some((has) => covers(has, each, covering)));
