/** SMART scopes on whole resource types: https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html */
export type Operation = 'c' | 'r' | 'u' | 'd' | 's';

/** What one scope opens. */
export interface Grant {
  readonly level: 'patient' | 'user' | 'system';
  /** A resource type, or `*`. */
  readonly type: string;
  readonly operations: ReadonlySet<Operation>;
}

const scope = /^(patient|user|system)\/(\*|[A-Z][A-Za-z]{1,63})\.(?:(read|write|\*)|(?=[cruds])(c?r?u?d?s?))$/;
const v1: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': 'cruds' };

/** More than these in one request are refused. */
const MAX_SCOPES = 64;
const MAX_LENGTH = 4096;

/** Reads one scope of SMART v1 (`.read`) or v2 (`.rs`); undefined when it is none. */
export function parseScope(text: string): Grant | undefined {
  const match = text.length <= 256 ? scope.exec(text) : null;
  if (!match) return undefined;
  const [, level, type, permission, operations] = match;
  return {
    level: level as Grant['level'],
    type: type as string,
    operations: new Set((permission === undefined ? operations : v1[permission]) as Iterable<Operation>),
  };
}

/** The scopes of a request, each once, in order; undefined when one of them is none, or when there are too many. */
export function parseScopes(text: string): Map<string, Grant> | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const grants = new Map<string, Grant>();
  for (const each of text.split(' ').filter((part) => part !== '')) {
    const grant = parseScope(each);
    if (!grant) return undefined;
    grants.set(each, grant);
  }
  return grants.size <= MAX_SCOPES ? grants : undefined;
}

/** Whether a scope of the ceiling opens all that another one would; a pinned credential may also ask at patient level. */
export function covers(ceiling: Grant, asked: Grant, pinned: boolean): boolean {
  const level = ceiling.level === asked.level || (pinned && ceiling.level === 'system' && asked.level === 'patient');
  const type = ceiling.type === '*' || ceiling.type === asked.type;
  return level && type && [...asked.operations].every((each) => ceiling.operations.has(each));
}
