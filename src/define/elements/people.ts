import type { Address, ContactPoint, HumanName, Identifier } from '@medplum/fhirtypes';
import { fold } from '../fold.js';
import { column, searchColumn, textAt, type DraftRow, type Element } from './element.js';
import { concept } from './coded.js';
import { code, folded, number, string, uri, type TokenColumns } from './scalars.js';
import { group } from './structure.js';
import { span } from './times.js';

/** Identifier, one row each. */
export const identifier = () => {
  const type = concept('type');
  return Object.assign(
    group<Identifier>()({
      use: code('use'),
      type,
      system: uri('system'),
      value: string('value'),
      period: span('period'),
    }),
    {
      token: {
        code: 'value',
        system: 'system',
        text: ['type_text', 'type_display'],
        type: { system: 'type_system', code: 'type_code' },
      } satisfies TokenColumns<string> as TokenColumns<'value' | 'system' | 'type_text' | 'type_system' | 'type_code'>,
    },
  );
};

/** ContactPoint, one row each. */
export const contactPoint = () =>
  Object.assign(
    group<ContactPoint>()({
      system: code('system'),
      value: string('value'),
      use: code('use'),
      rank: number('rank'),
      period: span('period'),
    }),
    { token: { code: 'value', system: 'use' } satisfies TokenColumns<string> as TokenColumns<'value' | 'use'> },
  );

/** A short list of strings in two columns: the first and the second. Further ones are the engine's to keep. */
function two<A extends string, B extends string>(one: A, other: B): Element<string[], A | B | `${A | B}_fold`> {
  const all = [one, other];
  return {
    columns: all.flatMap((name) => [column(name), searchColumn(`${name}_fold`)]),
    reader: (at) => {
      const oneAt = textAt(at, one);
      const otherAt = textAt(at, other);
      return (row, context) => {
        const first = oneAt(row, context);
        const second = otherAt(row, context);
        if (second === undefined) return first === undefined ? undefined : [first];
        return first === undefined ? [second] : [first, second];
      };
    },
    write: (value: string[], into: DraftRow) => {
      all.forEach((name, index) => {
        const text = value[index] as string | null | undefined;
        into[name] = text ?? null;
        into[`${name}_fold`] = text === undefined || text === null ? null : fold(text);
      });
    },
  };
}

/** A list of strings of which the first has a column. */
function one<A extends string>(name: A): Element<string[], A | `${A}_fold`> {
  const element = folded(name);
  return {
    columns: element.columns,
    reader: (at) => {
      const read = element.reader(at);
      return (row, context) => {
        const text = read(row, context);
        return text === undefined ? undefined : [text];
      };
    },
    write: (value, into, context) => {
      const text = value[0] as string | null | undefined;
      if (text !== undefined && text !== null) element.write(text, into, context);
    },
  };
}

const texts = <C extends string>(...names: C[]) => names.map((exact) => ({ exact, folded: `${exact}_fold` as const }));

/** HumanName, one row each: first and middle given name, a prefix and a suffix. A search on it searches all parts. */
export const humanName = () =>
  Object.assign(
    group<HumanName>()({
      use: code('use'),
      text: folded('text'),
      family: folded('family'),
      given: two('given', 'middle'),
      prefix: one('prefix'),
      suffix: one('suffix'),
      period: span('period'),
    }),
    { texts: texts('family', 'given', 'middle', 'prefix', 'suffix', 'text') },
  );

/** Address, one row each, with two lines. A search on it searches all parts. */
export const address = () =>
  Object.assign(
    group<Address>()({
      use: code('use'),
      type: code('type'),
      text: folded('text'),
      line: two('line1', 'line2'),
      city: folded('city'),
      district: folded('district'),
      state: folded('state'),
      postalCode: folded('postal_code'),
      country: folded('country'),
      period: span('period'),
    }),
    { texts: texts('text', 'line1', 'line2', 'city', 'district', 'state', 'postal_code', 'country') },
  );
