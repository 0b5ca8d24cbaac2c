import type { ReferenceElement } from './elements/references.js';
import type { DateColumns, DateElement } from './elements/times.js';
import type { QuantityColumns, QuantityElement } from './elements/quantities.js';
import type { TokenColumns } from './elements/scalars.js';

/**
 * Search parameters as data. Each names the columns that answer it; the kind of a parameter owns its prefixes and
 * modifiers (search/kinds) and lists them here, so that errors and the CapabilityStatement can name them.
 */
export type SearchParam<C extends string = string> =
  | TokenParam<C>
  | StringParam<C>
  | DateParam<C>
  | ReferenceParam<C>
  | QuantityParam<C>
  | UriParam<C>
  | WithinParam<C>
  | EitherParam<C>
  | CompositeParam<C>
  | KeptParam;

/** A parameter that stands for itself, not for others. */
export type LeafParam<C extends string = string> =
  TokenParam<C> | StringParam<C> | DateParam<C> | ReferenceParam<C> | QuantityParam<C> | UriParam<C>;

interface Options {
  /** For a parameter that R4 itself does not define: its canonical URL and FHIRPath expression. */
  readonly definition?: { readonly url: string; readonly expression: string };
}

export interface TokenParam<C extends string = string> extends Options {
  readonly kind: 'token';
  readonly columns: TokenColumns<C>;
  /** The system of an element of type code, whose column holds none. */
  readonly impliedSystem?: string;
  readonly boolean?: boolean;
  /** Only the rows in which the column holds this value count. */
  readonly only?: { readonly column: C; readonly value: string };
  /** Codes of the engine's own among those of clients: the system that they have, and what stands for none of them. */
  readonly own?: { readonly system: string; readonly none: 'none' };
}

export interface StringParam<C extends string = string> extends Options {
  readonly kind: 'string';
  /** Any of them may match. A column without a folded twin is folded by the database, which no index serves. */
  readonly columns: readonly { readonly exact: C; readonly folded?: C }[];
}

/** How a column stores a moment: `ms` since 1970 UTC, a calendar `date`, or an ISO 8601 `instant` in UTC (text or timestamptz). */
export type StoredTime = 'ms' | 'date' | 'instant';

export interface DateParam<C extends string = string> extends Options {
  readonly kind: 'date';
  readonly columns: { readonly start: C; readonly end?: C };
  readonly stored: StoredTime;
}

export interface ReferenceParam<C extends string = string> extends Options {
  readonly kind: 'reference';
  /** `Type/id` in one column, the id alone, or a pair of columns: the type and the id. */
  readonly columns: { readonly literal: C } | { readonly id: C } | { readonly pair: readonly [type: C, id: C] };
  /** The types that it may refer to; without it, those of the published definition. */
  readonly to?: readonly string[];
  /** Its targets are not served here: they need no declaration. */
  readonly external?: boolean;
}

export interface QuantityParam<C extends string = string> extends Options {
  readonly kind: 'quantity';
  readonly columns: QuantityColumns<C>;
}

export interface UriParam<C extends string = string> extends Options {
  readonly kind: 'uri';
  readonly columns: { readonly uri: C };
}

export interface WithinParam<C extends string = string> extends Options {
  readonly kind: 'within';
  readonly child: string;
  readonly param: LeafParam | CompositeParam;
  readonly uses?: C;
}

export interface EitherParam<C extends string = string> extends Options {
  readonly kind: 'either';
  readonly params: readonly (LeafParam<C> | CompositeParam<C> | WithinParam<C>)[];
}

export interface CompositeParam<C extends string = string> extends Options {
  readonly kind: 'composite';
  readonly parts: readonly [LeafParam<C>, LeafParam<C>];
}

/** The element has no column: its values live in the overflow index alone. */
export interface KeptParam extends Options {
  readonly kind: 'kept';
  readonly as: 'token' | 'string' | 'reference' | 'uri' | 'quantity';
}

/**
 * @example code: token(el.concept('code'))
 * @example gender: token(el.code('gender'), { system: 'http://hl7.org/fhir/administrative-gender' })
 * @example phone: within('telecoms', token(el.contactPoint(), { only: { column: 'system', value: 'phone' } }))
 */
export function token<C extends string>(
  of: { readonly token: TokenColumns<C>; readonly boolean?: true } | TokenColumns<C>,
  options: Options & { readonly system?: string; readonly only?: { readonly column: C; readonly value: string } } = {},
): TokenParam<C> {
  const { system, ...rest } = options;
  const columns = 'token' in of ? of.token : of;
  const boolean = 'boolean' in of && of.boolean;
  return {
    kind: 'token',
    columns,
    ...(system !== undefined && { impliedSystem: system }),
    ...(boolean && { boolean }),
    ...rest,
  };
}

interface TextColumns<C extends string> {
  readonly exact: C;
  readonly folded?: C;
}

/**
 * @example family: within('names', text(el.folded('family')))
 * @example name: within('names', text(el.humanName()))
 */
export function text<C extends string>(
  ...of: readonly ({ readonly text: TextColumns<C> } | { readonly texts: readonly TextColumns<C>[] } | TextColumns<C>)[]
): StringParam<C> {
  return {
    kind: 'string',
    columns: of.flatMap((each) => ('texts' in each ? each.texts : 'text' in each ? [each.text] : [each])),
  };
}

/**
 * @example date: date(el.dateTime('effective'))
 * @example birthdate: date({ start: 'dob', stored: 'date' })
 */
export function date<C extends string>(
  of: Pick<DateElement<unknown, C>, 'date'> | { readonly start: C; readonly end?: C; readonly stored: StoredTime },
  options: Options = {},
): DateParam<C> {
  if ('date' in of) return { kind: 'date', columns: of.date satisfies DateColumns<C>, stored: 'ms', ...options };
  const { stored, ...columns } = of;
  return { kind: 'date', columns, stored, ...options };
}

/**
 * @example patient: reference(el.reference('subject'), { to: ['Patient'] })
 * @example patient: reference({ id: 'pt_no' }, { to: ['Patient'] })
 * @example target: reference({ pair: ['type', 'id'] })
 */
export function reference<C extends string>(
  of: Pick<ReferenceElement<unknown, C>, 'reference'> | ReferenceParam<C>['columns'],
  options: Options & { readonly to?: readonly string[]; readonly external?: boolean } = {},
): ReferenceParam<C> {
  return { kind: 'reference', columns: 'reference' in of ? of.reference : of, ...options };
}

/** @example 'value-quantity': quantity(el.quantity('value')) */
export function quantity<C extends string>(of: Pick<QuantityElement<C>, 'quantity'>): QuantityParam<C> {
  return { kind: 'quantity', columns: of.quantity };
}

/** @example location: within('contents', uri(el.uri('url'))) */
export function uri<C extends string>(of: { readonly uri: C }): UriParam<C> {
  return { kind: 'uri', columns: { uri: of.uri } };
}

/** A parameter answered by the rows of a child table. What stands inside one `within` must match in the same child row. */
export function within<const N extends string, C extends string>(
  child: N,
  param: LeafParam<C> | CompositeParam<C>,
  options: Options = {},
): WithinParam<`${N}.${C}`> {
  return { kind: 'within', child, param, ...options };
}

/** A parameter that several columns answer: `combo-code` is the code of the observation or of a component. */
export function either<C extends string>(
  ...params: readonly (LeafParam<C> | CompositeParam<C> | WithinParam<C>)[]
): EitherParam<C> {
  return { kind: 'either', params };
}

/**
 * Two parameters that must match in the same place, written `code$value`.
 * Two independent parameters may match different components; a composite may not.
 */
export function composite<C extends string>(first: LeafParam<C>, second: LeafParam<C>): CompositeParam<C> {
  return { kind: 'composite', parts: [first, second] };
}

/** A parameter whose element has no column: the engine keeps the element whole, and finds it by the overflow index. */
export function kept(as: KeptParam['as'], options: Options = {}): KeptParam {
  return { kind: 'kept', as, ...options };
}

/** The parameter that decides how the value is written: the first leaf. */
export function leafOf(param: SearchParam): LeafParam | CompositeParam | KeptParam {
  if (param.kind === 'within') return param.param;
  if (param.kind === 'either') return leafOf(param.params[0] as SearchParam);
  return param;
}

const kindModifiers = {
  token: ['not', 'text'],
  string: ['exact', 'contains'],
  date: [],
  reference: ['identifier'],
  quantity: [],
  uri: ['below', 'above'],
  composite: [],
} as const;

/** The modifiers that a parameter takes; a reference also takes the name of a target type. */
export function modifiersOf(param: SearchParam): readonly string[] {
  const leaf = leafOf(param);
  const kind = leaf.kind === 'kept' ? leaf.as : leaf.kind;
  if (kind === 'composite') return ['missing'];
  const ofType = leaf.kind === 'token' && leaf.columns.type !== undefined ? ['of-type'] : [];
  const text = leaf.kind === 'token' && leaf.columns.text === undefined ? ['text'] : [];
  return ['missing', ...kindModifiers[kind].filter((each) => !text.includes(each)), ...ofType];
}

/** The prefixes of the kinds that order their values (https://hl7.org/fhir/R4/search.html#prefix). */
export const prefixes = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const;
export type Prefix = (typeof prefixes)[number];
