import { covers, everything, levelsMeet, within, type Covering } from './covers.js';
import { printSmart, type Level, type Operation, type QueryPair, type Spelling } from './grammar.js';

/** What one scope opens of one type, or of all: the form in which scopes of different families are compared. */
interface Right {
  readonly level: Level;
  readonly type: string;
  readonly operations: ReadonlySet<Operation>;
  readonly query: readonly QueryPair[];
  readonly native?: string;
}

const reading: ReadonlySet<Operation> = new Set(['r', 's']);
const writing: ReadonlySet<Operation> = new Set(['c', 'u', 'd']);

/** What the scopes open that a limit opens too: each as it is where the limit allows all of it, else what both allow. */
export function intersect(asked: readonly Spelling[], limit: readonly Spelling[], covering: Covering): Spelling[] {
  const found = new Map<string, Spelling>();
  for (const each of asked) for (const part of partsOf(each, limit, covering)) found.set(part.text, part);
  return [...found.values()];
}

function partsOf(asked: Spelling, limit: readonly Spelling[], covering: Covering): Spelling[] {
  if (limit.some((has) => covers(has, asked, covering))) return [asked];
  const parts = new Map<string, Spelling>();
  for (const has of limit)
    for (const part of both(asked, has, covering).map((each) => inWordsOf(asked, each))) parts.set(part.text, part);
  const all = [...parts.values()];
  // What another part opens already is not said twice; of two that say the same, the first stays.
  return all.filter(
    (part, at) =>
      !all.some(
        (other, index) =>
          index !== at && covers(other, part, covering) && (index < at || !covers(part, other, covering)),
      ),
  );
}

const v1: readonly (readonly [letters: string, permission: string])[] = [
  ['.rs', '.read'],
  ['.cud', '.write'],
];

/** Who asks in the words of SMART version 1 is answered in them, where they have one. */
function inWordsOf(asked: Spelling, part: Spelling): Spelling {
  if (asked.kind !== 'smart' || part.kind !== 'smart' || !/\.(read|write|\*)$/.test(asked.text)) return part;
  const found = v1.find(([letters]) => part.text.endsWith(letters));
  return found ? { ...part, text: part.text.slice(0, -found[0].length) + found[1] } : part;
}

/** What two scopes both open. */
function both(one: Spelling, other: Spelling, covering: Covering): Spelling[] {
  if (covers(one, other, covering)) return [other];
  return rightsOf(one).flatMap((right) => rightsOf(other).flatMap((limit) => spelled(meet(right, limit, covering))));
}

export function rightsOf(scope: Spelling): Right[] {
  switch (scope.kind) {
    case 'all':
      return [everything];
    case 'context':
      return [];
    case 'native': {
      const operations = scope.permission === 'read' ? reading : writing;
      return scope.governs.map((type) => ({ level: 'system', type, operations, query: [], native: scope.name }));
    }
    case 'smart':
    case 'part':
      return [scope];
  }
}

function meet(one: Right, other: Right, { pinned, named }: Covering): Right | undefined {
  const level = levelsMeet(one.level, other.level, pinned);
  const type = one.type === '*' ? other.type : one.type;
  const fits = [one.type, other.type].every((each) => each === type || (each === '*' && !named.has(type)));
  const operations = new Set([...one.operations].filter((each) => other.operations.has(each)));
  const native = one.native ?? other.native;
  if (level === undefined || !fits || operations.size === 0 || native !== (other.native ?? native)) return undefined;
  return {
    ...{ level, type, operations, query: conjunction([...one.query, ...other.query]) },
    ...(native !== undefined && { native }),
  };
}

/** All of these pairs hold of a row: one that follows from another is not said. */
const conjunction = (pairs: readonly QueryPair[]): QueryPair[] =>
  pairs.filter(
    (pair, at) =>
      !pairs.some((other, index) => index !== at && within(other, pair) && (index < at || !within(pair, other))),
  );

function spelled(right: Right | undefined): Spelling[] {
  if (!right) return [];
  const { native, ...smart } = right;
  const text = printSmart(smart);
  // Not the text of a scope: none says this.
  return native === undefined
    ? [{ kind: 'smart', ...smart, text }]
    : [{ kind: 'part', ...smart, native, text: `${text} of ${native}` }];
}
