/**
 * The columns of a row interface, by the FHIR type they hold. They keep the database's names, so that the crossing
 * from row to resource is visible where it happens.
 *
 * @example interface ObservationRow extends ClinicalRow, Concept<'code'>, Quantity<'value'>, DateTime<'effective'> {}
 */
type Text<C extends string> = { [K in C]: string | null };
type Number<C extends string> = { [K in C]: number | null };
/** Milliseconds since 1970 UTC; ABSENT (see dates.ts) where there is none. */
type Time<C extends string> = { [K in C]: number };

/** What the engine needs on every row of the embedded schema. */
export interface ClinicalRow {
  organization_id: string;
  id: string;
  version: number;
  /** Milliseconds since 1970 UTC. */
  updated_at: number;
  /** The one patient that the row's compartment references name, if it is one. */
  patient_id: string | null;
  /** Which resource of the native system it is, in Elation's names; `none` for what only FHIR knows. */
  native_resource: string;
  profile: string | null;
  narrative: string | null;
  extra: string | null;
  parts: string | null;
}

export type Folded<C extends string> = Text<C | `${C}_fold`>;
export type Coding<P extends string> = Text<`${P}_system` | `${P}_code` | `${P}_display`>;
export type Concept<P extends string> = Coding<P> & Text<`${P}_text`>;
export type Reference<C extends string> = Text<C | `${C}_display`>;
export type DateTime<P extends string> = Text<P> & Time<`${P}_start` | `${P}_end`>;
/** A moment, or a period, in columns that are NULL where there is none. */
export type SparseTime<P extends string> = Text<P | `${P}_from` | `${P}_to`> & Number<`${P}_start` | `${P}_end`>;
export type Period<P extends string> = Text<`${P}_from` | `${P}_to`> & Time<`${P}_start` | `${P}_end`>;
export type Span<P extends string> = Text<`${P}_from` | `${P}_to`>;
export type Quantity<P extends string> = Number<`${P}_value`> &
  Text<`${P}_comparator` | `${P}_unit` | `${P}_unit_system` | `${P}_unit_code`>;
/** The same amount in base units. */
export type Canonical<P extends string> = Number<`${P}_canonical`> & Text<`${P}_canonical_unit`>;
export type Range<P extends string> = Quantity<`${P}_low`> & Quantity<`${P}_high`>;
export type Ratio<P extends string> = Quantity<`${P}_numerator`> & Quantity<`${P}_denominator`>;

export type IdentifierRow = Text<'use' | 'system' | 'value'> & Concept<'type'> & Span<'period'>;
export type ContactPointRow = Text<'system' | 'value' | 'use'> & Number<'rank'> & Span<'period'>;
export type HumanNameRow = Text<'use'> &
  Folded<'text' | 'family' | 'given' | 'middle' | 'prefix' | 'suffix'> &
  Span<'period'>;
export type AddressRow = Text<'use' | 'type'> &
  Folded<'text' | 'line1' | 'line2' | 'city' | 'district' | 'state' | 'postal_code' | 'country'> &
  Span<'period'>;
