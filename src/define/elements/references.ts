import type { Reference } from '@medplum/fhirtypes';
import { column, textAt, type Element } from './element.js';

export interface ReferenceElement<T, C extends string> extends Element<T, C> {
  readonly reference: { readonly literal: C };
}

/** A Reference: its literal reference (`Patient/1`) in `<name>`, its display in `<name>_display`. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the types that it may name are the validator's to check
export function reference<C extends string>(name: C): ReferenceElement<Reference<any>, C | `${C}_display`> {
  const display = `${name}_display` as const;
  return {
    columns: [column(name), column(display)],
    reference: { literal: name },
    reader: (at) => {
      const literal = textAt(at, name);
      const shown = textAt(at, display);
      return (row, context) => {
        const reference = literal(row, context);
        const text = shown(row, context);
        if (text === undefined) return reference === undefined ? undefined : { reference };
        return reference === undefined ? { display: text } : { reference, display: text };
      };
    },
    write: (value, into, { base }) => {
      into[name] = value.reference === undefined ? null : relative(value.reference, base);
      into[display] = value.display ?? null;
    },
  };
}

/** A reference to this server is stored as `Type/id`, without base and without version: that is what it is found by. */
export function relative(reference: string, base: string): string {
  const local =
    reference.startsWith(base) && reference[base.length] === '/' ? reference.slice(base.length + 1) : reference;
  const version = local.indexOf('/_history/');
  return version > 0 && /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}\/_history\//.test(local)
    ? local.slice(0, version)
    : local;
}
