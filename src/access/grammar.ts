import { nativeScopes, type NativeScope } from '../../fhir/native-scopes.js';
import { resourceNames } from '../validate/definitions.js';

/**
 * The spellings of scopes, and what each says; nothing here knows what is served. The first letter after the slash
 * tells the families apart: `system/Patient.read` is SMART, `system/patients.read` is the native system's.
 * (https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html)
 */
export type Operation = 'c' | 'r' | 'u' | 'd' | 's';
export type Level = 'patient' | 'user' | 'system';

/** A parameter and its alternatives; every pair must hold of a row. */
export type QueryPair = readonly [param: string, values: readonly string[]];

export type Spelling =
  /** `apiv2`: everything of the organization. */
  | { readonly kind: 'all'; readonly text: string }
  /** It opens no data by itself: `launch/patient`, `openid`, `act_as_user`. */
  | { readonly kind: 'context'; readonly text: string }
  | {
      readonly kind: 'native';
      readonly text: string;
      readonly name: string;
      readonly permission: 'read' | 'write';
      readonly governs: readonly string[];
    }
  | {
      readonly kind: 'smart';
      readonly text: string;
      readonly level: Level;
      /** A resource type, or `*`. */
      readonly type: string;
      readonly operations: ReadonlySet<Operation>;
      readonly query: readonly QueryPair[];
    }
  /** What a native scope and a SMART one both open: the rows of a native resource, as far as both go. No text says it. */
  | {
      readonly kind: 'part';
      readonly text: string;
      readonly level: Level;
      readonly type: string;
      readonly operations: ReadonlySet<Operation>;
      readonly query: readonly QueryPair[];
      readonly native: string;
    };

type Smart = Extract<Spelling, { kind: 'smart' }>;

export const ALL = 'apiv2';
/** Elation's: the token may name the user on whose behalf it acts. */
export const ACT_AS_USER = 'act_as_user';

/** What opens no data, but says who is there, whose record it is, and for how long. */
export const contextScopes: readonly string[] = [
  ACT_AS_USER,
  'launch',
  'launch/patient',
  'launch/encounter',
  'openid',
  'fhirUser',
  'profile',
  'offline_access',
  'online_access',
];
const contexts: ReadonlySet<string> = new Set(contextScopes);

/** More or longer scopes than these in one request are refused. */
const MAX_SCOPES = 64;
const MAX_LENGTH = 4096;
const MAX_PAIRS = 8;

// Linear: no quantifier stands within another.
const smart =
  /^(patient|user|system)\/(\*|[A-Z][A-Za-z]{1,63})\.(read|write|\*|[cruds]{1,5})(?:\?([\x21\x23-\x5b\x5d-\x7e]{1,2048}))?$/;
const native = /^system\/([a-z][a-z0-9_-]{0,63})\.(read|write)$/;

const v1: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': 'cruds' };

const natives: ReadonlyMap<string, NativeScope> = new Map(
  Object.values(nativeScopes).flatMap((group) => Object.entries(group)),
);

/** One scope; undefined when it is none. */
export function parseScope(text: string): Spelling | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  if (text === ALL) return { kind: 'all', text };
  if (contexts.has(text)) return { kind: 'context', text };
  return parseNative(text) ?? parseSmart(text);
}

function parseNative(text: string): Spelling | undefined {
  const [, name, permission] = (native.exec(text) ?? []) as [string?, string?, ('read' | 'write')?];
  const known = name === undefined ? undefined : natives.get(name);
  if (!known || name === undefined || permission === undefined || !known.permissions.includes(permission))
    return undefined;
  const governs = [...new Set(known.governs.map((each) => each.split('?')[0] as string))];
  return { kind: 'native', text, name, permission, governs };
}

function parseSmart(text: string): Spelling | undefined {
  const match = smart.exec(text);
  if (!match) return undefined;
  const [, level, type, permission, question] = match as unknown as [string, Level, string, string, string | undefined];
  const letters = v1[permission] ?? permission;
  // The letters keep their order, each once at most.
  if (!/^c?r?u?d?s?$/.test(letters)) return undefined;
  if (type !== '*' && !resourceNames().has(type)) return undefined;
  if (question !== undefined && (type === '*' || permission in v1)) return undefined;
  const query = question === undefined ? [] : parseQuery(question);
  if (!query) return undefined;
  return { kind: 'smart', text, level, type, operations: new Set(letters as Iterable<Operation>), query };
}

/** `category=a|b,c&status=final`: pairs without modifiers, chains and control parameters. */
function parseQuery(question: string): QueryPair[] | undefined {
  const texts = question.split('&');
  if (texts.length > MAX_PAIRS) return undefined;
  const pairs: QueryPair[] = [];
  for (const each of texts) {
    const [, param, written] = (/^([a-z][a-z0-9-]{0,63})=([^=]{1,256})$/.exec(each) ?? []) as [
      string?,
      string?,
      string?,
    ];
    const value = written === undefined ? undefined : decodeOnce(written);
    if (param === undefined || value === undefined) return undefined;
    const values = [...new Set(value.split(','))];
    if (values.includes('') || value.includes('\\')) return undefined;
    pairs.push([param, values]);
  }
  return pairs;
}

function decodeOnce(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    const decoded = decodeURIComponent(text);
    // No code holds a control character, and PostgreSQL takes no NUL.
    return /\p{Cc}/u.test(decoded) ? undefined : decoded;
  } catch {
    return undefined;
  }
}

/**
 * The scopes of a request, each once and in order. Undefined when one of them is none, when there are too many, or when
 * `apiv2`, which is everything, stands beside one that names something.
 */
export function parseScopes(text: string): Spelling[] | undefined {
  const scopes = parseCeiling(text);
  const isAll = scopes?.some((each) => each.kind === 'all');
  return isAll && !scopes?.every((each) => each.kind === 'all' || each.text === ACT_AS_USER) ? undefined : scopes;
}

/** The scopes that a credential may ask for: any together. */
export function parseCeiling(text: string): Spelling[] | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const found = new Map<string, Spelling>();
  for (const each of text.split(' ').filter((part) => part !== '')) {
    const scope = parseScope(each);
    if (!scope) return undefined;
    found.set(each, scope);
  }
  return found.size > MAX_SCOPES ? undefined : [...found.values()];
}

/** The text of a SMART scope, which `parseScope` reads. */
export function printSmart({ level, type, operations, query }: Omit<Smart, 'kind' | 'text'>): string {
  const letters = (['c', 'r', 'u', 'd', 's'] as const).filter((each) => operations.has(each)).join('');
  const pairs = query.map(([param, values]) => `${param}=${values.map(encoded).join(',')}`);
  return `${level}/${type}.${letters}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`;
}

/** A value without what would end it, or cannot stand in a scope (RFC 6749 section 3.3). */
const encoded = (value: string): string =>
  value.replace(/[^\x21\x23\x24\x27-\x2b\x2d-\x3c\x3e-\x5b\x5d-\x7e]/gu, encodeURIComponent);

/** The scopes of an answer: what a text can say of them. */
export const printScopes = (scopes: readonly Spelling[]): string =>
  scopes.flatMap(({ kind, text }) => (kind === 'part' ? [] : [text])).join(' ');

/** Every scope of the native system. */
export const nativeScopeTexts: readonly string[] = [...natives].flatMap(([name, { permissions }]) =>
  permissions.map((permission) => `system/${name}.${permission}`),
);
